"""Reads of benefits by event. Lists of an area show what happened at providers there; a resident's own, what counts for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from zhida.blocks.access import api as access
from zhida.blocks.records import api as records
from zhida.blocks.tills.errors import DayNotSettled, EventNotFound, UnknownProvider
from zhida.blocks.tills.models import BenefitEvent, EventRefund, Provider, ProviderSettlement, SettledDay, Till
from zhida.blocks.tills.programmes import programmes
from zhida.blocks.tills.rules import REASONS, STATE_TEXT, EventState
from zhida.blocks.tills.settlement import DaySums, sums_of
from zhida.kernel.period import Month
from zhida.kernel.text import Text

PAGE_ROWS = 50


@dataclass(frozen=True)
class EventLine:
    """One event as an officer or its resident reads it. refunded_*: what has gone back since."""

    event_id: int
    provider: Text
    programme: str
    label: Text
    resident_no: int
    happened_at: Any
    booked_on: date
    key: str
    till_no: int
    price_fen: int
    city_fen: int
    resident_fen: int
    refunded_price_fen: int
    refunded_city_fen: int
    state: str
    state_text: Text
    reason: Text | None


@dataclass(frozen=True)
class DayTotals:
    """Events booked on a day: how many were accepted and refused, what they cost, what came back."""

    accepted: int
    refused: int
    price_fen: int
    city_fen: int
    refunds: int
    refunded_fen: int


@dataclass(frozen=True)
class Mismatch:
    """A provider and programme whose events do not add up to what was settled."""

    provider_id: int
    programme: str
    settled: DaySums
    events: DaySums


def providers(viewer: access.Viewer) -> list[Provider]:
    """List the providers of the viewer's area, with ``till_count``, those in use."""
    in_use = Count("tills", filter=Q(tills__revoked_at=None))
    return list(_in_area(viewer, Provider.objects.all(), "community").annotate(till_count=in_use))


def provider(viewer: access.Viewer, provider_id: int) -> Provider:
    """Raises: UnknownProvider, also for one of another area."""
    found = _in_area(viewer, Provider.objects.filter(pk=provider_id), "community").first()
    if found is None:
        raise UnknownProvider(provider_id)
    return found


def tills_of(viewer: access.Viewer, provider_id: int) -> list[Till]:
    """List a provider's tills, the newest first. Raises: UnknownProvider."""
    return list(Till.objects.filter(provider=provider(viewer, provider_id)).order_by("-pk"))


def day_events(
    viewer: access.Viewer, purpose: access.Purpose, day: date, text: str = "", page: int | None = 1, state: str = ""
) -> tuple[list[EventLine], int]:
    """Return the events booked on a day at providers of the viewer's area, in the order they came, and how many there are.

    text: a resident number, a key, or part of a provider's name. page: from 1, None for all. The look is written to the audit log.
    """
    found = _matching(_area_events(viewer, day), text)
    found = found.filter(state=state) if state in set(EventState) else found
    total = found.count()
    rows = found.select_related("till__provider").order_by("pk")
    if page is not None:
        rows = rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    access.record_access(viewer, purpose, "tills.day_events", f"day {day.isoformat()}")
    labels = {code: each.label for code, each in programmes().items()}
    return [_line(row, labels) for row in rows], total


def _matching(events: QuerySet[BenefitEvent], text: str) -> QuerySet[BenefitEvent]:
    written = text.strip()
    if not written:
        return events
    named = Q(till__provider__name_zh__icontains=written) | Q(till__provider__name_en__icontains=written) | Q(key=written)
    return events.filter(named | Q(resident_no=int(written)) if written.isdigit() and len(written) < 19 else named)


def day_totals(viewer: access.Viewer, day: date) -> DayTotals:
    """Add up what was booked on a day at providers of the viewer's area."""
    is_accepted = Q(state=EventState.ACCEPTED)
    sums = _area_events(viewer, day).aggregate(
        accepted=Count("pk", filter=is_accepted),
        refused=Count("pk", filter=~is_accepted),
        price=Sum("price_fen", filter=is_accepted),
        city=Sum("city_fen"),
    )
    refunds = _in_area(viewer, EventRefund.objects.filter(booked_on=day), "till__provider__community")
    back = refunds.aggregate(count=Count("pk"), fen=Sum("city_fen"))
    return DayTotals(sums["accepted"], sums["refused"], sums["price"] or 0, sums["city"] or 0, back["count"], back["fen"] or 0)


def booked_days(viewer: access.Viewer, at_most: int = 31) -> list[date]:
    """List the newest days that have something booked at providers of the viewer's area."""
    events = _in_area(viewer, BenefitEvent.objects.all(), "till__provider__community")
    return list(events.order_by("-booked_on").values_list("booked_on", flat=True).distinct()[:at_most])


def events_of(viewer: access.Viewer, purpose: access.Purpose, resident_no: int, month: Month) -> list[EventLine]:
    """List a resident's accepted events of a month, the newest first; the look is written to the audit log.

    Raises: NotYours, ResidentNotFound, NoSnapshot.
    """
    records.checked_card(viewer, resident_no)
    found = BenefitEvent.objects.filter(
        person_no=resident_no, state=EventState.ACCEPTED, happened_on__gte=month.start, happened_on__lt=month.end
    ).select_related("till__provider")
    access.record_access(viewer, purpose, "tills.events_of", f"resident {resident_no}")
    labels = {code: each.label for code, each in programmes().items()}
    return [_line(row, labels) for row in found.order_by("-happened_at")]


def event_of_key(till: Till, key: str) -> BenefitEvent:
    """Return what a till told under a key. Raises: EventNotFound."""
    found = BenefitEvent.objects.filter(till=till, key=key).first()
    if found is None:
        raise EventNotFound(key)
    return found


def settled_days(viewer: access.Viewer, at_most: int = 62) -> list[SettledDay]:
    """List settled days, the newest first, with ``payable_fen`` and ``provider_count`` of the viewer's area."""
    first, end = viewer.community_span
    here = Q(settlements__provider__community__gte=first, settlements__provider__community__lt=end)
    days = SettledDay.objects.annotate(
        payable_fen=Sum("settlements__payable_fen", filter=here),
        provider_count=Count("settlements__provider", filter=here, distinct=True),
    )
    return list(days[:at_most])


def settled_day(day: date) -> SettledDay:
    """Raises: DayNotSettled."""
    found = SettledDay.objects.filter(day=day).first()
    if found is None:
        raise DayNotSettled(day.isoformat())
    return found


def settlements(viewer: access.Viewer, day: date | None = None, provider_id: int | None = None) -> list[ProviderSettlement]:
    """List what providers of the viewer's area were settled, of one day or one provider, the newest day first."""
    found = _in_area(viewer, ProviderSettlement.objects.select_related("provider", "settled_day"), "provider__community")
    found = found.filter(settled_day__day=day) if day else found
    found = found.filter(provider_id=provider_id) if provider_id else found
    return list(found.order_by("-settled_day__day", "provider__community", "provider_id", "programme"))


def mismatches(day: date) -> list[Mismatch]:
    """Hold a settled day against its events, added up anew; an empty list is a day that agrees. Raises: DayNotSettled."""
    rows = ProviderSettlement.objects.filter(settled_day=settled_day(day))
    settled = {
        (row.provider_id, row.programme): DaySums(row.accepted_count, row.accepted_fen, row.refunded_count, row.refunded_fen)
        for row in rows
    }
    events = sums_of(day)
    pairs = sorted({*settled, *events})
    found = [Mismatch(*pair, settled.get(pair, DaySums()), events.get(pair, DaySums())) for pair in pairs]
    return [each for each in found if each.settled != each.events]


def _area_events(viewer: access.Viewer, day: date) -> QuerySet[BenefitEvent]:
    return _in_area(viewer, BenefitEvent.objects.filter(booked_on=day), "till__provider__community")


def _in_area(viewer: access.Viewer, rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    first, end = viewer.community_span
    return rows.filter(**{f"{column}__gte": first, f"{column}__lt": end})


def _line(row: BenefitEvent, labels: dict[str, Text]) -> EventLine:
    where = row.till.provider
    return EventLine(
        event_id=row.pk,
        provider=Text(where.name_zh, where.name_en),
        programme=row.programme,
        label=labels.get(row.programme, Text(row.programme, row.programme)),
        resident_no=row.resident_no,
        happened_at=row.happened_at,
        booked_on=row.booked_on,
        key=row.key,
        till_no=row.till_id,
        price_fen=row.price_fen,
        city_fen=row.city_fen,
        resident_fen=row.resident_fen,
        refunded_price_fen=row.refunded_price_fen,
        refunded_city_fen=row.refunded_city_fen,
        state=row.state,
        state_text=STATE_TEXT[EventState(row.state)],
        reason=REASONS[row.reason] if row.reason else None,
    )
