"""The event queue: cases arrive, wait at desks for an officer, are worked on, sent back to the resident, refused, done.

Every draw depends on the seed, the case and the item alone, never on who came first: a run with one more officer is about the same
cases, and the same seed gives the same run on any machine.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from zhida.blocks.cases.declarations.model import Field, Item, LifeEventDeclaration
from zhida.blocks.cases.evidence import is_wanted
from zhida.blocks.cases.moving import DONE, REFUSED
from zhida.blocks.cases.process import Waiting
from zhida.blocks.cases.simulation.office import Office
from zhida.blocks.cases.simulation.plan import DeskPlan, Plan, Shares
from zhida.blocks.cases.simulation.routes import Routes, Standing
from zhida.kernel.clock import HANGZHOU

# A process that turns in a circle is left after so many items.
ITEMS_MAX = 200
# Minutes of work of one item, as shares of its mean: triangular, a third of the cases take longer than the mean.
SHORTEST, USUAL, LONGEST = 0.4, 0.6, 2.0
DONE_STATE, UNDONE_STATE, STUCK_STATE = "done", "undone", "stuck"


@dataclass
class Visit:
    """One item of one case at its desk; times in office minutes. turn: how often its case has come to it. waited: in the queue only."""

    item: str
    case: int
    token: str
    turn: int
    arrived: float
    queued: float
    waited: float = 0.0
    worked: float = 0.0
    returned: bool = False
    refused: bool = False
    ended: float | None = None


@dataclass
class SimulatedCase:
    """One made-up case. state: empty while it is under way. learnt: what registers, people and rules say of it."""

    number: int
    arrived_on: date
    arrived: float
    learnt: dict[str, Any]
    standing: Standing
    state: str = ""
    ended: float = 0.0
    items: int = 0
    taken: set[str] = field(default_factory=set)
    came_to: Counter[str] = field(default_factory=Counter)


@dataclass
class _Desk:
    plan: DeskPlan
    free: int
    queue: deque[Visit] = field(default_factory=deque)


@dataclass
class Played:
    """Everything that happened."""

    office: Office
    cases: list[SimulatedCase]
    visits: list[Visit]


class Simulation:
    """One run. Raises nothing a plan that was checked could cause."""

    def __init__(self, declared: LifeEventDeclaration, plan: Plan, routes: Routes, cases: int, seed: int, first: date) -> None:
        self.declared, self.plan, self.routes, self.seed = declared, plan, routes, seed
        self.office = Office(first, plan.hours)
        self.desks = {key: _Desk(desk, desk.officers) for key, desk in plan.desks.items()}
        self.cases: list[SimulatedCase] = []
        self.visits: list[Visit] = []
        self._ahead: list[tuple[float, int, str, Any]] = []
        self._order = count()
        self._plan_arrivals(cases)

    def run(self) -> Played:
        """Let every case come to its end."""
        while self.step():
            pass
        return Played(self.office, self.cases, self.visits)

    def step(self) -> bool:
        """Let the next thing happen; False where nothing is left."""
        if not self._ahead:
            return False
        now, _, what, whom = heapq.heappop(self._ahead)
        getattr(self, f"_{what}")(now, whom)
        return True

    # ---- what happens -------------------------------------------------------------------------------------------------------------------

    def _arrive(self, now: float, arrived_at: datetime) -> None:
        number = len(self.cases)
        learnt = self._answers(number)
        case = SimulatedCase(number, arrived_at.date(), now, learnt, self.routes.start(learnt, self.office.moment(now)))
        self.cases.append(case)
        self._go_on(case, now)

    def _join(self, now: float, visit: Visit) -> None:
        visit.queued = now
        self.desks[visit.item].queue.append(visit)
        self._serve(visit.item, now)

    def _finish(self, now: float, visit: Visit) -> None:
        desk = self.desks[visit.item]
        desk.free += 1
        if not visit.returned and self._chance("returned", visit) < desk.plan.returned:
            visit.returned = True
            mean = self.plan.resident_days * self.office.day_minutes
            wait = self._random("answers", visit.case, visit.item, visit.turn).expovariate(1 / mean) if mean else 0.0
            self._plan(now + wait, "join", visit)
        elif desk.plan.waits_days:
            self._plan(self.office.minute_of(self.office.moment(now) + timedelta(days=desk.plan.waits_days)), "settle", visit)
        else:
            self._settle(now, visit)
        self._serve(visit.item, now)

    def _settle(self, now: float, visit: Visit) -> None:
        """End an item as done or refused, unless its case has ended meanwhile."""
        case = self.cases[visit.case]
        if not case.state:
            visit.ended, visit.refused = now, self._chance("refused", visit) < self.desks[visit.item].plan.refused
            self._decide(case, visit, now)

    def _wake(self, now: float, case: SimulatedCase) -> None:
        if not case.state and case.standing.next_wake is not None:
            case.standing = self.routes.wake(case.standing, self.office.moment(now))
            self._go_on(case, now)

    # ---- how ----------------------------------------------------------------------------------------------------------------------------

    def _plan(self, at: float, what: str, whom: Any) -> None:
        heapq.heappush(self._ahead, (at, next(self._order), what, whom))

    def _plan_arrivals(self, cases: int) -> None:
        """Let cases come at random moments: of any day where a register opens them, else of office hours."""
        draw, per_day = random.Random(f"{self.seed}:arrivals"), self.plan.arrivals_per_day
        passed = 0.0
        for _ in range(cases):
            passed += draw.expovariate(per_day)
            if self.declared.feed is not None:
                at = datetime.combine(self.office.first, time(), HANGZHOU) + timedelta(days=passed)
                self._plan(self.office.minute_of(at), "arrive", at)
            else:
                minute = passed * self.office.day_minutes
                self._plan(minute, "arrive", self.office.moment(minute))

    def _go_on(self, case: SimulatedCase, now: float) -> None:
        """Bring a case to its desks; what happens by itself happens at once."""
        while new := [each for each in case.standing.waiting if each.token not in case.taken]:
            for waiting in new:
                self._take(case, waiting, now)
            if case.items > ITEMS_MAX:
                self._end(case, STUCK_STATE, now)
                return
        if case.standing.is_done:
            self._end(case, DONE_STATE, now)
        elif not case.standing.waiting and case.standing.next_wake is None:
            self._end(case, STUCK_STATE, now)
        elif case.standing.next_wake is not None:
            self._plan(max(now, self.office.minute_of(case.standing.next_wake)), "wake", case)

    def _take(self, case: SimulatedCase, waiting: Waiting, now: float) -> None:
        case.taken.add(waiting.token)
        case.items += 1
        item = self.declared.items[waiting.element]
        if item.kind == "person":
            case.came_to[item.key] += 1
            visit = Visit(item.key, case.number, waiting.token, case.came_to[item.key], now, now)
            self.visits.append(visit)
            self._join(now, visit)
        else:
            self._complete(case, waiting.token, self._brought_about(case, item, DONE), now)

    def _decide(self, case: SimulatedCase, visit: Visit, now: float) -> None:
        item = self.declared.items[visit.item]
        if visit.refused and item.on_refusal == "undo":
            self._end(case, UNDONE_STATE, now)
            return
        outcome = REFUSED if visit.refused else DONE
        self._complete(case, visit.token, self._brought_about(case, item, outcome), now)
        self._go_on(case, now)

    def _complete(self, case: SimulatedCase, token: str, values: Mapping[str, Any], now: float) -> None:
        case.standing = self.routes.complete(case.standing, token, values, self.office.moment(now))

    def _end(self, case: SimulatedCase, state: str, now: float) -> None:
        """Close a case; what of it still lies at desks is taken from there."""
        case.state, case.ended = state, now
        for desk in self.desks.values():
            for visit in [each for each in desk.queue if each.case == case.number]:
                desk.queue.remove(visit)

    def _serve(self, key: str, now: float) -> None:
        desk = self.desks[key]
        while desk.free and desk.queue:
            visit = desk.queue.popleft()
            if self.cases[visit.case].state:
                continue
            desk.free -= 1
            work = desk.plan.minutes * self._random("work", visit.case, visit.item, visit.turn, visit.returned).triangular(
                SHORTEST, LONGEST, USUAL
            )
            visit.waited += now - visit.queued
            visit.worked += work
            self._plan(now + work, "finish", visit)

    # ---- draws --------------------------------------------------------------------------------------------------------------------------

    def _random(self, *what: Any) -> random.Random:
        return random.Random(":".join(str(each) for each in (self.seed, *what)))

    def _chance(self, what: str, visit: Visit) -> float:
        return self._random(what, visit.case, visit.item, visit.turn).random()

    def _answers(self, case: int) -> dict[str, Any]:
        """Draw what registers and the resident say: what the plan has shares of, and every choice whose condition holds."""
        known: dict[str, Any] = {key: _drawn(shares, self._random("answer", case, key)) for key, shares in self.plan.answers.items()}
        for each in self.declared.evidence:
            if not is_wanted(each, known):
                known.pop(each.key, None)
            elif each.key not in known and (shares := _even(each)):
                known[each.key] = _drawn(shares, self._random("answer", case, each.key))
        return known

    def _brought_about(self, case: SimulatedCase, item: Item, outcome: str) -> dict[str, Any]:
        """What the process learns from an item: what a table says, what rules find, what its officer enters."""
        said = {f"{item.key}_outcome": outcome}
        if item.table:
            return {**self.routes.decide(item.table, case.standing.values), **said}
        if outcome == REFUSED:
            return said
        learnt: dict[str, Any] = {}
        for each in item.enters:
            if shares := self.plan.entered.get(each.key) or _even(each):
                learnt[each.key] = _drawn(shares, self._random("entered", case.number, each.key))
        for benefit in [name for effect in item.effects if effect.kind == "decision" for name in effect.settings.get("benefits") or ()]:
            shares = self.plan.found.get(benefit, {"not_entitled": 1})
            learnt[f"{benefit}_status"] = _drawn(shares, self._random("found", case.number, benefit))
        return {**learnt, **said}


def _drawn(shares: Shares, draw: random.Random) -> Any:
    return draw.choices(list(shares), list(shares.values()))[0]


def _even(each: Field) -> Shares:
    """Return what is drawn of a field no shares are known of: a choice and a yes or no evenly, of anything else nothing is known."""
    if each.kind == "boolean":
        return {True: 1, False: 1}
    return dict.fromkeys(each.options, 1) if each.kind == "choice" else {}
