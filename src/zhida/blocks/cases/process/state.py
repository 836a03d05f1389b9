"""A running case as a few hundred bytes of JSON: its tokens, what is done and its values. The process itself is kept once, by its hash."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from zhida.blocks.cases.process.errors import ValueNotKept

# A date, a moment and an exact number have no form of their own in JSON; an object with one such key is one of them.
_DATE, _MOMENT, _NUMBER = "~date", "~time", "~number"


def values_to_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a case for JSON. Raises: ValueNotKept."""
    return {key: _to_json(value, key) for key, value in values.items()}


def values_from_json(kept: dict[str, Any]) -> dict[str, Any]:
    """Return the values as they were."""
    return {key: _from_json(value) for key, value in kept.items()}


def _to_json(value: Any, key: str) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    if isinstance(value, date):
        return {_DATE: value.isoformat()}
    if isinstance(value, Decimal):
        return {_NUMBER: str(value)}
    if isinstance(value, list | tuple):
        return [_to_json(part, key) for part in value]
    if isinstance(value, dict) and all(isinstance(name, str) and not name.startswith("~") for name in value):
        return {name: _to_json(part, f"{key}.{name}") for name, part in value.items()}
    raise ValueNotKept(key, type(value).__name__)


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_json(part) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, written), *_ = value.items()
        if name == _DATE:
            return date.fromisoformat(written)
        if name == _MOMENT:
            return datetime.fromisoformat(written)
        if name == _NUMBER:
            return Decimal(written)
    return {name: _from_json(part) for name, part in value.items()}
