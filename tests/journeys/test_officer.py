"""周志强 works for his street, the data officer, the payment maker and the checker for the city; 吴静 works elsewhere and sees nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import run_zhida

pytestmark = pytest.mark.browser

# Who opens what. A page that needs a number is reached from its list by the first link that matches.
PAGES: list[tuple[str, str, str]] = [
    ("data_officer", "/office/", ""),
    ("data_officer", "/office/feeds/", ""),
    ("data_officer", "/office/feeds/", "tbody th a"),
    ("data_officer", "/office/feeds/?state=refused", "tbody th a"),
    ("data_officer", "/office/feeds/upload/", ""),
    ("data_officer", "/office/feeds/quality/", ""),
    ("data_officer", "/office/quarantine/", ""),
    ("data_officer", "/office/quarantine/", "a.button--small"),
    ("data_officer", "/office/merges/?state=merged", ""),
    ("data_officer", "/office/runs/", ""),
    ("data_officer", "/office/runs/", "tbody th a"),
    ("payment_maker", "/office/", ""),
    ("payment_maker", "/office/batches/", ""),
    ("payment_maker", "/office/returns/", ""),
    ("payment_checker", "/office/batches/", "tbody th a"),
    ("payment_checker", "/office/budgets/", ""),
    ("payment_checker", "/office/budgets/shares/", ""),
    ("payment_checker", "/office/budgets/limits/", ""),
    ("payment_checker", "/office/delegations/", ""),
    ("health", "/office/cases/", ""),
    ("health", "/office/cases/", "tbody th a"),
    ("health", "/office/cases/all/", "tbody th a"),
    ("zhou_zhiqiang", "/office/cases/open/", ""),
    ("policy", "/office/life-events/", ""),
    ("policy", "/office/life-events/birth/", ""),
    ("payment_maker", "/office/cases/money/", ""),
    ("zhou_zhiqiang", "/office/", ""),
    ("zhou_zhiqiang", "/office/appeals/", ""),
    ("zhou_zhiqiang", "/office/returns/", ""),
    ("zhou_zhiqiang", "/office/residents/?text=林小满", ""),
    ("zhou_zhiqiang", "/office/residents/?text=林小满", "tbody th a"),
]


@pytest.mark.parametrize(("user", "path", "then"), PAGES)
def test_officer_page_is_clean_in_this_dress(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], dress: dict[str, Any], user: str, path: str, then: str
) -> None:
    page = visit(path, user=user, **dress)
    if then:
        page.goto(str(page.locator(then).first.get_attribute("href")))
    expect_clean(page)


def test_every_row_received_is_accepted_or_set_aside(visit: Callable[..., Page], demo_city: Any) -> None:
    page = visit("/office/feeds/quality/", user="data_officer")
    received, accepted, aside = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+", page.locator(".lede").inner_text()))
    assert received == accepted + aside == demo_city.figures["rows_received"]


def test_a_file_with_a_renamed_column_is_received_once_its_column_is_confirmed(visit: Callable[..., Page]) -> None:
    page = visit("/office/feeds/?state=refused", user="data_officer")
    for address in [link.get_attribute("href") for link in page.locator("tbody th a").all()]:
        page.goto(str(address))
        if page.get_by_role("button", name="确认并接收").count():
            break
    page.get_by_role("button", name="确认并接收").click()
    expect(page.get_by_role("status")).to_contain_text("已接收")
    expect(page.locator("section", has_text="历史").locator("tbody tr")).to_have_count(2)


def test_a_quarantined_row_says_what_to_do_and_is_accepted_once_that_is_done(visit: Callable[..., Page]) -> None:
    page = visit("/office/quarantine/?reason=id_check_digit", user="data_officer", width=360, scripts=False)
    before = page.get_by_role("link", name=re.compile("^更正")).count()
    page.get_by_role("link", name=re.compile("^更正")).first.click()
    should = re.search(r"末位改为 (\w)", page.locator(".lede").inner_text())
    field = page.locator(".field--error input")
    wrong = field.input_value()
    page.get_by_role("button", name="更正并接收").click()
    expect(page.get_by_role("alert")).to_contain_text("还不能接收")
    assert should
    field.fill(wrong[:17] + should[1])
    page.get_by_role("button", name="更正并接收").click()
    expect(page.get_by_role("status")).to_contain_text("已更正并接收")
    page.goto("/office/quarantine/?reason=id_check_digit")
    assert page.get_by_role("link", name=re.compile("^更正")).count() == before - 1


def test_a_merge_is_undone_and_made_again(visit: Callable[..., Page]) -> None:
    page = visit("/office/merges/?state=merged", user="data_officer")
    page.get_by_role("button", name="撤销合并").first.click()
    expect(page.get_by_role("status")).to_contain_text("保持为两个人")
    page.goto("/office/merges/?state=undone")
    page.get_by_role("button", name="重新合并").first.click()
    expect(page.get_by_role("status")).to_contain_text("已合并为一人")


def test_the_run_says_how_the_month_differs_and_why(visit: Callable[..., Page]) -> None:
    page = visit("/office/runs/", user="data_officer")
    page.get_by_role("link", name="2025年10月").first.click()
    expect(page.get_by_role("heading", name="与 2025年9月 相比")).to_be_visible()
    rows = list(csv.reader(io.StringIO(page.request.get(f"{page.url}?format=csv").text().removeprefix("\ufeff"))))
    assert rows[0] == ["待遇", "变化", "原因", "份数", "金额（元）"] and len(rows) > 1
    assert {row[1] for row in rows[1:]} <= {"新增", "增加", "减少", "停发"} and all(row[2] for row in rows[1:])


def test_facts_that_came_late_become_a_second_batch_that_two_officers_send(visit: Callable[..., Page], demo_city: Any) -> None:
    """Follows the confirmed column above: the same month again, then only what is new is paid."""
    feeds = str(demo_city.home / "feeds" / "2025-10")
    done = run_zhida(["month", "--month", "2025-10", "--feeds", feeds, "--stop-after", "decide", "--quiet"], demo_city.environment)
    assert done.returncode == 0, done.stderr[-2000:]
    maker = visit("/office/batches/", user="payment_maker")
    maker.get_by_role("button", name="编制").click()
    if maker.get_by_role("status").filter(has_text="没有新的应发").count():
        return  # in this city the file held nobody who is entitled by it
    address = maker.url
    expect(maker.get_by_role("button", name=re.compile("^批准"))).to_have_count(0)
    checker = visit(address, user="payment_checker")
    checker.get_by_role("button", name=re.compile("^批准")).click()
    expect(checker.get_by_role("alert")).to_contain_text("没有核对")
    expect(checker.get_by_role("heading", level=1)).to_have_text("抽样核对")
    checker.get_by_role("button", name=re.compile("都看过，无误")).click()
    checker.get_by_role("button", name=re.compile("^批准")).click()
    expect(checker.get_by_role("status")).to_contain_text("已批准")
    maker.goto(address)
    maker.get_by_role("button", name="发往银行").click()
    expect(maker.get_by_role("status")).to_contain_text("pain.001.xml")
    maker.get_by_role("button", name="收取银行回执").click()
    expect(maker.get_by_role("status")).to_contain_text("已结清")


def test_a_batch_is_doubted_cleared_signed_by_two_for_a_colleague_cancelled_refused_and_prepared_again(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], demo_city: Any
) -> None:
    for arguments in (["pay", "limits", "--set", "0:2"], ["run", "--month", "2025-08", "--quiet"]):
        done = run_zhida(arguments, demo_city.environment)
        assert done.returncode == 0, done.stderr[-2000:]
    maker = visit("/office/batches/", user="payment_maker")
    maker.get_by_role("button", name="编制 2025年8月 的批次").click()
    address = maker.url
    sample = visit(f"{address}sample/", user="payment_checker", width=360)
    sample.locator("summary", has_text="存疑").first.press("Enter")
    sample.get_by_label("哪里可疑").first.fill("金额是平时的两倍")
    sample.get_by_label("哪里可疑").first.press("Enter")
    expect(sample.locator(".sample__row").first).to_contain_text("金额是平时的两倍")
    expect_clean(sample)
    sample.get_by_role("button", name=re.compile("都看过，无误")).click()
    sample.get_by_role("button", name=re.compile("^批准")).click()
    expect(sample.get_by_role("alert")).to_contain_text("存疑")
    sample.locator(".sample__row").first.get_by_role("button", name="无误").press("Enter")
    expect_clean(sample)
    sample.get_by_role("button", name=re.compile("^批准")).click()
    expect(sample.get_by_role("status")).to_contain_text("还差 1 人")
    expect(sample.get_by_role("button", name=re.compile("^批准"))).to_have_count(0)

    away = visit("/office/delegations/", user="payment_checker_2")
    away.get_by_label("委托给").select_option("data_officer")
    away.get_by_label("最后一天").fill("2025-11-07")
    away.get_by_label("原因").fill("外出学习")
    away.get_by_role("button", name="委托", exact=True).click()
    expect(away.get_by_role("heading", level=1)).to_have_text("1 项签批委托有效")
    expect_clean(away)
    delegate = visit(address, user="data_officer")
    delegate.get_by_role("button", name=re.compile("^批准")).click()
    expect(delegate.locator(".signatures")).to_contain_text("沈晓岚 （代 钱国庆）")
    away.get_by_role("button", name="现在结束").click()
    delegate.goto(address)
    expect(delegate.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")

    maker.goto(address)
    maker.locator("summary", has_text="撤销批次").click()
    maker.get_by_label("撤销的原因").fill("账户清单有误")
    maker.get_by_role("button", name="撤销批次").click()
    expect(maker.locator(".notice--bad")).to_contain_text("账户清单有误")
    expect_clean(maker)
    maker.get_by_role("button", name="重新编制").click()
    again = visit(maker.url, user="payment_checker")
    again.locator("summary", has_text="退回给经办人").click()
    again.get_by_label("退回的原因").fill("等财政确认")
    again.get_by_role("button", name="退回批次").click()
    maker.goto(again.url)
    expect(maker.locator(".notice--bad")).to_contain_text("等财政确认")
    expect(maker.get_by_role("button", name="重新编制")).to_be_visible()


def test_budgets_are_shown_by_level_with_what_is_expected_of_the_year(visit: Callable[..., Page]) -> None:
    page = visit("/office/budgets/", user="auditor")
    expect(page.locator("figcaption").first).to_have_text(re.compile("用完|够用到年底|年底预计"))
    page.get_by_role("link", name=re.compile("^区县")).click()
    page.get_by_role("columnheader", name="已用").get_by_role("link").click()
    used = [float(cell.rstrip("%")) for cell in page.locator("tbody td:nth-child(4)").all_inner_texts()]
    assert used == sorted(used, reverse=True) and len(used) > 5
    rows = list(csv.reader(io.StringIO(page.request.get("/office/budgets/?format=csv").text().removeprefix("\ufeff"))))
    assert {row[1] for row in rows[1:]} == {"中央", "省级", "市级", "区县"}
    page.goto("/office/budgets/shares/")
    expect(page.locator("main")).to_contain_text("演示假定")
    assert page.get_by_role("button", name="保存").count() == 0, "an auditor sets nothing"


def test_an_objection_reaches_the_officer_of_her_street_and_the_answer_reaches_her(visit: Callable[..., Page]) -> None:
    she = visit("/my/", user="lin_xiaoman")
    she.locator(".line--paid a, .line--coming a").first.click()
    she.get_by_role("link", name="我觉得不对").click()
    she.get_by_label("哪里不对").fill("金额和邻居家不一样，请看一下。")
    she.get_by_role("button", name="提交").click()
    he = visit("/office/appeals/", user="zhou_zhiqiang")
    he.get_by_role("row", name=re.compile("金额和邻居家不一样")).get_by_role("link").click()
    he.get_by_label("给居民的答复").fill("已核对：邻居家多一位老人，您家的金额没有算错。")
    he.get_by_role("button", name="发出答复").click()
    expect(he.get_by_role("status")).to_contain_text("已答复")
    she.goto("/my/appeals/")
    expect(she.locator("article").first).to_contain_text("您家的金额没有算错")


def test_the_officer_elsewhere_sees_nothing_of_her_street(visit: Callable[..., Page]) -> None:
    here = visit("/office/residents/?text=林小满", user="zhou_zhiqiang")
    address = str(here.locator("tbody th a").first.get_attribute("href"))
    there = visit("/office/residents/?text=林小满", user="wu_jing")
    expect(there.locator(".empty")).to_contain_text("没有找到")
    there.goto(address)
    expect(there.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")
    there.goto("/office/appeals/?state=answered")
    expect(there.locator("main")).not_to_contain_text("林小满")
    for forbidden in ("/office/budgets/", "/office/batches/", "/office/delegations/"):
        there.goto(forbidden)
        expect(there.get_by_role("heading", level=1)).to_have_text("您不能打开这一页")
    for address in ("/office/returns/", "/office/quarantine/"):
        there.goto(address)
        expect(there.locator("main")).not_to_contain_text("林小满")


def test_the_work_list_is_walked_with_the_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit("/office/", user="data_officer")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("card card--link task")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/office/(feeds|quarantine|merges)/"))


def test_a_list_is_taken_home_as_a_table_without_formulas(visit: Callable[..., Page]) -> None:
    page = visit("/office/quarantine/", user="data_officer")
    rows = list(csv.reader(io.StringIO(page.request.get("/office/quarantine/?format=csv").text().removeprefix("\ufeff"))))
    assert rows[0] == ["文件", "行", "原因", "问题", "处理办法"] and len(rows) > 1
    assert not any(cell[:1] in "=+@" for row in rows for cell in row if cell)


def test_the_folded_navigation_and_a_round_of_items_need_no_script(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None]
) -> None:
    """On a phone, with the keyboard, without JavaScript: open the menu, go to the queue, start a round, leave the first item aside."""
    phone = visit("/office/", user="zhou_zhiqiang", width=360, scripts=False)
    link = phone.locator(".site-nav").get_by_role("link", name=re.compile("^一件事"))
    expect(link).to_be_hidden()
    phone.locator(".site-nav summary").press("Enter")
    link.press("Enter")
    phone.wait_for_url("**/office/cases/")
    expect(phone.locator(".site-nav summary")).to_contain_text("一件事")

    desk = visit("/office/cases/?event=birth", user="health", width=360, scripts=False)
    desk.get_by_role("button", name="连续办理").press("Enter")
    first = desk.get_by_role("heading", level=1).inner_text()
    desk.get_by_role("button", name="先放着").press("Enter")
    expect(desk.get_by_role("heading", level=1)).not_to_have_text(first)
    round_of_items = visit(desk.url, user="health", width=360)
    expect_clean(round_of_items)
    round_of_items.get_by_role("link", name="回到队列").click()
    round_of_items.wait_for_url("**/office/cases/?event=birth")
