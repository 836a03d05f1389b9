"""Rows of decisions on disk: a folder that is whole or absent, and what stands in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from zhida.engine.spark.errors import ClusterFailed, OutputExists
from zhida.engine.vector import ENTITLED, UNKNOWN

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Figures = dict[str, dict[str, int]]


def require_new(out: Path) -> None:
    """Raises: OutputExists."""
    if out.exists():
        raise OutputExists(str(out))


def write(decided: DataFrame, out: Path) -> None:
    """Decide, and write Parquet files into a folder that all workers and this machine share.

    Raises: OutputExists; ClusterFailed, with the sentence of the worker that refused.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    require_new(out)
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        decided.write.mode("overwrite").option("compression", "zstd").parquet(unfinished.absolute().as_uri())
        unfinished.rename(out)
    except (PySparkException, Py4JError) as error:
        raise ClusterFailed(reason(str(error))) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def reason(told: str) -> str:
    """Return what a worker of ours said, else the first line of Spark's own report.

    >>> reason("Job aborted.\\nTraceback (most recent call last):\\n  …\\nzhida.engine.errors.ColumnMissing: There is no column 'x'.")
    "There is no column 'x'."
    """
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    ours = [line.split(": ", 1)[1] for line in lines if line.startswith("zhida.") and ": " in line]
    return ours[-1] if ours else lines[0]


def figures(spark: SparkSession, out: Path) -> Figures:
    """Count the decisions of a folder by benefit: entitled, unknown, and the amount of the entitled in the benefit's unit."""
    from pyspark.sql import functions

    rows = (
        spark.read.parquet(out.absolute().as_uri())
        .groupBy("benefit", "status")
        .agg(functions.count("*"), functions.sum("amount"))
        .collect()
    )
    found: Figures = {}
    for benefit, status, count, amount in sorted(tuple(row) for row in rows):
        line = found.setdefault(benefit, {"entitled": 0, "unknown": 0, "amount": 0})
        line[{ENTITLED: "entitled", UNKNOWN: "unknown"}[status]] = count
        line["amount"] += amount
    return found
