"""Accounts and the audit log."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q


class UserAccount(AbstractUser):
    """Someone who signs in. A resident's account names the resident; an officer's names the area it may see."""

    display_name = models.CharField(max_length=80)
    role = models.CharField(max_length=32)
    # Code of the highest area the account sees: 330100 city, 330106 district, 330106003 street. Codes nest by prefix.
    area_code = models.CharField(max_length=12, blank=True)
    resident_no = models.BigIntegerField(null=True, blank=True, db_index=True)
    # Whose desk the account sits at: a department of records/departments.yaml, or ``street``; empty where its work is no department's.
    department = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)


class Delegation(models.Model):
    """An officer lets another use a permission of its own, from a day until before another.

    A row is never removed: what was signed by it must stay explicable. Ended early, it holds until before ``ended_on``.
    """

    from_account = models.CharField(max_length=150)
    to_account = models.CharField(max_length=150, db_index=True)
    permission = models.CharField(max_length=40)
    begin = models.DateField()
    end = models.DateField()
    reason = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    ended_by = models.CharField(max_length=150, blank=True)
    ended_on = models.DateField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("begin")), name="delegation_days"),
            models.CheckConstraint(condition=~Q(from_account=F("to_account")), name="delegated_to_another"),
        ]


class AuditEntry(models.Model):
    """One look at, or change of, personal data. Append-only; each entry's hash covers the one before it."""

    sequence = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    account = models.CharField(max_length=150)
    role = models.CharField(max_length=32)
    purpose = models.CharField(max_length=32)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=120)
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]


class AuditHead(models.Model):
    """The end of the chain: one row, locked while an entry is added."""

    sequence = models.BigIntegerField(default=0)
    entry_hash = models.CharField(max_length=64, default="0" * 64)
