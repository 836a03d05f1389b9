"""Runs, their figures and differences, and appeals. The decisions themselves are Parquet files: see commands.run_period."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Run(models.Model):
    """One evaluation of the whole city for one month: which facts, which law, how far, what came out."""

    class State(models.TextChoices):
        RUNNING = "running"
        FINISHED = "finished"

    month = models.CharField(max_length=7)
    snapshot_hash = models.CharField(max_length=64)
    law_name = models.CharField(max_length=64)
    law_as_of = models.DateField()
    # Up to when the facts were known: the snapshot's day.
    known_on = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    chunks_done = models.IntegerField(default=0)
    chunks_total = models.IntegerField(default=0)
    entitled = models.BigIntegerField(default=0)
    not_entitled = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    entitled_fen = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # The same facts under the same law for the same month are one run: started twice, it is continued.
            models.UniqueConstraint(fields=["month", "snapshot_hash", "law_name"], name="run_once"),
            models.CheckConstraint(condition=Q(chunks_done__lte=F("chunks_total")), name="run_chunks_within_total"),
        ]


class RunBenefit(models.Model):
    """What a run decided about one benefit. ``amount`` is fen where unit is fen, else that unit."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="benefits")
    benefit = models.CharField(max_length=64)
    unit = models.CharField(max_length=16)
    entitled = models.BigIntegerField()
    not_entitled = models.BigIntegerField()
    unknown = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "benefit"], name="run_benefit_once")]


class RunDifference(models.Model):
    """How one run differs from another: so many decisions of one benefit, in one direction, for one reason."""

    class Kind(models.TextChoices):
        NEW = "new"
        ENDED = "ended"
        MORE = "more"
        LESS = "less"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="differences")
    base_run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    benefit = models.CharField(max_length=64)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    reason = models.CharField(max_length=200)
    count = models.BigIntegerField()
    amount_fen = models.BigIntegerField()


class KeptSimulation(models.Model):
    """A reform that was simulated, and what came out, as JSON (simulation.results.Simulation)."""

    month = models.CharField(max_length=7)
    snapshot_hash = models.CharField(max_length=64)
    law_base = models.CharField(max_length=64)
    law_reform = models.CharField(max_length=64)
    reform_file = models.CharField(max_length=200)
    # The reform as it was given: with a budget to spend, before the value was found.
    reform_text = models.TextField()
    result = models.JSONField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # The same reform of the same law on the same facts has one result.
            models.UniqueConstraint(fields=["month", "snapshot_hash", "law_base", "law_reform"], name="simulation_once"),
        ]


class AskedSimulation(models.Model):
    """A reform that somebody asked to be simulated on a page: how far it is. A finished one leads to its KeptSimulation."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"
        STOPPED = "stopped"
        # Whoever worked on it is gone.
        LEFT = "left"

    reform_file = models.CharField(max_length=200)
    reform_text = models.TextField()
    # Empty: the month that ``policies.simulate`` chooses by itself.
    month = models.CharField(max_length=7, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    # What was just done, as the simulation says it; why it failed.
    note = models.CharField(max_length=200, blank=True)
    problem_zh = models.TextField(blank=True)
    problem_en = models.TextField(blank=True)
    simulation = models.ForeignKey(KeptSimulation, null=True, on_delete=models.CASCADE, related_name="+")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]


class Appeal(models.Model):
    """A resident says: this is wrong. An officer of the resident's street answers."""

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"

    resident_no = models.BigIntegerField(db_index=True)
    community = models.BigIntegerField()
    benefit = models.CharField(max_length=64)
    entity_no = models.BigIntegerField()
    month = models.CharField(max_length=7)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    filed_at = models.DateTimeField()
    due_on = models.DateField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]


class HouseholdSharing(models.Model):
    """A grown member agrees that the household sees their lines too; the row is gone when they withdraw."""

    resident_no = models.BigIntegerField(primary_key=True)
    agreed_at = models.DateTimeField()
