"""Splitting a feed into accepted and quarantined rows, in three passes of DuckDB over files.

1. The CSV is read, every cell is given its type and every row its first problem: ``checked.parquet`` (scratch).
2. Keys that occur twice among the good rows are found. Of several rows with one key the first in the file is accepted,
   the others are quarantined and name it: two rows that contradict each other are for an officer to decide, not for us.
3. ``accepted.parquet`` (typed values) and ``quarantined.parquet`` are written beside each other, each whole or absent.

quarantined.parquet: row_no (the header is row 1), cells (as delivered, in file order), reason, field, link (the first 17 digits
of the id number or the household number, where they can be read), other_row (the accepted row with the same key), area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from zhida.blocks.places import api as places
from zhida.blocks.records.checks import macros, problems, raw_name, text_expression, value_expression
from zhida.blocks.records.feed_files import FeedFile, Refusal, normalised, unreadable
from zhida.blocks.records.record_types import RecordType
from zhida.kernel.files import atomic_path
from zhida.kernel.warehouse import add_table, remove_leftovers, sql_text, warehouse

ACCEPTED, QUARANTINED = "accepted.parquet", "quarantined.parquet"
_PARQUET = "(FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880)"


@dataclass(frozen=True)
class Split:
    """What became of a file's rows: accepted + the sum of by_reason is what was received."""

    accepted: int
    by_reason: dict[str, int]

    @property
    def quarantined(self) -> int:
        return sum(self.by_reason.values())

    @property
    def received(self) -> int:
        return self.accepted + self.quarantined


def split_feed(
    feed: FeedFile, contract: RecordType, received_on: date, folder: Path, scratch: Path, homes: Sequence[Path]
) -> Split | Refusal:
    """Write the accepted and the quarantined rows of a feed into ``folder``.

    homes: the rows in force of the register that says where the owners of these rows live (residents or households).
    Raises: DiskFull.
    """
    odd: list[tuple[int, list[str]]] = []
    remove_leftovers(folder)
    with warehouse(scratch) as db:
        for macro in macros():
            db.execute(macro)
        _load_areas(db)
        checked = scratch / "checked.parquet"
        try:
            _check(db, feed, contract, received_on, checked, numbered=False)
        except duckdb.InvalidInputException:
            try:
                odd = normalised(feed, scratch / "normalised.csv")
            except UnicodeDecodeError:
                return unreadable(feed.path)
            again = FeedFile(scratch / "normalised.csv", feed.columns, feed.positions, feed.note)
            _check(db, again, contract, received_on, checked, numbered=True)
        _find_duplicates(db, contract)
        accepted = _write_accepted(db, contract, folder / ACCEPTED)
        return Split(accepted, _write_quarantined(db, contract, received_on, feed, odd, homes, folder / QUARANTINED))


@cache
def _areas() -> dict[str, pa.Table]:
    """Return the codes a cell may hold, by the name of their table."""
    districts = [area.code for area in places.districts()]
    communities = [area.code for district in districts for street in places.streets(district) for area in places.communities(street.code)]
    codes = {"district": districts, "community": communities, "abolished": list(places.abolished_codes())}
    return {name: pa.table({"code": pa.array(found, pa.int64())}) for name, found in codes.items()}


def _load_areas(db: duckdb.DuckDBPyConnection) -> None:
    for name, codes in _areas().items():
        add_table(db, name, codes)


def _check(db: duckdb.DuckDBPyConnection, feed: FeedFile, contract: RecordType, received_on: date, target: Path, numbered: bool) -> None:
    names = [f"c{i}" for i in range(len(feed.columns))] + (["row_no"] if numbered else [])
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    raw = ", ".join(f"nullif(trim(c{feed.positions[field.name]}), '') AS {raw_name(field)}" for field in contract.fields)
    cells = ", ".join(f"c{i}" for i in range(len(feed.columns)))
    values = ", ".join(f"{value_expression(field)} AS {field.name}" for field in contract.fields)
    whens = " ".join(f"WHEN {problem.condition} THEN {i}" for i, problem in enumerate(problems(contract, received_on)))
    typed = ", ".join(field.name for field in contract.fields)
    db.execute(f"""
        COPY (
            SELECT {typed}, problem, {"row_no::BIGINT AS row_no," if numbered else ""}
                CASE WHEN problem IS NOT NULL THEN [{cells}] END AS cells
            FROM (SELECT *, (CASE {whens} END)::SMALLINT AS problem
                FROM (SELECT *, {values}
                    FROM (SELECT *, {raw}
                        FROM read_csv({sql_text(feed.path)}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
                            strict_mode = true, max_line_size = 4000000, columns = {{{columns}}})))))
        TO {sql_text(target)} {_PARQUET}""")
    row_no = "row_no" if numbered else "file_row_number + 2"
    db.execute(f"""CREATE OR REPLACE VIEW checked AS
        SELECT * EXCLUDE ({"row_no, " if numbered else ""}file_row_number), {row_no} AS row_no
        FROM read_parquet({sql_text(target)}, file_row_number = true)""")


def _find_duplicates(db: duckdb.DuckDBPyConnection, contract: RecordType) -> None:
    key = ", ".join(contract.key)
    db.execute(f"CREATE TABLE twice AS SELECT {key} FROM checked WHERE problem IS NULL GROUP BY {key} HAVING count(*) > 1")
    db.execute(f"""CREATE TABLE loser AS
        SELECT row_no, first_row FROM (
            SELECT row_no, min(row_no) OVER (PARTITION BY {key}) AS first_row
            FROM checked SEMI JOIN twice USING ({key}) WHERE problem IS NULL)
        WHERE row_no <> first_row""")


def _write_accepted(db: duckdb.DuckDBPyConnection, contract: RecordType, target: Path) -> int:
    typed = ", ".join(field.name for field in contract.fields)
    losers = _count(db, "SELECT count(*) FROM loser")
    keep = " AND row_no NOT IN (SELECT row_no FROM loser)" if losers else ""
    with atomic_path(target) as path:
        db.execute(f"COPY (SELECT {typed} FROM checked WHERE problem IS NULL{keep}) TO {sql_text(path)} {_PARQUET}")
    return _count(db, f"SELECT count(*) FROM read_parquet({sql_text(target)})")


def _write_quarantined(
    db: duckdb.DuckDBPyConnection,
    contract: RecordType,
    received_on: date,
    feed: FeedFile,
    odd: list[tuple[int, list[str]]],
    homes: Sequence[Path],
    target: Path,
) -> dict[str, int]:
    add_table(db, "problem_names", _problem_table(contract, received_on))
    add_table(db, "odd_rows", _odd_table(odd))
    area = next((field.name for field in contract.fields if field.type == "area12"), "NULL")
    link = contract.link or "NULL::BIGINT"
    # The raw cells of a row are kept only where it failed; a duplicate did not, so its cells are written from its values.
    by_position = {position: name for name, position in feed.positions.items()}
    as_read = ", ".join(text_expression(contract.field(by_position[i])) if i in by_position else "''" for i in range(len(feed.columns)))
    db.execute(f"""CREATE TABLE bad AS
        SELECT row_no, cells, reason, field, link, NULL::BIGINT AS other_row, area FROM (
            SELECT row_no, cells, problem, {link} AS link, {area}::BIGINT AS area FROM checked WHERE problem IS NOT NULL)
            JOIN problem_names USING (problem)
        UNION ALL SELECT row_no, [{as_read}], 'duplicate_key', '{contract.key[0]}', {link}, first_row, {area}::BIGINT
            FROM checked JOIN loser USING (row_no)
        UNION ALL SELECT row_no, cells, 'row_width', '', NULL, NULL, NULL FROM odd_rows""")
    if area == "NULL" and homes and _count(db, "SELECT count(*) FROM bad"):
        _locate(db, contract, homes)
    with atomic_path(target) as path:
        db.execute(f"COPY (SELECT * FROM bad ORDER BY row_no) TO {sql_text(path)} (FORMAT parquet, COMPRESSION zstd)")
    return dict(db.execute("SELECT reason, count(*) FROM bad GROUP BY reason ORDER BY reason").fetchall())


def _locate(db: duckdb.DuckDBPyConnection, contract: RecordType, homes: Sequence[Path]) -> None:
    """Say where the owners of waiting rows live, so that their own street sees them."""
    key, area = ("id_number", "residence_community") if contract.link == "id_number" else ("household_no", "community")
    files = "[" + ", ".join(map(sql_text, homes)) + "]"
    db.execute(f"""CREATE TABLE home AS
        SELECT {key} AS link, max({area}) AS area FROM read_parquet({files}) WHERE {key} IN (SELECT link FROM bad) GROUP BY {key}""")
    db.execute("UPDATE bad SET area = home.area FROM home WHERE bad.link = home.link")


def _problem_table(contract: RecordType, received_on: date) -> pa.Table:
    found = problems(contract, received_on)
    return pa.table(
        {
            "problem": pa.array(range(len(found)), pa.int16()),
            "reason": pa.array([problem.reason for problem in found], pa.string()),
            "field": pa.array([problem.field for problem in found], pa.string()),
        }
    )


def _odd_table(odd: list[tuple[int, list[str]]]) -> pa.Table:
    return pa.table(
        {
            "row_no": pa.array([row_no for row_no, _ in odd], pa.int64()),
            "cells": pa.array([cells for _, cells in odd], pa.list_(pa.string())),
        }
    )


def _count(db: duckdb.DuckDBPyConnection, query: str) -> int:
    return int((db.execute(query).fetchone() or (0,))[0])
