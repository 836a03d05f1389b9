"""Refunds: money that goes back over the counter comes back to the city with the provider's next settlement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from zhida.blocks.tills.counters import Counters
from zhida.blocks.tills.errors import EventNotFound, RefundConflict, RefundImpossible
from zhida.blocks.tills.events import book_open_on
from zhida.blocks.tills.locking import lock_book_and_till, lock_persons
from zhida.blocks.tills.models import BenefitEvent, EventRefund, Till
from zhida.blocks.tills.programmes import installed
from zhida.blocks.tills.rules import CLOCK_SKEW, Programme, Terms, local_day, refund_of_city
from zhida.kernel import clock
from zhida.kernel.money import format_yuan

_DEFAULT_WINDOW_DAYS = 30


@dataclass(frozen=True)
class RefundRequest:
    """A refund as a till tells it: its own key, what of the price went back, and when."""

    key: str
    price_fen: int
    happened_at: datetime


@transaction.atomic
def refund_event(till: Till, event_key: str, request: RefundRequest, event_till_no: int = 0, now: datetime | None = None) -> EventRefund:
    """Take a refund in and return it; the same key with the same content again returns the first one.

    event_till_no: the till that told of the event where it was another of the same provider, 0 for this one.
    Raises: EventNotFound, RefundConflict, RefundImpossible.
    """
    lock_book_and_till(till.pk)
    now = now or clock.now()
    wanted = BenefitEvent.objects.filter(till_id=event_till_no or till.pk, till__provider_id=till.provider_id, key=event_key)
    event = wanted.first()
    if event is None:
        raise EventNotFound(event_key)
    # Two tills of a provider may refund one event: whoever holds its person's lock reads it last.
    lock_persons([event.person_no])
    event.refresh_from_db()
    kept = EventRefund.objects.filter(till=till, key=request.key).first()
    if kept is not None:
        if (kept.event_id, kept.price_fen, kept.happened_at) != (event.pk, request.price_fen, request.happened_at):
            raise RefundConflict(request.key)
        return kept
    programme = (installed().get(event.programme) or (None,))[0]
    _check(event, request, programme, now)
    return _refund(till, event, request, programme, now)


def _check(event: BenefitEvent, request: RefundRequest, programme: Programme | None, now: datetime) -> None:
    """Raises: RefundImpossible."""
    left = event.price_fen - event.refunded_price_fen
    days = programme.refund_days if programme else _DEFAULT_WINDOW_DAYS
    late = timedelta(days=programme.sync_days if programme else _DEFAULT_WINDOW_DAYS)
    if event.state != "accepted":
        raise RefundImpossible(
            "nothing_to_refund",
            f"记录 {event.key} 当时没有被接收，没有可退的补贴；请直接退还居民。",
            f"Event {event.key} was refused, so the city paid nothing. Pay the resident back directly.",
        )
    if request.happened_at > now + CLOCK_SKEW:
        raise RefundImpossible(
            "in_future", "退款时间在将来；请校准终端的时钟后重试。", "The refund lies in the future. Set the till's clock and try again."
        )
    if request.happened_at < event.happened_at:
        raise RefundImpossible(
            "before_event",
            f"退款时间早于记录 {event.key}；请核对时间。",
            f"The refund is earlier than event {event.key}. Check its time.",
        )
    if request.happened_at > event.happened_at + timedelta(days=days) or request.happened_at < now - late:
        raise RefundImpossible(
            "window_over",
            f"记录 {event.key} 的 {days} 天退款期已过，或补传太晚；请联系街道人工处理。",
            f"The {days} days for refunding event {event.key} are over, or it was sent too late. Ask the street office.",
        )
    if request.price_fen > left:
        raise RefundImpossible(
            "too_much",
            f"记录 {event.key} 最多还能退 {format_yuan(left)} 元；请改正金额。",
            f"Of event {event.key} at most {format_yuan(left)} yuan are left to refund. Correct the amount.",
        )


def _refund(till: Till, event: BenefitEvent, request: RefundRequest, programme: Programme | None, now: datetime) -> EventRefund:
    terms = programme.terms_on(event.happened_on) if programme else None
    price_after = event.price_fen - event.refunded_price_fen - request.price_fen
    city_fen = refund_of_city(terms, event.price_fen, event.city_fen, event.refunded_city_fen, price_after)
    if terms:
        _give_back(event, terms, city_fen, is_whole=price_after == 0)
    event.refunded_price_fen += request.price_fen
    event.refunded_city_fen += city_fen
    event.save(update_fields=["refunded_price_fen", "refunded_city_fen"])
    return EventRefund.objects.create(
        till=till,
        key=request.key,
        event=event,
        price_fen=request.price_fen,
        city_fen=city_fen,
        happened_at=request.happened_at,
        received_at=now,
        booked_on=book_open_on(local_day(now)),
    )


def _give_back(event: BenefitEvent, terms: Terms, city_fen: int, is_whole: bool) -> None:
    """Free the caps of the event's own day, month and year again; a part of an event still counts as one time."""
    counters = Counters([(event.person_no, event.programme, terms, event.happened_on)])
    for used in counters.of(event.person_no, event.programme, terms, event.happened_on).values():
        # A wording that was changed later may have a cap that did not count this event.
        used.fen = max(0, used.fen - city_fen)
        used.times = max(0, used.times - is_whole)
    counters.give_back()
