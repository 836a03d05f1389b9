"""Overpayments: found by a run, brought back out of later payments, by agreement, or waived."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.payments.rules import OverpaymentState


class Overpayment(models.Model):
    """More stands for a period than the newest run decides. One row per benefit, period and entity, followed until it is closed.

    ``instructed_fen`` is what was instructed altogether, ``decided_fen`` what the newest run decides; ``recovered_fen`` came back
    (deductions of released payments, repayments), ``waived_fen`` will not. A run that decides more again lowers the debt; where
    more came back than is owed, the difference is paid out by the next batch.
    """

    run_id = models.BigIntegerField(null=True)
    benefit = models.CharField(max_length=64)
    period_key = models.CharField(max_length=40)
    entity_no = models.BigIntegerField()
    payee_key = models.CharField(max_length=40)
    community = models.BigIntegerField()
    district = models.IntegerField(default=0)
    budget_year = models.IntegerField(default=0)
    instructed_fen = models.BigIntegerField()
    decided_fen = models.BigIntegerField()
    recovered_fen = models.BigIntegerField(default=0)
    waived_fen = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, default=OverpaymentState.FOUND.value)
    # Of each coming payment at most so much is kept back, in basis points; and by agreement at most so many fen a payment (0: no cap).
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
            models.CheckConstraint(condition=Q(state__in=[state.value for state in OverpaymentState]), name="overpayment_state_known"),
            models.CheckConstraint(condition=Q(limit_bp__gte=0, limit_bp__lte=10_000, instalment_fen__gte=0), name="recovery_limit"),
            models.CheckConstraint(condition=~Q(decided_by=F("proposed_by")) | Q(decided_by=""), name="recovery_second_officer"),
        ]
        indexes = [models.Index(fields=["payee_key"], name="overpayment_payee")]

    @property
    def amount_fen(self) -> int:
        """What was overpaid."""
        return self.instructed_fen - self.decided_fen

    @property
    def open_fen(self) -> int:
        """What is still to come back."""
        return max(self.amount_fen - self.recovered_fen - self.waived_fen, 0)


class Deduction(models.Model):
    """So much of a payment is kept back for an overpayment. Counts as recovered once the payment's batch is released."""

    overpayment = models.ForeignKey(Overpayment, on_delete=models.PROTECT, related_name="deductions")
    transaction_id = models.BigIntegerField(db_index=True)
    amount_fen = models.BigIntegerField()
    # planned, booked (its batch was released) or undone (the batch was refused or cancelled, or the payment was held or came back).
    state = models.CharField(max_length=7, default="planned")

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
