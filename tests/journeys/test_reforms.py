"""陆文清 of policy staff writes a reform, corrects it, has it simulated, reads and takes home what it would do; nobody else can."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.journeys.conftest import DRESSES

pytestmark = pytest.mark.browser

MISTAKEN = """title: {zh: 高龄津贴从 70 岁起, en: The old-age allowance from 70}
from: 2025-10
parameters:
  gaolin_age: 70
  gaoling_amount:
    values: [{scale: {thresholds: [70, 90, 100], amounts: [60, 100, 800]}}]
    replace: true
"""
RESULT = re.compile(r"/office/reforms/\d+/$")
UNDER_WAY = re.compile(r"/office/reforms/(asked/)?\d+/$")
# What a simulation of the small city may take, with the process it begins.
SECONDS_MAX = 60


def simulate(page: Page) -> None:
    page.get_by_role("button", name="模拟", exact=True).click()
    page.wait_for_url(RESULT, timeout=SECONDS_MAX * 1000)


def test_a_mistake_is_corrected_and_the_finding_is_read_and_taken_home(visit: Callable[..., Page]) -> None:
    page = visit("/office/reforms/", user="policy")
    expect(page.locator(".empty")).to_contain_text("还没有模拟")
    page.get_by_role("link", name="写改革").click()
    page.get_by_label("改革文字").fill(MISTAKEN)
    page.get_by_role("button", name="模拟", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("是否想写 gaoling_age")
    expect(page.locator(".editor__numbers .wrong")).to_have_text("4")
    page.get_by_role("link", name="第 4 行").click()
    page.keyboard.type("  gaoling_age: 70")
    simulate(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("高龄津贴从 70 岁起")
    assert "2025 年 10 月的规则，与截至" in page.title()
    expect(page.locator(".lede")).to_contain_text(re.compile(r"一年多支出 .+；\d+ 户受益，没有一户受损。"))
    gain = page.locator(".figure", has_text="户受益").locator(".figure__value").inner_text()
    rows = list(csv.reader(io.StringIO(page.request.get(f"{page.url}?format=csv&table=total").text().removeprefix("\ufeff"))))
    assert rows[0][3] == "受益户" and f"{int(rows[1][3]):,}" == gain
    assert page.request.get(f"{page.url}?format=json").json()["touched"] == ["gaoling"]


def test_a_number_and_a_budget_are_chosen_without_writing_and_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit("/office/reforms/numbers/?text=低保", user="policy", width=360, scripts=False)
    page.locator("a[href$='?parameter=dibao_standard']").click()
    page.get_by_label("怎么改").select_option("budget")
    # Above what the standard in force costs, whatever other journeys have put right before.
    page.get_by_label("数", exact=True).fill("800000")
    page.get_by_role("button", name="写进下面的文字").click()
    expect(page.get_by_role("status")).to_contain_text("没有发现问题")
    page.get_by_role("button", name="模拟", exact=True).click()
    page.wait_for_url(UNDER_WAY, timeout=SECONDS_MAX * 1000)
    for _ in range(SECONDS_MAX):
        if RESULT.search(page.url):
            break
        expect(page.locator(".steps__step--current"), page.locator("main").inner_text()).to_have_count(1)
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator(".chart-curve")).to_be_visible()
    expect(page.locator("figcaption", has_text="最低生活保障标准可以定到")).to_have_count(1)


NARROW, WIDE = DRESSES
PAGES = [
    ("/office/reforms/", NARROW),
    ("/office/reforms/write/?example=dibian_wider.yaml", NARROW),
    ("/office/reforms/write/?example=dibian_wider.yaml", WIDE),
    ("/office/reforms/numbers/?text=低保", NARROW),
    ("/office/reforms/2/", NARROW),
    ("/office/reforms/2/", WIDE),
    ("/office/reforms/compare/?with=1&with=2", NARROW),
]


@pytest.mark.parametrize(("path", "dress"), PAGES)
def test_reform_page_is_clean_in_this_dress(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], dress: dict[str, Any], path: str
) -> None:
    expect_clean(visit(path, user="policy", **dress))


def test_two_are_compared_one_is_deleted_and_the_street_officer_has_no_way_in(visit: Callable[..., Page]) -> None:
    page = visit("/office/reforms/?text=高龄", user="policy")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/office/reforms/")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="并排比较选中的两个").click()
    expect(page.locator(".compare thead th")).to_have_count(2)
    page.locator(".compare thead a").first.click()
    page.get_by_text("删除这个模拟").click()
    page.get_by_role("button", name="确定删除").click()
    expect(page.get_by_role("status")).to_contain_text("已删除")
    expect(page.locator("section", has_text="算好的").locator("tbody tr")).to_have_count(1)
    other = visit("/office/", user="zhou_zhiqiang")
    expect(other.locator(".site-nav")).not_to_contain_text("改革模拟")
    other.goto("/office/reforms/write/")
    expect(other.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")
