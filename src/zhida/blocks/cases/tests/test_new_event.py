"""A new event from a folder: the copy of any installed one passes, and the second-hand home of the documentation runs whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.models import SystemMessage
from zhida.blocks.records import api as records
from zhida.blocks.records import testing

FOLDERS = sorted(cases.folders())
BIRTH = next(folder for folder in FOLDERS if folder.name == "birth")
EXAMPLE = Path(__file__).resolve().parents[5] / "docs" / "examples" / "life_events" / "second_hand_home"
DESKS = {"street": "street_officer", "housing": "department_officer"}
ENTERED = {
    "acceptance": {},
    "transfer": {"title_no": "浙2025杭州不动产权第0001号"},
    "meters": {"water_m3": "120", "power_kwh": "5400", "gas_seen": "true", "gas_m3": "88"},
}
GIVEN = {"contract_no": "W20251105001", "home_address": "文三路 1 号", "has_gas": "true"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_copy_passes_the_checks_and_the_situations_of_what_it_is_a_copy_of(tmp_path: Path, folder: Path) -> None:
    made = cases.copy_life_event(folder, tmp_path, "another_event")
    checked = cases.check_life_event(made)
    assert [str(each) for each in checked.errors] == []
    said = [str(each) for each in checked.warnings if "to be named" not in each.text.en]
    assert (len(checked.warnings) - len(said), said) == (1, [str(each) for each in cases.check_life_event(folder).warnings])
    assert [each.wrong for each in cases.try_situations(made) if each.wrong] == []
    declared = cases.read_life_event(made)
    assert (declared.key, declared.process.id, declared.feed) == ("another_event", "another_event", None)
    assert "zhida life-event check another_event" in (made / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["../birth", "Birth", "x", "birth day", "", "a" * 40])
def test_a_name_that_is_none_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(cases.LifeEventNotMade):
        cases.copy_life_event(BIRTH, tmp_path / "events", name)
    assert not (tmp_path / "events").exists()


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    cases.copy_life_event(BIRTH, tmp_path, "moving")
    with pytest.raises(cases.LifeEventNotMade, match="exists already"):
        cases.copy_life_event(BIRTH, tmp_path, "moving")


def test_a_process_without_a_diagram_is_drawn_once_and_stays_the_same_process(tmp_path: Path) -> None:
    made = Path(shutil.copytree(EXAMPLE, tmp_path / "second_hand_home"))
    text = (made / "process.bpmn").read_text("utf-8")
    plain = text[: text.index("<bpmndi:BPMNDiagram")] + "</definitions>"
    (made / "process.bpmn").write_text(plain, "utf-8")
    before = cases.read_life_event(made).process
    assert (before.has_diagram, cases.draw_life_event(made), cases.draw_life_event(made)) == (False, True, False)
    after = cases.read_life_event(made).process
    assert (after.has_diagram, after.elements, after.flows) == (True, before.elements, before.flows)


def test_the_example_of_the_documentation_passes() -> None:
    checked = cases.check_life_event(EXAMPLE)
    assert checked.errors == ()
    assert {each.text.en[:35] for each in checked.warnings} == {"it belongs to no public service; wr"}
    assert [each.wrong for each in cases.try_situations(EXAMPLE)] == [()] * 4
    declared = cases.read_life_event(EXAMPLE)
    found = cases.simulate_cases(declared, cases.read_plan(declared, EXAMPLE), 30, 7, installed.clock.today())
    assert sum(found.states.values()) == 30


@pytest.fixture
def lin(tmp_path: Path, own_home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Viewer]:
    """林小满, a resident of a city that has made the example its own: a copy of *birth*, changed, in a folder of ZHIDA_LIFE_EVENTS."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    made = cases.copy_life_event(BIRTH, tmp_path / "own_events", "second_hand_home")
    for path in (*made.glob("*.dmn"), *(made / "tests").iterdir()):
        path.unlink()
    shutil.copytree(EXAMPLE, made, dirs_exist_ok=True)
    settings.LIFE_EVENT_FOLDERS, settings.CASE_SYSTEMS = [str(made.parent)], {}
    installed.life_events.cache_clear()
    testing.tiny_city(own_home)
    for name, role in DESKS.items():
        area = str(testing.community())[:9] if name == "street" else "330106"
        access.create_account(name, name, role, area_code=area, is_demo=True, department=name)
    number = records.find_residents(SYSTEM, access.Purpose.OPERATION, "林小满")[0].resident_no
    yield access.viewer_of(access.create_account("lin", "林小满", "resident", resident_no=number, is_demo=True))
    installed.life_events.cache_clear()


def _desks_end(lin: Viewer, case: cases.Case, refused: str = "") -> cases.CaseView:
    """Let the desks end what waits for them until nothing does."""
    desks = [access.viewer_of(access.account_named(name)) for name in DESKS]
    while waiting := [(desk, item) for desk in desks for item in cases.queue(desk, which="open").filter(case=case)]:
        desk, item = waiting[0]
        if item.item == refused:
            cases.refuse_item(desk, item.id, "房屋被查封")
        else:
            cases.finish_item(desk, item.id, ENTERED[item.item])
        cases.work()
    return cases.my_case(lin, case.id)


def test_a_home_changes_hands_with_water_power_and_gas(lin: Viewer) -> None:
    view = _desks_end(lin, cases.open_case(lin, "second_hand_home", lin.resident_no, GIVEN))
    assert view.case.state == "done"
    told = {each.system: each.body["values"] for each in SystemMessage.objects.filter(withdrawn_at=None)}
    assert set(told) == {"title_registry", "water_company", "power_company", "gas_company"}
    assert told["water_company"]["water_m3"] == 120
    assert told["gas_company"] == {
        "buyer": "林小满",
        "home_address": "文三路 1 号",
        "title_no": ENTERED["transfer"]["title_no"],
        "gas_m3": 88,
    }
    certificate = next(line for line in view.items if line.declared.key == "result")
    assert certificate.row is not None
    assert certificate.row.state == "done"


def test_a_seized_home_stops_before_any_company_is_told(lin: Viewer) -> None:
    view = _desks_end(lin, cases.open_case(lin, "second_hand_home", lin.resident_no, GIVEN), refused="transfer")
    assert view.case.state == "undone"
    assert not SystemMessage.objects.exists()
