"""What people say of a payment that did not arrive: cash handed out, money given up or lost on its way, and who was visited."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.payments.rules import HandBookingKind, ReturnNoteKind


class HandBooking(models.Model):
    """A booking that no bank file brings: asked for by one officer with a document, decided by a second.

    Cash needs no second officer at the counter: its batch had a maker and a checker, and each receipt is booked once.
    ``waiting`` becomes ``confirmed`` or ``refused``; a payment waits for one decision at a time.
    """

    transaction_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=8)
    # The number of the receipt or of the bank's letter; empty where money is given up.
    document_no = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    day = models.DateField()
    community = models.BigIntegerField()
    state = models.CharField(max_length=9, default="waiting")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["document_no"], condition=Q(kind="cash"), name="one_cash_receipt"),
            models.UniqueConstraint(fields=["transaction_id"], condition=Q(state="waiting"), name="one_waiting_hand_booking"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in HandBookingKind]), name="hand_booking_kind_known"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "confirmed", "refused"]), name="hand_booking_state_known"),
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")) | Q(decided_by=""), name="hand_booking_second_officer"),
            models.CheckConstraint(condition=Q(kind="given_up") | ~Q(document_no=""), name="hand_booking_has_document"),
            models.CheckConstraint(
                condition=Q(kind="cash") | ~Q(state="confirmed") | ~Q(decided_by=""), name="hand_booking_confirmed_by_somebody"
            ),
        ]


class ReturnNote(models.Model):
    """What a street officer noted while looking for a payee: visited, no one home, promised."""

    transaction_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=11)
    text = models.CharField(max_length=300, blank=True)
    noted_by = models.CharField(max_length=150)
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in ReturnNoteKind]), name="return_note_kind_known"),
        ]
