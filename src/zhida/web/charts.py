"""Charts drawn on the server: plain SVG and HTML, no script, and every number also readable as text.

A view says what to show (labels, values and how each value is written); a chart only works out positions. The title
is the finding, as a sentence. Colours are CSS variables of ``static/css/charts.css``, so light, dark and high contrast
follow the page. ``{{ chart }}`` in a template draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from zhida.blocks.places.api import Feature

STEPS = 5  # shades of a map: more cannot be told apart in a legend
LABEL_SIZE = 26  # of a map's 1000 units


@dataclass(frozen=True)
class Item:
    """One measured thing. ``value`` None means that it is withheld or unknown; ``text`` says which, or writes the value."""

    label: str
    value: float | None
    text: str
    href: str = ""
    detail: str = ""
    tone: str = ""  # good, warn, bad, quiet or empty


class Chart:
    """What all charts share: they know their template."""

    template: ClassVar[str]

    def __html__(self) -> SafeString:
        return render_to_string(f"charts/{self.template}.html", {"chart": self})

    __str__ = __html__


@dataclass(frozen=True)
class BarList(Chart):
    """Things ranked or in order, one line each: name, bar, number. Reads as a list, so it needs no table beside it."""

    template: ClassVar[str] = "bar_list"
    title: str
    items: Sequence[Item]
    note: str = ""
    shown: int = 12  # the rest is folded away

    @property
    def bars(self) -> list[tuple[Item, str]]:
        return self._measured(self.items[: self.shown])

    @property
    def folded(self) -> list[tuple[Item, str]]:
        return self._measured(self.items[self.shown :])

    def _measured(self, items: Sequence[Item]) -> list[tuple[Item, str]]:
        return [(item, percent(item.value, largest(self.items))) for item in items]


@dataclass(frozen=True)
class Columns(Chart):
    """A few values side by side in their natural order: months, days late."""

    template: ClassVar[str] = "columns"
    title: str
    items: Sequence[Item]
    heads: tuple[str, str]
    note: str = ""

    @property
    def bars(self) -> list[tuple[Item, str, str]]:
        """Each item with its height and what is left above it, in percent."""
        tall = [(item, share_of(item.value, largest(self.items))) for item in self.items]
        return [(item, f"{height:.1f}%", f"{100 - height:.1f}%") for item, height in tall]


@dataclass(frozen=True)
class Pair:
    """Two values of one line, as women and men of an age band."""

    label: str
    left: Item
    right: Item


@dataclass(frozen=True)
class PairedBars(Chart):
    """Two values per line, back to back, on one scale."""

    template: ClassVar[str] = "paired_bars"
    title: str
    left_head: str
    right_head: str
    pairs: Sequence[Pair]
    label_head: str
    note: str = ""

    @property
    def bars(self) -> list[tuple[Pair, str, str, str]]:
        """Each pair with the left bar's start and width and the right bar's width, in percent of its half."""
        top = largest([side for pair in self.pairs for side in (pair.left, pair.right)])
        halves = [(pair, share_of(pair.left.value, top), share_of(pair.right.value, top)) for pair in self.pairs]
        return [(pair, f"{100 - left:.1f}%", f"{left:.1f}%", f"{right:.1f}%") for pair, left, right in halves]


@dataclass(frozen=True)
class Share(Chart):
    """Parts of a whole in one bar, with a legend that carries the numbers."""

    template: ClassVar[str] = "share"
    title: str
    items: Sequence[Item]
    note: str = ""

    @property
    def parts(self) -> list[tuple[Item, str, str, str]]:
        """Each part with start and width in percent of the bar, and its share as people read it."""
        whole = sum(item.value or 0 for item in self.items)
        start, parts = 0.0, []
        for item in self.items:
            width = share_of(item.value, whole)
            parts.append((item, f"{start:.2f}%", f"{width:.2f}%", f"{width:.1f}%"))
            start += width
        return parts


@dataclass(frozen=True)
class Line(Chart):
    """One value over time. The line's shape is decoration; its numbers stand in the table."""

    template: ClassVar[str] = "line"
    title: str
    items: Sequence[Item]
    heads: tuple[str, str]
    note: str = ""

    @property
    def points(self) -> str:
        return polyline([item.value for item in self.items], 1000, 300)


@dataclass(frozen=True)
class Sparkline(Chart):
    """A line the size of a word."""

    template: ClassVar[str] = "sparkline"
    label: str
    values: Sequence[float | None]

    @property
    def points(self) -> str:
        return polyline(self.values, 100, 24)


@dataclass(frozen=True)
class MapArea:
    """An area on a map with its shade: 1 light to ``STEPS`` dark, 0 for no value."""

    feature: Feature
    item: Item
    step: int

    @property
    def has_room(self) -> bool:
        """Say whether the name fits inside the outline; elsewhere it stands only in the list and the tooltip."""
        wide = sum(1.0 if ord(letter) > 0x2E80 else 0.55 for letter in self.item.label) * LABEL_SIZE
        return wide <= 2.0 * self.feature.label_room


@dataclass(frozen=True)
class Choropleth(Chart):
    """Areas shaded by a value; where each is a link, they come in the order of the list, so that a keyboard walks the map."""

    template: ClassVar[str] = "choropleth"
    title: str
    places: Sequence[tuple[Feature, Item]]
    extent: tuple[int, int]
    legend: str
    heads: tuple[str, str]
    note: str = ""
    has_table: bool = True  # False where the page has a fuller one
    withheld_words: str = ""  # instead of: fewer than 10 people

    @property
    def linked(self) -> bool:
        return any(item.href for _, item in self.places)

    @cached_property
    def areas(self) -> list[MapArea]:
        edges = shade_edges([item.value for _, item in self.places if item.value is not None])
        return [MapArea(feature, item, shade(item.value, edges)) for feature, item in self.places]

    @property
    def dense(self) -> list[MapArea]:
        """Areas too small to hit with a finger on the whole map: drawn larger in a second one."""
        return [area for area in self.areas if area.feature.label_room < 26] if len(self.areas) > 5 else []

    @property
    def wide(self) -> list[MapArea]:
        """Areas large enough to be links on the whole map."""
        return [area for area in self.areas if area not in self.dense]

    @property
    def dense_box(self) -> str:
        """The part of the map that the second one shows, as an SVG viewBox."""
        rooms = [area.feature for area in self.dense]
        west, east = min(f.label_x - 3 * f.label_room for f in rooms), max(f.label_x + 3 * f.label_room for f in rooms)
        north, south = min(f.label_y - 3 * f.label_room for f in rooms), max(f.label_y + 3 * f.label_room for f in rooms)
        return f"{west} {north} {east - west} {south - north}"

    @property
    def steps(self) -> list[tuple[int, str]]:
        """The legend: each shade in use with the values it covers, as written."""
        legend = []
        for step in range(1, STEPS + 1):
            inside = sorted((area.item for area in self.areas if area.step == step), key=lambda item: item.value or 0)
            if inside:
                low, high = inside[0].text, inside[-1].text
                legend.append((step, low if low == high else f"{low} – {high}"))
        return legend

    @property
    def withheld(self) -> bool:
        return any(area.step == 0 for area in self.areas)

    @property
    def synthetic(self) -> bool:
        return any(feature.synthetic for feature, _ in self.places)


def largest(items: Sequence[Item]) -> float:
    return max((item.value or 0 for item in items), default=0)


def share_of(value: float | None, whole: float) -> float:
    """Return a value as percent of a whole, at least a visible sliver where there is something; 0 of nothing is 0."""
    if not value or whole <= 0:
        return 0.0
    return max(0.4, min(100.0, 100 * value / whole))


def percent(value: float | None, whole: float) -> str:
    return f"{share_of(value, whole):.1f}%"


def polyline(values: Sequence[float | None], width: int, height: int) -> str:
    """Return SVG points of a line over evenly spaced values, from zero at the foot; gaps are left out."""
    top = max((value for value in values if value is not None), default=0) or 1
    step = width / max(len(values) - 1, 1)
    return " ".join(f"{i * step:.1f},{height - value / top * (height - 4) - 2:.1f}" for i, value in enumerate(values) if value is not None)


def shade_edges(values: Sequence[float]) -> list[float]:
    """Return the smallest value of every shade but the first, so that each shade covers about as many areas.

    >>> shade_edges([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    [3, 5, 7, 9]
    """
    distinct = sorted(set(values))
    if len(distinct) <= STEPS:
        return list(distinct[1:])
    return [distinct[len(distinct) * step // STEPS] for step in range(1, STEPS)]


def shade(value: float | None, edges: Sequence[float]) -> int:
    """Return the shade of a value; 0 where there is none."""
    return 0 if value is None else 1 + sum(value >= edge for edge in edges)
