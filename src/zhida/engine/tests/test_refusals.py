"""What cannot run is refused when the law is loaded, by file and line, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhida.engine import errors
from zhida.engine.api import EngineError
from zhida.engine.tests.written import OFFSET, written_law
from zhida.kernel.period import Month

LIMIT = """
limit: {unit: year, values: [{from: 2000-01-01, value: 80}]}
steps: {unit: "1", values: [{from: 2000-01-01, scale: {thresholds: [0], amounts: [1]}}]}
due: {unit: yuan/month, values: [{from: 2000-01-01, value: 80}]}
"""
VARIABLE = "@variable({entity}, unit='{unit}', label=TITLE)\ndef x({name}, law, period): return {formula}\n"

# entity, unit, formula -> the error and words that its sentence must hold
REFUSED = [
    ("Household", "fen/month", "household.household_income + law.limit", errors.UnitsDiffer, ["fen/month", "year", "parameters/"]),
    ("Household", "fen/month", "household.household_income + household.size", errors.UnitsDiffer, ["fen/month", "a plain number"]),
    ("Household", "fen", "household.household_income", errors.ResultUnitDiffers, ["declared as fen", "fen/month"]),
    ("Household", "fen/month", "household.household_income * 12", errors.LiteralNumber, ["12", "parameters/"]),
    ("Household", "fen/month", "household.household_income * 0.5", errors.LiteralNumber, ["0.5"]),
    ("Household", "fen/month", "household.household_income + 1", errors.LiteralNumber, ["1"]),
    ("Household", "bool", "household.household_incme > 0", errors.UnknownName, ["household_incme", "Did you mean 'household_income'"]),
    ("Household", "bool", "law.limits > 0", errors.UnknownName, ["limits", "Did you mean 'limit'"]),
    ("Person", "bool", "person.degree == 'bachelr'", errors.UnknownCode, ["bachelr", "Did you mean 'bachelor'"]),
    ("Person", "bool", "person.degree.is_in('master', 'phd')", errors.UnknownCode, ["phd", "none, bachelor, master, doctor"]),
    ("Person", "bool", "person.wage == 'none'", errors.WrongKind, ["a code"]),
    ("Person", "bool", "person.rent > 0", errors.NameOfOtherEntity, ["'rent' belongs to household", "person.household.rent"]),
    ("Household", "fen/month", "household.wage", errors.NameOfOtherEntity, ["total(household.members.wage)"]),
    ("Household", "fen/month", "household.members.wage", errors.MembersNotGathered, ["total, count"]),
    ("Household", "fen/month", "total(household.household_income)", errors.NotMembers, ["total(household.members.x)"]),
    ("Person", "fen/month", "total(person.wage)", errors.NotMembers, ["total()"]),
    ("Household", "1", "count(household.members.wage)", errors.WrongKind, ["a yes/no value"]),
    ("Household", "1", "household.rent / household.household_income", errors.MayDivideByZero, ["where(divisor > 0", "maximum(divisor, 1)"]),
    ("Household", "fen/month", "household.rent / count(household.members.disabled)", errors.MayDivideByZero, ["divisor"]),
    ("Household", "1", "where(household.rent > 0, household.rent / household.household_income, 0)", errors.MayDivideByZero, ["divisor"]),
    ("Household", "1", "where(household.rent > law.limit * 0, 1, household.rent / household.rent)", errors.UnitsDiffer, ["fen/month"]),
    ("Household", "1", "where(household.rent != 0, household.rent / maximum(household.rent, 0), 0)", errors.MayDivideByZero, ["divisor"]),
    (
        "Household",
        "1",
        "where(household.rent - law.due != 0, law.due / (household.rent - law.due + law.due), 0)",
        errors.MayDivideByZero,
        ["where("],
    ),
    (
        "Household",
        "1",
        "total(household.members.wage / household.members.wage, where=household.members.wage > 0)",
        errors.MayDivideByZero,
        ["divisor"],
    ),
    ("Person", "fen/month", "person.wage if person.disabled else 0", errors.NotSymbolic, ["where(condition, a, b)"]),
    ("Person", "bool", "person.disabled and person.hukou_local", errors.NotSymbolic, ["&, |, ~"]),
    ("Person", "fen/month", "person.wage // law.limit", errors.NotSymbolic, ["round_down(a / b)"]),
    ("Household", "fen/month", "sum(household.members.wage)", errors.NotSymbolic, ["total(household.members.x)"]),
    ("Person", "bool", "person.birth_date", errors.ResultUnitDiffers, ["bool", "a date"]),
    ("Person", "date", "add_months(person.birth_date, law.limit)", errors.UnitsDiffer, ["month", "year"]),
    ("Person", "date", "person.birth_date + law.limit", errors.UnitsDiffer, ["a date", "year"]),
    ("Person", "year", "years_between(person.birth_date, person.wage)", errors.WrongKind, ["a date"]),
    ("Person", "fen/month", "round_half_up(person.insured_months, YUAN)", errors.UnitsDiffer, ["fen", "month"]),
    ("Person", "bool", "person.wage & person.disabled", errors.WrongKind, ["a yes/no value", "fen/month"]),
    ("Person", "parsec", "person.wage", errors.UnitUnknown, ["parsec", "fen, month"]),
    ("Person", "fen/month", "person.nothing.nowhere", errors.UnknownName, ["nothing"]),
    ("Person", "fen/month", "undefined_name", errors.NameUndefined, ["undefined_name", "is defined nowhere"]),
    ("Person", "bool", "persn.disabled", errors.NameUndefined, ["'persn'", "Did you mean 'person'"]),
    ("Person", "year", "3", errors.LiteralNumber, ["3"]),
    ("Person", "1", "law.limit[person.degree]", errors.KeysDiffer, ["0 keys", "got 1"]),
    ("Person", "date", "highest(person.claims.claim_settled_on)", errors.WrongKind, ["default="]),
    ("Person", "1", "count(person.household.members.claims)", errors.NotSymbolic, ["@variable of person"]),
    ("Household", "1", "rank(household.members.birth_date)", errors.NotMembers, ["rank"]),
    ("Person", "1", "rank(person.birth_date, within=person.degree)", errors.WrongKind, ["in quotes"]),
    ("Person", "1", "round_half_up(person.wage, to='JIAO')", errors.WrongKind, ["FEN or YUAN"]),
    ("Person", "1", "maximum(law.steps, 0)", errors.WrongKind, ["law.<name>"]),
    ("Person", "1", "law.steps / person.wage", errors.WrongKind, ["marginal(scale, base)"]),
    ("Person", "1", "rank(person.birth_date, within='houshold')", errors.UnknownName, ["Did you mean 'household'"]),
]


@pytest.mark.parametrize(("entity", "unit", "formula", "error", "words"), REFUSED)
def test_a_formula_that_cannot_run_is_refused_by_file_and_line(
    tmp_path: Path, entity: str, unit: str, formula: str, error: type[EngineError], words: list[str]
) -> None:
    rules = VARIABLE.format(entity=entity, unit=unit, name=entity.lower(), formula=formula)
    with pytest.raises(error) as refused:
        written_law(tmp_path, rules, LIMIT)
    sentence = refused.value.text.en
    line = int(sentence.split("rules.py:")[1].split(":")[0])
    assert line in (OFFSET + 1, OFFSET + 2)
    for word in words:
        assert word in sentence
    assert refused.value.text.zh.split("rules.py:")[1]


SAFE_DIVISIONS = [
    "household.household_income / household.size",
    "household.household_income / maximum(count(household.members.disabled), 1)",
    "where(household.rent > 0, household.household_income / household.rent * household.rent, 0)",
    "where(household.rent == 0, 0, household.household_income / household.rent * household.rent)",
    "where((household.size > 1) & (household.rent >= 1 * law.rent_least), household.household_income / household.rent * household.rent, 0)",
    "where(household.rent != 0, household.household_income / household.rent * household.rent, 0)",
    "where(~(household.rent <= 0), household.household_income / household.rent * household.rent, 0)",
    "household.household_income / law.two",
    "household.household_income / clamp(household.size, law.two, law.four)",
]


@pytest.mark.parametrize("formula", SAFE_DIVISIONS)
def test_a_division_whose_divisor_cannot_be_zero_is_accepted(tmp_path: Path, formula: str) -> None:
    numbers = """
        two: {unit: "1", values: [{from: 2000-01-01, value: 2}]}
        four: {unit: "1", values: [{from: 2000-01-01, value: 4}]}
        rent_least: {unit: yuan/month, values: [{from: 2000-01-01, value: 1}]}
    """
    written_law(tmp_path, VARIABLE.format(entity="Household", unit="fen/month", name="household", formula=formula), numbers)


def test_a_guard_in_another_branch_does_not_count(tmp_path: Path) -> None:
    formula = "where(household.rent > 0, 0, household.household_income / household.rent * household.rent)"
    with pytest.raises(errors.MayDivideByZero):
        written_law(tmp_path, VARIABLE.format(entity="Household", unit="fen/month", name="household", formula=formula))


def test_formulas_in_a_circle_are_refused(tmp_path: Path) -> None:
    rules = """
        @variable(Person, unit="bool", label=TITLE)
        def a(person): return person.b
        @variable(Person, unit="bool", label=TITLE)
        def b(person): return ~person.a
    """
    with pytest.raises(errors.Cycle, match=r"rules\.py:5: .*a → b → a\. Break one") as refused:
        written_law(tmp_path, rules)
    assert "rules.py:5：" in refused.value.text.zh


BENEFIT = "@benefit(Person, code='b', every=ONCE, unit='fen', label=TITLE, {more})\ndef b(person): return 0"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("occasion='birth_dat'", "person has no 'birth_dat'. Did you mean 'birth_date'?"),
        ("occasion='rent'", "'rent' belongs to household"),
        ("payee='organisation:emploier'", "payee has no 'emploier'. Did you mean 'employer'?"),
        ("payee='organisation:wage'", "Write a fact that is an organisation"),
    ],
)
def test_what_a_benefit_names_must_be_there(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(errors.FormulaRefused, match=r"rules\.py:2: ") as refused:
        written_law(tmp_path, BENEFIT.format(more=more))
    assert words in refused.value.text.en


def test_money_that_is_not_whole_fen_is_refused(tmp_path: Path) -> None:
    rules = """
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE)
        def b(household): return household.household_income / household.size
    """
    with pytest.raises(errors.NotWhole, match="round_half_up"):
        written_law(tmp_path, rules)


def test_an_argument_that_formulas_cannot_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.FormulaArgument, match="'household'"):
        written_law(tmp_path, "@variable(Person, unit='bool', label=TITLE)\ndef x(household): return household.means_tested")


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.NameTaken, match="'wage'"):
        written_law(tmp_path, "@variable(Person, unit='bool', label=TITLE)\ndef wage(person): return person.disabled")


PAYS_X = """
    @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE{more})
    def b(household, law): return {formula}
"""
SINCE_2022 = "x: {unit: yuan, by: [area], values: [{from: 2022-01-01, area: city_proper, value: 3}]}"
SINCE_2022_ALL = SINCE_2022.replace("city_proper", "city")
IN_FORCE = ', in_force=("2021-01-01", {end})'

# The numbers, when the benefit is in force, its formula -> the day and words of the refusal
GAPS = [
    (SINCE_2022, "", "law.x[household.district]", ["2022-01-01", "330127"]),
    (SINCE_2022_ALL, IN_FORCE.format(end=None), "law.x[household.district]", ["2021-01-01", "330102"]),
    ("x: {unit: yuan, values: [{from: 2020-01-01, until: 2023-05-16, value: 3}]}", IN_FORCE.format(end=None), "law.x", ["2023-06-01"]),
    (
        "x: {unit: yuan, values: [{from: 2020-01-01, until: 2022-01-01, value: 3}, {from: 2022-07-01, value: 3}]}",
        IN_FORCE.format(end=None),
        "law.x",
        ["2022-01-01"],
    ),
    (
        "x: {unit: yuan, threshold_unit: yuan/month, values: [{from: 2022-01-01, scale: {thresholds: [0], amounts: [1]}}]}",
        IN_FORCE.format(end=None),
        "bracket(law.x, household.rent)",
        ["2021-01-01"],
    ),
]


@pytest.mark.parametrize(("numbers", "in_force", "formula", "words"), GAPS)
def test_a_parameter_without_a_value_while_a_benefit_is_in_force_is_refused_at_load(
    tmp_path: Path, numbers: str, in_force: str, formula: str, words: list[str]
) -> None:
    with pytest.raises(errors.ParameterWithoutValue) as refused:
        written_law(tmp_path, PAYS_X.format(more=in_force, formula=formula), numbers)
    assert refused.value.place[1] == OFFSET + 2
    for word in ["/rules.py:3: ", "'x'", "parameters/numbers.yaml:1", "written.b", "Add it there", "in_force", *words]:
        assert word in refused.value.text.en


def test_a_benefit_that_ends_with_its_numbers_is_accepted(tmp_path: Path) -> None:
    numbers = "x: {unit: yuan, values: [{from: 2020-01-01, until: 2023-05-16, value: 3}]}"
    written_law(tmp_path, PAYS_X.format(more=IN_FORCE.format(end='"2023-05-16"'), formula="law.x"), numbers)


def test_a_wording_that_needs_a_number_before_it_has_a_value_is_refused(tmp_path: Path) -> None:
    rules = """
        @variable(Household, unit="fen", label=TITLE)
        def amount(household): return 0
        @amount.from_date("2023-01-01")
        def amount_2023(household, law): return law.x
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE, in_force=("2021-01-01", {end}))
        def b(household): return household.amount
    """
    numbers = "x: {unit: yuan, values: [{from: 2023-03-01, value: 3}]}"
    with pytest.raises(errors.ParameterWithoutValue, match=r"rules\.py:5: .*written\.amount needs, has no value on 2023-01-01"):
        written_law(tmp_path, rules.format(end=None), numbers)
    written_law(tmp_path, rules.format(end='"2023-01-01"'), numbers)


def test_a_month_before_the_first_value_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    law = written_law(tmp_path, PAYS_X.format(more="", formula="law.x[household.district]"), SINCE_2022_ALL)
    law.program(Month(2022, 1))
    with pytest.raises(errors.ParameterWithoutValue, match=r"rules\.py:3: parameter 'x' .* no value on 2021-12-01 for 330102"):
        law.program(Month(2021, 12))


def test_a_benefit_that_may_not_be_in_force_is_no_divisor(tmp_path: Path) -> None:
    rules = """
        @benefit(Household, code="b", every=MONTH, unit="fen", label=TITLE, in_force=("2021-01-01", None))
        def b(household, law): return law.x
        @variable(Household, unit="month", label=TITLE)
        def months(household, law): return {formula}
    """
    numbers = "{x: {unit: yuan, values: [{from: 2020-01-01, value: 3}]}, y: {unit: yuan*month, values: [{from: 2020-01-01, value: 3}]}}"
    with pytest.raises(errors.MayDivideByZero, match=r"rules\.py:5"):
        written_law(tmp_path, rules.format(formula="law.y / household.b"), numbers)
    written_law(tmp_path, rules.format(formula="where(household.b > 0, law.y / household.b, 0)"), numbers)


def test_a_code_in_parameters_that_the_fact_does_not_have_is_refused(tmp_path: Path) -> None:
    rules = "@variable(Person, unit='fen', label=TITLE)\ndef x(person, law): return law.grant[person.degree]"
    with pytest.raises(errors.UnknownCode, match=r"'masters'.*Did you mean 'master'"):
        written_law(tmp_path, rules, "grant: {unit: yuan, by: [degree], values: [{from: 2020-01-01, value: {masters: 3}}]}")


def test_a_benefit_that_does_not_exist_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    law = written_law(tmp_path, PAYS_X.format(more="", formula="0").replace('"b"', '"rent_help"'))
    with pytest.raises(errors.BenefitUnknown, match="'rent_help'"):
        law.program(Month(2025, 10), ["rent_hlp"])
