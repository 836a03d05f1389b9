"""The machine interface of tills: events, one event's state, refunds, and asking before serving. Never a name in an answer."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from zhida.blocks.access import api as access
from zhida.blocks.tills import api as tills
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import public
from zhida.web.api import problems, reading
from zhida.web.api.access import requires_till
from zhida.web.api.openapi import DOCUMENT
from zhida.web.api.problems import problem


@requires_till("POST")
def events(request: HttpRequest) -> HttpResponse:
    """Answer 1 to 100 events, each by itself."""
    written = reading.events_of_body(reading.body_of(request))
    told = [_read(each) for each in written]
    answers = iter(tills.post_events(request.till, [each for each in told if isinstance(each, tills.EventRequest)]))
    return _json({"answers": [_answer(next(answers)) if isinstance(each, tills.EventRequest) else each for each in told]})


def _read(written: Any) -> tills.EventRequest | dict[str, Any]:
    """Return an event, or the answer to one that is malformed: nothing of it is kept."""
    try:
        return reading.read_event(written)
    except reading.Wrong as wrong:
        key = written.get("key") if isinstance(written, dict) else None
        told = {"key": key[:64] if isinstance(key, str) else None, "state": "refused", "reason": "invalid", "field": wrong.field}
        return {**told, "sentence": {"zh": wrong.zh, "en": wrong.en}, **_NOTHING}


_NOTHING = {"city_fen": 0, "resident_fen": None, "remaining_times": None, "remaining_fen": None}


@requires_till("GET")
def event(request: HttpRequest, key: str) -> HttpResponse:
    """Say what was answered under a key, and what of it was refunded since."""
    kept = tills.event_of_key(request.till, key)
    back = {"refunded_price_fen": kept.refunded_price_fen, "refunded_city_fen": kept.refunded_city_fen}
    return _json({**_answer(tills.answer_of(kept)), **back, "booked_on": kept.booked_on.isoformat()})


@requires_till("POST")
def refunds(request: HttpRequest, key: str) -> HttpResponse:
    """Take a refund of one event in."""
    refund, event_till_no = reading.read_refund(reading.body_of(request))
    made = tills.refund_event(request.till, key, refund, event_till_no)
    return _json(
        {
            "key": made.key,
            "event_key": key,
            "price_fen": made.price_fen,
            "city_fen": made.city_fen,
            "resident_fen": made.price_fen - made.city_fen,
            "booked_on": made.booked_on.isoformat(),
        }
    )


@requires_till("GET")
def entitlement(request: HttpRequest) -> HttpResponse:
    """Say what an event would be answered now, keeping nothing but that it was asked."""
    resident_no, programme, price_fen = reading.read_question(request.GET)
    access.record_access(request.viewer, request.purpose, "tills.ask", f"resident {resident_no}")
    asked = tills.EventRequest("", programme, resident_no, clock.now(), price_fen)
    told = _answer(tills.check_event(request.till, asked))
    del told["key"]
    return _json(told)


@public
def document(request: HttpRequest) -> HttpResponse:
    """The interface in OpenAPI 3.1."""
    return _json(DOCUMENT)


@public
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else is asked for below /api/."""
    return problems.answer(problem("not_found"))


def _answer(answer: tills.Answer) -> dict[str, Any]:
    sentence = tills.REASONS[answer.reason] if answer.reason else _ACCEPTED
    return {
        "key": answer.key,
        "state": str(answer.state),
        "reason": answer.reason or None,
        "sentence": {"zh": sentence.zh, "en": sentence.en},
        "city_fen": answer.city_fen,
        "resident_fen": answer.resident_fen,
        "remaining_times": answer.remaining_times,
        "remaining_fen": answer.remaining_fen,
    }


_ACCEPTED = Text("已接收。", "Accepted.")


def _json(told: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(json.dumps(told, ensure_ascii=False), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
