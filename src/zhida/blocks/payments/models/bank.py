"""What the bank says: its files, its answer to each payment, and rows that need a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


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


class BankAnswer(models.Model):
    """What became of a payment: accepted, paid, rejected or returned, each at most once, and never changed (a trigger refuses).

    ``bank_file_id`` 0: told by a person (a cash receipt, a bank's letter), whose words are in ``reason_code``.
    """

    pk = models.CompositePrimaryKey("transaction_id", "event")
    transaction_id = models.BigIntegerField()
    event = models.CharField(max_length=12)
    bank_file_id = models.BigIntegerField()
    booked_on = models.DateField()
    reason_code = models.CharField(max_length=35, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(event__in=["accepted", "paid", "rejected", "returned"]), name="answer_event_known"),
        ]


class BankFileProblem(models.Model):
    """A row of a bank file that could not be applied: kept whole, so that nothing the bank said is lost, until somebody closed it."""

    bank_file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="problems")
    position = models.IntegerField()
    event = models.CharField(max_length=12)
    reference = models.CharField(max_length=35)
    amount_fen = models.BigIntegerField(null=True)
    bank_reason = models.CharField(max_length=35, blank=True)
    booked_on = models.DateField(null=True)
    problem = models.CharField(max_length=24)
    closed_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True)
    closing_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["bank_file_id", "position"]
        indexes = [models.Index(fields=["bank_file"], condition=Q(closed_by=""), name="open_bank_problems")]


class AccountStatement(models.Model):
    """A statement of our account with the bank (camt.053), and whether it agrees with the ledger."""

    bank_file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="statements")
    account_no = models.CharField(max_length=34)
    begin = models.DateField(null=True)
    end = models.DateField(null=True)
    opening_fen = models.BigIntegerField()
    closing_fen = models.BigIntegerField()

    class Meta:
        ordering = ["-id"]
