"""Tables of notices: what was said to whom, how it travels, and where a resident can be reached.

What must always hold is a constraint: the same kind of notice about the same thing is made once for a recipient, and travels once
by each channel.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from zhida.blocks.notices.rules import Channel, DeliveryState

NEEDS_A_PERSON = Q(state__in=[DeliveryState.FAILED.value, DeliveryState.GIVEN_UP.value]) | Q(
    channel=Channel.INBOX.value, state=DeliveryState.WAITING.value
)


class Notice(models.Model):
    """One message to a resident (``resident_no``) or to the holder of an account: written in the caller's transaction.

    It keeps the values, not the wording: the text is made from the kind's template, in the reader's language, when it is shown or sent.
    """

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    resident_no = models.BigIntegerField(default=0)
    account = models.CharField(max_length=150, default="", blank=True)
    community = models.BigIntegerField(default=0)
    parameters = models.JSONField()
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # Begins with the recipient: it is also the index of an inbox.
            models.UniqueConstraint(fields=["resident_no", "account", "kind", "subject"], name="noticed_once"),
            models.CheckConstraint(
                condition=Q(resident_no__gt=0, account="") | (Q(resident_no=0) & ~Q(account="")), name="notice_has_one_reader"
            ),
        ]


class NoticeDelivery(models.Model):
    """One way a notice travels. The address is the one confirmed when it was made; a change of address changes it while it waits."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=8)
    address = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=2, default="zh")
    community = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, default=DeliveryState.WAITING.value)
    attempts = models.IntegerField(default=0)
    # When it is due. A worker that takes it moves this by LEASE first, so that a killed worker's message becomes due again.
    next_attempt_at = models.DateTimeField()
    # A code of rules.REASONS, and the other side's own words without addresses.
    last_error = models.CharField(max_length=24, blank=True)
    last_reply = models.CharField(max_length=200, blank=True)
    # Ours, the same at every attempt; theirs, what the provider calls it.
    message_id = models.CharField(max_length=200, blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True)
    told_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivered_once_by_channel"),
            models.CheckConstraint(condition=Q(channel__in=[each.value for each in Channel]), name="delivery_channel_known"),
            models.CheckConstraint(condition=Q(state__in=[each.value for each in DeliveryState]), name="notice_delivery_state_known"),
            models.CheckConstraint(condition=~Q(address="") | Q(channel=Channel.INBOX.value), name="delivery_has_an_address"),
        ]
        indexes = [
            # Few rows of many: what is due, and the officers' list.
            models.Index(fields=["next_attempt_at", "id"], condition=Q(state="waiting") & ~Q(channel="inbox"), name="delivery_due"),
            models.Index(fields=["community"], condition=NEEDS_A_PERSON, name="delivery_needs_a_person"),
        ]


class ContactPoint(models.Model):
    """Where a resident can be reached by one channel. A new address counts once a code sent to it came back; until then the old one does.

    opted_out: kinds that are not sent here, each between spaces. They stand in the inbox all the same.
    """

    resident_no = models.BigIntegerField()
    channel = models.CharField(max_length=8)
    address = models.CharField(max_length=254, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    language = models.CharField(max_length=2, default="zh")
    opted_out = models.TextField(default=" ", blank=True)
    pending_address = models.CharField(max_length=254, blank=True)
    # A code is derived from this and the site's key (contacts.code_of), so that no table holds one.
    nonce = models.CharField(max_length=32, blank=True)
    code_sent_at = models.DateTimeField(null=True)
    code_tries = models.IntegerField(default=0)
    codes_sent = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident_no", "channel"], name="one_contact_by_channel"),
            models.CheckConstraint(condition=Q(confirmed_at=None) | ~Q(address=""), name="confirmed_has_an_address"),
        ]

    @property
    def opted_out_kinds(self) -> set[str]:
        return set(self.opted_out.split())
