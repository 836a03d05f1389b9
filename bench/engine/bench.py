"""`make bench-engine`: the engine against OpenFisca, every figure measured in this run, one JSON object as the last line.

Every measurement is a process of its own; ours and theirs take turns. docs/decisions/0019-bench-mix.md says what is compared and why.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
import hundred
from files import HOUSEHOLD_COLUMNS, PERSON_COLUMNS
from report import put_into, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HANGZHOU = 11_936_010
CITY_MONTH = "2025-10"
CITY_TODAY = "2025-11-05"
SMALL = 1_000_000
# As many as it takes to compile.
WARM = 2_000
# What OpenFisca takes at its peak, and some more.
BYTES_PER_PERSON = 400
# The first touches three variables; the second three rules and what they are part of.
REFORMS = ["reform", "reform_three_rules"]
MONTHS = [f"2018-{month:02}" for month in range(1, 13)]


class Bench:
    """One run: where its files are, who measures, and what was found so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.work = options, Path(options.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.out = self.work / "out"
        self.figures: dict[str, Any] = {}
        self.detail: dict[str, Any] = {}
        self.started = time.monotonic()

    # ---- processes ----

    def say(self, line: str) -> None:
        print(f"[{time.monotonic() - self.started:6.1f} s] {line}", file=sys.stderr, flush=True)

    def ours(self, script: str, *words: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
        kernels = {"ZHIDA_KERNEL_CACHE": str(self.work / "kernels")}
        return self._run([sys.executable, str(HERE / script), *words], {**os.environ, **kernels, **(environment or {})})

    def theirs(self, task: str, words: dict[str, Any]) -> dict[str, Any]:
        return self._run([self.options.openfisca, str(HERE / "theirs.py"), task, json.dumps(words)], dict(os.environ))

    def settle(self) -> None:
        """Have as much memory backed as the hungrier side needs."""
        with open("/proc/meminfo") as file:
            available = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) * 1024
        needed = min(self.options.persons * BYTES_PER_PERSON, available // 2)
        subprocess.run([sys.executable, str(HERE / "touch.py"), str(needed)], check=True)

    def _run(self, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command[1:3])} failed ({done.returncode}); its message stands above.")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def turns(self, name: str, *sides: tuple[str, Callable[[], dict[str, Any]]], small: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Let the sides take turns, as often as asked; return what each told. small: neither takes much memory."""
        told: dict[str, list[dict[str, Any]]] = {side: [] for side, _ in sides}
        for turn in range(self.options.repeat):
            for side, work in sides:
                if not small:
                    self.settle()
                told[side].append(work())
                self.say(f"{name} {turn + 1}/{self.options.repeat} {side}: {_short(told[side][-1])}")
        self.detail[name] = {side: _spread(results) for side, results in told.items()}
        return told

    # ---- parts ----

    def folder(self, persons: int, gaps: float = 0.0) -> str:
        return str(data.data_folder(self.work, persons, gaps))

    def calc(self) -> None:
        """Calculate everything from arrays in memory, set-up counted."""
        at = {"data": self.folder(self.options.persons), "month": MONTHS[0], "months": MONTHS[:1]}
        self.ours("ours.py", "calc", json.dumps(at))  # compiles
        told = self.turns(
            "calc", ("ours", lambda: self.ours("ours.py", "calc", json.dumps(at))), ("openfisca", lambda: self.theirs("calc", at))
        )
        ours, theirs = told["ours"][-1]["totals"], told["openfisca"][-1]["totals"]
        differing = [name for name, value in theirs.items() if ours[name] != value]
        if differing:
            raise SystemExit(f"Totals differ from OpenFisca's: {', '.join(differing)}.")
        self.figures["calc_ratio"] = _ratio(told, "openfisca", "ours", "seconds")
        self.figures["calc_ratio_without_build"] = _ratio(told, "openfisca", "ours", "calculate_s")

    def files(self) -> None:
        """Parquet in, Parquet out, against OpenFisca whole, in chunks, and in chunks with a process for each core."""
        at = {"data": self.folder(self.options.persons), "months": MONTHS[:1]}
        told = self.turns(
            "files",
            ("ours", lambda: self._written("ours", lambda out: self.ours("ours.py", "files", json.dumps({**at, "out": out})))),
            ("openfisca", lambda: self._written("openfisca", lambda out: self.theirs("whole", {**at, "out": out}))),
            ("openfisca_chunked", lambda: self._written("chunked", lambda out: self.theirs("chunked", {**at, "out": out}))),
        )
        self.figures["e2e_ratio_whole"] = _ratio(told, "openfisca", "ours", "seconds")
        self.figures["e2e_ratio_chunked"] = _ratio(told, "openfisca_chunked", "ours", "seconds")
        self.figures["memory_ratio"] = _ratio(told, "openfisca", "ours", "peak_mib")
        self.figures["memory_ratio_chunked"] = _ratio(told, "openfisca_chunked", "ours", "peak_mib")
        self.figures["memory_mb"] = round(_median(told["ours"], "peak_mib"))
        words = {"theirs": str(self.out / "openfisca"), "ours": str(self.out / "ours" / MONTHS[0]), "scales": told["ours"][-1]["scales"]}
        self._compare(words)
        self.settle()
        both = self._written("processes", lambda out: self.theirs("chunked", {**at, "out": out, "processes": 2}))
        both["peak_mib"] += sum(part["peak_mib"] for part in both["parts"])
        self.say(f"files openfisca in two processes: {_short(both)}")
        self.detail["files"]["openfisca_two_processes"] = _spread([both])
        self.figures["e2e_ratio_two_processes"] = round(both["seconds"] / _median(told["ours"], "seconds"), 1)

    def _written(self, name: str, work: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        """Let a side write into an empty folder; count what lies there afterwards."""
        out = self.out / name
        shutil.rmtree(out, ignore_errors=True)
        told = work(str(out))
        return {**told, "written_mb": round(sum(path.stat().st_size for path in out.rglob("*.parquet")) / 1e6)}

    def _compare(self, words: dict[str, Any]) -> None:
        told = self.ours("compare.py", json.dumps(words))
        self.detail["compared"] = told
        self.figures |= {key: told[key] for key in ("rows_equal", "rows_compared")}
        self.say(f"compared: {told}")
        if told["differing"]:
            raise SystemExit(f"Not equal to OpenFisca: {'; '.join(told['differing'])} cells.")

    def memory(self) -> None:
        """Ours again: a twelfth of the persons, and twelve months of all of them; OpenFisca's twelve months at a million."""
        small = min(SMALL, self.options.persons)
        sizes = {
            "persons_small": (small, MONTHS[:1]),
            "persons_all": (self.options.persons, MONTHS[:1]),
            "months_12": (self.options.persons, MONTHS),
        }
        found = {}
        for name, (persons, months) in sizes.items():
            at = {"data": self.folder(persons), "months": months}
            told = [
                self._written("ours", lambda out, at=at: self.ours("ours.py", "files", json.dumps({**at, "out": out})))
                for _ in range(1 if len(months) > 1 else self.options.repeat)
            ]
            found[name] = {"persons": persons, "months": len(months), "mb": _spread(told)["peak_mib"], "seconds": _spread(told)["seconds"]}
            self.say(f"memory {name}: {found[name]['mb']}")
        at = {"data": self.folder(small), "months": MONTHS}
        theirs = {months: self.theirs("calc", {**at, "months": MONTHS[:months]})["peak_mib"] for months in (1, 12)}
        self.detail["memory"] = {**found, f"openfisca_{small}_persons_mb_by_months": theirs}
        self.figures["memory_flat"] = {name: round(one["mb"]["median"]) for name, one in found.items()}

    def household(self) -> None:
        at = {"month": MONTHS[0], "months": MONTHS[:1], "times": self.options.times}
        told = self.turns(
            "household",
            ("ours", lambda: self.ours("ours.py", "household", json.dumps(at))),
            ("openfisca", lambda: self.theirs("household", at)),
            small=True,
        )
        for kind in ("values", "trace"):
            theirs, ours = (statistics.median(one[kind]["p50_ms"] for one in told[side]) for side in ("openfisca", "ours"))
            self.figures[f"household_{kind}_ratio"] = round(theirs / ours, 1)

    def law(self) -> None:
        """A hundred rules: compiled for the first time, and from the cache."""
        folder, kernels = self.work / "hundred", self.work / "kernels-hundred"
        hundred.write_law(folder)
        at = json.dumps({"data": self.folder(WARM), "law": str(folder), "month": MONTHS[0]})

        def first() -> dict[str, Any]:
            shutil.rmtree(kernels, ignore_errors=True)
            return again()

        def again() -> dict[str, Any]:
            return self.ours("ours.py", "law", at, environment={"ZHIDA_KERNEL_CACHE": str(kernels)})

        told = self.turns("law", ("first", first), ("cached", again), small=True)
        self.figures["compile_s"] = round(_median(told["first"], "seconds"), 3)
        self.figures["cached_s"] = round(_median(told["cached"], "seconds"), 3)

    def reform(self) -> None:
        at = {"data": self.folder(self.options.persons), "warm": self.folder(WARM), "month": MONTHS[0], "reforms": REFORMS}
        told = self.turns(
            "reform", ("ours", lambda: self._written("reform", lambda out: self.ours("ours.py", "reform", json.dumps({**at, "out": out}))))
        )
        for name in REFORMS:
            shares = [one[f"{name}_seconds"] / one["full_seconds"] for one in told["ours"]]
            self.figures[name.replace("reform", "reform_share")] = round(statistics.median(shares), 3)

    def gaps(self) -> None:
        """Ours alone, with one fact in twenty missing: OpenFisca has no such thing."""
        at = {"data": self.folder(self.options.persons, 0.05), "month": MONTHS[0], "months": MONTHS[:1]}
        self.ours("ours.py", "calc", json.dumps(at))  # compiles
        told = self.turns("gaps", ("ours", lambda: self.ours("ours.py", "calc", json.dumps(at))))
        self.figures["gaps_s"] = round(_median(told["ours"], "seconds"), 3)

    def city(self) -> None:
        """The installed law over a city: residents a second, and how far from what memory could do."""
        residents = self.options.city_residents or (HANGZHOU if self.options.persons >= 10_000_000 else self.options.persons)
        home = Path(os.environ.get("ZHIDA_BENCH_CITY") or self.work / f"city-{residents}")
        environment = {"ZHIDA_HOME": str(home), "ZHIDA_DEMO": "1", "ZHIDA_TODAY": CITY_TODAY}
        snapshot = self._snapshot(home, residents, environment)
        at = {"snapshot": snapshot, "month": CITY_MONTH}

        def decided(out: str) -> dict[str, Any]:
            return self.ours("city.py", json.dumps({**at, "out": out}), environment=environment)

        told = self.turns("city", ("memory", lambda: self.ours("bandwidth.py")), ("ours", lambda: self._written("city", decided)))
        last, kernel_s = told["ours"][-1], _median(told["ours"], "kernel_s")
        self.figures["law_residents"] = last["residents"]
        self.figures["law_residents_per_s"] = round(last["residents"] / kernel_s)
        self.figures["law_residents_per_s_files"] = round(last["residents"] / _median(told["ours"], "seconds"))
        self.figures["bandwidth_share"] = round(last["bytes_touched"] / kernel_s / _median(told["memory"], "copy_bytes_per_s"), 4)

    def _snapshot(self, home: Path, residents: int, environment: dict[str, str]) -> str:
        """Return the city's snapshot; build the city, receive and freeze it where that was not done before."""
        found = sorted(home.glob("snapshots/*/manifest.json"))
        if not found:
            zhida = [sys.executable, "-m", "zhida"]
            self.say(f"building a city of {residents:,} residents in {home}")
            size, month = ["--residents", str(residents)], ["--month", CITY_MONTH]
            for words in (["city", "build", *size, *month, "--truth", "defects"], ["month", *month, "--stop-after", "decide"]):
                subprocess.run([*zhida, *words, "--quiet"], env={**os.environ, **environment}, stdout=sys.stderr, check=True)
            found = sorted(home.glob("snapshots/*/manifest.json"))
        return str(found[-1].parent)

    PARTS = ("calc", "files", "memory", "household", "law", "reform", "gaps", "city")

    def run(self) -> dict[str, Any]:
        self.say(f"{self.options.persons:,} persons, {self.options.repeat} repetitions")
        versions = {"openfisca": "OpenFisca-Core", "country_template": "openfisca-country_template"}
        theirs = self.theirs("version", {})
        for part in self.options.only or self.PARTS:
            getattr(self, part)()
        shutil.rmtree(self.out, ignore_errors=True)
        return {
            **self.figures,
            "persons": self.options.persons,
            "repeat": self.options.repeat,
            "seconds": round(time.monotonic() - self.started),
            "mix": f"{len(PERSON_COLUMNS)} values of persons and {len(HOUSEHOLD_COLUMNS)} of households: every variable of the country "
            "template, twelve city rules and their totals",
            "machine": machine(),
            "versions": {name: theirs[package] for name, package in versions.items()} | own_versions(),
            "detail": self.detail,
        }


def _median(results: list[dict[str, Any]], key: str) -> float:
    return statistics.median(result[key] for result in results)


def _ratio(told: dict[str, list[dict[str, Any]]], above: str, below: str, key: str) -> float:
    return round(_median(told[above], key) / _median(told[below], key), 2)


def _spread(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return median, least and most of every number; of anything else, what was told last."""
    told: dict[str, Any] = {}
    for key, last in results[-1].items():
        if isinstance(last, int | float) and not isinstance(last, bool):
            values = [result[key] for result in results]
            told[key] = {name: round(of(values), 5) for name, of in (("median", statistics.median), ("min", min), ("max", max))}
        elif key in ("values", "trace"):
            told[key] = {name: round(statistics.median(result[key][name] for result in results), 5) for name in last}
        elif key in ("totals", "parts") or key.endswith("changed"):
            told[key] = last
    return told


def _short(told: dict[str, Any]) -> str:
    shown = {key: value for key, value in told.items() if isinstance(value, int | float)}
    return ", ".join(f"{key} {value:,.3f}" if isinstance(value, float) else f"{key} {value:,}" for key, value in shown.items())


def machine() -> dict[str, Any]:
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.processor())
    with open("/proc/meminfo") as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith("MemTotal"))
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": round(memory / 1e6, 1), "load_before": os.getloadavg()[0]}


def own_versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("numpy", "pyarrow", "llvmlite"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="The engine against OpenFisca; the last line is one JSON object.")
    parser.add_argument("--persons", type=int, default=12_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--times", type=int, default=300, help="households of the one-household test")
    parser.add_argument("--only", action="append", choices=Bench.PARTS, help="one part; may be given more than once")
    parser.add_argument("--city-residents", type=int, default=0)
    parser.add_argument("--work", default=str(Path(os.environ.get("ZHIDA_HOME") or ROOT / "var") / "bench-engine"))
    parser.add_argument("--openfisca", default=str(ROOT / "var" / "bench-venv" / "bin" / "python"), help="its own interpreter")
    parser.add_argument("--page", type=Path, help="put the table into this page, docs/benchmarks.md")
    options = parser.parse_args()
    told = Bench(options).run()
    print(table(told), file=sys.stderr)
    if options.page:
        put_into(options.page, told)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
