"""Commands in any order, repeated and interleaved: no fen is lost, doubled or paid above entitlement."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from zhida.blocks.payments import api
from zhida.blocks.payments.models import BudgetEnvelope, CreditTransferTransaction, LedgerEntry, PaymentInstruction
from zhida.blocks.payments.testing import CHECKER, MAKER, account_of, decision
from zhida.blocks.payments.tests.bank_letters import letter, notification, status_report
from zhida.blocks.payments.tests.conftest import Desk
from zhida.kernel.errors import ZhidaError

PEOPLE = (1, 2, 3, 4)
MONTHS = ("2025-09", "2025-10")
OUT = ("accepted", "instructed", "paid")
batch_picks = st.integers(0, 5)


class PaymentOffice(RuleBasedStateMachine):
    """A maker, a checker and a bank at work in any order; the model is only what each person was ever entitled to."""

    @initialize()
    def open(self) -> None:
        self._database = transaction.atomic()
        self._database.__enter__()
        self._folder = tempfile.TemporaryDirectory()
        self.home_before = django_settings.HOME
        django_settings.HOME = Path(self._folder.name)
        self.desk = Desk(Path(self._folder.name))
        self.highest = {(person, month): 0 for person in PEOPLE for month in MONTHS}
        self.letters = itertools.count()
        for benefit in ("dibao",):
            self.desk.budget(benefit, amount_fen=5_000)

    def teardown(self) -> None:
        if hasattr(self, "_database"):
            transaction.set_rollback(True)
            self._database.__exit__(None, None, None)
            django_settings.HOME = self.home_before
            self._folder.cleanup()

    def attempt(self, command) -> None:
        """Do it, or be told in a sentence why not: both are fine, anything else is a bug."""
        try:
            command()
        except ZhidaError as error:
            assert str(error).endswith(".") and error.text.zh

    @rule(month=st.sampled_from(MONTHS), amounts=st.lists(st.integers(0, 900), min_size=4, max_size=4))
    def decide_and_prepare(self, month: str, amounts: list[int]) -> None:
        for person, amount in zip(PEOPLE, amounts, strict=True):
            self.highest[person, month] = max(self.highest[person, month], amount)
        rows = [decision(person, amount, period_key=month) for person, amount in zip(PEOPLE, amounts, strict=True) if amount]
        self.attempt(lambda: self.desk.prepare(rows, month))

    def _batch(self, pick: int) -> PaymentInstruction | None:
        rows = list(PaymentInstruction.objects.order_by("id"))
        return rows[pick % len(rows)] if rows else None

    @rule(pick=batch_picks)
    def approve(self, pick: int) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: self.desk.approve(batch))

    @rule(pick=batch_picks)
    def refuse(self, pick: int) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: api.refuse_batch(CHECKER, batch.pk, "not now"))

    @rule(pick=batch_picks)
    def release(self, pick: int) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: self.desk.release(batch))

    @rule(pick=batch_picks)
    def settle(self, pick: int) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: api.settle(MAKER, batch.pk))

    @rule()
    def send_again(self) -> None:
        self.attempt(self.desk.reissue)

    @rule(person=st.sampled_from(PEOPLE), what=st.sampled_from(["closes", "opens", "dies", "lives"]), serial=st.integers(1, 5))
    def life_goes_on(self, person: int, what: str, serial: int) -> None:
        facts = self.desk.facts
        {"closes": facts.without_account.add, "dies": facts.dead.add}.get(what, lambda _: None)(person)
        if what == "opens":
            facts.without_account.discard(person)
            facts.new_cards[person] = account_of(person, serial)
        if what == "lives":
            facts.dead.discard(person)

    @rule(
        event=st.sampled_from(["paid", "returned", "rejected", "accepted"]),
        picks=st.lists(st.integers(0, 30), min_size=1, max_size=4),
        lie=st.sampled_from([0, 0, 0, 1]),
    )
    def bank_writes(self, event: str, picks: list[int], lie: int) -> None:
        rows = list(CreditTransferTransaction.objects.order_by("id"))
        if not rows:
            return
        named = [rows[pick % len(rows)] for pick in picks]
        money = [(row.end_to_end_id, row.amount_fen + lie) for row in named]
        text = {
            "paid": lambda: notification(money),
            "returned": lambda: notification(money, "CRDT", reason="AC04"),
            "rejected": lambda: status_report([(reference, "RJCT", "AC04") for reference, _ in money]),
            "accepted": lambda: status_report([(reference, "ACSP", "") for reference, _ in money]),
        }[event]()
        path = letter(self.desk.home, text.replace("B-1", f"B-{next(self.letters)}"))
        bank_file = api.import_bank_file(MAKER, path)
        assert bank_file.rows == bank_file.applied + bank_file.repeated + bank_file.problem_count
        assert api.import_bank_file(MAKER, path) == bank_file

    @invariant()
    def the_ledger_agrees_with_the_payments(self) -> None:
        if not hasattr(self, "desk"):
            return
        balance = {row.kind: row.balance_fen for row in api.trial_balance()}
        assert sum(balance.values()) == 0
        rows = list(CreditTransferTransaction.objects.select_related("batch"))
        gone = [row for row in rows if row.batch.state in ("released", "settled")]
        assert balance.get("in_transit", 0) == sum(row.amount_fen for row in gone if row.state in ("instructed", "accepted"))
        assert balance.get("paid_out", 0) == sum(row.amount_fen for row in gone if row.state == "paid")
        assert all(entry.amount_fen > 0 for entry in LedgerEntry.objects.all())

    @invariant()
    def nobody_gets_more_than_was_ever_decided(self) -> None:
        if not hasattr(self, "desk"):
            return
        given = dict.fromkeys(self.highest, 0)
        for row in CreditTransferTransaction.objects.filter(state__in=OUT):
            given[row.entity_no, row.period_key] += row.amount_fen
        assert all(given[key] <= self.highest[key] for key in given)

    @invariant()
    def the_envelope_holds_what_was_approved_and_not_given_back(self) -> None:
        if not hasattr(self, "desk"):
            return
        approved = CreditTransferTransaction.objects.filter(batch__state__in=["approved", "released", "settled"], state__in=OUT)
        committed = sum(approved.values_list("amount_fen", flat=True))
        assert [envelope.committed_fen for envelope in BudgetEnvelope.objects.all()] == [committed]

    @invariant()
    def totals_are_what_they_count(self) -> None:
        if not hasattr(self, "desk"):
            return
        counted: dict[str, int] = {}
        for row in CreditTransferTransaction.objects.all():
            counted[row.state] = counted.get(row.state, 0) + row.amount_fen
        assert {row.key[0]: row.amount_fen for row in api.totals_by("state")} == counted


@pytest.mark.django_db
def test_money_is_conserved_whatever_the_order_of_commands():
    bounds = settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(PaymentOffice, settings=bounds)
