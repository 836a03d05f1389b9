"""Desks where nobody sits are named before anything waits there: by the command line, and on the captain's page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.places import api as places
from zhida.blocks.records import testing
from zhida.project import cli_cases

pytestmark = pytest.mark.django_db
CITY, XIHU = "330100", 330106


def _desk(name: str, role: str, area: str, department: str) -> Viewer:
    return access.viewer_of(access.create_account(name, name, role, area_code=area, is_demo=True, department=department))


def _of(department: str, found: list[cases.EmptyDesks]) -> dict[int, tuple[int, int]]:
    return {each.area: (each.without_officer, each.without_head) for each in found if each.department == department}


def test_every_department_of_an_event_is_named_for_every_district_until_somebody_sits_there() -> None:
    named = {item.department for event in cases.life_events().values() for item in event.people_items}
    assert {each.department for each in cases.empty_desks(SYSTEM)} == named
    districts = {each.code for each in places.districts()}
    assert set(_of("housing", cases.empty_desks(SYSTEM))) == districts
    _desk("housing", "department_officer", "330106", "housing")
    assert _of("housing", cases.empty_desks(SYSTEM))[XIHU] == (0, 1), "somebody does items, nobody answers"
    _desk("housing_lead", "department_lead", CITY, "housing")
    assert _of("housing", cases.empty_desks(SYSTEM)) == {}, "who is there for the whole city sits at every desk of it"
    # The police of a birth sit in streets: one officer of one street leaves the others of the district without.
    street = places.streets(XIHU)[0].code
    _desk("police", "department_officer", str(street), "police")
    desks = next(each for each in cases.empty_desks(SYSTEM) if (each.department, each.area) == ("police", XIHU))
    assert desks.desks - desks.without_officer == 1 and desks.without_head == desks.desks


def test_a_captain_reads_of_the_own_area_only() -> None:
    captain = _desk("captain", "captain", "330106", "")
    assert {each.area for each in cases.empty_desks(captain)} == {XIHU}
    with pytest.raises(access.NotYours):
        cases.empty_desks(captain, "330108")
    with pytest.raises(access.PermissionMissing):
        cases.empty_desks(_desk("housing", "department_lead", "330106", "housing"))


def test_the_page_and_the_command_name_departments_and_districts(own_home: Path) -> None:
    testing.tiny_city(own_home)
    _desk("captain", "captain", CITY, "")
    for department in {each.department for each in cases.empty_desks(SYSTEM)} - {"housing", "street"}:
        _desk(department, "department_lead", CITY, department)
    _desk("streets", "street_officer", CITY, "street")
    _desk("housing", "department_lead", "330106", "housing")
    client = Client()
    client.force_login(access.account_named("captain"))
    page = client.get("/cockpit/cases/").content.decode()
    section = page.split('id="desks"')[1]
    assert "住保" in section and "滨江区" in section and "西湖区" not in section and "民政" not in section
    found = CliRunner().invoke(cli_cases.desks, ["--json"])
    assert found.exit_code == 1 and {each["department"] for each in json.loads(found.output)} == {"housing"}
    _desk("housing_lead", "department_lead", CITY, "housing")
    assert 'id="desks"' not in client.get("/cockpit/cases/").content.decode()
    assert CliRunner().invoke(cli_cases.desks, []).exit_code == 0
