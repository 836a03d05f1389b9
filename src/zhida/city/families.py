"""Who lives in a household of each kind: relations, ages and sexes, drawn for many households at once.

Children come first and their parents' ages follow from them, so that no mother is twelve and bands of age can be met.
Ages are days before the day of the stocktaking; a larger number is an older person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from zhida.city.draws import Draws, Quantiles, below
from zhida.city.plan import COLLECTIVE
from zhida.city.rates import rates

Array = np.ndarray[Any, Any]
RELATIONS = ("head", "spouse", "child", "parent", "grandparent", "grandchild", "sibling", "other")
HEAD, SPOUSE, CHILD, PARENT, GRANDPARENT, GRANDCHILD, SIBLING, OTHER = range(8)
MAN, WOMAN = 0, 1
_DAYS_PER_YEAR_1000 = 365_243  # thousandths: 365.2425 days
_WORDS = 6


@dataclass(frozen=True)
class Chances:
    """Twelve draws for each household."""

    draws: list[Array]

    def __getitem__(self, number: int) -> Array:
        return self.draws[number]

    def of(self, rows: Array) -> Chances:
        return Chances([draw[rows] for draw in self.draws])


def household_chances(draws: Draws, first: int, count: int) -> Chances:
    """Return the draws of households ``first`` to ``first + count``."""
    return Chances([draw for number in range(_WORDS) for draw in draws.pair(f"family-{number}", first, count)])


@dataclass(frozen=True)
class Members:
    """Ages in days and sexes, (households, persons), and the relation of each place in the household."""

    ages: Array
    sexes: Array
    relations: tuple[int, ...]


@cache
def _ages(name: str) -> Quantiles:
    points = rates()["ages"][name]
    if not isinstance(points[0], list):
        points = [[0, points[0]], [1, points[1]]]
    return Quantiles([[share, years * _DAYS_PER_YEAR_1000 / 1000] for share, years in points])


def _is_woman(draw: Array, name: str) -> Array:
    return (draw >= below(rates()["sexes"]["male"][name])).astype(np.int8)


def _pair(man_age: Array, woman_age: Array, man_first: Array) -> tuple[list[Array], list[Array]]:
    """Return ages and sexes of head and spouse."""
    head_age, spouse_age = np.where(man_first, man_age, woman_age), np.where(man_first, woman_age, man_age)
    return [head_age, spouse_age], [np.where(man_first, MAN, WOMAN), np.where(man_first, WOMAN, MAN)]


def _man_first(chances: Chances) -> Array:
    return chances[0] < below(rates()["sexes"]["man_is_head"])


def _children(chances: Chances, youngest: Array, count: int) -> tuple[list[Array], list[Array]]:
    """Return children from the eldest: twins share a birth date, others are a gap apart."""
    ages, sexes = [youngest], [_is_woman(chances[5], "child")]
    twins = chances[6] < below(rates()["twins"]["share_of_couples_with_two"])
    for number in range(1, count):
        gap = _ages("sibling_gap").at(chances[6 + number])
        ages.insert(0, ages[0] + np.where(twins, 0, gap) if number == 1 else ages[0] + gap)
        sexes.insert(0, _is_woman(chances[9 + number - 1], "child"))
    return ages, sexes


def _couple_with(chances: Chances, eldest: Array) -> tuple[list[Array], list[Array]]:
    """Return the parents of children: the mother older than her first by a generation, the father near her age."""
    mother = eldest + _gap("mother_gap", chances[2])
    father = np.maximum(mother + _ages("husband_older").at(chances[3]), eldest + 20 * 366)
    return _pair(father, mother, _man_first(chances))


def _gap(name: str, draw: Array) -> Array:
    """Return a gap between generations that is oftener in the middle of its range than at the ends."""
    other = (draw * 2_654_435_761) & 0xFFFFFFFF
    return (_ages(name).at(draw) + _ages(name).at(other)) // 2


def _couple(name: str) -> Callable[[Chances], Members]:
    def build(chances: Chances) -> Members:
        woman = _ages(name).at(chances[1])
        man = woman + _ages("husband_older").at(chances[3])
        # Men marry from 22; the youngest are spread over the year after, or a whole city would share one birthday.
        man = np.where(man < 22 * 366, 22 * 366 + woman % 366, man)
        return _members(*_pair(man, woman, _man_first(chances)), (HEAD, SPOUSE))

    return build


def _alone(name: str) -> Callable[[Chances], Members]:
    return lambda chances: _members([_ages(name).at(chances[1])], [_is_woman(chances[4], name)], (HEAD,))


def _couple_children(count: int, child: str, parents: int = 0) -> Callable[[Chances], Members]:
    """Couples with children, and none, one or two of the head's parents."""

    def build(chances: Chances) -> Members:
        ages, sexes = _children(chances, _ages(child).at(chances[1]), count)
        couple_ages, couple_sexes = _couple_with(chances, ages[0])
        old_ages, old_sexes = _old_parents(chances, couple_ages[0], parents)
        relations = (HEAD, SPOUSE, *(CHILD,) * count, *(PARENT,) * parents)
        return _members(couple_ages + ages + old_ages, couple_sexes + sexes + old_sexes, relations)

    return build


def _old_parents(chances: Chances, child_age: Array, count: int) -> tuple[list[Array], list[Array]]:
    mother = np.minimum(child_age + _gap("old_parent_gap", chances[8]), 104 * 366)
    if count == 2:
        return [mother + _ages("husband_older").at(chances[9]), mother], [np.zeros_like(mother), np.ones_like(mother)]
    return [mother][:count], [_is_woman(chances[9], "old_parent")][:count]


def _couple_parent(chances: Chances) -> Members:
    woman = _ages("couple_middle").at(chances[1])
    ages, sexes = _pair(woman + _ages("husband_older").at(chances[3]), woman, _man_first(chances))
    old_ages, old_sexes = _old_parents(chances, ages[0], 1)
    return _members(ages + old_ages, sexes + old_sexes, (HEAD, SPOUSE, PARENT))


def _single_parent(count: int) -> Callable[[Chances], Members]:
    def build(chances: Chances) -> Members:
        ages, sexes = _children(chances, _ages("single_parents_child").at(chances[1]), count)
        parent = ages[0] + _gap("mother_gap", chances[2])
        return _members([parent, *ages], [_is_woman(chances[4], "parent_child"), *sexes], (HEAD, *(CHILD,) * count))

    return build


def _adult_parent(chances: Chances) -> Members:
    child = _ages("single_adult").at(chances[1])
    old_ages, old_sexes = _old_parents(chances, child, 1)
    return _members([child, *old_ages], [_is_woman(chances[4], "adult_parent"), *old_sexes], (HEAD, PARENT))


def _sharers(chances: Chances) -> Members:
    ages = [_ages("sharers").at(chances[1]), _ages("sharers").at(chances[2])]
    return _members(ages, [_is_woman(chances[4], "sharers"), _is_woman(chances[5], "sharers")], (HEAD, OTHER))


def _skipped(chances: Chances) -> Members:
    """Grandparents who bring up a grandchild."""
    child = _ages("single_parents_child").at(chances[1])
    woman = child + _gap("mother_gap", chances[2]) + _gap("old_parent_gap", chances[8])
    ages, sexes = _pair(woman + _ages("husband_older").at(chances[3]), woman, _man_first(chances))
    return _members([*ages, child], [*sexes, _is_woman(chances[5], "child")], (HEAD, SPOUSE, GRANDCHILD))


def _members(ages: list[Array], sexes: list[Array], relations: tuple[int, ...]) -> Members:
    return Members(np.stack(ages, axis=1), np.stack(sexes, axis=1).astype(np.int8), relations)


FAMILIES: dict[str, Callable[[Chances], Members]] = {
    "single_adult": _alone("single_adult"),
    "elder_alone": _alone("elder_alone"),
    "couple_young": _couple("couple_young"),
    "couple_middle": _couple("couple_middle"),
    "couple_elder": _couple("couple_elder"),
    "parent_child": _single_parent(1),
    "adult_parent": _adult_parent,
    "sharers": _sharers,
    "couple_child": _couple_children(1, "youngest_child"),
    "couple_grown": _couple_children(1, "grown_child"),
    "couple_parent": _couple_parent,
    "skipped": _skipped,
    "parent_two": _single_parent(2),
    "couple_two": _couple_children(2, "youngest_child"),
    "couple_child_parent": _couple_children(1, "youngest_child", 1),
    "couple_grown_parent": _couple_children(1, "grown_child", 1),
    "couple_child_parents": _couple_children(1, "youngest_child", 2),
    "couple_two_parent": _couple_children(2, "youngest_child", 1),
    "couple_three": _couple_children(3, "youngest_child"),
    "couple_two_parents": _couple_children(2, "youngest_child", 2),
}


def collective_members(name: str, draws: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return age in days and sex of people in collective households of one kind."""
    assert name in COLLECTIVE
    return _ages(name).at(draws[0]), _is_woman(draws[1], name)
