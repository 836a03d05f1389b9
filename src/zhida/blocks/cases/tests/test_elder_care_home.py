"""The example elder_care_home, whole: a city's own folder with services of its own, one who moves in and one who stays after all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.models import SystemMessage
from zhida.blocks.catalogue import reading as catalogue
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

EXAMPLES = Path(__file__).resolve().parents[5] / "docs" / "examples" / "life_events"
HOME = EXAMPLES / "elder_care_home"
DESKS = {"street": "street_officer"} | dict.fromkeys(("civil_affairs", "medical_insurance", "health"), "department_officer")
GIVEN = {"wanted_home": "和睦养老院", "wanted_from": "2025-12-01", "contact_phone": "13800000000"}
# A register without rows counts as not delivered: nobody of the city is in these.
NOBODY = testing.id_number("1950-01-01", 77)
REGISTERS: dict[str, list[dict[str, Any]]] = {
    "death": [{"id_number": NOBODY, "died_on": "2020-01-01", "registered_on": "2020-01-02"}],
    "destitute": [{"id_number": NOBODY, "care_setting": "scattered", "valid_from": "2024-01-01"}],
    "low_income": [{"area": 330108, "household_no": 330108009999, "certificate_no": "D1", "kind": "dibao", "valid_from": "2024-01-01"}],
    "medical_enrolment": [
        {"id_number": testing.id_number("1943-11-02", 12, 330108), "scheme": "resident_other", "year": 2025, "ltc_insured": True}
    ],
}
ENTERED = {
    "ability_assessment": {"ability_score": "40", "is_comatose": "false", "raises_level": "true", "assessed_on": "2025-11-05"},
    "ltc_assessment": {"ltc_level": "severe_2"},
    "health_check": {"checked_on": "2025-11-05"},
    "home_check": {"home_no": "330106001", "bed_no": "3-201"},
    "subsidy": {"subsidy_amount": "800"},
    "admission": {"moved_in_on": "2025-11-05", "contract_no": "X1", "monthly_fee": "5200"},
}


@pytest.fixture
def own_events(settings: Any) -> Iterator[None]:
    settings.LIFE_EVENT_FOLDERS, settings.CASE_SYSTEMS = [str(EXAMPLES)], {}
    for cached in (installed.life_events, catalogue.catalogue):
        cached.cache_clear()
    yield
    for cached in (installed.life_events, catalogue.catalogue):
        cached.cache_clear()


@pytest.mark.usefixtures("own_events")
def test_the_example_passes_with_the_services_that_lie_beside_it() -> None:
    checked = cases.check_life_event(HOME)
    assert [str(each) for each in (*checked.errors, *checked.warnings)] == []
    assert [each.wrong for each in cases.try_situations(HOME)] == [()] * 9
    told = cases.asked_once(cases.life_event("elder_care_home"))
    assert (told.forms, told.fields, told.documents, told.visits) == (1, 4, 0, 2)


def test_without_its_folder_the_services_are_not_known() -> None:
    errors = [each.text.en for each in cases.check_life_event(HOME).errors]
    assert {each[:30] for each in errors} == {"the catalogue has no service '"}


@pytest.fixture
def wu(own_home: Path, own_events: None, monkeypatch: pytest.MonkeyPatch, db: None) -> Viewer:
    """吴大有, eighty-four, who applies for his wife."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    policies.run_period(SYSTEM, Month(2025, 10), snapshot=testing.tiny_city(own_home, **REGISTERS), law_as_of=date(2025, 11, 5))
    for name, role in DESKS.items():
        area = str(testing.community(330108))[:9] if name == "street" else "330108"
        access.create_account(name, name, role, area_code=area, is_demo=True, department=name)
    return access.viewer_of(access.create_account("wu", "吴大有", "resident", resident_no=_number("吴大有"), is_demo=True))


def _number(name: str) -> int:
    return records.find_residents(SYSTEM, access.Purpose.OPERATION, name)[0].resident_no


def _is_next(item: Any) -> bool:
    return item.state != "undo" or item.item == "subsidy"


def _desks_end(viewer: Viewer, case: cases.Case, refused: str = "") -> dict[str, str]:
    """Let the desks do what waits for them, and undo what they are told to; return the state of every item."""
    desks = [access.viewer_of(access.account_named(name)) for name in DESKS]
    # What is taken back goes the last first: bed and insurance follow by themselves once a person has withdrawn the subsidy.
    while waiting := [(desk, item) for desk in desks for item in cases.queue(desk, which="open").filter(case=case) if _is_next(item)]:
        desk, item = waiting[0]
        if item.state == "undo":
            assert cases.my_case(viewer, case.id).case.state == "open", "it is not over before all is taken back"
            cases.undo_done(desk, item.id, "已通知机构")
        elif item.item == refused:
            cases.refuse_item(desk, item.id, "老人决定留在家里")
        else:
            cases.finish_item(desk, item.id, ENTERED.get(item.item, {}))
        cases.work()
    return {line.declared.key: line.row.state for line in cases.my_case(viewer, case.id).items if line.row is not None}


def test_she_moves_in_and_insurance_and_subsidy_are_settled(wu: Viewer) -> None:
    states = _desks_end(wu, cases.open_case(wu, "elder_care_home", _number("沈阿英"), GIVEN))
    assert set(states.values()) == {"done"}
    assert {"ltc_assessment", "ltc_setting", "subsidy", "result"} <= set(states), "insured, severe: insurance and the voucher"
    assert "central_support" not in states
    (told,) = SystemMessage.objects.filter(withdrawn_at=None)
    assert (told.system, told.body["values"]["bed_no"], told.body["values"]["ability_level"]) == ("elder_care_platform", "3-201", "total")


def test_who_stays_at_home_after_all_has_bed_and_subsidy_taken_back(wu: Viewer) -> None:
    states = _desks_end(wu, cases.open_case(wu, "elder_care_home", _number("沈阿英"), GIVEN), refused="admission")
    assert {key: states[key] for key in ("bed", "ltc_setting", "subsidy", "admission", "stays")} == {
        "bed": "undone", "ltc_setting": "undone", "subsidy": "undone", "admission": "refused", "stays": "done"
    }  # fmt: skip
    assert cases.Case.objects.get().state == "done"
    assert not SystemMessage.objects.filter(withdrawn_at=None).exists()
