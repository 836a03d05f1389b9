"""Reads of merges."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from zhida.blocks.access.api import Purpose, Viewer, record_access
from zhida.blocks.parties.models import ResidentMerge


def merges(viewer: Viewer, purpose: Purpose, state: str | None = None) -> list[ResidentMerge]:
    """List pairs of resident numbers that may be one person, most likely first; an officer sees those of its area."""
    record_access(viewer, purpose, "parties.merges", f"state {state or 'all'}")
    return list(_merges(viewer, state))


def _merges(viewer: Viewer, state: str | None) -> QuerySet[ResidentMerge]:
    found = ResidentMerge.objects.all()
    if state:
        found = found.filter(state=state)
    if viewer.role != "system" and len(viewer.area_prefix) != 4:
        low, high = viewer.community_span
        found = found.filter(community__gte=low, community__lt=high)
    return found


def count_proposed_merges(viewer: Viewer) -> int:
    """Count the pairs of the viewer's area that nobody has judged."""
    return _merges(viewer, "proposed").count()


def merged_numbers(known_on: date | None = None) -> dict[int, int]:
    """Return each merged resident number with the number that counts for it, chains followed to their end.

    known_on: as it was decided up to a day; by default as it is now.
    """
    if known_on is None:
        merged = list(ResidentMerge.objects.filter(state=ResidentMerge.MERGED))
    else:
        merged = [each for each in ResidentMerge.objects.order_by("id") if each.state_on(known_on) == ResidentMerge.MERGED]
    direct = {each.merged_resident_no: each.kept_resident_no for each in merged}
    return {merged: _end(direct, merged) for merged in direct}


def _end(direct: dict[int, int], number: int) -> int:
    while number in direct:
        number = direct[number]
    return number
