"""What a captain reads of waiting: time at the desk, and apart from it the days in which somebody else had the word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.testing import desks, item_of, officer, open_small_case, small_event
from zhida.blocks.cases.testing import resident_no as number_of
from zhida.blocks.records import testing

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The tiny city with the event *move* on Monday, 3 November 2025."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-03")
    testing.tiny_city(own_home)
    desks()
    access.create_account("lin", "林小满", "resident", resident_no=number_of(), is_demo=True)
    with small_event(tmp_path / "move"):
        yield monkeypatch


def test_days_in_which_others_had_the_word_are_shown_apart_from_those_at_the_desk(today: pytest.MonkeyPatch) -> None:
    case = open_small_case()
    accepted = {"moved_on": "2025-11-01", "home": "rented"}
    acceptance = item_of(case, "acceptance").pk
    cases.return_item(officer("street"), acceptance, "地址不全")
    today.setenv("ZHIDA_TODAY", "2025-11-10")
    lin = access.viewer_of(access.account_named("lin"))
    cases.answer(lin, case.pk, {"new_address": "文三路 2 号"})
    today.setenv("ZHIDA_TODAY", "2025-11-11")
    cases.finish_item(officer("street"), acceptance, accepted)
    registration = item_of(case, "registration").pk
    question = cases.ask_department(officer("police"), registration, "civil_affairs", "名下有补助吗")
    today.setenv("ZHIDA_TODAY", "2025-11-13")
    cases.answer_question(officer("civil"), question.pk, "没有")
    today.setenv("ZHIDA_TODAY", "2025-11-14")
    cases.finish_item(officer("police"), registration, {})
    found = {each.item: each for each in cases.waits(officer("captain"))}
    # Returned from Monday to Monday: five working days that are not the street's; one is.
    assert [getattr(found["acceptance"], name) for name in ("count", "median", "late95", "stood_median", "stood_late95")] == [1, 1, 1, 5, 5]
    assert [getattr(found["registration"], name) for name in ("median", "late95", "stood_median", "stood_late95")] == [1, 1, 2, 2]
    assert item_of(case, "acceptance").due_on.isoformat() == "2025-11-11", "the deadline does not count them either"
    client = Client()
    client.force_login(access.account_named("captain"))
    page = client.get("/cockpit/cases/").content.decode()
    assert "1 / 1 天" in page and "另等答复 5 / 5 天" in page and "不算等居民补充" in page
