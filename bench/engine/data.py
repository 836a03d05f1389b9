"""Made-up persons and households for the engine's benchmark, as two Parquet files that both engines read. The same seed, the same files.

    person.parquet     household_no, resident_no, birth_date, salary, capital, disability, role      sorted by household_no
    household.parquet  household_no, rent, floor_area, region, occupancy                             sorted by household_no

Row group i of both files holds the same whole households. Money is in fen a month, ``floor_area`` in hundredths of a square metre;
``role`` is 1 adult, 2 child; ``occupancy`` 1 owner, 2 tenant, 3 free lodger, 4 homeless; ``region`` 1 to 16; ``disability`` 0 none to 4.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Raised when the same seed would give other rows or another layout.
LAYOUT = 1
SEED = 20180101
# Chosen by measurement: docs/decisions/0019-bench-mix.md.
GROUP_PERSONS = 131_072
MONTH = "2018-01"
FIRST_NUMBER = 1_000_000

_SIZES = np.array([1, 2, 3, 4, 5, 6])
_SIZE_SHARES = np.array([0.152, 0.250, 0.250, 0.200, 0.098, 0.050])
_TODAY = (date(2018, 1, 1) - date(1970, 1, 1)).days
_OLDEST_DAYS = 36_890  # a hundred and one years
_DISABILITY_SHARES = (0.945, 0.008, 0.012, 0.015, 0.020)
_OCCUPANCY_SHARES = (0.62, 0.31, 0.06, 0.01)
_REGIONS = 16


def data_folder(root: Path, persons: int, gaps: float = 0.0) -> Path:
    """Return the folder with so many persons, made if it is not there. gaps: share of facts that are missing."""
    folder = root / f"persons-{persons}{'-gaps' if gaps else ''}"
    wanted = {"layout": LAYOUT, "seed": SEED, "persons": persons, "group_persons": GROUP_PERSONS, "gaps": gaps}
    manifest = folder / "manifest.json"
    if manifest.exists() and json.loads(manifest.read_text())["made"] == wanted:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    counted = _write(folder, persons, gaps)
    manifest.write_text(json.dumps({"made": wanted, **counted}))
    return folder


def manifest_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "manifest.json").read_text()))


def _write(folder: Path, persons: int, gaps: float) -> dict[str, int]:
    left, households, groups = persons, 0, 0
    writers: dict[str, pq.ParquetWriter] = {}
    while left:
        chooser = np.random.default_rng([SEED, groups])
        tables = _group(chooser, min(left, GROUP_PERSONS), FIRST_NUMBER + households, FIRST_NUMBER + persons - left, gaps)
        for name, table in tables.items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="lz4", use_dictionary=False)
            writers[name].write_table(table, row_group_size=table.num_rows)
        left -= tables["person"].num_rows
        households += tables["household"].num_rows
        groups += 1
    for name, writer in writers.items():
        writer.close()
        with (folder / f"{name}.parquet").open("rb") as file:
            os.fsync(file.fileno())
    return {"households": households, "groups": groups}


def _group(chooser: np.random.Generator, persons: int, first_household: int, first_resident: int, gaps: float) -> dict[str, pa.Table]:
    """Draw one row group: whole households with so many members in all."""
    sizes = chooser.choice(_SIZES, size=persons, p=_SIZE_SHARES)
    ends = np.cumsum(sizes)
    households = int(np.searchsorted(ends, persons)) + 1
    sizes = sizes[:households]
    sizes[-1] -= int(ends[households - 1]) - persons
    household_no = np.arange(first_household, first_household + households, dtype=np.int64)
    first = np.zeros(persons, dtype=bool)
    first[np.cumsum(sizes) - sizes] = True
    tables = {
        "person": _persons(chooser, np.repeat(household_no, sizes), first, first_resident),
        "household": _households(chooser, household_no, sizes),
    }
    return {name: _with_gaps(chooser, table, gaps) for name, table in tables.items()} if gaps else tables


def _persons(chooser: np.random.Generator, household_no: np.ndarray, first: np.ndarray, first_resident: int) -> pa.Table:
    count = len(household_no)
    # Whoever stands first is grown up, of the others every third a child.
    child = ~first & (chooser.random(count) < 0.32)
    days = np.where(child, chooser.uniform(1, 18 * 365.25, count), chooser.triangular(18.3 * 365, 38 * 365, _OLDEST_DAYS, count))
    birth = (_TODAY - days.astype(np.int32)).astype(np.int32)
    grown = ~child
    earns = grown & (days < 62 * 365.25) & (chooser.random(count) < 0.75)
    salary = np.where(earns, np.minimum(chooser.lognormal(13.0, 0.6, count), 15_000_000), 0).astype(np.int64)
    invests = grown & (chooser.random(count) < 0.2)
    capital = np.where(invests, np.minimum(chooser.lognormal(9.5, 1.2, count), 5_000_000), 0).astype(np.int64)
    return pa.table(
        {
            "household_no": household_no,
            "resident_no": np.arange(first_resident, first_resident + count, dtype=np.int64),
            "birth_date": pa.array(birth, pa.int32()).cast(pa.date32()),
            "salary": salary,
            "capital": capital,
            "disability": chooser.choice(5, size=count, p=_DISABILITY_SHARES).astype(np.int8),
            "role": np.where(grown, 1, 2).astype(np.int8),
        }
    )


def _households(chooser: np.random.Generator, household_no: np.ndarray, sizes: np.ndarray) -> pa.Table:
    count = len(household_no)
    occupancy = (chooser.choice(4, size=count, p=_OCCUPANCY_SHARES) + 1).astype(np.int8)
    rent = np.where(occupancy == 2, chooser.lognormal(12.0, 0.5, count), 0).astype(np.int64)
    return pa.table(
        {
            "household_no": household_no,
            "rent": rent,
            "floor_area": (chooser.gamma(6.0, 300.0, count) + 1500 * sizes).astype(np.int32),
            "region": chooser.integers(1, _REGIONS + 1, size=count).astype(np.int8),
            "occupancy": occupancy,
        }
    )


def _with_gaps(chooser: np.random.Generator, table: pa.Table, gaps: float) -> pa.Table:
    """Leave out a share of every fact; the columns that number the rows stay whole."""
    for index, name in enumerate(table.column_names):
        if not name.endswith("_no"):
            column = table.column(name).combine_chunks()
            missing = pa.array(chooser.random(table.num_rows) < gaps)
            table = table.set_column(index, table.schema.field(name), pa.compute.if_else(missing, pa.scalar(None, column.type), column))
    return table
