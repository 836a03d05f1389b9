"""Decisions up and down, recovery, objections, refusals and repayments in any order: never more than owed, and no fen lost."""

from __future__ import annotations

import itertools
import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from zhida.blocks.payments import api
from zhida.blocks.payments.models import CreditTransferTransaction, Deduction, Overpayment, PaymentInstruction
from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER, ZHOU_ZHIQIANG, decision
from zhida.blocks.payments.tests.bank_letters import letter, notification
from zhida.blocks.payments.tests.conftest import Desk
from zhida.blocks.payments.tests.test_recovery import check_books
from zhida.kernel.errors import ZhidaError

PEOPLE, MONTHS = (1, 2), ("2025-08", "2025-09", "2025-10")
picks = st.integers(0, 9)


class RecoveryOffice(RuleBasedStateMachine):
    """Officers who decide anew, keep back, agree, waive and book, in any order; the model is what each month was last decided at."""

    @initialize()
    def open(self) -> None:
        self._database = transaction.atomic()
        self._database.__enter__()
        self._folder = tempfile.TemporaryDirectory()
        self._before = django_settings.HOME, os.environ.get("ZHIDA_TODAY")
        django_settings.HOME = Path(self._folder.name)
        self.day = date(2025, 11, 5)
        os.environ["ZHIDA_TODAY"] = self.day.isoformat()
        self.desk = Desk(Path(self._folder.name))
        self.desk.budget()
        self.decided: dict[tuple[int, str], int] = {}
        self.numbers = itertools.count()
        # A month that was paid and then decided lower, so that there is something to bring back from the first step on.
        self.desk.send([decision(person, 900, period_key="2025-08") for person in PEOPLE], "2025-08")
        self.decide("2025-08", [500, 0])
        api.start_netting(MAKER, list(Overpayment.objects.values_list("pk", flat=True)), 5_000, self.desk.facts)

    def teardown(self) -> None:
        if not hasattr(self, "_database"):
            return
        try:
            self.in_the_end_everybody_has_what_was_decided()
        finally:
            # Else a failure here would be found again as that of the next office, which begins with this one's money.
            transaction.set_rollback(True)
            self._database.__exit__(None, None, None)
            django_settings.HOME, day = self._before
            os.environ.pop("ZHIDA_TODAY") if day is None else os.environ.update(ZHIDA_TODAY=day)
            self._folder.cleanup()

    def attempt(self, command) -> None:
        try:
            with transaction.atomic():
                command()
        except ZhidaError as error:
            assert str(error).endswith(".") and error.text.zh

    @rule(month=st.sampled_from(MONTHS), amounts=st.lists(st.integers(0, 900), min_size=2, max_size=2))
    def decide(self, month: str, amounts: list[int]) -> None:
        self.decided |= {(person, month): fen for person, fen in zip(PEOPLE, amounts, strict=True)}
        self._prepare(month)

    def _prepare(self, month: str) -> None:
        before = {row.pk: (row.limit_bp, row.state) for row in Overpayment.objects.all()}
        rows = [decision(person, fen, period_key=month) for (person, of), fen in self.decided.items() if of == month and fen]
        batch = self.desk.prepare(rows, month)
        for row in CreditTransferTransaction.objects.filter(batch=batch) if batch else []:
            kept = Deduction.objects.filter(transaction_id=row.pk)
            limits = [before[one.overpayment_id] for one in kept]
            assert all(state in ("netting", "agreed") for _, state in limits)
            assert row.deducted_fen <= (row.amount_fen + row.deducted_fen) * max((bp for bp, _ in limits), default=0) // 10_000

    @rule(pick=picks, what=st.sampled_from(["approve", "release", "release", "refuse", "cancel"]))
    def handle_a_batch(self, pick: int, what: str) -> None:
        rows = list(PaymentInstruction.objects.filter(state__in=["prepared", "approved"]).order_by("id"))
        if not rows:
            return
        batch = rows[pick % len(rows)]
        if what == "release" and batch.state == "prepared":
            self.attempt(lambda: self.desk.approve(batch))
        {
            "approve": lambda: self.attempt(lambda: self.desk.approve(batch)),
            "release": lambda: self.attempt(lambda: self.desk.release(batch)),
            "refuse": lambda: self.attempt(lambda: api.refuse_batch(CHECKER, batch.pk, "no")),
            "cancel": lambda: self.attempt(lambda: api.cancel_batch(MAKER, batch.pk, "no")),
        }[what]()

    @rule(
        pick=picks,
        bp=st.integers(1, 10_000),
        fen=st.integers(1, 300),
        how=st.sampled_from(["net", "net", "agree", "repay", "waive", "object"]),
    )
    def handle_a_debt(self, pick: int, bp: int, fen: int, how: str) -> None:
        rows = list(Overpayment.objects.order_by("id"))
        if not rows:
            return
        debt = rows[pick % len(rows)]
        receipt = f"SJ-{next(self.numbers)}"
        {
            "net": lambda: self.attempt(lambda: api.start_netting(MAKER, debt.pk, bp, self.desk.facts)),
            "agree": lambda: self.attempt(lambda: api.agree(MAKER, debt.pk, fen, "signed", facts=self.desk.facts)),
            "repay": lambda: self.attempt(lambda: api.book_repayment(MAKER, debt.pk, fen, receipt, self.day)),
            "waive": lambda: self.attempt(lambda: api.propose_waiver(MAKER, debt.pk, "poor")),
            "object": lambda: self.attempt(lambda: api.object_to(MAKER, debt.pk, "no")),
        }[how]()

    @rule(pick=picks, yes=st.booleans())
    def answer(self, pick: int, yes: bool) -> None:
        for debt in Overpayment.objects.filter(state__in=["waiving", "disputed"])[pick % 2 : pick % 2 + 1]:
            if debt.state == "waiving":
                self.attempt(lambda number=debt.pk: api.decide_waiver(OTHER_CHECKER, number, yes))
            else:
                self.attempt(lambda number=debt.pk: api.answer_objection(MAKER, number, "because", yes))

    @rule(days=st.sampled_from([10, 20]))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days=days)
        os.environ["ZHIDA_TODAY"] = self.day.isoformat()

    @rule(pick=picks, events=st.sampled_from([["paid"], ["returned"], ["paid", "returned"]]))
    def bank_writes(self, pick: int, events: list[str]) -> None:
        rows = list(CreditTransferTransaction.objects.filter(state="instructed", batch__state="released").order_by("id"))
        for event in events if rows else []:
            row = rows[pick % len(rows)]
            money = [(row.end_to_end_id, row.amount_fen)]
            text = notification(money) if event == "paid" else notification(money, "CRDT", reason="AC04")
            api.import_bank_file(MAKER, letter(self.desk.home, text.replace("B-1", f"B-{next(self.numbers)}")))

    @rule(person=st.sampled_from(PEOPLE))
    def somebody_else_is_paid(self, person: int) -> None:
        """A card is lost and found again: payments of that person are held, and go out with what is kept back of them."""
        facts = self.desk.facts
        facts.without_account ^= {person}
        if person not in facts.without_account:
            self.attempt(self.desk.reissue)

    @rule(pick=picks)
    def nobody_gets_it(self, pick: int) -> None:
        """Two officers give up a payment that came back, or that never left for want of an account."""
        rows = list(CreditTransferTransaction.objects.filter(state__in=["held", "rejected", "returned"]).order_by("id"))
        if rows:
            number = rows[pick % len(rows)].pk
            self.attempt(lambda: api.decide_booking(CHECKER, api.give_up(ZHOU_ZHIQIANG, number, "not found").pk, True))

    @invariant()
    def the_books_agree(self) -> None:
        if hasattr(self, "desk"):
            check_books()

    def in_the_end_everybody_has_what_was_decided(self) -> None:
        """Decided once more and sent: what each month stands at is what was decided, plus what is still open or was waived."""
        self.desk.facts.without_account = set()
        for month in {month for _, month in self.decided}:
            self._prepare(month)
            check_books()
        debts = {(row.entity_no, row.period_key): row for row in Overpayment.objects.all()}
        gross = dict.fromkeys(self.decided, 0)
        given_up = dict.fromkeys(self.decided, 0)
        for row in CreditTransferTransaction.objects.exclude(state="reissued"):
            sums = gross if row.state != "cancelled" else given_up if row.reason_code == "given_up" else None
            if sums is not None:
                sums[row.entity_no, row.period_key] += row.amount_fen + row.deducted_fen
        for key, decided in self.decided.items():
            debt = debts.get(key)
            recovered, waived, left = (debt.recovered_fen, debt.waived_fen, debt.open_fen) if debt else (0, 0, 0)
            # What was given up stands as if it had been paid, but nobody owes it.
            assert decided - given_up[key] <= gross[key] - recovered <= decided + waived + left, key
            assert left == max(gross[key] - recovered - decided - waived, 0), key


@pytest.mark.django_db
def test_money_is_conserved_whatever_is_decided_and_recovered_in_any_order():
    bounds = settings(
        max_examples=int(os.environ.get("ZHIDA_EXAMPLES", "3")),
        stateful_step_count=18,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(RecoveryOffice, settings=bounds)
