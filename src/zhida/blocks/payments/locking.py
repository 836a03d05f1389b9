"""One payment command at a time, as one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from zhida.blocks.payments.errors import CommandBusy

# Any fixed number: every payment command of every process asks for the same one.
_LOCK = 20_022


@contextmanager
def one_command() -> Iterator[None]:
    """Begin a transaction and wait until no other payment command is at work; everything happens or nothing does.

    SQLite has one writer anyhow (transactions begin IMMEDIATE, see settings). PostgreSQL waits for an advisory lock that
    ends with the transaction, so a killed process leaves nothing locked.

    Raises: CommandBusy when SQLite's wait runs out.
    """
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            yield
    except OperationalError as error:
        if "locked" in str(error):
            raise CommandBusy from error
        raise
