"""From a wrong id number to a household's list: no amount per head while a member's row waits, and all of it once it is corrected."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER, LAW_AS_OF = Month(2025, 10), date(2025, 11, 5)
COUPLE = 330108000001
OFFICER = Viewer("everywhere", "street_officer", "330100")


def poor_couple() -> dict[str, list[dict[str, Any]]]:
    """Feeds in which the old couple of 滨江 passes every test of 低保 with an income of 1,000 yuan between them."""
    other = testing.tiny_residents()[-1]["id_number"]
    tested = {"household_no": COUPLE, "tested_on": "2025-05-01", "monthly_income": "1000", "savings": "0", "dwelling_count": 1}
    since = {"id_number": other, "valid_from": "2024-01-01"}
    return {
        "means_test": [tested | {"dwelling_area": "60", "commercial_property": False}],
        "vehicle": [{**since, "plate_no": "浙A1", "purpose": "private", "area": 330108}],
        "destitute": [{**since, "care_setting": "scattered"}],
        "orphan": [{**since, "care": "scattered"}],
        "child_in_difficulty": [{**since, "kind": "other"}],
        "death": [{"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}],
    }


def dibao(snapshot: Any) -> policies.EntitlementLine:
    policies.run_period(SYSTEM, OCTOBER, snapshot=snapshot, law_as_of=LAW_AS_OF)
    head = records.find_residents(SYSTEM, Purpose.OPERATION, "吴大有")[0].resident_no
    return next(line for line in policies.entitlements(OFFICER, Purpose.CASEWORK, head).lines if line.benefit.code == "dibao")


def test_an_amount_per_head_is_unknown_until_the_waiting_row_is_corrected(own_home: Path) -> None:
    residents = testing.tiny_residents()
    wife = residents[5]
    wrong = wife["id_number"][:-1] + ("1" if wife["id_number"][-1] != "1" else "2")
    rows = [*residents[:5], {**wife, "id_number": wrong}, residents[6]]
    line = dibao(testing.tiny_city(own_home, resident=rows, **poor_couple()))
    assert line.status == "unknown"
    assert [(fact.name, fact.department.zh, fact.label.zh) for fact in line.missing] == [("members_complete", "公安", "家庭成员齐全")]
    told = policies.explanation(OFFICER, Purpose.CASEWORK, line.payee_no, "dibao", COUPLE)
    assert any("公安" in change.zh and "家庭成员齐全" in change.zh for change in told.changes)
    assert not any("如果查明家庭成员齐全" in change.zh for change in told.changes), "what is due cannot be said before the member is known"

    delivery = next(each for each in records.deliveries(SYSTEM, Purpose.DATA_QUALITY) if each.record_type == "resident")
    correction = records.correct_row(SYSTEM, delivery.id, 7, {"id_number": wife["id_number"]})
    records.link_residents(SYSTEM)
    line = dibao(records.freeze_snapshot(SYSTEM, OCTOBER, correction.received_on))
    assert (line.status, line.amount, line.missing) == ("entitled", 1602_00, [])
