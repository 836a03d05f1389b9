"""The course of an envelope over its year: what was given out, what is expected, and where the money ends.

Drawn like the charts of charts.py: plain SVG whose shapes are decoration, with every number in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from zhida.web.charts import Chart

WIDTH, HEIGHT = 1000, 300


@dataclass(frozen=True)
class Month:
    """One month of the table: its name, whether it is expected only, and the sums by its end as written."""

    label: str
    is_expected: bool
    text: str
    range_text: str = ""


@dataclass(frozen=True)
class ForecastChart(Chart):
    """Sums by the end of each month of a year, January first. so_far: how many of them are known; low and high: the whole course."""

    template: ClassVar[str] = "forecast"
    title: str
    course: Sequence[int]
    low: Sequence[int]
    high: Sequence[int]
    so_far: int
    envelope: int
    envelope_text: str
    months: Sequence[Month]
    heads: tuple[str, str, str]
    note: str = ""

    @property
    def known(self) -> str:
        """The points of what was given out, from the year's first day."""
        return self._points([0, *self.course[: self.so_far]], 0)

    @property
    def expected(self) -> str:
        return self._points(self._from_now(self.course), self.so_far)

    @property
    def between(self) -> str:
        """The outline of what lies between the low and the high course."""
        back = " ".join(reversed(self._points(self._from_now(self.low), self.so_far).split()))
        return f"{self._points(self._from_now(self.high), self.so_far)} {back}"

    @property
    def envelope_at(self) -> str:
        return f"{self._y(self.envelope):.1f}"

    def _from_now(self, sums: Sequence[int]) -> list[int]:
        return [self.course[self.so_far - 1], *sums[self.so_far :]]

    def _points(self, sums: Sequence[int], first: int) -> str:
        return " ".join(f"{WIDTH * (first + i) / len(self.course):.1f},{self._y(fen):.1f}" for i, fen in enumerate(sums))

    def _y(self, fen: int) -> float:
        top = max(self.envelope, self.high[-1], 1)
        return HEIGHT - fen / top * (HEIGHT - 20)
