"""A parameter's values for one period, laid out so that a column of keys finds its values with one or two look-ups."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import numpy as np

from zhida.engine.parameters import Entry, Key, Parameter, Scale, key_number
from zhida.kernel.period import days_since_epoch

Array = Any
# Keys further apart than this are found by search instead of by position.
_DENSE = 1 << 16
# Stands for every key that no entry names.
_OTHER = object()


class KeyIndex:
    """Turns the values of one key into positions 1..n; 0 is every value that no entry names."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = sorted(set(numbers))
        self._position = {number: index + 1 for index, number in enumerate(self.numbers)}
        self.low = self.numbers[0] if self.numbers else 0
        span = self.numbers[-1] - self.low + 1 if self.numbers else 1
        self.sorted = np.array(self.numbers, dtype=np.int64)
        # The last slot catches every key outside the span.
        self.dense = np.zeros(span + 1, dtype=np.int64) if span <= _DENSE else None
        if self.dense is not None:
            for number, position in self._position.items():
                self.dense[number - self.low] = position

    @property
    def size(self) -> int:
        return len(self.numbers) + 1

    def position(self, key: int) -> int:
        return self._position.get(key, 0)

    def positions(self, keys: Array) -> Array:
        keys = keys.astype(np.int64, copy=False)
        if self.dense is None:
            found = np.searchsorted(self.sorted, keys).clip(0, len(self.numbers) - 1)
            return np.where(self.sorted[found] == keys, found + 1, 0)
        offset = keys - self.low
        last = len(self.dense) - 1
        # A negative offset is a huge unsigned number, so one comparison catches both sides.
        return self.dense.take(np.minimum(offset.view(np.uint64), np.uint64(last)).view(np.int64))


class StepIndex:
    """Turns a date into the number of value changes on or before it: the key of ``law.x.on(day)``."""

    def __init__(self, starts: Sequence[date]) -> None:
        self.days = [days_since_epoch(day) for day in starts]
        self.starts = np.array(self.days, dtype=np.int64)

    @property
    def size(self) -> int:
        return len(self.days) + 1

    def position(self, key: int) -> int:
        return bisect_right(self.days, key)

    def positions(self, keys: Array) -> Array:
        return np.searchsorted(self.starts, keys, side="right")


@dataclass(eq=False)
class Table:
    """The values of a parameter by flat position over its keys. ``entries`` is None where the law says nothing."""

    parameter: Parameter
    indexes: list[Any]
    entries: list[Entry | None]
    values: Array
    present: Array

    @property
    def complete(self) -> bool:
        return bool(self.present.all())

    def flat_position(self, keys: Sequence[int]) -> int:
        position = 0
        for index, key in zip(self.indexes, keys, strict=True):
            position = position * index.size + index.position(key)
        return position

    def flat_positions(self, keys: Sequence[Any]) -> Array:
        position: Any = 0
        for index, key in zip(self.indexes, keys, strict=True):
            found = index.positions(key) if isinstance(key, np.ndarray) else index.position(int(key))
            position = position * index.size + found
        return position


def build_table(parameter: Parameter, codes: Sequence[tuple[str, ...]], day: date | None) -> Table:
    """Lay out a parameter for a day, or for every day (``day`` None: a date is the last key).

    codes: for each key, the code list of the expression it is looked up with (empty for numbers).
    """
    named = [parameter.named_keys(position) for position in range(len(parameter.by))]
    slots: list[list[Any]] = []
    indexes: list[Any] = []
    for keys, key_codes in zip(named, codes, strict=True):
        numbers = {key_number(key, key_codes): key for key in keys}
        index = KeyIndex(list(numbers))
        indexes.append(index)
        slots.append([_OTHER, *(numbers[number] for number in index.numbers)])
    starts = parameter.starts()
    if day is None:
        indexes.append(StepIndex(starts))
        slots.append([None, *starts])
    entries = [_entry(parameter, combination, day) for combination in product(*slots)]
    return Table(parameter, indexes, entries, *_columns(parameter, entries))


def _entry(parameter: Parameter, combination: Sequence[Any], day: date | None) -> Entry | None:
    keys: Sequence[Key] = combination if day is not None else combination[:-1]
    on = day if day is not None else combination[-1]
    return None if on is None else parameter.entry_on(on, keys)


def _columns(parameter: Parameter, entries: Sequence[Entry | None]) -> tuple[Array, Array]:
    present = np.array([parameter.default is not None if entry is None else entry.value is not None for entry in entries])
    fallback = parameter.default or 0
    plain = [fallback if entry is None else entry.value if isinstance(entry.value, int) else 0 for entry in entries]
    return np.array(plain, dtype=np.int64), present


@dataclass(eq=False)
class ScaleTable:
    """A scale's brackets by flat position: rows of thresholds (raised to the base's decimals) and amounts.

    A shorter scale repeats its last bracket: between equal thresholds lies nothing.
    """

    table: Table
    thresholds: Array
    amounts: Array
    # Decimals by which the base must be widened to meet the thresholds.
    widen: int


def build_scale_table(parameter: Parameter, codes: Sequence[tuple[str, ...]], day: date, base_scale: int) -> ScaleTable:
    table = build_table(parameter, codes, day)
    scales = [entry.value if entry and isinstance(entry.value, Scale) else Scale((), ()) for entry in table.entries]
    width = max((len(scale.thresholds) for scale in scales), default=1) or 1
    common = max(base_scale, parameter.threshold_scale)
    factor = 10 ** (common - parameter.threshold_scale)
    thresholds = np.zeros((len(scales), width), dtype=np.int64)
    amounts = np.zeros((len(scales), width), dtype=np.int64)
    for row, scale in enumerate(scales):
        if scale.thresholds:
            left = width - len(scale.thresholds)
            thresholds[row] = [threshold * factor for threshold in scale.thresholds + scale.thresholds[-1:] * left]
            amounts[row] = scale.amounts + scale.amounts[-1:] * left
    return ScaleTable(table, thresholds, amounts, common - base_scale)
