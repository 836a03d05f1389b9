"""Columns of a snapshot while it is made: one file of plain numbers per column, written whole and read again in order.

Twelve million residents with seventy columns do not fit the memory we allow; one column does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]


class ColumnFiles:
    """The columns of one entity, in row order. ``add`` all, then ``take`` chunk by chunk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self._types: dict[str, tuple[np.dtype[Any], pa.DataType, bool, pa.Array | None]] = {}
        self._open: dict[str, tuple[BinaryIO, BinaryIO | None]] = {}

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, arrow) for name, (_, arrow, _, _) in self._types.items()])

    def add(self, name: str, values: Array, arrow: pa.DataType, known: Array | None = None, dictionary: pa.Array | None = None) -> None:
        """Write one column. known: False where the value is null. dictionary: values are positions in it, -1 is null."""
        values.tofile(self._folder / name)
        nulls = known is not None and not bool(known.all())
        if nulls and known is not None:
            known.tofile(self._folder / f"{name}.known")
        self._types[name] = (values.dtype, arrow, nulls, dictionary)

    def take(self, rows: int) -> pa.Table:
        """Read the next rows of every column."""
        return pa.table([self._next(name, rows) for name in self._types], schema=self.schema)

    def close(self) -> None:
        for values, known in self._open.values():
            values.close()
            if known:
                known.close()

    def _next(self, name: str, rows: int) -> pa.Array:
        dtype, arrow, nulls, dictionary = self._types[name]
        if name not in self._open:
            self._open[name] = ((self._folder / name).open("rb"), (self._folder / f"{name}.known").open("rb") if nulls else None)
        source, known_source = self._open[name]
        values = np.fromfile(source, dtype, rows)
        mask = ~np.fromfile(known_source, bool, rows) if known_source else None
        if dictionary is not None:
            none = values < 0
            mask = none if mask is None else none | mask
            return dictionary.take(pa.array(np.where(none, 0, values), pa.int32(), mask=mask))
        if arrow == pa.date32():
            return pa.array(values, pa.int32(), mask=mask).cast(arrow)
        return pa.array(values, arrow, mask=mask)
