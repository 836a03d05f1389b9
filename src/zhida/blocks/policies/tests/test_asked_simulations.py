"""Simulations that a page asked for: one process works them off, and whatever happens to it, the row says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import PermissionMissing, Viewer
from zhida.blocks.policies import api as policies
from zhida.blocks.policies.errors import NoSimulation
from zhida.blocks.policies.models import AskedSimulation
from zhida.blocks.policies.simulation import asked
from zhida.kernel import clock

pytestmark = pytest.mark.django_db
STAFF = Viewer("policy", "policy_staff", "330100")
TEXT = "title: {zh: 试一试, en: A try}\nfrom: 2025-10\nparameters:\n  gaoling_age: 75\n"
State = AskedSimulation.State


@pytest.fixture
def staff() -> None:
    access.create_account("policy", "陆文清", "policy_staff", "330100")


@pytest.fixture
def at_work() -> Iterator[Any]:
    """Somebody holds the lock, as the process that works does."""
    lock = asked._take_lock()
    assert lock is not None
    yield lock
    lock.close()


def row(**changes: Any) -> AskedSimulation:
    told = {"reform_file": "reform.yaml", "reform_text": TEXT, "asked_by": "policy", "asked_at": clock.now(), **changes}
    return AskedSimulation.objects.create(**told)


def state(made: AskedSimulation) -> str:
    return policies.asked_simulation(STAFF, made.id).state


def test_a_row_that_nobody_works_on_was_left_behind() -> None:
    assert [state(row(state=one)) for one in (State.WAITING, State.RUNNING)] == ["left", "left"]
    assert [state(row(state=one)) for one in (State.FAILED, State.STOPPED)] == ["failed", "stopped"]


def test_a_row_is_at_work_while_somebody_holds_the_lock(at_work: Any) -> None:
    assert [state(row(state=one)) for one in (State.WAITING, State.RUNNING)] == ["waiting", "running"]


def test_whoever_takes_over_leaves_behind_what_was_begun_and_not_what_waits() -> None:
    begun, waiting = row(state=State.RUNNING), row()
    with asked._take_over():
        assert asked._take_over() is None
        assert (state(begun), state(waiting)) == ("left", "waiting")


def test_work_says_of_each_row_why_it_failed(staff: None, at_work: Any) -> None:
    first, second = row(), row(asked_by="somebody_who_left")
    asked.work(at_work)
    failed = policies.asked_simulation(STAFF, first.id)
    assert failed.state == "failed" and failed.finished_at and "快照" in failed.problem.zh and "snapshot" in failed.problem.en
    assert "reforms.simulate" in policies.asked_simulation(STAFF, second.id).problem.zh


def test_what_was_stopped_is_not_worked_on(staff: None, at_work: Any) -> None:
    made = row()
    policies.stop_simulation(STAFF, made.id)
    asked.work(at_work)
    assert state(made) == "stopped" and AskedSimulation.objects.get(pk=made.pk).started_at is None


def test_progress_is_written_to_the_row_and_ends_where_it_was_stopped() -> None:
    made = row(state=State.RUNNING)
    progress = asked._RowProgress(made.id)
    progress.total = 4
    progress.step(3, note="gaoling_age = 75")
    made.refresh_from_db()
    assert (made.done, made.total, made.note) == (3, 4, "gaoling_age = 75")
    policies.stop_simulation(STAFF, made.id)
    with pytest.raises(asked._Stopped):
        progress.step()


def test_what_is_finished_is_no_longer_listed_and_the_rest_newest_first() -> None:
    row(state=State.FINISHED)
    made = [row(state=State.FAILED), row(state=State.STOPPED)]
    assert [one.id for one in policies.asked_simulations(STAFF)] == [made[1].id, made[0].id]
    assert policies.asked_simulations(STAFF)[0].title.en == "A try"
    policies.forget_asked(STAFF, made[1].id)
    with pytest.raises(NoSimulation):
        policies.asked_simulation(STAFF, made[1].id)


def test_only_policy_staff_ask_look_stop_and_forget() -> None:
    made, other = row(), Viewer("zhou", "street_officer", "330106")
    for attempt in (policies.asked_simulation, policies.ask_again, policies.stop_simulation, policies.forget_asked):
        with pytest.raises(PermissionMissing):
            attempt(other, made.id)
    with pytest.raises(PermissionMissing):
        policies.ask_simulation(other, TEXT)
    with pytest.raises(PermissionMissing):
        policies.asked_simulations(other)
    assert AskedSimulation.objects.count() == 1


def test_the_numbers_of_the_law_say_what_they_are_and_who_reads_them() -> None:
    numbers = {one.name: one for one in policies.law_numbers()}
    assert numbers["gaoling_age"].values[0][1].zh == "80 岁"
    assert "Old-age allowance" in [label.en for label in numbers["gaoling_amount"].benefits]
    assert numbers["loan_years_most"].values[0][1].zh == "3 年"
    assert [whom.en for whom, _ in numbers["working_age_until"].values] == ["male", "female"]
