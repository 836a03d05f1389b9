"""What a case does on its way: choices, joins, timers, sub-processes, and where it cannot go on."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from zhida.blocks.cases.process import ProcessRanAway, Running, StateOfAnotherProcess, TokenUnknown, ValueNotKept, Waiting
from zhida.blocks.cases.process.tests.drawing import chain, drawn, flow, node, timer
from zhida.blocks.cases.rules import due_after
from zhida.kernel.clock import HANGZHOU

MORNING = datetime(2026, 1, 31, 1, tzinfo=UTC)


def elements(running: Running) -> list[str]:
    return [waiting.element for waiting in running.waiting]


def finish(running: Running, element: str, **values: object) -> None:
    running.complete(next(waiting.token for waiting in running.waiting if waiting.element == element), values)


CHOICE = drawn(
    node("exclusiveGateway", "g", default="g-other"),
    *(node("userTask", key) for key in ("child", "adult", "other")),
    chain("s", "g"),
    flow("g", "child", "age < 18"),
    flow("g", "adult", "age >= 18 and insured"),
    flow("g", "other"),
    *(chain(key, "e") for key in ("child", "adult", "other")),
)


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"age": 3}, "child"),
        ({"age": 30, "insured": True}, "adult"),
        ({"age": 30, "insured": False}, "other"),
        ({"age": 30}, "other"),
        ({"insured": True}, "other"),
        ({"age": [1]}, "other"),
    ],
)
def test_an_unknown_condition_takes_the_default_and_never_a_later_way(values: dict[str, object], taken: str) -> None:
    assert elements(Running.start(CHOICE, values)) == [taken]


@pytest.mark.parametrize(("born", "taken"), [("2025-12-31", "e"), (date(2025, 12, 31), "e"), ("2026-01-01", "a"), ("2026-02-30", "a")])
def test_a_text_that_is_a_date_is_compared_as_one(born: object, taken: str) -> None:
    gate = node("exclusiveGateway", "g", default="g-a")
    process = drawn(gate, node("userTask", "a"), chain("s", "g", "a", "e"), flow("g", "e", 'born < date("2026-01-01")'))
    running = Running.start(process, {"born": born})
    assert (elements(running) or ["e"]) == [taken]


def test_a_choice_without_default_says_which_condition_it_waits_for() -> None:
    process = drawn(
        node("exclusiveGateway", "g"),
        node("userTask", "a"),
        chain("s", "g"),
        flow("g", "a", "x > 1"),
        flow("g", "e", "x <= 1 and y"),
        chain("a", "e"),
    )
    running = Running.start(process, {})
    assert running.stuck == ("g", "x > 1")
    assert not running.is_done
    running.put({"x": 1})
    assert running.stuck == ("g", "x <= 1 and y")
    running.put({"y": False})
    assert running.stuck == ("g", "")
    running.put({"y": True})
    assert running.is_done and running.stuck is None


def test_an_inclusive_choice_goes_every_true_way_and_asks_a_person_about_the_unknown_one() -> None:
    process = drawn(
        node("inclusiveGateway", "g", default="g-ask"),
        node("inclusiveGateway", "j"),
        *(node("userTask", key) for key in ("a", "b", "ask", "last")),
        chain("s", "g"),
        flow("g", "a", "a"),
        flow("g", "b", "b"),
        flow("g", "ask"),
        chain("a", "j", "last", "e"),
        chain("b", "j"),
        chain("ask", "j"),
    )
    assert elements(Running.start(process, {"a": True, "b": True})) == ["a", "b"]
    assert elements(Running.start(process, {"a": False, "b": False})) == ["ask"]
    running = Running.start(process, {"a": True})
    assert elements(running) == ["a", "ask"]
    finish(running, "a")
    assert elements(running) == ["ask"]
    finish(running, "ask")
    assert elements(running) == ["last"]


TWICE = drawn(
    node("parallelGateway", "split"),
    node("parallelGateway", "join"),
    node("exclusiveGateway", "again", default="again-e"),
    node("exclusiveGateway", "back"),
    node("userTask", "a"),
    node("userTask", "b"),
    chain("s", "back", "split", "a", "join", "again", "e"),
    chain("split", "b", "join"),
    flow("again", "back", "more"),
)


def test_a_join_in_a_loop_waits_for_both_in_every_round() -> None:
    """In the engine's own join the branch cancelled in the first round counts as arrived in the second (decision 0029)."""
    running = Running.start(TWICE, {"more": True})
    for first, second in [("a", "b"), ("b", "a"), ("b", "a")]:
        finish(running, first)
        assert elements(running) == [second]
        finish(running, second)
        assert elements(running) == ["a", "b"]
    running.put({"more": False})
    finish(running, "a")
    finish(running, "b")
    assert running.is_done


def test_an_inclusive_join_does_not_wait_for_what_can_only_come_in_the_next_round() -> None:
    """Beside it a token waits that could come back through the loop; waiting for that would hold both for ever."""
    process = drawn(
        *(node("exclusiveGateway", key) for key in ("back", "out")),
        node("exclusiveGateway", "again", default="again-out"),
        *(node("parallelGateway", key) for key in ("split", "join")),
        node("inclusiveGateway", "either", default="either-b"),
        node("inclusiveGateway", "both"),
        *(node("userTask", key) for key in ("a", "b", "c")),
        chain("s", "back", "split", "a", "join", "again", "out", "e"),
        chain("split", "either", "b", "both", "join"),
        flow("either", "c", "want_c"),
        chain("c", "both"),
        flow("again", "back", "more"),
    )
    running = Running.start(process, {"want_c": True})
    finish(running, "c")
    assert "both" in running.done
    finish(running, "a")
    assert running.is_done


def test_a_case_that_goes_round_a_hundred_times_stays_small() -> None:
    running = Running.start(TWICE, {"more": True})
    for _ in range(100):
        finish(running, "a")
        finish(running, "b")
    assert len(json.dumps(running.state())) < 400


def test_people_and_the_platform_and_tables_are_told_apart() -> None:
    kinds = {"userTask": "person", "manualTask": "person", "task": "person", "serviceTask": "automatic", "sendTask": "automatic"}
    kinds["businessRuleTask"] = "table"
    process = drawn(*(node(kind, kind) + chain("s", kind, "e") for kind in kinds))
    running = Running.start(process, {})
    assert {waiting.element: waiting.kind for waiting in running.waiting} == kinds
    assert process.people == {"userTask", "manualTask", "task"}
    assert process.automatic == {"serviceTask", "sendTask"}
    assert process.tables == {"businessRuleTask"}
    assert process.elements["e"].work == ""


def test_a_timer_waits_whole_months_and_then_goes_on() -> None:
    process = drawn(timer("intermediateCatchEvent", "t", "P1M"), chain("s", "t", "e"))
    running = Running.start(process, {}, now=MORNING)
    assert running.next_wake == datetime(2026, 2, 28, 1, tzinfo=UTC)
    running.wake(running.next_wake - timedelta(seconds=1))
    assert not running.is_done
    running.wake(datetime(2026, 2, 28, 1, tzinfo=UTC))
    assert running.is_done and running.next_wake is None


@pytest.mark.parametrize(
    ("days", "reached", "goes_on"),
    [
        # Before the National Day week of 2025, which the Saturday of 11 October makes up for; the last day has to be over.
        ("P2D", datetime(2025, 9, 30, 9, tzinfo=HANGZHOU), datetime(2025, 10, 11, tzinfo=HANGZHOU)),
        ("P3D", datetime(2025, 9, 30, 23, 59, tzinfo=HANGZHOU), datetime(2025, 10, 12, tzinfo=HANGZHOU)),
        ("P5D", datetime(2025, 11, 5, 9, tzinfo=HANGZHOU), datetime(2025, 11, 13, tzinfo=HANGZHOU)),
    ],
)
def test_a_timer_in_working_days_goes_by_the_calendar_of_deadlines(days: str, reached: datetime, goes_on: datetime) -> None:
    working = timer("intermediateCatchEvent", "t", days).replace(
        "<timeDuration>", '<timeDuration xmlns:z="urn:zhida:bpmn" z:days="working">'
    )
    process = drawn(working, chain("s", "t", "e"))
    running = Running.start(process, {}, now=reached.astimezone(UTC))
    assert running.next_wake == goes_on
    assert (due_after(reached.date(), int(days[1:-1])) + timedelta(days=1)) == goes_on.date(), "as a deadline of as many days"
    again = Running.restore(process, running.state())
    again.wake(goes_on - timedelta(seconds=1))
    assert not again.is_done
    again.wake(goes_on)
    assert again.is_done


def test_a_date_without_time_is_midnight_in_hangzhou() -> None:
    process = drawn(timer("intermediateCatchEvent", "t", "2026-03-01", word="timeDate"), chain("s", "t", "e"))
    assert Running.start(process, {}, now=MORNING).timers == {"t": datetime(2026, 2, 28, 16, tzinfo=UTC)}
    assert Running.start(process, {}, now=datetime(2026, 3, 2, tzinfo=UTC)).is_done


@pytest.mark.parametrize(("interrupts", "left"), [("true", ["late"]), ("false", ["a", "late"])])
def test_a_timer_beside_a_task(interrupts: str, left: list[str]) -> None:
    process = drawn(
        node("userTask", "a"),
        node("userTask", "late"),
        timer("boundaryEvent", "t", "P3D", attachedToRef="a", cancelActivity=interrupts),
        chain("s", "a", "e"),
        chain("t", "late", "e"),
    )
    running = Running.start(process, {}, now=MORNING)
    finish(in_time := Running.start(process, {}, now=MORNING), "a")
    assert in_time.is_done and "t" not in in_time.done
    running.wake(MORNING + timedelta(days=3))
    assert elements(running) == left
    for element in left:
        finish(running, element)
    assert running.is_done
    assert ("a" in running.done) == (interrupts == "false")


SUB = (
    node(
        "subProcess",
        "sub",
        node("startEvent", "in")
        + "".join(node("userTask", key) for key in ("x", "y"))
        + node("endEvent", "out1")
        + node("endEvent", "out2", "<terminateEventDefinition/>")
        + chain("in", "x", "out1")
        + chain("in", "y", "out2"),
    ),
    node("userTask", "after"),
    chain("s", "sub", "after", "e"),
)


def test_a_sub_process_is_left_when_nothing_in_it_is_under_way() -> None:
    running = Running.start(drawn(*SUB), {})
    assert elements(running) == ["x", "y"]
    finish(running, "x")
    assert elements(running) == ["y"] and "sub" not in running.done
    finish(running, "y")
    assert elements(running) == ["after"] and "sub" in running.done


def test_a_terminating_end_ends_only_its_own_sub_process() -> None:
    running = Running.start(drawn(*SUB, node("userTask", "beside"), chain("s", "beside", "e")), {})
    finish(running, "y")
    assert elements(running) == ["beside", "after"]


def test_a_timer_beside_a_sub_process_ends_all_in_it() -> None:
    late = timer("boundaryEvent", "t", "PT2H", attachedToRef="sub") + chain("t", "e")
    running = Running.start(drawn(*SUB, late), {}, now=MORNING)
    finish(running, "x")
    kept = Running.restore(running.process, json.loads(json.dumps(running.state())), now=MORNING + timedelta(hours=2))
    kept.wake(MORNING + timedelta(hours=2))
    assert kept.is_done and "after" not in kept.done
    finish(running, "y")
    assert running.next_wake is None and elements(running) == ["after"]


def test_a_terminating_end_ends_the_case() -> None:
    end = node("endEvent", "stop", "<terminateEventDefinition/>")
    running = Running.start(drawn(end, node("userTask", "a"), node("userTask", "b"), chain("s", "a", "e"), chain("s", "b", "stop")), {})
    finish(running, "b")
    assert running.is_done and "a" not in running.done


def test_cancelling_ends_all_that_waits_and_stays_cancelled() -> None:
    running = Running.start(TWICE, {})
    finish(running, "a")
    running.cancel()
    again = Running.restore(TWICE, running.state())
    for case in (running, again):
        assert case.is_done and case.cancelled and case.waiting == [] and "a" in case.done


def test_a_token_counts_once() -> None:
    running = Running.start(CHOICE, {"age": 3})
    token = running.waiting[0].token
    assert running.waiting == [Waiting("child.1", "child", "person")]
    running.complete(token, {})
    with pytest.raises(TokenUnknown, match=r"child\.1"):
        running.complete(token, {})


def test_values_come_back_as_they_were() -> None:
    values = {
        "born": date(2026, 1, 2),
        "at": MORNING,
        "rate": Decimal("0.10"),
        "fen": 3_000,
        "said": None,
        "list": [date(2026, 1, 2), {"a": True}],
    }
    running = Running.restore(CHOICE, json.loads(json.dumps(Running.start(CHOICE, values).state())))
    assert running.values == values
    running.values["odd"] = {1, 2}
    with pytest.raises(ValueNotKept, match="odd"):
        running.state()


def test_a_state_is_not_taken_for_another_version() -> None:
    with pytest.raises(StateOfAnotherProcess):
        Running.restore(CHOICE, Running.start(TWICE, {}).state())


def test_a_process_that_never_comes_to_rest_is_stopped() -> None:
    """Two tokens become four, become eight: nobody has to do anything, and no single circle is empty."""
    parts = []
    for round_ in range(12):
        here, there = f"m{round_}", f"m{round_ + 1}"
        parts += [
            node("exclusiveGateway", here),
            node("parallelGateway", f"g{round_}"),
            *(node("exclusiveGateway", f"{side}{round_}") for side in "ab"),
        ]
        parts += [chain(here, f"g{round_}"), *(chain(f"g{round_}", f"{side}{round_}", there) for side in "ab")]
    process = drawn(*parts, node("exclusiveGateway", "m12"), chain("s", "m0"), chain("m12", "e"))
    with pytest.raises(ProcessRanAway, match="1000 steps"):
        Running.start(process, {})
