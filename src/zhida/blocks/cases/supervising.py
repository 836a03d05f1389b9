"""Deadlines watched: yellow reminds the desk, red tells the captain of the level, longer red the captain above (红黄灯, 机长)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.models import Case, CaseItem, ItemQuestion
from zhida.blocks.cases.moving import Moving, held_case, save
from zhida.blocks.cases.rules import WATCHED, CaseState, ItemState, Light, due_after, level_of, light, working_days_between
from zhida.blocks.cases.wording import department_text
from zhida.blocks.notices import api as notices
from zhida.kernel import clock

# So many working days late, the captain of the city is told too.
CITY_DAYS_LATE = 3
CAPTAIN = "captain"
# Deadlines further away than this are green whatever holidays lie between.
SOON_DAYS = 14


@dataclass
class Supervised:
    """What a look at all deadlines did: items by light, late ones brought to a captain, officers reminded, found cases that lapsed.

    unanswered: questions between departments that are past their day; their items stand still as long as nobody answers.
    """

    yellow: int = 0
    red: int = 0
    told: int = 0
    reminded: int = 0
    lapsed: int = 0
    unanswered: int = 0


@dataclass(frozen=True)
class _Late:
    """An item that was brought to a captain, and the department at which it waits."""

    item: CaseItem
    department: str


def supervise() -> Supervised:
    """Look at every open item once a day: remind of yellow ones, bring red ones to their captain, let cases lapse that nobody agreed to.

    Each officer and each captain gets one notice for all that is new. A second run on the same day changes nothing.
    """
    done, today = Supervised(), clock.today()
    # What was left to a person by a system or a mistake may have no deadline of its own.
    CaseItem.objects.filter(state=ItemState.STUCK, due_on=None).update(due_on=due_after(today, 1))
    open_items = CaseItem.objects.filter(state__in=WATCHED, due_on__lte=today + timedelta(days=SOON_DAYS)).order_by("pk")
    coloured = [(item, light(item.due_on, today)) for item in open_items]
    yellow = [item for item, colour in coloured if colour == Light.YELLOW]
    red = [item for item, colour in coloured if colour == Light.RED]
    done.yellow, done.red = len(yellow), len(red)
    done.reminded = _remind([item for item in yellow if item.assignee and item.reminded_on is None])
    unanswered = ItemQuestion.objects.filter(answered_at=None, due_on__lt=today, item__state=ItemState.ASKED).order_by("pk")
    done.unanswered = len(unanswered)
    late = [_bring_up(item.pk) for item in red] + [_bring_up(each.item_id, each) for each in unanswered]
    done.told = _tell_captains([each for each in late if each is not None])
    for case_id in Case.objects.filter(state=CaseState.FOUND, agree_until__lt=today).values_list("pk", flat=True):
        done.lapsed += _lapse(case_id)
    return done


@transaction.atomic
def _remind(items: list[CaseItem]) -> int:
    """Remind each officer once of what they have claimed and is due."""
    by_officer: dict[str, list[CaseItem]] = defaultdict(list)
    for item in items:
        by_officer[item.assignee].append(item)
    today = clock.today()
    recipients = [
        notices.Recipient(
            subject=f"due:{today}", account=account, parameters={"count": len(own), "due_on": min(item.due_on or today for item in own)}
        )
        for account, own in by_officer.items()
    ]
    CaseItem.objects.filter(pk__in=[item.pk for item in items]).update(reminded_on=today)
    return notices.notify(SYSTEM, "cases_due", recipients, Purpose.CASEWORK) if recipients else 0


@transaction.atomic
def _bring_up(item_id: int, question: ItemQuestion | None = None) -> _Late | None:
    """Bring a late item, or one that waits for a late answer, to the level whose turn it is; None where it is there already."""
    case_id = CaseItem.objects.values_list("case_id", flat=True).get(pk=item_id)
    moving = Moving(held_case(case_id), SYSTEM)
    item = next(each for each in moving.items if each.pk == item_id)
    due_on, states = (item.due_on, WATCHED) if question is None else (question.due_on, (ItemState.ASKED,))
    if due_on is None or item.state not in states:
        return None
    days_late = working_days_between(due_on, moving.today)
    level = "city" if days_late > CITY_DAYS_LATE or level_of(item.area) == "city" else "district"
    if item.escalated_to in (level, "city"):
        return None
    item.escalated_to = level
    item.save()
    moving.note("late", item.item, str(days_late))
    save(moving)
    return _Late(item, question.department if question is not None else item.department)


def _tell_captains(items: list[_Late]) -> int:
    """Tell each captain how many items have become late in the own area, and at whose desk most of them lie; return how many items."""
    recipients = []
    for captain in access.officers_of("", CAPTAIN):
        own = [each for each in items if _is_for(captain, each.item)]
        if own:
            ((department, _),) = Counter(each.department for each in own).most_common(1)
            said = {"count": len(own), "department": department_text(department), "day": clock.today()}
            newest = max(each.item.pk for each in own)
            recipients.append(notices.Recipient(subject=f"late:{clock.today()}:{newest}", parameters=said, account=captain.account))
    if recipients:
        notices.notify(SYSTEM, "cases_late", recipients, Purpose.CASEWORK)
    return len(items)


def tell_captain(moving: Moving, item: CaseItem) -> int:
    """Tell the captains of the level that an officer has brought one item to; return how many."""
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
