"""王秀英, 林小满's mother-in-law, eats in 周志强's street: from the till to the settlement. 吴静 works elsewhere and sees nothing of it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import run_zhida

pytestmark = pytest.mark.browser

COMMUNITY = "330106002051"
CANTEEN = "91330106MA2FAN1081"
PAGES = [
    ("zhou_zhiqiang", "/office/tills/?state=refused", ""),
    ("data_officer", "/office/tills/providers/", "tbody th a"),
    ("payment_maker", "/office/tills/programmes/", ""),
    ("payment_maker", "/office/tills/settlement/", "tbody th a"),
    ("wang_xiuying", "/my/events/?month=2025-11", ""),
]


@pytest.fixture(scope="module")
def counters(demo_city: Any) -> Any:
    """The demonstration with a few days at its counters, of which one is settled; told twice, nothing is doubled."""
    for arguments in (["simulate", "--community", COMMUNITY], ["settle", "--day", "2025-11-03"]):
        done = run_zhida(["tills", *arguments], demo_city.environment)
        assert done.returncode == 0, done.stderr[-2000:]
    return demo_city


def post(city: Any, token: str, events: list[dict[str, Any]]) -> tuple[int, Any]:
    body, headers = json.dumps({"events": events}).encode(), {"Authorization": f"Bearer {token}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{city.base_url}/api/till/events", body, headers), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())


@pytest.mark.parametrize(("user", "path", "then"), PAGES)
def test_page_is_clean_in_this_dress(
    counters: Any,
    visit: Callable[..., Page],
    expect_clean: Callable[[Page], None],
    dress: dict[str, Any],
    shots: Callable[[Page, str], Any],
    user: str,
    path: str,
    then: str,
) -> None:
    page = visit(path, user=user, **dress)
    if then:
        page.goto(str(page.locator(then).first.get_attribute("href")))
    expect_clean(page)
    shots(page, f"tills-{user}-{path}-{then and 'one'}-{dress['width']}")


def test_a_meal_travels_from_the_till_to_her_page_and_into_the_settlement(counters: Any, visit: Callable[..., Page]) -> None:
    officer = visit("/office/residents/?text=王秀英", user="zhou_zhiqiang")
    number = int(re.findall(r"\d+", str(officer.locator("tbody th a").first.get_attribute("href")))[-1])

    # The data officer registers a canteen and gives it a till; the token is shown once.
    keeper = visit("/office/tills/providers/", user="data_officer", scripts=False)
    keeper.get_by_label("统一社会信用代码").fill(CANTEEN)
    keeper.get_by_label("中文名称").fill("小满家门口食堂")
    keeper.get_by_label("英文名称").fill("Canteen round the corner")
    keeper.get_by_label("社区代码").fill(COMMUNITY)
    keeper.get_by_role("button", name="登记").click()
    keeper.get_by_label("终端名称").fill("收银台")
    keeper.get_by_label("有效期至").fill("2026-12-31")
    keeper.get_by_role("button", name="发放密钥").click()
    token = keeper.locator(".notice .mono").inner_text()
    canteen = keeper.url.replace("make/", "")
    keeper.goto(canteen)
    expect(keeper.locator("main")).not_to_contain_text(token)

    # The till was without a line on the first of November: it tells of three meals now, twice.
    meals = [
        {
            "key": str(n),
            "programme": "canteen_meal",
            "resident_no": number,
            "happened_at": f"2025-11-01T{11 + n}:30:00+08:00",
            "price_fen": 1500,
        }
        for n in range(3)
    ]
    status, told = post(counters, token, meals)
    assert status == 200 and [each["reason"] for each in told["answers"]] == [None, None, "day_times"]
    assert post(counters, token, meals) == (200, told)

    # She sees both, her street's officer sees them with the refusal, the officer elsewhere nothing.
    she = visit("/my/", user="wang_xiuying", width=360)
    she.get_by_role("link", name="用餐、乘车等补贴").click()
    expect(she.locator("tbody tr", has_text="小满家门口食堂")).to_have_count(2)
    officer.goto(f"/office/tills/?q={number}")
    expect(officer.locator("tbody tr", has_text="小满家门口食堂")).to_have_count(3)
    expect(officer.locator("tbody")).to_contain_text("当天的次数已用完")
    elsewhere = visit(f"/office/tills/?q={number}", user="wu_jing")
    expect(elsewhere.locator(".empty")).to_contain_text("这一天没有这样的记录")
    elsewhere.goto(canteen)
    expect(elsewhere.locator("main")).not_to_contain_text("小满家门口食堂")

    # The payment maker settles up to today; the events add up, and the batch waits for somebody else.
    maker = visit("/office/tills/settlement/", user="payment_maker")
    maker.get_by_role("button", name="结算到 2025年11月5日").click()
    expect(maker.get_by_role("status").first).to_contain_text("等待复核")
    expect(maker.locator("main")).to_contain_text("分文不差")
    row = maker.locator("tbody tr", has_text="小满家门口食堂")
    expect(row.locator("td").nth(2)).to_have_text("10.00")

    # A till that is revoked is refused from the next request on.
    keeper.get_by_role("button", name="停用").click()
    status, problem = post(counters, token, meals)
    assert (status, problem["code"]) == (403, "till_off")
