"""Which resident numbers turned out to be one person. No names: the evidence says what agreed, not what it was."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q


class ResidentMerge(models.Model):
    """Two resident numbers of one person: proposed, merged, or undone. Never deleted."""

    PROPOSED, MERGED, UNDONE = "proposed", "merged", "undone"

    kept_resident_no = models.BigIntegerField(db_index=True)
    merged_resident_no = models.BigIntegerField(db_index=True)
    match_probability = models.FloatField()
    # comparison -> level that agreed, e.g. {"name": "one character differs", "household": "same"}
    evidence = models.JSONField(default=dict)
    # Community where the kept resident lives: proposals are shown to officers of that area.
    community = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10)
    # "system" where the probability decided; else the officer's account.
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    # Every decision so far, oldest first: [state, day from which it is known]. A snapshot of an earlier day does not see later ones.
    decisions = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    def state_on(self, known_on: date) -> str:
        """Return how the pair stood on a day: proposed until something was decided."""
        known = [state for state, day in self.decisions if date.fromisoformat(day) <= known_on]
        return known[-1] if known else self.PROPOSED

    class Meta:
        ordering = ["-match_probability", "id"]
        constraints = [
            models.UniqueConstraint(name="pair_proposed_once", fields=["kept_resident_no", "merged_resident_no"]),
            models.CheckConstraint(name="merge_of_two", condition=~Q(kept_resident_no=F("merged_resident_no"))),
            models.CheckConstraint(name="merge_state_known", condition=Q(state__in=["proposed", "merged", "undone"])),
            # A number is merged into one other at a time.
            models.UniqueConstraint(name="merged_into_one", fields=["merged_resident_no"], condition=Q(state="merged")),
        ]
