"""What OpenFisca does, one task a process: run by bench.py with the interpreter of the benchmark's own environment.

python theirs.py calc|whole|chunked|household|version '{"data": …, "out": …, …}'      prints one JSON object
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from files import HOUSEHOLD_COLUMNS, KEYS, PERSON_COLUMNS, Clock, family, peak_mib, percentiles, synced
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_country_template import CountryTaxBenefitSystem

FACTS = {
    "person": ["household_no", "birth_date", "salary", "capital", "disability", "role"],
    "household": ["rent", "floor_area", "region", "occupancy"],
}
COLUMNS = {"person": PERSON_COLUMNS, "household": HOUSEHOLD_COLUMNS}
# Variables that are defined for a year.
YEARLY = {"housing_tax"}
# Row groups that one chunk of the chunked run holds: about half a million persons.
CHUNK_GROUPS = 4


def system() -> CountryTaxBenefitSystem:
    made = CountryTaxBenefitSystem()
    made.load_extension("openfisca_city")
    return made


def read(files: dict[str, pq.ParquetFile], groups: list[int] | None = None) -> dict[str, np.ndarray]:
    """Return the facts as arrays, for each person the position of the household, and the numbers of the rows."""
    facts = {}
    for name, columns in FACTS.items():
        wanted = list(dict.fromkeys([*columns, KEYS[name]]))
        table = files[name].read(columns=wanted) if groups is None else files[name].read_row_groups(groups, columns=wanted)
        facts.update({column: table.column(column).to_numpy() for column in columns if column != "household_no"})
        facts[name] = table.column(KEYS[name]).to_numpy()
        if name == "person":
            number = table.column("household_no").to_numpy()
            facts["household_of_person"] = number - number[0]
    return facts


def write(path: Path, name: str, facts: dict[str, np.ndarray], values: dict[str, np.ndarray], rows: int) -> None:
    """Write and sync one table."""
    with opened_writer(path, name, values) as writer:
        writer.write_table(table_of(writer.schema, name, facts, values), row_group_size=rows)
    synced(path)


def opened_writer(path: Path, name: str, values: dict[str, np.ndarray]) -> pq.ParquetWriter:
    """Open a file with the encodings that were fastest for OpenFisca's columns: whole numbers as ours, float32 split into bytes."""
    kinds = {KEYS[name]: pa.int64()} | {column: pa.from_numpy_dtype(values[column].dtype) for column in COLUMNS[name]}
    is_float = {column: pa.types.is_floating(kind) for column, kind in kinds.items()}
    return pq.ParquetWriter(
        path,
        pa.schema([pa.field(column, kind, nullable=False) for column, kind in kinds.items()]),
        use_dictionary=False,
        write_statistics=False,
        compression={column: "lz4" if is_float[column] else "none" for column in kinds},
        column_encoding={column: "BYTE_STREAM_SPLIT" if is_float[column] else "DELTA_BINARY_PACKED" for column in kinds},
    )


def table_of(schema: pa.Schema, name: str, facts: dict[str, np.ndarray], values: dict[str, np.ndarray]) -> pa.Table:
    return pa.table([facts[name], *(values[column] for column in COLUMNS[name])], schema=schema)


def build(system: CountryTaxBenefitSystem, facts: dict[str, np.ndarray], months: list[str]) -> Any:
    """Make a simulation by the builder's own functions, with roles as whole numbers, which is its fastest way."""
    builder = SimulationBuilder()
    builder.create_entities(system)
    builder.declare_person_entity("person", range(len(facts["person"])))
    household = builder.declare_entity("household", range(len(facts["household"])))
    builder.join_with_persons(household, facts["household_of_person"], roles=facts["role"].astype(np.intp) - 1)
    simulation = builder.build(system)
    simulation.set_input("birth", "ETERNITY", facts["birth_date"])
    for month in months:
        for name, values in inputs(facts).items():
            simulation.set_input(name, month, values)
    return simulation


def inputs(facts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return OpenFisca's inputs: fen for the city's rules, yuan and m2 in float32 for the template's."""
    return {
        "salary_fen": facts["salary"].astype(np.int32),
        "capital_fen": facts["capital"].astype(np.int32),
        "salary": (facts["salary"] / 100).astype(np.float32),
        "capital_returns": (facts["capital"] / 100).astype(np.float32),
        "disability": facts["disability"].astype(np.int32),
        "rent_fen": facts["rent"].astype(np.int32),
        "rent": (facts["rent"] / 100).astype(np.float32),
        "floor_area": facts["floor_area"],
        "accommodation_size": (facts["floor_area"] / 100).astype(np.float32),
        "region": facts["region"].astype(np.int32),
        "housing_occupancy_status": facts["occupancy"].astype(np.int16) - 1,
    }


def calculate(simulation: Any, month: str) -> dict[str, np.ndarray]:
    return {name: simulation.calculate(name, month[:4] if name in YEARLY else month) for name in (*PERSON_COLUMNS, *HOUSEHOLD_COLUMNS)}


def opened(folder: str) -> dict[str, pq.ParquetFile]:
    return {name: pq.ParquetFile(Path(folder) / f"{name}.parquet") for name in ("person", "household")}


# ---- tasks ------------------------------------------------------------------------------------------------------------------------------


def calc(task: dict[str, Any]) -> dict[str, Any]:
    """Build a simulation from arrays and calculate everything."""
    made, facts = system(), read(opened(task["data"]))
    clock, started = Clock(), time.perf_counter()
    simulation = build(made, facts, task["months"])
    built = time.perf_counter()
    for month in task["months"]:
        values = calculate(simulation, month)
    spent = clock.read()
    totals = {name: int(column.sum(dtype=np.int64)) for name, column in values.items() if column.dtype.kind == "i"}
    return {"build_s": built - started, "calculate_s": spent["seconds"] - (built - started), **spent, "totals": totals}


def whole(task: dict[str, Any]) -> dict[str, Any]:
    """Facts in, everything at once, all outputs out."""
    made = system()
    clock, started = Clock(), time.perf_counter()
    files = opened(task["data"])
    facts = read(files)
    read_at = time.perf_counter()
    simulation = build(made, facts, task["months"])
    built = time.perf_counter()
    values = calculate(simulation, task["months"][0])
    calculated = time.perf_counter()
    out = Path(task["out"])
    out.mkdir(parents=True, exist_ok=True)
    for name in COLUMNS:
        rows = max(files[name].metadata.row_group(group).num_rows for group in range(files[name].metadata.num_row_groups))
        write(out / f"{name}.parquet", name, facts, values, rows)
    spent = clock.read()
    return {
        "read_s": read_at - started,
        "build_s": built - read_at,
        "calculate_s": calculated - built,
        "write_s": spent["seconds"] - (calculated - started),
        **spent,
    }


def chunked(task: dict[str, Any]) -> dict[str, Any]:
    """Facts in, some row groups at a time, all outputs out; ``processes`` of them share the work, each with its own file."""
    clock = Clock()
    count = pq.ParquetFile(Path(task["data"]) / "person.parquet").metadata.num_row_groups
    chunks = [list(range(first, min(first + CHUNK_GROUPS, count))) for first in range(0, count, CHUNK_GROUPS)]
    processes = task.get("processes", 1)
    Path(task["out"]).mkdir(parents=True, exist_ok=True)
    if processes == 1:
        parts = [_chunks(task, chunks, "")]
    else:
        shares = [chunks[len(chunks) * i // processes : len(chunks) * (i + 1) // processes] for i in range(processes)]
        with ProcessPoolExecutor(processes, get_context("fork")) as pool:
            parts = list(pool.map(_chunks, [task] * processes, shares, [f"-{i}" for i in range(processes)]))
    return {**clock.read(), "parts": parts}


def _chunks(task: dict[str, Any], chunks: list[list[int]], suffix: str) -> dict[str, float]:
    made, files = system(), opened(task["data"])
    out = Path(task["out"])
    spent = dict.fromkeys(("read_s", "build_s", "calculate_s", "write_s"), 0.0)
    writers: dict[str, pq.ParquetWriter] = {}
    for groups in chunks:
        times = [time.perf_counter()]
        facts = read(files, groups)
        times.append(time.perf_counter())
        simulation = build(made, facts, task["months"])
        times.append(time.perf_counter())
        values = calculate(simulation, task["months"][0])
        times.append(time.perf_counter())
        for name in COLUMNS:
            if name not in writers:
                writers[name] = opened_writer(out / f"{name}{suffix}.parquet", name, values)
            table = table_of(writers[name].schema, name, facts, values)
            writers[name].write_table(table, row_group_size=table.num_rows)
        times.append(time.perf_counter())
        for key, begin, end in zip(spent, times, times[1:], strict=False):
            spent[key] += end - begin
    for name, writer in writers.items():
        writer.close()
        synced(out / f"{name}{suffix}.parquet")
    return {**spent, "peak_mib": peak_mib()}


def household(task: dict[str, Any]) -> dict[str, Any]:
    """One household of four from a dictionary: all values; and all values with a trace, read as the lines of its computation log."""
    made, month = system(), task["months"][0]
    names = [*PERSON_COLUMNS, *HOUSEHOLD_COLUMNS]
    taken: dict[str, list[float]] = {"values": [], "trace": []}
    lines = 0
    for index in range(task["times"] + 20):
        for kind, spent in taken.items():
            situation = _situation(month, index)
            started = time.perf_counter()
            simulation = SimulationBuilder().build_from_entities(made, situation)
            simulation.trace = kind == "trace"
            values = {name: simulation.calculate(name, month[:4] if name in YEARLY else month) for name in names}
            if kind == "trace":
                lines = len(simulation.tracer.computation_log.lines())
            if index >= 20:
                spent.append(time.perf_counter() - started)
    totals = {name: np.asarray(column).astype(float).tolist() for name, column in values.items()}
    return {kind: percentiles(spent) for kind, spent in taken.items()} | {"lines": lines, "values_of_last": totals}


def _situation(month: str, index: int) -> dict[str, Any]:
    members, home = family(index)
    persons = {
        f"p{number}": {
            "birth": {"ETERNITY": member["birth_date"]},
            "salary_fen": {month: member["salary"]},
            "capital_fen": {month: member["capital"]},
            "salary": {month: member["salary"] / 100},
            "capital_returns": {month: member["capital"] / 100},
            "disability": {month: member["disability"]},
        }
        for number, member in enumerate(members)
    }
    occupancy = ("owner", "tenant", "free_lodger", "homeless")[home["occupancy"] - 1]
    household = {
        "adults": [f"p{i}" for i, member in enumerate(members) if member["role"] == 1],
        "children": [f"p{i}" for i, member in enumerate(members) if member["role"] == 2],
        "rent_fen": {month: home["rent"]},
        "rent": {month: home["rent"] / 100},
        "floor_area": {month: home["floor_area"]},
        "accommodation_size": {month: home["floor_area"] / 100},
        "region": {month: home["region"]},
        "housing_occupancy_status": {month: occupancy},
    }
    return {"persons": persons, "households": {"h": household}}


def version(task: dict[str, Any]) -> dict[str, Any]:
    from importlib.metadata import version

    return {name: version(name) for name in ("OpenFisca-Core", "openfisca-country_template", "numpy", "pyarrow")}


TASKS = {"calc": calc, "whole": whole, "chunked": chunked, "household": household, "version": version}


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    told = TASKS[sys.argv[1]](json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
    print(json.dumps({**told, "peak_mib": peak_mib(), "pid": os.getpid()}))
