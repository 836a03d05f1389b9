"""Areas by code and by parent: city, 13 districts, 196 streets, 3,320 communities. Read once, then from memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zhida.blocks.places.errors import UnknownArea
from zhida.kernel.text import Text

DATA = Path(__file__).resolve().parent / "data"
CITY_CODE = 330100


@dataclass(frozen=True)
class Area:
    """One area. ``parent`` is the code of the area around it; the city has none."""

    code: int
    level: str
    name: Text
    parent: int | None


def city() -> Area:
    """Return the city of Hangzhou."""
    return _areas()[CITY_CODE]


def districts() -> tuple[Area, ...]:
    """Return the 13 districts and counties, by code."""
    return _children()[CITY_CODE]


def streets(district: int) -> tuple[Area, ...]:
    """Return the streets and towns of a district, by code. Raises: UnknownArea."""
    return _children_at(district, "district")


def communities(street: int) -> tuple[Area, ...]:
    """Return the communities and villages of a street, by code. Raises: UnknownArea."""
    return _children_at(street, "street")


def area(code: int) -> Area:
    """Return the area with this code, of 6, 9 or 12 digits. Raises: UnknownArea."""
    try:
        return _areas()[int(code)]
    except KeyError:
        raise UnknownArea(code) from None


def census_population() -> dict[int, int]:
    """Return the residents of each district on 2020-11-01: 11,936,010 in all."""
    return {int(row["code"]): int(row["residents"]) for row in _rows("census2020.csv")}


def _children_at(code: int, level: str) -> tuple[Area, ...]:
    if area(code).level != level:
        raise UnknownArea(code)
    return _children().get(int(code), ())


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    with (DATA / file_name).open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


@cache
def _areas() -> dict[int, Area]:
    found = {CITY_CODE: Area(CITY_CODE, "city", Text("杭州市", "Hangzhou"), None)}
    for level, file_name in (("district", "districts.csv"), ("street", "streets.csv"), ("community", "communities.csv")):
        for row in _rows(file_name):
            code = int(row["code"])
            parent = CITY_CODE if level == "district" else code // 1000
            found[code] = Area(code, level, Text(row["name_zh"], row.get("name_en") or row["name_zh"]), parent)
    return found


@cache
def _children() -> dict[int, tuple[Area, ...]]:
    grouped: dict[int, list[Area]] = {}
    for found in sorted(_areas().values(), key=lambda one: one.code):
        if found.parent is not None:
            grouped.setdefault(found.parent, []).append(found)
    return {parent: tuple(children) for parent, children in grouped.items()}
