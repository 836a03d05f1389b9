"""Rows of a register in force, as SQL over its Parquet files, and as streams of Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from zhida.blocks.records.inputs import RegisterInForce
from zhida.kernel.warehouse import sql_text

_BATCH = 262_144
_SQL_TYPES = {
    "date": "DATE",
    "month": "DATE",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "code": "TINYINT",
    "text": "VARCHAR",
    "uscc": "VARCHAR",
    "bank_account": "VARCHAR",
}


def newest_rows(register: RegisterInForce, columns: str) -> str:
    """Return SQL for the rows in force of a register: of several rows with one key the one delivered last.

    Beside the contract's fields there is ``delivered``: which delivery of the register, 1 is the first of ``register.files``.
    """
    if not register.files:
        fields = ", ".join(f"NULL::{_SQL_TYPES.get(f.type, 'BIGINT')} AS {f.name}" for f in register.contract.fields)
        return f"SELECT {columns} FROM (SELECT {fields}, 0 AS delivered) WHERE false"
    if len(register.files) == 1:
        return f"SELECT {columns} FROM (SELECT *, 1 AS delivered FROM read_parquet({sql_text(register.files[0])}))"
    union = " UNION ALL ".join(
        f"SELECT *, {i} AS delivered FROM read_parquet({sql_text(path)})" for i, path in enumerate(register.files, start=1)
    )
    names = "* EXCLUDE (place)" if columns == "*" else columns
    place = f"row_number() OVER (PARTITION BY {', '.join(register.contract.key)} ORDER BY delivered DESC) AS place"
    return f"SELECT {names} FROM (SELECT *, {place} FROM ({union})) WHERE place = 1"


def as_numbers(column: pa.Array) -> pa.Array:
    """Give dates as days since 1970-01-01."""
    return column.cast(pa.int32()) if pa.types.is_date32(column.type) else column


def batches(db: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    yield from db.execute(query).to_arrow_reader(_BATCH)
