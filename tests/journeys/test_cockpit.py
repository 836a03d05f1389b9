"""The city lead drills from the city to a community; the auditor finds the looks written down."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = [
    ("captain", "/cockpit/"),
    ("captain", "/cockpit/?measure=unknown&month=2025-09"),
    ("captain", "/cockpit/area/330106/"),
    ("captain", "/cockpit/area/330106002/"),
    ("captain", "/cockpit/area/330106002051/"),
    ("captain", "/cockpit/benefit/gaoling/"),
    ("captain", "/cockpit/benefit/there_is_none/"),
    ("captain", "/cockpit/quality/"),
    ("captain", "/cockpit/cases/"),
    ("captain", "/cockpit/cases/330106/"),
    ("captain", "/cockpit/casework/?month=2025-09"),
    ("auditor", "/audit/"),
    ("auditor", "/audit/?text=resident"),
]


@pytest.mark.parametrize(("user", "path"), PAGES)
def test_cockpit_page_is_clean_in_this_dress(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], dress: dict[str, Any], user: str, path: str
) -> None:
    page = visit(path, user=user, **dress)
    expect_clean(page)


def test_the_map_leads_from_the_city_to_a_community(visit: Callable[..., Page]) -> None:
    page = visit("/cockpit/", user="captain")
    page.locator("svg a[aria-label^='西湖区']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("西湖区")
    expect(page.locator("main")).to_contain_text("示意图形，不是真实边界")
    page.locator("svg a[aria-label^='北山街道']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("北山街道")
    page.locator("svg a").first.click()
    expect(page.locator(".breadcrumbs li")).to_have_count(4)


def test_every_district_is_a_link_on_the_map_for_the_keyboard(visit: Callable[..., Page]) -> None:
    page = visit("/cockpit/", user="captain", width=360)
    links = page.locator("svg a.area-link")
    assert links.count() == 13
    assert len({link.get_attribute("href") for link in links.all()}) == 13
    links.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/cockpit/area/3301"))


def test_the_map_s_numbers_stand_in_a_table_beside_it(visit: Callable[..., Page]) -> None:
    page = visit("/cockpit/?measure=entitled", user="captain", scripts=False)
    table = page.locator(".chart-map .chart-table")
    table.locator("summary").click()
    cells = [int(cell.inner_text().replace(",", "")) for cell in table.locator("td").all()]
    shown = page.locator(".figure", has_text="符合条件的份数").locator(".figure__value").inner_text()
    assert sum(cells) == int(shown.replace(",", ""))


def test_few_people_are_not_shown_below_the_district(visit: Callable[..., Page]) -> None:
    page = visit("/cockpit/area/330106/?measure=entitled", user="captain")
    written = [cell.text_content() or "" for cell in page.locator(".chart-map .chart-table td").all()]
    assert written and all(text == "少于 10" or int(text.replace(",", "")) not in range(1, 10) for text in written)
    assert "少于 10" in written


def test_nobody_missed_is_a_measured_figure(visit: Callable[..., Page], demo_city: Any) -> None:
    page = visit("/cockpit/quality/", user="captain")
    recall = page.locator(".figure", has_text="召回率").locator(".figure__value")
    expect(recall).to_have_text(f"{demo_city.figures['recall'] * 100:.1f}%")
    page.get_by_text("这些数字是怎么算的").click()
    expect(page.locator("dt", has_text="召回率")).to_be_visible()


def test_the_audit_log_is_whole_and_names_who_looked(visit: Callable[..., Page]) -> None:
    visit("/my/", user="lin_xiaoman")
    page = visit("/audit/?text=lin_xiaoman", user="auditor")
    expect(page.locator(".notice--good")).to_contain_text("全部相符")
    expect(page.locator("tbody")).to_contain_text("entitlements.list")


def test_officers_do_not_see_the_cockpit(visit: Callable[..., Page]) -> None:
    page = visit("/cockpit/", user="zhou_zhiqiang")
    expect(page.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")
