"""Tables of payments: batches, payees, ledger, envelopes, bank files. Constraints live here, workflow in commands.

What must always hold is a constraint of the database: an amount is positive, a period is paid once, a checker is not the
maker, an envelope is not overdrawn, a posting balances (each row is one debit and one credit of the same amount).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.payments.rules import ORGANISATION, BatchState, TransactionState, end_to_end_id


class PaymentInstruction(models.Model):
    """One batch of one debtor (ISO 20022: PaymentInstruction): what one run decided and was not yet instructed.

    States, each change a conditional update inside the transaction that does the work::

        prepared ──approve──► approved ──release──► released ──settle──► settled
            └─────refuse─────► refused (its transactions are removed: nothing left the house)
    """

    run_id = models.BigIntegerField(null=True, db_index=True)
    month = models.CharField(max_length=7, db_index=True)
    law_name = models.CharField(max_length=80, blank=True)
    snapshot_hash = models.CharField(max_length=64, blank=True)
    # A batch that sends held or returned payments again to a new account, and has no run of its own.
    is_reissue = models.BooleanField(default=False)
    budget_year = models.IntegerField()
    state = models.CharField(max_length=12, default=BatchState.PREPARED.value)
    # What this batch pays: transactions that are not held. Kept in step with PaymentTotal by every command.
    count = models.IntegerField(default=0)
    amount_fen = models.BigIntegerField(default=0)
    held_count = models.IntegerField(default=0)
    held_fen = models.BigIntegerField(default=0)
    overpaid_count = models.IntegerField(default=0)
    overpaid_fen = models.BigIntegerField(default=0)
    prepared_by = models.CharField(max_length=150)
    prepared_at = models.DateTimeField()
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    refused_by = models.CharField(max_length=150, blank=True)
    refusal_reason = models.CharField(max_length=300, blank=True)
    message_id = models.CharField(max_length=35, null=True, unique=True)
    file_name = models.CharField(max_length=80, blank=True)
    released_by = models.CharField(max_length=150, blank=True)
    released_on = models.DateField(null=True)
    settled_on = models.DateField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in BatchState]), name="batch_state_known"),
            models.CheckConstraint(condition=~Q(approved_by=F("prepared_by")) | Q(approved_by=""), name="checker_is_not_maker"),
            models.CheckConstraint(condition=Q(count__gte=0, amount_fen__gte=0, held_count__gte=0), name="batch_sums_not_negative"),
            models.CheckConstraint(condition=Q(state__in=["prepared", "refused"]) | ~Q(approved_by=""), name="nothing_leaves_unapproved"),
        ]


class CreditTransferTransaction(models.Model):
    """One payment to one payee (ISO 20022: CreditTransferTransaction).

    ``payee_key`` is the resident number in digits, or ``org:`` and the unified social credit code. ``revision`` 0 is the
    first payment of a period; later ones are differences, or a returned payment sent again. Rows are inserted in the order
    of the unique key, so that the index of a payday of millions grows at its end.
    """

    batch = models.ForeignKey(PaymentInstruction, on_delete=models.PROTECT, related_name="transactions")
    benefit = models.CharField(max_length=64)
    period_key = models.CharField(max_length=40)
    entity_no = models.BigIntegerField()
    payee_key = models.CharField(max_length=40)
    revision = models.IntegerField()
    payee_no = models.BigIntegerField(db_index=True)
    household_no = models.BigIntegerField(db_index=True)
    amount_fen = models.BigIntegerField()
    account_no = models.CharField(max_length=34, blank=True)
    bank_code = models.CharField(max_length=35, blank=True)
    state = models.CharField(max_length=12)
    reason_code = models.CharField(max_length=24, blank=True)
    district = models.IntegerField()
    community = models.BigIntegerField()
    settled_on = models.DateField(null=True)
    reissue_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reissued_as")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["benefit", "period_key", "entity_no", "payee_key", "revision"], name="paid_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payment_is_positive"),
            models.CheckConstraint(condition=Q(revision__gte=0), name="revision_not_negative"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in TransactionState]), name="transaction_state_known"),
            models.CheckConstraint(condition=~Q(account_no="") | Q(state__in=["held", "reissued", "cancelled"]), name="sent_to_an_account"),
        ]
        indexes = [
            # The lists people work through: few rows of many millions.
            models.Index(fields=["community"], condition=Q(state__in=["held", "rejected", "returned"]), name="payment_work_list"),
        ]

    @property
    def end_to_end_id(self) -> str:
        """The reference that travels to the bank and back: unique because it is the row's number."""
        return end_to_end_id(self.pk)

    @property
    def payee_organisation(self) -> str:
        return self.payee_key.removeprefix(ORGANISATION) if self.payee_no == 0 else ""


class PaymentTotal(models.Model):
    """Count and sum per batch, benefit, district and state: what pages read instead of the transactions."""

    batch = models.ForeignKey(PaymentInstruction, on_delete=models.CASCADE, related_name="totals")
    benefit = models.CharField(max_length=64)
    district = models.IntegerField()
    state = models.CharField(max_length=12)
    count = models.IntegerField()
    amount_fen = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "benefit", "district", "state"], name="one_payment_total")]


class Overpayment(models.Model):
    """More was instructed than the newest run decides. Shown, never netted here: recovery is a later chapter.

    One row per benefit, period and entity; replaced by every run that decides that period again.
    """

    run_id = models.BigIntegerField(null=True)
    benefit = models.CharField(max_length=64)
    period_key = models.CharField(max_length=40)
    entity_no = models.BigIntegerField()
    payee_key = models.CharField(max_length=40)
    community = models.BigIntegerField()
    instructed_fen = models.BigIntegerField()
    decided_fen = models.BigIntegerField()
    found_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["benefit", "period_key", "entity_no"], name="one_overpayment"),
            models.CheckConstraint(condition=Q(instructed_fen__gt=F("decided_fen")), name="overpaid_is_more"),
        ]

    @property
    def amount_fen(self) -> int:
        return self.instructed_fen - self.decided_fen


class LedgerAccount(models.Model):
    """Where money stands. ``treasury``, or ``budget``, ``in_transit``, ``paid_out`` of a benefit and year."""

    kind = models.CharField(max_length=12)
    benefit = models.CharField(max_length=64, blank=True)
    year = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "benefit", "year"], name="one_ledger_account")]

    @property
    def code(self) -> str:
        return f"{self.kind}:{self.benefit}:{self.year}" if self.benefit else self.kind


class LedgerEntry(models.Model):
    """One posting: the same amount to one debit and one credit account, so the ledger balances by its shape.

    Append-only (a trigger refuses changes). A transaction is released, paid, rejected and returned at most once each.
    """

    transaction = models.ForeignKey(CreditTransferTransaction, null=True, on_delete=models.PROTECT, db_index=False, related_name="postings")
    kind = models.CharField(max_length=12)
    debit_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, db_index=False, related_name="debits")
    credit_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, db_index=False, related_name="credits")
    amount_fen = models.BigIntegerField()
    booked_on = models.DateField()
    # The bank file that proves it, where there is one.
    bank_file = models.ForeignKey("BankFile", null=True, on_delete=models.PROTECT, db_index=False, related_name="postings")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="posting_is_positive"),
            models.CheckConstraint(condition=~Q(debit_account=F("credit_account")), name="posting_moves_money"),
            models.UniqueConstraint(fields=["transaction", "kind"], name="posted_once"),
        ]


class BudgetEnvelope(models.Model):
    """What may be spent on a benefit in a year. ``committed_fen``: approved, in transit or paid out."""

    benefit = models.CharField(max_length=64)
    year = models.IntegerField()
    amount_fen = models.BigIntegerField()
    committed_fen = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["year", "benefit"]
        constraints = [
            models.UniqueConstraint(fields=["benefit", "year"], name="one_envelope"),
            models.CheckConstraint(condition=Q(committed_fen__gte=0, committed_fen__lte=F("amount_fen")), name="envelope_not_overdrawn"),
        ]

    @property
    def available_fen(self) -> int:
        return self.amount_fen - self.committed_fen


class BankFile(models.Model):
    """A file of the bank that was taken in whole. The same content a second time is the same row."""

    content_hash = models.CharField(max_length=64, unique=True)
    file_name = models.CharField(max_length=120)
    message_name = models.CharField(max_length=20)
    message_id = models.CharField(max_length=35)
    imported_by = models.CharField(max_length=150)
    imported_on = models.DateField()
    rows = models.IntegerField(default=0)
    applied = models.IntegerField(default=0)
    repeated = models.IntegerField(default=0)
    problem_count = models.IntegerField(default=0)

    class Meta:
        ordering = ["-id"]


class BankFileProblem(models.Model):
    """A row of a bank file that could not be applied: kept whole, so that nothing the bank said is lost."""

    bank_file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="problems")
    position = models.IntegerField()
    event = models.CharField(max_length=12)
    reference = models.CharField(max_length=35)
    amount_fen = models.BigIntegerField(null=True)
    bank_reason = models.CharField(max_length=35, blank=True)
    booked_on = models.DateField(null=True)
    problem = models.CharField(max_length=24)

    class Meta:
        ordering = ["bank_file_id", "position"]
