"""Events, refunds, late syncs, repetitions and settlements in any order: caps hold, money is conserved, a key has one answer."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.tills import testing
from zhida.blocks.tills.api import Answer, RefundRequest, close_days, mismatches, post_events, refund_event
from zhida.blocks.tills.errors import EventNotFound, RefundConflict, RefundImpossible
from zhida.blocks.tills.models import BenefitEvent, EventRefund, ProviderSettlement, SettledDay, UsageCounter
from zhida.blocks.tills.testing import NOON, event

PEOPLE = (1, 2, 3)


class Counter(RuleBasedStateMachine):
    """Two tills of two canteens, three residents who may eat and one who may not, and a calendar that goes on."""

    events: Bundle = Bundle("events")

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()

    @initialize()
    def open_the_canteens(self) -> None:
        # The machine shares its test's transaction with the runs before it.
        for model in (EventRefund, ProviderSettlement, SettledDay, BenefitEvent, UsageCounter):
            model.objects.all().delete()
        testing.install()
        testing.listed(*PEOPLE)
        self.tills = [
            testing.till(testing.Provider.objects.filter(organisation_code=testing.organisation_code(n)).first() or testing.canteen(n))
            for n in (1, 2)
        ]
        self.now = NOON
        self.heard: dict[tuple[int, str], tuple[Any, Answer]] = {}
        self.patch.setenv("ZHIDA_TODAY", self._day.isoformat())

    @property
    def _day(self) -> date:
        return testing.tills.local_day(self.now)

    @rule(
        target=events,
        which=st.integers(0, 1),
        told=st.lists(
            st.tuples(st.integers(0, 8), st.sampled_from((*PEOPLE, 99)), st.integers(0, 4), st.sampled_from((3_00, 12_00))),
            min_size=1,
            max_size=6,
        ),
    )
    def tell(self, which: int, told: list[tuple[int, int, int, int]]) -> tuple[int, str]:
        requests = [event(str(key), person, price, self.now - timedelta(days=back)) for key, person, back, price in told]
        for request, answer in zip(requests, post_events(self.tills[which], requests, self.now), strict=True):
            before = self.heard.get((which, request.key))
            if before is None:
                assert answer.reason != "conflict"
                self.heard[which, request.key] = (request, answer)
            elif before[0] == request:
                assert answer == before[1]
            else:
                assert answer.reason == "conflict"
        return which, requests[0].key

    @rule(which_key=events, key=st.integers(0, 3), price=st.sampled_from((1_00, 3_00, 12_00)), later=st.integers(0, 2))
    def refund(self, which_key: tuple[int, str], key: int, price: int, later: int) -> None:
        which, event_key = which_key
        at = self.heard[which, event_key][0].happened_at + timedelta(days=later)
        with contextlib.suppress(RefundConflict, RefundImpossible, EventNotFound):
            refund_event(self.tills[which], event_key, RefundRequest(f"r{key}", price, at), now=self.now)

    @rule(days=st.integers(1, 2))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.patch.setenv("ZHIDA_TODAY", self._day.isoformat())

    @rule()
    def settle(self) -> None:
        close_days(SYSTEM, self._day)

    @invariant()
    def caps_hold(self) -> None:
        for row in UsageCounter.objects.all():
            stands = [
                each
                for each in BenefitEvent.objects.filter(person_no=row.person_no, programme=row.programme, state="accepted")
                if str(each.happened_on).startswith(row.period)
            ]
            whole = [each for each in stands if each.refunded_price_fen < each.price_fen]
            assert row.times == len(whole) <= {10: 2, 7: 50}[len(row.period)]
            assert row.fen == sum(each.city_fen - each.refunded_city_fen for each in stands) <= 200_00

    @invariant()
    def money_is_conserved(self) -> None:
        for row in BenefitEvent.objects.prefetch_related("refunds"):
            assert row.refunded_price_fen == sum(refund.price_fen for refund in row.refunds.all())
            assert row.refunded_city_fen == sum(refund.city_fen for refund in row.refunds.all())
            if row.refunded_price_fen == row.price_fen:
                assert row.refunded_city_fen == row.city_fen
        closed = set(SettledDay.objects.values_list("day", flat=True))
        booked = sum(row.city_fen for row in BenefitEvent.objects.filter(booked_on__in=closed))
        back = sum(row.city_fen for row in EventRefund.objects.filter(booked_on__in=closed))
        rows = list(ProviderSettlement.objects.order_by("settled_day__day"))
        last = {row.provider_id: row.carried_out_fen for row in rows}
        assert sum(row.payable_fen for row in rows) + sum(last.values()) == booked - back
        assert all(mismatches(day) == [] for day in closed)

    def teardown(self) -> None:
        self.patch.undo()


class TestAnyOrder(TestCase):
    def test_whatever_the_order(self) -> None:
        run_state_machine_as_test(
            Counter,
            settings=settings(max_examples=12, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)),
        )
