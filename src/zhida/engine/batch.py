"""A batch: some whole households as columns, ready for a program. Columns are read when a program first asks for them.

A column is ``(data, known)``. ``known`` is None where nothing is missing, so that complete registers cost nothing; data under a gap is 0.
Dates and codes keep the snapshot's narrow types; numbers are int64.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.engine.entities import FactDefinition
from zhida.engine.errors import BatchDisordered, ColumnMissing

Array = Any
Column = tuple[Any, Any]


@dataclass(frozen=True)
class Segments:
    """How the rows of a lower entity belong to those of a higher one.

    parent: for each lower row its higher row. starts, ends: for each higher row its span among the lower rows. order: the lower rows
    sorted by parent, None where they already are. full: every higher row has at least one lower row.
    """

    parent: Array
    starts: Array
    ends: Array
    order: Array | None
    full: bool


class Batch:
    """Whole households of a snapshot. Entities are named ``person``, ``household`` and ``claim``."""

    def __init__(self, tables: Mapping[str, pa.Table], facts: Iterable[FactDefinition]) -> None:
        self._tables = dict(tables)
        self._dtypes = {(fact.entity, fact.name): fact.dtype for fact in facts}
        self._columns: dict[tuple[str, str], Column] = {}
        self._segments: dict[tuple[str, str], Segments] = {}
        self.rows = {name: table.num_rows for name, table in self._tables.items()}

    @classmethod
    def from_arrow(
        cls,
        person: pa.Table,
        household: pa.Table,
        claim: pa.Table | None = None,
        facts: Iterable[FactDefinition] | Mapping[str, FactDefinition] = (),
    ) -> Batch:
        """Take three tables sorted by household_no. Every household of a person must be in ``household``; an entity may be empty.

        Raises: BatchDisordered.
        """
        listed = facts.values() if isinstance(facts, Mapping) else facts
        tables = {"person": person, "household": household}
        tables["claim"] = claim if claim is not None else _no_claims()
        batch = cls(tables, listed)
        batch.segments("person", "household")
        return batch

    def column(self, entity: str, name: str) -> Column:
        """Return one fact of every row. Raises: ColumnMissing."""
        key = (entity, name)
        if key not in self._columns:
            table = self._tables[entity]
            if name not in table.column_names:
                if not table.num_rows:
                    return np.zeros(0, dtype=np.int64), None
                raise ColumnMissing(entity, name)
            self._columns[key] = _read(table.column(name), self._dtypes.get(key, ""))
        return self._columns[key]

    def segments(self, lower: str, higher: str) -> Segments:
        """Return how rows of ``lower`` belong to rows of ``higher``."""
        key = (lower, higher)
        if key not in self._segments:
            self._segments[key] = self._find_segments(lower, higher)
        return self._segments[key]

    def _find_segments(self, lower: str, higher: str) -> Segments:
        column = "resident_no" if higher == "person" else "household_no"
        mine, theirs = self._key(lower, column), self._key(higher, column)
        if higher != "person" and len(theirs) > 1 and not bool((theirs[1:] > theirs[:-1]).all()):
            raise BatchDisordered(higher)
        order = np.argsort(theirs, kind="stable") if higher == "person" else None
        parent: Array = np.searchsorted(theirs, mine, sorter=order)
        if len(mine) and (not len(theirs) or int(parent.max()) >= len(theirs)):
            raise BatchDisordered(lower)
        if order is not None:
            parent = order[parent]
        if len(mine) and not np.array_equal(theirs[parent], mine):
            raise BatchDisordered(lower)
        sorted_already = len(parent) < 2 or bool((parent[1:] >= parent[:-1]).all())
        rows = None if sorted_already else np.argsort(parent, kind="stable")
        counts = np.bincount(parent, minlength=len(theirs))
        ends = np.cumsum(counts)
        return Segments(parent, ends - counts, ends, rows, bool((counts > 0).all()))

    def _key(self, entity: str, column: str) -> Array:
        return self.column(entity, column)[0].astype(np.int64, copy=False)

    def take_households(self, chosen: Array) -> Part:
        """Return a batch of some households (a mask over them)."""
        rows = {"household": np.flatnonzero(chosen)}
        for entity in self.rows:
            if entity != "household":
                rows[entity] = np.flatnonzero(chosen[self.segments(entity, "household").parent])
        return Part(self, rows)


class Part(Batch):
    """Some households of a batch; copies only the columns it is asked for. ``kept``: by entity, the rows of the whole it holds."""

    def __init__(self, whole: Batch, kept: Mapping[str, Array]) -> None:
        super().__init__({}, ())
        self._whole, self.kept = whole, kept
        self.rows = {entity: len(rows) for entity, rows in kept.items()}

    def column(self, entity: str, name: str) -> Column:
        key = (entity, name)
        if key not in self._columns:
            data, known = self._whole.column(entity, name)
            rows = self.kept[entity]
            part = None if known is None else known.take(rows)
            self._columns[key] = data.take(rows), None if part is None or bool(part.all()) else part
        return self._columns[key]


def _no_claims() -> pa.Table:
    none = pa.array([], pa.int64())
    return pa.table({"claim_no": none, "resident_no": none, "household_no": none})


def _read(column: Any, dtype: str) -> Column:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks)
    if (
        dtype == "organisation"
        or pa.types.is_string(array.type)
        or pa.types.is_dictionary(array.type)
        or pa.types.is_large_string(array.type)
    ):
        return pc.is_valid(array).to_numpy(zero_copy_only=False).astype(np.int8), None
    known = None
    if array.null_count:
        known = pc.is_valid(array).to_numpy(zero_copy_only=False)
        array = pc.fill_null(array, pa.scalar(False) if pa.types.is_boolean(array.type) else _zero(array.type))
    return _numbers(array), known


def _zero(kind: pa.DataType) -> Any:
    return pa.scalar(0, pa.int32()).cast(kind) if pa.types.is_date32(kind) else pa.scalar(0, kind)


def _numbers(array: Any) -> Array:
    if pa.types.is_boolean(array.type):
        return array.to_numpy(zero_copy_only=False)
    if pa.types.is_date32(array.type):
        return array.view(pa.int32()).to_numpy()
    numbers = array.to_numpy()
    return numbers if numbers.dtype == np.int8 else numbers.astype(np.int64, copy=False)
