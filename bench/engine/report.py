"""The figures of a run as the table of docs/benchmarks.md.

python report.py RUN.json [docs/benchmarks.md]      prints the table of what bench.py printed; puts it into the page, between its two marks
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# From so many persons on, the targets apply.
CITY_PERSONS = 10_000_000
BEGIN, END = "<!-- bench-engine: begin -->", "<!-- bench-engine: end -->"

# key -> bound, and on which side of it the figure must be
TARGETS = {
    "calc_ratio": (20, "at least"),
    "e2e_ratio_whole": (6, "at least"),
    "e2e_ratio_chunked": (4, "at least"),
    "memory_ratio": (5, "at least"),
    "household_values_ratio": (100, "at least"),
    "household_trace_ratio": (10, "at least"),
    "compile_s": (8, "at most"),
    "cached_s": (0.5, "at most"),
    "reform_share": (0.25, "at most"),
}

Detail = Mapping[str, Any]
Behind = Callable[[Detail], str]


def _two(part: str, theirs: str, number: str, unit: str) -> Behind:
    """Write the median, least and most of both sides."""
    return lambda detail: f"{_span(detail[part][theirs][number], unit)} : {_span(detail[part]['ours'][number], unit)}"


def _one(part: str, side: str, number: str, unit: str) -> Behind:
    return lambda detail: _span(detail[part][side][number], unit)


def _household(kind: str) -> Behind:
    def behind(detail: Detail) -> str:
        theirs, ours = (detail["household"][side][kind]["p50_ms"] for side in ("openfisca", "ours"))
        return f"{theirs:.2f} ms : {ours:.3f} ms (p50)"

    return behind


def _memory(detail: Detail) -> str:
    found = detail["memory"]
    theirs = next(months for key, months in found.items() if key.startswith("openfisca"))
    grown = " and ".join(f"{mb:,.0f}" for mb in theirs.values())
    return f"a million persons, all, twelve months of all; OpenFisca with a million for 1 and 12 months: {grown} MB"


def _share(name: str) -> Behind:
    return lambda detail: f"{_span(detail['reform']['ours'][name], 's')} of {_span(detail['reform']['ours']['full_seconds'], 's')}"


def _bandwidth(detail: Detail) -> str:
    spread = detail["city"]["memory"]["copy_bytes_per_s"]
    return _span({name: value / 1e9 for name, value in spread.items()}, "GB/s")


def _nothing(detail: Detail) -> str:
    return ""


ROWS: tuple[tuple[str, str, Behind], ...] = (
    ("calc_ratio", "calculate from arrays, set-up counted: times OpenFisca", _two("calc", "openfisca", "seconds", "s")),
    ("e2e_ratio_whole", "Parquet in, all outputs out: times OpenFisca whole", _two("files", "openfisca", "seconds", "s")),
    ("e2e_ratio_chunked", "… times OpenFisca in chunks of half a million", _two("files", "openfisca_chunked", "seconds", "s")),
    (
        "e2e_ratio_two_processes",
        "… times OpenFisca in chunks, a process for each core",
        _two("files", "openfisca_two_processes", "seconds", "s"),
    ),
    ("memory_ratio", "peak memory end to end: OpenFisca whole is so many times ours", _two("files", "openfisca", "peak_mib", "MB")),
    ("memory_ratio_chunked", "… OpenFisca in chunks", _two("files", "openfisca_chunked", "peak_mib", "MB")),
    ("memory_mb", "our peak memory end to end, MB", _one("files", "ours", "peak_mib", "MB")),
    ("memory_flat", "… as the city and the months grow, MB", _memory),
    ("household_values_ratio", "one household, values only: times OpenFisca", _household("values")),
    ("household_trace_ratio", "one household, with full trace: times OpenFisca", _household("trace")),
    ("compile_s", "108 rules: load, compile, first decision, s", _one("law", "first", "seconds", "s")),
    ("cached_s", "108 rules: the same from the cache, s", _one("law", "cached", "seconds", "s")),
    ("reform_share", "reform that touches three variables: share of a full run", _share("reform_seconds")),
    (
        "reform_share_three_rules",
        "… that touches three rules, and so five values",
        _share("reform_three_rules_seconds"),
    ),
    ("rows_equal", "cells equal to OpenFisca's", _nothing),
    ("rows_compared", "… of compared", _nothing),
    ("gaps_s", "calculate with every twentieth fact missing, s", _one("gaps", "ours", "seconds", "s")),
    ("law_residents", "the installed law: residents", _nothing),
    ("law_residents_per_s", "… residents a second, facts in memory", _one("city", "ours", "kernel_s", "s")),
    ("law_residents_per_s_files", "… residents a second, Parquet in, decisions out", _one("city", "ours", "seconds", "s")),
    ("bandwidth_share", "… share of the memory bandwidth measured in the same run", _bandwidth),
)


def table(told: Mapping[str, Any]) -> str:
    """Return a Markdown table: key, what, target, measured, and the figures behind it: median (least to most).

    Targets are for a city: for fewer persons it is not said what misses them.
    """
    is_city = told["persons"] >= CITY_PERSONS
    lines = ["| key | what | target | measured | behind it |", "| --- | --- | --- | --- | --- |"]
    for key, words, behind in ROWS:
        if key in told:
            bound, side = TARGETS.get(key, (None, ""))
            target = f"{side} {bound:g}" if bound is not None else ""
            missed = " (missed)" if is_city and bound is not None and not _holds(told[key], bound, side) else ""
            lines.append(f"| `{key}` | {words} | {target} | {_written(told[key])}{missed} | {behind(told['detail'])} |")
    return "\n".join(lines) + "\n"


def put_into(page: Path, told: Mapping[str, Any]) -> None:
    """Replace what stands between the two marks of a page."""
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{table(told)}{END}{after}")


def _holds(value: float, bound: float, side: str) -> bool:
    return value >= bound if side == "at least" else value <= bound


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{one:,}" for one in value.values())
    return f"{value:,}"


def _span(spread: Mapping[str, float], unit: str) -> str:
    digits = 0 if spread["median"] >= 100 else 2 if spread["median"] >= 1 else 3
    middle, least, most = (f"{spread[name]:,.{digits}f}" for name in ("median", "min", "max"))
    return f"{middle} {unit}" if least == most else f"{middle} {unit} ({least} to {most})"


if __name__ == "__main__":
    run = json.loads(Path(sys.argv[1]).read_text().splitlines()[-1])
    print(table(run), end="")
    if len(sys.argv) > 2:
        put_into(Path(sys.argv[2]), run)
