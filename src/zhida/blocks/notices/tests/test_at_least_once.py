"""Whatever order notices are made, sent, refused and cut off in: none is made twice, and in the end each has arrived."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.notices import api
from zhida.blocks.notices.adapters.letters import Letter, TryLater
from zhida.blocks.notices.models import ContactPoint, Notice, NoticeDelivery
from zhida.blocks.notices.rules import LEASE
from zhida.blocks.notices.testing import about


class Killed(BaseException):
    """The worker is gone: nothing after this moment was written down."""


class Line:
    """A mail server's end of the line: notes what arrived, and fails as the machine has lined up."""

    def __init__(self) -> None:
        self.arrived: Counter[tuple[str, str]] = Counter()
        self.trouble: list[str] = []

    def send(self, letter: Letter) -> str:
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "killed before":
            raise Killed
        if trouble == "refused":
            raise TryLater("later", "451")
        self.arrived[letter.address, letter.message_id] += 1
        if trouble == "killed after":
            raise Killed
        if trouble == "dropped after":
            raise TryLater("connection", "gone")
        return "ok"

    def close(self) -> None:
        """Nothing is held open."""


class AtLeastOnce(RuleBasedStateMachine):
    @initialize()
    def open_the_line(self) -> None:
        self._database = transaction.atomic()
        # As Django marks its own: what is inside counts as committed.
        self._database._from_testcase = True
        self._database.__enter__()
        self.line, self.subjects, self.troubles = Line(), set(), 0
        ContactPoint.objects.create(resident_no=1, channel="email", address="r1@example.com", confirmed_at=timezone.now())

    @rule(numbers=st.lists(st.integers(1, 6), min_size=1, max_size=4))
    def notify(self, numbers: list[int]) -> None:
        new = set(numbers) - self.subjects
        assert api.notify(SYSTEM, "payment_returned", [about(f"payment:{number}", resident_no=1) for number in numbers]) == len(new)
        self.subjects |= new

    @rule(trouble=st.lists(st.sampled_from(["", "refused", "killed before", "killed after", "dropped after"]), max_size=3))
    def deliver(self, trouble: list[str]) -> None:
        self.line.trouble = list(trouble)
        with suppress(Killed):
            api.deliver(by={"email": self.line})
        self.troubles += sum(each in ("killed after", "dropped after") for each in trouble)

    @rule()
    def time_passes(self) -> None:
        NoticeDelivery.objects.filter(state="waiting").update(next_attempt_at=timezone.now())

    @precondition(lambda self: hasattr(self, "line"))
    @invariant()
    def nothing_is_made_twice_and_repeats_are_known(self) -> None:
        assert Notice.objects.count() == NoticeDelivery.objects.count() == len(self.subjects)
        assert len({message_id for _, message_id in self.line.arrived}) == len(self.line.arrived) <= len(self.subjects)
        assert sum(self.line.arrived.values()) <= len(self.subjects) + self.troubles
        assert NoticeDelivery.objects.filter(state="sent").count() <= len(self.line.arrived)
        assert not NoticeDelivery.objects.filter(next_attempt_at__gt=timezone.now() + max(LEASE, timedelta(days=1))).exists()

    def teardown(self) -> None:
        if not hasattr(self, "_database"):
            return
        try:
            self.line.trouble = []
            self.time_passes()
            api.deliver(by={"email": self.line})
            assert len(self.line.arrived) == len(self.subjects) == NoticeDelivery.objects.filter(state="sent").count()
        finally:
            transaction.set_rollback(True)
            self._database.__exit__(None, None, None)


@pytest.mark.django_db
def test_whatever_the_order_each_arrives_and_none_is_made_twice() -> None:
    bounds = settings(max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(AtLeastOnce, settings=bounds)
