"""Money that did not arrive, and who is paid: the street's list, the bank desk, two officers, and what the resident sees."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES: list[tuple[str, str, str]] = [
    ("payment_maker", "/office/returns/?by=payment", ""),
    ("payment_maker", "/office/returns/?by=payee", ""),
    ("payment_maker", "/office/returns/?by=payment", "tbody th a[href*='/returns/']"),
    ("payment_maker", "/office/bank/", ""),
    ("payment_maker", "/office/bank/?show=in", ""),
    ("payment_maker", "/office/bank/?show=problems", ""),
    ("payment_checker", "/office/bank/?show=account", ""),
    ("payment_checker", "/office/returns/decisions/", ""),
    ("zhou_zhiqiang", "/office/payees/", ""),
    ("lin_xiaoman", "/my/history/", ""),
]


@pytest.mark.parametrize(("user", "path", "then"), PAGES)
def test_page_is_clean_in_this_dress(
    visit: Callable[..., Page],
    expect_clean: Callable[[Page], None],
    shots: Callable[[Page, str], Any],
    dress: dict[str, Any],
    user: str,
    path: str,
    then: str,
) -> None:
    page = visit(path, user=user, **dress)
    if then:
        page.goto(str(page.locator(then).first.get_attribute("href")))
    shots(page, re.sub(r"\W+", "-", f"payees-{path}-{bool(then)}-{dress['width']}"))
    expect_clean(page)


def test_a_payment_that_came_back_is_visited_and_sent_in_cash(visit: Callable[..., Page]) -> None:
    page = visit("/office/returns/?by=payment", user="payment_maker", width=360, scripts=False)
    rows = list(csv.reader(io.StringIO(page.request.get("/office/returns/?by=payment&format=csv").text().removeprefix("\ufeff"))))
    assert rows[0][:3] == ["参考号", "收款人", "待遇"] and len(rows) > 1 and all(row[8] for row in rows[1:])
    # Organisations get no cash.
    page.goto(str(page.get_by_role("link", name=re.compile("^居民 ")).first.get_attribute("href")))
    page.get_by_label("结果").select_option("no_one_home")
    page.get_by_label("备注").fill("邻居说周末在家")
    page.get_by_role("button", name="记录").click()
    expect(page.get_by_role("status")).to_contain_text("已记录")
    expect(page.locator("body")).to_contain_text("家中无人 邻居说周末在家")
    page.get_by_role("button", name="改为街道现金发放").click()
    expect(page.get_by_role("status")).to_contain_text("等待复核")
    page.goto("/office/returns/")
    page.get_by_role("button", name="查找银行逾期未回复的").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("没有到人手里")


def test_giving_up_takes_a_second_officer(visit: Callable[..., Page]) -> None:
    maker = visit("/office/returns/?by=payment", user="payment_maker")
    maker.goto(str(maker.locator("tbody th a[href*='/returns/']").last.get_attribute("href")))
    maker.get_by_role("textbox", name="原因").fill("三次上门无人，已迁往外省")
    maker.get_by_role("button", name="提交复核").last.click()
    expect(maker.get_by_role("status")).to_contain_text("等另一人复核")
    checker = visit("/office/returns/decisions/", user="payment_checker")
    checker.get_by_role("row", name=re.compile("三次上门")).get_by_role("button", name="退回").click()
    expect(checker.get_by_role("status")).to_contain_text("已退回")


def _enter(page: Page, number: str, second_share: str) -> None:
    for place, payee, share in (("1", number, "60"), ("2", str(int(number) - 1), second_share)):
        page.locator(f"#payee{place}").fill(payee)
        page.locator(f"#share{place}").fill(share)
    page.get_by_label("原因和证明材料").fill("夫妻书面约定")
    page.get_by_role("button", name="提交，等另一人确认").click()


def test_a_household_shares_its_money_when_two_officers_say_so(visit: Callable[..., Page], expect_clean: Callable[[Page], None]) -> None:
    he = visit("/office/residents/?text=林小满", user="zhou_zhiqiang", width=360)
    address = str(he.locator("tbody th a").first.get_attribute("href"))
    number = address.rstrip("/").split("/")[-1]
    he.goto(f"{address}payees/")
    expect_clean(he)
    _enter(he, number, "39")
    expect(he.locator("main")).to_contain_text("合计为 99%")
    he.goto(f"{address}payees/")
    _enter(he, number, "40")
    expect(he.get_by_role("status")).to_contain_text("另一名工作人员确认")
    he.goto("/office/payees/")
    expect(he.get_by_role("button", name="确认")).to_have_count(0)
    elsewhere = visit(f"{address}payees/", user="wu_jing")
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")
    checker = visit("/office/payees/", user="payment_checker", language="en")
    expect_clean(checker)
    checker.get_by_role("button", name="Confirm").first.click()
    expect(checker.get_by_role("status")).to_contain_text("holds from the next payday")
    he.goto(f"{address}payees/")
    expect(he.locator("tbody tr").first).to_contain_text("60%")
    he.get_by_role("button", name="结束").first.click()
    expect(he.locator("main")).to_contain_text("必须晚于开始日")


def test_she_reads_what_became_of_each_payment(visit: Callable[..., Page]) -> None:
    she = visit("/my/history/", user="lin_xiaoman", width=360)
    she.locator("details.steps-of summary").first.click()
    steps = she.locator("details.steps-of").first.locator("li")
    expect(steps.first).to_contain_text("编制发放批次")
    expect(steps.last).to_contain_text(re.compile("已到账|退回|拒付|暂缓"))
