"""Starting Spark, with the sentences a site reads where it cannot start."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from zhida.engine.spark.errors import JavaMissing, SparkMissing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOOPBACK = "127.0.0.1"


def session(master: str, **settings: str) -> SparkSession:
    """Start Spark, or return the session there is; settings: Spark's own, with ``__`` for a dot.

    A master that begins with ``local`` stays on loopback and shows no page. Raises: SparkMissing, JavaMissing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise SparkMissing from None
    # What PySpark asks for before it hands Arrow batches over.
    if find_spec("pandas") is None:
        raise SparkMissing
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise JavaMissing
    # Workers run this interpreter and so have what the driver has; where nodes keep theirs elsewhere, the site names it.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("zhida")
    if master.startswith("local"):
        # Read by every JVM that this process starts: their ports are for this machine only.
        os.environ["SPARK_LOCAL_IP"] = LOOPBACK
        builder = builder.config("spark.driver.host", LOOPBACK).config("spark.driver.bindAddress", LOOPBACK)
        builder = builder.config("spark.ui.enabled", "false")
    for name, value in settings.items():
        builder = builder.config(name.replace("__", "."), value)
    return builder.getOrCreate()
