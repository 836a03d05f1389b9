"""Small reads that other blocks need of a snapshot: where it lies, what members are called, how fresh a fact is, who has died."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.parties import api as parties
from zhida.blocks.places import api as places
from zhida.blocks.records.errors import ResidentNotFound, SnapshotMissing
from zhida.blocks.records.inputs import Inputs
from zhida.blocks.records.models import Snapshot
from zhida.blocks.records.placing import delivered_column
from zhida.blocks.records.reading import _opened, _resident_row, chunk_of, newest_snapshot


def snapshot_path(snapshot_hash: str) -> Path:
    """Return a snapshot's folder. Raises: SnapshotMissing."""
    found = Snapshot.objects.filter(hash=snapshot_hash).first()
    if found is None or not (Path(found.path) / "manifest.json").exists():
        raise SnapshotMissing(snapshot_hash)
    return Path(found.path)


def names_of(snapshot_hash: str, resident_nos: Iterable[int]) -> dict[int, str]:
    """Return the names of residents of one household. For blocks: whoever shows them has asked for the viewer's resident before."""
    opened, names = _opened(snapshot_hash), {}
    for number in resident_nos:
        try:
            names[number] = _resident_row(opened, number)["name"][0].as_py()
        except ResidentNotFound:
            continue
    return names


def claimants_of(snapshot_hash: str, household_no: int) -> dict[int, int]:
    """Return whose each medical claim of a household is: claim number -> resident number."""
    columns = ("household_no", "claim_no", "resident_no")
    rows = _opened(snapshot_hash).rows("claim", chunk_of(snapshot_hash, household_no), "household_no", household_no, columns)
    return dict(zip(rows["claim_no"].to_pylist(), rows["resident_no"].to_pylist(), strict=True))


@lru_cache(8)
def _manifest(snapshot_hash: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((snapshot_path(snapshot_hash) / "manifest.json").read_text("utf-8"))
    return found


def known_on(snapshot_hash: str, fact: str) -> date | None:
    """Return the day on which the register behind a fact was last delivered; None where it never was."""
    told = _manifest(snapshot_hash)["facts"].get(fact, {}).get("known_on")
    return date.fromisoformat(told) if told else None


@dataclass(frozen=True)
class Delivered:
    """With which delivery the facts of one entity came. on: None where its register was never delivered there.

    listed: a row was in it; without one the fact says what the contract says of somebody who is in no register. None where a register
    lists somebody as often as there is something to list, so that nobody can tell.
    """

    on: date | None
    listed: bool | None


def delivered(snapshot_hash: str, record_type: str, row: Mapping[str, Any]) -> Delivered:
    """Return with which delivery the facts of a register came for one entity. row: its columns of the snapshot.

    Of a register that an entity may stand in several times (claims), the newest delivery.
    """
    register = _manifest(snapshot_hash).get("registers", {}).get(record_type, {"received_on": [], "areas": {}})
    number = row.get(delivered_column(record_type))
    if number:
        return Delivered(date.fromisoformat(register["received_on"][number - 1]), listed=True)
    areas = register["areas"]
    day = areas.get(str(row.get("district"))) or areas.get(str(places.city().code))
    if number is None:
        day = day or max(register["received_on"], default=None)
    return Delivered(date.fromisoformat(day) if day else None, None if number is None else False)


def sample_residents(snapshot_hash: str, count: int, seed: int) -> list[int]:
    """Draw residents of a snapshot at random; the same seed draws the same ones."""
    numbers = pq.read_table(snapshot_path(snapshot_hash) / "residents.parquet", columns=["resident_no"])["resident_no"].to_numpy()
    return sorted(int(number) for number in np.random.default_rng(seed).choice(numbers, min(count, len(numbers)), replace=False))


def died_residents(known: date | None = None) -> np.ndarray:
    """Return the numbers of residents registered as dead by the newest deliveries, ascending, int64."""
    return _residents_in("death", known)


def moved_residents(known: date | None = None) -> np.ndarray:
    """Return the numbers of residents whose last move went to another city, ascending, int64."""
    low, high = SYSTEM.community_span
    return _residents_in("move", known, f"QUALIFY row_number() OVER (PARTITION BY r.resident_no ORDER BY d.moved_on DESC) = 1 "
                         f"AND NOT (d.to_community >= {low} AND d.to_community < {high})")  # fmt: skip


def _residents_in(record_type: str, known: date | None, condition: str = "") -> np.ndarray:
    files = Inputs.on(known or date.max).register(record_type).files
    if not files:
        return np.empty(0, dtype=np.int64)
    with duckdb.connect() as db:
        rows = db.execute(
            f"SELECT DISTINCT r.resident_no FROM read_parquet(?) d JOIN read_parquet(?) r ON r.id17 = d.id_number {condition}",
            [[str(path) for path in files], str(parties.register_path())],
        ).fetchnumpy()["resident_no"]
    kept = parties.merged_numbers()
    return np.unique(np.array([kept.get(int(number), int(number)) for number in rows], dtype=np.int64))


def vital_version() -> str:
    """Name what deaths and moves are known by: another name as soon as another delivery of them has come."""
    known = Inputs.on(date.max)
    folders = [each.folder for name in ("death", "move") for each in known.register(name).deliveries]
    return hashlib.sha256(json.dumps([folders, sorted(known.merged.items())]).encode()).hexdigest()[:24]


def residents_born_before(day: date, snapshot_hash: str | None = None) -> np.ndarray:
    """Return the numbers of residents of a snapshot (by default the newest) who were born on a day or before, ascending, int64."""
    path = snapshot_path(snapshot_hash or newest_snapshot().hash) / "residents.parquet"
    table = pq.read_table(path, columns=["resident_no"], filters=[("birth_date", "<=", day)])
    return np.sort(table["resident_no"].to_numpy())
