"""What the contracts let the rules know: each fact's column in a snapshot, and the values it takes where a record is silent."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from zhida.blocks.records.record_types import Fact, Field, RecordType, record_types
from zhida.engine.api import FactDefinition
from zhida.kernel.period import NEVER, days_since_epoch
from zhida.kernel.text import Text

# Contract type -> (numpy column, Arrow column).
_COLUMNS = {
    "boolean": (np.dtype(bool), pa.bool_()),
    "date": (np.dtype(np.int32), pa.date32()),
    "month": (np.dtype(np.int32), pa.date32()),
    "integer": (np.dtype(np.int32), pa.int32()),
    "code": (np.dtype(np.int8), pa.int8()),
    # Position in the table of organisations; -1 is none.
    "organisation": (np.dtype(np.int32), pa.string()),
}
_WIDE = (np.dtype(np.int64), pa.int64())


def column_types(dtype: str) -> tuple[np.dtype, pa.DataType]:
    """Return how a fact is held while a snapshot is made, and how it is written."""
    return _COLUMNS.get(dtype, _WIDE)


def dtype_of(fact: Fact, field: Field | None) -> str:
    if fact.present:
        return "boolean"
    if fact.type == "count":
        return "integer"
    return fact.type or (field.type if field else "integer")


def literal(value: str | int | bool, dtype: str) -> int | None:
    """Return the number that stands for an `absent` or `null_means` word in a column; None for unknown."""
    if value == "unknown":
        return None
    if value == "never":
        return days_since_epoch(NEVER)
    if value == "none":
        return -1 if dtype == "organisation" else 0
    return int(value)


def field_of(contract: RecordType, fact: Fact) -> Field | None:
    return contract.field(fact.field) if fact.field else None


@cache
def facts() -> dict[str, FactDefinition]:
    """Return every fact of every contract by name, as the engine wants them."""
    return {fact.name: _definition(contract, fact) for contract in record_types().values() for fact in contract.facts}


def _definition(contract: RecordType, fact: Fact) -> FactDefinition:
    field = field_of(contract, fact)
    dtype = dtype_of(fact, field)
    codes = field.codes if field and dtype == "code" else ()
    return FactDefinition(
        name=fact.name,
        entity=contract.entity,
        dtype=dtype,
        unit=_unit(fact, field, dtype),
        scale=2 if dtype == "decimal" else 0,
        codes=tuple(code for code, _ in codes),
        label=fact.label,
        absent=fact.absent,
        department=contract.department.zh,
        record_type=contract.name,
        code_labels=tuple(Text(zh, code.replace("_", " ")) for code, zh in codes),
    )


def _unit(fact: Fact, field: Field | None, dtype: str) -> str:
    written = fact.unit or (field.unit if field else "")
    if dtype == "money_yuan":
        return (written or "yuan").replace("yuan", "fen")
    return written if dtype in ("integer", "decimal") else ""
