"""Files as departments deliver them: rows formatted by their contract, split by district where the contract says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from zhida.blocks.places.api import CITY_CODE
from zhida.city import columns
from zhida.city.chunk import Chunk, Rows
from zhida.city.columns import text_table
from zhida.city.contracts import code_cells, contracts, fields
from zhida.city.dirt import Defect, Delivery, soil
from zhida.city.people import DISTRICTS

Array = np.ndarray[Any, Any]


@cache
def _truth_cells() -> Array:
    return text_table(["否", "是"])


_FORMATS: dict[str, Callable[[Array], Array]] = {
    "date": columns.dates,
    "month": columns.months,
    "integer": columns.integers,
    "decimal": columns.decimals,
    "money_yuan": columns.decimals,
    "boolean": lambda values: _truth_cells()[np.where(values == columns.NULL, -1, values)],
    "area6": lambda values: columns.digits(values, 6),
    "area12": lambda values: columns.digits(values, 12),
    "household_no": lambda values: columns.digits(values, 12),
    "digits": columns.integers,
}


def cells(chunk: Chunk, rows: Rows) -> dict[str, Array]:
    """Return the cells of rows as byte matrices, in the contract's order of columns."""
    blocks = {}
    for name, definition in fields(rows.record_type).items():
        values, kind = rows.columns[name], definition["type"]
        if values.ndim == 2:
            blocks[name] = values
        elif kind == "id_number":
            blocks[name] = _id_cells(chunk, values)
        elif kind == "code":
            blocks[name] = code_cells(rows.record_type, name)[values]
        else:
            blocks[name] = _FORMATS[kind](values)
    return blocks


def _id_cells(chunk: Chunk, places: Array) -> Array:
    out = chunk.ids[places]
    out[places < 0] = 0
    return out


def header_line(record_type: str) -> bytes:
    """Return the first line of a file of this type."""
    return (",".join(str(one["header"]) for one in fields(record_type).values()) + "\n").encode()


def file_areas(record_type: str) -> list[int]:
    """Return the areas this type is delivered for: each district, or the city."""
    split = contracts()[record_type]["split"] == "district"
    return DISTRICTS.tolist() if split else [CITY_CODE]


def file_name(record_type: str, area: int) -> str:
    return f"{record_type}.csv" if area == CITY_CODE else f"{record_type}__{area}.csv"


@dataclass
class PartWriter:
    """Appends the lines of some chunks to one part of each file. ``rows`` counts what was written, ``defects`` what is wrong with it."""

    folder: Path
    part: int
    rows: dict[str, int] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    _open: dict[str, BinaryIO] = field(default_factory=dict)

    def write(self, chunk: Chunk, rows: Rows, delivery: Delivery) -> None:
        """Write delivered rows; their defects are numbered within their file."""
        source = delivery.source
        owner = rows.owner[source]
        areas = (chunk.household_district if rows.of_household else chunk.district)[owner]
        starts = np.zeros(len(source), np.int64)
        for area, low, high in _segments(rows.record_type, areas):
            name = file_name(rows.record_type, area)
            starts[low:high] = self.rows.get(name, 0) - low
            self._append(name, columns.lines([block[low:high] for block in delivery.blocks.values()]))
            self.rows[name] = self.rows.get(name, 0) + high - low
        for row, *rest in delivery.defects:
            area = int(areas[row]) if row >= 0 and len(file_areas(rows.record_type)) > 1 else file_areas(rows.record_type)[0]
            number = int(starts[row]) + row + 1 if row >= 0 else 0
            self.defects.append(Defect(rows.record_type, file_name(rows.record_type, area), number, *rest))

    def _append(self, name: str, data: Array) -> None:
        if name not in self._open:
            self._open[name] = part_path(self.folder, name, self.part).open("wb")
        self._open[name].write(data.data)

    def close(self) -> None:
        for handle in self._open.values():
            handle.close()


def part_path(folder: Path, name: str, part: int) -> Path:
    return folder / f".{name}.part{part}"


def _segments(record_type: str, areas: Array) -> Iterator[tuple[int, int, int]]:
    """Yield (area, first row, last row) for the file each run of rows belongs to; rows stand in the order of districts."""
    if not len(areas):
        return
    if len(file_areas(record_type)) == 1:
        yield CITY_CODE, 0, len(areas)
        return
    edges = [0, *(np.flatnonzero(areas[1:] != areas[:-1]) + 1).tolist(), len(areas)]
    for low, high in pairwise(edges):
        yield int(areas[low]), low, high


def write_chunk(chunk: Chunk, registers: dict[str, Callable[[Chunk], Rows]], delivered: PartWriter, clean: PartWriter | None) -> None:
    """Write every register of a chunk, as delivered and (where asked for) as it truly is."""
    for register in registers.values():
        rows = register(chunk)
        blocks = cells(chunk, rows)
        if clean:
            clean.write(chunk, rows, Delivery(np.arange(len(rows.owner)), blocks, []))
        delivered.write(chunk, rows, soil(chunk, rows, blocks))
