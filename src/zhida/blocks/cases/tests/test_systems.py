"""A department's system over HTTP, on loopback: whatever it answers, what it is asked happens once, and is taken back once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.adapters import systems
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.tests import joint
from zhida.blocks.cases.tests.joint import DepartmentSystem, desk, effect_of, finish, item_of, time_passes
from zhida.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def system(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[DepartmentSystem]:
    started = DepartmentSystem()
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    monkeypatch.setattr(systems, "TIMEOUT_S", 0.3)
    joint.install(settings, started)
    settings.CASE_SYSTEM_TOKENS = {"police_desk": "secret"}
    yield started
    started.close()
    installed.life_events.cache_clear()


@pytest.fixture
def lin(system: DepartmentSystem, own_home: Path) -> Viewer:
    return joint.people(own_home)


@pytest.fixture
def case(lin: Viewer) -> cases.Case:
    return cases.open_case(lin, "joint", lin.resident_no, {"wish": "快"})


def test_a_system_is_told_what_the_item_needs_with_its_key_and_token(case: cases.Case, system: DepartmentSystem) -> None:
    assert finish(case, "register").state == "working", "an officer is not kept waiting for what comes after the commit"
    assert item_of(case, "register").state == "done"
    (method, key, body, headers), *card = system.requests
    assert (method, key, headers["Authorization"]) == ("POST", effect_of(case, "register").key, "Bearer secret")
    assert (body["item"], body["values"]) == ("register", {"register_no": "A1"})
    assert body["subject"].startswith("330106199005120")
    assert [each[2]["item"] for each in card] == ["card"]
    assert "Authorization" not in card[0][3]
    assert effect_of(case, "register").result["reference"] == f"R-{key}"


@pytest.mark.parametrize("how", [joint.ERROR, joint.BUSY, joint.CUT, joint.HANG, joint.GARBAGE, joint.DRIBBLE])
def test_one_that_does_not_answer_well_is_asked_again_with_the_same_key(case: cases.Case, system: DepartmentSystem, how: str) -> None:
    system.answers.extend([how, how])
    finish(case, "register")
    row = effect_of(case, "register")
    assert (item_of(case, "register").state, row.attempts) == ("working", 1)
    assert row.problem_zh.startswith("部门系统“police_desk”暂时不通")
    assert cases.work() == cases.Worked(), "not before its time"
    time_passes()
    assert cases.work() == cases.Worked(failed=1)
    time_passes()
    assert cases.work().sent == 2
    assert item_of(case, "register").state == "done"
    key = row.key
    assert [each[1] for each in system.requests if each[2]["item"] == "register"] == [key] * 3
    assert (system.done[key], effect_of(case, "register").problem_zh) == (1, "")


def test_what_is_down_is_asked_ever_more_rarely_and_then_a_person_is_told(case: cases.Case, system: DepartmentSystem) -> None:
    address = system.address
    system.close()
    finish(case, "register")
    waits = []
    while (row := effect_of(case, "register")).next_attempt_at:
        waits.append(round((row.next_attempt_at - clock.now()).total_seconds() / 60))
        time_passes()
        cases.work()
    assert waits == [1, 5, 15, 60, 240]
    assert item_of(case, "register").state == "stuck"
    assert cases.work() == cases.Worked()
    system.__init__()  # type: ignore[misc]
    systems.settings.CASE_SYSTEMS = dict.fromkeys(joint.SYSTEMS, system.address)
    assert system.address != address
    cases.retry_item(desk("register"), item_of(case, "register").pk)
    assert item_of(case, "register").state == "done"


@pytest.mark.parametrize("how", [joint.REFUSED, joint.MOVED])
def test_what_is_refused_is_for_a_person_who_tries_again_or_refuses(case: cases.Case, system: DepartmentSystem, how: str) -> None:
    system.answers.append(how)
    finish(case, "register")
    item = item_of(case, "register")
    assert (item.state, effect_of(case, "register").next_attempt_at) == ("stuck", None)
    assert how in effect_of(case, "register").problem_en
    assert cases.work() == cases.Worked()
    # Corrected by whoever entered it, and sent with what is right now.
    cases.finish_item(desk("register"), item.pk, {"register_no": "B2"})
    assert item_of(case, "register").state == "done"
    assert [each[2]["values"] for each in system.requests[:2]] == [{"register_no": "A1"}, {"register_no": "B2"}]


def test_two_workers_at_once_and_an_answer_twice_do_it_once(case: cases.Case, system: DepartmentSystem) -> None:
    system.answers.append(joint.CUT)
    finish(case, "register")
    time_passes()
    cases.work()
    cases.work()
    assert system.done[effect_of(case, "register").key] == 1
    assert item_of(case, "register").state == "done"


def test_what_was_done_outside_is_withdrawn_also_by_one_that_was_down(lin: Viewer, case: cases.Case, system: DepartmentSystem) -> None:
    finish(case, "register")
    finish(case, "insure")
    system.answers.extend([joint.ERROR, joint.GOOD, joint.HANG])
    cases.withdraw_case(lin, case.pk, "不办了")
    for _ in range(4):
        time_passes()
        cases.work()
    asked = [(method, body_key.split(":")[1]) for method, body_key, _, _ in system.requests if method == "DELETE"]
    assert asked == [("DELETE", name) for name in ("insure", "insure", "card", "card", "register")] or asked[-1] == ("DELETE", "register")
    assert system.alive == {}
    assert all(count == 1 for count in system.undone.values())
    assert cases.Case.objects.get(pk=case.pk).state == "undone"


def test_a_message_that_may_have_arrived_is_withdrawn_too(lin: Viewer, case: cases.Case, system: DepartmentSystem) -> None:
    system.answers.append(joint.CUT)
    finish(case, "register")
    assert system.alive, "it arrived, and nobody here knows"
    cases.withdraw_case(lin, case.pk, "不办了")
    assert cases.Case.objects.get(pk=case.pk).state == "undoing"
    time_passes()
    cases.work()
    assert (system.alive, cases.Case.objects.get(pk=case.pk).state) == ({}, "undone")
    assert item_of(case, "register").state == "cancelled"
    assert cases.work() == cases.Worked()


def test_what_a_system_will_not_take_back_an_officer_takes_back_by_hand(lin: Viewer, case: cases.Case, system: DepartmentSystem) -> None:
    finish(case, "register")
    system.answers.extend([joint.GOOD, joint.REFUSED, joint.REFUSED])
    cases.withdraw_case(lin, case.pk, "不办了")
    cases.work()
    item = item_of(case, "register")
    assert item.state == "undo"
    assert cases.queue(desk("register")).filter(pk=item.pk).exists()
    cases.retry_item(desk("register"), item.pk)
    assert item_of(case, "register").state == "undo", "refused again"
    cases.undo_done(desk("register"), item.pk, "电话核实，已在户籍系统中撤销")
    assert item_of(case, "register").state == "undone"
    assert cases.Case.objects.get(pk=case.pk).state == "undone"


def test_a_refused_item_takes_back_what_it_had_half_done(case: cases.Case, system: DepartmentSystem) -> None:
    finish(case, "register")
    system.answers.append(joint.REFUSED)
    finish(case, "insure")
    assert item_of(case, "insure").state == "stuck"
    assert joint.payables(case) == ["waiting"]
    cases.refuse_item(desk("insure"), item_of(case, "insure").pk, "不符合条件")
    cases.work()
    assert joint.payables(case) == ["withdrawn"]
    assert (item_of(case, "insure").state, item_of(case, "register").state) == ("refused", "undone")
    assert (system.alive, cases.Case.objects.get(pk=case.pk).state) == ({}, "undone")


def test_an_address_without_tls_elsewhere_is_never_told_anything(case: cases.Case, settings: Any) -> None:
    settings.CASE_SYSTEMS = {"police_desk": "http://example.invalid/items"}
    finish(case, "register")
    assert "https" in effect_of(case, "register").problem_en
