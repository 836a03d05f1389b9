"""A full disk is a sentence, whoever meets it first: DuckDB or we."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zhida.kernel.files import DiskFull, atomic_path
from zhida.kernel.warehouse import remove_leftovers, scratch_folder, warehouse

# The device on which every write fails with "no space left".
FULL = Path("/dev/full")


def test_duckdb_on_a_full_disk_says_so(tmp_path):
    with pytest.raises(DiskFull, match="Free some space and run the same command again"), warehouse(tmp_path) as db:
        db.execute(f"COPY (SELECT * FROM range(100000)) TO '{FULL}' (FORMAT csv, USE_TMP_FILE false)")


def test_our_own_files_on_a_full_disk_leave_nothing(tmp_path):
    with pytest.raises(DiskFull, match="manifest"), atomic_path(tmp_path / "here" / "manifest.json"), FULL.open("w") as handle:
        handle.write("x")
        handle.flush()
    assert list((tmp_path / "here").iterdir()) == []


def test_what_killed_processes_left_is_removed_and_what_living_ones_write_stays(tmp_path):
    (tmp_path / ".accepted.parquet.999999999.tmp").touch()
    (tmp_path / f".accepted.parquet.{os.getpid()}.tmp").touch()
    (tmp_path / "scratch" / "999999999-dead").mkdir(parents=True)
    remove_leftovers(tmp_path)
    with scratch_folder(tmp_path) as folder:
        assert [path.name for path in (tmp_path / "scratch").iterdir()] == [folder.name]
    assert [path.name for path in tmp_path.glob(".*")] == [f".accepted.parquet.{os.getpid()}.tmp"]
