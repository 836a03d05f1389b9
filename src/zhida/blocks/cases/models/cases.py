"""A case, its items at departments' desks, and what happened to it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from zhida.blocks.cases.rules import CLOSED, CaseState, ItemState, choices
from zhida.kernel.clock import HANGZHOU


class LifeEventVersion(models.Model):
    """A life event as it was declared: running cases go on by the version they began with, whatever the folder says since."""

    event = models.CharField(max_length=60)
    content_hash = models.CharField(max_length=64)
    # File name -> text: event.yaml, process.bpmn and the decision tables.
    files = models.JSONField()
    installed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_version_of_a_content", fields=["event", "content_hash"])]


class Case(models.Model):
    """One life event of one resident: one application, many departments, one answer.

    process: where it stands, as ``process.Running.state()`` gives it; empty until somebody has agreed to it.
    evidence: key -> {value, source, on}; source is a record type, ``card``, ``fact``, ``asked`` or ``kept``.
    """

    event = models.CharField(max_length=60)
    # Content hash of the LifeEventVersion it began with.
    version = models.CharField(max_length=64)
    # One open case each: event and subject, or event and household.
    case_key = models.CharField(max_length=100)
    # What in the feeds it was found by; empty for one that somebody asked for.
    found_by = models.CharField(max_length=120, blank=True)
    subject_no = models.BigIntegerField(db_index=True)
    subject_name = models.CharField(max_length=60)
    applicant_no = models.BigIntegerField(db_index=True)
    household_no = models.BigIntegerField()
    community = models.BigIntegerField()
    happened_on = models.DateField(null=True)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=choices(CaseState))
    agreed_by = models.CharField(max_length=150, blank=True)
    agreed_at = models.DateTimeField(null=True)
    agree_until = models.DateField(null=True)
    due_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=dict)
    process = models.JSONField(default=dict)
    wake_at = models.DateTimeField(null=True, db_index=True)
    # Once refused: which item and why everything is being undone.
    undone_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["event", "state"]), models.Index(fields=["community", "state"])]
        constraints = [
            models.UniqueConstraint(name="one_open_case", fields=["case_key"], condition=~Q(state__in=CLOSED)),
            models.UniqueConstraint(name="found_once", fields=["event", "found_by"], condition=~Q(found_by="")),
            models.CheckConstraint(name="case_state_known", condition=Q(state__in=list(CaseState))),
        ]

    @property
    def number(self) -> str:
        """What people call it: the day it was opened and a number."""
        return f"{self.opened_at.astimezone(HANGZHOU):%Y%m%d}-{self.pk:06d}"


class CaseItem(models.Model):
    """One item of a case at one desk, or an automatic one. token: the process' own name for this turn of the item.

    area: 12-digit code of the desk's area: 330106002000 a street, 330106000000 a district, 330100000000 the city.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items")
    item = models.CharField(max_length=60)
    token = models.CharField(max_length=60)
    department = models.CharField(max_length=40)
    area = models.BigIntegerField()
    is_automatic = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=choices(ItemState))
    assignee = models.CharField(max_length=150, blank=True)
    ready_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    # The clock stands while the resident or another department has the word.
    clock_stopped_on = models.DateField(null=True)
    # So many working days it has stood so far: they are nobody's at the desk.
    stood_days = models.IntegerField(default=0, db_default=0)
    done_at = models.DateTimeField(null=True)
    entered = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    # Level of the captain who was told that it is late: "", district, city.
    escalated_to = models.CharField(max_length=10, blank=True)
    reminded_on = models.DateField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["department", "state", "due_on", "area"]),
            models.Index(fields=["assignee", "state"]),
            # The head of a queue, however long it is.
            models.Index(name="free_items", fields=["department", "due_on", "id"], condition=Q(assignee="", state__in=["ready", "undo"])),
        ]
        constraints = [
            models.UniqueConstraint(name="token_once", fields=["case", "token"]),
            models.CheckConstraint(name="item_state_known", condition=Q(state__in=list(ItemState))),
        ]


class ItemQuestion(models.Model):
    """What a department asked another about an item; the item's clock stands until it is answered."""

    item = models.ForeignKey(CaseItem, on_delete=models.PROTECT, related_name="questions")
    department = models.CharField(max_length=40)
    area = models.BigIntegerField()
    text = models.CharField(max_length=1000)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    due_on = models.DateField()
    answer = models.CharField(max_length=1000, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["department", "answered_at"])]


class CaseEntry(models.Model):
    """One thing that happened to a case. Append-only: the history that resident, departments and court read."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    account = models.CharField(max_length=150)
    department = models.CharField(max_length=40, blank=True)
    what = models.CharField(max_length=20)
    item = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
