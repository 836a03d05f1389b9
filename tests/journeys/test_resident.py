"""林小满 opens her list, understands a line, and says that one is wrong. All of it also without JavaScript."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_she_sees_what_her_household_is_due_and_where_it_is(visit: Callable[..., Page], shots: Callable[..., Any]) -> None:
    page = visit("/my/", user="lin_xiaoman", width=360)
    expect(page.get_by_role("heading", level=1)).to_contain_text("幸福清单")
    expect(page.locator(".statement__total strong")).to_contain_text("元")
    assert page.locator(".line--paid, .line--coming").count() >= 1
    shots(page, "resident-list-360-zh")


def test_a_missing_fact_is_named_together_with_its_department(visit: Callable[..., Page]) -> None:
    page = visit("/my/", user="chen_guoliang")
    expect(page.locator(".line--unknown").first).to_contain_text("还缺")
    expect(page.locator(".line--unknown").first).to_contain_text("提供")


def test_every_line_leads_to_its_reasons(visit: Callable[..., Page], shots: Callable[..., Any]) -> None:
    page = visit("/my/", user="lin_xiaoman")
    page.locator(".line--paid a, .line--coming a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("应得")
    for part in ("怎么算的", "用到的信息，由谁提供"):
        expect(page.get_by_role("heading", name=part)).to_be_visible()
    shots(page, "resident-why-1440-zh")


@pytest.mark.parametrize("scripts", [True, False])
def test_she_objects_and_finds_her_objection_again(visit: Callable[..., Page], scripts: bool) -> None:
    page = visit("/my/", user="lin_xiaoman", width=360, scripts=scripts)
    page.locator(".line--paid a, .line--coming a").first.click()
    page.get_by_role("link", name="我觉得不对").click()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("请用一句话说明哪里不对")
    page.get_by_label("哪里不对").fill("我们搬家了，这里还是旧地址。")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("我的异议")
    expect(page.locator("article").first).to_contain_text("我们搬家了")
    expect(page.locator("article").first).to_contain_text("处理中")


def test_she_takes_the_list_home_as_a_table(visit: Callable[..., Page]) -> None:
    page = visit("/my/", user="lin_xiaoman")
    due = page.locator(".line__amount").count()
    answer = page.request.get("/my/list.csv")
    rows = list(csv.reader(io.StringIO(answer.text().removeprefix("\ufeff"))))
    assert rows[0][:2] == ["月份", "项目"]
    assert len([row for row in rows[1:] if row[4]]) == due > 0


def test_large_text_and_english_are_one_press_away_and_stay(visit: Callable[..., Page]) -> None:
    page = visit("/my/", user="lin_xiaoman", width=360, scripts=False)
    page.get_by_role("button", name="大字版").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your list")
    page.goto("/my/appeals/")
    expect(page.locator("html")).to_have_attribute("class", "theme-auto text-large")


def test_the_keyboard_reaches_the_content_first(visit: Callable[..., Page]) -> None:
    page = visit("/my/", user="lin_xiaoman")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_sharing_with_the_household_is_withdrawn_and_agreed_to_again(visit: Callable[..., Page]) -> None:
    page = visit("/my/", user="lin_xiaoman")
    page.get_by_role("button", name="收回同意").click()
    expect(page.get_by_text("现在只有您自己能看到")).to_be_visible()
    page.get_by_role("button", name="同意家人看到").click()
    expect(page.get_by_text("您已同意")).to_be_visible()


def test_someone_else_s_list_is_out_of_reach(visit: Callable[..., Page]) -> None:
    page = visit("/my/", user="captain")
    expect(page.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")
