"""A month decided for a tiny city: counts add up, a second start changes nothing, the counter says what the night run said."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from zhida.blocks.access.api import SYSTEM, NotYours, Purpose, Viewer
from zhida.blocks.policies import api as policies
from zhida.blocks.policies import runs
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER = Month(2025, 10)


@pytest.fixture
def run(own_home: Path) -> Any:
    """A finished run over the tiny city of October 2025."""
    nobody = testing.id_number("1930-01-01", 99)
    snapshot = testing.tiny_city(own_home, death=[{"id_number": nobody, "died_on": "2020-01-01", "registered_on": "2020-01-02"}])
    return policies.run_period(SYSTEM, OCTOBER, snapshot=snapshot, law_as_of=date(2025, 11, 5))


def lin(run: Any) -> int:
    return records.find_residents(SYSTEM, Purpose.OPERATION, "林小满")[0].resident_no


def test_every_entity_is_decided_for_every_benefit_in_force(run: Any) -> None:
    lines = policies.run_benefits(run.id)
    assert len(lines) >= 30
    entity = {code: benefit.entity.name for code, benefit in policies.benefits().items()}
    for line in lines:
        expected = {"person": 7, "household": 3, "claim": 0}[entity[line.benefit]]
        assert line.entitled + line.not_entitled + line.unknown == expected, line.benefit
    assert run.entitled == sum(line.entitled for line in lines)


def test_decisions_on_file_are_the_counts_on_record(run: Any) -> None:
    table = pq.read_table(Path(policies.decisions_path(run.id)).parent)
    status = table["status"].to_pylist()
    assert (status.count(1), status.count(2)) == (run.entitled, run.unknown)


def test_a_run_started_again_is_the_same_run(run: Any) -> None:
    files = {path: path.read_bytes() for path in Path(policies.decisions_path(run.id)).parent.iterdir()}
    again = policies.run_period(SYSTEM, OCTOBER, law_as_of=date(2025, 11, 5))
    assert again.id == run.id
    assert {path: path.read_bytes() for path in files} == files


def test_a_run_that_lost_a_file_makes_it_again(run: Any) -> None:
    path = next(Path(policies.decisions_path(run.id)).parent.iterdir())
    before = path.read_bytes()
    path.unlink()
    type(run).objects.filter(pk=run.pk).update(state="running")
    again = policies.run_period(SYSTEM, OCTOBER, law_as_of=date(2025, 11, 5))
    assert (again.id, again.state, path.read_bytes()) == (run.id, "finished", before)


def test_workers_decide_what_one_process_decides(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(Path(policies.decisions_path(run.id)).parent.iterdir())
    before = path.read_bytes()
    path.unlink()
    type(run).objects.filter(pk=run.pk).update(state="running")
    monkeypatch.setattr(runs, "FILES_FOR_WORKERS", 1)
    again = policies.run_period(SYSTEM, OCTOBER, law_as_of=date(2025, 11, 5))
    assert (again.entitled, path.read_bytes()) == (run.entitled, before)


def test_the_counter_says_what_the_night_run_said(run: Any) -> None:
    officer = Viewer("everywhere", "street_officer", "330100")
    told = 0
    for number in ("林小满", "吴大有", "周明"):
        member = records.find_residents(SYSTEM, Purpose.OPERATION, number)[0].resident_no
        for line in policies.entitlements(officer, Purpose.CASEWORK, member).lines:
            live = policies.explanation(officer, Purpose.CASEWORK, member, line.benefit.code, line.entity_no).line
            said = (line.status, line.amount, sorted(m.name for m in line.missing), line.who)
            assert said == (live.status, live.amount, sorted(m.name for m in live.missing), live.who), line.benefit.code
            if line.status != "not_entitled":
                assert (line.period_key, line.payee_no) == (live.period_key, live.payee_no), line.benefit.code
                told += 1
    assert told == run.entitled + run.unknown


def test_an_old_couple_gets_the_old_age_allowance_and_sees_why(run: Any) -> None:
    old = records.find_residents(SYSTEM, Purpose.OPERATION, "吴大有")[0]
    viewer = Viewer("old", "resident", resident_no=old.resident_no)
    listed = policies.entitlements(viewer, Purpose.OWN_ENTITLEMENTS, old.resident_no)
    line = next(line for line in listed.lines if line.benefit.code == "gaoling" and line.entity_no == old.resident_no)
    assert (line.status, line.amount) == ("entitled", 6000)
    told = policies.explanation(viewer, Purpose.OWN_ENTITLEMENTS, old.resident_no, "gaoling", old.resident_no)
    assert any(step.parameter and step.parameter["source"] for step in told.steps)
    assert any(step.fact and step.fact["department"].zh == "公安" for step in told.steps)


def test_a_grown_member_is_hidden_until_they_agree(run: Any) -> None:
    number = lin(run)
    card = records.resident_card(SYSTEM, Purpose.OPERATION, number)
    husband = records.find_residents(SYSTEM, Purpose.OPERATION, "陈立")[0].resident_no
    viewer = Viewer("lin", "resident", resident_no=number)

    def seen() -> set[int]:
        return {line.entity_no for line in policies.entitlements(viewer, Purpose.OWN_ENTITLEMENTS, number).lines}

    assert husband not in seen()
    assert card.household_no in seen()
    policies.set_household_sharing(Viewer("chen", "resident", resident_no=husband), True)
    assert husband in seen()
    policies.set_household_sharing(Viewer("chen", "resident", resident_no=husband), False)
    assert husband not in seen()


def test_an_officer_elsewhere_and_another_resident_see_nothing(run: Any) -> None:
    number = lin(run)
    for viewer in (Viewer("wu_jing", "street_officer", "330108"), Viewer("other", "resident", resident_no=number + 1)):
        with pytest.raises(NotYours):
            policies.entitlements(viewer, Purpose.CASEWORK, number)


def test_an_appeal_is_answered_once_by_the_own_street(run: Any) -> None:
    number = lin(run)
    viewer = Viewer("lin", "resident", resident_no=number)
    appeal = policies.file_appeal(viewer, number, "gaoling", number, "2025-10", "我觉得不对")
    own, elsewhere = Viewer("zhou", "street_officer", "330106"), Viewer("wu", "street_officer", "330108")
    assert [a.id for a in policies.appeals(own, Purpose.CASEWORK)] == [appeal.id]
    assert policies.appeals(elsewhere, Purpose.CASEWORK) == []
    with pytest.raises(NotYours):
        policies.answer_appeal(elsewhere, appeal.id, "…")
    policies.answer_appeal(own, appeal.id, "已核对")
    with pytest.raises(policies.AppealNotOpen):
        policies.answer_appeal(own, appeal.id, "再次")
    with pytest.raises(policies.AppealWithoutText):
        policies.file_appeal(viewer, number, "gaoling", number, "2025-10", "  ")
