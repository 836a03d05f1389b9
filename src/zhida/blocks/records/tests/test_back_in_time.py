"""The facts as they were known on a day: later deliveries, corrections and merges are not seen, then or ever after."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records
from zhida.blocks.records.testing import HOUSEHOLD_OF_LIN, RECEIVED_ON, id_number, make_feed, tiny_city, tiny_feeds, tiny_residents
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER = Month(2025, 10)
LATER = date(2025, 11, 20)
ID = {row["name"]: row["id_number"] for row in tiny_residents()}


def number(name: str) -> int:
    return parties.resident_no_of(ID[name])


def row_of(snapshot: records.Snapshot, name: str) -> dict[str, object]:
    household = records.read_household(snapshot.hash, records.household_of(number(name), snapshot.hash))
    place = household.resident_nos.index(number(name))
    return {column: values[place] for column, values in household.person.items()}


def test_a_delivery_of_later_is_not_seen_on_the_day_before(tmp_path: Path) -> None:
    def deaths(name: str, day: str) -> list[dict[str, object]]:
        return [{"id_number": ID[name], "died_on": day, "registered_on": day}]

    before = tiny_city(tmp_path, death=deaths("周明", "2025-10-20"))
    feed = make_feed(tmp_path / "late", "death", [*deaths("周明", "2025-10-20"), *deaths("吴大有", "2025-10-25")])
    records.receive_feed(SYSTEM, feed, received_on=LATER)
    assert records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON).hash == before.hash
    after = records.freeze_snapshot(SYSTEM, OCTOBER, LATER)
    assert row_of(before, "吴大有")["died_on"].year == 9999 and row_of(after, "吴大有")["died_on"] == date(2025, 10, 25)
    assert records.snapshot_for(OCTOBER).hash == after.hash
    assert records.snapshot_for(OCTOBER, known_on=date(2025, 11, 19)).hash == before.hash
    with pytest.raises(records.NoSnapshotThen, match="zhida run --month 2025-10 --known-on 2025-10-31"):
        records.snapshot_for(OCTOBER, known_on=date(2025, 10, 31))


def test_the_same_day_again_gives_the_same_bytes_even_where_the_snapshot_was_removed(tmp_path: Path) -> None:
    before = tiny_city(tmp_path)
    files = {path.name: path.read_bytes() for path in Path(before.path).iterdir()}
    records.receive_feed(SYSTEM, make_feed(tmp_path / "late", "resident", tiny_residents()[:3]), received_on=LATER)
    for path in Path(before.path).iterdir():
        path.unlink()
    again = records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON)
    assert {path.name: path.read_bytes() for path in Path(again.path).iterdir()} == files


def test_a_mother_who_was_registered_later_has_no_number_on_the_day_before(tmp_path: Path) -> None:
    everybody = tiny_residents()
    child = {"id_number": ID["陈安"], "born_on": "2025-08-18", "birth_order": 2, "plurality": 1, "hukou_first_local": True}
    before = tiny_city(tmp_path, resident=everybody[:5], birth=[{**child, "mother_id_number": ID["沈阿英"]}])
    assert row_of(before, "陈安")["mother"] == 0
    records.receive_feed(SYSTEM, make_feed(tmp_path / "late", "resident", everybody), received_on=LATER)
    assert row_of(records.freeze_snapshot(SYSTEM, OCTOBER, LATER), "陈安")["mother"] == number("沈阿英")
    for path in Path(before.path).iterdir():
        path.unlink()
    again = records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON)
    assert (again.hash, row_of(again, "陈安")["mother"]) == (before.hash, 0)


def test_two_numbers_merged_later_are_two_persons_on_the_day_before(tmp_path: Path) -> None:
    again = {**tiny_residents()[5], "id_number": id_number("1943-11-02", 21, 330108), "name": "沈阿瑛", "relation": "other"}
    feeds = {"resident": [*tiny_residents(), again], "medical_enrolment": [_enrolled("沈阿英")]}
    merged = tiny_city(tmp_path, **feeds)
    (merge,) = parties.merges(SYSTEM, Purpose.OPERATION, "merged")
    assert (merge.decisions, merged.persons) == ([["merged", str(RECEIVED_ON)]], 7)
    assert parties.merged_numbers(date(2025, 10, 31)) == {}
    parties.undo_merge(SYSTEM, merge.id)
    assert parties.merged_numbers() == {} and parties.merged_numbers(RECEIVED_ON) == {merge.merged_resident_no: merge.kept_resident_no}


def _enrolled(name: str) -> dict[str, object]:
    return {"id_number": ID[name], "scheme": "resident_other", "year": 2025, "ltc_insured": True}


def test_each_fact_says_with_which_delivery_it_came(tmp_path: Path) -> None:
    """Two districts deliver on two days; an increment adds a month; somebody is in no register."""
    row = {"certificate_no": "1", "category": "physical", "level": 1, "long_term_care": True, "in_institution": False}
    row |= {"valid_from": "2024-01-01"}
    tiny_feeds(tmp_path / "feeds")
    records.receive_folder(SYSTEM, tmp_path / "feeds")
    for area, name, day in ((330106, "陈立", RECEIVED_ON), (330108, "吴大有", LATER)):
        feed = make_feed(tmp_path / str(area), "disability_certificate", [{**row, "id_number": ID[name]}], area=area)
        records.receive_feed(SYSTEM, feed, received_on=day)
    records.link_residents(SYSTEM)
    snapshot = records.freeze_snapshot(SYSTEM, OCTOBER, LATER)

    def told(name: str, record_type: str) -> records.Delivered:
        return records.delivered(snapshot.hash, record_type, row_of(snapshot, name))

    assert told("陈立", "disability_certificate") == records.Delivered(RECEIVED_ON, listed=True)
    assert told("吴大有", "disability_certificate") == records.Delivered(LATER, listed=True)
    assert told("林小满", "disability_certificate") == records.Delivered(RECEIVED_ON, listed=False)
    assert told("周明", "disability_certificate") == records.Delivered(None, listed=False)
    assert told("周明", "resident") == records.Delivered(RECEIVED_ON, listed=True)
    home = records.read_household(snapshot.hash, HOUSEHOLD_OF_LIN).household
    assert records.delivered(snapshot.hash, "means_test", home).on is None


def test_a_corrected_row_is_as_new_as_its_correction_and_the_others_are_not(tmp_path: Path) -> None:
    wrong = [{**tiny_residents()[0], "sex": "?"}, *tiny_residents()[1:]]
    tiny_city(tmp_path, resident=wrong)
    delivery = next(each for each in records.deliveries(SYSTEM, Purpose.DATA_QUALITY) if each.record_type == "resident")
    correction = records.correct_row(SYSTEM, delivery.id, 2, {"sex": "女"})
    records.link_residents(SYSTEM)
    later = records.freeze_snapshot(SYSTEM, OCTOBER, correction.received_on)
    assert records.delivered(later.hash, "resident", row_of(later, "林小满")).on == correction.received_on
    assert records.delivered(later.hash, "resident", row_of(later, "陈立")).on == RECEIVED_ON
