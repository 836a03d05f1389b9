"""Batches and their payments, and who looked at and approved them. What must always hold is a constraint of the database."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, When

from zhida.blocks.payments.rules import ORGANISATION, BatchState, Channel, TransactionState, end_to_end_id


class PaymentInstruction(models.Model):
    """One batch of one debtor (ISO 20022: PaymentInstruction): what one run decided and was not yet instructed.

    States, each change a conditional update inside the transaction that does the work::

        prepared ──approve (n checkers)──► approved ──release──► released ──settle──► settled
            ├─────refuse─────► refused    (back to its maker; nothing left the house, so its transactions are removed)
            └─────cancel─────► cancelled ◄──cancel── approved (the same, by its maker or a checker)
    """

    run_id = models.BigIntegerField(null=True, db_index=True)
    month = models.CharField(max_length=7, db_index=True)
    law_name = models.CharField(max_length=80, blank=True)
    snapshot_hash = models.CharField(max_length=64, blank=True)
    # A batch that sends held or returned payments again, and has no run of its own.
    is_reissue = models.BooleanField(default=False)
    budget_year = models.IntegerField()
    state = models.CharField(max_length=12, default=BatchState.PREPARED.value)
    # The numbers of its transactions, both ends included: one batch is one span, so nothing else needs an index by batch.
    first_id = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    # What this batch pays: transactions that are not held. Kept in step with PaymentTotal by every command.
    count = models.IntegerField(default=0)
    amount_fen = models.BigIntegerField(default=0)
    held_count = models.IntegerField(default=0)
    held_fen = models.BigIntegerField(default=0)
    overpaid_count = models.IntegerField(default=0)
    overpaid_fen = models.BigIntegerField(default=0)
    # What was kept back of these payments for earlier overpayments; not in amount_fen.
    deducted_fen = models.BigIntegerField(default=0)
    # So much was found new, changed, shared or very old by rules.Risk, as {flag: payments}.
    risk_counts = models.JSONField(default=dict)
    # Who bears each benefit of the batch, as {benefit: [central, province, city, district]} in basis points: as it was when prepared.
    shares = models.JSONField(default=dict)
    # What the payees' accounts and deaths were known by when the batch was last looked at; the same again needs no second look.
    facts_version = models.CharField(max_length=64, blank=True)
    prepared_by = models.CharField(max_length=150)
    prepared_at = models.DateTimeField()
    needed_checkers = models.IntegerField(default=1)
    # The last of the checkers; all of them are BatchApproval rows.
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    refused_by = models.CharField(max_length=150, blank=True)
    refusal_reason = models.CharField(max_length=300, blank=True)
    cancelled_by = models.CharField(max_length=150, blank=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    message_id = models.CharField(max_length=35, null=True, unique=True)
    # The first of its files; all of them are PaymentFile rows.
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
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "refused", "cancelled"]) | ~Q(approved_by=""), name="nothing_leaves_unapproved"
            ),
        ]


class CreditTransferTransaction(models.Model):
    """One payment to one payee (ISO 20022: CreditTransferTransaction).

    ``payee_key`` is the resident number in digits, or ``org:`` and the unified social credit code. ``revision`` 0 is the
    first payment of a period; later ones are differences, or a stuck payment sent again. A row is written once. What the bank
    answers stands in BankAnswer; ``state`` changes only where a payment leaves the usual way (rules.TransactionState).

    The batch is a span of numbers (PaymentInstruction.first_id), and one command writes at a time: the reference to it needs
    neither an index nor a check per row, which would cost a payday of millions more than its rows (decision 0023).
    """

    id = models.BigIntegerField(primary_key=True)
    batch = models.ForeignKey(
        PaymentInstruction, on_delete=models.PROTECT, related_name="transactions", db_index=False, db_constraint=False
    )
    benefit = models.CharField(max_length=64)
    period_key = models.CharField(max_length=40)
    entity_no = models.BigIntegerField()
    payee_key = models.CharField(max_length=40)
    revision = models.IntegerField()
    payee_no = models.BigIntegerField(db_index=True)
    household_no = models.BigIntegerField(db_index=True)
    # What goes to the payee, and what of the entitlement was kept back for an earlier overpayment (Deduction).
    amount_fen = models.BigIntegerField()
    deducted_fen = models.BigIntegerField(default=0)
    channel = models.CharField(max_length=4, default=Channel.BANK.value)
    account_no = models.CharField(max_length=34, blank=True)
    bank_code = models.CharField(max_length=35, blank=True)
    state = models.CharField(max_length=12)
    reason_code = models.CharField(max_length=24, blank=True)
    risk = models.SmallIntegerField(default=0)
    district = models.IntegerField()
    community = models.BigIntegerField()
    reissue_of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="reissued_as", db_index=False, db_constraint=False
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["benefit", "period_key", "entity_no", "payee_key", "revision"], name="paid_once"),
            models.UniqueConstraint(fields=["reissue_of"], condition=Q(reissue_of__isnull=False), name="reissued_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0, deducted_fen__gte=0), name="payment_is_positive"),
            models.CheckConstraint(condition=Q(revision__gte=0), name="revision_not_negative"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in TransactionState]), name="transaction_state_known"),
            models.CheckConstraint(
                condition=~Q(account_no="") | Q(channel="cash") | Q(state__in=["held", "reissued", "cancelled"]), name="sent_to_an_account"
            ),
        ]
        indexes = [
            # The lists people work through: few rows of many millions.
            models.Index(
                fields=["community"], condition=Q(state__in=["held", "rejected", "returned", "unanswered"]), name="payment_work_list"
            ),
        ]

    @property
    def end_to_end_id(self) -> str:
        """The reference that travels to the bank and back: unique because it is the row's number."""
        return end_to_end_id(self.pk)

    @property
    def payee_organisation(self) -> str:
        return self.payee_key.removeprefix(ORGANISATION) if self.payee_no == 0 else ""


class PaymentTotal(models.Model):
    """Count and sum per batch, benefit, district and state: what pages read instead of the transactions.

    ``central_fen`` … ``district_fen``: who bears the sum (rules.split_fen of each payment); together they are ``amount_fen``.
    """

    batch = models.ForeignKey(PaymentInstruction, on_delete=models.CASCADE, related_name="totals")
    benefit = models.CharField(max_length=64)
    district = models.IntegerField()
    state = models.CharField(max_length=12)
    count = models.IntegerField()
    amount_fen = models.BigIntegerField()
    central_fen = models.BigIntegerField(default=0)
    province_fen = models.BigIntegerField(default=0)
    city_fen = models.BigIntegerField(default=0)
    district_fen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "benefit", "district", "state"], name="one_payment_total"),
            models.CheckConstraint(
                condition=Q(amount_fen=F("central_fen") + F("province_fen") + F("city_fen") + F("district_fen")),
                name="shares_are_the_whole",
            ),
        ]


class StandingDigest(models.Model):
    """What is instructed for a benefit and period, as a digest of the decisions it equals exactly; absent where it equals none.

    A run that decides the same again has the same digest, and is found to bring nothing new without reading a payment.
    """

    benefit = models.CharField(max_length=64)
    period_key = models.CharField(max_length=40)
    digest = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["benefit", "period_key"], name="one_standing_digest")]


class PaymentFile(models.Model):
    """One file of a batch to the bank: at most so many payments as banks take at once."""

    batch = models.ForeignKey(PaymentInstruction, on_delete=models.PROTECT, related_name="files")
    file_name = models.CharField(max_length=80, unique=True)
    message_id = models.CharField(max_length=35, unique=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.IntegerField()
    amount_fen = models.BigIntegerField()
    # The day the bank took the whole file in for execution (pain.002 group status).
    accepted_on = models.DateField(null=True)

    class Meta:
        ordering = ["id"]


class ApprovalLimit(models.Model):
    """From so many fen on, a batch needs so many checkers."""

    from_fen = models.BigIntegerField(unique=True)
    checkers = models.IntegerField()

    class Meta:
        ordering = ["from_fen"]
        constraints = [models.CheckConstraint(condition=Q(checkers__gte=1, from_fen__gte=0), name="a_checker_at_least")]


class BatchApproval(models.Model):
    """One checker's signature under a batch. ``on_behalf_of``: who delegated the power to sign, empty for one's own."""

    batch = models.ForeignKey(PaymentInstruction, on_delete=models.CASCADE, related_name="approvals")
    account = models.CharField(max_length=150)
    on_behalf_of = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "account"], name="one_signature"),
            # Whose power it is: the signer's, or that of who delegated it.
            models.UniqueConstraint(
                "batch", Case(When(on_behalf_of="", then=F("account")), default=F("on_behalf_of")), name="one_signature_of_a_power"
            ),
        ]


class SampledPayment(models.Model):
    """A payment that was drawn for a checker to look at before the batch may be approved, and what the checker said."""

    batch = models.ForeignKey(PaymentInstruction, on_delete=models.CASCADE, related_name="sampled")
    transaction_id = models.BigIntegerField()
    # random, or risk: drawn by rules.Risk.
    kind = models.CharField(max_length=6)
    risk = models.SmallIntegerField(default=0)
    seen_by = models.CharField(max_length=150, blank=True)
    seen_at = models.DateTimeField(null=True)
    # good, doubtful or empty; a doubtful one holds the approval up until it is cleared or the batch refused.
    verdict = models.CharField(max_length=8, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["batch", "transaction_id"], name="sampled_once")]
