"""The values of one household (or other root) by machine code: what a page or an interface asks for many times a second.

Facts are packed into one buffer, every number in eight bytes; the kernel fills another; both stay for the next household of the same size.
Facts that do not pack as they are (a gap, an organisation's number, a day written as a number) are read with care first (household.Rows).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from zhida.engine.fused.ranges import WIDE
from zhida.engine.fused.writing import FLAG, Column, Fact
from zhida.engine.household import Rows, tables_of
from zhida.kernel.period import EPOCH

Counts = tuple[int, ...]
_FORMATS = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "bool": "?"}
_EPOCH_ORDINAL = EPOCH.toordinal()
# Sizes of household whose buffers are kept.
_FRAMES_MAX = 64


class SingleProgram:
    """A program's values for one root at a time."""

    def __init__(self, fused: Any, rows_of: Callable[[Any], Rows]) -> None:
        self._fused, self._rows_of = fused, rows_of
        self._root, self._entities = fused.entities[0], fused.entities
        # Facts one entity after the other: so they lie in the buffer.
        self.facts: list[Fact] = [fact for entity in self._entities for fact in fused.facts if fact[0] == entity]
        self._flatten = _flattening(self.facts, self._root, fused.definitions)
        self._frames: dict[tuple[Counts, bool], Frame] = {}
        # Buffers serve one household at a time.
        self._lock = Lock()

    def calculate(self, facts: Any) -> dict[str, list[Any]] | None:
        """Return the values of every benefit and variable by name, one per row, None where unknown.

        None in place of all where the kernel cannot vouch for them.
        """
        with self._lock:
            return self._calculate(facts)

    def _calculate(self, facts: Any) -> dict[str, list[Any]] | None:
        tables = tables_of(facts)
        counts = tuple([1 if entity == self._root else _length(tables.get(entity, {})) for entity in self._entities])
        try:
            frame = self._frames.get((counts, False)) or self._frame(counts, False)
            frame.pack(*self._flatten(tables))
        except (struct.error, AttributeError, TypeError, KeyError):
            return self._carefully(facts, counts)
        if len(self._entities) > 2:
            frame.set_parents(self._rows_of(facts))
        return frame.run()

    def _carefully(self, facts: Any, counts: Counts) -> dict[str, list[Any]] | None:
        """Read facts as the counter does, each checked; those with a gap go with a mask. Raises: what household.Rows raises."""
        rows = self._rows_of(facts)
        columns = [list(rows.values(*fact)) for fact in self.facts]
        gaps = any(value is None for column in columns for value in column)
        frame = self._frames.get((counts, gaps)) or self._frame(counts, gaps)
        if gaps:
            frame.mask([value is not None for column in columns for value in column])
        frame.pack(*(0 if value is None else value for column in columns for value in column))
        if len(self._entities) > 2:
            frame.set_parents(rows)
        return frame.run()

    def _frame(self, counts: Counts, gaps: bool) -> Frame:
        if len(self._frames) >= _FRAMES_MAX:
            self._frames.clear()
        kernel = self._fused.kernel({fact: Column("i64", gaps) for fact in self._fused.facts}, WIDE)
        frame = self._frames[(counts, gaps)] = Frame(kernel, self._entities, counts, self.facts)
        return frame


class Frame:
    """Buffers for households with so many rows of each entity, and the pointers of one kernel to them."""

    def __init__(self, kernel: Any, entities: Sequence[str], counts: Counts, facts: Sequence[Fact]) -> None:
        self._kernel, self._counts = kernel, dict(zip(entities, counts, strict=True))
        written = kernel.written
        cells = sum(self._counts[entity] for entity, _ in facts)
        self._numbers, self._known = np.zeros(max(cells, 1), dtype=np.int64), np.ones(max(cells, 1), dtype=bool)
        self._pack = struct.Struct(f"={cells}q").pack_into
        self._flag = np.zeros(1, dtype=np.int64)
        self._parents: dict[tuple[str, str], Any] = {}
        self._kept: list[Any] = []
        self._pointers = np.zeros(len(written.slots.index), dtype=np.uint64)
        offsets, at = {}, 0
        for fact in facts:
            offsets[fact] = at
            at += self._counts[fact[0]]
        outputs = _Outputs(written.answers, self._counts)
        for slot, place in written.slots.index.items():
            self._pointers[place] = self._address(slot, offsets, outputs, written)
        self._address_of_pointers = self._pointers.__array_interface__["data"][0]
        self._output, self._read = outputs.buffer, outputs.reading()

    def pack(self, *cells: int) -> None:
        self._pack(self._numbers.data, 0, *cells)

    def mask(self, known: Sequence[bool]) -> None:
        self._known[: len(known)] = known

    def set_parents(self, rows: Rows) -> None:
        for (lower, higher), parents in self._parents.items():
            parents[:] = rows.parents(lower, higher)

    def run(self) -> dict[str, list[Any]] | None:
        self._flag[0] = 0
        self._kernel.run(self._address_of_pointers, 0, 1, 1)
        return None if self._flag[0] else self._read(self._output)

    def _address(self, slot: Any, offsets: Mapping[Fact, int], outputs: _Outputs, written: Any) -> int:
        if slot == FLAG:
            return _at(self._flag)
        if slot in written.slots.arrays:
            return _at(written.slots.arrays[slot])
        if slot in written.buffers:
            entity, width = written.buffers[slot]
            return self._own(np.zeros(max(self._counts[entity] * width, 1), dtype=np.uint8))
        match slot[0]:
            case "fact":
                return _at(self._numbers) + 8 * offsets[slot[1:]]
            case "starts":
                return self._own(np.array([0, self._counts[slot[1]]], dtype=np.int64))
            case "parent":
                self._parents[slot[1:]] = np.zeros(self._counts[slot[1]], dtype=np.int32)
                return _at(self._parents[slot[1:]])
        if slot in written.answers:
            return outputs.address(slot)
        return _at(self._known) + offsets[slot[0][1:]]

    def _own(self, array: Any) -> int:
        self._kept.append(array)
        return _at(array)


class _Outputs:
    """One buffer for all answers, and the function that reads it."""

    def __init__(self, answers: Mapping[Any, tuple[str, str]], counts: Mapping[str, int]) -> None:
        self._answers, self._counts = answers, counts
        self._format: list[str] = []
        self._first: dict[Hashable, int] = {}
        self._cells, self._bytes = 0, 0
        self.buffer = np.zeros(sum(8 * counts[entity] for entity, _ in answers.values()) + 1, dtype=np.uint8)

    def address(self, slot: Any) -> int:
        """Lay out one array behind those before it."""
        entity, kind = self._answers[slot]
        rows, place = self._counts[entity], _at(self.buffer) + self._bytes
        self._format.append(f"{rows}{_FORMATS[kind]}")
        self._first[slot] = self._cells
        self._cells += rows
        self._bytes += rows * struct.calcsize(_FORMATS[kind])
        return place

    def reading(self) -> Callable[[Any], dict[str, list[Any]]]:
        """Return a function from the buffer to values by name, written for this size of household."""
        entries = []
        for role, name in self._answers:
            if role in ("amount", "value"):
                beside, join = ("status", "granted") if role == "amount" else ("known", "gapped")
                cells = self._slice((role, name))
                cells = f"{join}({cells}, {self._slice((beside, name))})" if (beside, name) in self._first else f"list({cells})"
                entries.append(f"{name!r}: {cells}")
        space = {"unpack": struct.Struct("=" + "".join(self._format)).unpack_from, "granted": _granted, "gapped": _gapped}
        exec(f"def read(buffer):\n    t = unpack(buffer)\n    return {{{', '.join(entries)}}}", space)
        return space["read"]  # type: ignore[return-value]

    def _slice(self, slot: Hashable) -> str:
        return f"t[{self._first[slot]}:{self._first[slot] + self._counts[self._answers[slot][0]]}]"


def _granted(amounts: Sequence[int], statuses: Sequence[int]) -> list[int | None]:
    return [None if status == 2 else amount for amount, status in zip(amounts, statuses, strict=True)]


def _gapped(values: Sequence[Any], known: Sequence[bool]) -> list[Any]:
    return [value if is_known else None for value, is_known in zip(values, known, strict=True)]


def _flattening(facts: Sequence[Fact], root: str, definitions: Mapping[Fact, Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function from tables to one tuple of all cells, written for these facts; days count from 1970."""
    lines, cells = [], []
    for entity in dict.fromkeys(entity for entity, _ in facts):
        lines.append(f"    {entity} = tables[{entity!r}]")
    for entity, name in facts:
        column = f"{entity}[{name!r}]"
        if definitions[(entity, name)].kind == "date":
            cells.append(
                f"{column}.toordinal() - {_EPOCH_ORDINAL}" if entity == root else f"*[d.toordinal() - {_EPOCH_ORDINAL} for d in {column}]"
            )
        else:
            cells.append(column if entity == root else f"*{column}")
    space: dict[str, Any] = {}
    exec("\n".join(["def flatten(tables):", *lines, f"    return ({''.join(f'{cell}, ' for cell in cells)})"]), space)
    return space["flatten"]  # type: ignore[no-any-return]


def _length(table: Mapping[str, Any]) -> int:
    return len(next(iter(table.values()), ()))


def _at(array: Any) -> int:
    place: int = array.__array_interface__["data"][0]
    return place
