"""The shapes laws have: stepped scales by keys, ways of rounding, numbers by date and area, rules that begin, change and end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zhida.engine.api import Law
from zhida.engine.tests.test_law import amount, world_of_one
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import written_law
from zhida.kernel.period import Month

OCTOBER = Month(2025, 10)


def value(law: Law, name: str, world: World, month: Month = OCTOBER) -> int | bool | str | None:
    """Return what both evaluators say of a variable of the first row, or the missing facts."""
    program = law.program(month, (), (name,))
    data, known = program.evaluate(world.batch()).values[name]
    found = program.explain_variables(world.alone(0))[0]
    assert found.value == (data[0].item() if known is None or known[0] else None)
    return ",".join(found.missing) if found.value is None else found.value


# ---- stepped scales ---------------------------------------------------------------------------------------------------------------------

SCALES = """
    @variable(Person, unit="fen/month", label=TITLE)
    def sliced(person, law): return marginal(law.rates[person.degree], person.wage)

    @variable(Person, unit="fen", label=TITLE)
    def stepped(person, law): return bracket(law.steps[person.degree], person.wage)
"""
# Of different lengths, one that begins below nothing; whoever has no degree has no scale.
SCALES_YAML = """
    rates:
      unit: "1"
      threshold_unit: yuan/month
      by: [degree]
      values:
        - {from: 2020-01-01, degree: bachelor, scale: {thresholds: [-1000, 0, 1000.5], rates: [0.1, 0.2, 0.333]}}
        - {from: 2020-01-01, degree: [master, doctor], scale: {thresholds: [-500], rates: [0.5]}}
    steps:
      unit: yuan
      threshold_unit: yuan/month
      by: [degree]
      values:
        - {from: 2020-01-01, degree: bachelor, scale: {thresholds: [0, 1000, 2000], amounts: [10, 20.5, 0]}}
        - {from: 2020-01-01, degree: [master, doctor], scale: {thresholds: [-3000], amounts: [7]}}
"""


@pytest.mark.parametrize(
    ("degree", "wage", "sliced", "stepped"),
    [
        (1, 50000, 20000000, 1000),  # 1,000 x 0.1 + 500 x 0.2
        (1, -40000, 6000000, 0),  # 600 x 0.1
        (1, -100001, 0, 0),
        (1, 200000, 63293350, 0),  # 100 + 1,000.5 x 0.2 + 999.5 x 0.333: 632.9335 yuan
        (1, 199999, 63293017, 2050),
        (1, 100000, 30000000, 2050),
        (1, 99999, 29999800, 1000),
        (2, 50000, 50000000, 700),
        (3, 60001, 55000500, 700),
        (2, -300000, 0, 700),
        (2, -300001, 0, 0),
        (0, 50000, "law.rates", "law.steps"),
    ],
)
def test_a_scale_is_read_by_its_keys(tmp_path: Path, degree: int, wage: int, sliced: int | str, stepped: int | str) -> None:
    law = written_law(tmp_path, SCALES, SCALES_YAML)
    world = world_of_one({"degree": degree, "wage": wage})
    assert (value(law, "sliced", world), value(law, "stepped", world)) == (sliced, stepped)


# ---- rounding ---------------------------------------------------------------------------------------------------------------------------

ROUNDINGS = "".join(
    f"""
    @variable(Person, unit="fen/month", label=TITLE)
    def {mode}_{to}(person, law): return round_{mode}(person.wage * law.hundredth, {to.upper()})
    """
    for mode in ("half_up", "up", "down")
    for to in ("fen", "yuan")
)


@pytest.mark.parametrize(
    ("hundredths", "half_up", "up", "down"),
    [
        (149, (1, 0), (2, 100), (1, 0)),
        (150, (2, 0), (2, 100), (1, 0)),
        (-149, (-1, 0), (-1, 0), (-2, -100)),
        # A half goes up, towards more: minus one and a half becomes minus one.
        (-150, (-1, 0), (-1, 0), (-2, -100)),
        (-151, (-2, 0), (-1, 0), (-2, -100)),
        (4999, (50, 0), (50, 100), (49, 0)),
        (5000, (50, 100), (50, 100), (50, 0)),
        (-5000, (-50, 0), (-50, 0), (-50, -100)),
        (-5001, (-50, -100), (-50, 0), (-51, -100)),
        (10000, (100, 100), (100, 100), (100, 100)),
        (10001, (100, 100), (101, 200), (100, 100)),
        (0, (0, 0), (0, 0), (0, 0)),
    ],
)
def test_amounts_are_rounded_as_the_law_says(tmp_path: Path, hundredths: int, half_up: Any, up: Any, down: Any) -> None:
    law = written_law(tmp_path, ROUNDINGS, 'hundredth: {unit: "1", values: [{from: 2000-01-01, value: 0.01}]}')
    world = world_of_one({"wage": hundredths})
    found = [tuple(value(law, f"{mode}_{to}", world) for to in ("fen", "yuan")) for mode in ("half_up", "up", "down")]
    assert found == [half_up, up, down]


# ---- by date and area -------------------------------------------------------------------------------------------------------------------

STANDARD = """
    @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE)
    def b(household, law): return law.standard[household.district]

    @benefit(Household, code="then", every=MONTH, unit="fen", label=TITLE)
    def then(household, law, period): return law.standard[household.district].on(add_months(period.start, -law.back))
"""
STANDARD_YAML = """
    back: {unit: month, values: [{from: 2000-01-01, value: 12}]}
    standard:
      unit: yuan
      by: [area]
      values:
        - {from: 2020-01-01, area: city, value: 100}
        - {from: 2021-01-01, until: 2022-01-01, area: [330108], value: 150}
        - {from: 2022-07-01, area: city_proper, value: 200}
        - {from: 2022-07-01, area: [330106], value: 210}
        - {from: 2023-01-01, area: [330127], value: 90}
        - {from: 2024-01-01, area: city, value: 300}
        - {from: 2024-03-01, area: [330102, 330108], value: 310}
"""


@pytest.mark.parametrize(
    ("district", "yuan"),
    [
        # 2020-12, 2021-01, 2021-12, 2022-01, 2022-06, 2022-07, 2023-01, 2023-12, 2024-01, 2024-03
        (330102, [100, 100, 100, 100, 100, 200, 200, 200, 300, 310]),
        (330106, [100, 100, 100, 100, 100, 210, 210, 210, 300, 300]),
        (330108, [100, 150, 150, 100, 100, 200, 200, 200, 300, 310]),
        (330127, [100, 100, 100, 100, 100, 100, 90, 90, 300, 300]),
    ],
)
def test_a_later_city_wide_value_ends_a_districts_own(tmp_path: Path, district: int, yuan: list[int]) -> None:
    """And of equally new values the narrowest applies; where a value has ended, the one before it does again."""
    law = written_law(tmp_path, STANDARD, STANDARD_YAML)
    written = ["2020-12", "2021-01", "2021-12", "2022-01", "2022-06", "2022-07", "2023-01", "2023-12", "2024-01", "2024-03"]
    months = [Month.parse(text) for text in written]
    world = world_of_one(household={"district": district})
    assert [amount(law, month, "b", world) for month in months] == [100 * each for each in yuan]
    # The same numbers a year on, asked for as they were a year before.
    assert [amount(law, month.shifted(12), "then", world) for month in months] == [100 * each for each in yuan]


def test_each_district_of_one_month_has_its_own_value(tmp_path: Path) -> None:
    law = written_law(tmp_path, STANDARD, STANDARD_YAML)
    world = World(3, 40, 0.0)
    city = {330102: 200, 330105: 200, 330106: 210, 330108: 200, 330127: 90}
    found = law.program(Month(2023, 6), ["b"]).evaluate(world.batch())["b"]
    # A district outside the city has no standard, and the answer says so.
    expected = [100 * city.get(district, 0) for district in world.columns["household"]["district"]]
    assert found.amount.tolist() == expected
    assert set(found.missing) == {"law.standard"}


# ---- rules that begin, change and end ---------------------------------------------------------------------------------------------------

ENDED = """
    @benefit(Person, code="grant", every=MONTH, unit="fen", label=TITLE, in_force=("2022-01-01", "2024-07-01"))
    def grant(person, law): return law.grant_amount

    @grant.from_date("2023-05-01")
    def grant_2023(person, law): return where(person.hukou_local, law.grant_amount, 0)

    @grant.from_date("2024-02-15")
    def grant_2024(person, law): return where(person.disabled, law.grant_amount, 0)

    @benefit(Person, code="instead", every=MONTH, unit="fen", label=TITLE)
    def instead(person, law): return where(person.grant == 0, law.small, 0)
"""
# The number ends with the benefit: no month after needs it.
ENDED_YAML = """
    grant_amount: {unit: yuan, values: [{from: 2022-01-01, value: 10}, {from: 2023-07-01, until: 2024-07-01, value: 12}]}
    small: {unit: yuan, values: [{from: 2000-01-01, value: 1}]}
"""


@pytest.mark.parametrize(
    ("month", "grant", "instead"),
    [
        ("2021-12", None, 100),
        ("2022-01", 1000, 0),
        ("2023-04", 1000, 0),
        ("2023-05", 0, 100),  # for those of the city only, from here
        ("2024-02", 0, 100),
        ("2024-03", 1200, 0),  # the wording of 15 February is that of March
        ("2024-06", 1200, 0),
        ("2024-07", None, 100),
        ("2030-01", None, 100),
    ],
)
def test_a_rule_that_changed_and_ended_inside_the_years_asked_for(tmp_path: Path, month: str, grant: int | None, instead: int) -> None:
    law, on = written_law(tmp_path, ENDED, ENDED_YAML), Month.parse(month)
    world = world_of_one({"hukou_local": False, "disabled": True})
    if grant is None:
        assert list(law.program(on).benefits) == ["instead"]
        assert [benefit.code for benefit in law.not_in_force(on)] == ["grant"]
    else:
        assert amount(law, on, "grant", world) == grant
    assert amount(law, on, "instead", world) == instead


PERIODS = "".join(
    f"""
    @benefit(Person, code="months_{every}", every={every}, unit="month", label=TITLE)
    def months_{every}(person, period): return period.months

    @benefit(Person, code="start_{every}", every={every}, unit="day", label=TITLE)
    def start_{every}(person, period): return period.start - person.birth_date

    @benefit(Person, code="days_{every}", every={every}, unit="day", label=TITLE)
    def days_{every}(person, period): return period.end - period.start
    """
    for every in ("MONTH", "QUARTER", "YEAR", "ONCE")
)


@pytest.mark.parametrize(
    ("every", "month", "found"),
    [
        ("MONTH", "2024-02", (1, 31, 29)),
        ("ONCE", "2024-02", (1, 31, 29)),
        ("QUARTER", "2024-01", (3, 0, 91)),
        ("QUARTER", "2024-03", (3, 0, 91)),
        ("QUARTER", "2024-04", (3, 91, 91)),
        ("QUARTER", "2024-12", (3, 274, 92)),
        ("YEAR", "2024-01", (12, 0, 366)),
        ("YEAR", "2024-12", (12, 0, 366)),
        ("YEAR", "2025-06", (12, 366, 365)),
    ],
)
def test_a_period_holds_the_month_asked_for(tmp_path: Path, every: str, month: str, found: tuple[int, int, int]) -> None:
    """Months of the period, days from the first of 2024 to its start, and its days; the end is exclusive."""
    law = written_law(tmp_path, PERIODS)
    world = world_of_one({"birth_date": Month(2024, 1).start})
    assert tuple(amount(law, Month.parse(month), f"{what}_{every}", world) for what in ("months", "start", "days")) == found


@pytest.mark.parametrize(
    "formula",
    [
        "total(household.members.wage * law.lost)",
        "highest(household.members.wage, where=household.members.wage * law.lost > 0)",
        "total(household.members.share)",
    ],
)
def test_a_number_that_was_not_found_leaves_a_sum_over_members_unknown(tmp_path: Path, formula: str) -> None:
    rules = f"""
        @variable(Household, unit="fen/month", label=TITLE)
        def lost_sum(household, law): return {formula}

        @variable(Person, unit="fen/month", label=TITLE)
        def share(person): return person.household.lost_rent

        @variable(Household, unit="fen/month", label=TITLE)
        def lost_rent(household, law): return household.rent * law.lost
    """
    law = written_law(tmp_path, rules, 'lost: {unit: "1", values: [{from: 2000-01-01, value: not_found}]}')
    assert value(law, "lost_sum", world_of_one({"wage": 5}, {"rent": 7})) == "law.lost"
