"""A month decided again with what is known now: the same to the byte, arrears to the fen, nothing taken back for want of facts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Purpose, Viewer
from zhida.blocks.parties import api as parties
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER = Month(2025, 10)
THEN, LATER = testing.RECEIVED_ON, date(2025, 11, 20)
LAW_DAY = date(2025, 11, 5)
ID = {row["name"]: row["id_number"] for row in testing.tiny_residents()}
# Somebody died long ago, so that the register of deaths has been delivered.
LONG_DEAD = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}


def number(name: str) -> int:
    return parties.resident_no_of(ID[name])


def decided(month: Month, known_on: date, law_as_of: date = LAW_DAY) -> Any:
    snapshot = records.freeze_snapshot(SYSTEM, month, known_on)
    return policies.run_period(SYSTEM, month, snapshot=snapshot, law_as_of=law_as_of)


def changes(new: Any, old: Any, more: list[tuple[int, int]] | None = None) -> list[dict[str, Any]]:
    """Return the changes of a pair of runs, after checking that they add up to the difference of the totals."""
    with policies.payee_differences(SYSTEM, new.id, old.id, more or []) as found:
        rows = found.changes().read_all().to_pylist()
        totals = found.totals()
        held = found.undecided().read_all().to_pylist()
    assert sum(row["change_fen"] for row in rows) == sum(total.change_fen for total in totals)
    if not more:
        assert sum(row["change_fen"] for row in rows) == new.entitled_fen - old.entitled_fen + sum(row["before_fen"] for row in held)
    return rows


def undecided(new: Any, old: Any) -> list[dict[str, Any]]:
    with policies.payee_differences(SYSTEM, new.id, old.id) as found:
        return found.undecided().read_all().to_pylist()


def late(folder: Path, record: str, rows: list[dict[str, Any]]) -> None:
    records.receive_feed(SYSTEM, testing.make_feed(folder / "late", record, rows), received_on=LATER)


@pytest.fixture
def city(own_home: Path) -> Path:
    testing.tiny_city(own_home, death=[LONG_DEAD])
    return own_home


def test_the_same_month_law_and_day_give_the_same_bytes(city: Path) -> None:
    first = decided(OCTOBER, THEN)
    files = {path.name: path.read_bytes() for path in Path(policies.decisions_path(first.id)).parent.iterdir()}
    late(city, "death", [LONG_DEAD, {"id_number": ID["吴大有"], "died_on": "2025-09-20", "registered_on": "2025-09-21"}])
    assert decided(OCTOBER, LATER).entitled == first.entitled - 1
    snapshot = records.snapshot(first.snapshot_hash)
    for path in [*Path(snapshot.path).iterdir(), *Path(policies.decisions_path(first.id)).parent.iterdir()]:
        path.unlink()
    first.delete()
    again = decided(OCTOBER, THEN)
    assert again.snapshot_hash == snapshot.hash
    assert {path.name: path.read_bytes() for path in Path(policies.decisions_path(again.id)).parent.iterdir()} == files


def test_a_run_back_in_time_does_not_stand_for_the_month(city: Path) -> None:
    late(city, "death", [LONG_DEAD])
    stands = decided(OCTOBER, LATER)
    back = decided(OCTOBER, THEN)
    assert back.id > stands.id and policies.latest_run(OCTOBER).id == stands.id
    assert decided(OCTOBER, LATER, law_as_of=date(2023, 2, 1)).id > stands.id and policies.latest_run(OCTOBER).id == stands.id


def test_a_raise_that_was_published_late_is_paid_for_just_the_months_between(city: Path) -> None:
    """The old-age allowance from 80 on applies from January 2023 and was published on 1 March."""
    months = [Month(2022, 12), Month(2023, 1), Month(2023, 2), Month(2023, 3)]
    as_then = [decided(month, THEN, month.next.start) for month in months]
    # On the first of March the notice of that day is known; the night before it was not.
    as_then[2] = decided(months[2], THEN, date(2023, 2, 28))
    as_now = [decided(month, THEN) for month in months]
    pairs = [(new.id, old.id) for new, old in zip(as_now, as_then, strict=True)]
    rows = [row for row in changes(as_now[0], as_then[0], pairs[1:]) if row["benefit"] == "gaoling"]
    told = [(row["period_key"], row["payee_no"], row["before_fen"], row["change_fen"], row["kind"]) for row in rows]
    assert told == [("2023-01", number("吴大有"), 0, 6000, "new"), ("2023-02", number("吴大有"), 0, 6000, "new")]


def test_a_yearly_benefit_is_paid_once_for_all_months_of_the_year(city: Path) -> None:
    """The national childcare allowance of 2025 was published on 28 July."""
    months = [Month(2025, 5), Month(2025, 6)]
    as_then = [decided(month, THEN, date(2025, 7, 1)) for month in months]
    as_now = [decided(month, THEN) for month in months]
    rows = changes(as_now[1], as_then[1], [(as_now[0].id, as_then[0].id)])
    yearly = [(row["period_key"], row["change_fen"]) for row in rows if row["benefit"] == "guojia_yuer_2025"]
    assert yearly == [("2025", 360000)]


def test_what_was_paid_for_somebody_who_had_died_comes_back(city: Path) -> None:
    before = decided(OCTOBER, THEN)
    late(city, "death", [LONG_DEAD, {"id_number": ID["吴大有"], "died_on": "2025-09-20", "registered_on": "2025-09-21"}])
    after = decided(OCTOBER, LATER)
    (row,) = changes(after, before)
    assert (row["benefit"], row["entity_no"], row["payee_no"]) == ("gaoling", number("吴大有"), number("吴大有"))
    assert (row["before_fen"], row["after_fen"], row["change_fen"], row["kind"]) == (6000, 0, -6000, "left")
    assert undecided(after, before) == []
    # And the other way round it is arrears.
    assert [(row["change_fen"], row["kind"]) for row in changes(before, after)] == [(6000, "new")]


def test_nothing_is_taken_back_for_an_answer_that_became_unknown(city: Path) -> None:
    before = decided(OCTOBER, THEN)
    late(city, "death", [LONG_DEAD, {"id_number": ID["吴大有"], "died_on": "yesterday", "registered_on": "2025-09-21"}])
    after = decided(OCTOBER, LATER)
    assert [row for row in changes(after, before) if row["benefit"] == "gaoling"] == []
    held = [row for row in undecided(after, before) if row["benefit"] == "gaoling"]
    assert [(row["payee_no"], row["before_fen"], row["missing"]) for row in held] == [(number("吴大有"), 6000, "died_on")]
    # What was unknown and is decided now is paid in full.
    assert {row["benefit"]: row["change_fen"] for row in changes(before, after)}["gaoling"] == 6000


def test_nothing_is_taken_back_from_somebody_whose_own_row_waits_to_be_corrected(city: Path) -> None:
    before = decided(OCTOBER, THEN)
    waiting = [{**row, "sex": "?"} if row["name"] == "吴大有" else row for row in testing.tiny_residents()]
    late(city, "resident", waiting)
    after = decided(OCTOBER, LATER)
    assert [row for row in changes(after, before) if row["change_fen"] < 0] == []
    held = [row for row in undecided(after, before) if row["entity_no"] == number("吴大有")]
    assert [(row["benefit"], row["before_fen"], row["missing"]) for row in held] == [("gaoling", 6000, "members_complete")]


def test_a_new_payee_gets_only_what_is_missing(city: Path) -> None:
    """The household has had the allowance already when its head changes."""
    before = decided(OCTOBER, THEN)
    swapped = {"林小满": "spouse", "陈立": "head"}
    late(city, "resident", [{**row, "relation": swapped.get(row["name"], row["relation"])} for row in testing.tiny_residents()])
    after = decided(OCTOBER, LATER)
    paid_to = {row["payee_no"] for row in policies.decisions_of(after, testing.HOUSEHOLD_OF_LIN) if row["benefit"] == "guojia_yuer_2025"}
    assert paid_to == {number("陈立")}
    assert changes(after, before) == []


def test_two_numbers_of_one_person_are_compared_as_one(own_home: Path) -> None:
    again = {**testing.tiny_residents()[5], "id_number": testing.id_number("1943-11-02", 21, 330108), "name": "沈阿瑛", "relation": "other"}
    enrolled = {"id_number": ID["沈阿英"], "scheme": "resident_other", "year": 2025, "ltc_insured": True}
    feeds = {"resident": [*testing.tiny_residents(), again], "medical_enrolment": [enrolled], "death": [LONG_DEAD]}
    testing.tiny_city(own_home, **feeds)
    one = decided(OCTOBER, THEN)
    (merge,) = parties.merges(SYSTEM, Purpose.OPERATION, "merged")
    parties.undo_merge(SYSTEM, merge.id)
    two = decided(OCTOBER, date.fromisoformat(parties.merges(SYSTEM, Purpose.OPERATION)[0].decisions[-1][1]))
    gaoling = [row for row in changes(two, one) if row["benefit"] == "gaoling"]
    assert [(row["entity_no"], row["change_fen"]) for row in gaoling] == [(merge.merged_resident_no, 6000)]
    back = [row for row in changes(one, two) if row["benefit"] == "gaoling"]
    assert [(row["entity_no"], row["before_fen"], row["change_fen"]) for row in back] == [(merge.kept_resident_no, 12000, -6000)]


def test_only_whole_runs_of_one_month_compare_and_not_everybody_may_ask(city: Path) -> None:
    october, september = decided(OCTOBER, THEN), decided(OCTOBER.previous, THEN)
    with (
        pytest.raises(policies.RunsDoNotCompare, match="both must be finished and of one month"),
        policies.payee_differences(SYSTEM, october.id, september.id),
    ):
        pass
    with pytest.raises(PermissionMissing), policies.payee_differences(Viewer("staff", "policy_staff", "330100"), october.id, october.id):
        pass
