"""A batch: some whole households (or other roots) as columns, ready for a program. Columns are read when a program first asks for them.

A column is ``(data, known)``. ``known`` is None where nothing is missing, so that complete registers cost nothing; data under a gap is 0.
Dates and codes keep the snapshot's narrow types; numbers are int64.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.engine.entities import HOUSEHOLD, Entity, FactDefinition
from zhida.engine.errors import BatchDisordered, ColumnMissing, TableMissing, TableUnknown
from zhida.engine.fused import machine
from zhida.engine.fused.alignment import Alignment

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
    """Whole roots of a snapshot (households, employers, buildings …) with all that belongs to them; tables by the name of their entity."""

    def __init__(self, tables: Mapping[str, pa.Table], facts: Iterable[FactDefinition], root: Entity = HOUSEHOLD) -> None:
        self.root = root
        self._entities = {entity.name: entity for entity in root.tree()}
        self._tables = dict(tables)
        self._dtypes = {(fact.entity, fact.name): fact.dtype for fact in facts}
        self._columns: dict[tuple[str, str], Column] = {}
        self._segments: dict[tuple[str, str], Segments] = {}
        self.rows = {name: table.num_rows for name, table in self._tables.items()}

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, pa.Table], root: Entity, facts: Iterable[FactDefinition] | Mapping[str, FactDefinition] = ()
    ) -> Batch:
        """Take tables by entity, sorted by the root's key. A row carries its own number, its parent's and its root's; tables may be empty.

        Raises: TableUnknown, TableMissing (the root's), BatchDisordered.
        """
        listed = facts.values() if isinstance(facts, Mapping) else facts
        batch = cls(tables, listed, root)
        for name in tables:
            if name not in batch._entities:
                raise TableUnknown(name, list(batch._entities))
        batch.require([root.name])
        if batch.alignment is None:
            for child in batch._entities.values():
                if child.parent is root and child.name in tables:
                    batch.segments(child.name, root.name)
        return batch

    @classmethod
    def from_arrow(
        cls,
        person: pa.Table,
        household: pa.Table,
        claim: pa.Table | None = None,
        facts: Iterable[FactDefinition] | Mapping[str, FactDefinition] = (),
    ) -> Batch:
        """Take the three tables of the residents, sorted by household_no. Every household of a person must be in ``household``.

        Raises: BatchDisordered.
        """
        tables = {"person": person, "household": household, "claim": claim if claim is not None else _no_claims()}
        return cls.from_tables(tables, HOUSEHOLD, facts)

    @cached_property
    def alignment(self) -> Alignment | None:
        """Which rows belong to which, found by machine code; None where the site does not compile or the tables are not in order."""
        entities = [entity.name for entity in self._entities.values() if entity.name in self.rows]
        found = Alignment(self, entities) if machine.is_available() else None
        return found if found is not None and found.is_sound else None

    def require(self, entities: Iterable[str]) -> None:
        """Raise TableMissing for the first of some entities whose table was not given."""
        for entity in entities:
            if entity not in self.rows:
                raise TableMissing(entity)

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

    def raw(self, entity: str, name: str) -> Column:
        """Return one fact of every row as it lies in the table: narrow whole numbers, and anything under a gap. Raises: ColumnMissing."""
        table = self._tables[entity]
        if name not in table.column_names or _is_text(table.schema.field(name).type, self._dtypes.get((entity, name), "")):
            return self.column(entity, name)
        return _raw(_one_array(table.column(name)))

    def segments(self, lower: str, higher: str) -> Segments:
        """Return how rows of ``lower`` belong to rows of ``higher``. Raises: BatchDisordered."""
        key = (lower, higher)
        if key not in self._segments:
            self._segments[key] = _segments_of(self._parents(lower, higher), self.rows[higher])
        return self._segments[key]

    def _parents(self, lower: str, higher: str) -> Array:
        """For each row of ``lower`` its row of ``higher``: told by the number it carries, of its parent or its root, else step by step."""
        aligned = None if self.alignment is None else self.alignment.parents(self, lower, higher)
        if aligned is not None:
            return aligned.astype(np.int64)
        parent = self._entities[lower].parent
        if higher == self.root.name:
            return self._found(lower, higher, None)
        if parent is not None and parent.name != higher:
            return self.segments(parent.name, higher).parent[self.segments(lower, parent.name).parent]
        theirs = self._key(higher, self._entities[higher].key)
        order = np.argsort(theirs, kind="stable")
        found = self._found(lower, higher, order)
        if not np.array_equal(self.segments(higher, self.root.name).parent[found], self.segments(lower, self.root.name).parent):
            raise BatchDisordered(lower, self.root.key)
        return found

    def _found(self, lower: str, higher: str, order: Array | None) -> Array:
        """Find the rows of ``higher`` by number; order: what sorts them, None where they must be sorted."""
        key = self._entities[higher].key
        mine, theirs = self._key(lower, key), self._key(higher, key)
        numbers = theirs if order is None else theirs[order]
        if len(numbers) > 1 and not bool((numbers[1:] > numbers[:-1]).all()):
            raise BatchDisordered(higher, key)
        parent: Array = np.searchsorted(numbers, mine)
        if len(mine) and (not len(numbers) or int(parent.max()) >= len(numbers) or not np.array_equal(numbers[parent], mine)):
            raise BatchDisordered(lower, key)
        return parent if order is None else order[parent]

    def _key(self, entity: str, column: str) -> Array:
        return self.column(entity, column)[0].astype(np.int64, copy=False)

    def take_roots(self, chosen: Array) -> Part:
        """Return a batch of some rows of the root (a mask over them) and all that belongs to them."""
        rows = {self.root.name: np.flatnonzero(chosen)}
        for entity in self.rows:
            if entity != self.root.name:
                rows[entity] = np.flatnonzero(chosen[self.segments(entity, self.root.name).parent])
        return Part(self, rows)


def _segments_of(parent: Array, rows: int) -> Segments:
    sorted_already = len(parent) < 2 or bool((parent[1:] >= parent[:-1]).all())
    order = None if sorted_already else np.argsort(parent, kind="stable")
    counts = np.bincount(parent, minlength=rows)
    ends = np.cumsum(counts)
    return Segments(parent, ends - counts, ends, order, bool((counts > 0).all()))


class Part(Batch):
    """Some roots of a batch; copies only the columns it is asked for. ``kept``: by entity, the rows of the whole it holds."""

    # Few rows, and columns that are copied: searching costs less than aligning.
    alignment = None

    def __init__(self, whole: Batch, kept: Mapping[str, Array]) -> None:
        super().__init__({}, (), whole.root)
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

    def raw(self, entity: str, name: str) -> Column:
        return self.column(entity, name)


def _no_claims() -> pa.Table:
    none = pa.array([], pa.int64())
    return pa.table({"claim_no": none, "resident_no": none, "household_no": none})


def _one_array(column: Any) -> Any:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks)
    return array


def _is_text(kind: pa.DataType, dtype: str) -> bool:
    """Of text only whether it is there is a fact."""
    return dtype == "organisation" or pa.types.is_string(kind) or pa.types.is_dictionary(kind) or pa.types.is_large_string(kind)


def _read(column: Any, dtype: str) -> Column:
    array = _one_array(column)
    if _is_text(array.type, dtype):
        return pc.is_valid(array).to_numpy(zero_copy_only=False).astype(np.int8), None
    data, known = _raw(array)
    if known is not None:
        data = np.where(known, data, data.dtype.type(0))
    return (data if data.dtype in (np.int8, np.bool_) or pa.types.is_date32(array.type) else data.astype(np.int64, copy=False)), known


def _raw(array: Any) -> Column:
    known = pc.is_valid(array).to_numpy(zero_copy_only=False) if array.null_count else None
    if pa.types.is_boolean(array.type):
        return (array if known is None else pc.fill_null(array, False)).to_numpy(zero_copy_only=False), known
    if pa.types.is_date32(array.type):
        array = array.view(pa.int32())
    elif not pa.types.is_signed_integer(array.type):
        array = array.cast(pa.int64())
    # Whole numbers straight from the buffer: a gap would make to_numpy() give floating point.
    data = np.frombuffer(array.buffers()[1], dtype=array.type.to_pandas_dtype(), count=array.offset + len(array))
    return data[array.offset :], known
