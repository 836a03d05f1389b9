"""Tables of benefits by event: programmes, providers and their tills, events, refunds, counters, settlements.

What must always hold is a constraint of the database: a key of a till is answered once, a cap is not exceeded, no more is
refunded than was paid, a settlement's parts make its whole.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from zhida.blocks.tills.rules import EventState


class EventProgramme(models.Model):
    """A programme as installed: its declaration, and the months whose list of those who may use it is made."""

    code = models.CharField(max_length=40, unique=True)
    declaration = models.TextField()
    installed_by = models.CharField(max_length=150)
    installed_at = models.DateTimeField()
    listed_months = models.JSONField(default=list)

    class Meta:
        ordering = ["code"]


class EligibleResident(models.Model):
    """Somebody who may use a programme in a month, or of whom a fact is missing (``is_known`` false).

    ``resident_no`` is the number a card may show, ``person_no`` the person it counts for: two numbers of a merged person share caps.
    """

    programme = models.CharField(max_length=40)
    month = models.CharField(max_length=7)
    resident_no = models.BigIntegerField()
    person_no = models.BigIntegerField()
    is_known = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_no", "programme", "month"], name="listed_once")]
        indexes = [models.Index(fields=["programme", "month"], name="list_of_a_month")]


class Provider(models.Model):
    """Where events happen: a canteen, a bus line. Its account comes from the register of organisations, by its code."""

    organisation_code = models.CharField(max_length=18)
    kind = models.CharField(max_length=24)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    community = models.BigIntegerField(db_index=True)

    class Meta:
        ordering = ["community", "id"]
        constraints = [models.UniqueConstraint(fields=["organisation_code", "kind", "community"], name="one_provider")]

    @property
    def district(self) -> int:
        return self.community // 1_000_000


class Till(models.Model):
    """A device of a provider. Its secret is stored as a hash only."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="tills")
    name = models.CharField(max_length=60)
    token_hash = models.CharField(max_length=64, unique=True)
    # The last day on which it may speak.
    active_until = models.DateField()
    revoked_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]


class BenefitEvent(models.Model):
    """One event that a till told of, with the answer it got. The answer never changes; only what was refunded is added up.

    ``booked_on`` is the day whose settlement it belongs to: the day it arrived, or the next one where that day was closed already.
    """

    till = models.ForeignKey(Till, on_delete=models.PROTECT, db_index=False, related_name="events")
    key = models.CharField(max_length=64)
    programme = models.CharField(max_length=40)
    resident_no = models.BigIntegerField()
    person_no = models.BigIntegerField()
    happened_at = models.DateTimeField()
    happened_on = models.DateField()
    price_fen = models.BigIntegerField()
    state = models.CharField(max_length=8)
    reason = models.CharField(max_length=24, blank=True)
    city_fen = models.BigIntegerField(default=0)
    remaining_times = models.IntegerField(null=True)
    remaining_fen = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    booked_on = models.DateField()
    refunded_price_fen = models.BigIntegerField(default=0)
    refunded_city_fen = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["till", "key"], name="answered_once"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in EventState]), name="event_state_known"),
            models.CheckConstraint(condition=Q(price_fen__gt=0, city_fen__gte=0, city_fen__lte=F("price_fen")), name="event_sums"),
            models.CheckConstraint(condition=Q(state="accepted", reason="") | Q(state="refused", city_fen=0), name="refused_costs_nothing"),
            models.CheckConstraint(
                condition=Q(refunded_price_fen__gte=0, refunded_price_fen__lte=F("price_fen"))
                & Q(refunded_city_fen__gte=0, refunded_city_fen__lte=F("city_fen")),
                name="refunded_at_most_all",
            ),
        ]
        indexes = [
            models.Index(fields=["booked_on", "till"], name="events_of_a_day"),
            models.Index(fields=["person_no", "happened_on"], condition=Q(state="accepted"), name="events_of_a_person"),
        ]

    @property
    def resident_fen(self) -> int:
        return self.price_fen - self.city_fen


class EventRefund(models.Model):
    """Money that went back over the counter: what of the price, and what of it the city had paid."""

    till = models.ForeignKey(Till, on_delete=models.PROTECT, db_index=False, related_name="refunds")
    key = models.CharField(max_length=64)
    event = models.ForeignKey(BenefitEvent, on_delete=models.PROTECT, related_name="refunds")
    price_fen = models.BigIntegerField()
    city_fen = models.BigIntegerField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    booked_on = models.DateField(db_index=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["till", "key"], name="refunded_once"),
            models.CheckConstraint(condition=Q(price_fen__gt=0, city_fen__gte=0, city_fen__lte=F("price_fen")), name="refund_sums"),
        ]


class UsageCounter(models.Model):
    """What a person used of a programme in a day, month or year that has a cap, and the cap it was last held to."""

    person_no = models.BigIntegerField()
    programme = models.CharField(max_length=40)
    # 2025-11-05, 2025-11 or 2025.
    period = models.CharField(max_length=10)
    times = models.IntegerField()
    fen = models.BigIntegerField()
    times_max = models.IntegerField(null=True)
    fen_max = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_no", "programme", "period"], name="one_counter"),
            models.CheckConstraint(condition=Q(times__gte=0, fen__gte=0), name="used_not_negative"),
            models.CheckConstraint(condition=Q(times_max=None) | Q(times__lte=F("times_max")), name="cap_of_times_holds"),
            models.CheckConstraint(condition=Q(fen_max=None) | Q(fen__lte=F("fen_max")), name="cap_of_money_holds"),
        ]


class SettledDay(models.Model):
    """A day whose book is closed: what arrives later is booked on a later day. ``settled_at`` null: its sums are still to be made."""

    day = models.DateField(unique=True)
    closed_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    batch_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-day"]


class ProviderSettlement(models.Model):
    """What a provider is paid for a programme and a day: events minus refunds minus what an earlier day left below zero."""

    settled_day = models.ForeignKey(SettledDay, on_delete=models.PROTECT, related_name="settlements")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="settlements")
    programme = models.CharField(max_length=40)
    benefit = models.CharField(max_length=64)
    accepted_count = models.IntegerField()
    accepted_fen = models.BigIntegerField()
    refunded_count = models.IntegerField()
    refunded_fen = models.BigIntegerField()
    # Below zero or zero: more was refunded than paid, and the next day with events makes up for it.
    carried_in_fen = models.BigIntegerField()
    payable_fen = models.BigIntegerField()
    carried_out_fen = models.BigIntegerField()

    class Meta:
        ordering = ["provider__community", "provider_id", "programme"]
        constraints = [
            models.UniqueConstraint(fields=["settled_day", "provider", "programme"], name="one_settlement"),
            models.CheckConstraint(
                condition=Q(payable_fen=F("accepted_fen") - F("refunded_fen") + F("carried_in_fen") - F("carried_out_fen")),
                name="settlement_adds_up",
            ),
            models.CheckConstraint(condition=Q(carried_in_fen__lte=0, carried_out_fen__lte=0, payable_fen__gte=0), name="settlement_signs"),
            models.CheckConstraint(condition=Q(payable_fen=0) | Q(carried_out_fen=0), name="owed_or_owing"),
        ]
