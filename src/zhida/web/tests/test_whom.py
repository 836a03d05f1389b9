"""Whom a life event can be about: an adult is no newborn, the dead have no disability assessed, nobody buries themself."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.blocks.records import testing

pytestmark = pytest.mark.django_db
# 陈立 of the tiny city has died; the register of deaths says so, his card is still there.
DEAD = {"id_number": testing.id_number("1988-03-02", 31), "died_on": "2025-10-20", "registered_on": "2025-10-22"}


@pytest.fixture(autouse=True)
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    testing.tiny_city(own_home, death=[DEAD])
    access.create_account("street", "周志强", "street_officer", area_code=str(testing.community())[:9], is_demo=True, department="street")
    access.create_account("lin", "林小满", "resident", resident_no=_number("林小满"), is_demo=True)


def _number(name: str) -> int:
    return records.find_residents(SYSTEM, Purpose.OPERATION, name)[0].resident_no


def _page(account: str, url: str) -> tuple[int, str]:
    client = Client()
    client.force_login(access.account_named(account))
    response = client.get(url)
    return response.status_code, response.content.decode()


@pytest.mark.parametrize(
    ("event", "name", "said"),
    [
        ("birth", "林小满", "it is for somebody younger than 3. Choose that person"),
        ("birth", "陈一诺", "it is for somebody younger than 3"),
        ("disability", "陈立", "the register of deaths names this person. Open the event of a death"),
        ("hardship", "陈立", "the register of deaths names this person"),
    ],
)
def test_the_counter_does_not_open_an_event_about_somebody_it_cannot_be_about(event: str, name: str, said: str) -> None:
    street, number = access.viewer_of(access.account_named("street")), _number(name)
    for ask in (lambda: cases.preview(street, event, number), lambda: cases.open_case(street, event, number, {})):
        with pytest.raises(cases.SubjectUnfit, match=said):
            ask()
    status, page = _page("street", f"/office/cases/open/{event}/{number}/")
    assert status == 409 and "没有受理" in page


def test_the_counter_says_beside_a_name_why_not_and_leads_on_from_the_others() -> None:
    found = {name: _page("street", f"/office/cases/open/?event=birth&text={name}")[1] for name in ("林小满", "陈安")}
    assert (
        f"/office/cases/open/birth/{_number('林小满')}/" not in found["林小满"] and "只为不满 3 周岁的人办；请选对的人" in found["林小满"]
    )
    assert f"/office/cases/open/birth/{_number('陈安')}/" in found["陈安"] and "请选对的人" not in found["陈安"]
    assert _page("street", f"/office/cases/open/birth/{_number('陈安')}/")[0] == 200
    # The dead are whom a death is about.
    assert _page("street", f"/office/cases/open/death/{_number('陈立')}/")[0] == 200


def test_residents_choose_among_those_an_event_can_be_about() -> None:
    lin = access.viewer_of(access.account_named("lin"))
    choices = {event: {each.name for each in cases.possible_subjects(lin, event)} for event in ("birth", "death", "disability")}
    assert choices["birth"] == {"陈安"}
    assert choices["disability"] == {"林小满", "陈一诺", "陈安"}
    assert choices["death"] == {"陈立", "陈一诺", "陈安"}
    with pytest.raises(cases.SubjectUnfit, match="Choose the relative who has died"):
        cases.open_case(lin, "death", lin.resident_no or 0, {})
    status, page = _page("lin", f"/my/cases/new/birth/?for={lin.resident_no}")
    assert status == 409 and "只为不满 3 周岁的人办" in page


def test_who_has_nobody_an_event_can_be_about_is_told_so() -> None:
    access.create_account("zhou", "周明", "resident", resident_no=_number("周明"), is_demo=True)
    status, page = _page("zhou", "/my/cases/new/birth/")
    assert status == 409 and "这件事只为不满 3 周岁的人办" in page and "街道服务窗口" in page
