"""Pages of budgets, shares, limits and delegations: who may set what, and what a wrong entry is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM
from zhida.blocks.payments import api as payments

SignIn = Callable[..., Client]
PAGES = ("/office/budgets/", "/office/budgets/shares/", "/office/budgets/limits/", "/office/delegations/", "/office/batches/")
SHARE = {
    "benefit": "dibao",
    "valid_from": "2025-11-01",
    "central": "10",
    "province": "20",
    "city": "30",
    "district": "40",
    "source": "文件",
}


@pytest.fixture
def checker(signed_in: SignIn) -> Client:
    return signed_in("payment_checker", "fang")


@pytest.mark.parametrize("role", ["street_officer", "policy_staff", "resident", "captain"])
def test_who_has_no_business_here_sees_nothing(signed_in: SignIn, role: str) -> None:
    client = signed_in(role, "wu_jing", "330108001")
    assert [client.get(page).status_code for page in PAGES] == [403] * len(PAGES)


def test_a_maker_sees_and_sets_nothing(signed_in: SignIn) -> None:
    client = signed_in("payment_maker", "he")
    assert [client.get(page).status_code for page in PAGES] == [200, 200, 200, 403, 200]
    assert client.post("/office/budgets/shares/", SHARE).status_code == 403
    assert client.post("/office/budgets/limits/", {"from": ["0"], "checkers": ["9"]}).status_code == 403
    budget = {"benefit": "dibao", "year": "2025", "level": "city", "area": "0", "amount": "1"}
    assert client.post("/office/budgets/", budget).status_code == 403
    assert payments.cost_shares(SYSTEM) == [] and payments.budgets(SYSTEM) == []


def test_without_a_budget_the_page_says_what_to_do(checker: Client) -> None:
    assert "这一年还没有预算" in checker.get("/office/budgets/").content.decode()
    payments.set_budget(SYSTEM, "dibao", date.today().year, 100)
    year = checker.get(f"/office/budgets/?year={date.today().year}").content.decode()
    assert "还不能预测" in year and "最低生活保障金" in year


def test_a_districts_envelope_names_its_district(checker: Client) -> None:
    said = {"benefit": "dibao", "year": "2025", "level": "district", "area": "0", "amount": "1,000.50"}
    assert "请选择是哪个区县" in checker.post("/office/budgets/", said).content.decode()
    assert checker.post("/office/budgets/", said | {"area": "330106"}).status_code == 302
    (row,) = payments.budgets(SYSTEM)
    assert (row.level, row.area_code, row.amount_fen) == ("district", 330106, 100_050)
    assert "西湖区" in checker.get("/office/budgets/?year=2025").content.decode()
    lines = checker.get("/office/budgets/?year=2025&format=csv").content.decode("utf-8-sig").splitlines()
    assert lines[1] == "最低生活保障金,区县,330106,1000.50,0.00,1000.50,,,,"


def test_shares_that_do_not_add_up_stay_in_the_form_with_the_reason(checker: Client) -> None:
    wrong = checker.post("/office/budgets/shares/", SHARE | {"city": "31"})
    assert wrong.status_code == 400 and "合计 101%" in wrong.content.decode()
    assert checker.post("/office/budgets/shares/", SHARE | {"city": "29.99", "district": "40.01"}).status_code == 302
    assert payments.shares_on(date(2025, 11, 1), ["dibao"]) == {"dibao": (1_000, 2_000, 2_999, 4_001)}
    page = checker.get("/office/budgets/shares/").content.decode()
    assert "区县承担最多，40.01%" in page and "文件" in page


def test_limits_are_replaced_as_a_whole(checker: Client) -> None:
    wrong = checker.post("/office/budgets/limits/", {"from": ["0", "1,000"], "checkers": ["2", "1"]})
    assert wrong.status_code == 400 and "人数不能更少" in wrong.content.decode()
    assert checker.post("/office/budgets/limits/", {"from": ["0", "x"], "checkers": ["1", "2"]}).status_code == 400
    assert checker.post("/office/budgets/limits/", {"from": ["0", "1,000.50"], "checkers": ["1", "two"]}).status_code == 400
    right = {"from": ["1,000.50", "0", ""], "checkers": ["2", "1", ""]}
    assert checker.post("/office/budgets/limits/", right).status_code == 302
    assert payments.approval_limits() == [(0, 1), (100_050, 2)]


def test_a_delegation_is_made_listed_and_ended(checker: Client) -> None:
    access.create_account("shen", "沈晓岚", "data_officer", "330100")
    today = date.today().isoformat()
    said = {"to_account": "shen", "begin": today, "last_day": today, "reason": "外出"}
    wrong = checker.post("/office/delegations/", said | {"last_day": "2020-01-01"})
    assert wrong.status_code == 400 and "请改日期" in wrong.content.decode()
    assert checker.post("/office/delegations/", said | {"to_account": "fang"}).status_code == 400
    assert checker.post("/office/delegations/", said).status_code == 302
    (made,) = access.delegations(access.Viewer("fang", "payment_checker"))
    shen = Client()
    account = access.account_named("shen")
    assert account is not None
    shen.force_login(account)
    assert shen.get("/office/batches/").status_code == 200
    assert "现在结束" not in shen.get("/office/delegations/").content.decode(), "it is not hers to end"
    assert shen.post("/office/delegations/", said).status_code == 403
    assert checker.post(f"/office/delegations/{made.pk}/end/").status_code == 302
    assert shen.get("/office/batches/").status_code == 403


def test_the_work_page_of_a_checker_counts_what_waits_for_a_signature(checker: Client) -> None:
    page = checker.get("/office/").content.decode()
    assert "待复核的批次" in page and "被退回的批次" not in page
