"""From counts of a month's joint cases to figures on every level, and which of them are too small to show. No database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from zhida.blocks.cases.api import Casework, CaseworkLine
from zhida.blocks.indicators.models import CaseworkObservation
from zhida.kernel.small_cells import is_small

M = CaseworkObservation.Measure
ALL = ""
# Four and five stars: satisfied (满意, 非常满意). One and two: bad (国办发〔2019〕51号: 不满意, 非常不满意). Three is neither.
SATISFIED_STARS, BAD_STARS = 4, 2
# What a figure is about, where that is not what it counts itself.
BASES = {
    M.DAYS_MEDIAN: M.DONE, M.DAYS_P90: M.DONE, M.DONE_IN_TIME: M.DONE, M.ITEMS_IN_TIME: M.ITEMS, M.STARS: M.RATINGS,
    M.SATISFIED: M.RATINGS, M.BAD: M.RATINGS, M.REASONS: M.RATINGS, M.BAD_IN_TIME: M.BAD_DUE, M.APPEALS_CHANGED: M.APPEALS_ANSWERED,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Whom a figure is about: life event, department (empty: all) and area, with the area above it."""

    event: str
    department: str
    level: str
    area: int
    parent: int


Key = tuple[Place, str, str]  # place, measure, reason


@dataclass(frozen=True)
class Figure:
    """A figure as ``CaseworkObservation`` keeps it, without its month."""

    place: Place
    measure: str
    reason: str
    value: int
    base: int
    is_withheld: bool

    def as_row(self) -> tuple[str | int | bool, ...]:
        place = self.place
        return (
            self.measure, self.reason, place.event, place.department, place.level, place.area, place.parent, self.value, self.base,
            self.is_withheld,
        )  # fmt: skip


def figures_of(lines: Iterable[CaseworkLine]) -> list[Figure]:
    """Add up a month's lines for every life event and all, every department and all, and each area with those above it."""
    counts, days = _added_up(lines)
    for place, spread in days.items():
        counts[place, M.DAYS_MEDIAN, ""] = at_share(spread, 0.5)
        counts[place, M.DAYS_P90, ""] = at_share(spread, 0.9)
    bases = {key: counts[key[0], BASES.get(key[1], key[1]), ""] for key in counts}
    hidden = withheld({(place, measure): n for (place, measure, _), n in counts.items() if measure not in BASES})
    return [
        Figure(place, str(measure), reason, value, bases[place, measure, reason], (place, BASES.get(measure, measure)) in hidden)
        for (place, measure, reason), value in counts.items()
    ]


def _added_up(lines: Iterable[CaseworkLine]) -> tuple[Counter[Key], dict[Place, Counter[int]]]:
    counts: Counter[Key] = Counter()
    days: dict[Place, Counter[int]] = defaultdict(Counter)
    for line in lines:
        for place in places_of(line):
            counts[place, M(line.what), line.reason] += line.count
            if line.what == Casework.DONE:
                days[place][line.value] += line.count
            if line.what == Casework.RATINGS:
                counts[place, M.STARS, ""] += line.count * line.value
                counts[place, M.SATISFIED, ""] += line.count * (line.value >= SATISFIED_STARS)
                counts[place, M.BAD, ""] += line.count * (line.value <= BAD_STARS)
    return counts, days


def places_of(line: CaseworkLine) -> list[Place]:
    """Return every place that a line counts for, from its own street to the whole city."""
    city, district = line.street // 100_000 * 100, line.street // 1_000
    areas = [("city", city, 0), ("district", district, city), ("street", line.street, district)]
    return [Place(event, department, *area) for event in (line.event, ALL) for department in (line.department, ALL) for area in areas]


def at_share(spread: Mapping[int, int], share: float) -> int:
    """Return the smallest value that at least a share of all do not exceed (nearest rank); 0 of nobody.

    >>> at_share({1: 2, 3: 1, 9: 1}, 0.5), at_share({1: 2, 3: 1, 9: 1}, 0.9), at_share({}, 0.5)
    (1, 9, 0)
    """
    wanted, seen = share * sum(spread.values()), 0
    for value in sorted(spread):
        seen += spread[value]
        if seen >= wanted:
            return value
    return 0


Cell = tuple[Place, str]  # place, measure


def withheld(counts: Mapping[Cell, int]) -> set[Cell]:
    """Return which counts are not shown: small ones below the district, and others that would give one of them away by subtraction.

    Along a line of parts and their sum (life events and all, departments and all, streets and their district) never exactly one is
    hidden, as long as there is another below the district that can be hidden beside it. Zeros are no secret.
    """
    hidden = {cell for cell, count in counts.items() if _may_hide(cell) and is_small(count)}
    lines = _lines(counts)
    is_changed = bool(hidden)
    while is_changed:
        is_changed = False
        for line in lines:
            if sum(cell in hidden for cell in line) == 1:
                others = [cell for cell in line if cell not in hidden and _may_hide(cell) and counts[cell]]
                if others:
                    # A part rather than the sum, the smallest of them.
                    hidden.add(min(others, key=lambda cell: (cell == line[0], counts[cell], repr(cell))))
                    is_changed = True
    return hidden


def _may_hide(cell: Cell) -> bool:
    return cell[0].level == "street"


def _lines(counts: Mapping[Cell, int]) -> list[list[Cell]]:
    """Return every sum followed by its parts along one dimension, where the parts lie below the district."""
    parts: dict[tuple[str, Cell], list[Cell]] = defaultdict(list)
    for cell in counts:
        place, measure = cell
        if place.level != "street":
            continue
        if place.event:
            parts["event", (replace(place, event=ALL), measure)].append(cell)
        if place.department:
            parts["department", (replace(place, department=ALL), measure)].append(cell)
        district = replace(place, level="district", area=place.parent, parent=place.parent // 100 * 100)
        parts["area", (district, measure)].append(cell)
    return [[total, *cells] for (_, total), cells in parts.items()]
