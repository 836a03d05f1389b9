"""The ledger's pages: an auditor finds what every account holds, and the checker closes the day."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = ["/office/ledger/", "/office/ledger/postings/?batch=1", "/office/ledger/closes/?verify=1"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_ledger_is_clean_in_this_dress(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], dress: dict[str, Any], path: str
) -> None:
    page = visit(path, user="auditor", **dress)
    expect(page.locator(".tabs a")).to_have_count(3)
    expect_clean(page)


def test_an_auditor_goes_from_an_account_to_its_postings(visit: Callable[..., Page], demo_city: Any) -> None:
    page = visit("/office/ledger/", user="auditor")
    expect(page.locator("h1")).to_have_text("试算平衡：借贷相等")
    expect(page.locator("tfoot td").first).to_have_text("0.00")
    page.get_by_role("link", name="已付", exact=True).click()
    first = page.locator("table").last.locator("tbody tr").first
    debit = first.locator("td").nth(1).inner_text()
    first.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("已付：")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载 CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    received = sum(round(float(row["金额（元）"]) * 100) for row in rows if row["借"].startswith("paid_out:"))
    assert received == round(float(debit.replace(",", "")) * 100) > 0


def test_the_checker_closes_the_day_and_the_maker_cannot(visit: Callable[..., Page]) -> None:
    page = visit("/office/ledger/closes/", user="payment_maker", language="en")
    expect(page.locator("main").get_by_role("button", name=re.compile("^Close "))).to_have_count(0)
    page = visit("/office/ledger/closes/", user="payment_checker", language="en", width=360)
    page.locator("main").get_by_role("button", name=re.compile("^Close ")).click()
    expect(page.locator("h1")).to_contain_text("Closed up to")
    expect(page.locator("tbody .badge")).to_have_text(["Agreed"])
    page.get_by_role("link", name="Verify the chain").click()
    expect(page.get_by_role("status")).to_contain_text("are whole")
