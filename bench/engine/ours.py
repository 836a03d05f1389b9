"""What Zhida's engine does, one task a process: run by bench.py with the product's interpreter.

python ours.py calc|files|household|law|reform '{"data": …, "out": …, …}'      prints one JSON object
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyarrow.parquet as pq
from files import HOUSEHOLD_COLUMNS, PERSON_COLUMNS, Clock, family, peak_mib, percentiles
from mix_facts import FACTS, mix_law, mix_program

from zhida.engine import api as engine
from zhida.engine.fingerprints import program_of_changes
from zhida.kernel.period import Month

THREADS = 2
READ = {
    "person": ["household_no", "birth_date", "salary", "capital", "disability", "role"],
    "household": ["household_no", "rent", "floor_area", "region", "occupancy"],
}


def program(month: str) -> Any:
    made = mix_program(mix_law(), month, [*PERSON_COLUMNS, *HOUSEHOLD_COLUMNS])
    made.fuse()
    return made


def opened(folder: str) -> dict[str, pq.ParquetFile]:
    return {name: pq.ParquetFile(Path(folder) / f"{name}.parquet") for name in READ}


def batch_of(files: dict[str, pq.ParquetFile], group: int) -> engine.Batch:
    tables = {name: files[name].read_row_group(group, columns=columns, use_threads=False) for name, columns in READ.items()}
    return engine.Batch.from_arrow(tables["person"], tables["household"], facts=FACTS)


# ---- all persons ------------------------------------------------------------------------------------------------------------------------


def calc(task: dict[str, Any]) -> dict[str, Any]:
    """Make a batch of tables that are in memory, and evaluate everything; the code was compiled before."""
    begun = time.perf_counter()
    made = program(task["month"])
    files = opened(task["data"])
    made.evaluate(batch_of(files, 0), THREADS)
    first = time.perf_counter()
    tables = {name: files[name].read(columns=columns).combine_chunks() for name, columns in READ.items()}
    clock, started = Clock(), time.perf_counter()
    batch = engine.Batch.from_arrow(tables["person"], tables["household"], facts=FACTS)
    built = time.perf_counter()
    values = made.evaluate(batch, THREADS).values
    spent = clock.read()
    totals = {name: int(data.sum()) for name, (data, _) in values.items() if not made.variables[name].shape.scale}
    unknown = {name: int((~known).sum()) for name, (_, known) in values.items() if known is not None}
    return {
        "first_s": first - begun,
        "build_s": built - started,
        "calculate_s": spent["seconds"] - (built - started),
        **spent,
        "totals": totals,
        "unknown": unknown,
    }


def files(task: dict[str, Any]) -> dict[str, Any]:
    """Facts in, all outputs out, for one month after the other; the code of each month was compiled before."""
    spent = {"seconds": 0.0, "cpu_s": 0.0}
    for month in task["months"]:
        made = program(month)
        made.evaluate(batch_of(opened(task["data"]), 0))
        clock = Clock()
        engine.evaluate_files(made, Path(task["data"]), Path(task["out"]) / month, threads=THREADS)
        spent = {key: spent[key] + taken for key, taken in clock.read().items()}
    return {**spent, "scales": {name: node.shape.scale for name, node in made.variables.items()}}


# ---- one household ----------------------------------------------------------------------------------------------------------------------


def household(task: dict[str, Any]) -> dict[str, Any]:
    """One household of four from a dictionary: all values; and all values with a trace, written as lines."""
    made = program(task["month"])
    taken: dict[str, list[float]] = {"values": [], "trace": []}
    for index in range(task["times"] + 20):
        facts = _facts(index)
        started = time.perf_counter()
        values = made.calculate(facts)
        done = time.perf_counter()
        lines = log_lines(made.sheet(facts))
        traced = time.perf_counter()
        if index >= 20:
            taken["values"].append(done - started)
            taken["trace"].append(traced - done)
    return {kind: percentiles(spent) for kind, spent in taken.items()} | {"lines": len(lines), "values_of_last": values}


def log_lines(sheet: list[tuple[int, Any]]) -> list[str]:
    """Write the household's sheet as OpenFisca's computation log does: every step with the values of all members."""
    return [f"{'  ' * depth}{line.label.en}: {', '.join(text.en for text in line.texts)}" for depth, line in sheet]


def _facts(index: int) -> engine.HouseholdFacts:
    members, home = family(index)
    person: dict[str, list[Any]] = {name: [member[name] for member in members] for name in members[0]}
    person["birth_date"] = [date.fromisoformat(born) for born in person["birth_date"]]
    person |= {"resident_no": list(range(1, len(members) + 1)), "household_no": [1] * len(members)}
    return engine.HouseholdFacts(person, {**home, "household_no": 1})


# ---- a reform ---------------------------------------------------------------------------------------------------------------------------


def reform(task: dict[str, Any]) -> dict[str, Any]:
    """Everything under the law as it is; then what each reform changes, the rest taken from the first run."""
    base, folder, out = mix_law(), Path(task["data"]), Path(task["out"])
    names, month = [*PERSON_COLUMNS, *HOUSEHOLD_COLUMNS], Month.parse(task["month"])
    full = mix_program(base, task["month"], names)
    whole = _timed(full, task, "base", None)
    told: dict[str, Any] = {f"full_{key}": value for key, value in whole.items()}
    for name in task["reforms"]:
        law = base.reformed(engine.read_reform(Path(__file__).resolve().parent / f"{name}.yaml"))
        part = program_of_changes(full, law)
        changed = list(part.variables)
        told |= {f"{name}_{key}": value for key, value in _timed(part, task, name, "base").items()}
        told[f"{name}_changed"] = changed
        _hold_to_a_full_run(law, month, changed, folder, out / name)
    return told


def _timed(program: Any, task: dict[str, Any], name: str, given: str | None) -> dict[str, float]:
    """Run a program over the folder ``warm``, which compiles it, then over all; return what the latter took."""
    program.fuse()
    out = Path(task["out"])
    for folder, made in ((Path(task["warm"]), out / "warm"), (Path(task["data"]), out)):
        clock = Clock()
        engine.evaluate_files(program, folder, made / name, threads=THREADS, given=made / given if given else None)
    return clock.read()


def _hold_to_a_full_run(law: engine.Law, month: Month, changed: list[str], folder: Path, out: Path) -> None:
    """Stop where the first households have other values than the reformed law, computed from their facts alone, gives them."""
    values = law.program(month, benefits=(), variables=changed).evaluate(batch_of(opened(str(folder)), 0)).values
    for path in sorted(out.glob("*-00000.parquet")):
        table = pq.ParquetFile(path).read_row_group(0)
        for name in set(changed) & set(table.column_names):
            if not (table.column(name).to_numpy() == values[name][0]).all():
                raise SystemExit(f"{name} differs between the reform's run and a full run.")


# ---- a hundred rules --------------------------------------------------------------------------------------------------------------------


def law(task: dict[str, Any]) -> dict[str, Any]:
    """Load a law of more than a hundred rules, make its program and decide a few households: the first time, or from the cache."""
    files = opened(task["data"])
    batch = batch_of(files, 0)
    started = time.perf_counter()
    made = engine.load_law([engine.PackSource("hundred", Path(task["law"]), "mix_facts")], FACTS)
    loaded = time.perf_counter()
    program = made.program(Month.parse(task["month"]))
    program.fuse()
    programmed = time.perf_counter()
    entitled = sum(int((result.status == engine.ENTITLED).sum()) for result in program.evaluate(batch))
    done = time.perf_counter()
    return {
        "rules": len(program.benefits),
        "nodes": len(program.nodes),
        "entitled": entitled,
        "load_s": loaded - started,
        "program_s": programmed - loaded,
        "kernel_s": done - programmed,
        "seconds": done - started,
    }


TASKS = {"calc": calc, "files": files, "household": household, "law": law, "reform": reform}


if __name__ == "__main__":
    told = TASKS[sys.argv[1]](json.loads(sys.argv[2]))
    print(json.dumps({**told, "peak_mib": peak_mib()}))
