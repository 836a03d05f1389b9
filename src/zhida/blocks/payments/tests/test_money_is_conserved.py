"""Commands in any order, repeated, broken off and interleaved: no fen is lost, doubled or paid above entitlement.

``ZHIDA_EXAMPLES=300`` lives so many offices (``make test-orders``); the build lives a few.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from zhida.blocks.payments import api
from zhida.blocks.payments.commands import prepare_from
from zhida.blocks.payments.differences import DecisionSource
from zhida.blocks.payments.models import (
    AccountChange,
    CostShare,
    CreditTransferTransaction,
    Overpayment,
    PayeeArrangement,
    PaymentInstruction,
    StandingDigest,
)
from zhida.blocks.payments.rules import STUCK, Channel, Level, PayeeKind
from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER, ZHOU_ZHIQIANG, account_of, decision
from zhida.blocks.payments.tests.audit_of_books import faults, states_seen
from zhida.blocks.payments.tests.bank_letters import letter, notification, statement, status_report
from zhida.blocks.payments.tests.conftest import Desk
from zhida.kernel.errors import ZhidaError

EXAMPLES = int(os.environ.get("ZHIDA_EXAMPLES", "3"))
PEOPLE = (1, 2, 3, 4)
MONTHS = ("2025-09", "2025-10")
BENEFITS = ("dibao", "meals")
# A benefit by event, which no run decides.
CALLED_FOR = "lunch"
CANTEEN = "org:91330100MA2000001X"
OUT = ("accepted", "instructed", "paid", "unanswered")
# Nobody calls for more than this in all, so that most batches fit and some do not.
ENVELOPE_FEN = 9_000
TWO_CHECKERS_FROM_FEN = 1_500
picks = st.integers(0, 30)


class BrokenOff(Exception):
    """A command's process ended here."""


def has(table, **which: object) -> bool:
    return table.objects.filter(**which).exists()


@st.composite
def shares(draw) -> tuple[int, int, int, int]:
    """Return basis points of the four levels that add up to the whole."""
    cuts = sorted(draw(st.lists(st.sampled_from([0, 1, 3_333, 5_000, 6_667, 9_999, 10_000]), min_size=3, max_size=3)))
    return cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 10_000 - cuts[2]


class PaymentOffice(RuleBasedStateMachine):
    """Officers and a bank at work in any order; the model is only what each entity was ever entitled to."""

    @initialize(borne=st.lists(shares(), min_size=3, max_size=3))
    def open(self, borne: list[tuple[int, int, int, int]]) -> None:
        self._database = transaction.atomic()
        self._database.__enter__()
        self._folder = tempfile.TemporaryDirectory()
        self.home_before, self.today_before = django_settings.HOME, os.environ.get("ZHIDA_TODAY")
        django_settings.HOME = Path(self._folder.name)
        self.today = date(2025, 11, 5)
        os.environ["ZHIDA_TODAY"] = self.today.isoformat()
        self.desk = Desk(Path(self._folder.name))
        self.desk.facts.organisation_cards[CANTEEN.removeprefix("org:")] = "33010000000000012"
        self.highest: dict[tuple[str, str, int], int] = {}
        self.letters = itertools.count()
        self.break_at = 0
        api.set_approval_limits(CHECKER, [(0, 1), (TWO_CHECKERS_FROM_FEN, 2)])
        for benefit, share in zip((*BENEFITS, CALLED_FOR), borne, strict=True):
            names = ("central_bp", "province_bp", "city_bp", "district_bp")
            points = dict(zip(names, share, strict=True))
            CostShare.objects.create(benefit=benefit, valid_from=date(2025, 1, 1), source="test", **points)
            for level in Level:
                api.set_budget(CHECKER, benefit, 2025, ENVELOPE_FEN, level, 330106 if level == Level.DISTRICT else 0)

        self._pay_september()

    def _pay_september(self) -> None:
        """What is done to money that was paid is worth more than what is done to none."""
        rows = [decision(person, 600, period_key=MONTHS[0]) for person in PEOPLE]
        for person in PEOPLE:
            self._entitle("dibao", MONTHS[0], person, 600)
        batch = self.desk.prepare(rows, MONTHS[0])
        assert batch is not None
        api.look_at(CHECKER, batch.pk)
        for viewer in (CHECKER, OTHER_CHECKER):
            self.attempt(lambda viewer=viewer: api.approve_batch(viewer, batch.pk, self.desk.facts))
        self.desk.release(batch)
        self._take_in(notification([(row.end_to_end_id, row.amount_fen) for row in CreditTransferTransaction.objects.all()]))

    def teardown(self) -> None:
        if hasattr(self, "_database"):
            transaction.set_rollback(True)
            self._database.__exit__(None, None, None)
            django_settings.HOME = self.home_before
            os.environ.pop("ZHIDA_TODAY") if self.today_before is None else os.environ.update(ZHIDA_TODAY=self.today_before)
            self._folder.cleanup()

    def attempt(self, command: Callable[[], object]) -> None:
        """Do it, or be told in a sentence why not, or be broken off where the last rule said: anything else is a bug."""
        with self._broken_off():
            try:
                command()
            except ZhidaError as error:
                assert str(error).endswith(".") and error.text.zh

    @contextmanager
    def _broken_off(self) -> Iterator[None]:
        left, self.break_at = self.break_at, 0
        passed = itertools.count(1)

        def run(execute, *statement):
            if next(passed) == left:
                raise BrokenOff
            return execute(*statement)

        try:
            with connection.execute_wrapper(run):
                yield
        except BrokenOff:
            pass

    @rule(at=st.integers(1, 80))
    def the_next_command_is_broken_off(self, at: int) -> None:
        self.break_at = at

    # ---- decisions -----------------------------------------------------------------------------------------------------------------------

    @rule(
        month=st.sampled_from(MONTHS),
        amounts=st.lists(st.sampled_from([0, 1, 99, 300, 301, 700, 900]), min_size=4, max_size=4),
        benefits=st.sampled_from([BENEFITS, BENEFITS[:1]]),
        twice=st.booleans(),
    )
    def decide_and_prepare(self, month: str, amounts: list[int], benefits: tuple[str, ...], twice: bool) -> None:
        rows = [
            decision(person, amount, benefit, month)
            for benefit in benefits
            for person, amount in zip(PEOPLE, amounts, strict=True)
            if amount
        ]
        for row in rows:
            self._entitle(row["benefit"], month, row["entity_no"], row["amount"])
        source = self.desk.source(rows, month)
        self._same_without_digests(source)
        self.attempt(lambda: prepare_from(MAKER, source, self.desk.facts))
        if twice:
            self.attempt(lambda: prepare_from(MAKER, source, self.desk.facts))

    @rule(
        month=st.sampled_from(MONTHS),
        numbers=st.lists(st.integers(101, 103), min_size=1, max_size=3, unique=True),
        amount=st.integers(1, 400),
    )
    def a_provider_calls_for_money(self, month: str, numbers: list[int], amount: int) -> None:
        payees = [str(PEOPLE[0]), CANTEEN]
        due = [api.Payable(CALLED_FOR, month, number, payees[number % 2], amount, 330106, 330106001001) for number in numbers]
        for payable in due:
            self._entitle(payable.benefit, month, payable.entity_no, payable.amount_fen)
        self.attempt(lambda: api.prepare_payables(MAKER, month, due, self.desk.facts))

    def _entitle(self, benefit: str, month: str, entity_no: int, amount_fen: int) -> None:
        self.highest[benefit, month, entity_no] = max(self.highest.get((benefit, month, entity_no), 0), amount_fen)

    def _same_without_digests(self, source: DecisionSource) -> None:
        """A digest only saves reading: what is prepared with it is what is prepared without it."""
        if not StandingDigest.objects.exists():
            return
        prepared = [self._prepared_and_undone(source, forget) for forget in (False, True)]
        assert prepared[0] == prepared[1]

    def _prepared_and_undone(self, source: DecisionSource, forget: bool) -> list[tuple]:
        with transaction.atomic():
            if forget:
                StandingDigest.objects.all().delete()
            before = CreditTransferTransaction.objects.order_by("-id").values_list("id", flat=True).first() or 0
            prepare_from(MAKER, source, self.desk.facts)
            names = ("benefit", "period_key", "entity_no", "payee_key", "amount_fen", "deducted_fen", "state", "reason_code", "account_no")
            rows = list(CreditTransferTransaction.objects.filter(pk__gt=before).order_by("id").values_list(*names))
            cancelled = CreditTransferTransaction.objects.filter(state="cancelled").order_by("id").values_list("id", "amount_fen")
            debts = Overpayment.objects.order_by("benefit", "period_key", "entity_no")
            rows += [*cancelled, *debts.values_list("benefit", "period_key", "entity_no", "instructed_fen", "decided_fen", "state")]
            transaction.set_rollback(True)
        return rows

    # ---- batches -------------------------------------------------------------------------------------------------------------------------

    def _batch(self, pick: int) -> PaymentInstruction | None:
        rows = list(PaymentInstruction.objects.order_by("-id"))
        return rows[pick % len(rows)] if rows else None

    @precondition(lambda self: has(PaymentInstruction, state="prepared"))
    @rule(pick=st.integers(0, 3), viewer=st.sampled_from([CHECKER, OTHER_CHECKER, MAKER]), looks=st.sampled_from([True, True, False]))
    def approve(self, pick: int, viewer, looks: bool) -> None:
        if batch := self._batch(pick):
            if looks:
                api.look_at(CHECKER, batch.pk)
            self.attempt(lambda: api.approve_batch(viewer, batch.pk, self.desk.facts))

    @precondition(lambda self: has(PaymentInstruction, state__in=["prepared", "approved"]))
    @rule(pick=st.integers(0, 3))
    def approve_and_release(self, pick: int) -> None:
        if batch := self._batch(pick):
            api.look_at(CHECKER, batch.pk)
            for viewer in (CHECKER, OTHER_CHECKER):
                self.attempt(lambda viewer=viewer: api.approve_batch(viewer, batch.pk, self.desk.facts))
            self.attempt(lambda: self.desk.release(batch))

    @precondition(lambda self: has(PaymentInstruction, state__in=["prepared", "approved"]))
    @rule(pick=st.integers(0, 3), back=st.sampled_from([api.refuse_batch, api.cancel_batch]))
    def refuse_or_cancel(self, pick: int, back) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: back(CHECKER, batch.pk, "not now"))

    @precondition(lambda self: has(PaymentInstruction, state="approved"))
    @rule(pick=st.integers(0, 3))
    def release(self, pick: int) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: self.desk.release(batch))

    @precondition(lambda self: has(PaymentInstruction, state="released"))
    @rule(pick=st.integers(0, 3))
    def settle(self, pick: int) -> None:
        if batch := self._batch(pick):
            self.attempt(lambda: api.settle(MAKER, batch.pk))

    # ---- what came back ------------------------------------------------------------------------------------------------------------------

    def _payments(self, named: list[int], **which: object) -> list[CreditTransferTransaction]:
        rows = list(CreditTransferTransaction.objects.filter(**which).order_by("-id"))
        return [rows[pick % len(rows)] for pick in named] if rows else []

    @precondition(lambda self: has(CreditTransferTransaction, state__in=STUCK))
    @rule(how=st.sampled_from(["all", "retry", "cash"]), named=st.lists(picks, min_size=1, max_size=3))
    def send_again(self, how: str, named: list[int]) -> None:
        ids = None if how == "all" else [row.pk for row in self._payments(named, state__in=STUCK)]
        channel = Channel.CASH if how == "cash" else Channel.BANK
        self.attempt(lambda: api.reissue(MAKER, ids, self.desk.facts, channel, retry=how == "retry"))

    @rule(days=st.sampled_from([1, 8, 16]))
    def days_pass(self, days: int) -> None:
        self.today = min(self.today + timedelta(days=days), date(2025, 12, 28))
        os.environ["ZHIDA_TODAY"] = self.today.isoformat()
        self.attempt(lambda: api.chase(MAKER))

    # ---- people --------------------------------------------------------------------------------------------------------------------------

    @rule(person=st.sampled_from(PEOPLE), what=st.sampled_from(["closes", "opens", "opens", "dies", "lives"]), serial=st.integers(1, 5))
    def life_goes_on(self, person: int, what: str, serial: int) -> None:
        facts = self.desk.facts
        {"closes": facts.without_account.add, "dies": facts.dead.add}.get(what, lambda _: None)(person)
        if what == "opens":
            facts.without_account.discard(person)
            facts.new_cards[person] = account_of(person, serial)
        if what == "lives":
            facts.dead.discard(person)

    @precondition(lambda self: has(AccountChange))
    @rule(pick=picks, confirm=st.booleans())
    def decide_an_account_change(self, pick: int, confirm: bool) -> None:
        if rows := list(AccountChange.objects.order_by("id")):
            change = rows[pick % len(rows)]
            self.attempt(lambda: api.decide_account_change(ZHOU_ZHIQIANG, change.pk, confirm, "asked"))

    @rule(entity_no=st.sampled_from(PEOPLE), share_bp=st.sampled_from([1, 3_333, 5_000, 10_000]), benefit=st.sampled_from(["", "dibao"]))
    def arrange(self, entity_no: int, share_bp: int, benefit: str) -> None:
        payees = [(str(entity_no % 4 + 1), PayeeKind.GUARDIAN, share_bp), (str(entity_no), PayeeKind.MEMBER, 10_000 - share_bp)]
        payees = [payee for payee in payees if payee[2]]
        begin = date(2025, 9, 1)
        self.attempt(
            lambda: api.arrange_payees(ZHOU_ZHIQIANG, entity_no, benefit, payees, begin, None, "asked", 330106001001, lambda _: True)
        )

    @precondition(lambda self: has(PayeeArrangement))
    @rule(pick=picks, ends=st.sampled_from([False, False, True]))
    def confirm_or_end_an_arrangement(self, pick: int, ends: bool) -> None:
        if rows := list(PayeeArrangement.objects.order_by("id")):
            row = rows[pick % len(rows)]
            if ends:
                self.attempt(lambda: api.end_arrangement(ZHOU_ZHIQIANG, row.pk, date(2025, 10, 1)))
            else:
                self.attempt(lambda: api.confirm_arrangement(CHECKER, row.pk))

    # ---- overpayments --------------------------------------------------------------------------------------------------------------------

    @precondition(lambda self: has(Overpayment))
    @rule(pick=picks, what=st.sampled_from(["net", "net", "agree", "waive", "object", "repay"]), fen=st.integers(1, 300), yes=st.booleans())
    def recover(self, pick: int, what: str, fen: int, yes: bool) -> None:
        rows = list(Overpayment.objects.order_by("id"))
        if not rows:
            return
        debt, facts = rows[pick % len(rows)], self.desk.facts
        steps = {
            "net": [lambda: api.start_netting(ZHOU_ZHIQIANG, debt.pk, 5_000, facts)],
            "agree": [lambda: api.agree(ZHOU_ZHIQIANG, debt.pk, fen, "signed", facts=facts)],
            "waive": [
                lambda: api.propose_waiver(ZHOU_ZHIQIANG, debt.pk, "poor"),
                lambda: api.decide_waiver(CHECKER, debt.pk, yes, "as proposed"),
            ],
            "object": [
                lambda: api.object_to(ZHOU_ZHIQIANG, debt.pk, "not so"),
                lambda: api.answer_objection(ZHOU_ZHIQIANG, debt.pk, "it is", yes),
            ],
            "repay": [lambda: api.book_repayment(ZHOU_ZHIQIANG, debt.pk, fen, f"R-{next(self.letters)}", self.today)],
        }
        for step in steps[what]:
            self.attempt(step)

    # ---- the bank ------------------------------------------------------------------------------------------------------------------------

    @rule(
        event=st.sampled_from(["paid", "returned", "returned", "rejected", "accepted", "statement"]),
        named=st.lists(picks, min_size=1, max_size=6),
        lie=st.sampled_from([0, 0, 0, 0, 0, 1]),
        of=st.sampled_from([{}, {"batch__state": "released", "state": "instructed"}, {"batch__state": "released", "state": "instructed"}]),
    )
    def bank_writes(self, event: str, named: list[int], lie: int, of: dict[str, object]) -> None:
        money = [(row.end_to_end_id, row.amount_fen + lie) for row in self._payments(named, **of)]
        if not money:
            return
        total = sum(fen for _, fen in money)
        text = {
            "paid": lambda: notification(money),
            "returned": lambda: notification(money, "CRDT", reason="AC04"),
            "rejected": lambda: status_report([(reference, "RJCT", "AC04") for reference, _ in money]),
            "accepted": lambda: status_report([(reference, "ACSP", "") for reference, _ in money]),
            "statement": lambda: statement(total, [(*row, "DBIT") for row in money], 0),
        }[event]()
        self._take_in(text)

    @rule(pick=st.integers(0, 3), status=st.sampled_from(["RJCT", "ACCP", "ACSP"]))
    def bank_answers_a_whole_file(self, pick: int, status: str) -> None:
        batch = self._batch(pick)
        if batch and batch.message_id:
            self._take_in(status_report([], batch.message_id, status))

    @rule(pick=st.integers(0, 3))
    def bank_pays_a_whole_batch(self, pick: int) -> None:
        if batch := self._batch(pick):
            rows = CreditTransferTransaction.objects.filter(batch=batch).order_by("id")
            if money := [(row.end_to_end_id, row.amount_fen) for row in rows]:
                self._take_in(notification(money))

    def _take_in(self, text: str) -> None:
        number = next(self.letters)
        path = letter(self.desk.home, text.replace("B-1", f"B-{number}").replace("S-1", f"S-{number}"))
        self.attempt(lambda: api.import_bank_file(MAKER, path))
        bank_file = api.import_bank_file(MAKER, path)
        assert bank_file.rows <= bank_file.applied + bank_file.repeated + bank_file.problem_count
        assert api.import_bank_file(MAKER, path) == bank_file

    # ---- what always holds ---------------------------------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "desk"))
    @invariant()
    def the_books_are_right(self) -> None:
        assert not (wrong := faults()), "\n".join(wrong)

    @precondition(lambda self: hasattr(self, "desk"))
    @invariant()
    def nobody_gets_more_than_was_ever_decided(self) -> None:
        """Several payees of one entity together, and with what was kept back of it; what came back may be paid again."""
        given: dict[tuple[str, str, int], int] = {}
        seen = states_seen()
        for row in CreditTransferTransaction.objects.all():
            if seen[row.pk] in OUT:
                key = (row.benefit, row.period_key, row.entity_no)
                given[key] = given.get(key, 0) + row.amount_fen + row.deducted_fen
        for debt in Overpayment.objects.all():
            key = (debt.benefit, debt.period_key, debt.entity_no)
            given[key] = given.get(key, 0) - debt.recovered_fen
        more = {key: (fen, self.highest.get(key)) for key, fen in given.items() if fen > self.highest.get(key, 0)}
        assert not more


@pytest.mark.django_db
def test_money_is_conserved_whatever_the_order_of_commands():
    bounds = settings(
        max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    run_state_machine_as_test(PaymentOffice, settings=bounds)
