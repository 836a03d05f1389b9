"""Deadlines watched: yellow reminds the desk, red tells the captain of the level, longer red the captain above (红黄灯, 机长)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.models import Case, CaseItem
from zhida.blocks.cases.moving import Moving, held_case, save
from zhida.blocks.cases.rules import AT_A_DESK, CaseState, Light, level_of, light, working_days_between
from zhida.blocks.cases.wording import department_text
from zhida.blocks.notices import api as notices
from zhida.kernel import clock

# So many working days late, the captain of the city is told too.
CITY_DAYS_LATE = 3
CAPTAIN = "captain"


@dataclass
class Supervised:
    """What a look at all deadlines did: items by light, captains told, found cases that nobody agreed to in time."""

    yellow: int = 0
    red: int = 0
    told: int = 0
    lapsed: int = 0


def supervise() -> Supervised:
    """Look at every open item once a day: tell captains of red ones once per level, let found cases lapse that nobody agreed to.

    A second run on the same day changes nothing.
    """
    done, today = Supervised(), clock.today()
    late = CaseItem.objects.filter(state__in=AT_A_DESK, due_on__lte=today + timedelta(days=7)).order_by("pk")
    for item_id, due_on in list(late.values_list("pk", "due_on")):
        colour = light(due_on, today)
        done.yellow += colour == Light.YELLOW
        done.red += colour == Light.RED
        if colour == Light.RED:
            done.told += _escalate(item_id)
    for case_id in Case.objects.filter(state=CaseState.FOUND, agree_until__lt=today).values_list("pk", flat=True):
        done.lapsed += _lapse(case_id)
    return done


@transaction.atomic
def _escalate(item_id: int) -> int:
    """Tell the captain whose turn it is; 0 where they know already."""
    case_id = CaseItem.objects.values_list("case_id", flat=True).get(pk=item_id)
    moving = Moving(held_case(case_id), SYSTEM)
    item = next(each for each in moving.items if each.pk == item_id)
    if item.due_on is None or item.state not in AT_A_DESK:
        return 0
    days_late = working_days_between(item.due_on, moving.today)
    level = "city" if days_late > CITY_DAYS_LATE or level_of(item.area) == "city" else "district"
    if item.escalated_to in (level, "city"):
        return 0
    item.escalated_to = level
    item.save()
    moving.note("late", item.item, str(days_late))
    tell_captain(moving, item)
    save(moving)
    return 1


def tell_captain(moving: Moving, item: CaseItem) -> int:
    """Tell the captains whose level an item was brought to; return how many."""
    captains = [each for each in access.officers_of("", CAPTAIN) if _is_for(each, item)]
    days_late = working_days_between(item.due_on, moving.today) if item.due_on else 0
    declared = moving.declared.items.get(item.item)
    said = {
        "event": moving.declared.label, "item": declared.label if declared else moving.declared.label,
        "department": department_text(item.department), "due_on": item.due_on or moving.today, "days_late": days_late,
    }  # fmt: skip
    recipients = [
        notices.Recipient(subject=f"item:{item.pk}:{item.escalated_to}", parameters=said, account=each.account) for each in captains
    ]
    return notices.notify(SYSTEM, "case_late", recipients, Purpose.CASEWORK) if recipients else 0


def _is_for(captain: access.Viewer, item: CaseItem) -> bool:
    """A captain hears of items of their area; of what was brought to the city only the city's captain does."""
    is_city = captain.area_prefix == "3301" or len(captain.area_prefix) <= 4
    if item.escalated_to == "city":
        return is_city
    low, high = captain.community_span
    return low <= item.area < high


@transaction.atomic
def _lapse(case_id: int) -> int:
    moving = Moving(held_case(case_id), SYSTEM)
    if moving.case.state != CaseState.FOUND:
        return 0
    moving.case.state, moving.case.closed_at = CaseState.LAPSED, moving.at
    moving.note("lapsed")
    save(moving)
    return 1
