"""Whose money it is and where it stands: envelopes, shares, the ledger and its daily close."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.payments.rules import Level


class CostShare(models.Model):
    """Who bears a benefit from a day on, in basis points of each payment; ``benefit`` empty: all that have no row of their own."""

    benefit = models.CharField(max_length=64, blank=True)
    valid_from = models.DateField()
    central_bp = models.IntegerField(default=0)
    province_bp = models.IntegerField(default=0)
    city_bp = models.IntegerField(default=0)
    district_bp = models.IntegerField(default=0)
    # The document that says so, or that the figure is assumed.
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["benefit", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["benefit", "valid_from"], name="one_cost_share"),
            models.CheckConstraint(
                condition=Q(central_bp__gte=0, province_bp__gte=0, city_bp__gte=0, district_bp__gte=0), name="shares_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(central_bp=10_000 - F("province_bp") - F("city_bp") - F("district_bp")), name="shares_are_a_whole"
            ),
        ]


class BudgetEnvelope(models.Model):
    """What one level of government may spend on a benefit in a year. ``committed_fen``: approved, in transit or paid out.

    ``area_code``: the district that pays, where the level is district; 0 otherwise. ``committed_fen`` is below 0 where a payee brought
    back a part of a payment that the bank then returned whole: the part is owed to them, and leaves again with the next batch.
    """

    benefit = models.CharField(max_length=64)
    year = models.IntegerField()
    level = models.CharField(max_length=8, default=Level.CITY.value)
    area_code = models.IntegerField(default=0)
    amount_fen = models.BigIntegerField()
    committed_fen = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["year", "benefit", "level", "area_code"]
        constraints = [
            models.UniqueConstraint(fields=["benefit", "year", "level", "area_code"], name="one_envelope"),
            models.CheckConstraint(condition=Q(level__in=[level.value for level in Level]), name="level_known"),
            models.CheckConstraint(condition=Q(committed_fen__lte=F("amount_fen")), name="envelope_not_overdrawn"),
        ]

    @property
    def available_fen(self) -> int:
        return self.amount_fen - self.committed_fen


class LedgerAccount(models.Model):
    """Where money stands: ``treasury``; ``budget``, ``in_transit``, ``paid_out`` or ``receivable`` of an envelope."""

    kind = models.CharField(max_length=12)
    benefit = models.CharField(max_length=64, blank=True)
    year = models.IntegerField(default=0)
    level = models.CharField(max_length=8, blank=True)
    area_code = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "benefit", "year", "level", "area_code"], name="one_ledger_account")]

    @property
    def code(self) -> str:
        parts = [self.kind, self.benefit, self.year or "", self.level, self.area_code or ""]
        return ":".join(str(part) for part in parts if part)


class LedgerEntry(models.Model):
    """One posting: the same amount to one debit and one credit account, so the ledger balances by its shape.

    Append-only (a trigger refuses changes) and chained: ``entry_hash`` is over this row and the hash before it. A posting of
    payments stands for ``count`` of them; ``detail_hash`` is over their numbers and amounts (ledger.detail_hash), so an auditor
    finds each payment behind each posting. ``reference`` names what caused it ("batch:7", "bank file:12"); it posts once.
    """

    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=60)
    debit_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="debits")
    credit_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="credits")
    amount_fen = models.BigIntegerField()
    count = models.IntegerField(default=1)
    detail_hash = models.CharField(max_length=64, blank=True)
    booked_on = models.DateField()
    posted_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0, count__gt=0), name="posting_is_positive"),
            models.CheckConstraint(condition=~Q(debit_account=F("credit_account")), name="posting_moves_money"),
            models.UniqueConstraint(fields=["reference", "kind", "debit_account", "credit_account", "booked_on"], name="posted_once"),
            # One posting follows one: of two processes that continue the chain at the same place, one is refused.
            models.UniqueConstraint(fields=["previous_hash"], name="chain_does_not_fork"),
        ]


class LedgerClose(models.Model):
    """A closed day: what every account held, and the last posting. Nothing is booked to a closed day any more."""

    day = models.DateField(unique=True)
    last_entry = models.ForeignKey(LedgerEntry, null=True, on_delete=models.PROTECT, related_name="+")
    entries = models.IntegerField()
    # The trial balance as [[account code, debit fen, credit fen], …].
    balances = models.JSONField()
    # Payments that were on their way, by the totals; equal to what in_transit holds.
    in_transit_fen = models.BigIntegerField()
    close_hash = models.CharField(max_length=64)
    closed_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField()

    class Meta:
        ordering = ["day"]
