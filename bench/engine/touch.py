"""Touches memory and gives it back: `python touch.py BYTES`.

A virtual machine may hand its free memory to the host; who touches it first then waits a second or two for each gigabyte. bench.py lets
this program wait before every measurement, so that neither side does.
"""

from __future__ import annotations

import sys

import numpy as np

PAGE = 4096


def touch(count: int) -> None:
    memory = np.empty(count, dtype=np.uint8)
    memory[::PAGE] = 1


if __name__ == "__main__":
    touch(int(sys.argv[1]))
