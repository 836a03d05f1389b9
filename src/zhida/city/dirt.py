"""Defects of delivered rows: chosen by chance per person or household, put in, and written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from zhida.city.chunk import Chunk, Rows
from zhida.city.columns import id_numbers, integers, text_of
from zhida.city.contracts import code, code_cells, fields
from zhida.city.draws import below
from zhida.city.families import CHILD, GRANDCHILD
from zhida.city.naming import write_names
from zhida.city.plan import FIRST_COLLECTIVE
from zhida.city.rates import dirt

Array = np.ndarray[Any, Any]
# The district whose ground a part of each lies on today, under its old code.
OLD_CODES = {330102: b"330104", 330105: b"330103", 330114: b"330104"}
_IMPOSSIBLE = (b"-02-30", b"-13-05", b"-00-00", b"-04-31")


class Defect(NamedTuple):
    """One recorded defect. ``row_no`` counts data rows from 1; 0 = the whole file, or a row that was not delivered."""

    feed: str
    file: str
    row_no: int
    kind: str
    column: str
    delivered: str
    true: str
    affected: str


@dataclass
class Delivery:
    """What is delivered of some rows: ``source`` is the clean row each delivered one stands for, ``blocks`` its cells."""

    source: Array
    blocks: dict[str, Array]
    defects: list[tuple[int, str, str, str, str, str]]  # delivered row (-1 none), kind, column, delivered, true, affected


def soil(chunk: Chunk, rows: Rows, blocks: dict[str, Array]) -> Delivery:
    """Return the rows as delivered, with their defects. ``blocks`` are left as they are."""
    count = len(rows.owner)
    delivery = Delivery(np.arange(count), blocks, [])
    for rule in dirt()["rows"]:
        if rule["record_type"] == rows.record_type and count:
            _ROW_DEFECTS[rule["kind"]](chunk, rows, delivery, _hit(chunk, rows, rule), rule)
    for rule in dirt()["cells"]:
        if rule["record_type"] == rows.record_type and count:
            _spoil_cells(chunk, rows, delivery, rule)
    return delivery


def _hit(chunk: Chunk, rows: Rows, rule: dict[str, Any]) -> Array:
    """Return for each clean row whether chance strikes it."""
    stream = f"dirt-{rule['kind']}-{rule['record_type']}-{rule['column']}-{chunk.month.text}"
    draw, _ = chunk.household_draw(stream) if rows.of_household else chunk.draw(stream)
    return draw[rows.owner] < below(rule["rate"])


def _header(record_type: str, column: str) -> str:
    return str(fields(record_type)[column]["header"])


def _affected(chunk: Chunk, rows: Rows, row: int) -> str:
    owner = int(rows.owner[row])
    return str(chunk.household_no[owner]) if rows.of_household else bytes(chunk.ids[owner]).decode()


def _spoil_cells(chunk: Chunk, rows: Rows, delivery: Delivery, rule: dict[str, Any]) -> None:
    """Spoil one column of the rows chance strikes; copies of a row (a second spelling) stay as they are."""
    column, kind = rule["column"], rule["kind"]
    first_of_source = np.concatenate([[True], delivery.source[1:] != delivery.source[:-1]])
    chosen = np.flatnonzero(_hit(chunk, rows, rule)[delivery.source] & first_of_source & _can(chunk, rows, kind)[delivery.source])
    if not len(chosen):
        return
    clean = delivery.blocks[column]
    spoiled = clean.copy()
    spoiled[chosen] = _CELL_DEFECTS[kind](clean[chosen], delivery.source[chosen])
    delivery.blocks = delivery.blocks | {column: spoiled}
    for row in chosen.tolist():
        texts = text_of(spoiled[row]), text_of(clean[row])
        delivery.defects.append((row, kind, _header(rows.record_type, column), *texts, _affected(chunk, rows, int(delivery.source[row]))))


def _can(chunk: Chunk, rows: Rows, kind: str) -> Array:
    if kind != "abolished_area":
        return np.ones(len(rows.owner), bool)
    district = (chunk.household_district if rows.of_household else chunk.district)[rows.owner]
    return np.isin(district, list(OLD_CODES))


def _wrong_check_digit(cells: Array, source: Array) -> Array:
    """Replace the check character by the next digit."""
    cells = cells.copy()
    last = cells[:, 17]
    cells[:, 17] = np.where((last >= ord("0")) & (last < ord("9")), last + 1, ord("0"))
    return cells


def _impossible_date(cells: Array, source: Array) -> Array:
    cells = cells.copy()
    table = np.array([list(text) for text in _IMPOSSIBLE], np.uint8)
    cells[:, 4:] = table[cells[:, 9] % len(table)]
    return cells


def _abolished_area(cells: Array, source: Array) -> Array:
    cells = cells.copy()
    for now, then in OLD_CODES.items():
        cells[(cells[:, :6] == np.frombuffer(str(now).encode(), np.uint8)).all(axis=1), :6] = np.frombuffer(then, np.uint8)
    return cells


def _missing(cells: Array, source: Array) -> Array:
    return np.zeros_like(cells)


_CELL_DEFECTS = {
    "wrong_check_digit": _wrong_check_digit,
    "impossible_date": _impossible_date,
    "abolished_area": _abolished_area,
    "missing_income": _missing,
}


def _late_death(chunk: Chunk, rows: Rows, delivery: Delivery, hit: Array, rule: dict[str, Any]) -> None:
    """Hold deaths back: weeks later they would be in another month's file."""
    for row in np.flatnonzero(hit).tolist():
        true = text_of(delivery.blocks[rule["column"]][row])
        delivery.defects.append((-1, rule["kind"], _header("death", rule["column"]), "", true, _affected(chunk, rows, row)))
    kept = np.flatnonzero(~hit)
    _deliver(delivery, kept)


def _deliver(delivery: Delivery, clean_rows: Array) -> None:
    """Deliver these clean rows in this order; row numbers of earlier defects move along."""
    delivery.blocks = {name: block[clean_rows] for name, block in delivery.blocks.items()}
    delivery.source = delivery.source[clean_rows]


def _neighbour(chunk: Chunk, household: Array) -> tuple[Array, Array]:
    """Return the number of a neighbouring family household in the same community for each, and whether there is one."""
    plan = chunk.people.plan
    at = household + chunk.first
    next_one = np.minimum(at + 1, plan.households - 1)
    exists = (next_one != at) & (plan.community[next_one] == plan.community[at]) & (plan.kind[next_one] < FIRST_COLLECTIVE)
    exists &= next_one != plan.cast_household
    return plan.community[next_one] // 1_000_000 * 1_000_000 + plan.serial[next_one], exists


def _add_second_rows(delivery: Delivery, hit: Array) -> Array:
    """Repeat the rows that are hit, each right after itself; return where the repetitions stand."""
    before = delivery.source
    repeated = np.repeat(np.arange(len(before)), 1 + hit[before])
    fresh = np.concatenate([[False], repeated[1:] == repeated[:-1]])
    # Rows that stand twice already (another kind of defect) keep their number.
    places = np.cumsum(1 + hit[before]) - (1 + hit[before])
    delivery.defects = [(int(places[row]) if row >= 0 else row, *rest) for row, *rest in delivery.defects]
    _deliver(delivery, repeated)
    delivery.blocks = {name: block.copy() for name, block in delivery.blocks.items()}
    return np.flatnonzero(fresh)


def _second_spelling(chunk: Chunk, rows: Rows, delivery: Delivery, hit: Array, rule: dict[str, Any]) -> None:
    """Enter a person again: a name that sounds alike, a number with two digits of its sequence exchanged, half of them next door."""
    first17 = chunk.people.first17[chunk.begin : chunk.end][rows.owner]
    hundreds, tens, base = first17 // 100 % 10, first17 // 10 % 10, first17 // 1000 * 1000
    hit = hit & (hundreds != tens) & (chunk.age[rows.owner] >= 1)
    if not hit.any():
        return
    places = _add_second_rows(delivery, hit)
    clean = delivery.source[places]
    owner = rows.owner[clean]
    delivery.blocks["id_number"][places] = id_numbers((base + tens * 100 + hundreds * 10 + first17 % 10)[clean])
    _, second = write_names(chunk)
    delivery.blocks["name"][places] = second[owner]
    door, exists = _neighbour(chunk, chunk.household[owner])
    moved = exists & (chunk.number[owner] % 2 == 0)
    delivery.blocks["household_no"][places[moved]] = integers(door[moved])
    _set_relation(delivery, places)
    for place, row in zip(places.tolist(), clean.tolist(), strict=True):
        delivered = text_of(delivery.blocks["id_number"][place])
        affected = _affected(chunk, rows, row)
        delivery.defects.append((place, rule["kind"], _header("resident", "id_number"), delivered, affected, affected))


def _set_relation(delivery: Delivery, places: Array) -> None:
    delivery.blocks["relation"][places] = code_cells("resident", "relation")[code("resident", "relation", "other")]


def _child_in_two_households(chunk: Chunk, rows: Rows, delivery: Delivery, hit: Array, rule: dict[str, Any]) -> None:
    """Enter a child again, with the same number, in the household next door."""
    owner = rows.owner
    child = np.isin(chunk.relation[owner], (CHILD, GRANDCHILD)) & (chunk.age[owner] < 18)
    twice = np.zeros(len(owner), bool)
    twice[delivery.source[1:][delivery.source[1:] == delivery.source[:-1]]] = True
    hit = hit & child & ~twice & _neighbour(chunk, chunk.household[owner])[1]
    if not hit.any():
        return
    places = _add_second_rows(delivery, hit)
    # Only rows that this defect repeated: a second spelling stands twice too.
    places = places[hit[delivery.source[places]]]
    clean = delivery.source[places]
    door, _ = _neighbour(chunk, chunk.household[owner[clean]])
    delivery.blocks["household_no"][places] = integers(door)
    _set_relation(delivery, places)
    for place, row, number in zip(places.tolist(), clean.tolist(), door.tolist(), strict=True):
        true = str(chunk.household_no[chunk.household[owner[row]]])
        affected = _affected(chunk, rows, row)
        delivery.defects.append((place, rule["kind"], _header("resident", "household_no"), str(number), true, affected))


_ROW_DEFECTS = {"late_death": _late_death, "second_spelling": _second_spelling, "child_in_two_households": _child_in_two_households}
