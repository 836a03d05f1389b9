"""Charts of what changes: everything stays inside the drawing, zero is where it belongs, what is withheld is not drawn."""

from __future__ import annotations

import re

import pytest

from zhida.web.change_charts import Curve, Move, Moves, Point, Sided, SidedBars, SignedColumns
from zhida.web.charts import Item


def percents(html: str, *names: str) -> list[float]:
    return [float(found) for name in names for found in re.findall(rf' {name}="([\d.-]+)%"', html)]


def test_bars_begin_at_one_zero_and_share_one_scale() -> None:
    chart = SidedBars("A title", [Sided("a", 25, 0, "−25"), Sided("b", 0, 75, "+75"), Sided("c", None, None, "under 10")], "Less", "More")
    (_, less_at, less, _), (_, _, _, more), (_, _, none, nothing) = chart.bars
    assert (chart.zero, less_at, less, more) == ("25.00%", "0.00%", "25.00%", "75.00%")
    assert (none, nothing) == ("0.00%", "0.00%") and chart.has_both
    html = str(chart)
    assert "under 10" in html and html.count('class="bar-') == 2


def test_a_small_change_is_still_a_sliver() -> None:
    (_, _, _, small), _ = SidedBars("A title", [Sided("a", 0, 1, "1"), Sided("b", 0, 1_000_000, "much")]).bars
    assert small == "0.40%"


@pytest.mark.parametrize("values", [[5, 3, 1], [-5, -3], [4, -2, 0], [0, 0], [None, 2, None]])
def test_columns_stay_inside_with_their_numbers(values: list[float | None]) -> None:
    chart = SignedColumns("A title", [Item(str(place), value, "text") for place, value in enumerate(values)])
    for item, top, height, written, falls in chart.columns:
        begin, tall, at = (float(part.rstrip("%")) for part in (top, height, written))
        assert begin >= 9.9 and begin + tall <= 90.1 and 9.9 <= at <= 90.1
        assert falls is ((item.value or 0) < 0)
    assert all(0 <= found <= 100 for found in percents(str(chart), "y", "y1", "y2", "height", "width", "x"))


def test_columns_beside_each_other_keep_one_scale() -> None:
    low, high = (SignedColumns("A title", [Item("1", value, "")], reach=(0, 100)) for value in (10, 100))
    assert [float(chart.columns[0][2].rstrip("%")) for chart in (low, high)] == [8.0, 80.0]


def test_dots_move_on_a_scale_of_whole_tens() -> None:
    chart = Moves("A title", [Move("a", 0.74, 0.71, "74 → 71"), Move("b", None, None, "under 10")], "Now", "After")
    assert chart.scale == "70% – 80%"
    (_, before, after), (_, nowhere, _) = chart.marks
    assert 0 < float(after.rstrip("%")) < float(before.rstrip("%")) < 100 and nowhere == ""
    assert str(chart).count("<circle") == 4


def test_a_curve_names_where_it_begins_and_what_was_chosen() -> None:
    points = [Point(1300, 90, "1,300", "90", "before"), Point(1400, 99, "1,400", "99", "chosen"), Point(1500, 120, "1,500", "120")]
    chart = Curve("A title", points, 100, "Budget", ("Value", "Cost"), {"before": "Now", "chosen": "By the budget"})
    assert [name for name, _ in chart.named] == ["Now", "By the budget"] and len(chart.lines) == 2
    html = str(chart)
    assert all(0 <= found <= 100 for found in percents(html, "cx", "cy", "x1", "x2", "y1", "y2"))
    assert "By the budget 1,400" in html and html.count('<th scope="row">') == 3
