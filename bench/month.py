"""What a month costs per resident: processor seconds by stage, bytes by store, memory. One JSON object as the last line.

    .venv/bin/python bench/month.py --home FOLDER [--residents 1000000]

On PostgreSQL, whose own processor time is not counted: scripts/with_postgres.py .venv/bin/python bench/month.py --home FOLDER

Builds a city in FOLDER and does its month with every stage of the main job; bench/spark.py then decides the same snapshot. A folder whose
month is done already is only measured for bytes: remove it to measure anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cost import CostedStages, size

MONTH, TODAY, SEED = "2025-10", "2025-11-05", 7


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--home", required=True, type=Path)
    options.add_argument("--residents", type=int, default=1_000_000)
    chosen = options.parse_args()
    home = chosen.home.resolve()
    os.environ.update(ZHIDA_HOME=str(home), ZHIDA_TODAY=TODAY, ZHIDA_DEMO="1")
    if not (home / "feeds" / MONTH / "manifest.json").exists():
        build = [
            "city",
            "build",
            "--residents",
            str(chosen.residents),
            "--seed",
            str(SEED),
            "--month",
            MONTH,
            "--truth",
            "defects",
            "--quiet",
        ]
        subprocess.run([sys.executable, "-m", "zhida", *build], check=True)
    print(json.dumps(measured(home)))


def measured(home: Path) -> dict[str, Any]:
    from zhida.project.cli import prepare_database, start_django

    start_django()
    prepare_database()
    from datetime import date

    from django.db import connection

    from zhida.blocks.records import api as records
    from zhida.kernel.period import Month
    from zhida.project import pipeline
    from zhida.project.budget import cover
    from zhida.project.measure import PeakMemory

    stages, month = CostedStages(), Month.parse(MONTH)
    with PeakMemory() as peak:
        pipeline.take_in(stages, home / "feeds" / MONTH, quiet=True)
        run = pipeline.decide(stages, month, date.fromisoformat(TODAY), quiet=True)
        cover(run.id, month.year)
        batch = pipeline.instruct(stages, run, quiet=True)
        if batch.state == "released":
            pipeline.bank_and_settle(stages, batch, home)
    snapshot = records.snapshot_for(month)
    residents = snapshot.persons
    told = {name: {"wall_s": wall, "cpu_s": stages.cpu[name]} for name, wall in stages.seconds.items()}
    return {
        "residents": residents,
        "households": snapshot.households,
        "decisions": run.entitled + run.unknown,
        "payments": batch.count,
        "stages": {name: {**cost, "cpu_us_per_resident": round(cost["cpu_s"] / residents * 1e6, 2)} for name, cost in told.items()},
        "cpu_us_per_resident": round(sum(stages.cpu.values()) / residents * 1e6, 1),
        "bytes_per_resident": {name: round(number / residents, 1) for name, number in stores(home, Path(snapshot.path), run.id).items()},
        "peak_mb": round(peak.mib),
        "database": connection.vendor,
        "cores": os.cpu_count(),
    }


def stores(home: Path, snapshot: Path, run_id: int) -> dict[str, int]:
    """Return the bytes of everything that a month leaves on disk."""
    facts = {f"{name}.parquet" for name in ("person", "household", "claim")}
    return {
        "feeds": size(home / "feeds" / MONTH),
        "records": size(home / "records"),
        "register": size(home / "register"),
        "snapshot_facts": size(snapshot, lambda path: path.name in facts),
        "snapshot_names_and_accounts": size(snapshot, lambda path: path.name not in facts),
        "decisions": size(home / "runs" / str(run_id)),
        "bank_files": size(home / "bank"),
        "database": database_bytes(home),
    }


def database_bytes(home: Path) -> int:
    from django.db import connection

    if connection.vendor == "sqlite":
        return sum(size(path) for path in home.glob("zhida.sqlite3*"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
