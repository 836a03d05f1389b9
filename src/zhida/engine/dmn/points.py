"""Values that stand for all values of a column: those written in its cells, and one between each two of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import and_, or_
from typing import Any

from zhida.engine.dmn.table import TESTED, Input
from zhida.engine.feel import Expression
from zhida.engine.feel.meaning import evaluate
from zhida.engine.feel.tree import (
    Comparison,
    Constant,
    IsUnknown,
    Logic,
    Name,
    Not,
    Tree,
    Value,
    ValueKind,
    every_part,
    kind_of_value,
    names_in,
)

_STEP = Decimal("0.000001")
_DAY = timedelta(days=1)
Point = Value | None
# Bits of the points where a test is true, and where it is false; at the others it is open.
Truth = tuple[int, int]


class Points:
    """A column's representative values, by kind and in order, None last; sets of them are bits of an int."""

    def __init__(self, inputs: Sequence[Input], cells: Sequence[Expression]) -> None:
        allowed = [column.allowed for column in inputs if column.allowed is not None]
        written = [*_constants(cells), *_constants(allowed)]
        kinds: set[ValueKind | None] = {column.kind for column in inputs if column.kind} or {kind_of_value(value) for value in written}
        found = _all_kinds(written, kinds, any(column.is_whole for column in inputs))
        self.values: list[Point] = [point for point in found if all(_passes(test, point) for test in allowed)]
        if any(isinstance(part, IsUnknown) for cell in cells for part in every_part(cell.tree)):
            self.values.append(None)
        self.every = (1 << len(self.values)) - 1
        self._spans = self._by_kind()
        self._known: dict[str, Truth] = {}

    def _by_kind(self) -> dict[ValueKind | None, tuple[int, list[Any]]]:
        """Where the points of each kind begin, and which they are."""
        spans: dict[ValueKind | None, tuple[int, list[Any]]] = {}
        for place, point in enumerate(self.values):
            spans.setdefault(kind_of_value(point), (place, []))[1].append(point)
        return spans

    def hit_by(self, cell: Expression, doubtful: bool) -> int:
        """Return the points that a cell hits; one that names other inputs hits all or none, as ``doubtful`` says."""
        if cell.names - {TESTED}:
            return self.every if doubtful else 0
        if cell.text not in self._known:
            self._known[cell.text] = self._truth(cell.tree)
        return self._known[cell.text][0]

    def _truth(self, tree: Tree) -> Truth:
        match tree:
            case Constant(value):
                return (self.every, 0) if value is True else (0, self.every)
            case Logic(sign, parts):
                yes, no = zip(*(self._truth(part) for part in parts), strict=True)
                return (reduce(and_, yes), reduce(or_, no)) if sign == "and" else (reduce(or_, yes), reduce(and_, no))
            case Not(part):
                yes_of_part, no_of_part = self._truth(part)
                return no_of_part, yes_of_part
            case IsUnknown(_):
                unknown = sum(1 << place for place, point in enumerate(self.values) if point is None)
                return unknown, self.every ^ unknown
            case Comparison(sign, Name(_, _), right):
                return self._compared(sign, evaluate(right, {}, ""))
        return 0, 0

    def _compared(self, sign: str, value: Any) -> Truth:
        """Points of the value's kind stand in a row, so a comparison holds for one stretch of them, or for all but one."""
        first, points = self._spans.get(kind_of_value(value), (0, []))
        whole = ((1 << len(points)) - 1) << first
        if kind_of_value(value) in ("number", "date"):
            below = ((1 << bisect_left(points, value)) - 1) << first
            up_to = ((1 << bisect_right(points, value)) - 1) << first
        else:
            place = points.index(value) if value in points else 0
            below, up_to = 0, (1 << first + place) if value in points else 0
        yes = {"=": up_to ^ below, "!=": whole ^ up_to ^ below, "<": below, "<=": up_to, ">": whole ^ up_to, ">=": whole ^ below}[sign]
        return yes, whole ^ yes


def _passes(test: Expression, point: Point) -> bool:
    return bool(test.names - {TESTED}) or evaluate(test.tree, {TESTED: point}, test.place) is True


def _constants(tests: Sequence[Expression]) -> Iterator[Value]:
    """Give every value that a cell compares its column with."""
    for test in tests:
        for part in every_part(test.tree):
            if isinstance(part, Comparison) and isinstance(part.left, Name) and not names_in(part.right):
                value = evaluate(part.right, {}, test.place)
                if value is not None:
                    yield value


def _all_kinds(written: Sequence[Value], kinds: set[ValueKind | None], is_whole: bool) -> list[Point]:
    points: list[Point] = []
    if "number" in kinds or not kinds:
        points += _numbers([value for value in written if kind_of_value(value) == "number"], is_whole)
    if "date" in kinds:
        points += _days([value for value in written if kind_of_value(value) == "date"])
    if "text" in kinds:
        points += _texts([value for value in written if isinstance(value, str)])
    if "bool" in kinds:
        points += [True, False]
    return points


def _numbers(written: Sequence[Any], is_whole: bool) -> list[Point]:
    marks = sorted(set(written))
    if not marks:
        return [Decimal(0)]
    points = [marks[0] - 1, *marks, *(_between(low, high) for low, high in pairwise(marks)), marks[-1] + 1]
    if is_whole:
        points = [whole for point in points for whole in (point // 1, point // 1 + 1)]
    return sorted(set(points))


def _between(low: Decimal, high: Decimal) -> Decimal:
    """Return a number between two, the lower one where there is none with six decimals."""
    middle: Decimal = (low + high) / 2
    whole = middle // 1
    if low < whole < high:
        return whole
    return middle.quantize(_STEP) if high - low > _STEP else low


def _days(written: Sequence[Any]) -> list[Point]:
    marks = sorted(set(written)) or [date(2025, 1, 1)]
    around = {day + step for day in marks for step in (-_DAY, _DAY) if date.min < day < date.max}
    return sorted({*marks, *around})


def _texts(written: Sequence[str]) -> list[Point]:
    """The texts that are written, and one that is not."""
    other = "…"
    while other in written:
        other += "…"
    return [*dict.fromkeys(written), other]
