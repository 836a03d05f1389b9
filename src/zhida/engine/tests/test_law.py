"""Dates, areas, versions, units and unknowns: what a law says on a day, to the fen."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.engine.api import UNKNOWN, Law, load_law
from zhida.engine.tests.sample.entities import AREAS, FACTS
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE, written_law
from zhida.kernel.period import Month

OCTOBER = Month(2025, 10)


def world_of_one(person: dict[str, Any] | None = None, household: dict[str, Any] | None = None, claims: int = 0) -> World:
    """Return one household of one living person of 35 in district 330106; facts as given."""
    world = World(1, 1, 0.0)
    world.columns["person"] = {name: [None] for name in world.columns["person"]}
    base = {"household_no": world.root_nos[0], "resident_no": 7, "birth_date": date(1990, 5, 12), "died_on": date(9999, 12, 31)}
    base |= {"hukou_local": True, "disability_level": 0, "degree": 0, "wage": 0, "district": 330106, "is_head": True, "disabled": False}
    for name, value in (base | (person or {})).items():
        world.columns["person"][name] = [_days(value)]
    for name, value in ({"district": 330106} | (household or {})).items():
        world.columns["household"][name] = [value]
    for entity in ("claim", "contribution"):
        world.columns[entity] = {name: values[:0] for name, values in world.columns[entity].items()}
    return world


def _days(value: Any) -> Any:
    return (value - date(1970, 1, 1)).days if isinstance(value, date) else value


def amount(law: Law, month: Month, code: str, world: World) -> int | str:
    """Return what both evaluators say of the first row, or the missing facts."""
    program = law.program(month, [code])
    result = program.evaluate(world.batch())[code]
    found = program.explain(world.alone(0))[0]
    assert (found.status, found.amount) == (result.status[0], result.amount[0])
    return ",".join(found.missing) if found.status == UNKNOWN else found.amount


@pytest.fixture(scope="module")
def law() -> Law:
    return load_law([SAMPLE], FACTS, AREAS)


POOR = {"household_income": 100000, "means_tested": True}


def test_a_gap_below_the_standard_is_topped_up_to_the_fen(law: Law) -> None:
    assert amount(law, OCTOBER, "support", world_of_one(household=POOR)) == 121650 - 100000


def test_income_at_the_standard_gives_nothing_and_one_fen_below_gives_one_fen(law: Law) -> None:
    assert amount(law, OCTOBER, "support", world_of_one(household=POOR | {"household_income": 121650})) == 0
    assert amount(law, OCTOBER, "support", world_of_one(household=POOR | {"household_income": 121649})) == 1


@pytest.mark.parametrize(
    ("month", "district", "standard"),
    [
        (Month(2022, 9), 330106, 110200),
        (Month(2022, 9), 330127, 95500),
        (Month(2022, 10), 330127, 121650),
        (Month(2022, 10), 330108, 130000),
        (OCTOBER, 330106, 121650),
    ],
)
def test_the_newest_value_applies_and_of_equally_new_ones_the_districts_own(law: Law, month: Month, district: int, standard: int) -> None:
    world = world_of_one(household=POOR | {"district": district, "household_income": 0})
    assert amount(law, month, "support", world) == standard


def test_a_value_is_in_force_only_once_its_day_has_come(law: Law) -> None:
    assert law.parameters["support_standard"].entry_on(date(2022, 9, 30), (330127,)) is not None
    assert law.parameters["support_standard"].entry_on(date(2020, 12, 31), (330127,)) is None


@pytest.mark.parametrize(
    ("born", "fen"), [(date(1945, 10, 1), 6000), (date(1945, 10, 2), 0), (date(1935, 9, 30), 10000), (date(1920, 1, 1), 80000)]
)
def test_an_age_is_reached_on_the_birthday(law: Law, born: date, fen: int) -> None:
    assert amount(law, OCTOBER, "old_age", world_of_one({"birth_date": born})) == fen


def test_the_wording_in_force_on_the_first_day_of_the_month_applies(law: Law) -> None:
    old = world_of_one({"birth_date": date(1920, 1, 1)})
    assert amount(law, Month(2022, 12), "old_age", old) == 3000
    assert amount(law, Month(2023, 1), "old_age", old) == 80000


def test_a_law_as_of_an_earlier_day_knows_nothing_published_later() -> None:
    old = world_of_one({"birth_date": date(1920, 1, 1)})
    before = load_law([SAMPLE], FACTS, AREAS, as_of=date(2023, 2, 28))
    assert amount(before, Month(2023, 1), "old_age", old) == 3000
    assert before.name != load_law([SAMPLE], FACTS, AREAS).name


def test_a_retroactive_value_applies_once_it_is_published(tmp_path: Path) -> None:
    """The unemployment benefit: raised in May 2024 back to January."""
    rules = """
        @benefit(Person, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(person, law): return law.benefit
    """
    numbers = "benefit: {unit: yuan, values: [{from: 2022-08-01, value: 2052}, {from: 2024-01-01, known_from: 2024-05-12, value: 2241}]}"
    before, after = (written_law(tmp_path, rules, numbers, as_of=day) for day in (date(2024, 4, 30), date(2024, 5, 31)))
    assert [amount(law, Month(2024, 1), "b", world_of_one()) for law in (before, after)] == [205200, 224100]


def test_a_number_published_after_the_day_of_the_law_leaves_the_answer_unknown(tmp_path: Path) -> None:
    rules = """
        @benefit(Person, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(person, law): return law.grant
        @benefit(Person, code="c", every=MONTH, unit="fen", label=TITLE, known_from="2025-07-28", in_force=("2025-01-01", None))
        def c(person, law): return law.grant
    """
    numbers = "grant: {unit: yuan, values: [{from: 2025-01-01, known_from: 2025-07-28, value: 3}]}"
    early, late = (written_law(tmp_path, rules, numbers, as_of=day) for day in (date(2025, 7, 27), date(2025, 7, 28)))
    assert amount(early, Month(2025, 3), "b", world_of_one()) == "law.grant"
    assert amount(late, Month(2025, 3), "b", world_of_one()) == 300
    assert [benefit.code for benefit in early.not_in_force(Month(2025, 3))] == ["c"]
    assert late.not_in_force(Month(2025, 3)) == []


def test_a_benefit_outside_its_years_is_not_in_the_program(law: Law) -> None:
    assert "old_age" not in law.program(Month(2019, 12), ["old_age"]).benefits
    assert [benefit.code for benefit in law.not_in_force(Month(2019, 12))] == ["old_age"]


def test_the_same_sources_give_the_same_name(law: Law) -> None:
    assert load_law([SAMPLE], FACTS, AREAS).name == law.name


def test_an_unknown_fact_makes_the_answer_unknown_and_is_named(law: Law) -> None:
    assert amount(law, OCTOBER, "support", world_of_one(household=POOR | {"household_income": None})) == "household_income"


def test_an_unknown_fact_does_no_harm_where_another_decides(law: Law) -> None:
    world = world_of_one(household={"means_tested": False, "household_income": None})
    assert amount(law, OCTOBER, "support", world) == 0


def test_a_code_without_a_value_names_the_parameter(tmp_path: Path) -> None:
    rules = """
        @benefit(Person, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(person, law): return law.grant[person.degree]
    """
    numbers = "grant: {unit: yuan, by: [degree], values: [{from: 2020-01-01, value: {bachelor: 1, master: not_found}}]}"
    law = written_law(tmp_path, rules, numbers)
    assert [amount(law, OCTOBER, "b", world_of_one({"degree": degree})) for degree in (0, 1, 2)] == ["law.grant", 100, "law.grant"]


def test_a_number_can_be_asked_for_on_a_day_of_the_case(tmp_path: Path) -> None:
    rules = """
        @benefit(Person, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(person, law): return law.grant.on(person.birth_date)
    """
    numbers = "grant: {unit: yuan, values: [{from: 2020-01-01, until: 2021-01-01, value: 1}, {from: 2023-05-01, value: 3}]}"
    law = written_law(tmp_path, rules, numbers)
    days = (date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1), date(2023, 5, 1))
    answers = [amount(law, OCTOBER, "b", world_of_one({"birth_date": day})) for day in days]
    assert answers == ["law.grant", 100, 100, "law.grant", 300]


def test_a_benefit_may_exclude_another(law: Law) -> None:
    disabled = {"disability_level": 1}
    assert amount(law, OCTOBER, "care", world_of_one(disabled)) == 50000
    assert amount(law, OCTOBER, "care", world_of_one(disabled | {"birth_date": date(1940, 1, 1)})) == 0


def test_a_quarter_and_a_year_have_their_own_first_and_last_day(tmp_path: Path) -> None:
    rules = """
        @benefit(Person, code="q", every=QUARTER, unit="fen", label=TITLE)
        def q(person, law, period):
            return where((person.birth_date >= period.start) & (person.birth_date < period.end), law.per_month * period.months, 0)
        @benefit(Person, code="y", every=YEAR, unit="fen", label=TITLE)
        def y(person, law, period):
            return where((person.birth_date >= period.start) & (person.birth_date < period.end), law.per_month * period.months, 0)
    """
    law = written_law(tmp_path, rules, "per_month: {unit: yuan/month, values: [{from: 2020-01-01, value: 1}]}")
    born = {day: world_of_one({"birth_date": day}) for day in (date(2025, 9, 30), date(2025, 10, 1), date(2025, 12, 31), date(2026, 1, 1))}
    assert [amount(law, Month(2025, 11), "q", world) for world in born.values()] == [0, 300, 300, 0]
    assert [amount(law, Month(2025, 11), "y", world) for world in born.values()] == [1200, 1200, 1200, 0]


ROUNDINGS = [("round_half_up({})", [33, 3317, 67]), ("round_down({})", [33, 3316, 66]), ("round_up({})", [34, 3317, 67])]


@pytest.mark.parametrize(("formula", "fen"), ROUNDINGS)
def test_rounding_goes_where_the_law_says(tmp_path: Path, formula: str, fen: list[int]) -> None:
    rules = f"""
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(household, law): return {formula.format("household.rent / law.parts")}
    """
    law = written_law(tmp_path, rules, "parts: {unit: '1', values: [{from: 2020-01-01, value: 6}]}")
    assert [amount(law, OCTOBER, "b", world_of_one(household={"rent": rent})) for rent in (200, 19899, 400)] == fen


def test_rounding_to_yuan_keeps_fen_as_the_unit(tmp_path: Path) -> None:
    rules = """
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(household): return round_half_up(household.rent, YUAN)
    """
    law = written_law(tmp_path, rules)
    assert [amount(law, OCTOBER, "b", world_of_one(household={"rent": rent})) for rent in (149, 150, 36750)] == [100, 200, 36800]


def test_a_scale_pays_each_slice_at_its_rate(tmp_path: Path) -> None:
    rules = """
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(household, law): return round_half_up(marginal(law.rates, household.rent * law.one))
        @benefit(Household, code="c", every=MONTH, unit="fen", label=TITLE)
        def c(household, law): return bracket(law.steps, household.rent * law.one)
    """
    numbers = """
        one: {unit: month, values: [{from: 2020-01-01, value: 1}]}
        rates: {unit: '1', values: [{from: 2020-01-01, scale: {thresholds: [0, 1000, 2000], rates: [0.5, 0.255, 0]}}]}
        steps: {unit: yuan, threshold_unit: yuan, values: [{from: 2020-01-01, scale: {thresholds: [1000, 2000], amounts: [5, 7.5]}}]}
    """
    law = written_law(tmp_path, rules, numbers)
    rents = (0, 100000, 100002, 150000, 300000)
    assert [amount(law, OCTOBER, "b", world_of_one(household={"rent": rent})) for rent in rents] == [0, 50000, 50001, 62750, 75500]
    assert [amount(law, OCTOBER, "c", world_of_one(household={"rent": rent})) for rent in (99999, 100000, 199999, 200000)] == [
        0,
        500,
        500,
        750,
    ]


def test_codes_of_two_lists_meet_by_name(tmp_path: Path) -> None:
    rules = """
        @variable(Person, unit="code", label=TITLE, codes=("low", "high"))
        def band(person, law): return where(person.wage > law.limit, "high", "low")
        @benefit(Person, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(person, law): return law.grant[person.band]
        @benefit(Person, code="s", every=MONTH, unit="status", label=TITLE)
        def s(person, law): return (person.band == "high") | (person.birth_date + law.week > person.died_on - law.week)
    """
    numbers = """
        limit: {unit: yuan/month, values: [{from: 2020-01-01, value: 10}]}
        week: {unit: day, values: [{from: 2020-01-01, value: 7}]}
        grant: {unit: yuan, by: [band], values: [{from: 2020-01-01, value: {high: 1, low: 2}}]}
    """
    law = written_law(tmp_path, rules, numbers)
    assert [amount(law, OCTOBER, "b", world_of_one({"wage": wage})) for wage in (1000, 1001)] == [200, 100]
    assert [amount(law, OCTOBER, "s", world_of_one({"wage": wage})) for wage in (1000, 1001)] == [0, 1]


def test_a_number_too_large_is_refused_with_its_line(tmp_path: Path) -> None:
    rules = """
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(household): return round_half_up(household.rent / household.size / household.size)
    """
    law = written_law(tmp_path, rules)
    with pytest.raises(Exception, match=r"rules\.py:3: a result has more than 19 digits"):
        law.program(OCTOBER).evaluate(world_of_one(household={"rent": 10**18}).batch())
