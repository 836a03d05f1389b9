"""Units of numbers: a product of powers of base units. Yuan exists only at the edge and becomes fen.

Months and years are different units on purpose: a law says how many months make its year (a parameter), the compiler does not guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

BASES = ("fen", "month", "year", "quarter", "day", "m2", "hour", "kWh", "bp", "id")
# Words that read better than "1" in a declaration.
_DIMENSIONLESS = frozenset({"1", "", "person", "count", "status", "area"})


@dataclass(frozen=True)
class Unit:
    """``powers`` is sorted by base name; empty means a plain number.

    >>> str(Unit.parse("fen/month") * Unit.parse("month")), str(Unit.parse("fen/m2/month") * Unit.parse("m2"))
    ('fen', 'fen/month')
    """

    powers: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, written: str) -> Unit:
        """Read ``fen/m2/month`` or ``fen*month``. Raises ValueError for an unknown base."""
        return _parse(written.strip())

    def __mul__(self, other: Unit) -> Unit:
        return _make({base: self.power(base) + other.power(base) for base in BASES})

    def __truediv__(self, other: Unit) -> Unit:
        return _make({base: self.power(base) - other.power(base) for base in BASES})

    def power(self, base: str) -> int:
        return next((power for name, power in self.powers if name == base), 0)

    def __str__(self) -> str:
        above = [name for name, power in self.powers for _ in range(power)]
        below = [f"/{name}" for name, power in self.powers for _ in range(-power)]
        return ("*".join(above) or "1") + "".join(below)


@lru_cache
def _parse(written: str) -> Unit:
    powers: dict[str, int] = {}
    sign = 1
    for token in re.split(r"([*/])", written):
        word = token.strip()
        if word in ("*", "/"):
            sign = 1 if word == "*" else -1
        elif word in BASES:
            powers[word] = powers.get(word, 0) + sign
        elif word not in _DIMENSIONLESS:
            raise ValueError(word)
    return _make(powers)


def _make(powers: dict[str, int]) -> Unit:
    # Money first, then what it is per: the order people say it in.
    return Unit(tuple((base, powers[base]) for base in BASES if powers.get(base)))


NUMBER = Unit()


def edge_unit(written: str) -> tuple[Unit, int]:
    """Read a unit as people write it at the edge and the number of decimals yuan adds on its way to fen.

    >>> str(edge_unit("yuan/month")[0]), edge_unit("yuan/month")[1]
    ('fen/month', 2)
    """
    words = re.split(r"[*/]", written)
    return Unit.parse(re.sub(r"\byuan\b", "fen", written)), 2 * words.count("yuan")
