"""What came of a simulation: where cases waited, when they were done, which desk holds them up, what one more officer there changes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.simulation.plan import Plan
from zhida.blocks.cases.simulation.routes import Routes
from zhida.blocks.cases.simulation.running import DONE_STATE, Played, Simulation, Visit
from zhida.kernel.text import Text

# A desk whose cases wait less than this for an officer, nine times of ten, holds nobody up. Minutes.
NO_WAIT = 30.0


@dataclass(frozen=True)
class DeskResult:
    """One item. Minutes of office time: wait is in the queue, work is an officer's. busy, late: shares; late: after its own deadline."""

    item: str
    label: Text
    department: str
    officers: int
    cases: int
    returned: int
    refused: int
    wait_median: float
    wait_p90: float
    work_median: float
    work_p90: float
    waited_total: float
    busy: float
    late: float


@dataclass(frozen=True)
class OneMore:
    """The same cases with one more officer at the bottleneck."""

    item: str
    officers: int
    days_median: int
    days_p90: int
    on_time: float
    wait_p90: float


@dataclass(frozen=True)
class Simulated:
    """days: working days until done -> how many cases; states: how each case ended. on_time: share of the done within the promise.

    wait for a resident's answer counts: it is what people live through. bottleneck: empty where nobody waits to speak of.
    """

    event: str
    cases: int
    seed: int
    first: date
    last: date
    day_minutes: int
    states: Mapping[str, int]
    days: Mapping[int, int]
    days_median: int
    days_p90: int
    promised: int
    on_time: float | None
    desks: tuple[DeskResult, ...]
    bottleneck: str
    one_more: OneMore | None

    def desk(self, item: str) -> DeskResult:
        return next(each for each in self.desks if each.item == item)


def simulate_cases(declared: LifeEventDeclaration, plan: Plan, cases: int, seed: int, first: date) -> Simulated:
    """Play so many cases from a day on, and once more with one more officer where they waited longest."""
    routes = Routes(declared)
    found = _result(declared, plan, Simulation(declared, plan, routes, cases, seed, first).run(), cases, seed)
    if not found.bottleneck:
        return found
    officers = plan.desks[found.bottleneck].officers + 1
    more = plan.changed({f"{found.bottleneck}.officers": officers})
    then = _result(declared, more, Simulation(declared, more, routes, cases, seed, first).run(), cases, seed)
    wait = then.desk(found.bottleneck).wait_p90
    one_more = OneMore(found.bottleneck, officers, then.days_median, then.days_p90, then.on_time or 0.0, wait)
    return Simulated(**{**vars(found), "one_more": one_more})


def findings(found: Simulated) -> list[Text]:
    """Say in sentences what was found: how long it takes, whether the promise holds, where cases wait, what one officer more changes."""
    p90 = found.days_p90
    told = [
        Text(
            f"一半的件 {_days_zh(found.days_median)}办结，九成在 {p90} 个工作日内（{found.cases} 件，含等居民补充的时间）",
            f"Half of the cases are done {_days_en(found.days_median)} and nine of ten within {p90} "
            f"({found.cases} cases, waiting for residents included)",
        )
    ]
    if found.on_time is not None:
        share = f"{found.on_time:.1%}"
        told.append(
            Text(
                f"承诺 {found.promised} 个工作日：{share} 按时",
                f"Of {found.promised} working days promised: {share} of the cases are in time",
            )
        )
    if not found.bottleneck:
        return [*told, Text("没有哪个窗口要排队", "Nobody waits long for any desk")]
    desk = found.desk(found.bottleneck)
    minutes, busy = round(desk.wait_p90), f"{desk.busy:.0%}"
    told.append(
        Text(
            f"排队最久的是“{desk.label.zh}”：十件里一件要等 {minutes} 分钟以上，{desk.officers} 人忙碌 {busy}",
            f"Cases wait longest for '{desk.label.en}': one in ten for over {minutes} office minutes; "
            f"{_counted(desk.officers, 'officer')} there, busy {busy} of the time",
        )
    )
    if more := found.one_more:
        then, days = round(more.wait_p90), more.days_p90
        still = days == p90
        told.append(
            Text(
                f"在那里加一个人（{more.officers} 人）：排队降到 {then} 分钟，九成的件"
                + (f"还是 {p90} 天" if still else f"从 {p90} 天变为 {days} 天"),
                f"One more officer there ({more.officers}): that wait becomes {then} minutes, and nine of ten cases "
                + (f"still take up to {_counted(p90, 'day')}" if still else f"take up to {_counted(days, 'day')} instead of {p90}"),
            )
        )
    return told


def _days_zh(days: int) -> str:
    return f"在 {days} 个工作日内" if days else "当天"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _days_en(days: int) -> str:
    return f"within {_counted(days, 'working day')}" if days else "on the same day"


def _result(declared: LifeEventDeclaration, plan: Plan, played: Played, cases: int, seed: int) -> Simulated:
    office = played.office
    done = [case for case in played.cases if case.state == DONE_STATE]
    days = [office.index_at(case.ended) - office.index_on(case.arrived_on) for case in done]
    end = max((case.ended for case in played.cases), default=0.0)
    by_item: dict[str, list[Visit]] = {key: [] for key in plan.desks}
    for visit in played.visits:
        by_item[visit.item].append(visit)
    desks = tuple(_desk(declared, plan, key, visits, played, end) for key, visits in by_item.items())
    promised = declared.promised_working_days
    return Simulated(
        event=declared.key, cases=cases, seed=seed, first=office.first, last=office.day(office.index_at(end)),
        day_minutes=office.day_minutes,
        states=dict(sorted(Counter(case.state for case in played.cases).items())), days=dict(sorted(Counter(days).items())),
        days_median=int(percentile(days, 50)), days_p90=int(percentile(days, 90)), promised=promised,
        on_time=sum(day <= promised for day in days) / len(days) if promised and days else None,
        desks=desks, bottleneck=_bottleneck(desks), one_more=None,
    )  # fmt: skip


def _desk(declared: LifeEventDeclaration, plan: Plan, key: str, visits: Sequence[Visit], played: Played, end: float) -> DeskResult:
    item, office, officers = declared.items[key], played.office, plan.desks[key].officers
    ended = [visit for visit in visits if visit.ended is not None]
    late = [visit for visit in ended if not visit.returned and _days(played, visit) > item.working_days]
    waits, works = [visit.waited for visit in ended], [visit.worked for visit in ended]
    return DeskResult(
        item=key, label=item.label, department=item.department, officers=officers, cases=len(visits),
        returned=sum(visit.returned for visit in visits), refused=sum(visit.refused for visit in visits),
        wait_median=percentile(waits, 50), wait_p90=percentile(waits, 90), work_median=percentile(works, 50),
        work_p90=percentile(works, 90),
        waited_total=sum(waits), busy=sum(visit.worked for visit in visits) / (officers * max(end, office.day_minutes)),
        late=len(late) / len(ended) if ended else 0.0,
    )  # fmt: skip


def _days(played: Played, visit: Visit) -> int:
    return played.office.index_at(visit.ended or 0.0) - played.office.index_at(visit.arrived)


def _bottleneck(desks: Sequence[DeskResult]) -> str:
    """Return the item at which cases waited longest for an officer, all of them together."""
    longest = max(desks, key=lambda desk: desk.waited_total, default=None)
    return longest.item if longest is not None and longest.wait_p90 > NO_WAIT else ""


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent do not exceed; 0 of nothing.

    >>> percentile([4, 1, 3, 2], 50), percentile([4, 1, 3, 2], 90), percentile([], 90)
    (2, 4, 0)
    """
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)] if ranked else 0
