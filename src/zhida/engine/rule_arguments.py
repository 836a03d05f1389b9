"""Whether a word of a rule file is given what it takes: refused by line, with what it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from zhida.engine import functions
from zhida.engine.entities import Entity
from zhida.engine.errors import DeclarationWrong, Place
from zhida.engine.rule_syntax import quoted
from zhida.kernel.text import Text

_EVERY = (functions.MONTH, functions.QUARTER, functions.YEAR, functions.ONCE)
_PAYEES = ("self", "head", "guardian", "mother")


def refuse_misfit(place: Place, name: str, word: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name. Raises: DeclarationWrong where a word does not take those it is given."""
    signature = inspect.signature(word) if inspect.ismethod(word) else _signature(word)
    try:
        return signature.bind(*given, **named).arguments
    except TypeError as error:
        takes = ", ".join(signature.parameters)
        zh, en = f"参数不对（{error}）；它的参数是 {takes}", f"the arguments do not fit ({error}). It takes: {takes}"
        raise DeclarationWrong(place, f"{name}(…)", zh, en) from None


@cache
def _signature(word: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(word)


def refuse_wrong_kinds(place: Place, word: str, arguments: Mapping[str, Any]) -> None:
    """Raise DeclarationWrong for the first argument of @variable, @benefit or @….from_date that is of another kind than it must be."""
    for name, value in arguments.items():
        fits, zh, en = _KINDS.get(name, _TEXT)
        if not fits(value):
            written = f"@{word}({name}={quoted(value)})"
            raise DeclarationWrong(place, written, f"{name} {zh}", f"{name} {en}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_day(value: Any) -> bool:
    try:
        return value is None or bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


_TEXT = (_is_text, "须是引号里的文字", "is text in quotes")
# What an argument of a declaration must be: the test, and how a sentence says it.
_KINDS: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "entity": (lambda value: isinstance(value, Entity), "须是实体，例如 Person", "is an entity, as Person"),
    "label": (
        lambda value: isinstance(value, Text) or (isinstance(value, tuple) and len(value) == 2 and all(map(_is_text, value))),
        '须是两种语言的文字：("高龄津贴", "Old-age allowance")',
        'is text in two languages: ("高龄津贴", "Old-age allowance")',
    ),
    "codes": (
        lambda value: isinstance(value, tuple) and all(map(_is_text, value)),
        '须是括号里的代码：("low", "high")',
        'are codes in brackets: ("low", "high")',
    ),
    "every": (lambda value: value in _EVERY, f"须是 {'、'.join(_EVERY)} 之一", f"is one of {', '.join(_EVERY)}"),
    "payee": (
        lambda value: _is_text(value) and (value in _PAYEES or value.startswith("organisation:")),
        f"须是 {'、'.join(_PAYEES)} 或 organisation:事实",
        f"is one of {', '.join(_PAYEES)} or organisation:<fact>",
    ),
    "occasion": (lambda value: value is None or _is_text(value), *_TEXT[1:]),
    "in_force": (
        lambda value: isinstance(value, tuple) and len(value) == 2 and all(map(_is_day, value)),
        '须是起止两天：("2021-01-01", None)',
        'is a first day and the day after the last: ("2021-01-01", None)',
    ),
    "since": (lambda value: value is not None and _is_day(value), "须写成 2025-01-23", "is a day, written as 2025-01-23"),
    "known_from": (_is_day, "须写成 2025-01-23", "is a day, written as 2025-01-23"),
}
