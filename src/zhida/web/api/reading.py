"""Reading what a till sends, strictly: every field known, typed and in its range, or a sentence that names it.

The limits here and those of ``openapi.py`` are the same constants.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from zhida.blocks.tills.api import EventRequest, RefundRequest
from zhida.web.api.problems import invalid, problem

BODY_BYTES_MAX = 64 * 1024
EVENTS_MAX = 100
KEY = r"[A-Za-z0-9._:-]{1,64}"
PROGRAMME = r"[a-z][a-z0-9_]{1,39}"
MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})"
FEN_MAX = 100_000_000
NUMBER_MAX = 2**63 - 1
EVENT_FIELDS = ("key", "programme", "resident_no", "happened_at", "price_fen")
REFUND_FIELDS = ("key", "price_fen", "happened_at")

_KEY, _PROGRAMME, _MOMENT = re.compile(KEY), re.compile(PROGRAMME), re.compile(MOMENT, re.ASCII)


class Wrong(Exception):
    """A field that is missing or not what it must be."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        self.field, self.zh, self.en = field, zh, en
        super().__init__(en)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the body, a JSON object. Raises: Problem too_large, not_json, invalid."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        raise problem("too_large")
    try:
        body = json.loads(request.body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise problem("not_json") from error
    if not isinstance(body, dict):
        raise invalid("", "请求体要是一个JSON对象；请按接口说明生成。", "The body must be a JSON object. Write it as the interface says.")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def events_of_body(body: dict[str, Any]) -> list[Any]:
    """Return the events of a body as they were written, 1 to EVENTS_MAX. Raises: Problem invalid."""
    events = body.get("events")
    if set(body) != {"events"} or not isinstance(events, list) or not 1 <= len(events) <= EVENTS_MAX:
        raise invalid(
            "/events",
            f"请求体要有events一个字段，含1到{EVENTS_MAX}条记录；请改正后重发。",
            f"The body needs the one field events, with 1 to {EVENTS_MAX} events. Correct it and send it again.",
        )
    return events


def read_event(written: Any) -> EventRequest:
    """Raises: Wrong, naming the first field that is not right."""
    told = _fields(written, EVENT_FIELDS)
    return EventRequest(
        key=_text(told, "key", _KEY),
        programme=_text(told, "programme", _PROGRAMME),
        resident_no=_number(told, "resident_no", NUMBER_MAX),
        happened_at=_moment(told, "happened_at"),
        price_fen=_number(told, "price_fen", FEN_MAX),
    )


def read_refund(body: dict[str, Any]) -> tuple[RefundRequest, int]:
    """Return a refund and the till whose event it is, 0 for the asking one. Raises: Problem invalid."""
    try:
        told = _fields(body, REFUND_FIELDS, ("event_till_no",))
        till_no = _number(told, "event_till_no", NUMBER_MAX) if "event_till_no" in told else 0
        return RefundRequest(_text(told, "key", _KEY), _number(told, "price_fen", FEN_MAX), _moment(told, "happened_at")), till_no
    except Wrong as wrong:
        raise invalid(f"/{wrong.field}", wrong.zh, wrong.en) from wrong


def read_question(query: Any) -> tuple[int, str, int]:
    """Return resident number, programme and price of a question before serving. Raises: Problem invalid."""
    try:
        told = {name: int(value) if name != "programme" and value.isdecimal() else value for name, value in query.items()}
        told = _fields(told, ("resident_no", "programme", "price_fen"))
        return _number(told, "resident_no", NUMBER_MAX), _text(told, "programme", _PROGRAMME), _number(told, "price_fen", FEN_MAX)
    except (Wrong, ValueError) as wrong:
        field = wrong.field if isinstance(wrong, Wrong) else "resident_no"
        zh, en = (wrong.zh, wrong.en) if isinstance(wrong, Wrong) else ("数字太长；请改正。", "A number is too long. Correct it.")
        raise invalid(field, zh, en) from wrong


def _fields(written: Any, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(written, dict):
        raise Wrong("", "每条记录要是一个JSON对象；请改正后重发。", "Each event must be a JSON object. Correct it and send it again.")
    for name in names:
        if name not in written:
            raise Wrong(name, f"缺少字段{name}；请补上后重发。", f"The field {name} is missing. Add it and send it again.")
    for name in written:
        if name not in names and name not in optional:
            shown = name[:40]
            raise Wrong(shown, f"没有字段{shown}；请去掉后重发。", f"There is no field {shown}. Leave it out and send it again.")
    return written


def _must(holds: bool, field: str, zh: str, en: str) -> None:
    if not holds:
        raise Wrong(field, f"字段{field}要是{zh}；请改正后重发。", f"The field {field} must be {en}. Correct it and send it again.")


def _text(told: dict[str, Any], field: str, pattern: re.Pattern[str]) -> str:
    value = told[field]
    holds = isinstance(value, str) and pattern.fullmatch(value) is not None
    _must(holds, field, f"符合 {pattern.pattern} 的文本", f"text that matches {pattern.pattern}")
    return str(value)


def _number(told: dict[str, Any], field: str, highest: int) -> int:
    value = told[field]
    # True is an int in Python, and no number in JSON.
    holds = type(value) is int and 1 <= value <= highest
    _must(holds, field, f"1 到 {highest} 的整数", f"a whole number from 1 to {highest}")
    return int(value)


def _moment(told: dict[str, Any], field: str) -> datetime:
    value = told[field]
    holds = isinstance(value, str) and _MOMENT.fullmatch(value) is not None
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC) if holds else None
    except (ValueError, OverflowError):
        moment = None
    _must(moment is not None, field, "带时区的时刻，如 2025-11-05T12:00:00+08:00", "a moment with its zone, as 2025-11-05T12:00:00+08:00")
    assert moment is not None
    return moment
