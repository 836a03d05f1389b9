"""Rows that the city makes itself: in force beside what departments delivered, refused with a reason, taken back without a trace."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
DISTRICT, CITY, TODAY = 330106, 330100, date(2025, 11, 5)
LIN, CHEN = testing.id_number("1990-05-12", 22), testing.id_number("1988-03-02", 31)
CARD = {"category": "physical", "level": 2, "long_term_care": True, "in_institution": False, "valid_from": "2025-11-05"}


def certificate(id_number: str, **more: Any) -> dict[str, Any]:
    return {"id_number": id_number, "certificate_no": f"{id_number}42", **CARD, **more}


def levels(folder: Path, known_on: date = TODAY, month: str = "2025-11") -> dict[str, int]:
    """Return the level of disability of 林小满 and 陈立 as a snapshot tells it, 0 where there is none."""
    records.link_residents(SYSTEM)
    snapshot = records.freeze_snapshot(SYSTEM, Month.parse(month), known_on)
    facts = records.read_household(snapshot.hash, testing.HOUSEHOLD_OF_LIN)
    at = dict(zip(facts.resident_nos, facts.person["disability_level"], strict=True))
    numbers = {name: records.residents_named([int(card[:17])])[int(card[:17])] for name, card in (("lin", LIN), ("chen", CHEN))}
    return {name: at[number] for name, number in numbers.items()}


@pytest.fixture
def feeds(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("zhida.kernel.clock.today", lambda: TODAY)
    old = certificate(CHEN, level=3, valid_from="2020-01-01")
    folder = testing.tiny_feeds(own_home / "feeds", disability_certificate=[{**old, "area": DISTRICT}])
    records.receive_folder(SYSTEM, folder)
    return folder


def test_added_rows_stand_beside_those_of_the_department_and_the_same_twice_is_once(feeds: Path) -> None:
    assert levels(feeds) == {"lin": 0, "chen": 3}
    added = records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [certificate(LIN), certificate(CHEN, level=1)])
    assert added.problems == ()
    assert added.delivery.corrects.rows_accepted == 1
    again = records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [certificate(LIN), certificate(CHEN, level=1)])
    assert again.delivery == added.delivery
    assert levels(feeds) == {"lin": 2, "chen": 1}
    assert levels(feeds, known_on=date(2025, 11, 4)) == {"lin": 0, "chen": 3}, "what was known before stays as it was"


def test_a_row_that_does_not_fit_the_contract_comes_back_and_the_others_go_in(feeds: Path) -> None:
    wrong = certificate(CHEN, level=7)
    added = records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [wrong, certificate(LIN)])
    assert [(each.row, each.field) for each in added.problems] == [(0, "level")]
    assert "残疾等级" in added.problems[0].text.zh
    assert (added.delivery.rows_accepted, added.delivery.rows_quarantined) == (1, 0)
    assert records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [wrong]).delivery is None
    assert levels(feeds) == {"lin": 2, "chen": 3}


def test_rows_taken_back_give_way_to_what_was_before(feeds: Path) -> None:
    first = records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [certificate(LIN), certificate(CHEN, level=1)]).delivery
    assert records.withdraw_rows(SYSTEM, first.pk, [certificate(CHEN)])
    assert levels(feeds) == {"lin": 2, "chen": 3}
    assert records.withdraw_rows(SYSTEM, first.pk, [certificate(LIN)])
    assert records.withdraw_rows(SYSTEM, first.pk, [certificate(LIN)]), "twice is once"
    assert levels(feeds) == {"lin": 0, "chen": 3}
    anew = records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [certificate(LIN)]).delivery
    assert anew != first
    assert levels(feeds)["lin"] == 2


def test_the_departments_next_whole_file_has_the_last_word(feeds: Path, own_home: Path) -> None:
    added = records.add_rows(SYSTEM, "disability_certificate", DISTRICT, [certificate(LIN)]).delivery
    path = testing.make_feed(own_home / "next", "disability_certificate", [certificate(LIN, level=4)], area=DISTRICT)
    records.receive_feed(SYSTEM, path, received_on=date(2025, 11, 6))
    assert levels(feeds, known_on=date(2025, 11, 6)) == {"lin": 4, "chen": 0}
    assert not records.withdraw_rows(SYSTEM, added.pk, [certificate(LIN)]), "only the department can correct it now"


def test_values_are_written_as_departments_write_them(feeds: Path) -> None:
    relief = {"household_no": testing.HOUSEHOLD_OF_LIN, "occurred_on": "2025-11-03", "assessed_need": 120050, "extraordinary": False}
    added = records.add_rows(SYSTEM, "emergency_relief", CITY, [relief])
    assert added.delivery.corrects is None, "a register nobody has delivered yet begins with it"
    (row,) = records.rows_about("emergency_relief", "household_no", [testing.HOUSEHOLD_OF_LIN]).values()
    assert row.values == {**relief, "occurred_on": date(2025, 11, 3)}


def test_who_may_not_receive_feeds_may_not_add_rows(feeds: Path) -> None:
    with pytest.raises(PermissionMissing):
        records.add_rows(Viewer("wu_jing", "street_officer", "330108001"), "disability_certificate", DISTRICT, [certificate(LIN)])
    with pytest.raises(records.AreaUnknown):
        records.add_rows(SYSTEM, "disability_certificate", CITY, [certificate(LIN)])
