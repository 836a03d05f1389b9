"""One job at a time in a home: two that make the same files would only get in each other's way."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhida.kernel.errors import ZhidaError


class HomeAtWork(ZhidaError):
    def __init__(self, home: Path) -> None:
        super().__init__(
            f"{home} 里已有一个任务在运行；请等它结束，或另设 ZHIDA_HOME。",
            f"Another job is at work in {home}. Wait until it has finished, or set ZHIDA_HOME to another folder.",
        )


@contextmanager
def alone_in(home: Path, wait: bool = False) -> Iterator[None]:
    """Hold a home's lock, which ends with the process, however it ends; with ``wait``, until it is free.

    Raises: HomeAtWork.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "job.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise HomeAtWork(home) from None
            sys.stderr.write(f"Waiting for another job in {home} …\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
