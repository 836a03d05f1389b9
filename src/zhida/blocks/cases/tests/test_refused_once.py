"""A refusal is told once: the officer's reason and what the event has to say of it in one notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.notices import api as notices
from zhida.blocks.records import api as records
from zhida.blocks.records import testing

pytestmark = pytest.mark.django_db
DESKS = ("disabled_federation", "health")
GIVEN = {
    "applied_category": "hearing", "can_go_out": "true", "wants_rehabilitation": "true", "wants_aids": "true", "wants_school": "false",
    "wants_work": "true", "wants_day_care": "false", "wants_home_adaptation": "false",
}  # fmt: skip


@pytest.fixture
def lin(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Viewer:
    """林小满 of the tiny city, with the desks of *disability* that assess."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    testing.tiny_city(own_home)
    for name in DESKS:
        access.create_account(name, name, "department_officer", area_code="330106", is_demo=True, department=name)
    number = records.find_residents(SYSTEM, Purpose.OPERATION, "林小满")[0].resident_no
    return access.viewer_of(access.create_account("lin", "林小满", "resident", resident_no=number, is_demo=True))


def _item(case: Any, key: str) -> tuple[Viewer, int]:
    row = cases.CaseItem.objects.filter(case=case, item=key).latest("pk")
    return access.viewer_of(access.account_named(row.department)), row.pk


def _refusals(lin: Viewer) -> list[Any]:
    return [each for each in notices.inbox(lin)[0] if each.kind == "case_item_refused"]


def test_an_assessment_below_the_standard_is_told_in_one_notice(lin: Viewer) -> None:
    case = cases.open_case(lin, "disability", lin.resident_no or 0, GIVEN)
    cases.finish_item(*_item(case, "acceptance"), {})
    cases.refuse_item(*_item(case, "assessment"), "听力损失 32 分贝，未达四级。")
    (told,) = _refusals(lin)
    assert "听力损失 32 分贝，未达四级。这次评定没有达到残疾标准" in told.body.zh and "重新评定" in told.body.zh
    assert "32 分贝，未达四级. The assessment does not meet" in told.body.en
    assert "残疾评定" in told.title.zh


def test_a_refusal_that_an_event_says_nothing_of_is_told_with_the_reason_alone(lin: Viewer) -> None:
    case = cases.open_case(lin, "disability", lin.resident_no or 0, GIVEN)
    cases.refuse_item(*_item(case, "acceptance"), "户籍不在本区")
    (told,) = _refusals(lin)
    assert "户籍不在本区" in told.body.zh and "办理记录" not in told.body.zh
