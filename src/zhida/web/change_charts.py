"""Charts of what changes: more and less from one line, before and after on one scale, a curve with a limit.

Drawn like those of charts.py: plain SVG in percent of its own box, so that no letter is stretched, and every number also written as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import ClassVar

from zhida.web.charts import Chart, Item

# Room at both ends of a scale, in percent, so that no mark is cut off.
_EDGE = 2.0


@dataclass(frozen=True)
class Sided:
    """One line of ``SidedBars``: so much less, so much more, neither below zero. None: withheld; ``text`` says so, or writes the values."""

    label: str
    less: float | None
    more: float | None
    text: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True)
class SidedBars(Chart):
    """Lines with a bar to the left of zero, to the right, or both, all on one scale. Reads as a list."""

    template: ClassVar[str] = "sided_bars"
    title: str
    rows: Sequence[Sided]
    less_head: str = ""
    more_head: str = ""
    note: str = ""
    tones: tuple[str, str] = ("less", "more")

    @property
    def has_both(self) -> bool:
        """Say whether a legend is needed: where all bars point one way, their heading says what they are."""
        return any(row.less for row in self.rows) and bool(self.less_head)

    @property
    def zero(self) -> str:
        return f"{self._zero:.2f}%"

    @property
    def bars(self) -> list[tuple[Sided, str, str, str]]:
        """Each line with where its left bar begins, that bar's width and the right bar's, in percent."""
        drawn = []
        for row in self.rows:
            less, more = self._width(row.less), self._width(row.more)
            drawn.append((row, f"{self._zero - less:.2f}%", f"{less:.2f}%", f"{more:.2f}%"))
        return drawn

    @property
    def _span(self) -> float:
        return (max((row.less or 0 for row in self.rows), default=0) + max((row.more or 0 for row in self.rows), default=0)) or 1

    @property
    def _zero(self) -> float:
        return 100 * max((row.less or 0 for row in self.rows), default=0) / self._span

    def _width(self, value: float | None) -> float:
        """Return a bar's width; at least a visible sliver where there is something."""
        return max(0.4, 100 * value / self._span) if value else 0.0


@dataclass(frozen=True)
class SignedColumns(Chart):
    """Values above and below one line in their natural order; on narrow screens the same as ``SidedBars``."""

    template: ClassVar[str] = "signed_columns"
    title: str
    items: Sequence[Item]
    ends: tuple[str, str] = ("", "")
    note: str = ""
    reach: tuple[float, float] | None = None  # the values the scale has to hold, where another chart shares it

    @property
    def zero(self) -> str:
        return f"{self._zero:.2f}%"

    @property
    def columns(self) -> list[tuple[Item, str, str, str, bool]]:
        """Each item with its bar's top and height and where its value is written, in percent; and whether it falls."""
        drawn = []
        for item in self.items:
            value = item.value or 0
            height = max(0.6, self._scale * abs(value)) if value else 0.0
            top = self._zero - (height if value > 0 else 0)
            written = top if value >= 0 else self._zero + height
            drawn.append((item, f"{top:.2f}%", f"{height:.2f}%", f"{written:.2f}%", value < 0))
        return drawn

    @property
    def as_bars(self) -> SidedBars:
        rows = [
            Sided(
                item.label,
                None if item.value is None else max(0, -item.value),
                None if item.value is None else max(0, item.value),
                item.text,
            )
            for item in self.items
        ]
        return SidedBars("", rows)

    @property
    def _ends(self) -> tuple[float, float]:
        values = [0.0, *(self.reach or ()), *(item.value for item in self.items if item.value is not None)]
        return min(values), max(values)

    @property
    def _scale(self) -> float:
        """Percent of the drawing for one unit; a tenth above and below is left for the written values."""
        low, high = self._ends
        return 80 / (high - low) if high > low else 0

    @property
    def _zero(self) -> float:
        return 10 + self._scale * self._ends[1] if self._scale else 90


@dataclass(frozen=True)
class Move:
    """One line of ``Moves``: rates from 0 to 1. None is withheld or unknown; ``text`` says which, or writes both."""

    label: str
    before: float | None
    after: float | None
    text: str
    detail: str = ""


@dataclass(frozen=True)
class Moves(Chart):
    """The rate where each line stood and where it comes to, as two dots on one scale. Reads as a list."""

    template: ClassVar[str] = "moves"
    title: str
    rows: Sequence[Move]
    before_head: str
    after_head: str
    note: str = ""

    @property
    def marks(self) -> list[tuple[Move, str, str]]:
        """Each line with where its dots stand, in percent of the scale."""
        return [(row, self._at(row.before), self._at(row.after)) for row in self.rows]

    @property
    def scale(self) -> str:
        """The ends of the scale, whole tens of a percent around all values: a line from nought would hide a small move."""
        return "{:.0%} – {:.0%}".format(*self._ends)

    @property
    def _ends(self) -> tuple[float, float]:
        values = [value for row in self.rows for value in (row.before, row.after) if value is not None]
        low, high = (floor(min(values) * 10) / 10, ceil(max(values) * 10) / 10) if values else (0.0, 1.0)
        return (low, high) if high > low else (low, low + 0.1)

    def _at(self, value: float | None) -> str:
        low, high = self._ends
        return "" if value is None else f"{_EDGE + (100 - 2 * _EDGE) * (value - low) / (high - low):.2f}%"


@dataclass(frozen=True)
class Point:
    """A point of a curve. kind: "" for one on the way, ``before`` or ``chosen``."""

    x: float
    y: float
    label: str
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Curve(Chart):
    """What one number costs at other values, with a limit that it must keep to. points: lowest x first. names: by kind of point."""

    template: ClassVar[str] = "curve"
    title: str
    points: Sequence[Point]
    limit: float
    limit_text: str
    heads: tuple[str, str]
    names: dict[str, str]
    note: str = ""

    @property
    def dots(self) -> list[tuple[Point, str, str]]:
        return [(point, self._x(point.x), self._y(point.y)) for point in self.points]

    @property
    def lines(self) -> list[tuple[str, str, str, str]]:
        placed = [(x, y) for _, x, y in self.dots]
        return [(*one, *other) for one, other in pairwise(placed)]

    @property
    def limit_at(self) -> str:
        return self._y(self.limit)

    @property
    def named(self) -> list[tuple[str, Point]]:
        """The points that carry a name: where it begins and what was chosen."""
        return [(self.names[point.kind], point) for point in self.points if point.kind]

    def _x(self, value: float) -> str:
        low, high = self.points[0].x, self.points[-1].x
        return f"{_EDGE + (100 - 2 * _EDGE) * (value - low) / ((high - low) or 1):.2f}%"

    def _y(self, value: float) -> str:
        top = max([self.limit, *(point.y for point in self.points)]) or 1
        low = min([self.limit, *(point.y for point in self.points)])
        return f"{90 - 80 * (value - low) / ((top - low) or 1):.2f}%"
