"""A month decided by a cluster of two worker processes is the month that one machine decides: every row, however the work is cut."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.spark.embedded import EmbeddedRun, finished_run, in_order, in_small_row_groups

from zhida.blocks.records import api as records
from zhida.engine import spark as cluster
from zhida.engine.spark import output
from zhida.engine.spark.errors import ClusterFailed, JavaMissing, OutputExists
from zhida.engine.spark.frames import DECISIONS
from zhida.engine.spark.worker import ENTITIES
from zhida.project.cli import cli

# The last one uses the database. Those that do run first: with all of them the order is that of this file.
pytestmark = [pytest.mark.spark, pytest.mark.django_db]
TWO_WORKERS = "local-cluster[2,1,1024]"
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(scope="module")
def embedded_run(demo_home: tuple[Path, dict[str, Any], dict[str, str]]) -> EmbeddedRun:
    """The month that the demonstration decided by its commands."""
    return finished_run(demo_home[0])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two executors of one core each, every one a process of its own with Python workers of its own, all on loopback."""
    import pyspark

    # Workers cannot import this file: its functions travel as they are.
    pyspark.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    # They write their logs beside Spark's programs: into a folder of the tests.
    programs = tmp_path_factory.mktemp("spark")
    for name in ("bin", "jars"):
        (programs / name).symlink_to(Path(pyspark.__file__).parent / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(programs))
        started = cluster.session(
            TWO_WORKERS,
            spark__local__dir=str(programs),
            spark__log__level="ERROR",
            # Three short lives: compiling much would take longer than it saves.
            spark__driver__extraJavaOptions=SHORT_LIVED,
            spark__executor__extraJavaOptions=SHORT_LIVED,
            spark__sql__codegen__wholeStage="false",
            # No work before both are there.
            spark__scheduler__minRegisteredResourcesRatio="1.0",
            spark__sql__shuffle__partitions="5",
        )
        yield started
        started.stop()


def tables(run: EmbeddedRun) -> dict[str, str]:
    return {entity: str(run.path(entity)) for entity in ENTITIES}


def executor_above() -> int:
    """Inside a worker: the process number of its executor, which started the daemon that this worker was forked from."""
    return int(Path(f"/proc/{os.getppid()}/stat").read_text().rsplit(")", 1)[1].split()[1])


def with_place(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Inside a worker: say of every row in which partition and under which executor it was decided."""
    from pyspark import TaskContext

    for batch in batches:
        for name, number in (("partition", TaskContext.get().partitionId()), ("executor", executor_above())):
            batch = batch.append_column(name, pa.array([number] * batch.num_rows, pa.int32()))
        yield batch


def test_every_decision_is_the_embedded_runs(session: Any, embedded_run: EmbeddedRun, tmp_path: Path) -> None:
    decided = cluster.decide(session, tables(embedded_run), embedded_run.law, embedded_run.month)
    output.write(decided, tmp_path / "decisions")
    assert in_order(pq.read_table(tmp_path / "decisions")).equals(embedded_run.decisions)
    told = output.figures(session, tmp_path / "decisions")
    rows = embedded_run.decisions.group_by("benefit").aggregate([("amount", "sum")]).to_pylist()
    assert {code: line["amount"] for code, line in told.items()} == {row["benefit"]: row["amount_sum"] for row in rows}
    with pytest.raises(OutputExists):
        output.write(decided, tmp_path / "decisions")


def test_workers_that_read_a_snapshot_themselves_decide_the_same(session: Any, embedded_run: EmbeddedRun, tmp_path: Path) -> None:
    """A task for every few hundred residents, on both executors; nothing is shuffled."""
    in_small_row_groups(embedded_run, tmp_path)
    decided = cluster.decide_snapshots(session, [tmp_path], embedded_run.law, embedded_run.month, rows_per_task=500)
    rows = decided.mapInArrow(with_place, f"{DECISIONS}, partition int, executor int").toArrow()
    assert len(rows["partition"].unique()) >= 5
    assert len(rows["executor"].unique()) == 2
    assert in_order(rows.drop_columns(["partition", "executor"])).equals(embedded_run.decisions)


@pytest.mark.parametrize(("partitions", "rows_per_batch", "arrow_rows"), [(1, 500, 333), (7, 40, 10_000)])
def test_neither_partitions_nor_batches_change_a_decision(
    session: Any, embedded_run: EmbeddedRun, partitions: int, rows_per_batch: int, arrow_rows: int
) -> None:
    """Frames in any order, a few benefits or all, few partitions and many, Arrow batches that end inside households, kernels."""
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", arrow_rows)
    # Residents by community and bills by number: households lie all over the files.
    orders = {"household": "community", "person": "community", "claim": "claim_no"}
    frames = {entity: session.read.parquet(path).orderBy(orders[entity]) for entity, path in tables(embedded_run).items()}
    benefits = sorted(set(embedded_run.decisions["benefit"].to_pylist()))[: 37 if partitions == 1 else 3]
    decided = cluster.decide(
        session,
        frames,
        embedded_run.law,
        embedded_run.month,
        benefits,
        partitions=partitions,
        rows_per_batch=rows_per_batch,
        rows_before_fusing=0,
    )
    rows = decided.mapInArrow(with_place, f"{DECISIONS}, partition int, executor int").toArrow()
    assert len(rows["partition"].unique()) == partitions
    assert len(rows["executor"].unique()) == min(partitions, 2)
    expected = embedded_run.decisions.filter(pa.compute.is_in(embedded_run.decisions["benefit"], pa.array(benefits)))
    assert in_order(rows.drop_columns(["partition", "executor"])).equals(expected.combine_chunks())


def test_an_executor_that_is_killed_changes_no_decision(session: Any, embedded_run: EmbeddedRun, tmp_path: Path) -> None:
    """The first task that has decided something kills the process it runs under; Spark does its work again elsewhere."""
    decided = cluster.decide(session, tables(embedded_run), embedded_run.law, embedded_run.month, partitions=6, rows_per_batch=300)
    note = str(tmp_path / "killed")

    def kill_once(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            try:
                with open(note, "x") as file:
                    file.write(str(executor_above()))
            except FileExistsError:
                continue
            os.kill(executor_above(), signal.SIGKILL)

    survived = decided.mapInArrow(kill_once, DECISIONS).toArrow()
    assert in_order(survived).equals(embedded_run.decisions)
    assert not Path("/proc", Path(note).read_text()).exists()


def test_a_worker_that_refuses_is_heard(session: Any, embedded_run: EmbeddedRun, tmp_path: Path) -> None:
    """Two rows for one household: the sentence of the worker arrives, and nothing is left on disk."""
    frames = {entity: session.read.parquet(path) for entity, path in tables(embedded_run).items()}
    frames["household"] = frames["household"].union(frames["household"].limit(1))
    decided = cluster.decide(session, frames, embedded_run.law, embedded_run.month, ["dibao"], partitions=2)
    with pytest.raises(ClusterFailed, match="household table is not sorted"):
        output.write(decided, tmp_path / "runs" / "decisions")
    assert list((tmp_path / "runs").iterdir()) == []


def test_without_java_one_sentence_names_it(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(JavaMissing, match="default-jre-headless"):
        cluster.session(TWO_WORKERS)


def test_the_command_says_what_it_decided_and_from_what(session: Any, embedded_run: EmbeddedRun, tmp_path: Path) -> None:
    """The last test: the command stops the session that it finds."""
    home, out = {"month": embedded_run.month.text, "path": str(embedded_run.snapshot), "known_on": date(2025, 11, 5)}, tmp_path / "out"
    records.Snapshot.objects.create(hash=embedded_run.snapshot.name, inputs_hash="", persons=0, households=0, claims=0, **home)
    day = str(embedded_run.law.as_of)
    done = CliRunner().invoke(cli, ["spark", "run", "--month", "2025-10", "--as-of", day, "--master", TWO_WORKERS, "--out", str(out)])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    status = embedded_run.decisions["status"].to_pylist()
    assert (told["entitled"], told["unknown"]) == (status.count(1), status.count(2))
    kept = json.loads((out / "_run.json").read_text())
    assert (kept["snapshot"], kept["law"]) == (embedded_run.snapshot.name, embedded_run.law.load().name)
    assert in_order(pq.read_table(out)).equals(embedded_run.decisions)
