"""The record contracts, read as the data they are: the city writes what they say and needs nothing else of the block that owns them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from zhida.city.columns import text_table
from zhida.kernel.yaml_files import read_yaml

Array = np.ndarray[Any, Any]
_FOLDER = Path(__file__).resolve().parent.parent / "blocks" / "records" / "contracts"


@cache
def contracts() -> dict[str, dict[str, Any]]:
    """Return every record contract by its name, as its YAML says."""
    found = [read_yaml(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.yaml"))]
    return {contract["record_type"]: contract for contract in found}


@cache
def fields(record_type: str) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in contracts()[record_type]["fields"]}


@cache
def code(record_type: str, field: str, name: str) -> int:
    """Return the place of a code in its contract."""
    return list(fields(record_type)[field]["codes"]).index(name)


def codes(record_type: str, field: str, names: Any) -> Array:
    """Return the places of several codes, for choosing among them."""
    return np.array([code(record_type, field, name) for name in names], dtype=np.int64)


@cache
def code_cells(record_type: str, name: str) -> Array:
    """Return the texts of a field's codes as bytes; the last row is an empty cell."""
    return text_table([str(text) for text in fields(record_type)[name]["codes"].values()])
