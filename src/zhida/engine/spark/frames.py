"""The driver's side: three tables become one frame of whole households, whose partitions workers decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from zhida.engine.decisions import PLAIN_SCHEMA, columns_read
from zhida.engine.errors import ColumnMissing
from zhida.engine.law_source import LawSource
from zhida.engine.spark.worker import ENTITIES, ENTITY, HOUSEHOLD, ROWS_BEFORE_FUSING, ROWS_PER_BATCH, Task, decide_rows
from zhida.kernel.period import Month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# The numbers that order an entity's rows within a household, as in a snapshot.
_ORDER = {"household": (), "person": ("resident_no",), "claim": ("resident_no", "claim_no")}
_PLACES = ("first", "second")
_SPARK_TYPES = {pa.string(): "string", pa.int8(): "tinyint", pa.int32(): "int", pa.int64(): "bigint"}
DECISIONS = ", ".join(f"{field.name} {_SPARK_TYPES[field.type]}" for field in PLAIN_SCHEMA)


def decide(
    spark: SparkSession,
    tables: Mapping[str, DataFrame | str],
    law: LawSource,
    month: Month,
    benefits: Iterable[str] | None = None,
    *,
    partitions: int | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
    rows_before_fusing: int = ROWS_BEFORE_FUSING,
) -> DataFrame:
    """Decide a month for everyone; return the rows of decisions that an embedded run writes, in no order. Nothing runs before an action.

    tables: person, household and claim, as frames or as paths of Parquet that all workers can read; in any order, in any files.
    partitions: how many; by itself as many as Spark's adaptive execution finds right for the size.
    rows_before_fusing: how many rows a process decides with NumPy before it compiles a kernel; the answers are the same.
    Raises: ColumnMissing and what the law refuses; a worker raises LawDiffers, ColumnMissing, BatchDisordered, NumberTooLarge.
    """
    wanted = None if benefits is None else tuple(sorted(benefits))
    task = Task(law.packed(), month, wanted, rows_per_batch, rows_before_fusing)
    frame = one_frame(spark, tables, columns_read(law.load().program(month, wanted)))
    placed = frame.repartition(HOUSEHOLD) if partitions is None else frame.repartition(partitions, HOUSEHOLD)

    def decided(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return decide_rows(batches, task)

    return placed.sortWithinPartitions(HOUSEHOLD, ENTITY, *_PLACES).mapInArrow(decided, DECISIONS)


def one_frame(spark: SparkSession, tables: Mapping[str, DataFrame | str], columns: Mapping[str, list[str]]) -> DataFrame:
    """Put the three tables under each other: household_no, entity, first, second, and a struct column for each table.

    A struct that is null takes no room, so a row is as wide as its own table. Raises: ColumnMissing.
    """
    from pyspark.sql import functions

    frames = []
    for position, entity in enumerate(ENTITIES):
        table = tables[entity]
        frame = spark.read.parquet(table) if isinstance(table, str) else table
        missing = [name for name in columns[entity] if name not in frame.columns]
        if missing:
            raise ColumnMissing(entity, missing[0])
        order = [functions.col(name) for name in _ORDER[entity]] + [functions.lit(0).cast("bigint")] * 2
        places = [column.alias(place) for column, place in zip(order, _PLACES, strict=False)]
        kind = functions.lit(position).cast("tinyint").alias(ENTITY)
        frames.append(frame.select(HOUSEHOLD, kind, *places, functions.struct(*columns[entity]).alias(entity)))
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.unionByName(frame, allowMissingColumns=True)
    return joined
