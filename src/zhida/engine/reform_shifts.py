"""The numbers that differ between two laws in a month, in words: what a reform's title does not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

from zhida.engine.graph import Shape
from zhida.engine.parameters import Entry, Key, Parameter, Scale
from zhida.engine.wording import value_text
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.law import Law

_NO_VALUE = Text("无", "none")
_NOT_FOUND = Text("未找到", "not found")
# Stands for every key that no entry names.
_OTHER = object()


@dataclass(frozen=True)
class Shift:
    """One number before and after, for the keys that share it; ``keys`` is empty where it holds for all that have a value."""

    parameter: str
    label: Text
    keys: tuple[tuple[Key, ...], ...]
    before: Text
    after: Text


def shifts(base: Law, reform: Law, day: date) -> list[Shift]:
    """List what a parameter says on a day under each of two laws, where that differs; by parameter, in the order of the reform's law."""
    return [shift for parameter in reform.parameters.values() for shift in _shifts_of(base.parameters.get(parameter.name), parameter, day)]


def values_on(parameter: Parameter, day: date) -> list[Shift]:
    """List what a parameter says on a day, in words, one ``Shift`` for the keys that share a value; its ``before`` says nothing."""
    return list(_shifts_of(None, parameter, day))


def _shifts_of(base: Parameter | None, reform: Parameter, day: date) -> Iterator[Shift]:
    found: dict[tuple[str, str], list[tuple[Key, ...]]] = {}
    same = False
    for keys in _combinations(base, reform):
        before, after = _told(base, day, keys), _told(reform, day, keys)
        if _OTHER in keys and base is not None and before == _NO_VALUE:
            # The law names all the keys there are.
            continue
        same = same or before == after != _NO_VALUE
        if before != after:
            found.setdefault((before.zh, after.zh), []).append(keys)
    for combinations in found.values():
        first = combinations[0]
        named = tuple(keys for keys in combinations if all(key is not _OTHER for key in keys))
        is_all = len(found) == 1 and not same
        yield Shift(reform.name, reform.label, () if is_all else named, _told(base, day, first), _told(reform, day, first))


def _combinations(base: Parameter | None, reform: Parameter) -> Iterator[tuple[Any, ...]]:
    """Yield every combination of keys that either names, and of others."""
    axes: list[list[Any]] = []
    for position in range(len(reform.by)):
        named = [*(base.named_keys(position) if base else ()), *reform.named_keys(position)]
        axes.append([*dict.fromkeys(named), _OTHER])
    yield from product(*axes)


def _told(parameter: Parameter | None, day: date, keys: tuple[Any, ...]) -> Text:
    entry = parameter.entry_on(day, keys) if parameter else None
    return _NO_VALUE if parameter is None or entry is None else _value_text(parameter, entry)


def _value_text(parameter: Parameter, entry: Entry) -> Text:
    shape = Shape(parameter.kind, "", parameter.unit, parameter.scale, parameter.codes)
    # Years are an age where the number's name says so, else as long as something lasts.
    is_age = "龄" in parameter.label.zh
    if entry.value is None:
        return _NOT_FOUND
    if not isinstance(entry.value, Scale):
        return _number_text(entry.value, shape, is_age)
    threshold = Shape("number", "", parameter.threshold_unit, parameter.threshold_scale)
    rows = zip(entry.value.thresholds, entry.value.amounts, strict=True)
    steps = [(_number_text(start, threshold, is_age), _number_text(amount, shape, is_age)) for start, amount in rows]
    return Text("；".join(f"{s.zh}起 {a.zh}" for s, a in steps), "; ".join(f"from {s.en}: {a.en}" for s, a in steps))


def _number_text(value: int, shape: Shape, is_age: bool) -> Text:
    return value_text(value, shape, exact=True, is_age=is_age and str(shape.unit) == "year")
