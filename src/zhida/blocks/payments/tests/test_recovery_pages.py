"""The pages of overpayments, as officers and residents open them."""

from __future__ import annotations

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.payments import api
from zhida.blocks.payments.models import Overpayment
from zhida.blocks.payments.testing import MAKER, decision

pytestmark = pytest.mark.django_db


@pytest.fixture
def debt(desk, monkeypatch: pytest.MonkeyPatch) -> Overpayment:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    desk.budget()
    desk.send([decision(1, 800_00, period_key="2025-08")], "2025-08")
    desk.prepare([decision(1, 600_00, period_key="2025-08")], "2025-08")
    return Overpayment.objects.get()


def signed_in(role: str, area_code: str = "330100", resident_no: int | None = None) -> Client:
    client = Client()
    client.force_login(access.create_account(f"{role}_{area_code}_{resident_no}", "某某", role, area_code, resident_no))
    return client


def step(client: Client, debt: Overpayment, **said: str) -> str:
    return client.post(f"/office/overpayments/{debt.pk}/act/", said, follow=True).content.decode()


def test_an_officer_takes_a_debt_from_the_list_to_a_waiver_that_another_decides(debt):
    maker, checker = signed_in("payment_maker"), signed_in("payment_checker")
    listed = maker.get("/office/overpayments/").content.decode()
    assert "200.00" in listed and "待处理" in listed
    assert "2025-08,1,200.00" in maker.get("/office/overpayments/?format=csv").content.decode()
    page = step(maker, debt, step="net", percent="20")
    assert "按比例扣回" in page and "2025年11月20日" in page and "160.00" in page
    assert "最多扣 20%" in maker.get(f"/office/overpayments/{debt.pk}/letter/").content.decode()
    assert "登记异议" in step(maker, debt, step="object", text="不对")
    assert "需要写明理由" in step(maker, debt, step="answer", text=" ")
    assert "免还待复核" in step(maker, debt, step="answer", text="是我们的错", upheld="yes")
    assert "已免还" in step(checker, debt, step="accept")
    assert "没有这样的多发款项" in maker.get("/office/overpayments/").content.decode()


def test_a_repayment_and_an_agreement_are_booked_from_the_page(debt):
    maker = signed_in("payment_maker")
    assert "协议分期" in step(maker, debt, step="agree", instalment="30", text="协议 7")
    assert "150.00" in step(maker, debt, step="repay", amount="50", receipt="SJ-9", received_on="2025-11-04")
    assert "收据号 SJ-9 已登记过" in step(maker, debt, step="repay", amount="50", receipt="SJ-9", received_on="2025-11-04")
    assert "没有这一步" in step(maker, debt, step="forget")


def test_a_street_officer_sees_its_own_area_only(debt):
    own, other = signed_in("street_officer", "330106001"), signed_in("street_officer", "330108001")
    assert "200.00" in own.get("/office/overpayments/").content.decode()
    assert "没有这样的多发款项" in other.get("/office/overpayments/").content.decode()
    assert other.get(f"/office/overpayments/{debt.pk}/").status_code == 403
    assert other.post(f"/office/overpayments/{debt.pk}/act/", {"step": "waive", "text": "x"}).status_code == 403
    assert signed_in("data_officer").get("/office/overpayments/").status_code == 403


def test_a_resident_reads_what_is_kept_back_and_says_that_it_is_wrong(debt, desk):
    resident = signed_in("resident", "", 1)
    assert "没有多发的钱" in resident.get("/my/owed/").content.decode()
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    page = resident.get("/my/owed/").content.decode()
    assert "最多扣 20%" in page and "2025年11月20日" in page
    assert resident.post(f"/my/owed/{debt.pk}/wrong/", {"text": ""}).status_code == 400
    assert "有异议，暂停扣回" in resident.post(f"/my/owed/{debt.pk}/wrong/", {"text": "不对"}, follow=True).content.decode()
    assert signed_in("resident", "", 2).get(f"/my/owed/{debt.pk}/wrong/").status_code == 403
