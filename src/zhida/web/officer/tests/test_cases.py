"""The officers' pages of joint cases: a desk does its items, what is typed stays on a mistake, and the street next door sees nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.testing import ACCEPTED, desks, item_of, officer, open_small_case, resident_no, small_event
from zhida.blocks.records import testing as records

As = Callable[[str], Client]


@pytest.fixture(autouse=True, scope="module")
def move(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with small_event(tmp_path_factory.mktemp("move")):
        yield


@pytest.fixture(autouse=True)
def town(db: None, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    records.tiny_city(tmp_path)
    desks()


@pytest.fixture
def as_(client: Client) -> As:
    def sign_in(username: str) -> Client:
        client.force_login(access.account_named(username))
        return client

    return sign_in


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def url_of(item: cases.CaseItem) -> str:
    return f"/office/cases/items/{item.pk}/"


def accepted() -> cases.Case:
    case = open_small_case()
    cases.finish_item(officer("street"), item_of(case, "acceptance").pk, ACCEPTED)
    return case


def test_the_neighbour_and_other_departments_find_nothing(as_: As) -> None:
    case = open_small_case()
    item = item_of(case, "acceptance")
    pages = [url_of(item), f"/office/cases/{case.pk}/", f"/office/cases/{case.pk}/process.bpmn"]
    assert [as_("street").get(page).status_code for page in pages] == [200, 200, 200]
    assert [as_("neighbour").get(page).status_code for page in pages] == [404, 404, 404]
    assert "林小满" not in text(as_("neighbour"), "/office/cases/") + text(as_("neighbour"), "/office/cases/all/")
    assert as_("neighbour").get(f"/office/cases/open/move/{resident_no()}/").status_code == 403
    assert [as_("civil").get(page).status_code for page in pages] == [404, 404, 404]
    # The leading department may see the case, but the item lies at another desk.
    assert [as_("police").get(page).status_code for page in pages] == [404, 200, 200]
    assert as_("maker").get("/office/cases/").status_code == as_("captain").get("/office/cases/").status_code == 403


def test_the_counter_fills_in_what_the_city_has_and_asks_the_rest(as_: As) -> None:
    client = as_("street")
    assert "林小满" in text(client, "/office/cases/open/?event=move&text=林小")
    url = f"/office/cases/open/move/{resident_no()}/"
    page = text(client, url)
    assert "人口登记" in page and 'name="mover"' not in page and 'name="new_address"' in page
    assert client.post(url, {"new_address": "文三路 1 号"}).status_code == 400, "nobody's identity card was checked"
    wrong = client.post(url, {"rent": "一百", "present": "1"})
    assert wrong.status_code == 400 and 'value="一百"' in wrong.content.decode() and "这一项要填" in wrong.content.decode()
    made = client.post(url, {"new_address": "文三路 1 号", "present": "1"})
    (case,) = cases.Case.objects.all()
    assert made.headers["Location"] == f"/office/cases/{case.pk}/" and case.opened_by == "street"
    assert "已经在办" in text(client, url)


def test_an_item_is_done_and_what_was_typed_stays_on_a_mistake(as_: As) -> None:
    client, case = as_("street"), open_small_case()
    item = item_of(case, "acceptance")
    assert "看清地址。" in text(client, url_of(item)) and "文三路 1 号" in text(client, url_of(item))
    wrong = client.post(url_of(item), {"action": "finish", "moved_on": "昨天", "home": "owned"})
    page = wrong.content.decode()
    assert wrong.status_code == 400 and "请写成 2025-10-31 这样的日期" in page and 'value="owned" checked' in page
    assert client.post(url_of(item), {"action": "finish", **ACCEPTED}).status_code == 302
    done = text(client, url_of(item))
    assert "租房" in done and "2025年11月1日" in done and "已办结" in done
    assert item_of(case, "registration").state == cases.ItemState.READY


def test_what_cannot_be_undone_is_ticked_first(as_: As) -> None:
    client, item = as_("police"), item_of(accepted(), "registration")
    assert "签发电子证照：迁移证" in text(client, url_of(item))
    assert client.post(url_of(item), {"action": "finish"}).status_code == 400
    assert client.post(url_of(item), {"action": "finish", "sure": "1"}).status_code == 302
    assert "编号 " in text(client, url_of(item))


def test_a_refusal_says_beforehand_what_is_undone_and_an_officer_confirms_the_undoing(as_: As) -> None:
    case = accepted()
    cases.finish_item(officer("police"), item_of(case, "registration").pk, {})
    client, grant = as_("civil_2"), item_of(case, "grant")
    assert "已办结的会倒序撤销：受理、迁移登记" in text(client, url_of(grant))
    assert client.post(url_of(grant), {"action": "refuse", "sure": "1", "reason": " "}).status_code == 409
    unsure = client.post(url_of(grant), {"action": "refuse", "reason": "不在范围"})
    assert unsure.status_code == 400 and "不在范围</textarea>" in unsure.content.decode()
    assert client.post(url_of(grant), {"action": "refuse", "sure": "1", "reason": "不在范围"}).status_code == 302
    client, undo = as_("police"), item_of(case, "registration")
    page = text(client, url_of(undo))
    assert "收回迁移证。" in page and "不在范围" in page
    assert client.post(url_of(undo), {"action": "undo", "reason": "已收回"}).status_code == 302
    assert "已撤销" in text(client, f"/office/cases/{case.pk}/")


def test_a_question_stops_the_clock_and_is_answered_from_the_other_queue(as_: As) -> None:
    item = item_of(accepted(), "registration")
    asked = {"action": "ask", "department": "civil_affairs", "question": "在册吗"}
    assert as_("police").post(url_of(item), asked).status_code == 302
    assert "停表" in text(as_("police"), url_of(item))
    client = as_("civil_2")
    assert "在册吗" in text(client, "/office/cases/")
    (question,) = cases.questions(officer("civil"))
    assert client.post(f"/office/cases/questions/{question.pk}/", {"answer": ""}).status_code == 409
    assert as_("neighbour").post(f"/office/cases/questions/{question.pk}/", {"answer": "我"}).status_code == 404
    assert as_("civil_2").post(f"/office/cases/questions/{question.pk}/", {"answer": "不在册"}).status_code == 302
    assert "不在册" in text(as_("police"), url_of(item))


def test_the_queue_filters_claims_and_is_taken_home_as_a_file(as_: As) -> None:
    client, case = as_("street"), open_small_case()
    number = case.number
    assert all(number in text(client, f"/office/cases/?{query}") for query in ("", "which=free", f"text={number}", "text=林", "event=move"))
    assert all(number not in text(client, f"/office/cases/?{query}") for query in ("which=mine", "text=陈", "event=birth", "which=late"))
    assert (
        client.get("/office/cases/?format=csv").content.decode("utf-8-sig").splitlines()[1].startswith(f"{number},搬家一件事,林小满,受理")
    )
    taken = client.post("/office/cases/next/")
    assert taken.headers["Location"] == url_of(item_of(case, "acceptance"))
    assert client.post("/office/cases/next/").headers["Location"] == "/office/cases/"
    assert number in text(client, "/office/cases/?which=mine")
    assert number in text(client, f"/office/cases/all/?state=open&text={number}")
    assert client.post(url_of(item_of(case, "acceptance")), {"action": "give_back"}).headers["Location"] == "/office/cases/"


def test_only_a_lead_shares_out_and_what_is_found_due_becomes_a_batch(as_: As) -> None:
    case = accepted()
    cases.finish_item(officer("police"), item_of(case, "registration").pk, {})
    item = item_of(case, "grant")
    assert as_("civil_2").post("/office/cases/share/").status_code == 403
    assert as_("civil_2").post(url_of(item), {"action": "assign", "account": "civil_2"}).status_code == 403
    assert "均衡分派" in text(as_("civil"), "/office/cases/")
    assert as_("civil").post("/office/cases/share/").status_code == 302
    assert item_of(case, "grant").assignee == "civil"
    assert as_("civil").post(url_of(item), {"action": "assign", "account": "police"}).status_code == 409
    assert as_("civil").post(url_of(item), {"action": "assign", "account": "civil_2"}).status_code == 302
    page = text(as_("civil"), url_of(item))
    assert "蒋丽萍 已认领" in page and 'value="finish"' not in page
    # What it found due becomes a batch of the payment makers.
    cases.finish_item(officer("civil_2"), item.pk, {"amount": "1200.50"})
    assert as_("civil").get("/office/cases/money/").status_code == 403
    page = text(as_("maker"), "/office/cases/money/")
    assert "1,200.50" in page and case.number in page and "林小满" not in page
    made = as_("maker").post("/office/cases/money/prepare/")
    assert made.headers["Location"].startswith("/office/batches/")
    assert "没有待发的钱" in text(as_("maker"), "/office/cases/money/")


def test_the_captain_sees_lights_and_nobodys_name(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_small_case()
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-12")
    client = as_("captain")
    page = text(client, "/cockpit/cases/")
    assert "1 件已经超期" in page and case.number in page and "林小满" not in page and "西湖区" in page
    assert case.number in text(client, "/cockpit/cases/330106/") and case.number not in text(client, "/cockpit/cases/330108/")
    assert "街道,搬家一件事,受理,1,0,0,,," in client.get("/cockpit/cases/?format=csv").content.decode()
    assert "超期的 1 件里，1 件没有人认领" in page and "没有人认领" in client.get("/cockpit/cases/?format=late").content.decode()
    assert case.number in text(client, "/cockpit/cases/?department=street&event=move")
    assert case.number not in text(client, "/cockpit/cases/?department=police") + text(client, "/cockpit/cases/330106/?event=birth")
    assert as_("street").get("/cockpit/cases/").status_code == 403
    assert client.get("/cockpit/cases/999999/").status_code in (403, 404)


def test_the_navigation_counts_what_waits_at_the_desk(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    open_small_case()
    assert '>1<span class="visually-hidden">件等着办</span>' in text(as_("street"), "/office/cases/appeals/")
    assert "件等着办" not in text(as_("neighbour"), "/office/cases/appeals/")
    monkeypatch.setenv("ZHIDA_TODAY", "2025-12-05")
    assert "件等着办，有的已超期" in text(as_("street"), "/office/cases/appeals/")
