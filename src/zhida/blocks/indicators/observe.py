"""Count decisions and residents by area, age and sex, once per run, with DuckDB over the run's files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
from django.db import connection, transaction

from zhida.blocks.indicators.models import Observation

LEVELS = ("city", "district", "street", "community")

Row = tuple[str, str, str, int, int, int, int, int, int]


def area_columns(level: str) -> str:
    """Return SQL for an area's code and its parent's, from the 12-digit community code."""
    code = {
        "city": "community // 100000000 * 100",
        "district": "community // 1000000",
        "street": "community // 1000",
        "community": "community",
    }
    above = {"city": "0", "district": code["city"], "street": code["district"], "community": code["street"]}
    return f"{code[level]} AS area, {above[level]} AS parent"


def count_rows(db: duckdb.DuckDBPyConnection) -> list[Row]:
    """Count the temporary table ``facts(measure, benefit, community, age_band, sex, weight, amount_fen)`` on every level.

    Ages and sexes are kept apart down to the street; a community's figures are for all ages, since small cells are hidden anyway.
    """
    rows: list[Row] = []
    for level in LEVELS:
        splits = ["-1 AS age_band, -1 AS sex"] if level == "community" else ["-1 AS age_band, -1 AS sex", "age_band, sex"]
        for split in splits:
            for benefit in ("benefit", "'' AS benefit"):
                rows += db.execute(
                    f"SELECT measure, {benefit}, '{level}', {area_columns(level)}, {split}, "
                    "sum(weight)::BIGINT, sum(amount_fen)::BIGINT FROM facts GROUP BY ALL"
                ).fetchall()
    return [row for row in {row[:7]: row for row in rows}.values() if row[7]]


def load_decisions(db: duckdb.DuckDBPyConnection, decisions: str) -> None:
    """Fill ``facts`` with the decisions: entitled with their fen, and unknown."""
    db.execute(
        "INSERT INTO facts SELECT CASE status WHEN 1 THEN 'entitled' ELSE 'unknown' END, benefit::VARCHAR, community, age_band, sex, "
        "count(*), coalesce(sum(amount) FILTER (unit::VARCHAR = 'fen' AND status = 1), 0) FROM read_parquet(?) GROUP BY ALL",
        [decisions],
    )


def load_population(db: duckdb.DuckDBPyConnection, snapshot: Path, month_start: str, bands: tuple[int, ...]) -> None:
    """Fill ``facts`` with the residents."""
    branches = " ".join(f"WHEN years >= {lower} THEN {band}" for band, lower in reversed(list(enumerate(bands))))
    db.execute(
        f"INSERT INTO facts SELECT 'population', '', community, CASE {branches} ELSE 0 END AS band, coalesce(sex, 0), count(*), 0 FROM "
        "(SELECT community, sex, date_diff('year', birth_date, ?::DATE) "
        "- (strftime(birth_date, '%m%d') > strftime(?::DATE, '%m%d'))::INT AS years FROM read_parquet(?)) GROUP BY ALL",
        [month_start, month_start, str(snapshot / "person.parquet")],
    )


def load_paid(db: duckdb.DuckDBPyConnection, decisions: str, confirmed: Iterable[pa.RecordBatch]) -> None:
    """Fill ``facts`` with those entitled whom the bank confirmed, whichever batch paid them: a yearly benefit may have come months ago.

    confirmed: batches of benefit, period_key, entity_no, amount_fen.
    """
    db.execute("CREATE TEMP TABLE confirmed (benefit VARCHAR, period_key VARCHAR, entity_no BIGINT, amount_fen BIGINT)")
    for batch in confirmed:
        db.register("arriving", pa.Table.from_batches([batch]))
        db.execute("INSERT INTO confirmed SELECT benefit, period_key, entity_no, amount_fen FROM arriving")
        db.unregister("arriving")
    db.execute(
        "INSERT INTO facts SELECT 'paid', d.benefit::VARCHAR, community, age_band, sex, count(*), sum(c.fen) FROM read_parquet(?) d JOIN "
        "(SELECT benefit, period_key, entity_no, sum(amount_fen) AS fen FROM confirmed GROUP BY ALL) c "
        "ON d.benefit = c.benefit AND d.period_key = c.period_key AND d.entity_no = c.entity_no WHERE d.status = 1 GROUP BY ALL",
        [decisions],
    )


def load_roster(db: duckdb.DuckDBPyConnection, decisions: str, snapshot: Path, roster_benefits: dict[str, int]) -> None:
    """Fill ``facts`` with households on the department's own roster of a benefit, and those of them the rule entitles too.

    roster_benefits: benefit -> the code number of certified_kind that stands for it.
    """
    for benefit, kind in roster_benefits.items():
        listed = "SELECT household_no, community FROM read_parquet($households) WHERE certified_kind = $kind"
        values = {"households": str(snapshot / "household.parquet"), "kind": kind, "benefit": benefit}
        db.execute(f"INSERT INTO facts SELECT 'roster', $benefit, community, -1, -1, 1, 0 FROM ({listed})", values)
        db.execute(
            f"INSERT INTO facts SELECT 'roster_entitled', $benefit, h.community, -1, -1, 1, 0 FROM ({listed}) h SEMI JOIN "
            "(SELECT entity_no AS household_no FROM read_parquet($decisions) WHERE benefit = $benefit AND status = 1) USING (household_no)",
            {**values, "decisions": decisions},
        )


@transaction.atomic
def replace_observations(month: str, rows: list[Row]) -> int:
    """Write a month's observations in place of those it had; return how many."""
    Observation.objects.filter(month=month).delete()
    columns = ("month", "measure", "benefit", "level", "area", "parent", "age_band", "sex", "count", "amount_fen")
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        # Tens of thousands of rows: the model layer would take longer than the counting.
        cursor.executemany(
            f"INSERT INTO {Observation._meta.db_table} ({', '.join(columns)}) VALUES ({marks})",
            [(month, *row[:8], row[8] or 0) for row in rows],
        )
    return len(rows)


def open_facts() -> duckdb.DuckDBPyConnection:
    """Open an in-memory database with the empty table ``facts``."""
    db = duckdb.connect()
    db.execute("SET threads=2; SET memory_limit='2GB'")
    columns = "measure VARCHAR, benefit VARCHAR, community BIGINT, age_band INT, sex INT, weight BIGINT, amount_fen BIGINT"
    db.execute(f"CREATE TEMP TABLE facts ({columns})")
    return db
