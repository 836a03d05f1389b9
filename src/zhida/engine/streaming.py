"""Facts in files, answers in files: a few row groups at a time, so that memory does not grow with the city.

A folder holds one Parquet file per entity (``person.parquet`` …), and row group *i* of every file holds the same whole roots. Answers
are written in parts, named by the first row group they answer for: ``decisions-00000.parquet`` (who is entitled, and who waits for what)
and one file per entity with the variables asked for. A part is there whole or not at all, so a killed run carries on where it stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock, local
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhida.engine.batch import Batch
from zhida.engine.errors import AnswersDiffer, ColumnMissing
from zhida.engine.vector import UNKNOWN, BenefitResult, Evaluation
from zhida.kernel.files import atomic_path

if TYPE_CHECKING:
    from zhida.engine.program import Program

# Rows of the largest entity that are decided together. Machine code: enough that what a batch costs once does not count. NumPy: few
# enough that the columns on the way stay in the cache.
_ROWS_FUSED, _ROWS_NUMPY = 131_072, 16_384
# Row groups that answer in one part.
_PART_ROWS = 524_288
_TYPES = {"bool": pa.bool_(), "date": pa.date32()}
_DECISIONS = pa.schema(
    [
        ("benefit", pa.dictionary(pa.int16(), pa.string())),
        ("entity_no", pa.int64()),
        ("root_no", pa.int64()),
        ("status", pa.int8()),
        ("amount", pa.int64()),
        ("occasion", pa.int64()),
        ("missing", pa.string()),
    ]
)


class Folder:
    """The tables of a folder, row group by row group. Every thread opens the files for itself."""

    def __init__(self, folder: Path, columns: Mapping[str, Sequence[str]]) -> None:
        self._folder, self._columns = folder, {entity: list(dict.fromkeys(names)) for entity, names in columns.items()}
        self._files = local()
        metadata = {entity: file.metadata for entity, file in self._opened().items()}
        self.groups = min(one.num_row_groups for one in metadata.values())
        self._rows = [max(one.row_group(group).num_rows for one in metadata.values()) for group in range(self.groups)]

    def gaps(self) -> set[tuple[str, str]]:
        """Return the (entity, column) pairs in which some row group says it has a gap."""
        return {pair for pair, counts in self._null_counts() if any(counts)}

    def possible_gaps(self) -> set[tuple[str, str]]:
        """Return the pairs of ``gaps``, and those of which some row group says nothing."""
        return {pair for pair, counts in self._null_counts() if any(count != 0 for count in counts)}

    def _null_counts(self) -> Iterator[tuple[tuple[str, str], list[int | None]]]:
        """Yield for each column how many nulls each row group says it has (None: it does not say)."""
        for entity, file in self._opened().items():
            metadata = file.metadata
            places = {metadata.schema.column(place).path: place for place in range(metadata.num_columns)}
            for name in (name for name in self._columns[entity] if name in places):
                told = [metadata.row_group(group).column(places[name]).statistics for group in range(self.groups)]
                yield (entity, name), [None if one is None else one.null_count for one in told]

    def spans(self, groups: range, rows: int) -> Iterator[range]:
        """Cut consecutive row groups into spans that each have about so many rows."""
        first, count = groups.start, 0
        for group in groups:
            count += self._rows[group]
            if count >= rows or group + 1 == groups.stop:
                yield range(first, group + 1)
                first, count = group + 1, 0

    def rows_of(self, entity: str, span: range) -> list[int]:
        """Return how many rows of an entity each row group of a span has."""
        metadata = self._opened()[entity].metadata
        return [metadata.row_group(group).num_rows for group in span]

    def tables(self, span: range) -> dict[str, pa.Table]:
        """Read some row groups of every file."""
        files, groups = self._opened(), list(span)
        return {entity: file.read_row_groups(groups, columns=self._columns[entity], use_threads=False) for entity, file in files.items()}

    def _opened(self) -> dict[str, pq.ParquetFile]:
        if not hasattr(self._files, "by_entity"):
            # Read ahead, the reader would keep what it has read as long as the file is open.
            paths = {entity: self._folder / f"{entity}.parquet" for entity in self._columns}
            self._files.by_entity = {entity: pq.ParquetFile(path, pre_buffer=False) for entity, path in paths.items()}
        found: dict[str, pq.ParquetFile] = self._files.by_entity
        return found


def columns_of(program: Program) -> dict[str, list[str]]:
    """Return by entity the columns a program needs: its facts, and the numbers by which rows belong together or are told apart."""
    entities = [entity for entity in program.root.tree() if entity.name in program.entities | {program.root.name}]
    answered = {node.shape.entity for node in program.variables.values()} | {one.amount.shape.entity for one in program.benefits.values()}
    owners = {entity.parent.name for entity in entities if entity.parent is not None}
    found: dict[str, list[str]] = {}
    for entity in entities:
        own = [entity.key] if entity.name in answered | owners else []
        found[entity.name] = [*own, *([entity.parent.key] if entity.parent else []), program.root.key]
    for entity_name, name in program.facts_read():
        if name not in program.given:
            found[entity_name].append(name)
    return {entity: list(dict.fromkeys(names)) for entity, names in found.items()}


def rows_at_once(program: Program) -> int:
    """Return how many rows of the largest entity to decide together."""
    return _ROWS_FUSED if program.is_fused else _ROWS_NUMPY


def evaluate_files(
    program: Program,
    folder: Path,
    out: Path,
    *,
    threads: int = 2,
    progress: Callable[[int], None] | None = None,
    rows: int = 0,
    given: Path | None = None,
) -> int:
    """Decide everybody in a folder; return how many files were written. Parts that are there are kept.

    threads: how many share the work. progress: told how many row groups are done, each time some are. rows: decided together, about
    (0: what suits the program). given: the answers of another program on the same folder, decided in the same steps, where the program's
    given variables are read.
    Raises: ColumnMissing, BatchDisordered, NumberTooLarge, AnswersDiffer.
    """
    facts = Folder(folder, columns_of(program))
    if program.is_fused:
        program.fuse(facts.gaps())
    rows = rows or rows_at_once(program)
    writer = _Writer(program, out, given, program.forms(facts.possible_gaps()))
    lock = Lock()

    def decide(span: range) -> int:
        made = writer.write(facts, span, rows)
        if progress is not None:
            with lock:
                progress(len(span))
        return made

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(decide, list(facts.spans(range(facts.groups), _PART_ROWS))))


class _Writer:
    """Writes the parts of one program's answers."""

    def __init__(self, program: Program, out: Path, given: Path | None, forms: Mapping[str, tuple[str, bool]]) -> None:
        self._program, self._out, self._given = program, out, given
        self._read_back = _given_columns(program)
        self._keys = {entity.name: entity.key for entity in program.root.tree()}
        self._schemas: dict[str, pa.Schema] = {}
        for name, node in program.variables.items():
            known = self._schemas.setdefault(node.shape.entity, pa.schema([pa.field(self._keys[node.shape.entity], pa.int64(), False)]))
            kind, may_miss = forms[name]
            narrow = pa.int64() if kind == "int64" else pa.int32()
            self._schemas[node.shape.entity] = known.append(pa.field(name, _TYPES.get(node.shape.kind, narrow), may_miss))
        if program.benefits:
            self._schemas["decisions"] = _DECISIONS

    def write(self, facts: Folder, span: range, rows: int) -> int:
        """Decide some row groups, a few at a time, into one part; return how many files that made."""
        paths = {name: self._out / f"{name}-{span.start:05d}.parquet" for name in self._schemas}
        missing = {name: path for name, path in paths.items() if not path.exists()}
        with ExitStack() as stack:
            writers = {}
            for name, path in missing.items():
                temporary = stack.enter_context(atomic_path(path))
                writers[name] = stack.enter_context(_opened(temporary, self._schemas[name]))
            given = {entity: stack.enter_context(self._given_file(entity, names, span)) for entity, names in self._read_back.items()}
            for place, part in enumerate(facts.spans(span, rows) if writers else ()):
                tables = facts.tables(part)
                self._add_given(tables, given, place)
                evaluation = self._program.evaluate(Batch.from_tables(tables, self._program.root, self._program.facts.values()))
                for name, writer in writers.items():
                    table = self._decisions(evaluation, tables) if name == "decisions" else self._values(name, evaluation, tables)
                    writer.write_table(table, row_group_size=max(table.num_rows, 1))
        return len(missing)

    def _given_file(self, entity: str, names: Sequence[str], span: range) -> pq.ParquetFile:
        if self._given is None:
            raise ColumnMissing(entity, names[0])
        return pq.ParquetFile(self._given / f"{entity}-{span.start:05d}.parquet", pre_buffer=False)

    def _add_given(self, tables: dict[str, pa.Table], given: Mapping[str, pq.ParquetFile], place: int) -> None:
        """Put the given variables beside the facts: the same rows of another program's part, row group by row group."""
        for entity, names in self._read_back.items():
            file = given[entity]
            found = file.read_row_group(place, columns=names, use_threads=False) if place < file.num_row_groups else None
            if found is None or found.num_rows != tables[entity].num_rows:
                raise AnswersDiffer(str(self._given))
            for name in names:
                tables[entity] = tables[entity].append_column(name, found.column(name))

    def _values(self, entity: str, evaluation: Evaluation, tables: Mapping[str, pa.Table]) -> pa.Table:
        schema = self._schemas[entity]
        columns = [tables[entity].column(self._keys[entity]).cast(pa.int64())]
        for field in list(schema)[1:]:
            data, known = evaluation.values[field.name]
            if not pa.types.is_boolean(field.type):
                data = data.astype(np.int64 if field.type == pa.int64() else np.int32, copy=False)
            columns.append(pa.array(data, field.type, mask=None if known is None else ~known))
        return pa.table(columns, schema=schema)

    def _decisions(self, evaluation: Evaluation, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Rows for whoever is entitled or waits for a fact; who is not entitled has none."""
        parts = [self._rows_of(result, tables) for result in evaluation if result.status.any()]
        return pa.concat_tables(parts).unify_dictionaries() if parts else _DECISIONS.empty_table()

    def _rows_of(self, result: BenefitResult, tables: Mapping[str, pa.Table]) -> pa.Table:
        rows = np.flatnonzero(result.status)
        table, status = tables[result.entity], result.status[rows]
        missing = np.full(len(rows), None, dtype=object)
        missing[status == UNKNOWN] = result.missing
        occasion = pa.nulls(len(rows), pa.int64()) if result.occasion is None else pa.array(result.occasion[rows], mask=status == UNKNOWN)
        numbers = [table.column(key).take(pa.array(rows)) for key in (self._keys[result.entity], self._program.root.key)]
        code = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(rows), dtype=np.int16)), pa.array([result.code]))
        return pa.table([code, *numbers, status, result.amount[rows], occasion, pa.array(missing, pa.string())], schema=_DECISIONS)


def _given_columns(program: Program) -> dict[str, list[str]]:
    """Return by entity the given variables that the program reads."""
    found: dict[str, list[str]] = {}
    for entity, name in program.facts_read():
        if name in program.given:
            found.setdefault(entity, []).append(name)
    return found


def _opened(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Whole numbers by their differences need no compression on top and are written twice as fast as with a dictionary (docs/benchmarks.md).
    whole = {field.name: "DELTA_BINARY_PACKED" for field in schema if pa.types.is_integer(field.type) and field.type.bit_width > 16}
    text = [field.name for field in schema if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)]
    compression = {field.name: "none" if field.name in whole else "lz4" for field in schema}
    return pq.ParquetWriter(
        path, schema, compression=compression, use_dictionary=text, column_encoding=whole or None, write_statistics=False
    )


__all__ = ["Folder", "columns_of", "evaluate_files", "rows_at_once"]
