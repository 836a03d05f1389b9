"""DuckDB for the population: one private connection per piece of work, with bounded memory and its own scratch folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from zhida.kernel.files import DiskFull

# What one piece of work may hold in memory; beyond it DuckDB spills into the scratch folder.
MEMORY_MB = int(os.environ.get("ZHIDA_MEMORY_MB", "2400"))


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """Give an empty folder under ``home/scratch`` for the time of one piece of work; folders of killed processes are removed first."""
    parent = home / "scratch"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.iterdir():
        if not _is_alive(left.name.split("-")[0]):
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of killed processes (``.<name>.<pid>.tmp``, see kernel.files) from a folder."""
    for left in folder.glob(".*.tmp"):
        if not _is_alive(left.name.split(".")[-2]):
            left.unlink(missing_ok=True)


@contextmanager
def warehouse(scratch: Path, memory_mb: int = MEMORY_MB, keep_order: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that spills into ``scratch``.

    Raises: DiskFull where DuckDB reports that the disk is full.
    """
    connection = duckdb.connect()
    try:
        connection.execute(f"SET memory_limit='{memory_mb}MB'")
        connection.execute(f"SET temp_directory='{scratch / 'spill'}'")
        connection.execute(f"SET preserve_insertion_order={str(keep_order).lower()}")
        connection.execute("SET enable_progress_bar=false")
        yield connection
    except duckdb.Error as error:
        if "No space left" in str(error) or "max_temp_directory_size" in str(error):
            raise DiskFull(scratch) from error
        raise
    finally:
        connection.close()


def add_table(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Copy an Arrow table into DuckDB. Copied, because DuckDB cannot push all of its join filters into a scan of Arrow memory."""
    connection.register("arrow_rows", table)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow_rows")
    connection.unregister("arrow_rows")


def sql_text(value: str | Path) -> str:
    """Quote a string for SQL.

    >>> sql_text("it's")
    "'it''s'"
    """
    return "'" + str(value).replace("'", "''") + "'"


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
