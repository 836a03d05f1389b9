"""Reforms: what they change, what they leave, what they refuse; and that a benefit that is not listed as changed is decided the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhida.engine import api as e
from zhida.engine.api import EngineError, Law, Reform, changed_benefits, load_law, read_reform
from zhida.engine.reform_shifts import shifts
from zhida.engine.tests.random_formulas import Formulas
from zhida.engine.tests.sample.entities import AREAS, CITY, FACTS, Claim, Household, Person
from zhida.engine.tests.test_both_evaluators_agree import PARAMETERS, _named, evaluated
from zhida.engine.tests.test_law import POOR, amount, world_of_one
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE, written_law
from zhida.kernel.period import Month

OCTOBER, SEPTEMBER = Month(2025, 10), Month(2025, 9)
SLOW = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
HEAD = "title: {zh: 试, en: A try}\nfrom: 2025-10\n"


@pytest.fixture(scope="module")
def law() -> Law:
    return load_law([SAMPLE], FACTS, AREAS)


def reform(text: str) -> Reform:
    return read_reform(HEAD + text, "try.yaml")


def support(law: Law, month: Month = OCTOBER, district: int = 330106) -> int | str:
    """What a household of one with 1,000 yuan a month is topped up with."""
    return amount(law, month, "support", world_of_one(household=POOR | {"district": district}))


# ---- parameters -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "here", "in_binjiang"),
    [
        # 1,216.50 here and 1,300 in 330108; the household has 1,000.
        ("{multiply: 1.1}", 33815, 43000),
        ("{multiply: 1.1, round_to: 1}", 33800, 43000),
        ("{add: 100}", 31650, 40000),
        ("{multiply: 2, add: -1000}", 43300, 60000),
        ("1400", 40000, 40000),
        ("{values: [{area: [330106], value: 1300.25}]}", 30025, 30000),
        ("{values: [{area: city, value: 1400}]}", 40000, 40000),
        ("{values: [{value: 1100}]}", 10000, 10000),
        ("{values: [{area: city, value: 1400}], replace: true}", 40000, 40000),
    ],
)
def test_a_parameter_changes_from_the_first_day_on(law: Law, change: str, here: int, in_binjiang: int) -> None:
    after = law.reformed(reform(f"parameters:\n  support_standard: {change}"))
    assert (support(after), support(after, district=330108)) == (here, in_binjiang)
    # Before the reform, and in the law itself, all is as it was.
    assert support(after, SEPTEMBER) == support(law, SEPTEMBER) == support(law) == 121650 - 100000
    assert support(law, district=330108) == 30000


def test_an_old_value_of_a_district_stays_ended_where_all_values_are_recalculated(law: Law) -> None:
    """955 of 330127 was ended by the city's 1,216.50; times ten it must not come back as the narrower of two equally new values."""
    after = law.reformed(reform("parameters:\n  support_standard: {multiply: 10}"))
    assert support(after, district=330127) == 1216500 - 100000


def test_a_scale_is_recalculated_bracket_by_bracket_and_keeps_its_thresholds(law: Law) -> None:
    after = law.reformed(reform("parameters:\n  money_steps: {multiply: 3}"))
    (entry,) = [entry for entry in after.parameters["money_steps"].entries if entry.since == date(2025, 10, 1)]
    assert (entry.value.thresholds, entry.value.amounts) == ((0, 500000), (3000, 6150))  # type: ignore[union-attr]


def test_a_changed_number_says_that_a_reform_changed_it_and_the_old_one_says_what_it_said(law: Law) -> None:
    after = law.reformed(reform("parameters:\n  support_standard: {add: 1}"))
    new, old, before = (
        found.parameters["support_standard"].entry_on(day, [330106])
        for found, day in ((after, date(2025, 10, 1)), (after, date(2025, 9, 1)), (law, date(2025, 9, 1)))
    )
    assert new is not None and old is not None and before is not None
    assert (new.value, new.source) == (121750, "改革 试 / reform A try；test")
    assert (old.value, old.since, old.source) == (before.value, before.since, before.source)


def test_a_reform_of_a_law_of_an_earlier_day_is_known_on_that_day() -> None:
    old = load_law([SAMPLE], FACTS, AREAS, date(2025, 3, 1))
    assert support(old.reformed(reform("parameters:\n  support_standard: 1400"))) == 40000


def test_the_name_tells_the_content(law: Law) -> None:
    one, two = reform("parameters:\n  support_standard: 1400"), reform("parameters:\n  support_standard: 1401")
    assert law.reformed(one).name == law.reformed(one).name
    assert len({law.name, law.reformed(one).name, law.reformed(two).name}) == 3


def test_a_value_can_be_put_in_place_of_a_target_and_read_again(law: Law) -> None:
    given_ = reform("parameters:\n  age_two: 85\ntarget: {parameter: support_standard, budget: 12.5}")
    assert given_.target is not None
    assert given_.target.budget_fen == 1250
    found = given_.with_value("support_standard", {"multiply": 2})
    assert (found.target, support(law.reformed(found))) == (None, 143300)
    assert read_reform(found.text, "try.yaml") == found


def test_the_numbers_that_differ_are_told_in_words(law: Law) -> None:
    after = law.reformed(reform("parameters:\n  support_standard: {add: 100}\n  old_age: 75\n  age_two: 90"))
    told = {(shift.parameter, shift.keys): (shift.before.en, shift.after.en) for shift in shifts(law, after, OCTOBER.start)}
    assert told["old_age", ()] == ("80 years", "75 years")
    assert told["support_standard", ((330108,),)] == ("1,300.00 yuan/month", "1,400.00 yuan/month")
    assert all(parameter != "age_two" for parameter, _ in told)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"none\.yaml:1"):
        read_reform(tmp_path / "none.yaml")


# ---- formulas and benefits --------------------------------------------------------------------------------------------------------------

GIFT = """
parameters:
  gift_amount: {unit: yuan, label: {zh: 礼, en: Gift}, values: [{value: 12}]}
formulas: |
  @benefit(Person, code="gift", every=YEAR, unit="fen", label=("礼", "Gift"))
  def gift(person, law):
      return where(person.disabled, 0, law.gift_amount)
"""


def test_a_new_benefit_with_a_new_number_begins_with_the_reform(law: Law) -> None:
    after = law.reformed(reform(GIFT))
    assert amount(after, OCTOBER, "gift", world_of_one()) == 1200
    assert "gift" not in after.program(SEPTEMBER).benefits
    assert changed_benefits(law.program(OCTOBER), after.program(OCTOBER)) == ["gift"]


def test_a_formula_is_replaced_from_the_first_day_on(law: Law) -> None:
    text = """
formulas: |
  @benefit(Household, code="support", every=MONTH, unit="fen", label=("救助", "Support"), payee="head")
  def support(household, law):
      return where(household.means_tested, round_half_up(law.support_standard[household.district]), 0)
"""
    known = law.benefits["support"]
    text = text.replace('payee="head"', f'payee="{known.payee}"').replace("def support(", f"def {known.name}(")
    after = law.reformed(reform(text))
    assert (support(after), support(after, SEPTEMBER)) == (121650, 21650)
    assert "support" in changed_benefits(law.program(OCTOBER), after.program(OCTOBER))


def test_a_benefit_ends_in_the_month_before(law: Law) -> None:
    after = law.reformed(reform("benefits: {ended: [support]}"))
    assert "support" in after.program(SEPTEMBER).benefits
    assert "support" not in after.program(OCTOBER).benefits
    assert "support" in law.program(OCTOBER).benefits


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("parametres: {}", 3, "Did you mean 'parameters'"),
        ("parameters:\n  suport_standard: 1", 4, "Did you mean 'support_standard'"),
        ("parameters:\n  old_age: 1\n  support_standard: {multiply: much}", 5, "'much' cannot be 'multiply'"),
        ("parameters:\n  old_age: {multiply: 2, value: 3}", 4, "say once how old_age changes"),
        ("parameters:\n  old_age: {multiply: 0.33333333}", 4, "Add round_to"),
        ("parameters:\n  old_age: {add: -81}", 4, "would be below 0"),
        ("parameters:\n  old_age: {multiply: 1.0e+99999999}", 4, "cannot be 'multiply'"),
        ("parameters:\n  support_standard: {multiply: 1000000000000}", 4, "too large"),
        ("parameters:\n  support_standard:\n    values: [{aera: [330127], value: 5}]", 4, "Did you mean 'area'"),
        ("parameters:\n  support_standard: {values: [{area: nowhere, value: 5}]}", 4, "'nowhere' is unknown"),
        ("parameters:\n  support_standard: {unit: fen, values: [{value: 5}]}", 4, "the law has 'support_standard' with its unit"),
        ("parameters:\n  money_steps: 3", 4, "must be written with 'scale'"),
        ("parameters:\n  old_age: &x 1\n  age_two: *x", 4, "not allowed"),
        ("parameters:\n  old_age: 1\n  old_age: 2", 5, "written twice"),
        ("parameters: [1", 4, "the YAML is wrong"),
        ("parameters: 7", 3, "must be a map"),
        ("benefits: {ended: [suport]}", 3, "Did you mean 'support'"),
        ("note: nothing", 1, "it changes nothing"),
        ("target: {parameter: old_age}", 3, "'target' needs"),
        ("formulas: |\n  import os", 4, "import"),
        (
            "formulas: |\n\n  @variable(Person, unit='bool', label=('x', 'x'))\n  def odd(person):\n      return person.disabeld",
            7,
            "disabeld",
        ),
        (
            "formulas: |\n  @benefit(Household, code='support', every=YEAR, unit='fen', label=('x', 'x'))\n"
            "  def support(household):\n      return 0",
            4,
            "support has another every",
        ),
    ],
)
def test_a_mistake_is_refused_with_file_line_and_remedy(law: Law, text: str, line: int, told: str) -> None:
    with pytest.raises(EngineError) as refused:
        law.reformed(reform(text))
    assert f"try.yaml:{line}" in str(refused.value)
    assert told in str(refused.value)
    assert refused.value.text.zh != refused.value.text.en


@settings(max_examples=20, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["values", "value", "from", "multiply", "add", "area", "by", "unit", "label", "scale", "zh", "x"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_stands_in_a_reform_it_is_read_or_refused(body: Any) -> None:
    import json

    law = _LAW.setdefault("law", load_law([SAMPLE], FACTS, AREAS))
    for part in ("parameters", "benefits", "target", "formulas", "title"):
        for value in (body, {"support_standard": body}, {"parameter": "old_age", "budget": body}, {"new_one": body}):
            try:
                law.reformed(read_reform(json.dumps({"title": "x", "from": "2025-10", "parameters": {"old_age": 1}, part: value})))
            except EngineError:
                continue


_LAW: dict[str, Law] = {}


# ---- what is listed as changed ----------------------------------------------------------------------------------------------------------


def test_a_reform_that_says_what_the_law_says_changes_nothing(law: Law) -> None:
    same = """
parameters:
  support_standard: {multiply: 1}
  old_age: 80
  graduate_grant: {values: [{value: {bachelor: 10000, master: 30000, doctor: 100000}}]}
  money_steps: {values: [{scale: {thresholds: [0, 5000], amounts: [10, 20.5]}}]}
"""
    after = law.reformed(reform(same))
    assert changed_benefits(law.program(OCTOBER), after.program(OCTOBER)) == []


def test_only_what_reads_a_changed_number_is_listed(law: Law) -> None:
    program = law.program(OCTOBER)
    for name in ("support_standard", "old_age", "claim_rates", "graduate_grant"):
        after = law.reformed(reform(f"parameters:\n  {name}: {{multiply: 2}}"))
        reading = sorted(code for code in program.benefits if name in program.parameters_of(code))
        assert changed_benefits(program, after.program(OCTOBER)) == reading, name


_PAIRS = [
    ("round_down(person.wage * law.one_month * law.tenth)", "round_up(person.wage * law.one_month * law.tenth)"),
    ("round_down(law.old_age_one * law.tenth)", "round_down(law.old_age_one * law.tenth, YUAN)"),
    ("person.wage * law.one_month - law.old_age_one", "law.old_age_one - person.wage * law.one_month"),
    ("where(person.disabled, law.old_age_one, 0)", "where(person.hukou_local, law.old_age_one, 0)"),
    ("where(person.disabled, law.old_age_one, 0)", "where(person.disabled, 0, law.old_age_one)"),
    ("where(person.degree == 'master', law.old_age_one, 0)", "where(person.degree == 'doctor', law.old_age_one, 0)"),
    ("where(person.degree.is_in('master'), law.old_age_one, 0)", "where(person.degree.is_in('master', 'doctor'), law.old_age_one, 0)"),
    ("where(person.birth_date < period.start, law.old_age_one, 0)", "where(person.birth_date <= period.start, law.old_age_one, 0)"),
    ("where(person.birth_date < period.start, law.old_age_one, 0)", "where(person.birth_date < period.end, law.old_age_one, 0)"),
    (
        "where(add_years(person.birth_date, 1) < period.start, law.old_age_one, 0)",
        "where(add_months(person.birth_date, law.one_month) < period.start, law.old_age_one, 0)",
    ),
    ("law.old_age_one", "law.old_age_two"),
    ("bracket(law.money_steps, person.wage * law.one_month)", "round_down(marginal(law.plain_rates, person.wage * law.one_month))"),
    ("total(person.claims.claim_cost)", "highest(person.claims.claim_cost)"),
    ("total(person.claims.claim_cost)", "total(person.claims.claim_cost, where=person.claims.claim_cost > law.old_age_one)"),
    (
        "where(rank(person.birth_date) == 1, law.old_age_one, 0)",
        "where(rank(person.birth_date, where=person.disabled) == 1, law.old_age_one, 0)",
    ),
    ("law.graduate_grant[person.degree]", "law.graduate_grant[person.degree].on(person.birth_date)"),
]
_ALIKE = [
    ("law.old_age_one + law.old_age_one", "law.old_age_one +   law.old_age_one"),
    ("where(person.disabled, law.old_age_one, 0)", "where(person.is_disabled_here, law.old_age_one, 0)"),
]


@pytest.mark.parametrize(("one", "other", "listed"), [*((a, b, ["x"]) for a, b in _PAIRS), *((a, b, []) for a, b in _ALIKE)])
def test_two_wordings_are_the_same_only_where_they_compute_the_same(tmp_path: Path, one: str, other: str, listed: list[str]) -> None:
    rules = """
    @variable(Person, unit="bool", label=TITLE)
    def is_disabled_here(person):
        return person.disabled

    @benefit(Person, code="x", every=MONTH, unit="fen", label=TITLE)
    def x(person, law, period):
        return FORMULA
    """
    programs = [written_law(tmp_path, rules.replace("FORMULA", text), _SAMPLE_NUMBERS).program(OCTOBER) for text in (one, other)]
    assert changed_benefits(*programs) == listed


_SAMPLE_NUMBERS = "\n".join(path.read_text() for path in sorted((SAMPLE.folder / "parameters").glob("*.yaml")))


class _Grown:
    """A benefit of a random formula that can be grown again from the same picks, with another ending."""

    def __init__(self, data: st.DataObject, entity: Any) -> None:
        self.entity, self.picks, self._data = entity, list[int](), data

    def benefit(self, ending: int = 0) -> Any:
        """ending: this many of the last picks are drawn anew."""
        kept = self.picks[: len(self.picks) - ending] if ending else list(self.picks)
        picks: list[int] = []

        def pick(options: int) -> int:
            old = kept[len(picks)] if len(picks) < len(kept) else self._data.draw(st.integers(0, options - 1))
            picks.append(min(old, options - 1))
            return picks[-1]

        def formula(symbol: Any, law: Any, period: Any, name: str = self.entity.name) -> Any:
            picks.clear()
            return e.round_half_up(Formulas(pick, law, period).money(symbol, name), e.FEN)

        named = _named(formula, self.entity.name)
        code = f"random_{self.entity.name}"
        self.picks = picks
        return e.benefit(self.entity, code=code, every=e.MONTH, unit="fen", label=("随机", "Random"))(named)


_CHANGES = (
    "support_standard: {multiply: 1.5}",
    "support_standard: {values: [{area: [330127], value: 2000}]}",
    "tenth: {multiply: 3}",
    "two: {add: 1}",
    "plain_rates: {multiply: 0.5}",
    "money_steps: {add: 3}",
    "graduate_grant: {values: [{value: {doctor: 7}}]}",
    "care_allowance: {values: [{value: {3: 9}}]}",
    "claim_months: 3",
    "claim_rates: {multiply: 0.5}",
    "deductible: {add: 1}",
    "old_age_one: {multiply: 1}",
)


@SLOW
@given(st.data(), st.integers(0, 2**32), st.sampled_from((0.0, 0.2)))
def test_a_benefit_that_is_not_listed_is_decided_the_same(data: st.DataObject, seed: int, gaps: float) -> None:
    grown = [_Grown(data, entity) for entity in (Person, Household, Claim)]
    base = Law("base", [one.benefit() for one in grown], PARAMETERS, FACTS, e.Areas(AREAS, CITY), None)
    again = Law("again", [one.benefit() for one in grown], PARAMETERS, FACTS, e.Areas(AREAS, CITY), None)
    assert changed_benefits(base.program(OCTOBER), again.program(OCTOBER)) == []

    ending = data.draw(st.integers(0, 4))
    other = Law("other", [one.benefit(ending) for one in grown], PARAMETERS, FACTS, e.Areas(AREAS, CITY), None)
    changes = data.draw(st.lists(st.sampled_from(_CHANGES), max_size=2, unique_by=lambda change: change.split(":")[0]))
    after = other.reformed(reform("parameters:\n" + "".join(f"  {change}\n" for change in changes) + "  age_two: 91\n"))
    listed = changed_benefits(base.program(OCTOBER), after.program(OCTOBER))

    batch = World(seed, 12, gaps).batch()
    before, then = evaluated(base.program(OCTOBER), batch), evaluated(after.program(OCTOBER), batch)
    for code in before:
        assert code in listed or _decisions(before[code]) == _decisions(then[code])


def _decisions(rows: list[tuple[int, int, str]]) -> list[tuple[int, int, list[str]]]:
    """Status, amount and missing facts; which fact is named first may hang on other benefits."""
    return [(status, granted, sorted(missing.split(","))) for status, granted, missing in rows]
