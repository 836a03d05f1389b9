"""The same kernel on a cluster: Arrow batches of whole households inside PySpark (the optional extra ``spark``).

    tables anywhere: person, household, claim ── one frame, a struct column per table ──► partitions by household     frames
    a partition's batches ── cut between households, split into tables ──► Program.evaluate ──► rows of decisions      worker
    snapshots of ours: row groups of whole households are partitions already; workers read them themselves             snapshots
    rows of decisions ──► a folder that is whole or absent                                                              output

Facts stay where they are: the driver sees column names and rows of decisions, and these only when somebody collects them. The law
travels as text; a worker loads it once and refuses to decide where that makes another law than the driver's. Nothing here is
imported from pyspark before it is needed; ``worker`` needs none of it.
"""

from zhida.engine.spark.frames import decide
from zhida.engine.spark.session import session
from zhida.engine.spark.snapshots import decide_snapshots

__all__ = ["decide", "decide_snapshots", "session"]
