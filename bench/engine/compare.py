"""Compares what both sides wrote, cell by cell: every person and every household, every column.

Whole amounts (the city's rules, totals, ages) must be the same number. The template's amounts are float32 in OpenFisca and exact here: they
must agree within what float32 sums of the same terms may lose.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import pyarrow.parquet as pq
from files import HOUSEHOLD_COLUMNS, PERSON_COLUMNS

# A float32 has 24 binary digits: each term of a sum is off by at most 2 ** -25 of itself, the result as well; four terms and their sum.
FLOAT_SHARE = 2.0**-22
COLUMNS = {"person": PERSON_COLUMNS, "household": HOUSEHOLD_COLUMNS}
# Differences are measured by the largest term that went into them, not by what is left after taxes.
TERMS = {"disposable_income": ("household_income", "total_taxes"), "total_taxes": ("household_income",)}


def compare(theirs: Path, ours: Path, scales: dict[str, int]) -> dict[str, Any]:
    """Return how many cells were compared and how many agree; ours are whole numbers of 10 ** -scale fen (ages: years)."""
    told: dict[str, Any] = {"rows_compared": 0, "rows_equal": 0, "whole_cells": 0, "whole_equal": 0, "float_cells": 0, "float_equal": 0}
    worst, differing = 0.0, []
    for name, columns in COLUMNS.items():
        for column in columns:
            a, b = _column(theirs, name, column), _column(ours, name, column)
            if len(a) != len(b):
                raise SystemExit(f"{column}: {len(a):,} rows of OpenFisca, {len(b):,} of ours.")
            if a.dtype.kind == "i":
                equal = int((a == b).sum())
                told["whole_cells"] += len(a)
                told["whole_equal"] += equal
            else:
                off = _off(a, b, scales[column], [_column(theirs, name, term) for term in TERMS.get(column, ())])
                worst = max(worst, float(off.max(initial=0.0)))
                equal = int((off <= FLOAT_SHARE).sum())
                told["float_cells"] += len(a)
                told["float_equal"] += equal
            told["rows_compared"] += len(a)
            told["rows_equal"] += equal
            if equal != len(a):
                differing.append(f"{column}: {len(a) - equal:,}")
    return {**told, "float_share_worst": worst, "float_share_allowed": FLOAT_SHARE, "differing": differing}


def _off(a: np.ndarray, b: np.ndarray, scale: int, terms: list[np.ndarray]) -> np.ndarray:
    """Return the difference as a share of the largest number that went into it."""
    exact = b / 10.0 ** (scale + 2)
    largest = np.maximum(np.abs(exact), 1.0)
    for term in terms:
        largest = np.maximum(largest, np.abs(term))
    return np.abs(a.astype(np.float64) - exact) / largest


def _column(folder: Path, name: str, column: str) -> np.ndarray:
    paths = sorted(folder.glob(f"{name}*.parquet"))
    return np.concatenate([pq.read_table(path, columns=[column]).column(0).to_numpy() for path in paths])


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    print(json.dumps(compare(Path(task["theirs"]), Path(task["ours"]), task["scales"])))
