"""Many rows in one statement, the same on PostgreSQL and SQLite: they travel as one JSON text that the database unfolds.

A request of a till must be a dozen short statements; object-relational mapping of every row would cost more than the database's work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

Columns = Mapping[str, str]


def query(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def execute(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def unfolded(name: str, columns: Columns) -> str:
    """Return the SQL of a table ``name`` of a parameter, a JSON list of rows. columns: name -> PostgreSQL's type, in the rows' order."""
    if connection.vendor == "postgresql":
        fields = ", ".join(f"(each.value->>{place})::{kind} AS {column}" for place, (column, kind) in enumerate(columns.items()))
        return f"(SELECT {fields} FROM json_array_elements(%s::json) AS each(value)) AS {name}"
    fields = ", ".join(f"json_extract(each.value, '$[{place}]') AS {column}" for place, column in enumerate(columns))
    return f"(SELECT {fields} FROM json_each(%s) AS each) AS {name}"


def insert(table: str, columns: Columns, rows: Sequence[Sequence[object]], on_conflict: str = "") -> None:
    """Insert rows whose values stand in the order of ``columns`` (name -> PostgreSQL's type)."""
    if not rows:
        return
    names = ", ".join(columns)
    # Without WHERE, SQLite would take ON CONFLICT for the ON of a join.
    execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {unfolded('r', columns)} WHERE TRUE {on_conflict}", json.dumps(rows))


def moment_text(moment: datetime) -> str:
    """Write a moment as both databases keep it: in UTC, which is also the zone of Django's sessions."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds" if moment.microsecond else "seconds")
