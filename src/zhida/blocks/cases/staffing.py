"""Desks that life events name and nobody sits at: there items wait for ever, and appeals and bad ratings for nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases.declarations.installed import life_events
from zhida.blocks.cases.rules import STREET
from zhida.blocks.places import api as places

SUPERVISE, HANDLE, ANSWER = "cases.supervise", "cases.handle", "cases.answer"


@dataclass(frozen=True)
class EmptyDesks:
    """What a department lacks in one district, or in the city as a whole. area: 6 digits.

    desks: how many it has there: one, and one in each street where its items are done in streets. without_officer: at how many nobody
    does items; without_head: at how many nobody answers appeals and bad ratings.
    """

    department: str
    area: int
    desks: int
    without_officer: int
    without_head: int


def empty_desks(viewer: Viewer, area: str = "") -> list[EmptyDesks]:
    """List where a department that an installed life event names has nobody, in the viewer's area or one inside it.

    Somebody whose area is larger sits at all desks of the department in it. Raises: PermissionMissing, NotYours.
    """
    if viewer.role != SYSTEM.role:
        access.require(viewer, SUPERVISE)
    area = area or viewer.area_code
    if not viewer.sees_area(area):
        raise access.NotYours(viewer.account, f"area {area}")
    here = Viewer(viewer.account, viewer.role, area)
    found = []
    for department, levels in sorted(_levels().items()):
        officers = access.officers_of(department)
        for code, desks in _desks(levels).items():
            within = [desk for desk in desks if here.sees_area(desk)]
            lacking = [_lacking(within, officers, permission) for permission in (HANDLE, ANSWER)]
            if any(lacking):
                found.append(EmptyDesks(department, code, len(within), *lacking))
    return found


def _levels() -> dict[str, set[str]]:
    """Return at which levels each department has desks: those of its items, and the district's of one that leads, which is told."""
    found: dict[str, set[str]] = defaultdict(set)
    for declared in life_events().values():
        found[declared.leads].add("district" if declared.leads != STREET else STREET)
        for item in declared.people_items:
            found[item.department or declared.leads].add(item.level)
    return found


def _desks(levels: set[str]) -> dict[int, list[int]]:
    """Return the codes of the desks of a department by district; those of the city under its own code."""
    found: dict[int, list[int]] = {places.CITY_CODE: [places.CITY_CODE]} if "city" in levels else {}
    for district in places.districts():
        desks = [district.code] if "district" in levels else []
        found[district.code] = desks + ([street.code for street in places.streets(district.code)] if STREET in levels else [])
    return found


def _lacking(desks: Sequence[int], officers: Sequence[Viewer], permission: str) -> int:
    holders = [each for each in officers if access.own_purpose(each, permission)]
    return sum(not any(each.sees_area(desk) for each in holders) for desk in desks)
