"""Millions of rows in and out of the database: COPY on PostgreSQL, one prepared statement on SQLite."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import duckdb
import pyarrow as pa
from django.db import connection
from pyarrow import csv

ROWS_PER_READ = 20_000
# One write to COPY: large enough that the call does not count, small enough for memory.
ROWS_PER_COPY = 50_000


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def insert_batches(table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Insert Arrow batches whose columns are in the order of ``columns``; null stays null. Returns the rows inserted."""
    insert = _copy_in if is_postgresql() else _execute_many
    return sum(insert(table, columns, batch) for batch in batches)


def _copy_in(table: str, columns: Sequence[str], batch: pa.RecordBatch) -> int:
    text = io.BytesIO()
    # Strings are quoted and nulls are not: exactly how COPY's CSV tells an empty string from null.
    csv.write_csv(batch, text, csv.WriteOptions(include_header=False))
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(text.getbuffer())
    return int(batch.num_rows)


def _execute_many(table: str, columns: Sequence[str], batch: pa.RecordBatch) -> int:
    marks = ", ".join(["%s"] * len(columns))
    rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
    return len(rows)


def insert_rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert a few rows of plain values."""
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def read_table(sql: str, parameters: Sequence[object], schema: pa.Schema) -> pa.Table:
    """Return a query's rows as an Arrow table of a given schema."""
    return pa.Table.from_batches(read_batches(sql, parameters, schema), schema)


def read_batches(sql: str, parameters: Sequence[object], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows in Arrow batches; on PostgreSQL they stream through COPY and never stand in memory together."""
    yield from (_copy_out if is_postgresql() else _fetch_many)(sql, parameters, schema)


def _copy_out(sql: str, parameters: Sequence[object], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    read = csv.ReadOptions(column_names=schema.names, block_size=1 << 22)
    convert = csv.ConvertOptions(column_types=schema, strings_can_be_null=False)
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters or None) as copy:
        for block in _whole_lines(copy):
            yield from csv.read_csv(io.BytesIO(block), read, convert_options=convert).to_batches()


def _whole_lines(pieces: Iterable[bytes | memoryview], size: int = 1 << 22) -> Iterator[bytes]:
    """Join COPY's rows into blocks of about ``size`` bytes that end with a row."""
    block, length = [], 0
    for piece in pieces:
        block.append(bytes(piece))
        length += len(block[-1])
        if length >= size and block[-1].endswith(b"\n"):
            yield b"".join(block)
            block, length = [], 0
    if block:
        yield b"".join(block)


def _fetch_many(sql: str, parameters: Sequence[object], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(ROWS_PER_READ):
            columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def open_duckdb(memory_limit: str = "600MB") -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that keeps to its memory and says nothing on the terminal."""
    db = duckdb.connect(config={"memory_limit": memory_limit, "threads": 2})
    db.execute("SET enable_progress_bar = false")
    return db


def fill(db: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Make a DuckDB table of batches, one at a time.

    Not as a stream: DuckDB would pull it from another thread, which has another database connection and sees another state.
    """
    db.register("filling", schema.empty_table())
    db.execute(f"CREATE TABLE {table} AS SELECT * FROM filling")
    for batch in batches:
        db.register("filling", pa.Table.from_batches([batch]))
        db.execute(f"INSERT INTO {table} SELECT * FROM filling")
    db.unregister("filling")


def execute(sql: str, parameters: Sequence[object] = ()) -> int:
    """Run one statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def day_literal(day: date) -> str:
    """Write a day into SQL; SQLite has no type for days and would take ``CAST(... AS date)`` for a number."""
    return f"DATE '{day.isoformat()}'" if is_postgresql() else f"'{day.isoformat()}'"


def rows(sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """Return a small result: sums, distinct numbers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def temporary_table(name: str, columns: str) -> None:
    """Make an empty table that only this connection sees."""
    execute(f"DROP TABLE IF EXISTS {name}")
    execute(f"CREATE TEMPORARY TABLE {name} ({columns})")


def analyse(table: str) -> None:
    """Tell PostgreSQL how a table that was just filled looks; it would plan for an empty one."""
    if is_postgresql():
        execute(f"ANALYZE {table}")
