"""What two people do at the same moment, and what comes to somebody who is not there any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.cases import sharing, working
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseEffect, CaseItem, ItemQuestion
from zhida.blocks.cases.moving import Moving
from zhida.blocks.cases.tests import newborn
from zhida.blocks.cases.tests.newborn import item, open_newborn, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with newborn.town(own_home, monkeypatch):
        yield


def test_at_the_same_moment(town: None, caplog: pytest.LogCaptureFixture) -> None:
    """One town for all of it: each story is forgotten again, because building the town takes longer than living them."""
    stories: list[Callable[[], None]] = [a_question_about_what_nobody_had, a_colleague_who_was_faster, a_half_that_leaves_as_text]
    for story in [*stories, a_message_that_breaks_its_worker]:
        with transaction.atomic(), caplog.at_level(logging.CRITICAL, working.__name__):
            story()
            transaction.set_rollback(True)


def a_question_about_what_nobody_had() -> None:
    row = item(open_newborn(), "check")
    asked = cases.ask_department(viewer("street"), row.pk, "health", "这家住在这里吗？")
    CaseItem.objects.filter(pk=row.pk).update(assignee="")
    cases.answer_question(viewer("health"), asked.pk, "住在这里。")
    assert CaseItem.objects.get(pk=row.pk).state == "ready", "it waits for whoever is next"
    with pytest.raises(cases.ItemNotFound):
        cases.answer_question(viewer("health"), asked.pk, "没有这家。")
    assert ItemQuestion.objects.get().answer == "住在这里。"


def a_colleague_who_was_faster() -> None:
    street = access.account_named("street").area_code
    for name, role in (("street_2", "street_officer"), ("head", "department_lead")):
        access.create_account(name, name, role, area_code=street, department="street")
    row = item(open_newborn(), "check")
    cases.claim(viewer("street_2"), row.pk)
    assert not sharing._hand_out(viewer("head"), row.pk, "street")
    assert CaseItem.objects.get(pk=row.pk).assignee == "street_2"
    cases.give_back(viewer("street_2"), row.pk)
    assert sharing._hand_out(viewer("head"), row.pk, "street")


def a_half_that_leaves_as_text() -> None:
    case = open_newborn()
    moving = Moving(case, access.SYSTEM)
    moving.running.put({"order": Decimal("0.5")})
    row = item(case, "check")
    assert Making(moving, row, CaseEffect(item=row), moving.declared.items["grant"].effects[0]).value("order") == "0.5"


def a_message_that_breaks_its_worker() -> None:
    """Its system was taken out of the settings and its event knows it no more: the others do not wait for it."""
    row = item(open_newborn(), "check")
    made = {"kind": "system", "state": "waiting", "next_attempt_at": "2025-11-05T00:00:00Z"}
    effects = [CaseEffect.objects.create(item=row, position=n, key=f"k{n}", result=result, **made) for n, result in enumerate(_SENT)]
    worked = working.work()
    assert (worked.failed, worked.sent) == (1, 1)
    broken, sent = (CaseEffect.objects.get(pk=each.pk) for each in effects)
    assert broken.state == "waiting" and broken.problem_zh and broken.next_attempt_at is not None
    assert sent.state == "done"


# A number where an address of the message should be cannot be sent; the second one can.
_SENT = ({"system": "inbox", "send": 7}, {"system": "inbox", "send": {}})
