"""A month as the embedded run decided it: what every other way of deciding it must say."""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhida.blocks.policies import api as policies
from zhida.engine.api import LawSource
from zhida.engine.decisions import PLAIN_SCHEMA
from zhida.kernel.period import Month

ONE_ROW = [(name, "ascending") for name in ("benefit", "entity_kind", "entity_no", "period_key")]


@dataclass(frozen=True)
class EmbeddedRun:
    """A finished run: its month, the law as source, the snapshot's three tables and the rows it decided, sorted by ``ONE_ROW``."""

    month: Month
    law: LawSource
    snapshot: Path
    decisions: pa.Table

    def path(self, entity: str) -> Path:
        return self.snapshot / f"{entity}.parquet"


def in_order(rows: pa.Table) -> pa.Table:
    """Return rows of decisions as an embedded run's would compare with them."""
    return rows.cast(PLAIN_SCHEMA).sort_by(ONE_ROW).combine_chunks()


def finished_run(home: Path) -> EmbeddedRun:
    """Read the newest month that was decided in a home."""
    with sqlite3.connect(f"file:{home / 'zhida.sqlite3'}?mode=ro", uri=True) as db:
        newest = "SELECT id, month, snapshot_hash, law_name, law_as_of, entitled, unknown FROM policies_run ORDER BY month DESC, id DESC"
        number, month, snapshot, law_name, as_of, *counted = db.execute(newest).fetchone()
    law = policies.law_source(date.fromisoformat(as_of))
    assert law.load().name == law_name
    files = sorted((home / "runs" / str(number)).glob("decisions-*.parquet"))
    decisions = in_order(pa.concat_tables([pq.read_table(file).cast(PLAIN_SCHEMA) for file in files]))
    status = decisions["status"].to_pylist()
    assert [status.count(1), status.count(2)] == counted
    assert counted[1] > 0 and len(set(decisions["benefit"].to_pylist())) > 20
    return EmbeddedRun(Month.parse(month), law, home / "snapshots" / snapshot, decisions)


def in_small_row_groups(run: EmbeddedRun, folder: Path) -> int:
    """Write a snapshot anew in row groups of about 60 households, so that a small one has many; return how many."""
    tables = {entity: pq.read_table(run.path(entity)) for entity in ("person", "household", "claim")}
    numbers = tables["household"]["household_no"].to_numpy()
    firsts = [*numbers[::60].tolist(), int(numbers[-1]) + 1]
    for entity, table in tables.items():
        cuts = np.searchsorted(table["household_no"].to_numpy(), firsts).tolist()
        with pq.ParquetWriter(folder / f"{entity}.parquet", table.schema) as writer:
            for begin, end in itertools.pairwise(cuts):
                writer.write_table(table.slice(begin, end - begin), row_group_size=max(end - begin, 1))
    return len(firsts) - 1
