"""Rows of registers in force about some residents or households, for blocks that work on single cases.

Whoever shows them has asked for the viewer's resident before and writes the audit entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from zhida.blocks.parties import api as parties
from zhida.blocks.records.errors import ResidentNotFound
from zhida.blocks.records.inputs import Inputs, RegisterInForce
from zhida.blocks.records.reading import _opened, _resident_row, newest_snapshot
from zhida.blocks.records.record_types import FOLDER
from zhida.blocks.records.rows import newest_rows
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml


@dataclass(frozen=True)
class RegisterRow:
    """One row of a register: field -> value (None is an empty cell, codes by their key), and the day it was delivered."""

    values: dict[str, Any]
    delivered_on: date
    resident_no: int = 0


@lru_cache(1)
def departments() -> dict[str, Text]:
    """Return the departments that own registers, by key."""
    written = read_yaml((FOLDER.parent / "departments.yaml").read_text("utf-8"))
    return {key: Text.parse(value) for key, value in written.items()}


def id_numbers_of(resident_nos: Sequence[int], snapshot_hash: str | None = None) -> dict[int, str]:
    """Return the identity numbers of residents of a snapshot, by default the newest; who is not in it is not in the answer."""
    opened = _opened(snapshot_hash or newest_snapshot().hash)
    found = {number: _resident_row_or_none(opened, number) for number in resident_nos}
    return {number: str(row["id_number"][0].as_py()) for number, row in found.items() if row is not None}


def rows_about(record_type: str, field: str, values: Sequence[str | int]) -> dict[str | int, RegisterRow]:
    """Return the newest row in force of a register for each value of one of its fields; values that stand in none are left out.

    >>> rows_about("birth", "id_number", [])
    {}
    """
    if not values:
        return {}
    register = Inputs.on(date.max).register(record_type)
    wanted = pa.table({"wanted": pa.array(list(values))})
    rows = _rows(register, f"JOIN wanted ON r.{field} = wanted.wanted", f"r.{field}", wanted=wanted)
    return {row.values[field]: row for row in rows}


def residents_named(id17s: Sequence[int]) -> dict[int, int]:
    """Return the resident numbers behind id numbers as registers hold them (17 digits); who has none yet is left out."""
    if not id17s:
        return {}
    with duckdb.connect() as db:
        db.register("wanted", pa.table({"id17": pa.array(sorted(set(id17s)))}))
        found = db.execute(
            "SELECT id17, resident_no FROM read_parquet(?) JOIN wanted USING (id17)", [str(parties.register_path())]
        ).fetchall()
    kept = parties.merged_numbers()
    return {int(id17): kept.get(int(number), int(number)) for id17, number in found}


def rows_since(record_type: str, field: str, day: date, link: str) -> list[RegisterRow]:
    """Return the rows in force whose date in a field is a day or later, with the resident whom ``link`` names; oldest first.

    A row whose resident is not in the register of residents (yet) is left out: it is found once that has come.
    """
    register = Inputs.on(date.max).register(record_type)
    if not register.files:
        return []
    people = f"JOIN read_parquet('{parties.register_path()}') p ON p.id17 = r.{link}"
    rows = _rows(register, f"{people} WHERE r.{field} >= DATE '{day.isoformat()}'", f"r.{field}, r.{link}", ", p.resident_no")
    kept = parties.merged_numbers()
    return [RegisterRow(row.values, row.delivered_on, kept.get(row.resident_no, row.resident_no)) for row in rows]


def _rows(register: RegisterInForce, condition: str, order: str, more: str = "", wanted: pa.Table | None = None) -> list[RegisterRow]:
    if not register.files:
        return []
    days = [each.received_on for each in register.deliveries]
    with duckdb.connect() as db:
        if wanted is not None:
            db.register("wanted", wanted)
        query = f"SELECT r.*{more} FROM ({newest_rows(register, '*')}) r {condition} ORDER BY {order}, r.delivered"
        found = db.execute(query).to_arrow_table()
    codes = {each.name: [key for key, _ in each.codes] for each in register.contract.fields if each.type == "code"}
    return [_row(row, codes, days) for row in found.to_pylist()]


def _row(row: dict[str, Any], codes: dict[str, list[str]], days: list[date]) -> RegisterRow:
    delivered, resident_no = days[row.pop("delivered") - 1], row.pop("resident_no", 0)
    for name, keys in codes.items():
        row[name] = keys[row[name] - 1] if row[name] else None
    return RegisterRow(row, delivered, int(resident_no or 0))


def _resident_row_or_none(opened: Any, number: int) -> pa.Table | None:
    try:
        return _resident_row(opened, number)
    except ResidentNotFound:
        return None
