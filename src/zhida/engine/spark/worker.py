"""What runs inside a Python worker of an executor: batches of a partition in, rows of decisions out. Knows no pyspark.

A partition holds whole households, sorted by household; within one, its row, its members, their claims. Batches end anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zhida.engine.batch import Batch
from zhida.engine.decisions import SCHEMA, Chunk, decision_table
from zhida.engine.law_source import PackedLaw
from zhida.engine.program import Program
from zhida.kernel.period import Month

# In the order of their rows within a household.
ENTITIES = ("household", "person", "claim")
HOUSEHOLD, ENTITY = "household_no", "entity"
# Of all three tables together: about as many as a chunk of a snapshot has.
ROWS_PER_BATCH = 24_000

# Spark reads no dictionaries.
PLAIN_SCHEMA = pa.schema([(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in SCHEMA])


@dataclass(frozen=True)
class Task:
    """What every worker of a run is told."""

    law: PackedLaw
    month: Month
    benefits: tuple[str, ...] | None
    rows_per_batch: int = ROWS_PER_BATCH


_programs: dict[tuple[str, Month, tuple[str, ...] | None], Program] = {}


def program_of(task: Task) -> Program:
    """Return the run's program; the law is loaded once per process. Raises: LawDiffers."""
    key = (task.law.name, task.month, task.benefits)
    if key not in _programs:
        # Cores are shared out by Spark, one to each worker.
        pa.set_cpu_count(1)
        _programs[key] = task.law.load().program(task.month, task.benefits)
    return _programs[key]


def decide_partition(batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[pa.RecordBatch]:
    """Decide a partition, some whole households at a time. Batches: see frames.one_frame; rows: PLAIN_SCHEMA."""
    program = program_of(task)
    for rows in whole_households(batches, task.rows_per_batch):
        yield from decide_rows(program, rows).to_batches()


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


def decide_rows(program: Program, rows: pa.Table) -> pa.Table:
    """Evaluate some whole households; return their decisions, sorted by household."""
    tables = split(rows)
    chunk = Chunk(tables["person"], tables["household"], tables["claim"], program.period)
    evaluation = program.evaluate(Batch.from_arrow(chunk.person, chunk.household, chunk.claim))
    made = [decision_table(benefit.definition, evaluation[code], chunk) for code, benefit in program.benefits.items()]
    decided = [table.cast(PLAIN_SCHEMA) for table in made if table is not None]
    return pa.concat_tables(decided).sort_by(HOUSEHOLD) if decided else PLAIN_SCHEMA.empty_table()


def split(rows: pa.Table) -> dict[str, pa.Table]:
    """Take the three tables apart again."""
    entity = rows.column(ENTITY).to_numpy()
    return {
        name: pa.Table.from_struct_array(rows.column(name).filter(pa.array(entity == position))) for position, name in enumerate(ENTITIES)
    }
