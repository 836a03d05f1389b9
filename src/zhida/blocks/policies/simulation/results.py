"""What a simulation found, as plain whole numbers that are kept as JSON: pages and files read it, nothing is computed again.

Money is whole fen; shares are whole millionths (``_ppm``). Everything is for a year of the simulated month's rule, see ``TIMES_A_YEAR``.
A figure that is hidden because it is about too few people (kernel/small_cells.py) is None; so is one that cannot be known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache, partial
from typing import Any, get_args, get_origin, get_type_hints

from zhida.kernel.text import Text

# How often a year a benefit is paid. What is paid once for an occasion counts as often as the simulated month's facts have the occasion.
TIMES_A_YEAR = {"MONTH": 12, "QUARTER": 4, "YEAR": 1, "ONCE": 1}
PPM = 1_000_000


@dataclass(frozen=True)
class BenefitCost:
    """One benefit that the reform touches, as granted by both laws to the whole city. Amounts: one month, quarter, year or occasion.

    amount_*: fen where ``unit`` is fen, else that unit. became_unknown: rows (and their amount before) that the reform leaves undecided;
    became_known: the other way round. So ``amount_reform - amount_base == change - became_unknown_amount + became_known_amount``.
    """

    benefit: str
    label: Text
    unit: str
    every: str
    entitled_base: int
    entitled_reform: int
    unknown_base: int
    unknown_reform: int
    amount_base: int
    amount_reform: int
    change: int
    became_unknown: int
    became_unknown_amount: int
    became_known: int
    became_known_amount: int

    @property
    def is_money(self) -> bool:
        return self.unit == "fen"

    @property
    def times(self) -> int:
        return TIMES_A_YEAR[self.every]

    @property
    def year_base_fen(self) -> int:
        return self.amount_base * self.times if self.is_money else 0

    @property
    def year_reform_fen(self) -> int:
        return self.amount_reform * self.times if self.is_money else 0

    @property
    def year_change_fen(self) -> int:
        return self.change * self.times if self.is_money else 0


@dataclass(frozen=True)
class Effect:
    """Winners and losers of a group of households, by a year's money of all benefits that the reform touches.

    Persons are living members on the register. undecided: an answer that the reform touches waits for a missing fact under one law or both;
    ``undecided_fen`` is what is known of their change. loss_fen is not negative. The rest of the group is unchanged.
    """

    households: int
    persons: int
    winners: int
    winner_persons: int
    gain_fen: int
    losers: int
    loser_persons: int
    loss_fen: int
    undecided: int
    undecided_persons: int
    undecided_fen: int

    @property
    def unchanged(self) -> int:
        return self.households - self.winners - self.losers - self.undecided

    @property
    def unchanged_persons(self) -> int:
        return self.persons - self.winner_persons - self.loser_persons - self.undecided_persons

    @property
    def change_fen(self) -> int:
        return self.gain_fen - self.loss_fen + self.undecided_fen

    @property
    def average_gain_fen(self) -> int | None:
        """A winning household's gain of a year, on average, in whole fen; None where nobody wins."""
        return half_up(self.gain_fen, self.winners)

    @property
    def average_loss_fen(self) -> int | None:
        return half_up(self.loss_fen, self.losers)


@dataclass(frozen=True)
class Welfare:
    """Poverty and inequality of the persons of a group whose household's income the registers know, under one law.

    poor: below the low-income line of the base law, the same line under both laws. gap_ppm: the poverty gap index, Foster, Greer and
    Thorbecke's P1. shortfall_fen: what a year would take to lift all poor to the line. gini_ppm: None where there is no income at all.
    """

    households: int
    persons: int
    poor_households: int
    poor_persons: int
    poor_ppm: int | None
    gap_ppm: int | None
    shortfall_fen: int
    mean_fen: int | None
    gini_ppm: int | None


@dataclass(frozen=True)
class Coverage:
    """For how much of a group the incomes are known: the figures of Welfare are about ``known`` and say nothing about ``unknown``.

    above: the checked income is not known, but registered wages alone reach the low-income line: not poor for certain, income unknown.
    """

    known: int
    known_persons: int
    above: int
    above_persons: int
    unknown: int
    unknown_persons: int

    @property
    def households(self) -> int:
        return self.known + self.above + self.unknown

    @property
    def persons(self) -> int:
        return self.known_persons + self.above_persons + self.unknown_persons

    def poor_between_ppm(self, welfare: Welfare) -> tuple[int, int] | None:
        """Return the bounds of the whole group's poverty rate: none, or all, of those of whom nothing is known are poor (Manski 1989)."""
        if not self.persons:
            return None
        low, high = welfare.poor_persons, welfare.poor_persons + self.unknown_persons
        return low * PPM // self.persons, -(-high * PPM // self.persons)


@dataclass(frozen=True)
class Group:
    """One row of a table: a district, a type of household, a tenth. Figures about too few people are None (``hidden``)."""

    code: str
    label: Text
    households: int
    persons: int
    effect: Effect | None
    coverage: Coverage | None
    before: Welfare | None
    after: Welfare | None

    @property
    def hidden(self) -> bool:
        return self.effect is None


@dataclass(frozen=True)
class Decile:
    """A tenth of the persons of known income, poorest first, by the household's income per head under the base law; 0: income unknown.

    upto_fen: the highest income per head of a year in it. mean_fen: the mean before; after_fen: the mean after the reform.
    """

    number: int
    households: int
    persons: int
    upto_fen: int | None
    mean_fen: int | None
    after_fen: int | None
    effect: Effect | None


@dataclass(frozen=True)
class ParameterShift:
    """A number of the law that the reform changes, in words: before and after, for as many keys as differ."""

    name: str
    label: Text
    before: Text
    after: Text


@dataclass(frozen=True)
class Tried:
    """A value that a search for a budget tried, and what a year would cost with it."""

    value: str
    cost_fen: int


@dataclass(frozen=True)
class Targeting:
    """How a budget was met. value: as it would be written in the reform. next_*: the next step up the cost, which exceeds the budget."""

    parameter: str
    label: Text
    budget_fen: int
    way: str
    value: str
    cost_fen: int
    next_value: str
    next_cost_fen: int
    base_value: str
    base_cost_fen: int
    trials: int
    # Lowest value first.
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True)
class Simulation:
    """A reform beside the law it was compared to, for one month's rule on one snapshot."""

    title: Text
    reform: Text
    note: Text
    month: str
    facts_month: str
    known_on: str
    law_as_of: str
    law_base: str
    law_reform: str
    snapshot: str
    base_run: int | None
    touched: tuple[str, ...]
    elsewhere: tuple[str, ...]
    shifts: tuple[ParameterShift, ...]
    costs: tuple[BenefitCost, ...]
    organisations_fen: int
    line: Text
    total: Group
    districts: tuple[Group, ...]
    types: tuple[Group, ...]
    sizes: tuple[Group, ...]
    disabilities: tuple[Group, ...]
    deciles: tuple[Decile, ...]
    targeting: Targeting | None
    seconds: int
    # Of a simulation that was kept: its number, the reform as it was given, who made it and when.
    id: int = 0
    reform_text: str = ""
    made_by: str = ""
    made_at: str = ""

    @property
    def year_base_fen(self) -> int:
        """What the touched benefits cost in a year under the law compared to."""
        return sum(cost.year_base_fen for cost in self.costs)

    @property
    def year_reform_fen(self) -> int:
        return sum(cost.year_reform_fen for cost in self.costs)

    @property
    def year_change_fen(self) -> int:
        """The change of a year's cost, over what both laws decide: the sum of what households and organisations gain and lose."""
        return sum(cost.year_change_fen for cost in self.costs)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Simulation:
        found: Simulation = _built(cls, kept)
        return found


def half_up(amount: int, parts: int) -> int | None:
    """Divide and round halves up; None where there is nothing to divide by.

    >>> half_up(7, 2), half_up(5, 0)
    (4, None)
    """
    return (2 * amount + parts) // (2 * parts) if parts else None


def _built(kind: Any, kept: Any) -> Any:
    """Build a dataclass of this module from what ``asdict`` made of it."""
    return kind(**{name: _read(make, kept[name]) for name, make in _makers(kind) if name in kept})


def _read(make: Callable[[Any], Any] | None, kept: Any) -> Any:
    return kept if make is None or kept is None else make(kept)


@cache
def _makers(kind: Any) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Return for each field of a dataclass what makes its value; None where it is kept as it is."""
    hints = get_type_hints(kind)
    return tuple((field.name, _maker(hints[field.name])) for field in fields(kind))


def _maker(hint: Any) -> Callable[[Any], Any] | None:
    inner = [part for part in get_args(hint) if part is not type(None) and part is not Ellipsis]
    made = inner[0] if inner else hint
    if get_origin(hint) is tuple:
        return (lambda items: tuple(_built(made, item) for item in items)) if is_dataclass(made) else tuple
    return partial(_built, made) if is_dataclass(made) else None
