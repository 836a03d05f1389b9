"""Names: a surname that children share with their father, a given name of their time, and how a second clerk misspells it."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np

from zhida.city.chunk import Chunk
from zhida.city.columns import text_table
from zhida.city.draws import choose
from zhida.city.families import CHILD, GRANDCHILD, HEAD, MAN, PARENT, SIBLING, SPOUSE
from zhida.city.rates import names

Array = np.ndarray[Any, Any]
_COHORTS = ("1900", "1960", "1980", "2000")
_FROM = np.array([(date(year, 1, 1) - date(1970, 1, 1)).days for year in (1960, 1980, 2000)])
SURNAME_WIDTH, GIVEN_WIDTH = 6, 3


@cache
def _surnames() -> tuple[Array, list[float]]:
    table = text_table(list(names()["surnames"]))[:-1]
    return table, [float(weight) for weight in names()["surnames"].values()]


@cache
def _given() -> tuple[Array, Array]:
    """Return given characters and their confusions: two tables (sex * 4 + cohort, character, 3 bytes)."""
    right, wrong = [], []
    for sex in ("man", "woman"):
        for cohort in _COHORTS:
            pairs = names()["given"][f"{sex}_{cohort}"]
            right.append(text_table(list(pairs[0::2]))[:-1])
            wrong.append(text_table(list(pairs[1::2]))[:-1])
    fewest = min(len(table) for table in right)
    return np.stack([table[:fewest] for table in right]), np.stack([table[:fewest] for table in wrong])


def write_names(chunk: Chunk) -> tuple[Array, Array]:
    """Return everybody's name and its second spelling as bytes, (persons, 12) each."""
    own, first = chunk.draw("name")
    second, length = chunk.draw("given")
    table, weights = _surnames()
    family, _ = chunk.household_draw("surname")
    shares_family = (chunk.relation == CHILD) | (chunk.relation == GRANDCHILD) | (chunk.relation == SIBLING)
    shares_family |= (chunk.sex == MAN) & np.isin(chunk.relation, (HEAD, SPOUSE, PARENT))
    surname = table[choose(np.where(shares_family, family[chunk.household], own), weights)]
    right, wrong = _given()
    group = chunk.sex.astype(np.int64) * 4 + np.searchsorted(_FROM, chunk.birth, side="right")
    count = right.shape[1]
    one, two = first * count >> 32, second * count >> 32
    given, other = right[group, one], wrong[group, one]
    last = right[group, two]
    last = np.where((length * 100 >> 32 < 18)[:, None], np.uint8(0), last)
    return np.concatenate([surname, given, last], axis=1), np.concatenate([surname, other, last], axis=1)
