"""The facts of one household as the scalar evaluator takes them: plain ints, bools and None. What a fact cannot be is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from zhida.engine.entities import FactDefinition
from zhida.engine.errors import FactUnusable
from zhida.kernel.period import EPOCH

Reader = Callable[[Sequence[Any]], Sequence[Any]]
_LIMIT = 2**63 - 1
_EPOCH_ORDINAL = EPOCH.toordinal()


def reader(fact: FactDefinition) -> Reader:
    """Return what turns a column of a fact into plain values. The reader raises FactUnusable for a value of another type or code."""
    if fact.dtype == "organisation":
        return lambda values: [int(value is not None and value != 0) for value in values]
    if fact.kind == "bool":
        return _bools(fact)
    if fact.kind == "date":
        return _dates(fact)
    return _numbers(fact, *((0, len(fact.codes) or 1) if fact.kind == "code" else (-_LIMIT, _LIMIT)))


def _bools(fact: FactDefinition) -> Reader:
    def read(values: Sequence[Any]) -> Sequence[Any]:
        for value in values:
            if value is not True and value is not False and value is not None:
                return [_bool(fact, each) for each in values]
        return values

    return read


def _bool(fact: FactDefinition, value: Any) -> bool | None:
    if value is None or type(value).__name__ in ("bool", "bool_"):
        return None if value is None else bool(value)
    raise FactUnusable(fact.name, f"“{value}”不是 True、False 或 None。", f"{value!r} is not True, False or None.")


def _numbers(fact: FactDefinition, least: int, most: int) -> Reader:
    def read(values: Sequence[Any]) -> Sequence[Any]:
        for value in values:
            if value is not None and (value.__class__ is not int or not least <= value <= most):
                return [_number(fact, each, least, most) for each in values]
        return values

    return read


def _number(fact: FactDefinition, value: Any, least: int, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        words = _unit_words(fact)
        raise FactUnusable(fact.name, f"“{value}”不是整数（{words}）。", f"{value!r} is not a whole number ({words}).")
    number = int(value)
    if not least <= number <= most:
        codes = ", ".join(f"{place} {code}" for place, code in enumerate(("none", *fact.codes)))
        zh, en = (f"可用的是 {codes}", f"use one of {codes}") if fact.kind == "code" else ("超过 19 位", "it has more than 19 digits")
        raise FactUnusable(fact.name, f"“{value}”不可用：{zh}。", f"{value!r} is not a value of it: {en}.")
    return number


def _unit_words(fact: FactDefinition) -> str:
    if fact.kind == "code":
        return "the position of a code"
    return f"10^-{fact.scale} {fact.unit or 1}" if fact.scale else "fen" if fact.dtype.startswith("money") else fact.unit or "1"


def _dates(fact: FactDefinition) -> Reader:
    return lambda values: [_day(fact, value) for value in values]


def _day(fact: FactDefinition, value: Any) -> int | None:
    if value.__class__ is int or value is None:
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.toordinal() - _EPOCH_ORDINAL
    if hasattr(value, "__index__") and not isinstance(value, bool):
        return int(value)
    raise FactUnusable(fact.name, f"“{value}”不是日期。", f"{value!r} is not a date, nor days since 1970-01-01.")
