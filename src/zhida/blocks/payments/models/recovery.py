"""Overpayments: found by a run, brought back out of later payments, by agreement, or waived."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.payments.recovery_rules import RecoveryEvent
from zhida.blocks.payments.rules import OverpaymentState
from zhida.kernel import clock


class Overpayment(models.Model):
    """More stands for a period than the newest run decides. One row per benefit, period and entity, followed until it is closed.

    ``instructed_fen`` is what was instructed altogether, ``decided_fen`` what the newest run decides; ``recovered_fen`` came back
    (deductions of released payments, repayments), ``waived_fen`` will not. A run that decides more again lowers the debt; where
    more came back than is owed, the difference is paid out by the next batch.

    ``claimed_fen`` is what the ledger has posted as a claim: all of the debt while it is being brought back, and never less than
    what came back or was waived, so that ``receivable`` holds just the open sums of debts that are brought back.
    """

    run_id = models.BigIntegerField(null=True)
    benefit = models.CharField(max_length=64)
    period_key = models.CharField(max_length=40)
    entity_no = models.BigIntegerField()
    payee_key = models.CharField(max_length=40)
    # Whose payments it is kept back of: the payee's, or those of somebody of the household or an heir who agreed.
    debtor_key = models.CharField(max_length=40, blank=True)
    community = models.BigIntegerField()
    district = models.IntegerField(default=0)
    budget_year = models.IntegerField(default=0)
    instructed_fen = models.BigIntegerField()
    decided_fen = models.BigIntegerField()
    claimed_fen = models.BigIntegerField(default=0)
    recovered_fen = models.BigIntegerField(default=0)
    waived_fen = models.BigIntegerField(default=0)
    # Who bore the benefit, as [central, province, city, district] in basis points: as it was when the first claim was posted.
    share = models.JSONField(default=list)
    state = models.CharField(max_length=10, default=OverpaymentState.FOUND.value)
    # While disputed or waiting for a waiver: the state it goes back to.
    resume_state = models.CharField(max_length=10, blank=True)
    # Of each coming payment at most so much is kept back, in basis points; and by agreement at most so many fen a month (0: no cap).
    limit_bp = models.IntegerField(default=0)
    instalment_fen = models.BigIntegerField(default=0)
    found_on = models.DateField()
    # Nothing is kept back before this day: the time in which the payee may object.
    objection_until = models.DateField(null=True)
    proposed_by = models.CharField(max_length=150, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["benefit", "period_key", "entity_no"], name="one_overpayment"),
            models.CheckConstraint(condition=Q(recovered_fen__gte=0, waived_fen__gte=0), name="recovery_not_negative"),
            models.CheckConstraint(condition=Q(claimed_fen__gte=F("recovered_fen") + F("waived_fen")), name="claim_covers_recovery"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in OverpaymentState]), name="overpayment_state_known"),
            models.CheckConstraint(condition=Q(limit_bp__gte=0, limit_bp__lte=10_000, instalment_fen__gte=0), name="recovery_limit"),
            models.CheckConstraint(condition=~Q(decided_by=F("proposed_by")) | Q(decided_by=""), name="recovery_second_officer"),
            models.CheckConstraint(condition=~Q(state="waiving") | ~Q(proposed_by=""), name="waiver_is_proposed"),
            models.CheckConstraint(condition=~Q(state="waived") | (~Q(proposed_by="") & ~Q(decided_by="")), name="waiver_takes_two"),
        ]
        indexes = [
            models.Index(fields=["debtor_key"], name="overpayment_debtor"),
            models.Index(fields=["payee_key"], name="overpayment_payee"),
            models.Index(fields=["community", "state"], name="overpayment_area"),
        ]

    @property
    def amount_fen(self) -> int:
        """What was overpaid."""
        return self.instructed_fen - self.decided_fen

    @property
    def settled_fen(self) -> int:
        """What came back or will not."""
        return self.recovered_fen + self.waived_fen

    @property
    def open_fen(self) -> int:
        """What is still to come back."""
        return max(self.amount_fen - self.settled_fen, 0)


class Deduction(models.Model):
    """So much of a payment is kept back for an overpayment. Counts as recovered once the payment's batch is released."""

    overpayment = models.ForeignKey(Overpayment, on_delete=models.PROTECT, related_name="deductions")
    transaction_id = models.BigIntegerField(db_index=True)
    amount_fen = models.BigIntegerField()
    planned_on = models.DateField(default=clock.today)
    # planned, booked (its batch was released) or undone (the batch was refused or cancelled, or the payment was held or came back).
    state = models.CharField(max_length=7, default="planned")
    # The batch it was booked with; its payment may be sent again by a later one.
    booked_in = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["overpayment", "transaction_id"], name="deducted_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="deduction_is_positive"),
            models.CheckConstraint(condition=Q(state__in=["planned", "booked", "undone"]), name="deduction_state_known"),
        ]


class Repayment(models.Model):
    """Money a payee brought back by itself, booked by an officer with the receipt's number."""

    overpayment = models.ForeignKey(Overpayment, on_delete=models.PROTECT, related_name="repayments")
    amount_fen = models.BigIntegerField()
    receipt_no = models.CharField(max_length=60)
    received_on = models.DateField()
    booked_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt_no"], name="one_receipt"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="repayment_is_positive"),
        ]


class RecoveryStep(models.Model):
    """What happened to an overpayment, step by step: append-only (a trigger refuses changes).

    ``amount_fen`` is what the step moved, or what was open when it was taken. Its number is the reference of its postings.
    """

    overpayment = models.ForeignKey(Overpayment, on_delete=models.PROTECT, related_name="steps")
    event = models.CharField(max_length=16)
    amount_fen = models.BigIntegerField(default=0)
    text = models.CharField(max_length=2000, blank=True)
    account = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(event__in=[event.value for event in RecoveryEvent]), name="recovery_event_known")]
