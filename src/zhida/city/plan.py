"""How many households of which kind live in each district, and where each one stands in the order of the city.

Everything here is decided for the whole city at once, to the person; who the people are comes later, chunk by chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhida.blocks.places.api import census_population, communities, districts, streets
from zhida.city.draws import Draws, shares_to_counts, spread
from zhida.city.rates import rates

Array = np.ndarray[Any, Any]

# Kinds of household with their number of persons. The order is part of the format of a city: append only.
KINDS: dict[str, int] = {
    "single_adult": 1,
    "elder_alone": 1,
    "couple_young": 2,
    "couple_middle": 2,
    "couple_elder": 2,
    "parent_child": 2,
    "adult_parent": 2,
    "sharers": 2,
    "couple_child": 3,
    "couple_grown": 3,
    "couple_parent": 3,
    "skipped": 3,
    "parent_two": 3,
    "couple_two": 4,
    "couple_child_parent": 4,
    "couple_grown_parent": 4,
    "couple_child_parents": 5,
    "couple_two_parent": 5,
    "couple_three": 5,
    "couple_two_parents": 6,
}
COLLECTIVE = ("dorm_workers", "dorm_students", "home_elders", "welfare_children")
_SIZES = tuple(range(1, 9))
# Kinds with their size, as one number each: families first, then every collective kind with 1 to 8 persons.
KIND_NAMES = [*KINDS, *(name for name in COLLECTIVE for _ in _SIZES)]
KIND_SIZES = np.array([*KINDS.values(), *(size for _ in COLLECTIVE for size in _SIZES)], dtype=np.int8)
FIRST_COLLECTIVE = len(KINDS)
CAST_DISTRICT, CAST_KIND = 330106, "couple_two_parents"


@dataclass(frozen=True)
class Plan:
    """The households of the city in order: by district, then by community.

    ``kind``: position in KIND_NAMES; ``first_person``: the first person's number, one longer than the households;
    ``community``: 12 digits; ``serial``: number within the district, from 1. ``cast_household`` is the cast's position.
    """

    residents: int
    kind: Array
    first_person: Array
    community: Array
    serial: Array
    cast_household: int

    @property
    def households(self) -> int:
        return len(self.kind)

    @property
    def household_no(self) -> Array:
        return self.community // 1_000_000 * 1_000_000 + self.serial


def make_plan(residents: int, draws: Draws) -> Plan:
    """Lay out a city of exactly so many residents."""
    codes = [district.code for district in districts()]
    population = census_population()
    persons = shares_to_counts(residents, [population[code] for code in codes])
    kinds, places, serials, cast_at, start = [], [], [], 0, 0
    for code, count in zip(codes, persons, strict=True):
        kind = _district_kinds(code, count, draws)
        if code == CAST_DISTRICT:
            _bring_forward(kind, list(KINDS).index(CAST_KIND))
            cast_at = start
        kinds.append(kind)
        places.append(_district_places(code, kind, draws))
        serials.append(np.arange(1, len(kind) + 1, dtype=np.int64))
        start += len(kind)
    kind = np.concatenate(kinds)
    first = np.concatenate([[0], np.cumsum(KIND_SIZES[kind], dtype=np.int64)])
    return Plan(residents, kind, first, np.concatenate(places), np.concatenate(serials), cast_at)


def _bring_forward(kind: Array, wanted: int) -> None:
    """Put a household of the wanted kind first, in exchange for the one that stood there."""
    found = int(np.argmax(kind == wanted))
    kind[0], kind[found] = kind[found], kind[0]


def _district_kinds(code: int, persons: int, draws: Draws) -> Array:
    in_families, families, collectives = _household_counts(code, persons)
    counts = _family_kinds(families, in_families) + _collective_kinds(code, collectives, persons - in_families)
    kind = np.repeat(np.arange(len(counts), dtype=np.int8), counts)
    return kind[draws.shuffled(f"order-{code}", len(kind))]


def _household_counts(code: int, persons: int) -> tuple[int, int, int]:
    """Return (persons in family households, family households, collective households) of a district.

    Fuyang has its own census figures; the other districts share what is left of the city's.
    """
    census, fuyang = rates()["census"], rates()["census"]["fuyang"]
    keys = ("residents", "in_family_households", "family_households", "collective_households")
    own = [fuyang[key] if code == fuyang["district"] else census[key] - fuyang[key] for key in keys]
    in_families, families, collectives = (max(round(persons * value / own[0]), 1) for value in own[1:])
    return in_families, families, min(collectives, persons - in_families)


def _family_kinds(families: int, persons: int) -> list[int]:
    sizes = _fit(shares_to_counts(families, rates()["household_sizes"]["shares"]), persons)
    shares, counts = rates()["families"]["shares"], []
    for size, count in enumerate(sizes, start=1):
        counts += shares_to_counts(count, [shares[name] for name, members in KINDS.items() if members == size])
    return counts


def _fit(sizes: list[int], persons: int) -> list[int]:
    """Move households between neighbouring sizes, each size by its part, until the persons fit."""
    while missing := persons - sum(size * count for size, count in enumerate(sizes, start=1)):
        step = 1 if missing > 0 else -1
        donors = [i for i in range(len(sizes)) if sizes[i] and 0 <= i + step < len(sizes)]
        moves = shares_to_counts(abs(missing), [sizes[i] for i in donors])
        for i, moved in zip(donors, moves, strict=True):
            taken = min(moved, sizes[i])
            sizes[i] -= taken
            sizes[i + step] += taken
    return sizes


def _collective_kinds(code: int, households: int, persons: int) -> list[int]:
    """Return households for each collective kind and size of 1 to 8. One district keeps the children's welfare home."""
    shares = rates()["families"]["collective"]
    parts = shares_to_counts(persons, [shares[name] for name in COLLECTIVE])
    if code == CAST_DISTRICT and parts[3] < 8 and parts[0] > 8 - parts[3]:
        parts = [parts[0] - 8 + parts[3], parts[1], parts[2], 8]
    homes = shares_to_counts(households, [float(part) for part in parts])
    return [count for part, home in zip(parts, homes, strict=True) for count in _spread_over_sizes(part, home)]


def _spread_over_sizes(persons: int, homes: int) -> list[int]:
    """Share persons out to homes of 1 to 8, as evenly as the numbers allow around sizes one apart."""
    counts = [0] * len(_SIZES)
    if not persons:
        return counts
    homes = min(max(homes, -(-persons // _SIZES[-1])), persons)
    size, larger = divmod(persons, homes)
    # Half of the homes become one smaller and one larger in pairs, so that sizes vary.
    counts[size - 1] += homes - larger
    if larger:
        counts[size] += larger
    pairs = min(counts[size - 1] // 4, homes) if 1 < size < _SIZES[-1] else 0
    counts[size - 1] -= 2 * pairs
    counts[size - 2] += pairs
    counts[size] += pairs
    return counts


def _district_places(code: int, kind: Array, draws: Draws) -> Array:
    """Return the community of each household in order, each community about as large as its weight."""
    codes = np.array([one.code for street in streets(code) for one in communities(street.code)], dtype=np.int64)
    weights = _community_weights(code, codes, draws)
    ends = np.cumsum(weights)
    sizes = KIND_SIZES[kind].astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    return codes[np.searchsorted(ends, starts * int(ends[-1]) // int(sizes.sum()), side="right")]


def _community_weights(code: int, codes: Array, draws: Draws) -> Array:
    areas = rates()["areas"]
    weights = np.where(codes % 1000 < 200, areas["community_weight"], areas["village_weight"])
    low, high = areas["variation"]
    # The weights of a community do not change with the seed: streets keep their size from city to city.
    return weights * spread(Draws(0).one(f"weights-{code}", 0, len(codes)), low, high + 1)
