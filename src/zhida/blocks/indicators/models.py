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
