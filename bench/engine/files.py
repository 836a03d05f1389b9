"""What both sides share: the columns they write and how, how memory and percentiles are read, and the family of the one-household test."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PERSON_COLUMNS = (
    "age",
    "basic_income",
    "pension",
    "income_tax",
    "social_security_contribution",
    "age_allowance",
    "disability_allowance",
    "care_supplement",
    "partial_basic_income",
    "child_allowance",
    "transport",
    "contribution",
    "person_benefits",
)
HOUSEHOLD_COLUMNS = (
    "household_income",
    "housing_allowance",
    "parenting_allowance",
    "meal_price",
    "swimming_pool_access",
    "housing_tax",
    "total_benefits",
    "total_taxes",
    "disposable_income",
    "elder_alone",
    "topup",
    "rent_allowance",
    "heating",
    "child_poverty",
    "gross_income",
    "members_benefits",
    "household_benefits",
    "household_contributions",
    "net_income",
)
# The number of each row, which both sides write beside their values.
KEYS = {"person": "resident_no", "household": "household_no"}


def synced(path: Path) -> None:
    """Bring a file and its name to the disk."""
    for name in (path, path.parent):
        number = os.open(name, os.O_RDONLY)
        os.fsync(number)
        os.close(number)


def peak_mib() -> float:
    """Return the highest resident memory of this process so far, without that of the program that started it."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


class Clock:
    """Wall and processor seconds since it was made; of a process with threads, the processor's may be the larger."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        return {"seconds": time.perf_counter() - self._wall, "cpu_s": time.process_time() - self._processor}


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {"p50_ms": ordered[len(ordered) // 2] * 1000, "p95_ms": ordered[int(len(ordered) * 0.95)] * 1000}


def family(index: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return a household of two parents, a child and a disabled grandmother; amounts differ from one index to the next."""
    members = [
        {"birth_date": "1980-03-14", "salary": 612_345 + index, "capital": 0, "disability": 0, "role": 1},
        {"birth_date": "1984-11-30", "salary": 398_000 - index, "capital": 12_050, "disability": 0, "role": 1},
        {"birth_date": "2009-06-01", "salary": 0, "capital": 0, "disability": 0, "role": 2},
        {"birth_date": "1946-01-01", "salary": 0, "capital": 1_999, "disability": 2, "role": 1},
    ]
    return members, {"rent": 215_000 + index, "floor_area": 8_950, "region": 7, "occupancy": 2}
