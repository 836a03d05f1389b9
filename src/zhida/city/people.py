"""The people: birth, sex, relation, registration, work and the class of income of their household.

Built once for the whole city into narrow arrays (about 25 bytes a person), because some questions need everybody:
numbers that must be unique, and rare registers that must have an exact count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from zhida.blocks.places.api import districts
from zhida.city.draws import SCALE, Draws, below, choose
from zhida.city.families import FAMILIES, OTHER, RELATIONS, SPOUSE, WOMAN, collective_members, household_chances
from zhida.city.plan import COLLECTIVE, FIRST_COLLECTIVE, KIND_SIZES, KINDS, Plan
from zhida.city.rates import cast, rates

Array = np.ndarray[Any, Any]

# The day of the stocktaking: ages are those of this day, in whatever month the departments deliver.
STOCKTAKING = date(2025, 11, 1)
STOCKTAKING_DAY = (STOCKTAKING - date(1970, 1, 1)).days
NO_DAY = np.int32(2**31 - 1)
CHUNK = 200_000
NONE, PRESCHOOL, KINDERGARTEN, PRIMARY, JUNIOR, SENIOR, TERTIARY, EMPLOYEE, FLEXIBLE, RESIDENT, UNEMPLOYED, RETIRED, PENSIONER, FOUNDER = (
    range(14)
)
ORDINARY, DIBAO, DIBIAN, ABOVE, WEALTHY = range(5)
DISTRICTS = np.array([one.code for one in districts()], dtype=np.int64)
# Where people come from who are registered elsewhere (GB/T 2260, 2020 edition), nearest provinces first and oftener.
ELSEWHERE = np.array(
    [
        *(330502, 330602, 330702, 330802, 331002, 331102, 330302, 330402, 340102, 340802, 341502, 341202, 341302, 341602, 341002, 340702),
        *(361102, 360102, 360402, 360702, 410102, 411302, 411402, 411502, 411602, 320102, 320302, 320802, 420102, 420602, 421102),
        *(500101, 510104, 511302, 520102, 520502, 530102, 610102, 620102, 370102, 430102, 230102, 210102, 450102),
    ],
    dtype=np.int64,
)
# All areas a number may begin with: the districts of today, those that ended, and elsewhere.
ID_AREAS = np.concatenate([DISTRICTS, [330103, 330104], ELSEWHERE])
# Sequences of a number whose first two digits ascend: 45 pairs, five last digits.
_ASCENDING = 225


@dataclass
class People:
    """Everybody, by number. Days are days since 1970-01-01; ``first17`` the first 17 digits of the resident number."""

    plan: Plan
    birth: Array
    sex: Array
    relation: Array
    hukou: Array  # position in ID_AREAS
    work: Array
    died: Array
    first17: Array
    income_class: Array  # by household
    cast: slice
    picked: dict[str, Array] = field(default_factory=dict)

    @property
    def age(self) -> Array:
        """Completed years on the day of the stocktaking, int16."""
        return ages_on(self.birth, STOCKTAKING_DAY)


def ages_on(birth: Array, day: int) -> Array:
    """Return completed years (int16) on a day, to within a day of the birthday."""
    return np.maximum((day - birth.astype(np.int64)) * 10_000 // 3_652_425, 0).astype(np.int16)


def make_people(plan: Plan, draws: Draws) -> People:
    """Fill the households of a plan with people."""
    persons, households = plan.residents, plan.households
    start = int(plan.first_person[plan.cast_household])
    people = People(
        plan,
        birth=np.empty(persons, np.int32),
        sex=np.empty(persons, np.int8),
        relation=np.empty(persons, np.int8),
        hukou=np.empty(persons, np.int8),
        work=np.empty(persons, np.int8),
        died=np.full(persons, NO_DAY, np.int32),
        first17=np.empty(persons, np.int64),
        income_class=np.zeros(households, np.int8),
        cast=slice(start, int(plan.first_person[plan.cast_household + 1])),
    )
    for first, last in chunk_bounds(plan, CHUNK):
        _fill(people, draws, first, last)
    _plant_triplets(people, draws)
    _set_cast(people)
    _give_numbers(people)
    return people


def chunk_bounds(plan: Plan, persons: int) -> list[tuple[int, int]]:
    """Return household ranges of about so many persons each."""
    targets = np.arange(0, plan.residents, persons)
    starts = np.searchsorted(plan.first_person[:-1], targets)
    bounds = [*np.unique(starts).tolist(), plan.households]
    return list(pairwise(bounds))


def _fill(people: People, draws: Draws, first: int, last: int) -> None:
    """Draw the people of households ``first`` to ``last``."""
    plan = people.plan
    begin, end = int(plan.first_person[first]), int(plan.first_person[last])
    kind = plan.kind[first:last]
    offset = plan.first_person[first:last] - begin
    household = np.repeat(np.arange(last - first), KIND_SIZES[kind])
    ages, sexes, relations = _ages_sexes_relations(draws, kind, offset, first, begin, end - begin)
    people.birth[begin:end] = STOCKTAKING_DAY - 1 - ages
    people.sex[begin:end] = sexes
    people.relation[begin:end] = relations
    head_age = ages[offset] // 365
    local, income_class = _households(draws, plan, kind, head_age, first, last)
    people.income_class[first:last] = income_class
    people.hukou[begin:end] = _hukou(draws, plan, kind, local, household, relations, first, begin)
    person_age = ages_on(people.birth[begin:end], STOCKTAKING_DAY)
    people.work[begin:end] = _work(draws, kind, income_class, household, person_age, sexes, begin)
    people.died[begin:end] = _deaths(draws, person_age, people.birth[begin:end], begin)


def _ages_sexes_relations(draws: Draws, kind: Array, offset: Array, first: int, begin: int, persons: int) -> tuple[Array, Array, Array]:
    chances = household_chances(draws, first, len(kind))
    ages, sexes, relations = np.empty(persons, np.int64), np.empty(persons, np.int8), np.full(persons, OTHER, np.int8)
    for number, (name, size) in enumerate(KINDS.items()):
        rows = np.flatnonzero(kind == number)
        if not len(rows):
            continue
        members = FAMILIES[name](chances.of(rows))
        at = offset[rows][:, None] + np.arange(size)
        ages[at], sexes[at], relations[at] = members.ages, members.sexes, np.array(members.relations, np.int8)
    in_collective = np.repeat((kind - FIRST_COLLECTIVE) // 8, KIND_SIZES[kind])
    pair = draws.pair("collective", begin, persons)
    for number, name in enumerate(COLLECTIVE):
        rows = np.flatnonzero((in_collective == number) & np.repeat(kind >= FIRST_COLLECTIVE, KIND_SIZES[kind]))
        ages[rows], sexes[rows] = collective_members(name, (pair[0][rows], pair[1][rows]))
    return ages, sexes, relations


def _households(draws: Draws, plan: Plan, kind: Array, head_age: Array, first: int, last: int) -> tuple[Array, Array]:
    """Return for each household whether it is registered in the city, and its class of income."""
    hukou, classes = rates()["hukou"], rates()["income_classes"]
    of_local, of_class = draws.pair("household", first, last - first)
    district = np.searchsorted(DISTRICTS, plan.community[first:last] // 1_000_000)
    share = below(np.array([hukou["local_family"][int(code)] for code in DISTRICTS]))[district]
    share = np.where(head_age >= 60, below(hukou["local_elder"]), share)
    for number, name in enumerate(COLLECTIVE):
        share = np.where((kind - FIRST_COLLECTIVE) // 8 == number, below(hukou["local_collective"][name]), share)
    local = of_local < share
    weak = np.isin(kind, [list(KINDS).index(name) for name in ("elder_alone", "parent_child", "parent_two", "skipped")])
    scaled = np.where(weak, of_class * 100 // round(classes["weight_of_the_weak"] * 100), of_class * 115 // 100)
    edges = np.cumsum([below(classes[name]) for name in ("dibao", "dibian", "above", "wealthy")])
    position = np.searchsorted(edges, scaled, side="right")
    income_class = np.where(local & (kind < FIRST_COLLECTIVE) & (position < 4), position + 1, ORDINARY)
    return local, income_class.astype(np.int8)


def _hukou(draws: Draws, plan: Plan, kind: Array, local: Array, household: Array, relations: Array, first: int, begin: int) -> Array:
    """Return where each person is registered, as a position in ID_AREAS. A household shares its place, now and then a spouse keeps hers."""
    shares = rates()["hukou"]
    of_area, of_place = draws.pair("hukou", first, len(kind))
    of_person, of_origin = draws.pair("hukou-person", begin, len(household))
    own = np.searchsorted(DISTRICTS, plan.community[first : first + len(kind)] // 1_000_000)
    other = of_place * len(DISTRICTS) >> 32
    at_home = np.where(of_area < below(shares["in_another_district"]), other, own)
    elsewhere = len(DISTRICTS) + 2 + _origin(of_place)
    place = np.where(local, at_home, elsewhere)[household]
    alone = (kind >= FIRST_COLLECTIVE)[household]
    place = np.where(alone & ~local[household], len(DISTRICTS) + 2 + _origin(of_origin), place)
    foreign = local[household] & (relations == SPOUSE) & (of_person < below(shares["migrant_spouse"]))
    return np.where(foreign, len(DISTRICTS) + 2 + _origin(of_origin), place).astype(np.int8)


def _origin(draw: Array) -> Array:
    """Return a position in ELSEWHERE, the first ones three times as often as the last."""
    count = len(ELSEWHERE)
    return np.minimum(draw * count >> 32, (draw * 2_654_435_761 & 0xFFFFFFFF) * count >> 32).astype(np.int64)


def _work(draws: Draws, kind: Array, income_class: Array, household: Array, age: Array, sex: Array, begin: int) -> Array:
    """Return what each person does: school, work, pension. People of tested households seldom have a job."""
    shares = rates()["work"]
    draw, second = draws.pair("work", begin, len(age))
    dorm = (kind >= FIRST_COLLECTIVE)[household]
    students = dorm & (((kind - FIRST_COLLECTIVE) // 8) == COLLECTIVE.index("dorm_students"))[household]
    jobs = np.array([EMPLOYEE, FLEXIBLE, RESIDENT, UNEMPLOYED, NONE], np.int8)
    work = np.where(sex == WOMAN, jobs[choose(draw, shares["woman"])], jobs[choose(draw, shares["man"])])
    poor = (income_class[household] != ORDINARY) & (income_class[household] != WEALTHY)
    work = np.where(poor, jobs[choose(draw, shares["poor"])], work)
    work = np.where(dorm, jobs[choose(draw, shares["dorm"])], work)
    studying = (age >= 18) & (age <= 22) & (second < below(shares["student_at_18_22"])) & ~dorm
    studying |= (age >= 23) & (age <= 25) & (second < below(shares["student_at_23_25"])) & ~dorm
    work = np.where(studying | (students & (age >= 17)), TERTIARY, work)
    schools = np.select([age < 3, age < 6, age < 12, age < 15, age < 18], [PRESCHOOL, KINDERGARTEN, PRIMARY, JUNIOR, SENIOR], 0)
    work = np.where((age < 18) & ~(students & (age >= 17)), schools, work)
    old = (age >= 60) | ((sex == WOMAN) & (age >= 55)) | ((sex == WOMAN) & (age >= 50) & (second < SCALE // 2))
    on_pension = np.where(draw < below(shares["retired_on_employee_pension"]), RETIRED, NONE)
    on_pension = np.where(draw >= SCALE - below(shares["retired_on_resident_pension"]), PENSIONER, on_pension)
    # The resident pension starts at 60; women with an employee's pension stop earlier.
    on_pension = np.where((age < 60) & (on_pension == PENSIONER), RESIDENT, on_pension)
    # An employee's pension lies above the line, so tested households live on the residents' one.
    on_pension = np.where(poor & (on_pension == RETIRED), np.where(age >= 60, PENSIONER, RESIDENT), on_pension)
    return np.where(old, on_pension, work).astype(np.int8)


def _deaths(draws: Draws, age: Array, birth: Array, begin: int) -> Array:
    """Return the day of death within the two months before the stocktaking, NO_DAY for the living."""
    window = 61
    ages, yearly = zip(*rates()["deaths"]["per_year"], strict=True)
    share = below(np.array(yearly) * window / 365.25)[np.searchsorted(np.array(ages), age, side="right") - 1]
    draw, when = draws.pair("death", begin, len(age))
    day = np.maximum(STOCKTAKING_DAY - window + (when * window >> 32), birth)
    return np.where(draw < share, day, NO_DAY).astype(np.int32)


def smallest(draw: Array, eligible: Array, count: int) -> Array:
    """Return the positions (sorted) of the ``count`` eligible ones with the smallest draws: an exact number, chosen by chance."""
    rows = np.flatnonzero(eligible)
    if count < len(rows):
        rows = rows[np.argsort(draw[rows], kind="stable")[:count]]
    return np.sort(rows)


def register_size(name: str, residents: int) -> int:
    """Return how many persons or households a register of rates.yaml has."""
    rate = rates()["registers"][name]
    return max(round(rate["share"] * residents), int(rate["at_least"]))


def _plant_triplets(people: People, draws: Draws) -> None:
    """Make the three children of a few couples triplets of the last months."""
    plan, rule = people.plan, rates()["twins"]["triplets"]
    rows = np.flatnonzero(plan.kind == list(KINDS).index("couple_three"))
    first = plan.first_person[rows]
    mothers = np.where(people.sex[first] == WOMAN, first, first + 1)
    young = ages_on(people.birth[mothers], STOCKTAKING_DAY) <= 42
    local = people.hukou[first + 2] < len(DISTRICTS)
    count = max(round(rule["share_of_residents"] * plan.residents), int(rule["at_least"]))
    chosen = smallest(draws.one("triplets", 0, len(rows)), young & local, count)
    days = STOCKTAKING_DAY - 20 - (draws.one("triplets-born", 0, len(rows)) * 140 >> 32)
    for place in (2, 3, 4):
        people.birth[first[chosen] + place] = days[chosen]
        people.work[first[chosen] + place] = PRESCHOOL
        people.died[first[chosen] + place] = NO_DAY
    people.picked["triplet_households"] = rows[chosen]


def _set_cast(people: People) -> None:
    """Give the first household of the cast's district the birth dates and sexes of cast.yaml; its rows come from there too."""
    household = people.plan.cast_household
    district = int(np.searchsorted(DISTRICTS, people.plan.community[household] // 1_000_000))
    for number, member in enumerate(cast()["members"], start=people.cast.start):
        people.birth[number] = (date.fromisoformat(str(member["birth_date"])) - date(1970, 1, 1)).days
        people.sex[number] = WOMAN if member["sex"] == "female" else 0
        people.relation[number] = RELATIONS.index(member["relation"])
        people.hukou[number] = district
        people.died[number] = NO_DAY
        people.work[number] = NONE
    people.income_class[household] = ABOVE


def _give_numbers(people: People) -> None:
    """Number everybody: area, birth date, and a sequence that is unique among those who share both and the sex.

    The first two digits of a sequence ascend or are equal, never descend: a descending one is free for a second spelling
    of the same person, and the cast's begin with 99.
    """
    area = _number_areas(people)
    day = people.birth.astype(np.int64)
    key = (area.astype(np.int64) * 100_000 + (day + 40_000)) * 2 + people.sex
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    rank = np.empty(len(key), np.int32)
    rank[order] = np.arange(len(key), dtype=np.int32) - np.repeat(starts, np.diff(np.append(starts, len(key)))).astype(np.int32)
    # Every group begins elsewhere in the table, so that numbers do not all end alike.
    ascending = np.where(rank < _ASCENDING, (rank + key * 104_729 % _ASCENDING) % _ASCENDING, rank)
    sequence = _sequences()[people.sex, ascending]
    people.first17[:] = ID_AREAS[area] * 10**11 + _calendar(people.birth) * 1000 + sequence
    for number, member in enumerate(cast()["members"], start=people.cast.start):
        people.first17[number] = int(member["first17"])


def _number_areas(people: People) -> Array:
    """Return the area a number begins with: where one is registered, under the code of its day for those born before 2021."""
    area = people.hukou.astype(np.int16)
    position = {int(code): number for number, code in enumerate(ID_AREAS)}
    before = people.birth < (date(2021, 4, 1) - date(1970, 1, 1)).days
    odd = people.birth % 2 == 1
    for now, then, part in ((330105, 330103, odd), (330102, 330104, odd), (330114, 330104, before), (330113, 330110, before)):
        area[before & part & (people.hukou == position[now])] = position[then]
    return area


def _calendar(days: Array) -> Array:
    """Return days as numbers YYYYMMDD."""
    table = np.datetime_as_string(np.arange("1890-01-01", "2030-01-01", dtype="datetime64[D]"))
    numbers = np.array([int(text.replace("-", "")) for text in table], dtype=np.int64)
    return numbers[days.astype(np.int64) + 29_219]


def _sequences() -> Array:
    """Return the sequences men (odd) and women (even) get in turn: (2, n)."""
    pairs = [(a, b) for a in range(10) for b in range(a + 1, 10)]
    pairs.sort(key=lambda pair: (pair[0] * 7 + pair[1] * 3) % 11)
    found = []
    for last in ((1, 3, 5, 7, 9), (0, 2, 4, 6, 8)):
        ascending = [a * 100 + b * 10 + c for c in last for a, b in pairs]
        found.append(ascending + [a * 110 + c for c in last for a in range(9)])
    return np.array(found, dtype=np.int64)
