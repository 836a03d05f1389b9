"""Kill -9 at any moment leaves nothing half-written, and the next run ends where an undisturbed one does."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zhida.blocks.records.testing import id_number, make_feed, tiny_households, tiny_residents, write_manifest

WORK = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from pathlib import Path
from datetime import date
from zhida.blocks.access.api import SYSTEM
from zhida.blocks.records import api as records
from zhida.kernel.period import Month
print("ready", flush=True)
records.receive_folder(SYSTEM, Path(r"{feeds}"))
records.link_residents(SYSTEM)
snapshot = records.freeze_snapshot(SYSTEM, Month.parse("2025-10"), date(2025, 11, 1))
counts = [[d.file_name, d.state, d.rows_received, d.rows_accepted, d.rows_quarantined] for d in records.deliveries(SYSTEM, "operation")]
import json
print(json.dumps([snapshot.hash, snapshot.persons, sorted(counts)]), flush=True)
"""


@pytest.fixture
def feeds(tmp_path):
    """A few thousand rows in several files, so that there is time to be killed."""
    folder = tmp_path / "feeds"
    residents = tiny_residents()
    residents += [{**residents[0], "id_number": id_number("1980-01-01", n), "birth_date": "1980-01-01"} for n in range(1, 999)]
    make_feed(folder, "resident", [*residents, {**residents[0], "sex": "?"}])
    make_feed(folder, "household", tiny_households())
    registers = {"veteran": {"kind": "retired", "valid_from": "2000-01-01"}, "enrolment": {"school_code": "1", "stage": "primary"}}
    for record, more in registers.items():
        make_feed(folder, record, [{"id_number": row["id_number"], **more} for row in residents])
    write_manifest(folder)
    return folder


def start(home: Path, feeds: Path) -> subprocess.Popen[str]:
    environment = os.environ | {
        "ZHIDA_HOME": str(home),
        "DATABASE_URL": f"sqlite:///{home / 'zhida.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "zhida.project.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    home.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, "-c", WORK.format(feeds=feeds)], env=environment, stdout=subprocess.PIPE, text=True)


def finish(home: Path, feeds: Path) -> list[object]:
    out, _ = start(home, feeds).communicate(timeout=120)
    return json.loads(out.splitlines()[-1])


def assert_nothing_is_half_written(home: Path) -> None:
    for path in home.rglob("*.parquet"):
        if "scratch" not in path.parts and not path.name.startswith("."):
            pq.ParquetFile(path)
    with sqlite3.connect(home / "zhida.sqlite3") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for manifest in (home / "snapshots").glob("*/manifest.json"):
        assert json.loads(manifest.read_text())["hash"] == manifest.parent.name


def test_a_killed_run_carries_on_and_ends_the_same(tmp_path, feeds):
    began = time.monotonic()
    expected = finish(tmp_path / "undisturbed", feeds)
    whole = time.monotonic() - began
    home, chance = tmp_path / "killed", random.Random(7)
    for _ in range(4):
        process = start(home, feeds)
        process.stdout.readline()
        time.sleep(chance.random() * whole * 0.8)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert_nothing_is_half_written(home)
    assert finish(home, feeds) == expected
    assert not list((home / "scratch").iterdir())
    assert not [path for path in home.rglob(".*.tmp")]
