"""People, systems and workers in any order: what an item brings about happens once, is undone once, and every case can end.

``ZHIDA_EXAMPLES=300`` lives so many offices (``make test-orders``); the build lives a few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases import working
from zhida.blocks.cases.adapters import systems
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.models import Case, CaseEffect, CaseEntry, CaseItem, CasePayable, CaseRecord
from zhida.blocks.cases.rules import CLOSED
from zhida.blocks.cases.tests import joint
from zhida.blocks.cases.tests.joint import DepartmentSystem, desk, time_passes
from zhida.blocks.credentials.api import IssuedCertificate
from zhida.kernel.errors import ZhidaError

EXAMPLES = int(os.environ.get("ZHIDA_EXAMPLES", "3"))
ROUNDS_MAX = 60
BAD = (joint.ERROR, joint.CUT, joint.REFUSED, joint.GARBAGE, joint.BUSY)
picks = st.integers(0, 30)
# Set by the test: who applies, and the system of all departments.
LIN: Viewer
SYSTEM: DepartmentSystem


class JointOffice(RuleBasedStateMachine):
    """Three desks, one system that fails when it likes, two workers of whom one is slow, and a resident who changes her mind."""

    @initialize(subjects=st.integers(1, 2))
    def open(self, subjects: int) -> None:
        self._database = transaction.atomic()
        self._database.__enter__()
        SYSTEM.reset()
        self.history: list[tuple[Any, ...]] = []
        self.by_hand: set[int] = set()
        self.in_hand: list[tuple[CaseEffect, Any]] = []
        for person in cases.possible_subjects(LIN, "joint")[:subjects]:
            cases.open_case(LIN, "joint", person.resident_no, {"wish": "快"})

    def teardown(self) -> None:
        if not hasattr(self, "_database"):
            return
        try:
            self._every_case_can_end()
        finally:
            transaction.set_rollback(True)
            self._database.__exit__(None, None, None)

    def _every_case_can_end(self) -> None:
        """Everybody does what is on the desk, and the systems answer: nothing may be left over."""
        SYSTEM.answers.clear()
        self.slow_worker_writes()
        for _ in range(ROUNDS_MAX):
            time_passes()
            cases.work()
            if not (waiting := self._items("ready", "claimed", "stuck", "returned", "undo", "working")):
                break
            for item in waiting:
                self._attempt(self._end, CaseItem.objects.get(pk=item.pk))
        left = [(item.item, item.state) for item in self._items("ready", "claimed", "stuck", "returned", "undo", "working")]
        assert not left, left
        assert {case.state for case in Case.objects.all()} <= set(CLOSED)
        self.what_is_done_is_done_once()
        self.nothing_is_left_of_what_was_undone()

    def _end(self, item: CaseItem) -> None:
        match item.state:
            case "ready" | "claimed":
                cases.finish_item(desk(item.item), item.pk, joint.ENTERED[item.item])
            case "stuck":
                cases.retry_item(desk(item.item), item.pk)
            case "returned":
                cases.answer(LIN, item.case_id, {"wish": "慢"})
            case "undo" if item.item == "inspect":
                cases.undo_done(desk(item.item), item.pk, "已收回")
            case "undo":
                cases.retry_item(desk(item.item), item.pk)

    # ---- people --------------------------------------------------------------------------------------------------------------------------

    @rule(pick=picks)
    def finishes(self, pick: int) -> None:
        for item in self._picked(pick, "ready", "claimed", "stuck"):
            self._attempt(cases.finish_item, desk(item.item), item.pk, joint.ENTERED.get(item.item, {}))

    @rule(pick=picks)
    def finishes_again(self, pick: int) -> None:
        """A page that is sent twice."""
        self.finishes(pick)
        self.finishes(pick)

    @rule(pick=picks)
    def refuses(self, pick: int) -> None:
        for item in self._picked(pick, "ready", "claimed", "stuck"):
            self._attempt(cases.refuse_item, desk(item.item), item.pk, "不符合条件")

    @rule(pick=picks)
    def returns(self, pick: int) -> None:
        for item in self._picked(pick, "ready", "claimed"):
            self._attempt(cases.return_item, desk(item.item), item.pk, "请补充")

    @rule()
    def answers(self) -> None:
        for item in self._items("returned"):
            self._attempt(cases.answer, LIN, item.case_id, {"wish": "慢"})

    @rule(pick=picks)
    def retries(self, pick: int) -> None:
        for item in self._picked(pick, "stuck", "working", "undo"):
            self._attempt(cases.retry_item, desk(item.item), item.pk)

    @rule(pick=picks)
    def undoes_by_hand(self, pick: int) -> None:
        for item in self._picked(pick, "undo"):
            self.by_hand.add(item.pk)
            self._attempt(cases.undo_done, desk(item.item), item.pk, "已收回")

    @rule(pick=picks)
    def takes_back(self, pick: int) -> None:
        for item in self._picked(pick, "done"):
            self._attempt(cases.take_back, desk(item.item), item.pk, "办错了")

    @rule(pick=picks, really=st.integers(0, 3))
    def withdraws(self, pick: int, really: int) -> None:
        if really == 0:
            numbers = list(Case.objects.values_list("pk", flat=True))
            self._attempt(cases.withdraw_case, LIN, numbers[pick % len(numbers)], "不办了")

    # ---- systems and workers -------------------------------------------------------------------------------------------------------------

    @rule(how=st.lists(st.sampled_from((joint.GOOD, *BAD)), max_size=4))
    def system_is_in_a_mood(self, how: list[str]) -> None:
        SYSTEM.answers.clear()
        SYSTEM.answers.extend(how)

    @rule()
    def works(self) -> None:
        time_passes()
        cases.work()

    @rule()
    def slow_worker_asks(self) -> None:
        """Another worker asks a system, and takes its time to write down what it said; or is killed before it does."""
        time_passes()
        for effect_id in working._leased(None, 1):
            row = CaseEffect.objects.select_related("item").get(pk=effect_id)
            try:
                undo = row.state == "undoing"
                told = (
                    systems.withdraw(row.result["system"], row.key)
                    if undo
                    else systems.send(row.result["system"], row.key, row.result["send"])
                )
                self.in_hand.append((row, told))
            except ZhidaError as error:
                self.in_hand.append((row, error))

    @rule()
    def slow_worker_writes(self) -> None:
        for row, told in self.in_hand:
            working._write_failure(row, told) if isinstance(told, ZhidaError) else working._write(row, told)
        self.in_hand.clear()

    @rule()
    def slow_worker_is_killed(self) -> None:
        self.in_hand.clear()

    # ---- what always holds ---------------------------------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "history"))
    @invariant()
    def what_is_done_is_done_once(self) -> None:
        assert all(count == 1 for count in SYSTEM.done.values()), SYSTEM.done
        assert all(count == 1 for count in SYSTEM.undone.values()), SYSTEM.undone
        for effect in CaseEffect.objects.filter(kind="system").select_related("item"):
            if effect.state == "done":
                assert effect.key in SYSTEM.alive
            if effect.state == "undone" and effect.item_id not in self.by_hand:
                assert effect.key not in SYSTEM.alive, (effect.item.item, effect.item.state)
        made = [row.effect_id for row in CasePayable.objects.all()]
        assert len(made) == len(set(made))

    @precondition(lambda self: hasattr(self, "history"))
    @invariant()
    def nothing_is_left_of_what_was_undone(self) -> None:
        """And nothing is missing of what was done."""
        for item in CaseItem.objects.all():
            states = set(CaseEffect.objects.filter(item=item).values_list("state", flat=True))
            if item.state == "done":
                assert states <= {"done"}, (item.item, states)
            if item.state in ("undone", "cancelled", "refused"):
                assert states <= {"undone"}, (item.item, item.state, states)
        for row in [*CasePayable.objects.select_related("effect"), *CaseRecord.objects.select_related("effect")]:
            assert (row.state == "waiting") == (row.effect.state == "done"), (row, row.state, row.effect.state)
        keys = dict(CaseEffect.objects.filter(kind="certificate").values_list("key", "state"))
        for certificate in IssuedCertificate.objects.all():
            assert (certificate.revoked_on is None) == (keys[certificate.key] == "done")
        for case in Case.objects.filter(state="undone"):
            assert not CaseEffect.objects.filter(item__case=case).exclude(state="undone").exists()

    @precondition(lambda self: hasattr(self, "history"))
    @invariant()
    def history_only_grows(self) -> None:
        now = list(CaseEntry.objects.order_by("pk").values_list())
        assert now[: len(self.history)] == self.history
        self.history = now

    # ---- how -----------------------------------------------------------------------------------------------------------------------------

    def _items(self, *states: str) -> list[CaseItem]:
        return list(CaseItem.objects.filter(state__in=states))

    def _picked(self, pick: int, *states: str) -> Iterator[CaseItem]:
        if items := self._items(*states):
            yield items[pick % len(items)]

    def _attempt(self, command: Callable[..., object], *arguments: object) -> None:
        """Do it, or be told in a sentence why not: anything else is a bug."""
        try:
            command(*arguments)
        except ZhidaError as error:
            assert str(error).endswith(".") and error.text.zh


@pytest.mark.django_db
def test_every_effect_happens_once_and_every_case_can_end(own_home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    global LIN, SYSTEM
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    SYSTEM = DepartmentSystem()
    joint.install(settings, SYSTEM)
    LIN = joint.people(own_home)
    try:
        bounds = _bounds(EXAMPLES)
        run_state_machine_as_test(JointOffice, settings=bounds)
    finally:
        SYSTEM.close()
        installed.life_events.cache_clear()


def _bounds(examples: int) -> settings:
    health = list(HealthCheck)
    phases = [Phase.generate, Phase.shrink] if not os.environ.get("NOSHRINK") else [Phase.generate]
    return settings(
        max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=health, print_blob=True, phases=phases
    )
