"""Settling with providers: a day's book is closed, summed by provider and programme, and handed to payments as one batch.

Three steps, each found done when it was done: close the book, make the sums, instruct payments. A killed command is given again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Sum

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.tills.common import may, record
from zhida.blocks.tills.errors import DayNotBegun
from zhida.blocks.tills.locking import lock_book_to_close_it
from zhida.blocks.tills.models import BenefitEvent, EventRefund, Provider, ProviderSettlement, SettledDay
from zhida.blocks.tills.programmes import programmes
from zhida.kernel import clock
from zhida.kernel.period import Month

# Provider and programme.
Key = tuple[int, str]


@dataclass(frozen=True)
class DaySums:
    """Events and refunds of one provider and programme that were booked on a day."""

    accepted_count: int = 0
    accepted_fen: int = 0
    refunded_count: int = 0
    refunded_fen: int = 0


def settle_day(viewer: access.Viewer, day: date, facts: Any = None) -> SettledDay:
    """Close and settle a day, after every earlier one that is still open; return it with its batch.

    A day whose batch a checker refused is prepared again when it is settled again. facts: payments' PayeeFacts, by default the newest.
    Raises: DayNotBegun, PermissionMissing, and what payments reports.
    """
    for each in close_days(viewer, day):
        _instruct(viewer, each, facts)
    return SettledDay.objects.get(day=day)


def close_days(viewer: access.Viewer, day: date) -> list[date]:
    """Close the books up to a day and make their sums, without instructing payments; return the days that may wait for a batch.

    Raises: DayNotBegun, PermissionMissing.
    """
    may(viewer, "tills.settle")
    if day > clock.today():
        raise DayNotBegun(day.isoformat())
    days = _days_to_settle(day)
    for each in days:
        _close(viewer, each)
        _make_sums(viewer, each)
    waiting = SettledDay.objects.filter(day__lte=day, batch_id=None, settlements__payable_fen__gt=0)
    return sorted({*days, *waiting.values_list("day", flat=True)})


def _days_to_settle(day: date) -> list[date]:
    """List the days up to ``day`` that have something booked and are not settled, and ``day`` itself."""
    last = SettledDay.objects.exclude(settled_at=None).filter(day__lte=day).aggregate(last=Max("day"))["last"]
    booked: set[date] = {day, *SettledDay.objects.filter(day__lte=day, settled_at=None).values_list("day", flat=True)}
    for model in (BenefitEvent, EventRefund):
        later = model.objects.filter(booked_on__lte=day)
        rows = later.filter(booked_on__gt=last) if last else later
        booked.update(rows.order_by().values_list("booked_on", flat=True).distinct())
    return sorted(booked)


@transaction.atomic
def _close(viewer: access.Viewer, day: date) -> None:
    """From here on nothing is booked on the day. Requests that began before have ended, those after see the closed book."""
    lock_book_to_close_it()
    SettledDay.objects.get_or_create(day=day, defaults={"closed_by": viewer.account, "closed_at": clock.now()})


@transaction.atomic
def _make_sums(viewer: access.Viewer, day: date) -> None:
    closed = SettledDay.objects.select_for_update().get(day=day)
    if closed.settled_at is not None:
        return
    sums, carried = sums_of(day), _carried()
    benefits = {code: programme.benefit for code, programme in programmes().items()}
    rows = [_settlement(closed, key, benefits.get(key[1], key[1]), sums.get(key, DaySums()), carried.get(key, 0)) for key in sorted(sums)]
    ProviderSettlement.objects.bulk_create(rows, batch_size=1_000)
    closed.settled_at = clock.now()
    closed.save(update_fields=["settled_at"])
    record(viewer, "tills.settle", f"day {day.isoformat()}")


def _settlement(closed: SettledDay, key: Key, benefit: str, sums: DaySums, carried_in_fen: int) -> ProviderSettlement:
    net = carried_in_fen + sums.accepted_fen - sums.refunded_fen
    return ProviderSettlement(
        settled_day=closed,
        provider_id=key[0],
        programme=key[1],
        benefit=benefit,
        accepted_count=sums.accepted_count,
        accepted_fen=sums.accepted_fen,
        refunded_count=sums.refunded_count,
        refunded_fen=sums.refunded_fen,
        carried_in_fen=carried_in_fen,
        payable_fen=max(net, 0),
        carried_out_fen=min(net, 0),
    )


def sums_of(day: date) -> dict[Key, DaySums]:
    """Add up what was booked on a day, from the events and refunds themselves."""
    counted = {"count": Count("pk"), "fen": Sum("city_fen")}
    accepted = BenefitEvent.objects.filter(booked_on=day, state="accepted").order_by()
    found = {
        (row["till__provider_id"], row["programme"]): DaySums(row["count"], row["fen"])
        for row in accepted.values("till__provider_id", "programme").annotate(**counted)
    }
    refunds = EventRefund.objects.filter(booked_on=day).order_by().values("till__provider_id", "event__programme").annotate(**counted)
    for row in refunds:
        key = (row["till__provider_id"], row["event__programme"])
        found[key] = replace(found.get(key, DaySums()), refunded_count=row["count"], refunded_fen=row["fen"])
    return found


def _carried() -> dict[Key, int]:
    """Return what providers still owe after the last day they were settled: below zero."""
    later = ProviderSettlement.objects.filter(
        provider=OuterRef("provider"), programme=OuterRef("programme"), settled_day__day__gt=OuterRef("settled_day__day")
    )
    owing = ProviderSettlement.objects.filter(~Exists(later), carried_out_fen__lt=0).order_by()
    return {(provider, programme): fen for provider, programme, fen in owing.values_list("provider_id", "programme", "carried_out_fen")}


def _instruct(viewer: access.Viewer, day: date, facts: Any) -> None:
    """Hand a settled day to payments. Payments pays a sum once, however often it is handed over."""
    rows = ProviderSettlement.objects.filter(settled_day__day=day, payable_fen__gt=0).select_related("provider")
    payables = _payables(day, rows)
    batch = payments.prepare_payables(viewer, Month.of(day).text, payables, facts) if payables else None
    if batch is not None:
        SettledDay.objects.filter(day=day).update(batch_id=batch.pk)


def _payables(day: date, rows: Iterable[ProviderSettlement]) -> list[payments.Payable]:
    """One payable per provider and benefit: two programmes of one benefit are one sum."""
    sums: dict[tuple[Provider, str], int] = {}
    for row in rows:
        key = (row.provider, row.benefit)
        sums[key] = sums.get(key, 0) + row.payable_fen
    return [
        payments.Payable(
            benefit=benefit,
            period_key=f"day:{day.isoformat()}",
            entity_no=provider.pk,
            payee_key=f"org:{provider.organisation_code}",
            amount_fen=amount_fen,
            district=provider.district,
            community=provider.community,
        )
        for (provider, benefit), amount_fen in sums.items()
    ]
