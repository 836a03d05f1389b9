"""Figures as charts: titles say the finding, small cells stay hidden, positions stay inside."""

import re

import pytest

from zhida.blocks.indicators.api import Cell, Timeliness
from zhida.blocks.places import api as places
from zhida.kernel.text import Text
from zhida.web import charts
from zhida.web.cockpit import figures


def _cell(code, entitled, fen, population=1_000):
    hidden = entitled is None
    return Cell(
        str(code), places.area(code).name, population, entitled, None if hidden else 0, fen, None if hidden else 0, None if hidden else 0
    )


DISTRICTS = [_cell(area.code, 10 + i, 100_000 * (i + 1)) for i, area in enumerate(places.districts())]


def test_the_map_s_title_names_the_highest_and_the_lowest():
    title = figures.area_map(DISTRICTS, places.CITY_CODE, figures.MEASURES[1], "").title
    assert "最高的是建德市" in title and "最低的是上城区" in title


def test_every_area_is_linked_once_on_the_map():
    html = str(figures.area_map(DISTRICTS, places.CITY_CODE, figures.MEASURES[1], ""))
    links = re.findall(r'class="area-link" href="([^"]+)"', html)
    assert len(links) == len(set(links)) == 13


def test_a_hidden_cell_has_neither_a_number_nor_a_shade():
    streets = [_cell(area.code, None if i == 0 else 20, None if i == 0 else 5_000) for i, area in enumerate(places.streets(330106))]
    drawn = figures.area_map(streets, 330106, figures.MEASURES[2], "")
    hidden = drawn.areas[0]
    assert (hidden.step, hidden.item.value, hidden.item.text) == (0, None, "少于 10")
    assert "少于 10 人，不显示" in str(drawn) and "示意图形" in str(drawn)


def test_there_is_no_map_below_a_community():
    assert figures.area_map([], 330106002051, figures.MEASURES[0], "") is None


def test_payments_that_wait_are_not_on_time():
    kept = Timeliness(due_on=None, on_time=90, late={3: 5}, waiting=5, waiting_days=2)
    assert kept.arrived == 95 and kept.on_time_share == pytest.approx(0.9)


def test_shades_cover_about_as_many_areas_each():
    drawn = figures.area_map(DISTRICTS, places.CITY_CODE, figures.MEASURES[1], "")
    assert sorted({area.step for area in drawn.areas}) == [1, 2, 3, 4, 5]


def test_a_bar_never_leaves_its_track():
    items = [charts.Item("a", 5, "5"), charts.Item("b", None, "–"), charts.Item("c", 0, "0"), charts.Item("d", 10, "10")]
    assert [width for _, width in charts.BarList("t", items).bars] == ["50.0%", "0.0%", "0.0%", "100.0%"]


def test_a_name_is_escaped():
    assert "<script>" not in str(charts.BarList("t", [charts.Item("<script>", 1, "1")]))


def test_a_hidden_total_has_no_share():
    assert figures.state_share(Cell("1", Text("甲", "A"), 5, None, None, None, None, None), []) is None


def test_what_no_bank_pays_is_not_shown_as_unpaid() -> None:
    total = Cell("330100", Text("杭州", "Hangzhou"), 100, 10, 0, 6_000, 7, 6_000)
    by_benefit = [
        Cell("gaoling", Text("高龄", "Old age"), 100, 7, 0, 6_000, 7, 6_000),
        Cell("dibian", Text("低边", "Near"), 100, 3, 0, 0, 0, 0),
    ]
    share = figures.state_share(total, by_benefit)
    assert share is not None
    assert [item.value for item in share.items] == [7, 3]
