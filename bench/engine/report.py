"""The figures of a run as the table that docs/benchmarks.md shows.

python report.py FILE      prints the table of a JSON object that bench.py printed
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROWS = (
    ("calc_ratio", "calculate from arrays, set-up counted: times OpenFisca"),
    ("e2e_ratio_whole", "Parquet in, all outputs out: times OpenFisca whole"),
    ("e2e_ratio_chunked", "… times OpenFisca in chunks of half a million"),
    ("e2e_ratio_two_processes", "… times OpenFisca in chunks, a process for each core"),
    ("memory_ratio", "peak memory end to end: OpenFisca whole is so many times ours"),
    ("memory_ratio_chunked", "… OpenFisca in chunks"),
    ("memory_mb", "our peak memory end to end, MB"),
    ("memory_flat", "… at a million persons, at all, and for twelve months, MB"),
    ("household_values_ratio", "one household, values only: times OpenFisca"),
    ("household_trace_ratio", "one household, with full trace: times OpenFisca"),
    ("compile_s", "108 rules: load, compile, first decision, s"),
    ("cached_s", "108 rules: the same from the cache, s"),
    ("reform_share", "reform that touches three variables: share of a full run"),
    ("reform_share_three_rules", "… that touches three rules, and so five values"),
    ("rows_equal", "cells equal to OpenFisca's"),
    ("rows_compared", "… of compared"),
    ("gaps_s", "calculate with every twentieth fact missing, s"),
    ("law_residents", "the installed law: residents"),
    ("law_residents_per_s", "… residents a second, facts in memory"),
    ("law_residents_per_s_files", "… residents a second, Parquet in, decisions out"),
    ("bandwidth_share", "… share of the memory bandwidth measured in the same run"),
)
# From so many persons on, the targets apply.
CITY_PERSONS = 10_000_000


def table(told: Mapping[str, Any], targets: Mapping[str, tuple[float, str]]) -> str:
    """Return a Markdown table: key, what, target, measured. Targets are for a city: for fewer persons it is not said what misses them."""
    is_city = told["persons"] >= CITY_PERSONS
    lines = ["| key | what | target | measured |", "| --- | --- | --- | --- |"]
    for key, words in ROWS:
        if key in told:
            bound, side = targets.get(key, (None, ""))
            target = f"{side} {bound:g}" if bound is not None else ""
            lines.append(f"| `{key}` | {words} | {target} | {_written(told[key])}{_missed(told[key], bound, side) if is_city else ''} |")
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{one:,}" for one in value.values())
    return f"{value:,}"


def _missed(value: Any, bound: float | None, side: str) -> str:
    if bound is None or (value >= bound if side == "at least" else value <= bound):
        return ""
    return " (missed)"


if __name__ == "__main__":
    from bench import TARGETS

    print(table(json.loads(Path(sys.argv[1]).read_text().splitlines()[-1]), TARGETS), end="")
