"""The same kernel on a cluster: Arrow batches of whole households inside PySpark (the optional extra ``spark``).

    person, household, claim ── one frame, a struct column per table ──► partitions by household, sorted as a snapshot is    frames
    a partition's batches ── cut between households, split into tables ──► Program.evaluate ──► rows of decisions             worker

Facts stay where they are: the driver sees column names and rows of decisions, and these only when somebody collects them. The law
travels as text; a worker loads it once and refuses to decide where that makes another law than the driver's. Nothing here is
imported from pyspark before it is needed; ``worker`` needs none of it.
"""

from zhida.engine.spark.frames import decide
from zhida.engine.spark.session import session

__all__ = ["decide", "session"]
