"""What a worker process of a run starts with. Imports no models: those need Django to be set up first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhida.blocks.policies.runs import Counts, FileTask
    from zhida.blocks.policies.simulation.parts import Part
    from zhida.blocks.policies.simulation.tallies import Tally
    from zhida.blocks.policies.simulation.targeting import Trial

WORKERS = 2


@contextmanager
def pool() -> Iterator[ProcessPoolExecutor]:
    """Give fresh processes (Arrow's and DuckDB's threads do not survive a fork); whatever ends the work ends what waits, too."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=start) as processes:
        try:
            yield processes
        except BaseException:
            processes.shutdown(cancel_futures=True)
            raise


def start() -> None:
    """Set up Django in a fresh process; Arrow's own threads would only get in the way of the other worker."""
    import signal

    import django
    import pyarrow as pa

    # The run hears Ctrl-C and lets its workers finish what they are writing.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
    pa.set_cpu_count(1)


def make_file(task: FileTask) -> Counts:
    """Decide the chunks of one file: see runs.make_file."""
    from zhida.blocks.policies import runs

    return runs.make_file(task)


def make_part(part: Part) -> Tally:
    """Count some chunks under two laws: see simulation.parts.make_part."""
    from zhida.blocks.policies.simulation import parts

    return parts.make_part(part)


def cost_of(trial: Trial) -> int:
    """Add up what some chunks would cost: see simulation.targeting.cost_of."""
    from zhida.blocks.policies.simulation import targeting

    return targeting.cost_of(trial)
