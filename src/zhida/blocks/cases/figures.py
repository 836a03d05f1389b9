"""What captains see of cases: how many items stand at which light, where they wait how long, which are the oldest. Nobody's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.rules import WATCHED, ItemState, Light, light, working_days_between
from zhida.kernel import clock
from zhida.kernel.clock import HANGZHOU

SUPERVISE = "cases.supervise"
# Items finished in so many days back are what waiting times are counted over.
WAITS_OVER_DAYS = 90


@dataclass(frozen=True)
class LightLine:
    """How many items of one kind stand at desks, by light. place: the 12-digit community of their residents."""

    department: str
    event: str
    item: str
    place: int
    light: Light
    count: int


@dataclass(frozen=True)
class Wait:
    """Working days from an item's arrival to its end: at its desk, and beside that while its clock stood.

    A clock stands while the resident or another department has the word, as it does for deadlines. late95: 95 in a hundred took no longer.
    """

    event: str
    item: str
    department: str
    count: int
    median: int
    late95: int
    stood_median: int
    stood_late95: int


@dataclass(frozen=True)
class RedItem:
    """One item that is late. days_late: working days; escalated_to: the level of the captain who was told.

    is_claimed: whether an officer has it; is_stuck: whether it waits for a person because a system failed.
    """

    number: str
    event: str
    item: str
    department: str
    area: int
    due_on: date
    days_late: int
    escalated_to: str
    arrived_on: date
    is_claimed: bool
    is_stuck: bool


def lights(viewer: Viewer, area: str = "") -> list[LightLine]:
    """Count what stands at desks for residents of an area, the viewer's own by default. Raises: PermissionMissing."""
    purpose = access.require(viewer, SUPERVISE)
    access.record_access(viewer, purpose, "cases.lights", area or viewer.area_code)
    today = clock.today()
    rows = _at_desks(viewer, area).values_list("department", "case__event", "item", "case__community", "due_on").annotate(n=Count("pk"))
    counted: dict[tuple[str, str, str, int, Light], int] = defaultdict(int)
    colours: dict[date | None, Light] = {}
    for department, event, item, place, due_on, count in rows:
        colour = colours.setdefault(due_on, light(due_on, today))
        counted[department, event, item, place, colour] += count
    return [LightLine(*key, count) for key, count in sorted(counted.items())]


def _at_desks(viewer: Viewer, area: str):
    # An automatic item is at a desk once it needs a person.
    people = Q(is_automatic=False) | Q(state=ItemState.STUCK)
    return CaseItem.objects.filter(_lives_in(viewer, area), people, state__in=WATCHED).order_by()


def _lives_in(viewer: Viewer, area: str) -> Q:
    """Return the condition for items about residents of an area as far as the viewer's own reaches."""
    low, high = viewer.community_span
    if area:
        inner_low, inner_high = Viewer(viewer.account, viewer.role, area).community_span
        low, high = max(low, inner_low), min(high, inner_high)
    return Q(case__community__gte=low, case__community__lt=high)


def waits(viewer: Viewer, area: str = "") -> list[Wait]:
    """Return how long items took that ended lately, those that were longest at their desk first. Raises: PermissionMissing."""
    access.require(viewer, SUPERVISE)
    since = clock.now() - timedelta(days=WAITS_OVER_DAYS)
    ended = CaseItem.objects.filter(
        _lives_in(viewer, area), state__in=(ItemState.DONE, ItemState.REFUSED), is_automatic=False, done_at__gte=since
    )
    days = ended.annotate(begin=TruncDate("ready_at", tzinfo=HANGZHOU), end=TruncDate("done_at", tzinfo=HANGZHOU)).order_by()
    rows = days.values_list("case__event", "item", "department", "begin", "end", "stood_days").annotate(n=Count("pk"))
    at_desk: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    stood: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    known: dict[tuple[date, date], int] = {}
    for event, item, department, begin, end, stood_days, count in rows:
        if (begin, end) not in known:
            known[begin, end] = working_days_between(begin, end)
        at_desk[event, item, department].append((known[begin, end] - stood_days, count))
        stood[event, item, department].append((stood_days, count))
    found = [Wait(*key, *_spread(pairs), *_spread(stood[key])[1:]) for key, pairs in at_desk.items()]
    return sorted(found, key=lambda each: (-each.late95, -each.median, each.event, each.item))


def _spread(pairs: Iterable[tuple[int, int]]) -> tuple[int, int, int]:
    """Return how many there are, their median and their 95th percentile.

    >>> _spread([(1, 2), (9, 1), (3, 1)])
    (4, 1, 9)
    """
    ordered = sorted(pairs)
    total = sum(count for _, count in ordered)
    return total, _at(ordered, (total + 1) // 2), _at(ordered, -(-total * 95 // 100))


def _at(ordered: Sequence[tuple[int, int]], rank: int) -> int:
    """Return the value of a rank, counted from 1."""
    seen = 0
    for value, count in ordered:
        seen += count
        if seen >= rank:
            return value
    return 0


@dataclass(frozen=True)
class LateCounts:
    """What late items wait for: somebody to claim them, the officer who did, or somebody to mend what a system could not do."""

    unclaimed: int
    claimed: int
    stuck: int


def late_counts(viewer: Viewer, area: str = "", department: str = "", event: str = "") -> LateCounts:
    """Count the late items by what they wait for. Raises: PermissionMissing."""
    access.require(viewer, SUPERVISE)
    is_stuck = Q(state=ItemState.STUCK)
    found = _late(viewer, area, department, event).aggregate(
        unclaimed=Count("pk", filter=~is_stuck & Q(assignee="")),
        claimed=Count("pk", filter=~is_stuck & ~Q(assignee="")),
        stuck=Count("pk", filter=is_stuck),
    )
    return LateCounts(**found)


def _late(viewer: Viewer, area: str, department: str, event: str):
    wanted = {name: value for name, value in {"department": department, "case__event": event}.items() if value}
    return _at_desks(viewer, area).filter(due_on__lt=clock.today(), **wanted)


def red_items(viewer: Viewer, area: str = "", limit: int | None = 20, department: str = "", event: str = "") -> list[RedItem]:
    """List the items that are late, the oldest first, without whom they are about; limit None: all. Raises: PermissionMissing."""
    access.require(viewer, SUPERVISE)
    today = clock.today()
    late = _late(viewer, area, department, event).select_related("case").order_by(F("due_on").asc(), "pk")[:limit]
    return [
        RedItem(
            row.case.number, row.case.event, row.item, row.department, row.area, row.due_on, working_days_between(row.due_on, today),
            row.escalated_to, row.ready_at.astimezone(HANGZHOU).date(), bool(row.assignee), row.state == ItemState.STUCK,
        )
        for row in late
        if row.due_on is not None
    ]  # fmt: skip
