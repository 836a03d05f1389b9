"""A case kept after every step goes the same way as one that never left memory; and every way comes to an end."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.blocks.cases.process import Process, Running
from zhida.blocks.cases.process.tests.drawing import chain, drawn, flow, node, timer

START = datetime(2026, 1, 1, tzinfo=UTC)
CONDITIONS = ["true", "false", "v0", "v1", "v2", "not(v0)", "v1 and v2"]

leaves = st.sampled_from(["task", "service", "timed", "watched", "reminded"])
blocks = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("parallel"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("exclusive"), st.lists(st.tuples(st.sampled_from(CONDITIONS), inner), min_size=1, max_size=3)),
        st.tuples(st.just("inclusive"), st.lists(st.tuples(st.sampled_from(CONDITIONS), inner), min_size=1, max_size=3)),
        st.tuples(st.just("loop"), inner),
        st.tuples(st.just("sub"), inner),
    ),
    max_leaves=8,
)


class Drawer:
    """Draws a block-structured process; each block has one way in and one way out."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.numbers = count()
        self.joins: list[str] = []

    def draw(self, block: object) -> tuple[str, str]:
        """Draw a block and return the names of its first and last element."""
        if isinstance(block, str):
            return self._leaf(block)
        kind, inner = block
        return getattr(self, f"_{kind}")(inner)

    def new(self, kind: str, inner: str = "", **attributes: str) -> str:
        key = f"n{next(self.numbers)}"
        self.parts.append(node(kind, key, inner, **attributes))
        return key

    def _leaf(self, kind: str) -> tuple[str, str]:
        if kind == "timed":
            key = f"n{next(self.numbers)}"
            self.parts.append(timer("intermediateCatchEvent", key, "P1D"))
            return key, key
        key = self.new("serviceTask" if kind == "service" else "userTask")
        if kind not in ("watched", "reminded"):
            return key, key
        out, late = self.new("exclusiveGateway"), f"n{next(self.numbers)}"
        self.parts += [
            timer("boundaryEvent", late, "P2D", attachedToRef=key, cancelActivity=str(kind == "watched").lower()),
            chain(key, out),
        ]
        if kind == "watched":
            self.parts.append(chain(late, out))
        else:
            task, end = self.new("userTask"), self.new("endEvent")
            self.parts.append(chain(late, task, end))
        return key, out

    def _sequence(self, inner: list[object]) -> tuple[str, str]:
        ends = [self.draw(block) for block in inner]
        self.parts += [flow(last, first) for (_, last), (first, _) in pairwise(ends)]
        return ends[0][0], ends[-1][1]

    def _parallel(self, inner: list[object]) -> tuple[str, str]:
        split, join = self.new("parallelGateway"), self.new("parallelGateway")
        self.joins.append(join)
        for block in inner:
            first, last = self.draw(block)
            self.parts.append(flow(split, first) + flow(last, join))
        return split, join

    def _choice(self, kind: str, inner: list[tuple[str, object]]) -> tuple[str, str]:
        key, join = f"n{next(self.numbers)}", self.new(kind)
        other = self.new("userTask")
        self.parts += [node(kind, key, default=f"{key}-{other}"), flow(key, other), flow(other, join)]
        for condition, block in inner:
            first, last = self.draw(block)
            self.parts.append(flow(key, first, condition) + flow(last, join))
        if kind == "inclusiveGateway":
            self.joins.append(join)
        return key, join

    def _exclusive(self, inner: list[tuple[str, object]]) -> tuple[str, str]:
        return self._choice("exclusiveGateway", inner)

    def _inclusive(self, inner: list[tuple[str, object]]) -> tuple[str, str]:
        return self._choice("inclusiveGateway", inner)

    def _loop(self, inner: object) -> tuple[str, str]:
        back, task, out = self.new("exclusiveGateway"), self.new("userTask"), self.new("exclusiveGateway")
        first, last = self.draw(inner)
        key = f"n{next(self.numbers)}"
        self.parts += [node("exclusiveGateway", key, default=f"{key}-{out}"), chain(back, first), chain(last, task, key, out)]
        self.parts.append(flow(key, back, f"rounds_{key} < 2"))
        return back, out

    def _sub(self, inner: object) -> tuple[str, str]:
        outside, self.parts = self.parts, []
        first, last = self.draw(inner)
        start, end = self.new("startEvent"), self.new("endEvent")
        self.parts.append(flow(start, first) + flow(last, end))
        inside, self.parts = self.parts, outside
        key = self.new("subProcess", "".join(inside))
        return key, key


def drawing(block: object) -> Process:
    drawer = Drawer()
    first, last = drawer.draw(block)
    return drawn(*drawer.parts, flow("s", first), flow(last, "e"))


def one_step(case: Running, choice: int, now: datetime) -> None:
    """Do one of the things that wait, or let time pass; every third time a loop's counter goes up."""
    waiting = case.waiting
    if waiting and (choice % 4 or case.next_wake is None):
        loops = {name: case.values.get(name, 0) + 1 for name in case.process.names if name.startswith("rounds_")}
        case.complete(waiting[choice % len(waiting)].token, loops)
    else:
        case.wake(now)


def seen(case: Running) -> object:
    return (case.waiting, case.done, case.is_done, case.stuck, case.next_wake, case.values, case.state())


@settings(max_examples=60, deadline=None)
@given(blocks, st.dictionaries(st.sampled_from(["v0", "v1", "v2"]), st.booleans()), st.lists(st.integers(0, 11), min_size=1, max_size=40))
def test_keeping_a_case_after_every_step_changes_nothing(block: object, values: dict[str, bool], choices: list[int]) -> None:
    process, now = drawing(block), START
    lived = Running.start(process, values, now=now)
    kept = Running.start(process, values, now=now)
    for step in range(400):
        if lived.is_done:
            break
        now += timedelta(hours=7)
        kept = Running.restore(process, json.loads(json.dumps(kept.state())), now=now)
        lived.wake(now)
        kept.wake(now)
        assert seen(kept) == seen(lived)
        if not lived.is_done:
            for case in (lived, kept):
                one_step(case, choices[step % len(choices)], now)
            assert seen(kept) == seen(lived)
    assert lived.is_done, "every token ends"
    assert "e" in lived.done


@settings(max_examples=60, deadline=None)
@given(blocks, st.dictionaries(st.sampled_from(["v0", "v1", "v2"]), st.booleans()))
def test_what_follows_a_block_happens_once(block: object, values: dict[str, bool]) -> None:
    """A join that fired twice, or early, would give the last task two tokens, or give it one while the block is under way."""
    drawer = Drawer()
    first, last = drawer.draw(block)
    process = drawn(*drawer.parts, node("userTask", "last"), flow("s", first), chain(last, "last", "e"))
    case, now, reached = Running.start(process, values, now=START), START, Counter[str]()
    beside = {key for key, element in process.elements.items() if element.kind == "endEvent"}
    for step in range(400):
        if case.is_done:
            break
        now += timedelta(hours=7)
        one_step(case, step + 1, now)
        reached.update(waiting.token for waiting in case.waiting if waiting.element == "last")
        if any(waiting.element == "last" for waiting in case.waiting):
            others = [waiting.element for waiting in case.waiting if waiting.element != "last"]
            assert all(process.leaving[key][0].target in beside for key in others), "only reminders outlive their block"
    assert case.is_done
    assert len(reached) <= 1 and "last" in case.done


@settings(max_examples=60, deadline=None)
@given(
    blocks, st.dictionaries(st.sampled_from(["v0", "v1", "v2"]), st.booleans()), st.integers(0, 60), st.integers(0, 60), st.integers(0, 11)
)
def test_a_case_that_is_turned_back_comes_to_its_end_again(
    block: object, values: dict[str, bool], until: int, which: int, choice: int
) -> None:
    """Turned back at any task that is over, at any moment: the last task comes once more, and no token waits for ever."""
    drawer = Drawer()
    first, last = drawer.draw(block)
    process = drawn(*drawer.parts, node("userTask", "last"), flow("s", first), chain(last, "last", "e"))
    case, now = Running.start(process, values, now=START), START
    turned_back = False
    for step in range(800):
        over = sorted(key for key in case.done if process.elements[key].work and not process.elements[key].scope)
        if not turned_back and over and (step >= until or case.is_done):
            element = over[which % len(over)]
            token = case.reopen(element)
            assert any(waiting.token == token and waiting.element == element for waiting in case.waiting)
            kept = Running.restore(process, json.loads(json.dumps(case.state())), now=now)
            assert kept.waiting == case.waiting
            turned_back = True
        elif case.is_done:
            break
        now += timedelta(hours=7)
        if not case.is_done:
            one_step(case, choice + step, now)
    assert case.is_done and "last" in case.done, "every token ends"
