"""Appeals against what a case decided, and what people thought of how it went (好差评)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from zhida.blocks.cases.models.cases import Case
from zhida.blocks.cases.models.outputs import CaseDecision
from zhida.blocks.cases.rules import AppealState, choices


class CaseAppeal(models.Model):
    """A resident holds a decision, or a refused item, for wrong.

    facts_then, facts_now: key -> {label, value, of, department, on, …}, frozen when it was filed: what the decision rested on, and what
    is known now. difference_fen: by how much the money changed, once it was answered.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="appeals")
    decision = models.ForeignKey(CaseDecision, null=True, on_delete=models.PROTECT, related_name="appeals")
    item = models.CharField(max_length=60)
    department = models.CharField(max_length=40)
    area = models.BigIntegerField()
    text = models.CharField(max_length=2000)
    filed_by = models.CharField(max_length=150)
    filed_at = models.DateTimeField()
    due_on = models.DateField()
    facts_then = models.JSONField(default=dict)
    facts_now = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=choices(AppealState))
    answer = models.CharField(max_length=2000, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True)
    difference_fen = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["department", "state"])]
        constraints = [
            models.UniqueConstraint(name="one_open_item_appeal", fields=["case", "item"], condition=Q(state="open", decision=None)),
            models.UniqueConstraint(name="one_open_decision_appeal", fields=["decision"], condition=Q(state="open")),
        ]


class Rating(models.Model):
    """One to five stars for a finished case, with reasons; one or two stars are answered in time (国办发〔2019〕51号)."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="rating")
    event = models.CharField(max_length=60)
    department = models.CharField(max_length=40)
    area = models.BigIntegerField()
    stars = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    text = models.CharField(max_length=1000, blank=True)
    rated_by = models.CharField(max_length=150)
    rated_at = models.DateTimeField()
    answer_due_on = models.DateField(null=True)
    answer = models.CharField(max_length=1000, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(name="one_to_five_stars", condition=Q(stars__gte=1, stars__lte=5))]
