"""What runs inside a worker, without Spark: batches that end anywhere give the decisions of the embedded run; the law travels whole."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spark.embedded import EmbeddedRun, finished_run, in_order, in_small_row_groups

from zhida.engine.decisions import PLAIN_SCHEMA, columns_read
from zhida.engine.fused import machine
from zhida.engine.law_source import LawDiffers
from zhida.engine.reform import read_reform
from zhida.engine.spark import worker
from zhida.engine.spark.errors import SparkMissing
from zhida.engine.spark.session import session
from zhida.engine.spark.worker import ENTITIES, Task, decide_files, decide_rows, whole_households


@pytest.fixture(scope="session")
def embedded_run(demo_home: tuple[Path, dict[str, Any], dict[str, str]]) -> EmbeddedRun:
    """The month that the demonstration decided, paid and compared with the truth."""
    return finished_run(demo_home[0])


def one_table(run: EmbeddedRun) -> pa.Table:
    """Put a snapshot's tables under each other, sorted by household, as frames.one_frame and Spark's sort do."""
    columns = columns_read(run.law.load().program(run.month))
    parts = []
    for position, entity in enumerate(ENTITIES):
        table = pq.read_table(run.path(entity)).select(columns[entity])
        struct = pa.StructArray.from_arrays([column.combine_chunks() for column in table.columns], names=columns[entity])
        place = pa.array(range(table.num_rows), pa.int64())
        kind = pa.array([position] * table.num_rows, pa.int8())
        parts.append(pa.table({"household_no": table["household_no"], "entity": kind, "place": place, entity: struct}))
    keys = [(name, "ascending") for name in ("household_no", "entity", "place")]
    joined = pa.concat_tables(parts, promote_options="default")
    # Arrow sorts no structs: sort their places.
    order = pa.compute.sort_indices(joined.select(["household_no", "entity", "place"]), keys)
    return joined.take(order)


def in_odd_batches(table: pa.Table, seed: int) -> Iterator[pa.RecordBatch]:
    """Cut a table anywhere, empty batches and single rows included."""
    draw, start = random.Random(seed), 0
    while start < table.num_rows:
        length = draw.choice((0, 1, 2, 7, 500, 3_000))
        yield from table.slice(start, length).combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        start += length


@pytest.mark.parametrize(("rows_per_batch", "rows_before_fusing"), [(900, 10**9), (900, 2_000), (1_000_000, 0)])
def test_batches_that_end_anywhere_change_no_decision(
    embedded_run: EmbeddedRun, rows_per_batch: int, rows_before_fusing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NumPy, with a compiled kernel that takes over on the way, and with one from the first row."""
    monkeypatch.setattr(worker, "_deciders", {})
    task = Task(embedded_run.law.packed(), embedded_run.month, None, rows_per_batch, rows_before_fusing)
    batches = in_odd_batches(one_table(embedded_run), rows_per_batch)
    decided = pa.Table.from_batches(list(decide_rows(batches, task)), PLAIN_SCHEMA)
    assert [decider.program.is_fused for decider in worker._deciders.values()] == [rows_before_fusing < 10**9 and machine.is_available()]
    assert in_order(decided).equals(embedded_run.decisions)


def test_row_groups_read_by_workers_give_the_same(embedded_run: EmbeddedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_deciders", {})
    groups = in_small_row_groups(embedded_run, tmp_path)
    task = Task(embedded_run.law.packed(), embedded_run.month, None, 700, 10**9)
    spans = [(str(tmp_path), range(first, min(first + 3, groups))) for first in range(0, groups, 3)]
    partitions = [pa.RecordBatch.from_pydict({"id": [position]}) for position in range(len(spans))]
    decided = pa.Table.from_batches([rows for one in partitions for rows in decide_files(iter([one]), task, spans)], PLAIN_SCHEMA)
    assert in_order(decided).equals(embedded_run.decisions)


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_is_cut_between_households_only(seed: int) -> None:
    draw = random.Random(seed)
    numbers = sorted(draw.choices(range(draw.choice((1, 3, 40))), k=draw.randrange(1, 300)))
    table = pa.table({"household_no": pa.array(numbers, pa.int64())})
    pieces = list(whole_households(in_odd_batches(table, seed), draw.choice((1, 5, 100))))
    assert [number for piece in pieces for number in piece["household_no"].to_pylist()] == numbers
    households = [number for piece in pieces for number in sorted(set(piece["household_no"].to_pylist()))]
    assert len(households) == len(set(households))
    assert len(pieces) > 1 or len(set(numbers)) == 1 or len(numbers) <= 100


def test_a_partition_without_rows_decides_nothing(embedded_run: EmbeddedRun) -> None:
    task = Task(embedded_run.law.packed(), embedded_run.month, None)
    assert list(decide_rows(iter(()), task)) == []


def test_the_law_travels_without_its_folders_and_without_django(embedded_run: EmbeddedRun, tmp_path: Path) -> None:
    packed = embedded_run.law.packed()
    lost = tuple(replace(pack, folder=tmp_path / "nowhere") for pack in packed.source.packs)
    travelling = replace(packed, source=replace(packed.source, packs=lost))
    script = "import pickle, sys; law = pickle.load(sys.stdin.buffer).load(); assert 'django' not in sys.modules; print(law.name)"
    done = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(travelling), capture_output=True, cwd=tmp_path, check=False)
    assert done.stdout.decode().strip() == packed.name, done.stderr[-2000:]


def test_a_reform_travels_with_the_law(embedded_run: EmbeddedRun) -> None:
    reform = read_reform("title: {zh: 改, en: Reform}\nfrom: 2025-10\nbenefits: {ended: [gaoling]}\n")
    packed = replace(embedded_run.law, reform=reform).packed()
    assert pickle.loads(pickle.dumps(packed)).load().name == embedded_run.law.load().reformed(reform).name
    assert packed.name != embedded_run.law.load().name


def test_a_worker_that_makes_another_law_refuses(embedded_run: EmbeddedRun) -> None:
    packed = embedded_run.law.packed()
    first, *others = packed.files
    changed = tuple((name, content + b"\n" if name.endswith(".py") else content) for name, content in first)
    with pytest.raises(LawDiffers, match=packed.name):
        replace(packed, files=(changed, *others)).load()


def test_without_the_extra_one_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Python leaves it after an import that found nothing.
    missing: Any = None
    monkeypatch.setitem(sys.modules, "pyspark", missing)
    monkeypatch.setitem(sys.modules, "pyspark.sql", missing)
    with pytest.raises(SparkMissing, match=r"zhida\[spark\]"):
        session("local[1]")
