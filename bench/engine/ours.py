"""What Zhida's engine does, one task a process: run by bench.py with the product's interpreter.

python ours.py calc|files|household|law|reform '{"data": …, "out": …, …}'      prints one JSON object
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from files import HOUSEHOLD_COLUMNS, PERSON_COLUMNS, WRITING, family, peak_mib, percentiles, synced
from mix_facts import FACTS, mix_law, mix_program

from zhida.engine import api as engine
from zhida.kernel.period import Month

THREADS = 2
GROUPS_PER_FILE = 4
COLUMNS = {"person": PERSON_COLUMNS, "household": HOUSEHOLD_COLUMNS}
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
    started = time.perf_counter()
    batch = engine.Batch.from_arrow(tables["person"], tables["household"], facts=FACTS)
    built = time.perf_counter()
    values = made.evaluate(batch, THREADS).values
    done = time.perf_counter()
    totals = {name: int(data.sum()) for name, (data, _) in values.items() if not made.variables[name].shape.scale}
    unknown = {name: int((~known).sum()) for name, (_, known) in values.items() if known is not None}
    return {
        "first_s": first - begun,
        "build_s": built - started,
        "calculate_s": done - built,
        "seconds": done - started,
        "totals": totals,
        "unknown": unknown,
    }


def files(task: dict[str, Any]) -> dict[str, Any]:
    """Facts in, all outputs out, for one month after the other; the code of each month was compiled before."""
    spent, parts = 0.0, []
    for month in task["months"]:
        made = program(month)
        made.evaluate(batch_of(opened(task["data"]), 0))
        started = time.perf_counter()
        parts += _month(made, task["data"], Path(task["out"]) / month)
        spent += time.perf_counter() - started
    scales = {name: node.shape.scale for name, node in made.variables.items()}
    return {"seconds": spent, "parts": parts, "scales": scales}


def _month(made: Any, folder: str, out: Path) -> list[dict[str, float]]:
    out.mkdir(parents=True, exist_ok=True)
    count = opened(folder)["person"].metadata.num_row_groups
    spans = iter([range(first, min(first + GROUPS_PER_FILE, count)) for first in range(0, count, GROUPS_PER_FILE)])
    streams = [Stream(made, folder, out, spans) for _ in range(THREADS)]
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.join()
    return [stream.spent for stream in streams]


class Stream(threading.Thread):
    """One thread: takes the next few row groups, evaluates them one by one and writes them to a pair of files of their own."""

    def __init__(self, program: Any, data: str, out: Path, spans: Iterator[range]) -> None:
        super().__init__()
        self._program, self._files, self._out, self._spans = program, opened(data), out, spans
        self.spent = dict.fromkeys(("read_s", "evaluate_s", "write_s"), 0.0)

    def run(self) -> None:
        for span in self._spans:
            paths = {name: self._out / f"{name}-{span.start:05d}.parquet" for name in COLUMNS}
            writers = {name: pq.ParquetWriter(path, self._schema(name), **WRITING) for name, path in paths.items()}
            for group in span:
                self._group(group, writers)
            for name, writer in writers.items():
                writer.close()
                synced(paths[name])

    def _group(self, group: int, writers: dict[str, pq.ParquetWriter]) -> None:
        times = [time.perf_counter()]
        batch = batch_of(self._files, group)
        times.append(time.perf_counter())
        values = self._program.evaluate(batch).values
        times.append(time.perf_counter())
        for writer in writers.values():
            columns = [_column(field.type, *values[field.name]) for field in writer.schema]
            writer.write_table(pa.table(columns, schema=writer.schema), row_group_size=len(columns[0]))
        times.append(time.perf_counter())
        for key, begin, end in zip(self.spent, times, times[1:], strict=False):
            self.spent[key] += end - begin

    def _schema(self, name: str) -> pa.Schema:
        scales = {column: self._program.variables[column].shape.scale for column in COLUMNS[name]}
        return pa.schema([(column, pa.int64() if scale > 2 else pa.int32()) for column, scale in scales.items()])


def _column(kind: pa.DataType, data: np.ndarray, known: np.ndarray | None) -> pa.Array:
    return pa.array(data, mask=None if known is None else ~known).cast(kind)


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
        lines = log_lines(made.explain_variables(facts))
        traced = time.perf_counter()
        if index >= 20:
            taken["values"].append(done - started)
            taken["trace"].append(traced - done)
    return {kind: percentiles(spent) for kind, spent in taken.items()} | {"lines": len(lines), "values_of_last": values}


def log_lines(explained: list[Any]) -> list[str]:
    """Write the household's steps as OpenFisca's computation log does: one that came before comes again without those below it."""
    lines: list[str] = []
    shown: set[int] = set()
    left = [(0, one.trace) for one in reversed(explained)]
    while left:
        depth, step = left.pop()
        lines.append(f"{'  ' * depth}{step.label.en}: {step.text.en}")
        if id(step) not in shown:
            shown.add(id(step))
            left.extend((depth + 1, child) for child in reversed(step.children))
    return lines


def _facts(index: int) -> engine.HouseholdFacts:
    members, home = family(index)
    person: dict[str, list[Any]] = {name: [member[name] for member in members] for name in members[0]}
    person["birth_date"] = [date.fromisoformat(born) for born in person["birth_date"]]
    person |= {"resident_no": list(range(1, len(members) + 1)), "household_no": [1] * len(members)}
    return engine.HouseholdFacts(person, {**home, "household_no": 1})


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


TASKS = {"calc": calc, "files": files, "household": household, "law": law}


if __name__ == "__main__":
    told = TASKS[sys.argv[1]](json.loads(sys.argv[2]))
    print(json.dumps({**told, "peak_mib": peak_mib()}))
