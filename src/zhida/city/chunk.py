"""One stretch of whole households: what the registers are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any

import numpy as np

from zhida.city.columns import NULL, id_numbers
from zhida.city.draws import Draws, Quantiles, below, choose, spread
from zhida.city.families import CHILD, HEAD, MAN, SPOUSE, WOMAN
from zhida.city.people import DIBAO, DISTRICTS, EMPLOYEE, ORDINARY, STOCKTAKING_DAY, WEALTHY, People, ages_on
from zhida.city.plan import FIRST_COLLECTIVE, KIND_SIZES
from zhida.city.rates import rates
from zhida.kernel.period import Month, days_since_epoch

Array = np.ndarray[Any, Any]


@dataclass
class Rows:
    """Rows of one register. Columns hold whole numbers as the contract's field types want them:

    id_number: a person's place in the chunk, -1 for none; date, month: days since 1970; code: place in the contract's codes, -1 for none;
    boolean: 0 or 1; money: fen; decimal: hundredths; text, uscc, bank_account: a byte matrix. NULL is an empty cell.
    ``owner`` is the person's or household's place in the chunk, ascending.
    """

    record_type: str
    owner: Array
    columns: dict[str, Array]
    of_household: bool = False


class Chunk:
    """Households ``first`` to ``last`` of a city, as departments see them in a month. Arrays are by person unless they say household."""

    def __init__(self, people: People, draws: Draws, first: int, last: int, month: Month) -> None:
        plan = people.plan
        self.people, self.month, self.first, self.last = people, month, first, last
        self._draws = draws
        self.begin, self.end = int(plan.first_person[first]), int(plan.first_person[last])
        self.persons, self.households = self.end - self.begin, last - first
        self.kind = plan.kind[first:last]
        self.sizes = KIND_SIZES[self.kind].astype(np.int64)
        self.start = plan.first_person[first:last] - self.begin
        self.household = np.repeat(np.arange(self.households), self.sizes)
        own = slice(self.begin, self.end)
        self.birth = people.birth[own].astype(np.int64)
        self.sex, self.relation, self.hukou, self.work = people.sex[own], people.relation[own], people.hukou[own], people.work[own]
        self.died = people.died[own].astype(np.int64)
        self.age = ages_on(self.birth, STOCKTAKING_DAY)
        self.household_class = people.income_class[first:last]
        self.income_class = self.household_class[self.household]
        self.household_community = plan.community[first:last]
        self.community = self.household_community[self.household]
        self.household_district = self.household_community // 1_000_000
        self.district = self.community // 1_000_000
        self.household_no = self.household_district * 1_000_000 + plan.serial[first:last]
        self.number = np.arange(self.begin, self.end, dtype=np.int64)

    # days of the month
    @cached_property
    def month_start(self) -> int:
        return days_since_epoch(self.month.start)

    @cached_property
    def month_end(self) -> int:
        return days_since_epoch(self.month.end)

    # draws
    def draw(self, stream: str) -> tuple[Array, Array]:
        """Return two draws for each person."""
        return self._draws.pair(stream, self.begin, self.persons)

    def household_draw(self, stream: str) -> tuple[Array, Array]:
        """Return two draws for each household."""
        return self._draws.pair(f"household-{stream}", self.first, self.households)

    def picked(self, name: str) -> tuple[Array, Array]:
        """Return the places in this chunk of the persons (or households) chosen for a rare register, and their numbers among the chosen."""
        chosen = self.people.picked[name]
        begin, end = (self.first, self.last) if name in HOUSEHOLD_PICKS else (self.begin, self.end)
        low, high = np.searchsorted(chosen, [begin, end])
        return chosen[low:high] - begin, np.arange(low, high)

    # states
    @cached_property
    def present(self) -> Array:
        """Born before the month's end."""
        return self.birth < self.month_end

    @cached_property
    def alive(self) -> Array:
        """Born before the month's end and not dead when it began: those with a life the departments record."""
        return self.present & (self.died >= self.month_start)

    @cached_property
    def not_cast(self) -> Array:
        inside = (self.number >= self.people.cast.start) & (self.number < self.people.cast.stop)
        return ~inside

    @cached_property
    def household_not_cast(self) -> Array:
        return np.arange(self.first, self.last) != self.people.plan.cast_household

    @cached_property
    def local(self) -> Array:
        """Registered in the city."""
        return self.hukou < len(DISTRICTS)

    @cached_property
    def collective(self) -> Array:
        return (self.kind >= FIRST_COLLECTIVE)[self.household]

    @cached_property
    def poor(self) -> Array:
        """In a household whose income is near the line."""
        return (self.income_class != ORDINARY) & (self.income_class != WEALTHY)

    @cached_property
    def household_local(self) -> Array:
        return self.local[self.start]

    @cached_property
    def ids(self) -> Array:
        """Resident numbers as bytes, (persons, 18)."""
        return id_numbers(self.people.first17[self.begin : self.end])

    @cached_property
    def child_order(self) -> Array:
        """1 for the eldest child of the household, and so on; 0 for others."""
        is_child = (self.relation == CHILD).astype(np.int64)
        running = np.cumsum(is_child)
        before = (running - is_child)[self.start][self.household]
        return np.where(is_child == 1, running - before, 0)

    def partner(self, sex: int) -> Array:
        """Return for each household the place of the man or woman among head and spouse, -1 where there is none."""
        found = np.full(self.households, -1, np.int64)
        rows = np.flatnonzero((self.sex == sex) & np.isin(self.relation, (HEAD, SPOUSE)))
        found[self.household[rows]] = rows
        return found

    @cached_property
    def mother(self) -> Array:
        """The mother's place for each child living with her, else -1."""
        return np.where(self.relation == CHILD, self.partner(WOMAN)[self.household], -1)

    @cached_property
    def father(self) -> Array:
        return np.where(self.relation == CHILD, self.partner(MAN)[self.household], -1)

    @cached_property
    def plurality(self) -> Array:
        """How many children of the household were born on the day this child was."""
        key = np.where(self.relation == CHILD, self.household * 100_000 + self.birth + 40_000, -1 - self.number)
        _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        return counts[inverse]

    # work
    @cached_property
    def wages(self) -> Array:
        """Wage of the month in fen; 0 without a job."""
        draw, _ = self.draw("wage")
        wage = np.where(self.poor, poor_wages().at(draw), wages().at(draw)) // 1000 * 1000
        return np.where((self.work == EMPLOYEE) & self.alive & self.not_cast, wage, 0)

    @cached_property
    def household_wages(self) -> Array:
        return np.add.reduceat(self.wages, self.start) if self.persons else np.zeros(0, np.int64)

    @cached_property
    def worked_months(self) -> Array:
        """Months of pension contributions, by age."""
        draw, _ = self.draw("worked")
        possible = np.clip((self.age.astype(np.int64) - 21) * 12, 3, 460)
        return np.maximum(spread(draw, possible * 3 // 10, possible + 1), 1)

    @cached_property
    def continuous_months(self) -> Array:
        _, draw = self.draw("worked")
        return np.minimum(self.worked_months, spread(draw, 1, 150))

    @cached_property
    def own_home(self) -> Array:
        """How each household lives: 0 own, 1 rent, 2 public_rent, 3 employer_home."""
        draw, _ = self.household_draw("tenure")
        tenure = rates()["tenure"]
        found = np.where(self.household_local, choose(draw, tenure["local"]), choose(draw, tenure["migrant"]))
        # Near the line a household owns less often.
        _, second = self.household_draw("tenure")
        poor = (self.household_class >= DIBAO) & (self.household_class != WEALTHY)
        return np.where(poor & (second < below(0.25)), np.where(draw < below(0.5), 1, 2), found)

    @cached_property
    def disability(self) -> tuple[Array, Array]:
        """Level (0 none, 1 gravest to 4) and category (place in the contract's codes) of certified disability."""
        rule = rates()["disability"]
        draw, second = self.draw("disability")
        ages, shares = zip(*rule["by_age"], strict=True)
        share = below(np.array(shares))[np.searchsorted(np.array(ages), self.age, side="right") - 1]
        share = np.where(self.poor, share * rule["poor_weight"], share)
        level = choose(second, rule["levels"]) + 1
        category = choose((second * 2_654_435_761) & 0xFFFFFFFF, rule["categories"])
        held = (draw < share) & self.local & self.alive & self.not_cast & (self.age >= 1)
        rows, kinds = self.difficult_children
        severe, mental = rows[kinds == "severe_disability"], rows[kinds == "mental_3_4"]
        held[severe] = held[mental] = True
        level[severe], level[mental], category[mental] = 1 + level[severe] % 2, 3 + level[mental] % 2, 5
        return np.where(held, level, 0), category

    @cached_property
    def difficult_children(self) -> tuple[Array, Array]:
        """Children in difficulty in certified families: places and kinds."""
        kinds = np.array(
            ["severe_disability", "other", "serious_illness", "other", "mental_3_4", "other", "rare_disease", "other", "other", "other"]
        )
        rows, turn = self.picked("child_certified")
        return rows, kinds[turn % len(kinds)]


HOUSEHOLD_PICKS = {"emergency_relief"}


@cache
def wages() -> Quantiles:
    return Quantiles(rates()["work"]["wage_yuan"], 100)


@cache
def poor_wages() -> Quantiles:
    return Quantiles(rates()["work"]["poor_wage_yuan"], 100)


def nulls(count: int) -> Array:
    return np.full(count, NULL, np.int64)


def day(year: int, month: int, day_of_month: int) -> int:
    return days_since_epoch(date(year, month, day_of_month))


def first_of_month(days: Array) -> Array:
    """Return the first day of each day's month."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
