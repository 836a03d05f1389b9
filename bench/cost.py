"""What work costs: processor seconds and memory of a process and all below it, bytes of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zhida.project.measure import Stages, descendants

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_by_pid(root: int) -> dict[int, float]:
    """Return the processor seconds of a process and of each that lives below it; those of the dead count for who waited for them."""
    found = {}
    for pid in descendants(root):
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found[pid] = sum(map(int, told[11:15])) / TICKS
    return found


def cpu_seconds(root: int | None = None) -> float:
    return sum(cpu_by_pid(root or os.getpid()).values())


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def resident_mib(pid: int) -> float:
    """Return the resident memory of one process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


class CostedStages(Stages):
    """Wall seconds and processor seconds by stage."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before = cpu_seconds()
        with super().stage(name):
            yield
        self.cpu[name] = round(self.cpu.get(name, 0.0) + cpu_seconds() - before, 2)


def size(path: Path, wanted: Callable[[Path], bool] = lambda _: True) -> int:
    """Return the bytes of a file, or of the files below a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files if wanted(each))
