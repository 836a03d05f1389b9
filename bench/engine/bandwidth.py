"""How fast this machine moves memory, measured with NumPy on two threads: what a kernel that did nothing else could reach."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import numpy as np

THREADS = 2
ARRAY_BYTES = 256 << 20
PASSES = 5


def measure() -> dict[str, float]:
    """Return bytes a second: reading (sums), and copying (bytes read and written together). The best of some passes."""
    sources = [np.ones(ARRAY_BYTES // 8, dtype=np.int64) for _ in range(THREADS)]
    targets = [np.ones(ARRAY_BYTES // 8, dtype=np.int64) for _ in range(THREADS)]
    reading = min(_pass([source.sum for source in sources]) for _ in range(PASSES))
    copying = min(_pass([_copy(a, b) for a, b in zip(sources, targets, strict=True)]) for _ in range(PASSES))
    return {"read_bytes_per_s": THREADS * ARRAY_BYTES / reading, "copy_bytes_per_s": 2 * THREADS * ARRAY_BYTES / copying}


def _copy(source: np.ndarray, target: np.ndarray) -> Callable[[], None]:
    return lambda: np.copyto(target, source)


def _pass(works: list[Callable[[], object]]) -> float:
    threads = [threading.Thread(target=work) for work in works]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(measure()))
