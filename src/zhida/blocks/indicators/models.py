"""Observations that the cockpit shows: computed once after a run, read many times (SDMX: dimensions, measure, observation)."""

from __future__ import annotations

from django.db import models


class Observation(models.Model):
    """One figure of one month: a measure, for a benefit, in an area, for an age band and sex.

    ``area`` is a code of any level, coded as a number; ``parent`` the area above it. An empty ``benefit`` is all benefits together.
    age_band and sex are -1 where the figure is for all of them.
    """

    class Measure(models.TextChoices):
        POPULATION = "population"
        ENTITLED = "entitled"
        UNKNOWN = "unknown"
        PAID = "paid"
        ROSTER = "roster"
        ROSTER_ENTITLED = "roster_entitled"

    month = models.CharField(max_length=7)
    measure = models.CharField(max_length=16, choices=Measure.choices)
    benefit = models.CharField(max_length=64, blank=True)
    level = models.CharField(max_length=10)
    area = models.BigIntegerField()
    parent = models.BigIntegerField()
    age_band = models.SmallIntegerField(default=-1)
    sex = models.SmallIntegerField(default=-1)
    count = models.BigIntegerField()
    amount_fen = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["month", "measure", "parent", "benefit"], name="observation_by_parent"),
            models.Index(fields=["month", "measure", "area", "benefit"], name="observation_by_area"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["month", "measure", "benefit", "level", "area", "age_band", "sex"], name="observation_once")
        ]


class CaseworkMonth(models.Model):
    """A month whose joint cases were counted, also where there were none. One that was counted before its end is not whole."""

    month = models.CharField(max_length=7, unique=True)
    counted_on = models.DateField()


class CaseworkObservation(models.Model):
    """One figure of a month's joint cases: a measure, for a life event, a department and an area. Empty event, department = all.

    value: a count, a sum of stars, or working days (days_median, days_p90). base: how many cases, items or people it is about.
    is_withheld: so few that somebody could be recognised, here or by subtracting what is shown.
    """

    class Measure(models.TextChoices):
        OPENED = "opened"
        DONE = "done"
        DAYS_MEDIAN = "days_median"
        DAYS_P90 = "days_p90"
        DONE_IN_TIME = "done_in_time"
        UNDONE = "undone"
        NOT_WANTED = "not_wanted"
        ITEMS = "items"
        ITEMS_IN_TIME = "items_in_time"
        RETURNED = "returned"
        RATINGS = "ratings"
        STARS = "stars"
        SATISFIED = "satisfied"
        BAD = "bad"
        REASONS = "reasons"
        BAD_DUE = "bad_due"
        BAD_IN_TIME = "bad_in_time"
        APPEALS = "appeals"
        APPEALS_ANSWERED = "appeals_answered"
        APPEALS_CHANGED = "appeals_changed"

    month = models.CharField(max_length=7)
    measure = models.CharField(max_length=20, choices=Measure.choices)
    reason = models.CharField(max_length=20, blank=True)
    event = models.CharField(max_length=60, blank=True)
    department = models.CharField(max_length=40, blank=True)
    level = models.CharField(max_length=10)
    area = models.BigIntegerField()
    parent = models.BigIntegerField()
    value = models.BigIntegerField()
    base = models.BigIntegerField()
    is_withheld = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["area", "month"], name="casework_by_area"),
            models.Index(fields=["parent", "month"], name="casework_by_parent"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["month", "measure", "reason", "event", "department", "level", "area"], name="casework_once")
        ]


class QualityFigure(models.Model):
    """How one benefit's decisions compare with the truth: who was found, missed, or paid wrongly. Empty benefit = all."""

    month = models.CharField(max_length=7)
    benefit = models.CharField(max_length=64, blank=True)
    true_count = models.BigIntegerField()
    found_count = models.BigIntegerField()
    matched_count = models.BigIntegerField()
    exact_count = models.BigIntegerField()
    missed_fen = models.BigIntegerField()
    wrong_fen = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "benefit"], name="quality_once")]


class DefectCost(models.Model):
    """What one kind of defect in the data cost residents: entitled by the true facts, missed by the delivered ones."""

    month = models.CharField(max_length=7)
    benefit = models.CharField(max_length=64)
    defect = models.CharField(max_length=40)
    missed_count = models.BigIntegerField()
    missed_fen = models.BigIntegerField()
    unknown_count = models.BigIntegerField()
    wrong_count = models.BigIntegerField()
    wrong_fen = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "benefit", "defect"], name="defect_once")]
