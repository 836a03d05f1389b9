"""Who is paid instead of, or beside, whom the decision names; and accounts that changed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.payments.rules import PayeeKind


class PayeeArrangement(models.Model):
    """Money of an entity goes to this payee, in whole or for a share, from a day until before another.

    ``benefit`` empty: every benefit. Rows of one entity whose days overlap add up to 10,000 basis points; what rounding leaves
    goes to the last. Made by one officer and confirmed by another; without the second it has no effect.
    """

    benefit = models.CharField(max_length=64, blank=True)
    entity_no = models.BigIntegerField(db_index=True)
    payee_key = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    share_bp = models.IntegerField(default=10_000)
    begin = models.DateField()
    end = models.DateField(null=True)
    community = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=150, blank=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["entity_no", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(share_bp__gte=1, share_bp__lte=10_000), name="arrangement_share"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in PayeeKind]), name="payee_kind_known"),
            models.CheckConstraint(condition=Q(end__isnull=True) | Q(end__gt=F("begin")), name="arrangement_days"),
            models.CheckConstraint(condition=~Q(confirmed_by=F("made_by")) | Q(confirmed_by=""), name="arrangement_second_officer"),
        ]


class AccountChange(models.Model):
    """A payee's registered account is another than the one last paid to: payments wait until ``hold_until`` or a decision."""

    payee_key = models.CharField(max_length=40)
    account_before = models.CharField(max_length=34)
    account_now = models.CharField(max_length=34)
    community = models.BigIntegerField()
    first_seen_on = models.DateField()
    hold_until = models.DateField()
    # waiting, confirmed or refused.
    state = models.CharField(max_length=9, default="waiting")
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["payee_key", "account_before", "account_now"], name="one_account_change"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "confirmed", "refused"]), name="account_change_state_known"),
        ]
