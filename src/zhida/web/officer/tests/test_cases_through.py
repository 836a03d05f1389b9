"""A queue of joint cases worked off: the next item comes by itself, many are taken at once, a lead sees who has how much."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.testing import ACCEPTED, item_of, officer, open_small_case
from zhida.web.officer.cases_history import ENTRY_TEXT
from zhida.web.officer.tests.test_cases import As, as_, move, text, town, url_of

__all__ = ["as_", "move", "town"]
ROUND = "?through=1&event=move"
PEOPLE = ("林小满", "陈立", "陈安")


@pytest.fixture
def queued() -> list[cases.CaseItem]:
    """Three items at one desk, in the order in which they are due."""
    return [item_of(open_small_case(name), "acceptance") for name in PEOPLE]


def test_the_next_item_comes_by_itself_until_the_last(as_: As, queued: list[cases.CaseItem]) -> None:
    client, (first, second, third) = as_("street"), queued
    assert "连续办理（3）" in text(client, "/office/cases/")
    assert client.post(f"/office/cases/next/{ROUND}").headers["Location"] == f"{url_of(first)}{ROUND}#item"
    assert "后面还有 2 件" in text(client, url_of(first) + ROUND)
    wrong = client.post(url_of(first) + ROUND, {"action": "finish", "moved_on": "昨天"})
    assert wrong.status_code == 400 and "后面还有 2 件" in wrong.content.decode()
    done = client.post(url_of(first) + ROUND, {"action": "finish", **ACCEPTED})
    assert done.headers["Location"] == f"{url_of(second)}{ROUND}#item"
    assert f"受理，林小满 {first.case.number}：已办结" in text(client, done.headers["Location"].partition("#")[0])
    # What is left aside stays the officer's own and does not come again in this round.
    assert client.post(url_of(second) + ROUND, {"action": "skip"}).headers["Location"] == f"{url_of(third)}{ROUND}#item"
    assert "这是最后一件" in text(client, url_of(third) + ROUND)
    last = client.post(url_of(third) + ROUND, {"action": "return", "reason": "地址不清"})
    assert last.headers["Location"] == "/office/cases/?event=move"
    assert "这一轮办到头了" in text(client, last.headers["Location"])
    assert [each.pk for each in cases.queue(officer("street"), which="mine") if each.state == "claimed"] == [second.pk]


def test_a_round_keeps_to_what_was_chosen_and_to_ones_own_desk(as_: As, queued: list[cases.CaseItem]) -> None:
    street, neighbour = as_("street"), officer("neighbour")
    assert cases.take_following(neighbour) is None and cases.take_following(officer("police"), "move") is None
    assert cases.take_following(officer("street"), "move", "registration") is None
    assert street.post("/office/cases/next/?through=1&event=birth").headers["Location"] == "/office/cases/?event=birth"
    assert as_("captain").post(f"/office/cases/next/{ROUND}").status_code == 403


def test_ticked_items_are_taken_together_and_what_is_not_says_why(as_: As, queued: list[cases.CaseItem]) -> None:
    client, numbers = as_("street"), [each.pk for each in queued]
    cases.finish_item(officer("street"), numbers[2], ACCEPTED)
    sent = client.post("/office/cases/many/?which=free", {"action": "claim", "item": [*numbers, 999_999]})
    assert sent.headers["Location"] == "/office/cases/?which=free"
    page = text(client, "/office/cases/?which=mine")
    assert "已认领 2 件" in page and "2 件没有认领" in page and "999999" in page
    assert client.post("/office/cases/many/", {"action": "give_back", "item": numbers[:2]}).status_code == 302
    assert cases.queue_counts(officer("street"))["free"] == 2
    assert client.post("/office/cases/many/", {"action": "assign", "item": numbers[:1], "account": "street"}).status_code == 403
    assert client.post("/office/cases/many/", {"action": "claim"}).status_code == 302 and "请先勾选" in text(client, "/office/cases/")


def test_a_lead_sees_who_has_how_much_and_reassigns_what_is_ticked(as_: As, queued: list[cases.CaseItem]) -> None:
    for item in queued:
        cases.finish_item(officer("street"), item.pk, ACCEPTED)
        cases.finish_item(officer("police"), item_of(item.case, "registration").pk, {})
    grants = [item_of(item.case, "grant").pk for item in queued]
    client = as_("civil")
    assert client.post("/office/cases/many/", {"action": "assign", "item": grants[:2], "account": "civil_2"}).status_code == 302
    page = text(client, "/office/cases/")
    assert "手上最多的是蒋丽萍：2 件" in page and "没有人认领" in page
    loads = {each.account: each.items for each in cases.workloads(officer("civil"))}
    assert loads == {"civil_2": 2, "civil": 0, "": 1}
    assert queued[2].case.number not in text(client, "/office/cases/?officer=civil_2")
    assert "手上最多的是" not in text(as_("civil_2"), "/office/cases/")


def test_what_is_shared_out_goes_to_who_works_where_it_lies(as_: As, queued: list[cases.CaseItem]) -> None:
    for item in queued:
        cases.finish_item(officer("street"), item.pk, ACCEPTED)
        cases.finish_item(officer("police"), item_of(item.case, "registration").pk, {})
    access.create_account("civil_far", "远处", "department_officer", area_code="330108", department="civil_affairs")
    access.create_account("civil_city", "全市", "department_lead", area_code="330100", department="civil_affairs")
    grant = item_of(queued[0].case, "grant")
    with pytest.raises(cases.OfficerUnknown):
        cases.assign(officer("civil_city"), grant.pk, "civil_far")
    assert [each.account for each in cases.colleagues(officer("civil_city"), grant.area)] == ["civil", "civil_2", "civil_city"]
    assert cases.share_out(officer("civil_city")) == {"civil": 1, "civil_2": 1, "civil_city": 1, "civil_far": 0}


def test_the_list_is_ordered_and_says_what_a_late_item_waits_for(
    as_: As, queued: list[cases.CaseItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases.claim(officer("street"), queued[0].pk)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-12")
    client = as_("street")
    page = text(client, "/office/cases/?sort=item&event=move.acceptance")
    assert "到达 5 个工作日，没有人认领" in page and "到达 5 个工作日，周志强已认领" in page and "3 件已经超期" in page
    for sort in ("case", "arrived", "nonsense"):
        page = text(client, f"/office/cases/?sort={sort}")
        assert page.index(queued[0].case.number) < page.index(queued[1].case.number) < page.index(queued[2].case.number)
    rows = client.get("/office/cases/?which=late&format=csv").content.decode("utf-8-sig").splitlines()
    assert len(rows) == 4 and rows[1].endswith("周志强已认领")


def test_whatever_is_noted_of_a_case_has_words() -> None:
    folder = Path(inspect.getfile(cases)).parent
    noted = {what for file in folder.glob("**/*.py") for what in re.findall(r'\.note\("(\w+)"[,)]', file.read_text("utf-8"))}
    assert len(noted) > 15 and noted - set(ENTRY_TEXT) == set()
