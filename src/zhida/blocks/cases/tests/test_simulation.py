"""The simulation: every case ends once, the same seed gives the same run, and what is known about queues comes out."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from zhida.blocks.cases.declarations.installed import folders
from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.declarations.reading import read_life_event
from zhida.blocks.cases.errors import SimulationInvalid
from zhida.blocks.cases.process import read_process
from zhida.blocks.cases.simulation import findings, plan_problems, read_plan, simulate_cases
from zhida.blocks.cases.simulation.office import Office
from zhida.blocks.cases.simulation.plan import HOURS, DeskPlan, Plan
from zhida.blocks.cases.simulation.routes import Routes
from zhida.blocks.cases.simulation.running import Played, Simulation
from zhida.kernel.clock import HANGZHOU

FOLDERS = sorted(folders())
DAY = date(2025, 9, 29)  # two days before the long holiday


def _declared(event: str) -> tuple[LifeEventDeclaration, Plan]:
    folder = next(folder for folder in FOLDERS if folder.name == event)
    declared = read_life_event(folder)
    return declared, read_plan(declared, folder)


def _played(event: str, cases: int = 60, seed: int = 1, **changes: float) -> Played:
    declared, plan = _declared(event)
    return Simulation(
        declared, plan.changed({name.replace("__", "."): value for name, value in changes.items()}), Routes(declared), cases, seed, DAY
    ).run()


# ---- office time ------------------------------------------------------------------------------------------------------------------------


def test_office_time_skips_nights_lunch_and_the_long_holiday() -> None:
    office = Office(DAY, HOURS)
    assert office.day_minutes == 420
    assert [office.day(index).isoformat() for index in range(4)] == ["2025-09-29", "2025-09-30", "2025-10-09", "2025-10-10"]
    assert office.minute_of(datetime(2025, 9, 29, 12, 30, tzinfo=HANGZHOU)) == 210
    assert office.minute_of(datetime(2025, 10, 3, 10, tzinfo=HANGZHOU)) == 840, "in the holiday: the opening after it"
    assert office.minute_of(datetime(2025, 9, 29, 20, tzinfo=HANGZHOU)) == 420
    assert office.moment(210) == datetime(2025, 9, 29, 14, tzinfo=HANGZHOU)
    assert office.moment(840) == datetime(2025, 10, 9, 8, 30, tzinfo=HANGZHOU)
    assert (office.index_on(date(2025, 10, 5)), office.index_on(date(2025, 9, 28))) == (1, 0 - 1)


def test_a_make_up_sunday_is_worked_on() -> None:
    assert Office(date(2025, 9, 28), HOURS).day(0) == date(2025, 9, 28)


@pytest.mark.parametrize("minute", [0, 1, 209.5, 210, 419, 420, 1000.25])
def test_minutes_and_moments_turn_into_each_other(minute: float) -> None:
    office = Office(DAY, HOURS)
    assert math.isclose(office.minute_of(office.moment(minute)), minute, abs_tol=1e-3)


# ---- conservation -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [folder.name for folder in FOLDERS])
def test_every_case_ends_and_every_item_is_done_where_its_case_is(event: str) -> None:
    played = _played(event, 40)
    assert len(played.cases) == 40
    assert all(case.state in ("done", "undone", "stuck") for case in played.cases)
    assert sum(Counter(case.state for case in played.cases).values()) == 40
    done = {case.number for case in played.cases if case.state == "done"}
    for visit in played.visits:
        case = played.cases[visit.case]
        if visit.case in done:
            assert visit.ended is not None, "a case is done when all its items are"
        if visit.ended is not None:
            assert case.arrived <= visit.arrived <= visit.queued <= visit.ended <= case.ended
            assert visit.worked > 0
            assert visit.waited >= 0
    assert len({(visit.case, visit.token) for visit in played.visits}) == len(played.visits)


def test_nobody_works_on_more_cases_at_once_than_there_are_officers() -> None:
    declared, plan = _declared("birth")
    simulation = Simulation(declared, plan.changed({"arrivals_per_day": 200}), Routes(declared), 60, 1, DAY)
    while simulation.step():
        for desk in simulation.desks.values():
            assert 0 <= desk.free <= desk.plan.officers
            assert not (desk.free and desk.queue), "somebody waits while an officer is free"
    assert all(desk.free == desk.plan.officers for desk in simulation.desks.values())


# ---- the same again ---------------------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_run_and_another_one_does_not() -> None:
    declared, plan = _declared("birth")
    first, again, other = (simulate_cases(declared, plan, 25, seed, DAY) for seed in (7, 7, 8))
    assert first == again
    assert first.days != other.days


def test_more_officers_serve_the_same_cases_and_nobody_waits_longer() -> None:
    few, many = _played("birth", maternity_costs__officers=1), _played("birth", maternity_costs__officers=9)
    assert [(case.arrived, case.learnt, case.state) for case in few.cases] == [
        (case.arrived, case.learnt, case.state) for case in many.cases
    ]
    waits = [[visit.waited for visit in played.visits if visit.item == "maternity_costs"] for played in (few, many)]
    assert sum(waits[1]) < sum(waits[0])
    outcomes = [
        {(visit.case, visit.item): (visit.returned, visit.refused, visit.worked) for visit in played.visits} for played in (few, many)
    ]
    assert outcomes[0] == outcomes[1]


# ---- what is known about queues ---------------------------------------------------------------------------------------------------------


def test_one_desk_waits_as_the_formula_for_one_officer_says() -> None:
    """Pollaczek-Khinchine: mean wait = arrivals x E[work²] / (2 (1 - load)); triangular work of mean 1 has E[work²] = 1.126667."""
    declared, _ = _declared("birth")
    plan = Plan(18.0, {item.key: DeskPlan(officers=50, minutes=0.01) for item in declared.people_items})
    plan = replace(plan, arrivals_per_day=14.0, desks={**plan.desks, "birth_certificate": DeskPlan(officers=1, minutes=15.0, refused=1.0)})
    alone = replace(declared, feed=None)
    simulation = Simulation(alone, plan, Routes(alone), 4_000, 5, DAY)
    visits = [visit for visit in simulation.run().visits if visit.item == "birth_certificate"]
    load, second_moment = 14 / 420 * 15, 15**2 * (1 + (0.4**2 + 0.6**2 + 2.0**2 - 0.4 * 0.6 - 0.4 * 2.0 - 0.6 * 2.0) / 18)
    expected = 14 / 420 * second_moment / (2 * (1 - load))
    assert math.isclose(sum(visit.waited for visit in visits) / len(visits), expected, rel_tol=0.12)
    assert math.isclose(sum(visit.worked for visit in visits) / len(visits), 15, rel_tol=0.02)


def test_shares_come_out_as_assumed_and_days_of_waiting_pass() -> None:
    played = _played("hardship", 150, 3, acceptance__returned=0.3, acceptance__refused=0.1, arrivals_per_day=12)
    visits = [visit for visit in played.visits if visit.item == "acceptance"]
    assert abs(sum(visit.returned for visit in visits) / len(visits) - 0.3) < 0.1
    assert abs(sum(visit.refused for visit in visits) / len(visits) - 0.1) < 0.06
    notices = [visit for visit in played.visits if visit.item == "public_notice" and visit.ended is not None]
    assert notices
    for visit in notices:
        assert (played.office.moment(visit.ended or 0).date() - played.office.moment(visit.arrived).date()).days >= 7


def test_a_refusal_that_undoes_ends_the_case_and_takes_its_items_from_the_desks() -> None:
    played = _played("birth", 50, birth_certificate__refused=1.0)
    assert {case.state for case in played.cases} == {"undone"}
    assert {visit.item for visit in played.visits} == {"birth_certificate"}


def test_a_timer_of_the_process_lets_its_days_pass(tmp_path: Path) -> None:
    declared, plan = _declared("birth")
    start = '<userTask id="birth_certificate"'
    timer = "<timerEventDefinition><timeDuration>P7D</timeDuration></timerEventDefinition>"
    wait = f'<intermediateCatchEvent id="a_week">{timer}</intermediateCatchEvent>'
    text = declared.files["process.bpmn"]
    flow = re.search(r'<sequenceFlow id="flow_start_birth_certificate"[^>]*/>', text)
    assert flow is not None
    begin = '<sequenceFlow id="to_week" sourceRef="start" targetRef="a_week"/>'
    end = '<sequenceFlow id="from_week" sourceRef="a_week" targetRef="birth_certificate"/>'
    text = text.replace(flow[0], begin + end).replace(start, wait + start)
    text = re.sub(r"<(incoming|outgoing)>.*?</\1>", "", text[: text.index("<bpmndi:BPMNDiagram")] + "</definitions>")
    late = replace(declared, process=read_process(text.encode(), "process.bpmn"))
    played = Simulation(late, plan, Routes(late), 20, 1, DAY).run()
    assert {case.state for case in played.cases} <= {"done", "undone"}
    for visit in played.visits:
        if visit.item == "birth_certificate":
            case = played.cases[visit.case]
            assert (played.office.moment(visit.arrived) - played.office.moment(case.arrived)).days >= 7


# ---- assumptions ------------------------------------------------------------------------------------------------------------------------


def test_the_bottleneck_is_where_cases_wait_and_one_more_officer_there_helps() -> None:
    declared, plan = _declared("birth")
    found = simulate_cases(declared, plan.changed({"arrivals_per_day": 30, "medical_enrolment.minutes": 30}), 150, 7, DAY)
    assert found.bottleneck == "medical_enrolment"
    assert found.one_more is not None
    assert found.one_more.wait_p90 < found.desk("medical_enrolment").wait_p90
    assert found.one_more.days_p90 <= found.days_p90
    assert sum(found.days.values()) == found.states["done"]
    assert "Medical insurance" in " ".join(text.en for text in findings(found))


def test_a_desk_without_queue_is_no_bottleneck() -> None:
    declared, plan = _declared("disability")
    officers = {f"{item}.officers": 50 for item in plan.desks}
    found = simulate_cases(declared, plan.changed({**officers, "arrivals_per_day": 1}), 20, 7, DAY)
    assert (found.bottleneck, found.one_more) == ("", None)
    assert "Nobody waits long" in findings(found)[-1].en


@pytest.mark.parametrize(
    "name, value",
    [("nobody.officers", 3), ("home_visit.colour", 3), ("arrivals_per_day", 0), ("home_visit.officers", 0), ("home_visit.returned", 2)],
)
def test_a_number_that_cannot_be_is_refused(name: str, value: float) -> None:
    with pytest.raises(SimulationInvalid):
        _declared("hardship")[1].changed({name: value})


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("arrivals_per_day: 12", "arrivals: 12", "arrivals_per_day is missing"),
        ("officers: 5", "officers: many", "it is not written as others are"),
        ("  home_visit:", "  visit:", "'visit' is no item that a person does"),
        ("urgent: {true", "urgency: {true", "nothing in the event is called 'urgency'"),
        ("minutes: 120", "hours: 2", "'hours' of home_visit is no word"),
        ("refused: 0.30", "refused: 30", "the shares of person_review"),
    ],
)
def test_what_is_wrong_with_the_assumptions_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = next(folder for folder in FOLDERS if folder.name == "hardship")
    text = (folder / "simulation.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "simulation.yaml").write_text(text.replace(old, new), "utf-8")
    assert said in " | ".join(problem.en for problem in plan_problems(read_life_event(folder), tmp_path))
