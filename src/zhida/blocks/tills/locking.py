"""Who waits for whom. SQLite has one writer at a time anyway (transactions begin IMMEDIATE, see settings).

On PostgreSQL these are advisory locks: they live in memory, end with the transaction, and leave nothing behind when a process is
killed. The order is always the same, so that nobody waits in a circle: the day's book and the till, then persons by number.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

# First halves of the locks' keys; the second is a till, a person or nothing. Payments' own lock has another shape (one number).
_BOOK, _TILL, _PERSON = 20_023, 20_024, 20_025
_HALF = 0x7FFFFFFF


def lock_book_and_till(till_id: int) -> None:
    """Keep today's book open until this transaction ends, and let the requests of one till follow one another."""
    _execute("SELECT pg_advisory_xact_lock_shared(%s, 0), pg_advisory_xact_lock(%s, %s)", [_BOOK, _TILL, till_id & _HALF])


def lock_book_to_close_it() -> None:
    """Wait for every request that may still book on an open day, and let the next ones wait."""
    _execute("SELECT pg_advisory_xact_lock(%s, 0)", [_BOOK])


def lock_persons(person_nos: Collection[int]) -> None:
    """Let what counts for the same person follow one another."""
    if person_nos:
        keys = sorted({number & _HALF for number in person_nos})
        _execute("SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key", [_PERSON, keys])


def _execute(sql: str, parameters: list[object]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
