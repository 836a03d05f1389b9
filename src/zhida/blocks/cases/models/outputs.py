"""What a case brings about: decisions, payments, records, messages to outside systems. Each happens once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from zhida.blocks.cases.models.cases import Case, CaseItem
from zhida.blocks.cases.rules import EffectState, HandOver, choices


class CaseEffect(models.Model):
    """One effect of one item. key: case, item, turn and position; whoever carries it out a second time finds it done."""

    item = models.ForeignKey(CaseItem, on_delete=models.PROTECT, related_name="effects")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=choices(EffectState))
    result = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    # The last failure, a sentence without personal data.
    problem_zh = models.CharField(max_length=300, blank=True)
    problem_en = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["item_id", "position"]
        constraints = [models.UniqueConstraint(name="effect_once", fields=["item", "position"])]
        indexes = [models.Index(fields=["state", "next_attempt_at"])]


class CaseDecision(models.Model):
    """What the rules said about one benefit when an item asked them: recomputable from snapshot, law and the case's own facts."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    effect = models.ForeignKey(CaseEffect, on_delete=models.PROTECT, related_name="decisions")
    benefit = models.CharField(max_length=60)
    entity_no = models.BigIntegerField()
    payee_no = models.BigIntegerField(default=0)
    status = models.CharField(max_length=14)
    amount = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=16)
    period_key = models.CharField(max_length=40)
    missing = models.JSONField(default=list)
    month = models.CharField(max_length=7)
    snapshot_hash = models.CharField(max_length=64)
    law_as_of = models.DateField()
    # What the case itself knew and laid over the registers' facts: fact -> value.
    facts = models.JSONField(default=dict)
    decided_at = models.DateTimeField()
    # An appeal that changed it names the decision that took its place.
    replaced_by = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaces")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="decided_once", fields=["effect", "benefit", "entity_no", "decided_at"])]


class CasePayable(models.Model):
    """Money a case found due; a payment officer takes all that wait into one batch of ``payments``."""

    effect = models.ForeignKey(CaseEffect, on_delete=models.PROTECT, related_name="payables")
    decision = models.OneToOneField(CaseDecision, null=True, on_delete=models.PROTECT, related_name="payable")
    benefit = models.CharField(max_length=60)
    period_key = models.CharField(max_length=40)
    entity_no = models.BigIntegerField()
    payee_no = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    district = models.IntegerField()
    community = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=choices(HandOver))
    batch_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["state"])]
        constraints = [
            models.UniqueConstraint(
                name="due_once", fields=["benefit", "period_key", "entity_no"], condition=Q(state__in=["waiting", "handed"])
            ),
            models.CheckConstraint(name="due_is_positive", condition=Q(amount_fen__gt=0)),
        ]


class CaseRecord(models.Model):
    """A row of a register that a case made; put in force by ``records``, many at a time."""

    effect = models.ForeignKey(CaseEffect, on_delete=models.PROTECT, related_name="records")
    record_type = models.CharField(max_length=40)
    area = models.IntegerField()
    values = models.JSONField()
    state = models.CharField(max_length=12, choices=choices(HandOver))
    delivery_id = models.BigIntegerField(null=True)
    # Why its register does not take it in, or cannot give it back; a sentence without personal data.
    problem_zh = models.CharField(max_length=300, blank=True)
    problem_en = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["state", "record_type"])]


class SystemMessage(models.Model):
    """What the built-in systems of departments have taken in: the key makes a message that is sent twice one message."""

    system = models.CharField(max_length=40)
    key = models.CharField(max_length=120, unique=True)
    body = models.JSONField()
    reference = models.CharField(max_length=40)
    received_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
