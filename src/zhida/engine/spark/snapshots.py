"""The driver's side where facts lie in snapshots: workers read row groups of whole households themselves, and nothing is shuffled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from zhida.engine.decisions import columns_read
from zhida.engine.law_source import LawSource
from zhida.engine.spark.frames import DECISIONS
from zhida.engine.spark.worker import ROWS_BEFORE_FUSING, ROWS_PER_BATCH, FileSpan, Task, decide_files
from zhida.engine.streaming import Folder
from zhida.kernel.period import Month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Residents of one task: some seconds of work, so that a lost one costs little and a hundred cores have something to do.
ROWS_PER_TASK = 524_288


def decide_snapshots(
    spark: SparkSession,
    folders: Sequence[Path],
    law: LawSource,
    month: Month,
    benefits: Iterable[str] | None = None,
    *,
    rows_per_task: int = ROWS_PER_TASK,
    rows_per_batch: int = ROWS_PER_BATCH,
    rows_before_fusing: int = ROWS_BEFORE_FUSING,
) -> DataFrame:
    """Decide a month for everyone in some snapshots (one per city, say); return the rows of decisions. Nothing runs before an action.

    rows_before_fusing: a smaller population is decided with NumPy, a larger one by a compiled kernel; the answers are the same.
    folders: at the same place on every machine; row group *i* of person, household and claim holds the same whole households.
    Raises: what the law refuses; a worker raises LawDiffers, ColumnMissing, BatchDisordered, NumberTooLarge.
    """
    wanted = None if benefits is None else tuple(sorted(benefits))
    columns = columns_read(law.load().program(month, wanted))
    spans: list[FileSpan] = []
    residents = 0
    for folder in folders:
        facts = Folder(folder.absolute(), columns)
        residents += sum(facts.rows_of("person", range(facts.groups)))
        spans += [(str(folder.absolute()), groups) for groups in facts.spans(range(facts.groups), rows_per_task)]
    wait = 0 if residents >= rows_before_fusing else rows_before_fusing
    task = Task(law.packed(), month, wanted, rows_per_batch, wait)

    def decided(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return decide_files(batches, task, spans)

    return spark.range(0, len(spans), 1, len(spans)).mapInArrow(decided, DECISIONS)
