"""What a cluster adds: one snapshot decided by the embedded run and by Spark, every row compared. One JSON object as the last line.

    .venv/bin/python bench/spark.py --home FOLDER [--repeat 3] [--workers 2] [--memory 2048]

FOLDER: a home whose month is decided, as bench/month.py leaves it. Spark decides in two ways: ``files``, where workers read row groups of
the snapshot, and ``frames``, where it reads the tables, shuffles them by household and hands the rows over as Arrow batches. Each has as
many workers of one core as the embedded run has processes. Processor seconds count the driver, the executors and their Python workers.
The first run of each way, which warms the machines up, is told apart; the others are medians.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cost import cpu_by_pid, name_of, resident_mib, size

MONTH, TODAY = "2025-10", "2025-11-05"
TABLES = ("person", "household", "claim")
# As they stand in the command lines of processes.
EXECUTOR, WORKER = "CoarseGrainedExecutorBackend", "pyspark.daemon"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--home", required=True, type=Path)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--workers", type=int, default=2, help="executors of one core each")
    options.add_argument("--memory", type=int, default=2048, help="MiB of each executor's JVM")
    chosen = options.parse_args()
    os.environ.update(ZHIDA_HOME=str(chosen.home.resolve()), ZHIDA_TODAY=TODAY)
    from zhida.project.cli import start_django

    start_django()
    with tempfile.TemporaryDirectory(prefix="zhida-bench-spark-", dir=chosen.home) as scratch:
        print(json.dumps(measured(Path(scratch), chosen)))


def measured(scratch: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    from zhida.blocks.records import api as records
    from zhida.engine import spark as cluster
    from zhida.project.measure import PeakMemory

    snapshot = records.snapshot_for(MONTH)
    with PeakMemory() as embedded_peak:
        embedded = [cost(decide_embedded) for _ in range(chosen.repeat)]
    use_scratch_for_logs(scratch)
    started = time.monotonic()
    session = cluster.session(
        f"local-cluster[{chosen.workers},1,{chosen.memory}]",
        spark__executor__memory=f"{chosen.memory}m",
        spark__local__dir=str(scratch),
        spark__log__level="ERROR",
        spark__scheduler__minRegisteredResourcesRatio="1.0",
    )
    session.range(1).count()
    start_s = time.monotonic() - started
    snapshot_folder, out = Path(snapshot.path), scratch / "decisions"
    told, residents, mine = {}, snapshot.persons, middle(embedded)
    for way in ("files", "frames"):
        with PeakMemory() as peak:
            shuffled = shuffled_bytes(session)
            costs = [cost(lambda way=way: decide_on(session, way, snapshot_folder, out)) for _ in range(chosen.repeat + 1)]
        equal, rows = compared(out)
        warm = middle(costs[1:])
        told[way] = {
            "first": costs[0],
            **warm,
            "cpu_us_per_resident": per_resident(warm["cpu_s"], residents),
            "overhead_wall": round(warm["wall_s"] / mine["wall_s"], 2),
            "overhead_cpu": round(warm["cpu_s"] / mine["cpu_s"], 2),
            "rows_equal": equal,
            "shuffle_bytes_per_resident": round((shuffled_bytes(session) - shuffled) / len(costs) / residents, 1),
            "peak_mb": round(peak.mib),
            "largest_mb": largest_of_each_kind(),
        }
    session.stop()
    return {
        "residents": residents,
        "workers": chosen.workers,
        "embedded": {
            "wall_s": mine["wall_s"],
            "cpu_s": mine["cpu_s"],
            "cpu_us_per_resident": per_resident(mine["cpu_s"], residents),
            "peak_mb": round(embedded_peak.mib),
        },
        "spark_start_s": round(start_s, 1),
        **told,
        "rows": rows,
        "bytes_per_resident": round(size(out, lambda path: path.suffix == ".parquet") / residents, 1),
        "repeat": chosen.repeat,
        "cores": os.cpu_count(),
    }


def decide_embedded() -> None:
    """Do the month's run anew, as `zhida month` does."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.policies import api as policies
    from zhida.blocks.policies.models import Run
    from zhida.blocks.records import api as records
    from zhida.kernel.period import Month

    Run.objects.filter(month=MONTH).delete()
    policies.run_period(SYSTEM, Month.parse(MONTH), snapshot=records.snapshot_for(MONTH))


def decide_on(session: Any, way: str, snapshot: Path, out: Path) -> None:
    from zhida.blocks.policies import api as policies
    from zhida.engine import spark as cluster
    from zhida.engine.spark import output
    from zhida.kernel.period import Month

    shutil.rmtree(out, ignore_errors=True)
    law, month = policies.law_source(), Month.parse(MONTH)
    if way == "files":
        decided = cluster.decide_snapshots(session, [snapshot], law, month)
    else:
        decided = cluster.decide(session, {name: str(snapshot / f"{name}.parquet") for name in TABLES}, law, month)
    output.write(decided, out)


def cost(work: Callable[[], None]) -> dict[str, float]:
    """Return wall seconds and processor seconds of some work, and whose they were."""
    before, started = cpu_by_pid(os.getpid()), time.monotonic()
    work()
    wall, after = time.monotonic() - started, cpu_by_pid(os.getpid())
    told = {"wall_s": wall, "cpu_s": 0.0, "executors_cpu_s": 0.0, "python_cpu_s": 0.0}
    for pid, seconds in after.items():
        spent, name = seconds - before.get(pid, 0.0), name_of(pid)
        told["cpu_s"] += spent
        told["executors_cpu_s"] += spent if EXECUTOR in name else 0.0
        told["python_cpu_s"] += spent if WORKER in name else 0.0
    return {key: round(seconds, 2) for key, seconds in told.items()}


def shuffled_bytes(session: Any) -> int:
    """Return what all executors have written for others to read since they started."""
    listed = session.sparkContext._jsc.sc().statusStore().executorList(False)
    return sum(listed.apply(index).totalShuffleWrite() for index in range(listed.size()))


def largest_of_each_kind() -> dict[str, int]:
    """Return the resident MiB of the largest executor and the largest Python worker, as they stand after the work."""
    found = [(name_of(pid), resident_mib(pid)) for pid in cpu_by_pid(os.getpid())]
    return {kind: round(max((mib for name, mib in found if kind in name), default=0)) for kind in (EXECUTOR, WORKER)}


def middle(costs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(each[key] for each in costs), 2) for key in costs[0]}


def per_resident(seconds: float, residents: int) -> float:
    """Return microseconds per resident."""
    return round(seconds / residents * 1e6, 2)


def compared(out: Path) -> tuple[bool, int]:
    """Say whether the cluster's rows are those of the embedded run, and how many there are."""
    from zhida.blocks.policies import api as policies
    from zhida.engine.decisions import PLAIN_SCHEMA
    from zhida.kernel.period import Month

    keys = [(name, "ascending") for name in ("benefit", "entity_kind", "entity_no", "period_key")]
    files = sorted(glob.glob(policies.decisions_path(policies.latest_run(Month.parse(MONTH)).id)))
    embedded = pa.concat_tables([pq.read_table(file).cast(PLAIN_SCHEMA) for file in files]).sort_by(keys)
    return pq.read_table(out).cast(PLAIN_SCHEMA).sort_by(keys).equals(embedded), embedded.num_rows


def use_scratch_for_logs(scratch: Path) -> None:
    """Workers of a local cluster write their logs beside Spark's programs: give them a folder of ours."""
    import pyspark

    for name in ("bin", "jars"):
        (scratch / name).symlink_to(Path(pyspark.__file__).parent / name)
    os.environ["SPARK_HOME"] = str(scratch)


if __name__ == "__main__":
    main()
