"""Rare registers: an exact number of people (or households), chosen for the whole city by the smallest draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zhida.city.draws import Draws
from zhida.city.families import CHILD, GRANDCHILD, MAN, WOMAN
from zhida.city.people import (
    DIBAO,
    DIBIAN,
    DISTRICTS,
    EMPLOYEE,
    FLEXIBLE,
    FOUNDER,
    NO_DAY,
    ORDINARY,
    PENSIONER,
    People,
    register_size,
    smallest,
)
from zhida.city.plan import COLLECTIVE, FIRST_COLLECTIVE, KIND_SIZES, KINDS
from zhida.city.registers.human_resources import post_employer
from zhida.kernel.period import Month

Array = np.ndarray[Any, Any]


def pick_registers(people: People, draws: Draws, month: Month) -> None:
    """Fill ``people.picked``; founders of start-ups change their work."""
    plan = people.plan
    living = people.died == NO_DAY
    living[people.cast] = False
    age, local = people.age, people.hukou < len(DISTRICTS)

    def pick(name: str, eligible: Array, stream: str = "") -> None:
        chosen = smallest(draws.one(stream or f"pick-{name}", 0, len(eligible)), eligible, register_size(name, plan.residents))
        people.picked[name] = chosen

    working = (people.work == EMPLOYEE) & living
    pick("graduate", working & (age >= 22) & (age <= 31))
    pick("talent", working & (age >= 30) & (age <= 59))
    hard_to_place = ((people.sex == WOMAN) & (age >= 42)) | ((people.sex == MAN) & (age >= 50))
    pick("subsidised_post", working & hard_to_place & local)
    people.picked["organisation_account"] = _first_of_each(_post_employers(people, draws), people.picked["subsidised_post"])
    pick("startup", (people.work == FLEXIBLE) & living & (age >= 22) & (age <= 50))
    people.work[people.picked["startup"]] = FOUNDER
    pick("flexible_employment", (people.work == FLEXIBLE) & living & local)
    pick("veteran", living & local & (people.sex == MAN) & (age >= 22) & (age <= 78))
    pick("move", living & (age >= 1), f"move-{month.text}")
    _pick_by_kind(people, pick, age, local & living)
    household = np.arange(plan.households) != plan.cast_household
    pick("emergency_relief", household & (plan.kind < FIRST_COLLECTIVE))


def _post_employers(people: People, draws: Draws) -> Array:
    """Return the number of the employer of each subsidised post, in the order of those who hold them."""
    plan, chosen = people.plan, people.picked["subsidised_post"]
    household = np.searchsorted(plan.first_person, chosen, side="right") - 1
    _, base = draws.pair_at("post", chosen)
    return post_employer(base, np.arange(len(chosen)), plan.community[household] // 1_000_000)[1]


def _first_of_each(number: Array, persons: Array) -> Array:
    """Return the persons (ascending) who stand for their employer: the first of each."""
    _, first = np.unique(number, return_index=True)
    return persons[np.sort(first)]


def _pick_by_kind(people: People, pick: Callable[[str, Array], None], age: Array, eligible: Array) -> None:
    """Choose people by the kind of household they live in: alone, with grandparents, in a home."""
    plan = people.plan
    kind = np.repeat(plan.kind, KIND_SIZES[plan.kind])
    of_class = np.repeat(people.income_class, KIND_SIZES[plan.kind])
    alone, homes = kind == list(KINDS).index("elder_alone"), _kind_is(kind, "home_elders")
    pick("destitute", eligible & (age >= 60) & (of_class == ORDINARY) & (people.work == PENSIONER) & (alone | homes))
    grandchild = eligible & (people.relation == GRANDCHILD) & (age < 18)
    pick("orphan_scattered", grandchild)
    grandchild[people.picked["orphan_scattered"]] = False
    pick("child_unsupported", grandchild)
    pick("child_certified", eligible & (people.relation == CHILD) & (age < 18) & (age >= 1) & np.isin(of_class, (DIBAO, DIBIAN)))
    people.picked["orphan_institution"] = np.flatnonzero(_kind_is(kind, "welfare_children") & eligible & (age < 18))
    # The children's home is one organisation: the first of its children stands for it.
    stand_for = [people.picked["organisation_account"], people.picked["orphan_institution"][:1]]
    people.picked["organisation_account"] = np.sort(np.concatenate(stand_for))


def _kind_is(kind: Array, name: str) -> Array:
    return (kind >= FIRST_COLLECTIVE) & ((kind - FIRST_COLLECTIVE) // 8 == COLLECTIVE.index(name))
