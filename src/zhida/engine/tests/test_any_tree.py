"""Employers, buildings and courses by the same engine: answers worked out by hand, and both evaluators agreeing on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.engine import api, errors
from zhida.engine.api import UNKNOWN, Areas, Batch, Entity, FactDefinition, Law, Names, Program, RootFacts, variable
from zhida.engine.fused.kernel import FusedProgram
from zhida.engine.node_words import NodeWords
from zhida.engine.sources import definitions_of
from zhida.engine.tests import trees
from zhida.engine.tests.sample.entities import AREAS, CITY, FACTS, Household
from zhida.engine.tests.test_both_evaluators_agree import PARAMETERS, answers_of
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE, written_law
from zhida.kernel.period import Month
from zhida.kernel.text import Text

OCTOBER = Month(2025, 10)
Rows = list[dict[str, Any]]
_TYPES = {"bool": pa.bool_(), "date": pa.date32(), "month": pa.date32(), "code": pa.int8()}


def batch_of(root: Entity, facts: Sequence[FactDefinition], **tables: Rows) -> Batch:
    """Make a batch of rows written out; what a row does not say is unknown."""
    kinds = {(fact.entity, fact.name): _TYPES.get(fact.dtype, pa.int64()) for fact in facts}
    made = {}
    for name, rows in tables.items():
        keys = {key for row in rows for key in row} | {name for owner, name in kinds if owner == name}
        columns = {key: pa.array([row.get(key) for row in rows], kinds.get((name, key), pa.int64())) for key in sorted(keys)}
        made[name] = pa.table(columns)
    return Batch.from_tables(made, root, facts)


def alone(root: Entity, number: int, **tables: Rows) -> RootFacts:
    """The same rows of one root, as the counter has them."""
    made = {}
    for name, rows in tables.items():
        mine = [row for row in rows if row[root.key] == number]
        keys = {key for row in rows for key in row}
        made[name] = {key: [row.get(key) for row in mine] for key in keys}
    return RootFacts(made)


def amounts(program: Program, root: Entity, facts: Sequence[FactDefinition], **tables: Rows) -> dict[str, list[int | str]]:
    """Return what the columns say, by benefit, and hold it against each root alone."""
    city = answers_of(program.evaluate(batch_of(root, facts, **tables)))
    found: dict[str, list[tuple[int, int, str]]] = {code: [] for code in city}
    for row in tables[root.name]:
        for answer in program.explain(alone(root, row[root.key], **tables)):
            found[answer.benefit.code].append((answer.status, answer.amount, ",".join(answer.missing)))
    assert found == city
    return {code: [missing or amount for _, amount, missing in answers] for code, answers in city.items()}


# ---- employers --------------------------------------------------------------------------------------------------------------------------


def months(employer: int, employee: int, first: Month, count: int, number: int, insured: bool | None = True) -> Rows:
    """Rows of insured months on end, each with 100.55 yuan paid in."""
    return [
        {
            "employer_no": employer,
            "employee_no": employee,
            "insured_month_no": number + step,
            "month": first.shifted(step).start,
            "insured": insured,
            "contribution": 10055,
        }
        for step in range(count)
    ]


def staff(employer: int, *numbers: int) -> Rows:
    return [{"employer_no": employer, "employee_no": number} for number in numbers]


@pytest.fixture(scope="module")
def employers() -> Law:
    return trees.law_of(*trees.EMPLOYERS)


# One employee the whole year, one the last six months, one until August.
OF_THREE = [
    *months(1, 11, Month(2024, 10), 12, 100),
    *months(1, 12, Month(2025, 4), 6, 200),
    *months(1, 13, Month(2024, 10), 11, 300),
]


def test_an_employer_gets_back_a_share_of_what_it_paid_for_staff_that_stayed(employers: Law) -> None:
    """29 months of 100.55 yuan, 2.4 heads on average, two of three insured for six months in a row: 60 %, down to the yuan."""
    tables = {"employer": [{"employer_no": 1}], "employee": staff(1, 11, 12, 13), "insured_month": OF_THREE}
    assert 29 * 10055 * 60 // 100 // 100 * 100 == 174900
    assert amounts(employers.program(OCTOBER), trees.Employer, trees.EMPLOYER_FACTS, **tables) == {"refund": [174900]}


def test_spells_end_where_a_month_is_missing(employers: Law) -> None:
    batch = batch_of(
        trees.Employer,
        trees.EMPLOYER_FACTS,
        employer=[{"employer_no": 1}],
        employee=staff(1, 11, 12, 13),
        insured_month=OF_THREE,
    )
    program = employers.program(OCTOBER, (), ("insured_in_a_row", "longest_insured", "headcount"))
    values = {name: (data.tolist(), known) for name, (data, known) in program.evaluate(batch).values.items()}
    assert values["insured_in_a_row"] == ([12, 6, 0], None)
    assert values["longest_insured"] == ([12, 6, 11], None)
    assert values["headcount"] == ([2416667], None)


@pytest.mark.parametrize(
    ("until", "in_a_row", "longest"),
    [
        (Month(2025, 10), 0, 4),  # nothing in September
        (Month(2025, 9), 2, 4),  # July and August
        (Month(2025, 7), 0, 4),
        (Month(2025, 6), 4, 4),  # February to May
        (Month(2025, 2), 0, 0),
        (Month(2030, 4), 0, 4),  # February 2025 is the 62nd month before
        (Month(2030, 5), 0, 3),  # and now one too far
    ],
)
def test_a_spell_is_counted_back_from_the_month_before(employers: Law, until: Month, in_a_row: int, longest: int) -> None:
    rows = [*months(1, 11, Month(2025, 2), 4, 100), *months(1, 11, Month(2025, 7), 2, 200), *months(1, 11, Month(2025, 8), 1, 300)]
    # Any day of a month stands for it, and a month twice is a month.
    rows[1]["month"] = date(2025, 3, 31)
    batch = batch_of(trees.Employer, trees.EMPLOYER_FACTS, employer=[{"employer_no": 1}], employee=staff(1, 11), insured_month=rows)
    values = employers.program(until, (), ("insured_in_a_row", "longest_insured")).evaluate(batch).values
    assert [values[name][0].tolist() for name in ("insured_in_a_row", "longest_insured")] == [[in_a_row], [longest]]


def test_a_spell_of_more_than_62_months_counts_as_62(employers: Law) -> None:
    rows = months(1, 11, Month(2019, 1), 81, 100)
    batch = batch_of(trees.Employer, trees.EMPLOYER_FACTS, employer=[{"employer_no": 1}], employee=staff(1, 11), insured_month=rows)
    values = employers.program(OCTOBER, (), ("insured_in_a_row", "longest_insured")).evaluate(batch).values
    assert [data.tolist() for data, _ in values.values()] == [[62], [62]]


def test_a_month_of_which_it_is_unknown_whether_it_was_insured_leaves_the_spell_unknown(employers: Law) -> None:
    rows = [*months(1, 11, Month(2025, 4), 5, 100), *months(1, 11, Month(2025, 9), 1, 200, insured=None)]
    tables = {"employer": [{"employer_no": 1}], "employee": staff(1, 11), "insured_month": rows}
    assert amounts(employers.program(OCTOBER), trees.Employer, trees.EMPLOYER_FACTS, **tables) == {"refund": ["insured"]}
    # Before the window, and after it, it does no harm to the spell; the year's sum still asks for it.
    values = employers.program(Month(2025, 9), (), ("insured_in_a_row",)).evaluate(batch_of(trees.Employer, trees.EMPLOYER_FACTS, **tables))
    assert values.values["insured_in_a_row"][0].tolist() == [5]
    assert values.values["insured_in_a_row"][1] is None


def test_a_spell_is_explained_month_by_month_the_newest_first(employers: Law) -> None:
    tables = {"employer": [{"employer_no": 1}], "employee": staff(1, 13), "insured_month": OF_THREE[18:]}
    facts = alone(trees.Employer, 1, **tables)
    steps = employers.program(OCTOBER, (), ("longest_insured",)).explain_variables(facts)[0].trace
    spell = steps.children[0]
    assert (spell.kind, spell.label.zh, spell.text.zh) == ("members", "最长连续月数（month）", "11 个月")
    assert [step.text.zh for step in spell.children[:2]] == ["2025年8月1日", "2025年7月1日"]
    assert spell.children[-1].label.en == "3 more not listed"


# ---- buildings --------------------------------------------------------------------------------------------------------------------------


def dwellings(building: int, unsafe: Sequence[bool | None]) -> Rows:
    return [
        {"building_id": building, "dwelling_no": 100 * building + place, "unsafe": found, "floor": 1} for place, found in enumerate(unsafe)
    ]


def occupant(building: int, place: int, tenancy: int, born: date | None, kind: int = 1, alone: bool = False) -> dict[str, Any]:
    where = {"building_id": building, "dwelling_no": 100 * building + place}
    return {**where, "tenancy": tenancy, "birth_date": born, "alone": alone, "tenant_kind": kind}


@pytest.fixture(scope="module")
def buildings() -> Law:
    return trees.law_of(*trees.BUILDINGS)


def test_a_building_is_coloured_by_its_share_of_unsafe_dwellings(buildings: Law) -> None:
    unsafe: list[Sequence[bool | None]] = [
        [True] + [False] * 3,
        [True] + [False] * 9,
        [True] + [False] * 10,
        [],
        [None, True, True],
        [None, False],
    ]
    batch = batch_of(
        trees.Building,
        trees.BUILDING_FACTS,
        building=[{"building_id": number, "gas": True} for number in range(1, 7)],
        dwelling=[row for number, found in enumerate(unsafe, 1) for row in dwellings(number, found)],
    )
    data, known = buildings.program(OCTOBER, (), ("colour",)).evaluate(batch).values["colour"]
    words = [("green", "amber", "red")[position - 1] for position in data.tolist()]
    # A quarter is red, a tenth amber, an eleventh green; a building of no dwellings has none that is unsafe.
    assert words[:4] == ["red", "amber", "green", "green"]
    # A count with a gap is unknown.
    assert known.tolist() == [True] * 4 + [False] * 2


def test_the_eldest_of_each_unsafe_dwelling_of_a_red_building_is_granted_the_move(buildings: Law) -> None:
    tables = {
        "building": [{"building_id": 1, "gas": True}, {"building_id": 2, "gas": False}],
        "dwelling": [*dwellings(1, [True, False]), *dwellings(2, [False, False])],
        "occupant": [
            occupant(1, 0, 5, date(1980, 1, 1)),
            occupant(1, 1, 9, date(1930, 1, 1), kind=2, alone=True),
            occupant(1, 0, 7, date(1950, 1, 1), kind=2),
            occupant(2, 0, 8, date(1940, 1, 1), kind=0, alone=True),
            occupant(2, 1, 3, None),
        ],
    }
    # Of the first building's owners 5 is eldest, of its lodgers 9; in the second, 8 is neither and 3 the only owner, but of unknown age.
    assert amounts(buildings.program(OCTOBER), trees.Building, trees.BUILDING_FACTS, **tables) == {
        "rehousing": [0, 0, 300000, 0, 0],
        "visit": [1, 0],
        "contact": [1, 1, 0, 0, "birth_date"],
    }


# ---- courses ----------------------------------------------------------------------------------------------------------------------------


def test_a_course_is_paid_by_attendance() -> None:
    law = trees.law_of(*trees.COURSES)
    ends = date(2025, 9, 30)
    seats: list[tuple[int, bool | None, int]] = [
        (40, True, 100000),
        (32, True, 50001),
        (31, True, 50000),
        (40, False, 50000),
        (40, None, 60000),
        (10, None, 60000),
    ]
    tables: dict[str, Rows] = {
        "course": [
            {"course_no": 1, "hours": 40, "ends_on": ends, "urgent": True},
            {"course_no": 2, "hours": 40, "ends_on": ends, "urgent": False},
            {"course_no": 3, "hours": 40, "ends_on": ends, "urgent": True},
        ],
        "enrolment": [
            {"course_no": course, "enrolment_no": 10 * course + place, "attended": hours, "passed": passed, "fee": fee}
            for course in (1, 2)
            for place, (hours, passed, fee) in enumerate(seats[:4] if course == 1 else seats[4:])
        ],
    }
    # 40 hours are worth 800 yuan, less than 900; 32 hours are four fifths, and nine tenths of 500.01 yuan are 450.009.
    # The organiser: a fifth of 1,000 yuan and a twentieth of the 250.01 beyond, 212.5005 yuan, to the yuan; no learner, nothing.
    assert amounts(law.program(OCTOBER), trees.Course, trees.COURSE_FACTS, **tables) == {
        "fee_back": [80000, 45001, 0, 0, "passed", 0],
        "organiser": [21300, 0, 0],
    }


# ---- towns ------------------------------------------------------------------------------------------------------------------------------


def test_values_and_places_reach_over_two_levels() -> None:
    def school(number: int, rural: bool) -> dict[str, Any]:
        return {"town_no": 1, "school_no": number, "rural": rural}

    def form(number: int, of: int, grade: int) -> dict[str, Any]:
        return {"town_no": 1, "school_no": of, "form_no": number, "grade": grade}

    def pupil(number: int, of: int, mark: int) -> dict[str, Any]:
        return {"town_no": 1, "form_no": of, "pupil_no": number, "mark": mark, "meals": 100 * number}

    tables = {
        "town": [{"town_no": 1}],
        "school": [school(7, True), school(3, False)],
        "form": [form(31, 3, 1), form(72, 7, 1), form(71, 7, 1), form(73, 7, 2)],
        "pupil": [pupil(1, 71, 4), pupil(2, 72, 5), pupil(3, 31, 5), pupil(4, 73, 2), pupil(5, 72, 5), pupil(6, 73, 0)],
    }
    # Of school 7's first grade, in two forms, pupil 2 is best, before 5 of the same mark; of its second, 4. Its meals: 1, 2, 4 and 5.
    found = amounts(trees.law_of(*trees.TOWNS).program(OCTOBER), trees.Town, trees.TOWN_FACTS, **tables)
    assert found == {"prize": [0, 1200, 0, 1200, 0, 0]}


# ---- any tree ---------------------------------------------------------------------------------------------------------------------------

GROWN = [
    (trees.Employer, trees.EMPLOYER_FACTS, trees.EMPLOYERS),
    (trees.Building, trees.BUILDING_FACTS, trees.BUILDINGS),
    (trees.Course, trees.COURSE_FACTS, trees.COURSES),
    (trees.Town, trees.TOWN_FACTS, trees.TOWNS),
]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(range(4)), st.integers(0, 2**32), st.sampled_from((0.0, 0.1, 0.4)), st.integers(0, 8))
def test_a_root_alone_is_decided_as_among_all_however_they_are_cut(tree: int, seed: int, gaps: float, cut: int) -> None:
    root, facts, definitions = GROWN[tree]
    program, world = trees.law_of(*definitions).program(OCTOBER), World(seed, 8, gaps, root, facts)
    whole = answers_of(program.evaluate(world.batch()))
    parts = [answers_of(program.evaluate(world.batch(*span))) for span in ((0, cut), (cut, 8))]
    assert whole == {code: parts[0][code] + parts[1][code] for code in whole}
    for position in range(8):
        for found in program.explain(world.alone(position)):
            row = world.rows(found.benefit.entity.name, position)[found.row]
            assert (found.status, found.amount, ",".join(found.missing)) == whole[found.benefit.code][row]
            assert all(step.text.zh and step.label.en for _, step in found.trace.walk() if step.kind != "more")
            assert found.status != UNKNOWN or found.changes


@pytest.mark.parametrize(("root", "facts", "definitions"), GROWN)
def test_machine_code_decides_any_tree_as_numpy_does(
    root: Entity, facts: Sequence[FactDefinition], definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIDA_KERNEL_CACHE", str(tmp_path))
    program = trees.law_of(*definitions).program(OCTOBER)
    machine_code = FusedProgram(program, program._vector)
    for seed in range(24):
        batch = World(seed, 9, (0.0, 0.1, 0.4)[seed % 3], root, facts).batch()
        assert answers_of(machine_code.evaluate(batch, 1 + seed % 2, (1, 2, 100)[seed % 3])) == answers_of(program.evaluate(batch))


def test_a_law_over_several_trees_is_asked_for_one_at_a_time() -> None:
    law = trees.law_of(*trees.EMPLOYERS, *trees.BUILDINGS, *trees.COURSES)
    assert list(law.program(OCTOBER, ["visit"]).benefits) == ["visit"]
    assert law.program(OCTOBER, ["visit"]).root is trees.Building
    assert list(law.program(OCTOBER, root=trees.Course).benefits) == ["fee_back", "organiser"]
    assert list(law.program(OCTOBER, variables=["colour"]).benefits) == ["rehousing", "visit", "contact"]
    with pytest.raises(errors.TreesMixed, match="employer, building"):
        law.program(OCTOBER, ["refund", "visit"])
    with pytest.raises(errors.TreesMixed, match="building, course"):
        law.program(OCTOBER, ["visit"], root=trees.Course)
    with pytest.raises(errors.RootNeeded, match="employer, building, course"):
        law.program(OCTOBER)


def test_the_household_is_meant_where_no_tree_is_named() -> None:
    definitions = [*trees.BUILDINGS, *definitions_of(SAMPLE)]
    law = Law("both", definitions, [*PARAMETERS, *trees.PARAMETERS], [*FACTS, *trees.BUILDING_FACTS], Areas(AREAS, CITY), None)
    assert "support" in law.program(OCTOBER).benefits
    assert "visit" not in law.program(OCTOBER).benefits
    assert list(law.program(OCTOBER, root=trees.Building).benefits) == ["rehousing", "visit", "contact"]
    # The household's own columns are facts of it, and each entity's numbers of it.
    assert law.facts[("household", "members_complete")].kind == "bool"
    assert [name for owner, name in law.facts if owner == "occupant"][:3] == ["tenancy", "dwelling_no", "building_id"]
    assert ("household", "members_complete") not in trees.law_of(*trees.BUILDINGS).facts


def test_a_name_of_an_entity_stands_in_one_tree_only() -> None:
    other = Entity("building", "blocks")

    @variable(other, unit="bool", label=("题", "Title"))
    def is_block(building: Any) -> Any:
        return building.building_no == 0

    with pytest.raises(errors.NameTaken, match="'building' is already taken by an entity of the tree of building"):
        trees.law_of(*trees.BUILDINGS, is_block)


REFUSED = [
    (trees.Employee, "employee.employer.colour == 'red'", errors.NameOfOtherTree, "'colour' belongs to building, which is not in the tree"),
    (trees.Building, "building.alone", errors.NameOfOtherEntity, r"total\(building.dwellings.x\), where x is a @variable of dwelling"),
    (trees.Dwelling, "dwelling.alone", errors.NameOfOtherEntity, r"total\(dwelling.occupants.alone\)"),
    (trees.Occupant, "occupant.gas", errors.NameOfOtherEntity, "Write occupant.dwelling.building.gas"),
    (trees.Building, "building.size == 1", errors.UnknownName, "building has no 'size'"),
    (trees.Building, "rank(building.building_id) == 1", errors.NoGroup, "building belongs to none"),
    (trees.Occupant, "rank(occupant.birth_date, within='household') == 1", errors.UnknownName, "has no 'household'"),
    (trees.Occupant, "rank(occupant.birth_date, same=occupant.dwelling.occupants.alone) == 1", errors.EntitiesDiffer, "occupant"),
    (trees.Employee, "months_in_a_row(employee.hired_on, until=period.start) > 0", errors.NotMembers, "months_in_a_row"),
    (trees.Employee, "longest_spell(employee.insured_months.insured, until=period.start) > 0", errors.WrongKind, "needs a date"),
    (trees.Employee, "longest_spell(employee.insured_months.month, until=period.months) > 0", errors.WrongKind, "until="),
    (trees.Employee, "longest_spell(employee.insured_months.month, until=period.start) > 0 * law.twelve", errors.UnitsDiffer, "month"),
]


@pytest.mark.parametrize(("entity", "formula", "error", "words"), REFUSED)
def test_what_no_tree_allows_is_refused(entity: Entity, formula: str, error: type[errors.EngineError], words: str) -> None:
    space = {name: getattr(api, name) for name in api.__all__}
    exec(f"def x({entity.name}, law, period): return {formula}", space)
    rule = variable(entity, unit="bool", label=("题", "Title"))(space["x"])
    with pytest.raises(error, match=words):
        trees.law_of(*trees.EMPLOYERS, *trees.BUILDINGS, rule)


def tables_of_two(**changes: Any) -> dict[str, Rows]:
    tables = {
        "building": [{"building_id": 1, "gas": True}, {"building_id": 2, "gas": True}],
        "dwelling": [*dwellings(1, [True]), *dwellings(2, [True])],
        "occupant": [occupant(1, 0, 5, date(1980, 1, 1)), occupant(2, 0, 6, date(1981, 1, 1))],
    }
    return tables | changes


def test_tables_that_do_not_make_a_tree_are_refused(buildings: Law) -> None:
    program = buildings.program(OCTOBER, ["rehousing"])

    def decided(**tables: Rows) -> Any:
        return program.evaluate(batch_of(trees.Building, trees.BUILDING_FACTS, **tables))

    assert decided(**tables_of_two())["rehousing"].amount.tolist() == [300000, 300000]
    with pytest.raises(errors.TableMissing, match="the table occupant, which was not given"):
        decided(**{name: rows for name, rows in tables_of_two().items() if name != "occupant"})
    with pytest.raises(errors.TableMissing, match="the table building"):
        decided(dwelling=dwellings(1, [True]))
    with pytest.raises(errors.TableUnknown, match=r"no table 'roof'\. Its tables are: building, dwelling, occupant"):
        decided(**tables_of_two(roof=[{"building_id": 1}]))
    with pytest.raises(errors.BatchDisordered, match="The building table is not sorted by building_id"):
        decided(**tables_of_two(building=[{"building_id": 2}, {"building_id": 1}]))
    with pytest.raises(errors.BatchDisordered, match=r"The dwelling table .* belong to no building_id"):
        decided(**tables_of_two(dwelling=dwellings(3, [True])))
    with pytest.raises(errors.BatchDisordered, match=r"The dwelling table .* repeats a number"):
        decided(**tables_of_two(dwelling=[*dwellings(1, [True]), *dwellings(1, [True])]))
    with pytest.raises(errors.BatchDisordered, match="The occupant table"):
        # Says it stands in building 2, in a dwelling of building 1.
        decided(**tables_of_two(occupant=[occupant(1, 0, 5, None), {**occupant(1, 0, 6, None), "building_id": 2}]))


def test_one_root_without_a_table_or_a_parent_is_refused(buildings: Law) -> None:
    program = buildings.program(OCTOBER, ["rehousing"])
    tables = tables_of_two()
    with pytest.raises(errors.TableMissing, match="the table occupant"):
        program.explain(alone(trees.Building, 1, building=tables["building"], dwelling=tables["dwelling"]))
    with pytest.raises(errors.BatchDisordered, match="belong to no dwelling_no"):
        program.explain(alone(trees.Building, 1, **tables_of_two(occupant=[{**occupant(1, 7, 6, None)}])))


# ---- the same parents -------------------------------------------------------------------------------------------------------------------

SECOND_CHILD = """
    @variable(Person, unit="bool", label=TITLE)
    def is_child(person, law, period): return person.birth_date > add_years(period.start, -law.grown)

    @benefit(Person, code="place", every=MONTH, unit="count", label=TITLE)
    def place(person):
        full_siblings = rank(person.birth_date, where=person.is_child, same=(person.mother, person.father))
        return where(person.is_child, full_siblings, 0)

    @benefit(Person, code="oldest_child", every=MONTH, unit="status", label=TITLE)
    def oldest_child(person): return person.is_child & (rank(person.birth_date, where=person.is_child) == 1)
"""
ADULTS = [(1985, None, None), (1980, None, None)]


def people(children: Any) -> Rows:
    """Two adults whose parents nobody knows, and children by year of birth, mother and father."""
    return [
        {"household_no": 1, "resident_no": 20 - row, "birth_date": born and date(born, 6, 1), "mother": mother, "father": father}
        for row, (born, mother, father) in enumerate([*ADULTS, *children])
    ]


@pytest.mark.parametrize(
    ("children", "places", "oldest"),
    [
        # Half siblings are counted apart; of twins the first row goes first.
        ([(2010, 1, 1), (2012, 1, 2), (2014, 1, 1), (2016, 1, 1), (2016, 1, 1)], [1, 1, 2, 3, 4], [1, 0, 0, 0, 0]),
        # A birth date that is unknown leaves its full siblings' places unknown, and nobody else's.
        ([(2010, 1, 1), (2012, 2, 1), (None, 1, 1)], ["birth_date", 1, "birth_date"], ["birth_date", "birth_date", "birth_date"]),
        # A parent who is unknown may be anybody's.
        ([(2010, 1, 1), (2012, 1, None)], ["father", "father"], [1, 0]),
    ],
)
def test_children_of_the_same_parents_are_counted_apart(tmp_path: Path, children: Any, places: Any, oldest: Any) -> None:
    law = written_law(tmp_path, SECOND_CHILD, "grown: {unit: year, values: [{from: 2000-01-01, value: 18}]}")
    found = amounts(law.program(OCTOBER), Household, FACTS, household=[{"household_no": 1}], person=people(children))
    assert found == {"place": [0, 0, *places], "oldest_child": [0, 0, *oldest]}


def test_a_place_that_waits_for_a_siblings_birth_date_names_the_sibling(tmp_path: Path) -> None:
    law = written_law(tmp_path, SECOND_CHILD, "grown: {unit: year, values: [{from: 2000-01-01, value: 18}]}")
    names = Names(member=lambda entity, row: Text(f"第{row}人", f"person {row}"))
    children = [(2010, 1, 1), (None, 1, 1), (None, 2, 2)]
    found = law.program(OCTOBER, ["place"]).explain(
        alone(Household, 1, household=[{"household_no": 1}], person=people(children)), names=names
    )
    assert [change.en for change in found[2].changes] == ["The answer follows once 'birth date' of person 3 is known."]
    assert [change.en for change in found[4].changes] == ["The answer follows once 'birth date' is known."]


def test_a_place_among_full_siblings_is_said_in_words(tmp_path: Path) -> None:
    law = written_law(tmp_path, SECOND_CHILD, "grown: {unit: year, values: [{from: 2000-01-01, value: 18}]}")
    node = next(node for node in law.program(OCTOBER, ["place"]).nodes if node.op == "rank")
    words = NodeWords(law).words(node)
    assert words == Text("同mother、father者的家中次序（birth date）", "of equal mother and father, place in the household by (birth date)")
