"""Writes the plans of docs/scale.md from the table of measured figures at its top.

    python scripts/scale_plan.py                                    write the plans anew, after a figure of the table was changed
    python scripts/scale_plan.py --measured MONTH POSTGRESQL SPARK  fill the table first
    python scripts/scale_plan.py --payday PAYDAY                    fill the table of the payday from what bench/payments.py printed
    python scripts/scale_plan.py --check                            exit 1 where a plan is stale

MONTH, POSTGRESQL, SPARK: files that hold what bench/month.py (on SQLite, on PostgreSQL) and bench/spark.py printed; the last line counts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
PLACES = {"a city, 11.94 million": 11.94e6, "a province, 65 million": 65e6, "the country, 1.4 billion": 1.4e9}
STAGES = ("receive", "link", "freeze", "decide", "prepare", "approve", "release", "settle")
STORES = {
    "feeds": "the departments' files",
    "records": "received rows, quarantine",
    "register": "register of residents",
    "snapshot_facts": "snapshot: facts",
    "snapshot_names_and_accounts": "snapshot: names, accounts",
    "decisions": "rows of decisions",
    "bank_files": "files to and from banks",
    "database": "database, on SQLite",
}
US_PER_HOUR = 3.6e9
# Share of the cores that a plan counts on: machines wait for disks, and the last city for nobody.
BUSY = 0.7
CORES = (16, 128, 1_024)
# One city's month has two processes; the largest city of each place bounds how soon the place is done.
CITY_CORES = 2
LARGEST = (11.94e6, 11.94e6, 30e6)
MONTH, SPARK, PAYDAY = "bench/month.py", "bench/spark.py", "bench/payments.py"
# Indicator 30 of the plan: direct fulfilments a year (Hangzhou 2021, table 2); how much a peak is above the average; a large payday.
FULFILMENTS, YEAR_SECONDS, PEAK, SIXTY = 8e9, 365 * 86_400, 20, 60e6
PAYMENTS_PER_FILE = 100_000


def figures_of(page: str) -> dict[str, float]:
    """Read the table of measured figures: name -> number."""
    told = _between(page, "measured") + "\n" + _between(page, "measured_payday")
    rows = re.findall(r"^\| `(\w+)` \| ([\d.,]+) \|", told, re.MULTILINE)
    return {name: float(number.replace(",", "")) for name, number in rows}


def measured_table(month: dict[str, Any], postgres: dict[str, Any], spark: dict[str, Any]) -> str:
    """Return the table of measured figures from what the two scripts printed."""
    rows = [("residents", month["residents"], "residents of the city that was measured", MONTH)]
    rows += [(f"{name}_us", month["stages"][name]["cpu_us_per_resident"], f"{name}: µs of a core per resident", MONTH) for name in STAGES]
    rows += [(f"{name}_bytes", month["bytes_per_resident"][name], f"{said}: bytes per resident", MONTH) for name, said in STORES.items()]
    bytes_each, waited = postgres["bytes_per_resident"], f"{MONTH}, PostgreSQL"
    rows += [
        ("postgresql_bytes", bytes_each["database"], "the same database on PostgreSQL: bytes per resident", waited),
        ("prepare_wall_us", _wall(postgres, "prepare"), "prepare on PostgreSQL: µs of wall time per resident", waited),
        ("settle_wall_us", _wall(postgres, "settle"), "settle on PostgreSQL: µs of wall time per resident", waited),
        ("decisions_each", round(month["decisions"] / month["residents"], 3), "decisions kept per resident (entitled or unknown)", MONTH),
        ("payments_each", round(month["payments"] / month["residents"], 3), "payments per resident", MONTH),
        ("month_mb", month["peak_mb"], "MB at the peak of the month's job, all processes", MONTH),
        ("spark_residents", spark["residents"], "residents that the cluster decided", SPARK),
        ("embedded_us", spark["embedded"]["cpu_us_per_resident"], "deciding, embedded: µs of a core per resident", SPARK),
        ("files_us", spark["files"]["cpu_us_per_resident"], "deciding on Spark, snapshots: µs of a core per resident", SPARK),
        ("frames_us", spark["frames"]["cpu_us_per_resident"], "deciding on Spark, tables shuffled: µs of a core per resident", SPARK),
        ("shuffle_bytes", spark["frames"]["shuffle_bytes_per_resident"], "bytes that a shuffle moves per resident", SPARK),
        ("start_s", spark["spark_start_s"], "s until the cluster had started", SPARK),
        ("first_s", spark["files"]["first"]["wall_s"], "s of the first run of a cluster, snapshots", SPARK),
        ("executor_mb", spark["frames"]["largest_mb"]["CoarseGrainedExecutorBackend"], "MB of the largest executor", SPARK),
        ("worker_mb", spark["frames"]["largest_mb"]["pyspark.daemon"], "MB of its Python worker", SPARK),
    ]
    return _table(("figure", "measured", "what", "by"), [(f"`{name}`", _number(value), said, f"`{by}`") for name, value, said, by in rows])


def _wall(month: dict[str, Any], stage: str) -> float:
    return round(month["stages"][stage]["wall_s"] / month["residents"] * 1e6, 2)


def plans(found: dict[str, float]) -> dict[str, str]:
    """Return each plan as a table, by the name of its place on the page."""
    made = {"work": work, "wall": wall, "cluster": cluster, "memory": memory, "bytes": disk, "network": network, "payments": payments}
    made |= {"fulfilments": fulfilments, "sixty": sixty}
    return {name: make(found) for name, make in made.items()}


def work(found: dict[str, float]) -> str:
    costs = {name: found[f"{name}_us"] for name in STAGES}
    rows = [(name, *(_hours(cost * people) for people in PLACES.values())) for name, cost in costs.items()]
    total = sum(costs.values())
    rows.append(("**a month**", *(_hours(total * people) for people in PLACES.values())))
    return _table(("core-hours", *PLACES), rows)


def wall(found: dict[str, float]) -> str:
    total = sum(found[f"{name}_us"] for name in STAGES) / BUSY
    places = list(zip(PLACES.values(), LARGEST, strict=True))
    rows = [
        (f"on {cores:,} cores", *(_minutes(total * max(people / cores, largest / CITY_CORES)) for people, largest in places))
        for cores in CORES
    ]
    return _table(("a month", *PLACES), rows)


def memory(found: dict[str, float]) -> str:
    """What a process needs does not grow with the place; how many there are does."""
    worker = found["executor_mb"] + found["worker_mb"]
    rows = [
        (f"Spark, {cores:,} workers of one core, each {worker:,.0f} MB", f"{cores * worker / 1000:,.0f} GB", f"{cores:,} cores")
        for cores in CORES
    ]
    rows.append(("embedded, one city of the measured size, all processes", f"{found['month_mb'] / 1000:,.1f} GB", "2 cores"))
    return _table(("memory", "together", "for"), rows)


def payments(found: dict[str, float]) -> str:
    each = found["payments_each"]
    rows = [
        ("payments a month, one-offs of earlier months included", *(f"{each * people / 1e6:,.1f} million" for people in PLACES.values())),
        ("rows, indexes and ledger on PostgreSQL, a month", *(_bytes(found["postgresql_bytes"] * people) for people in PLACES.values())),
        ("the same, a year", *(_bytes(12 * found["postgresql_bytes"] * people) for people in PLACES.values())),
        ("prepare, one writer", *(_minutes(found["prepare_wall_us"] * people) for people in PLACES.values())),
        ("import a bank's answers and settle, one writer", *(_minutes(found["settle_wall_us"] * people) for people in PLACES.values())),
    ]
    return _table(("in one database", *PLACES), rows)


def payday_table(told: dict[str, Any]) -> str:
    """Return the table of measured figures from what bench/payments.py printed."""
    words = {
        "payments": "payments of the payday that was measured",
        "release_per_s": "payments a second, from decisions to released files and ledger, two cores",
        "import_per_s": "answers of the bank a second, taken in, two cores",
        "event_max_per_s": "events of tills a second, as fast as it goes, two cores",
        "event_p99_ms": "ms within which 99 of 100 requests of tills are answered while they are paced",
        "row_bytes": "bytes of a payment with its indexes in the database",
        "answer_bytes": "bytes of a bank's answer with its index",
        "out_bytes": "bytes of a payment in the file to the bank",
        "in_bytes": "bytes of an answer in the bank's file",
        "peak_mb": "MB at the peak of the largest process tree",
    }
    rows = [(f"`{name}`", _number(told[name]), said, f"`{PAYDAY}`") for name, said in words.items()]
    return _table(("figure", "measured", "what", "by"), rows)


def fulfilments(found: dict[str, float]) -> str:
    """Eight billion a year, as payments and as events."""
    batch = 2 * (1 / found["release_per_s"] + 1 / found["import_per_s"]) * 1e6
    event = 2 / found["event_max_per_s"] * 1e6
    each = found["row_bytes"] + found["answer_bytes"]
    average = f"{FULFILMENTS / YEAR_SECONDS:,.0f}"
    rows = [
        ("a second, on average", average, average),
        ("core-hours a year", *(f"{FULFILMENTS * cost / US_PER_HOUR:,.0f}" for cost in (batch, event))),
        ("cores busy all year", *(f"{FULFILMENTS * cost / 1e6 / YEAR_SECONDS:,.2f}" for cost in (batch, event))),
        (
            f"cores for a peak of {PEAK} times the average",
            *(f"{PEAK * FULFILMENTS * cost / 1e6 / YEAR_SECONDS / BUSY:,.1f}" for cost in (batch, event)),
        ),
        ("rows and indexes a year", _bytes(FULFILMENTS * each), "one payment for each provider and day"),
        ("files to and from banks a year, before compression", _bytes(FULFILMENTS * (found["out_bytes"] + found["in_bytes"])), "the same"),
        ("rows in a month's partition", f"{FULFILMENTS / 12 / 1e6:,.0f} million", "the same"),
    ]
    return _table(("eight billion a year", "all as payments of paydays", "all as events of tills"), rows)


def sixty(found: dict[str, float]) -> str:
    """A payday of sixty million, in one database and in several side by side."""
    rows = []
    for databases in (1, 4, 13):
        share = SIXTY / databases
        times = (_minutes(share / found[name] * 1e6) for name in ("release_per_s", "import_per_s"))
        grows = _bytes(share * (found["row_bytes"] + found["answer_bytes"]))
        rows.append((f"{databases}, of two cores each", *times, grows, f"{share / PAYMENTS_PER_FILE:,.0f}"))
    return _table(("databases", "decisions to files", "the bank's answers", "each grows by", "files of each"), rows)


def cluster(found: dict[str, float]) -> str:
    ways = {"embedded, by city": "embedded_us", "Spark, snapshots": "files_us", "Spark, tables shuffled": "frames_us"}
    rows = [
        (said, f"{found[name] / found['embedded_us']:.2f}", *(_hours(found[name] * people) for people in PLACES.values()))
        for said, name in ways.items()
    ]
    cores = [_cores(found["frames_us"] * people / BUSY) for people in PLACES.values()]
    rows.append(("cores that decide in 10 minutes, tables shuffled", "", *cores))
    return _table(("core-hours to decide once", "times the embedded run", *PLACES), rows)


def disk(found: dict[str, float]) -> str:
    rows = [(said, *(_bytes(found[f"{name}_bytes"] * people) for people in PLACES.values())) for name, said in STORES.items()]
    total = sum(found[f"{name}_bytes"] for name in STORES)
    rows.append(("**a month**", *(_bytes(total * people) for people in PLACES.values())))
    rows.append(("**a year**, twelve of them", *(_bytes(12 * total * people) for people in PLACES.values())))
    return _table(("on disk", *PLACES), rows)


def network(found: dict[str, float]) -> str:
    moved: dict[str, Callable[[dict[str, float]], float]] = {
        "embedded, facts on the machine's own disk": lambda f: 0.0,
        "Spark, snapshots on shared storage: facts in, decisions out": lambda f: f["snapshot_facts_bytes"] + f["decisions_bytes"],
        "Spark, tables shuffled: the same and the shuffle": lambda f: f["snapshot_facts_bytes"] + f["decisions_bytes"] + f["shuffle_bytes"],
    }
    rows = [(said, *(_bytes(each(found) * people) for people in PLACES.values())) for said, each in moved.items()]
    return _table(("over the network, to decide once", *PLACES), rows)


def _hours(microseconds: float) -> str:
    return f"{microseconds / US_PER_HOUR:.3g}"


def _minutes(microseconds: float) -> str:
    minutes = microseconds / US_PER_HOUR * 60
    return f"{minutes:,.1f} min" if minutes < 120 else f"{minutes / 60:,.1f} h"


def _cores(microseconds: float) -> str:
    return f"{max(1, round(microseconds / US_PER_HOUR * 6 + 0.5)):,}"


def _bytes(number: float) -> str:
    for unit in ("MB", "GB"):
        number /= 1_000_000 if unit == "MB" else 1_000
        if number < 1_000:
            return f"{number:,.1f} {unit}"
    return f"{number / 1_000:,.1f} TB"


def _number(value: float) -> str:
    return f"{value:,}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] + ["---" if columns[1] == "measured" else "---:"] * (len(columns) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->\n", f"\n<!-- {name}: end -->"


def _between(page: str, name: str) -> str:
    begin, end = _marks(name)
    return page.split(begin, 1)[1].split(end, 1)[0]


def _filled(page: str, name: str, text: str) -> str:
    begin, end = _marks(name)
    before, rest = page.split(begin, 1)
    return before + begin + text + end + rest.split(end, 1)[1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--measured", type=Path, nargs=3)
    options.add_argument("--payday", type=Path)
    options.add_argument("--check", action="store_true")
    chosen = options.parse_args()
    before = page = PAGE.read_text(encoding="utf-8")
    if chosen.measured:
        told = [json.loads(path.read_text().splitlines()[-1]) for path in chosen.measured]
        page = _filled(page, "measured", measured_table(*told))
    if chosen.payday:
        page = _filled(page, "measured_payday", payday_table(json.loads(chosen.payday.read_text().splitlines()[-1])))
    for name, table in plans(figures_of(page)).items():
        page = _filled(page, name, table)
    if chosen.check:
        sys.exit(page != before)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
