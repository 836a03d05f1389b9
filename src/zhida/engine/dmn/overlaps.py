"""Which inputs hit two rules, and which hit none, found on representative values before any case is decided.

Each column's values fall into finitely many groups that no cell tells apart: the values written in cells, and what lies between them. One
value of each group stands for it. A rule is then a set of groups per column, kept as bits of an int.

A cell that names another input cannot be cut into groups of one column: it is taken to hit everything when overlaps are looked for, and
nothing when gaps are. Columns that share a name (``age``, ``age / 2``) are taken to vary freely. So an overlap or a gap may be reported
that cannot happen, never the other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import and_

from zhida.engine.dmn.errors import DmnRefused
from zhida.engine.dmn.points import Point, Points
from zhida.engine.dmn.table import DecisionTable, Rule, constant_of
from zhida.engine.feel.tree import Name

WORK_MAX = 200_000
# At reading time less patience is right: a table that is not known to be complete only leaves more answers open.
READING_WORK_MAX = 20_000


@dataclass(frozen=True)
class Dimension:
    """One thing that is tested, by one or several columns: representative values, and per rule which of them hit, surely and perhaps."""

    label: str
    points: list[Point]
    surely: list[int]
    perhaps: list[int]


def find_overlap(table: DecisionTable) -> None:
    """Raise DmnRefused where two rules overlap against the table's policy."""
    if table.policy not in ("UNIQUE", "ANY"):
        return
    dimensions = dimensions_of(table)
    for index, first in enumerate(table.rules):
        for second in table.rules[index + 1 :]:
            hits = _both_hit(dimensions, first.number - 1, second.number - 1)
            if hits is not None and not (table.policy == "ANY" and _say_the_same(first, second)):
                _refuse_overlap(table, first, second, hits)


def find_gap(table: DecisionTable) -> dict[str, Point] | None:
    """Give one value per column that no rule covers, by the column's expression; None where there are none."""
    if all(output.default is not None for output in table.columns_out):
        return None
    dimensions = dimensions_of(table)
    try:
        found = _Gaps(table, dimensions, WORK_MAX).below(0, (1 << len(table.rules)) - 1)
    except _TooLarge:
        zh = "表太大，无法查出是否有遗漏；请写明默认输出，或拆成几张表"
        raise DmnRefused(
            table.place, zh, "too large to tell whether something is left out. Give it a default output, or split it"
        ) from None
    return None if found is None else {dimension.label: point for dimension, point in zip(dimensions, found, strict=True)}


def covers_everything(table: DecisionTable) -> bool:
    """Say whether some rule fires whatever the inputs are, all of them plain names of a declared kind; False where that is hard to tell."""
    if any(not isinstance(column.expression.tree, Name) or column.kind is None for column in table.columns_in):
        return False
    try:
        return _Gaps(table, dimensions_of(table), READING_WORK_MAX).below(0, (1 << len(table.rules)) - 1) is None
    except _TooLarge:
        return False


def _both_hit(dimensions: Sequence[Dimension], first: int, second: int) -> list[int] | None:
    hits = []
    for dimension in dimensions:
        common = dimension.perhaps[first] & dimension.perhaps[second]
        if not common:
            return None
        hits.append(common)
    return hits


def _say_the_same(first: Rule, second: Rule) -> bool:
    """Say whether two rules give equal outputs whatever the inputs are."""
    return all(
        a.tree == b.tree or (constant_of(a) is not None and constant_of(a) == constant_of(b))
        for a, b in zip(first.outputs, second.outputs, strict=True)
    )


def _refuse_overlap(table: DecisionTable, first: Rule, second: Rule, hits: Sequence[int]) -> None:
    dimensions = dimensions_of(table)
    example = {d.label: d.points[(hit & -hit).bit_length() - 1] for d, hit in zip(dimensions, hits, strict=True)}
    written = ", ".join(f"{label} = {written_value(value)}" for label, value in example.items()) or "-"
    zh_what = "UNIQUE 表的规则不能重叠" if table.policy == "UNIQUE" else "ANY 表里重叠的规则必须给出相同结果"
    en_what = (
        "rules of a UNIQUE table may not overlap" if table.policy == "UNIQUE" else "rules of an ANY table that overlap must say the same"
    )
    raise DmnRefused(
        table.place,
        f"规则 {first.number}（{first.id}）与规则 {second.number}（{second.id}）重叠，例如 {written}；{zh_what}，请改条件或改用 FIRST",
        f"rule {first.number} ({first.id}) and rule {second.number} ({second.id}) overlap, for instance at {written}; {en_what}. "
        "Change their conditions, or the policy to FIRST",
    )


def written_value(value: Point) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case date():
            return f'date("{value}")'
    return f"{value:f}"


# ---- columns as sets of rules -----------------------------------------------------------------------------------------------------------


def dimensions_of(table: DecisionTable) -> list[Dimension]:
    """Return a dimension per thing that is tested; columns with the same expression are one."""
    groups: dict[str, list[int]] = {}
    for index, column in enumerate(table.columns_in):
        groups.setdefault(column.expression.text, []).append(index)
    return [_dimension(table, label, columns) for label, columns in groups.items()]


def _dimension(table: DecisionTable, label: str, columns: list[int]) -> Dimension:
    points = Points([table.columns_in[index] for index in columns], [rule.cells[index] for rule in table.rules for index in columns])
    surely, perhaps = [], []
    for rule in table.rules:
        cells = [rule.cells[index] for index in columns]
        perhaps.append(reduce(and_, [points.hit_by(cell, True) for cell in cells]))
        surely.append(reduce(and_, [points.hit_by(cell, False) for cell in cells]))
    return Dimension(label, points.values, surely, perhaps)


# ---- gaps -------------------------------------------------------------------------------------------------------------------------------


class _TooLarge(Exception):
    """More steps than a table is worth."""


class _Gaps:
    """Goes through the columns one by one with the rules that are still hit; equal states are visited once."""

    def __init__(self, table: DecisionTable, dimensions: Sequence[Dimension], patience: int) -> None:
        self.dimensions, self.patience = dimensions, patience
        # The rules that each value of a column hits.
        self.hits = [
            [sum(1 << rule for rule, bits in enumerate(dimension.surely) if bits >> place & 1) for place in range(len(dimension.points))]
            for dimension in dimensions
        ]
        self.covered: set[tuple[int, int]] = set()
        # For each column on, the rules that hit every value of it and of all that follow.
        self.always = [0] * (len(dimensions) + 1)
        self.always[-1] = (1 << len(table.rules)) - 1
        for index in range(len(dimensions) - 1, -1, -1):
            full = (1 << len(dimensions[index].points)) - 1
            whole = sum(1 << rule for rule, bits in enumerate(dimensions[index].surely) if bits == full)
            self.always[index] = self.always[index + 1] & whole

    def below(self, index: int, rules: int) -> list[Point] | None:
        """Return values of the columns from ``index`` on that none of ``rules`` covers."""
        if rules & self.always[index] or (index, rules) in self.covered:
            return None
        if index == len(self.dimensions):
            return []
        for point, hit in zip(self.dimensions[index].points, self.hits[index], strict=True):
            self.patience -= 1
            if not self.patience:
                raise _TooLarge
            rest = self.below(index + 1, rules & hit)
            if rest is not None:
                return [point, *rest]
        self.covered.add((index, rules))
        return None
