"""The machine interface in OpenAPI 3.1, written by hand and held to the real answers by a test."""

from __future__ import annotations

from typing import Any

from zhida.blocks.tills.api import REASONS
from zhida.web.api import reading
from zhida.web.api.problems import PROBLEMS

Schema = dict[str, Any]


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _whole(lowest: int, highest: int, description: str = "") -> Schema:
    return {"type": "integer", "minimum": lowest, "maximum": highest, **({"description": description} if description else {})}


def _maybe(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _text(pattern: str, description: str) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


_FEN = _whole(0, reading.FEN_MAX)
_KEY = _text(reading.KEY, "The till's own key: once used it stands for this content for ever.")
_MOMENT = {**_text(reading.MOMENT, "RFC 3339 with a zone"), "format": "date-time"}
_DAY = {"type": "string", "format": "date"}
_PRICE = _whole(1, reading.FEN_MAX, "Full price in fen")
_SENTENCE = _object(("zh", "en"), zh={"type": "string"}, en={"type": "string"})
_ANSWER = {
    "key": {"type": ["string", "null"]},
    "state": {"enum": ["accepted", "refused"]},
    "reason": {"enum": [None, *REASONS], "description": "; ".join(f"{code}: {text.en}" for code, text in REASONS.items())},
    "sentence": {"$ref": "#/components/schemas/Sentence"},
    "field": {"type": "string", "description": "The malformed field, where the reason is invalid"},
    "city_fen": {**_FEN, "description": "What the city pays"},
    "resident_fen": _maybe({**_FEN, "description": "What the resident pays"}),
    "remaining_times": _maybe(_whole(0, 10**6, "Left this month; null: no such cap, or refused")),
    "remaining_fen": _maybe(_whole(0, 10**12, "Left this month; null: no such cap, or refused")),
}
_ANSWERED = ("state", "reason", "sentence", "city_fen", "resident_fen", "remaining_times", "remaining_fen")
_EVENT = _object(
    reading.EVENT_FIELDS,
    key=_KEY,
    programme=_text(reading.PROGRAMME, "Code of the programme, as canteen_meal"),
    resident_no=_whole(1, reading.NUMBER_MAX, "The number on the resident's card"),
    happened_at=_MOMENT,
    price_fen=_PRICE,
)
_REFUND = _object(
    reading.REFUND_FIELDS,
    key=_KEY,
    price_fen=_whole(1, reading.FEN_MAX, "What of the price goes back"),
    happened_at=_MOMENT,
    event_till_no=_whole(1, reading.NUMBER_MAX, "The till that told of the event, where it was another one of the same provider"),
)
_REFUND_ANSWER = ("key", "event_key", "price_fen", "city_fen", "resident_fen", "booked_on")
_SCHEMAS: Schema = {
    "Sentence": _SENTENCE,
    "Event": _EVENT,
    # Each event is judged by itself, so a malformed one does not make the request malformed.
    "Events": _object(("events",), events={"type": "array", "minItems": 1, "maxItems": reading.EVENTS_MAX, "items": _EVENT}),
    "Answer": _object(("key", *_ANSWERED), **_ANSWER),
    "Answers": _object(("answers",), answers={"type": "array", "items": {"$ref": "#/components/schemas/Answer"}}),
    "EventState": _object(
        ("key", *_ANSWERED, "refunded_price_fen", "refunded_city_fen", "booked_on"),
        **_ANSWER, refunded_price_fen=_FEN, refunded_city_fen=_FEN, booked_on=_DAY,
    ),
    "Entitlement": _object(_ANSWERED, **{name: schema for name, schema in _ANSWER.items() if name not in ("key", "field")}),
    "Refund": _REFUND,
    "RefundAnswer": _object(
        _REFUND_ANSWER,
        key=_KEY, event_key=_KEY, price_fen=_PRICE, city_fen=_FEN, resident_fen=_FEN, booked_on=_DAY,
    ),
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "code", "detail", "sentence"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "sentence": {"$ref": "#/components/schemas/Sentence"},
            "pointer": {"type": "string"},
        },
    },
}  # fmt: skip

_USUAL = (401, 403, 405, 429, 500, 503)
_TITLES = {status: title for status, title, _ in PROBLEMS.values()} | {409: "Conflict, or not possible", 422: "The content is not valid"}


def _operation(name: str, summary: str, schema: str, statuses: tuple[int, ...], **more: Any) -> Schema:
    ok = {"description": "Done", "content": _content("application/json", schema)}
    problems = {
        str(status): {"description": _TITLES[status], "content": _content("application/problem+json", "Problem")}
        for status in sorted({*statuses, *_USUAL})
    }
    return {"operationId": name, "summary": summary, "responses": {"200": ok, **problems}, **more}


def _content(kind: str, schema: str) -> Schema:
    return {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _body(schema: str) -> Schema:
    return {"requestBody": {"required": True, "content": _content("application/json", schema)}}


def _parameter(name: str, where: str, schema: Schema) -> Schema:
    return {"name": name, "in": where, "required": True, "schema": schema}


_KEY_IN_PATH = {"parameters": [_parameter("key", "path", _KEY)]}
_QUESTION = {
    "parameters": [
        _parameter("resident_no", "query", _EVENT["properties"]["resident_no"]),
        _parameter("programme", "query", _EVENT["properties"]["programme"]),
        _parameter("price_fen", "query", _PRICE),
    ]
}
DOCUMENT: Schema = {
    "openapi": "3.1.0",
    "info": {
        "title": "Zhida tills",
        "version": "1",
        "description": "Benefits by event: a canteen, a bus, a clinic or a school tells what happened, and hears what the city pays.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "servers": [{"url": "/"}],
    "security": [{"till": []}],
    "paths": {
        "/api/till/events": {
            "post": _operation(
                "postEvents", "Tell of 1 to 100 events, each answered by itself", "Answers", (400, 413, 422), **_body("Events")
            )
        },
        "/api/till/events/{key}": {"get": _operation("getEvent", "What was answered under a key", "EventState", (404,), **_KEY_IN_PATH)},
        "/api/till/events/{key}/refunds": {
            "post": _operation(
                "postRefund",
                "Refund an event, whole or in part",
                "RefundAnswer",
                (400, 404, 409, 413, 422),
                **_KEY_IN_PATH,
                **_body("Refund"),
            )
        },
        "/api/till/entitlements": {
            "get": _operation("getEntitlement", "What an event would be answered now", "Entitlement", (422,), **_QUESTION)
        },
    },
    "components": {"schemas": _SCHEMAS, "securitySchemes": {"till": {"type": "http", "scheme": "bearer"}}},
}
