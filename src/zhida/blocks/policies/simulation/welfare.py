"""Poverty, inequality and tenths, over the files of households whose income is known. One pass of DuckDB each, spilling where it must.

Every number is exact: sums are 128-bit whole numbers and a share is divided once, at the end, and rounded half up to a millionth.

- Income per head: the household's income of a year divided by its living members, rounded half up to whole fen, counted for each of them
  (World Bank, Poverty and Inequality Platform: per capita, weighted by persons). Per head and not per equivalent adult, because the
  law's own line is per head.
- Poverty rate, gap index: P0 and P1 of Foster, Greer and Thorbecke, Econometrica 52(3), 1984: the mean over persons of
  (line - income) / line, 0 for who is not poor. The household's whole income is held to the line, without rounding.
- Gini: half the mean absolute difference between any two persons, relative to the mean (Gini 1912; OECD Income Distribution Database),
  that is sum(w y (2C - w - W)) / (W sum(w y)) over distinct incomes y with w persons, C counted up to and including y, W in all.
- Tenths: persons in order of income per head before the reform, households of equal income in order of their number; a household belongs
  to the tenth in which the middle of its members stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from zhida.blocks.policies.simulation.results import PPM, Welfare, half_up
from zhida.kernel.warehouse import warehouse

# What the pass over incomes may hold; beyond it DuckDB spills.
_MEMORY_MB = 1_000
# Income per head of a year, in whole fen, halves up.
_PER_HEAD = "(2 * {law} + persons) // (2 * persons)"
_IS_POOR = "{law}::HUGEINT * {scale} < 12 * line::HUGEINT * persons"
# By group and line: households, persons, the poor of both, income, and what is missing to the line, in the line's decimals.
_POVERTY = """
SELECT {division}, line, count(*), sum(persons), count(*) FILTER ({poor}), coalesce(sum(persons) FILTER ({poor}), 0), sum({law}),
       coalesce(sum(12 * line::HUGEINT * persons - {law}::HUGEINT * {scale}) FILTER ({poor}), 0)
FROM known GROUP BY ALL ORDER BY ALL
"""
# By group: the numerator and the denominator of the Gini coefficient.
_GINI = """
WITH incomes AS (SELECT {division} AS g, {per_head} AS y, sum(persons)::HUGEINT AS w FROM known GROUP BY ALL),
     counted AS (SELECT *, sum(w) OVER (PARTITION BY g ORDER BY y)::HUGEINT AS c, sum(w) OVER (PARTITION BY g)::HUGEINT AS whole
                 FROM incomes)
SELECT g, sum(w * y * (2 * c - w - whole))::HUGEINT, any_value(whole) * sum(w * y)::HUGEINT FROM counted GROUP BY g
"""
_TENTHS = """
WITH ordered AS (SELECT *, {per_head} AS y FROM known),
     counted AS (SELECT *, sum(persons) OVER (ORDER BY y, household_no ROWS UNBOUNDED PRECEDING)::HUGEINT AS c,
                        sum(persons) OVER ()::HUGEINT AS whole FROM ordered)
SELECT (10 * (2 * c - persons)) // (2 * whole) + 1 AS tenth, count(*), sum(persons), max(y), sum(base), sum(reform), {measures}
FROM counted GROUP BY tenth ORDER BY tenth
"""
_EFFECT = "count(*) FILTER ({test}), coalesce(sum(persons) FILTER ({test}), 0), coalesce(sum({amount}) FILTER ({test}), 0)"
_EFFECTS = (("NOT undecided AND change > 0", "change"), ("NOT undecided AND change < 0", "-change"), ("undecided", "change"))


@dataclass(frozen=True)
class TenthRow:
    """One tenth as counted: see results.Decile. The last nine as in tallies.MEASURES from ``winners`` on."""

    number: int
    households: int
    persons: int
    upto_fen: int
    base_fen: int
    reform_fen: int
    measures: tuple[int, ...]


class Incomes:
    """The households of known income of one simulation. line_scale: decimals of the column ``line``."""

    def __init__(self, db: duckdb.DuckDBPyConnection, files: list[Path], line_scale: int) -> None:
        self._db, self._line_scale = db, 10**line_scale
        db.read_parquet([str(path) for path in files]).create_view("households")
        db.execute("CREATE VIEW known AS SELECT *, 0 AS city FROM households")

    def welfare(self, division: str, law: str) -> dict[int, Welfare]:
        """Return poverty and inequality by group of a division (tallies.DIVISIONS). law: ``base`` or ``reform``."""
        found: dict[int, list[Any]] = {}
        for code, line, *numbers in self._poverty(division, law):
            sums = found.setdefault(code, [0, 0, 0, 0, 0, Fraction(0), Fraction(0)])
            for place, number in enumerate(numbers[:5]):
                sums[place] += number
            shortfall = Fraction(numbers[5], self._line_scale)
            sums[5] += shortfall
            # P1 adds up (line - income) / line over persons: a household's shortfall over the line of a year.
            sums[6] += shortfall / (12 * Fraction(line, self._line_scale)) if line else 0
        gini = self._gini(division, law)
        return {code: _welfare(sums, gini.get(code)) for code, sums in found.items()}

    def _poverty(self, division: str, law: str) -> list[tuple[int, ...]]:
        poor = _IS_POOR.format(law=law, scale=self._line_scale)
        return self._db.execute(_POVERTY.format(division=division, law=law, poor=poor, scale=self._line_scale)).fetchall()

    def _gini(self, division: str, law: str) -> dict[int, int | None]:
        rows = self._db.execute(_GINI.format(division=division, per_head=_PER_HEAD.format(law=law))).fetchall()
        return {code: half_up(above * PPM, below) for code, above, below in rows}

    def tenths(self) -> list[TenthRow]:
        """Return the tenths, poorest first; a tenth nobody stands in is left out."""
        measures = ", ".join(_EFFECT.format(test=test, amount=amount) for test, amount in _EFFECTS)
        rows = self._db.execute(_TENTHS.format(per_head=_PER_HEAD.format(law="base"), measures=measures)).fetchall()
        return [TenthRow(*(int(number) for number in row[:6]), tuple(int(number) for number in row[6:])) for row in rows]


@contextmanager
def open_incomes(scratch: Path, files: list[Path], line_scale: int) -> Iterator[Incomes]:
    """Open the files of households of known income for as long as they are counted."""
    with warehouse(scratch, _MEMORY_MB) as db:
        yield Incomes(db, files, line_scale)


def _welfare(sums: list[Any], gini: int | None) -> Welfare:
    households, persons, poor_households, poor_persons, income, shortfall, gap = sums
    return Welfare(
        households=households,
        persons=persons,
        poor_households=poor_households,
        poor_persons=poor_persons,
        poor_ppm=half_up(poor_persons * PPM, persons),
        gap_ppm=half_up(gap.numerator * PPM, gap.denominator * persons),
        shortfall_fen=half_up(shortfall.numerator, shortfall.denominator) or 0,
        mean_fen=half_up(income, persons),
        gini_ppm=gini,
    )
