"""`zhida spark …`: a month decided on a cluster, from a snapshot that all its machines can read."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from zhida.kernel.period import Month


@click.group()
def spark() -> None:
    """Decide on a cluster (the optional extra `spark`)."""


@spark.command()
@click.option("--month", required=True, metavar="YYYY-MM")
@click.option("--snapshot", help="its hash  [default: the month's newest]")
@click.option("--master", default="local[*]", show_default=True, help="Spark's master: local[2], spark://host:7077, yarn …")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="the law as it was known on a day  [default: today]")
@click.option("--reform", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="decide as if this reform were law")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="new folder for the decisions, shared with the workers")
def run(month: str, snapshot: str | None, master: str, as_of: Any, reform: Path | None, out: Path) -> None:
    """Decide every benefit of a month for everyone; write the rows of decisions and what they are decided from."""
    from zhida.blocks.access import api as access
    from zhida.blocks.policies import api as policies
    from zhida.blocks.records import api as records
    from zhida.engine import spark as cluster
    from zhida.engine.spark import output
    from zhida.project.cli import prepare_database

    output.require_new(out)
    prepare_database()
    period = Month.parse(month)
    found = snapshot or records.snapshot_for(period).hash
    folder = records.snapshot_path(found)
    source = replace(policies.law_source(as_of.date() if as_of else None), reform=policies.read_reform(reform) if reform else None)
    law = source.load()
    access.record_access(access.SYSTEM, access.Purpose.OPERATION, "spark.run", f"snapshot {found[:16]}")
    started = time.monotonic()
    session = cluster.session(master, spark__log__level="ERROR")
    try:
        output.write(cluster.decide_snapshots(session, [folder], source, period), out)
        benefits = output.figures(session, out)
    finally:
        session.stop()
    told = {"month": period.text, "snapshot": found, "law": law.name, "law_as_of": str(source.as_of)}
    told |= {"reform": reform.name if reform else None, "benefits": benefits}
    # Readers of Parquet folders pass over names that begin with an underscore.
    (out / "_run.json").write_text(json.dumps(told, indent=1))
    totals = {word: sum(line[word] for line in benefits.values()) for word in ("entitled", "unknown")}
    click.echo(json.dumps({**told, "benefits": len(benefits), **totals, "seconds": round(time.monotonic() - started, 1)}))
