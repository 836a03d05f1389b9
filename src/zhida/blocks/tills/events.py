"""Taking events in: one request of a till is one transaction of a dozen statements, however many events it carries.

Each event is answered by itself. A key that was answered before gets the same answer again, whatever has happened since.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from zhida.blocks.tills import rows
from zhida.blocks.tills.counters import Counters
from zhida.blocks.tills.eligibility import Lists
from zhida.blocks.tills.locking import lock_book_and_till, lock_persons
from zhida.blocks.tills.models import BenefitEvent, Till
from zhida.blocks.tills.programmes import installed
from zhida.blocks.tills.rules import (
    Answer,
    EventRequest,
    EventState,
    Programme,
    Standing,
    Terms,
    decide,
    local_day,
    reason_before_counting,
    reason_of_standing,
    refused,
)
from zhida.kernel import clock


@transaction.atomic
def post_events(till: Till, events: Sequence[EventRequest], now: datetime | None = None) -> list[Answer]:
    """Answer events and keep them; once this returns they are kept. One answer per event, in the same order.

    till: with its provider. now: when the request arrived, by default this moment.
    """
    lock_book_and_till(till.pk)
    now = now or clock.now()
    answered = _answered_before(till, events)
    judged = _Judged(till.provider.kind, [event for event in events if event.key not in answered], now)
    booked_on = book_open_on(local_day(now))
    answers, made = [], []
    for event in events:
        if event.key not in answered:
            answer, person_no = judged.answer(event)
            answered[event.key] = (event, answer)
            made.append(_values(till.pk, event, answer, person_no, now, booked_on))
        first, answer = answered[event.key]
        answers.append(answer if first == event else refused(event, "conflict"))
    judged.counters.add()
    rows.insert("tills_benefitevent", _COLUMNS, made)
    return answers


_COLUMNS = {
    "till_id": "bigint", "key": "text", "programme": "text", "resident_no": "bigint", "person_no": "bigint",
    "happened_at": "timestamptz", "happened_on": "date", "price_fen": "bigint", "state": "text", "reason": "text", "city_fen": "bigint",
    "remaining_times": "int", "remaining_fen": "bigint", "received_at": "timestamptz", "booked_on": "date",
    "refunded_price_fen": "bigint", "refunded_city_fen": "bigint",
}  # fmt: skip


def _values(till_id: int, event: EventRequest, answer: Answer, person_no: int, now: datetime, booked_on: date) -> tuple[object, ...]:
    """Return the row of an answered event, in the order of _COLUMNS."""
    return (
        till_id, event.key, event.programme, event.resident_no, person_no,
        rows.moment_text(event.happened_at), event.day.isoformat(), event.price_fen, answer.state, answer.reason, answer.city_fen,
        answer.remaining_times, answer.remaining_fen, rows.moment_text(now), booked_on.isoformat(), 0, 0,
    )  # fmt: skip


def book_open_on(day: date) -> date:
    """Return the day that something arriving on a day is booked on: that day, unless its book is closed already."""
    ((closed,),) = rows.query("SELECT max(day) FROM tills_settledday")
    if closed is None:
        return day
    closed = closed if isinstance(closed, date) else date.fromisoformat(closed)
    return max(day, closed + timedelta(days=1))


_KEPT = "SELECT e.id FROM tills_benefitevent e JOIN {keys} ON e.key = k.key WHERE e.till_id = %s"


def _answered_before(till: Till, events: Sequence[EventRequest]) -> dict[str, tuple[EventRequest, Answer]]:
    """Return what was told and answered under these keys before: seldom anything."""
    keys = [[key] for key in {event.key for event in events}]
    found = rows.query(_KEPT.format(keys=rows.unfolded("k", {"key": "text"})), json.dumps(keys), till.pk)
    kept = BenefitEvent.objects.filter(pk__in=[pk for (pk,) in found]) if found else []
    return {
        each.key: (EventRequest(each.key, each.programme, each.resident_no, each.happened_at, each.price_fen), answer_of(each))
        for each in kept
    }


def answer_of(kept: BenefitEvent) -> Answer:
    """Return the answer that an event got."""
    state = EventState(kept.state)
    return Answer(kept.key, state, kept.reason, kept.city_fen, kept.resident_fen, kept.remaining_times, kept.remaining_fen)


class _Judged:
    """What is known of the new events of one request, read at once: programmes, lists, and under lock the counters."""

    def __init__(self, kind: str, events: Sequence[EventRequest], now: datetime) -> None:
        kept = installed() if events else {}
        self._kind, self._now = kind, now
        self._programmes = {code: programme for code, (programme, _) in kept.items()}
        possible = [event for event in events if not self._reason(event)]
        months = {code: listed for code, (_, listed) in kept.items()}
        self._lists = Lists(months, ((event.programme, _month(event), event.resident_no) for event in possible)) if possible else None
        counted = [
            (standing.person_no, event.programme, self._terms(event), event.day)
            for event in possible
            if not reason_of_standing(standing := self._standing(event))
        ]
        lock_persons({person for person, *_ in counted})
        self.counters = Counters(counted)

    def answer(self, event: EventRequest) -> tuple[Answer, int]:
        """Return the answer and whom the event counts for."""
        if reason := self._reason(event):
            return refused(event, reason), event.resident_no
        standing = self._standing(event)
        if reason := reason_of_standing(standing):
            return refused(event, reason), standing.person_no or event.resident_no
        terms = self._terms(event)
        return decide(event, terms, self.counters.of(standing.person_no, event.programme, terms, event.day)), standing.person_no

    def _programme(self, event: EventRequest) -> Programme | None:
        return self._programmes.get(event.programme)

    def _reason(self, event: EventRequest) -> str:
        return reason_before_counting(event, self._programme(event), self._kind, self._now)

    def _terms(self, event: EventRequest) -> Terms:
        terms = self._programmes[event.programme].terms_on(event.day)
        assert terms is not None, "an event without terms was refused before"
        return terms

    def _standing(self, event: EventRequest) -> Standing:
        assert self._lists is not None, "lists are read for every event that may count"
        return self._lists.standing(event.programme, _month(event), event.resident_no)


def _month(event: EventRequest) -> str:
    return event.day.isoformat()[:7]


def check_event(till: Till, event: EventRequest, now: datetime | None = None) -> Answer:
    """Say what would come of an event now, keeping nothing: what a till asks before it serves somebody."""
    now = now or clock.now()
    return _Judged(till.provider.kind, [event], now).answer(event)[0]
