"""What the counter tells a resident: steps with their sources, what is missing, and what would turn the answer."""

from __future__ import annotations

from datetime import date

import pytest

from zhida.engine.api import BenefitExplanation, EngineError, FactDefinition, Law, Names, TraceNode, load_law
from zhida.engine.calendar import NEVER_DAY
from zhida.engine.graph import Shape
from zhida.engine.tests.sample.entities import AREAS, FACTS
from zhida.engine.tests.test_law import OCTOBER, POOR, world_of_one
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE
from zhida.engine.trace import walk
from zhida.engine.units import Unit
from zhida.engine.wording import fact_text, value_text
from zhida.kernel.text import Text


@pytest.fixture(scope="module")
def law() -> Law:
    return load_law([SAMPLE], FACTS, AREAS)


def explained(law: Law, code: str, world: World) -> BenefitExplanation:
    return law.program(OCTOBER).explain(world.alone(0), [code])[0]


def steps(found: BenefitExplanation) -> dict[str, TraceNode]:
    return {step.name or step.label.en: step for _, step in found.trace.walk()}


def test_a_trace_leads_from_the_benefit_to_facts_and_numbers_with_their_sources(law: Law) -> None:
    found = explained(law, "support", world_of_one(household=POOR))
    named = steps(found)
    assert found.trace.kind == "benefit" and found.trace.text.en == "216.50 yuan"
    assert named["income_per_head"].clause == "第九条"
    assert named["household_income"].fact is not None and named["household_income"].fact.department == "civil_affairs"
    used = named["support_standard"].parameter
    assert used is not None
    assert (used.value, used.since, used.source, used.grade) == (121650, date(2022, 10, 1), "test", "A")


def test_a_trace_shows_only_the_conditions_that_decided(law: Law) -> None:
    found = explained(law, "old_age", world_of_one({"birth_date": date(1990, 5, 12), "hukou_local": False}))
    assert "hukou_local" in steps(found)
    assert "age" not in steps(found)


def test_a_step_that_comes_again_is_not_told_twice(law: Law) -> None:
    """Two benefits rest on the same age: as one text it is told under the first, under the second it is named."""
    world = world_of_one({"birth_date": date(1940, 5, 12), "disability_level": 1})
    both = law.program(OCTOBER).explain(world.alone(0), ["old_age", "care"])
    told = list(walk(found.trace for found in both))
    born = [depth for depth, step in told if step.name == "birth_date"]
    assert len(born) == 1 and sum(step.name == "age" for _, step in told) >= 2


def test_a_sheet_has_every_variable_on_the_way_for_every_member(law: Law) -> None:
    world = World(11, 30, 0.2)
    program = law.program(OCTOBER)
    for position in range(30):
        facts = world.alone(position)
        lines = {(line.kind, line.name, line.label.en): line for _, line in program.sheet(facts)}
        for found in program.explain(facts):
            for _, step in found.trace.walk():
                if step.kind not in ("member", "more"):
                    line = lines[(step.kind, step.name, step.label.en)]
                    assert (line.values[step.row], line.texts[step.row], line.clause) == (step.value, step.text, step.clause)


def test_a_sheet_is_laid_out_alike_for_every_household(law: Law) -> None:
    world, program = World(12, 9, 0.5), law.program(OCTOBER)
    orders = {tuple((depth, line.kind, line.label.en) for depth, line in program.sheet(world.alone(position))) for position in range(9)}
    assert len(orders) == 1
    # What had no say stands there too: ages, for somebody who is not registered here.
    stranger = explained(law, "old_age", world_of_one({"hukou_local": False}))
    assert {"age", "age_two", "age_three"} <= {line.name for _, line in stranger.sheet}
    assert not {"age", "age_two", "age_three"} & set(steps(stranger))


def test_what_was_gathered_says_why_each_member_takes_part(law: Law) -> None:
    found = explained(law, "care", world_of_one({"disability_level": 1, "wage": 100}))
    assert {"any_wage", "wage", "alive", "died_on"} <= set(steps(found))


def test_the_line_that_says_what_decided(law: Law) -> None:
    assert explained(law, "support", world_of_one(household=POOR)).decisive.en.startswith("Support standard: 1,216.50 yuan/month;")
    refused = explained(law, "old_age", world_of_one()).decisive.en
    assert refused.endswith("Age at least old_age: no (Age 35 years, old_age 80 years)")
    assert explained(law, "graduate", world_of_one({"degree": None})).decisive.en == "missing: degree"


def test_a_failed_threshold_is_named_with_the_nearest_distance(law: Law) -> None:
    sentences = [change.en for change in explained(law, "old_age", world_of_one()).changes]
    assert sentences == ["Required: Age at least old_age (80 years); it is 35 years, 45 years short."]


def test_the_nearest_single_change_is_found_to_the_fen(law: Law) -> None:
    sentences = [change.en for change in explained(law, "support", world_of_one(household=POOR | {"household_income": 150000})).changes]
    assert sentences[0] == "If 'household income' fell from 1,500.00 yuan/month to 1,216.49 yuan/month, the answer would be yes."


def test_what_would_end_an_entitlement_is_said(law: Law) -> None:
    sentences = [change.en for change in explained(law, "support", world_of_one(household=POOR)).changes]
    assert "If 'household income' went from 1,000.00 yuan/month to 1,216.50 yuan/month, nothing more would be due." in sentences


def test_no_advice_touches_birth_or_death(law: Law) -> None:
    for person in ({}, {"died_on": date(2024, 1, 1)}, {"disability_level": 1, "wage": 100}):
        for code in ("old_age", "care"):
            assert all(
                "If 'died on'" not in s.en and "If 'birth date'" not in s.en for s in explained(law, code, world_of_one(person)).changes
            )


def test_a_missing_fact_is_named_with_what_it_could_mean(law: Law) -> None:
    found = explained(law, "graduate", world_of_one({"degree": None}))
    assert found.missing == ("degree",)
    assert "If 'degree' turns out to be master, 30,000.00 yuan would be due." in [change.en for change in found.changes]
    assert "The answer follows once 'degree' is known." in [change.en for change in found.changes]


def test_a_reader_is_told_which_department_must_supply_a_missing_fact(law: Law) -> None:
    names = Names(department=lambda record_type: Text("教育", "Education"))
    found = law.program(OCTOBER).explain(world_of_one({"degree": None}).alone(0), ["graduate"], names)[0]
    assert found.changes[0].en == "Education must supply 'degree'; the answer then follows by itself."


@pytest.mark.parametrize(
    ("value", "shape", "zh"),
    [
        (130100, Shape("number", unit=Unit.parse("fen/month")), "1,301.00 元/月"),
        (1083333333, Shape("number", unit=Unit.parse("fen/month"), scale=6), "10.83 元/月"),
        (1234567, Shape("number", scale=6), "1.23"),
        (7500, Shape("number", scale=6), "0.0075"),
        (20382, Shape("date"), "2025年10月21日"),
        (True, Shape("bool"), "是"),
        (None, Shape("bool"), "未知"),
    ],
)
def test_values_are_written_as_people_read_them(value: object, shape: Shape, zh: str) -> None:
    assert value_text(value, shape).zh == zh


def test_a_death_that_never_came_and_an_area_are_said_in_words() -> None:
    day, place = Shape("date"), Shape("number")
    names = Names(area=lambda code: Text("西湖区", "Xihu") if code == 330106 else None)
    assert fact_text(NEVER_DAY, day, FactDefinition("died_on", "person", "date"), names).zh == "没有死亡登记"
    assert fact_text(NEVER_DAY, day, FactDefinition("graduated_on", "person", "date"), names).en == "none registered"
    assert fact_text(330106, place, FactDefinition("district", "person", "area6"), names).en == "Xihu"
    assert fact_text(330106999001, place, FactDefinition("mother", "person", "resident"), names).en == "on record"


def test_an_explanation_of_a_benefit_that_does_not_exist_is_refused(law: Law) -> None:
    with pytest.raises(EngineError, match="no benefit 'suport'"):
        law.program(OCTOBER).explain(world_of_one().alone(0), ["suport"])
