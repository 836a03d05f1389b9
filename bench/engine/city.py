"""The installed law over a whole city's snapshot: run by bench.py with the product's interpreter, in the ZHIDA_HOME of a prepared city.

python city.py '{"snapshot": …, "month": "2025-10", "out": …}'      prints one JSON object
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyarrow as pa
import pyarrow.parquet as pq
from files import Clock, peak_mib

from zhida.engine import api as engine
from zhida.project.cli import start_django

THREADS = 2
TABLES = ("person", "household", "claim")
# Snapshots have small row groups; so many of them are decided together where only the kernel is measured.
GROUPS_TOGETHER = 64


def measure(task: dict[str, Any]) -> dict[str, Any]:
    start_django()
    from zhida.blocks.policies import api as policies
    from zhida.kernel.period import Month

    program = policies.installed_law().program(Month.parse(task["month"]))
    program.fuse()
    told, clock = kernel(program, Path(task["snapshot"])), Clock()
    engine.evaluate_files(program, Path(task["snapshot"]), Path(task["out"]), threads=THREADS)
    return {**told, **clock.read()}


def kernel(program: Any, snapshot: Path) -> dict[str, Any]:
    """Evaluate the snapshot in large batches that are in memory; count the bytes of facts that are read and of answers that are written."""
    opened = {name: pq.ParquetFile(snapshot / f"{name}.parquet", memory_map=True) for name in TABLES}
    count = opened["person"].metadata.num_row_groups
    spans = [range(first, min(first + GROUPS_TOGETHER, count)) for first in range(0, count, GROUPS_TOGETHER)]
    first_s = _decided(program, _tables(program, opened, spans[0])).seconds  # compiles
    done = [_decided(program, _tables(program, opened, span)) for span in spans]
    return {
        "residents": sum(one.residents for one in done),
        "benefits": len(program.benefits),
        "first_s": first_s,
        "kernel_s": sum(one.seconds for one in done),
        "bytes_touched": sum(one.bytes_touched for one in done),
        "entitled": sum(one.entitled for one in done),
    }


@dataclass(frozen=True)
class Decided:
    """One batch: what it took and what it held."""

    seconds: float
    residents: int
    bytes_touched: int
    entitled: int


def _tables(program: Any, opened: dict[str, pq.ParquetFile], span: range) -> dict[str, pa.Table]:
    """Read what the rules read, and the keys, of some row groups."""
    read = {name: [f"{name}_no"] for name in ("household", "claim")} | {"person": ["resident_no"]}
    for name in ("person", "claim"):
        read[name].append("household_no")
    read["claim"].append("resident_no")
    for entity, fact in dict.fromkeys(pair for code in program.benefits for pair in program.facts_of(code)):
        read[entity].append(fact)
    return {
        name: file.read_row_groups(list(span), columns=list(dict.fromkeys(read[name]))).combine_chunks() for name, file in opened.items()
    }


def _decided(program: Any, tables: dict[str, pa.Table]) -> Decided:
    started = time.perf_counter()
    batch = engine.Batch.from_arrow(tables["person"], tables["household"], tables["claim"], program.law.facts.values())
    results = list(program.evaluate(batch, THREADS))
    seconds = time.perf_counter() - started
    answers = sum(result.status.nbytes + result.amount.nbytes + getattr(result.occasion, "nbytes", 0) for result in results)
    facts = sum(table.nbytes for table in tables.values())
    entitled = sum(int((result.status == engine.ENTITLED).sum()) for result in results)
    return Decided(seconds, tables["person"].num_rows, facts + answers, entitled)


if __name__ == "__main__":
    print(json.dumps({**measure(json.loads(sys.argv[1])), "peak_mib": peak_mib()}))
