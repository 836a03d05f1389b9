"""What runs inside a Python worker of an executor: batches of a partition in, rows of decisions out. Knows no pyspark.

A partition of rows holds whole households, sorted by household; within one, its row, its members, their claims. Batches end anywhere. A
partition of files names row groups of snapshots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhida.engine.decisions import PLAIN_SCHEMA, Chunk, columns_read, decision_table
from zhida.engine.law_source import PackedLaw
from zhida.engine.streaming import Folder
from zhida.kernel.period import Month

# In the order of their rows within a household.
ENTITIES = ("household", "person", "claim")
HOUSEHOLD, ENTITY = "household_no", "entity"
# Rows of all three tables that are decided together: enough that what a batch costs once does not count.
ROWS_PER_BATCH = 131_072
# A process that decides fewer would wait longer for a compiled kernel than it saves.
ROWS_BEFORE_FUSING = 400_000

# Row groups of one folder that go to one worker together.
FileSpan = tuple[str, range]


@dataclass(frozen=True)
class Task:
    """What every worker of a run is told."""

    law: PackedLaw
    month: Month
    benefits: tuple[str, ...] | None
    rows_per_batch: int = ROWS_PER_BATCH
    rows_before_fusing: int = ROWS_BEFORE_FUSING


class Decider:
    """A run's program inside one process, for all partitions that come to it. Raises: LawDiffers."""

    def __init__(self, task: Task) -> None:
        # Cores are shared out by Spark, one to each worker.
        pa.set_cpu_count(1)
        self.program = task.law.load().program(task.month, task.benefits)
        self._rows_left = task.rows_before_fusing
        self._gaps: set[tuple[str, str]] = set()

    def decide(self, tables: dict[str, pa.Table], gaps: Iterable[tuple[str, str]] = ()) -> pa.Table:
        """Evaluate some whole households; return their decisions, sorted by household.

        gaps: facts that others of the city lack, where that is known. Raises: BatchDisordered, NumberTooLarge.
        """
        self._gaps |= set(gaps)
        self._fuse_in_time(tables)
        program = self.program
        chunk = Chunk(tables["person"], tables["household"], tables["claim"], program.period)
        evaluation = program.evaluate(chunk.batch)
        made = [decision_table(benefit.definition, evaluation[code], chunk) for code, benefit in program.benefits.items()]
        decided = [table.cast(PLAIN_SCHEMA) for table in made if table is not None]
        return pa.concat_tables(decided).sort_by(HOUSEHOLD) if decided else PLAIN_SCHEMA.empty_table()

    def _fuse_in_time(self, tables: dict[str, pa.Table]) -> None:
        """Change to machine code once it pays, reckoning with all gaps met so far."""
        if self.program.is_fused:
            return
        for entity, table in tables.items():
            self._gaps |= {(entity, name) for name in table.column_names if table.column(name).null_count}
        if self._rows_left == 0:
            self.program.fuse(self._gaps)
        self._rows_left = max(self._rows_left - sum(table.num_rows for table in tables.values()), 0)


_deciders: dict[tuple[str, Month, tuple[str, ...] | None, int], Decider] = {}


def decider_of(task: Task) -> Decider:
    """Return this process's decider for a run; the law is loaded once."""
    key = (task.law.name, task.month, task.benefits, task.rows_before_fusing)
    if key not in _deciders:
        _deciders[key] = Decider(task)
    return _deciders[key]


def decide_rows(batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[pa.RecordBatch]:
    """Decide a partition of rows, some whole households at a time. Batches: see frames.one_frame; rows: PLAIN_SCHEMA."""
    decider = decider_of(task)
    for rows in whole_households(batches, task.rows_per_batch):
        yield from decider.decide(split(rows)).to_batches()


def decide_files(batches: Iterator[pa.RecordBatch], task: Task, spans: Sequence[FileSpan]) -> Iterator[pa.RecordBatch]:
    """Decide a partition of files. Batches: a column ``id`` of positions among ``spans``; rows: PLAIN_SCHEMA."""
    decider = decider_of(task)
    for batch in batches:
        for position in batch.column("id").to_pylist():
            folder, groups = spans[position]
            facts = Folder(Path(folder), columns_read(decider.program))
            gaps = facts.gaps()
            for some in facts.spans(groups, task.rows_per_batch):
                yield from decider.decide(facts.tables(some), gaps).to_batches()


def whole_households(batches: Iterator[pa.RecordBatch], rows_wanted: int) -> Iterator[pa.Table]:
    """Cut a stream sorted by household between households, into tables of at least ``rows_wanted`` rows, the last one apart."""
    held: list[pa.RecordBatch] = []
    rows, last = 0, None
    for batch in _short(batches, rows_wanted):
        numbers = batch.column(HOUSEHOLD).fill_null(0).to_numpy(zero_copy_only=False)
        cut = int(np.searchsorted(numbers, numbers[-1]))
        between = cut > 0 or last != numbers[0]
        if held and between and rows + cut >= rows_wanted:
            yield pa.Table.from_batches([*held, batch.slice(0, cut)])
            held, rows, batch = [], 0, batch.slice(cut)
        held.append(batch)
        rows, last = rows + batch.num_rows, numbers[-1]
    if held:
        yield pa.Table.from_batches(held)


def _short(batches: Iterator[pa.RecordBatch], rows_max: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, rows_max):
            yield batch.slice(start, rows_max)


def split(rows: pa.Table) -> dict[str, pa.Table]:
    """Take the three tables apart again."""
    entity = rows.column(ENTITY).to_numpy()
    return {
        name: pa.Table.from_struct_array(rows.column(name).filter(pa.array(entity == position))) for position, name in enumerate(ENTITIES)
    }
