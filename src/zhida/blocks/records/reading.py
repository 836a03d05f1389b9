"""Reads of one household or resident out of a snapshot: a search in the manifest, then one row group. No scan of the population.

Opened snapshots are kept: a Parquet footer of the whole city takes longer to read than a household.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhida.blocks.access.api import NotYours, Purpose, Viewer, record_access, require_resident
from zhida.blocks.parties import api as parties
from zhida.blocks.records.errors import HouseholdNotFound, NoSnapshot, NoSnapshotThen, ResidentNotFound, SnapshotMissing
from zhida.blocks.records.inputs import Inputs
from zhida.blocks.records.models import Snapshot
from zhida.blocks.records.record_types import record_type
from zhida.kernel.identifiers import mask_id_number
from zhida.kernel.period import Month

# Per opened snapshot and process.
_KEPT_BYTES = 96 << 20
FOUND_AT_MOST = 20


@dataclass(frozen=True)
class HouseholdFacts:
    """The facts of one household. person and claim: fact -> one value per row; household: fact -> value. None is unknown."""

    household_no: int
    resident_nos: list[int]
    person: dict[str, list[Any]]
    household: dict[str, Any]
    claim: dict[str, list[Any]]


@dataclass(frozen=True)
class HouseholdTables:
    """The same rows as Arrow tables: what the engine's batch is made from."""

    person: pa.Table
    household: pa.Table
    claim: pa.Table


@dataclass(frozen=True)
class ResidentCard:
    """Who a resident is, as far as a screen needs it."""

    resident_no: int
    name: str
    masked_id: str
    birth_date: date
    sex: str
    household_no: int
    district: int
    community: int


def snapshots() -> list[Snapshot]:
    """List snapshots, newest month first."""
    return list(Snapshot.objects.order_by("-month", "-known_on", "-id"))


def snapshot_for(month: Month | str, known_on: date | None = None) -> Snapshot:
    """Return the newest snapshot of a month, or the one that holds what was known on a day.

    Raises: NoSnapshot, NoSnapshotThen.
    """
    snapshots = Snapshot.objects.filter(month=str(month))
    if known_on is not None:
        snapshots = snapshots.filter(known_on__lte=known_on)
    found = snapshots.order_by("-known_on", "-id").first()
    if known_on is not None and (found is None or Inputs.on(found.known_on).content != Inputs.on(known_on).content):
        raise NoSnapshotThen(str(month), known_on)
    if found is None:
        raise NoSnapshot(str(month))
    return found


def snapshot(snapshot_hash: str) -> Snapshot:
    """Return a snapshot by its name. Raises: SnapshotMissing."""
    found = Snapshot.objects.filter(hash=snapshot_hash).first()
    if found is None:
        raise SnapshotMissing(snapshot_hash)
    return found


def newest_snapshot() -> Snapshot:
    """Return the snapshot of the latest month. Raises: NoSnapshot."""
    found = Snapshot.objects.order_by("-month", "-known_on", "-id").first()
    if found is None:
        raise NoSnapshot("–")
    return found


def read_household(snapshot_hash: str, household_no: int) -> HouseholdFacts:
    """Return the facts of one household. For blocks: whoever shows them has asked for the viewer's resident before.

    Raises: SnapshotMissing, HouseholdNotFound.
    """
    tables = household_tables(snapshot_hash, household_no)
    return HouseholdFacts(
        household_no=household_no,
        resident_nos=tables.person["resident_no"].to_pylist(),
        person=tables.person.to_pydict(),
        household={name: column[0].as_py() for name, column in zip(tables.household.column_names, tables.household.columns, strict=True)},
        claim=tables.claim.to_pydict(),
    )


def household_tables(snapshot_hash: str, household_no: int) -> HouseholdTables:
    """Return the rows of one household. Raises: SnapshotMissing, HouseholdNotFound."""
    opened, chunk = _opened(snapshot_hash), chunk_of(snapshot_hash, household_no)
    household = opened.rows("household", chunk, "household_no", household_no)
    if household.num_rows == 0:
        raise HouseholdNotFound(household_no)
    claims = opened.rows("claim", chunk, "household_no", household_no)
    return HouseholdTables(opened.rows("person", chunk, "household_no", household_no), household, claims)


def household_of(resident_no: int, snapshot_hash: str) -> int:
    """Return the household a resident lives in. Raises: SnapshotMissing, ResidentNotFound."""
    return int(_resident_row(_opened(snapshot_hash), resident_no)["household_no"][0].as_py())


def account_of(resident_nos: Any, snapshot_hash: str | None = None) -> pa.Table:
    """Return resident_no, account_no, bank_code of those residents who have an open account, by resident number.

    resident_nos: any sequence of numbers; only the row groups that can hold them are read. snapshot_hash: by default the newest.
    Raises: NoSnapshot, SnapshotMissing.
    """
    return _accounts("accounts", np.unique(np.asarray(resident_nos, dtype=np.int64)), snapshot_hash)


def organisation_accounts_of(codes: Any, snapshot_hash: str | None = None) -> pa.Table:
    """Return organisation_code, account_no, bank_code of those organisations that have an open account, by code.

    codes: any sequence of unified social credit codes. snapshot_hash: by default the newest.
    Raises: NoSnapshot, SnapshotMissing.
    """
    return _accounts("organisation_accounts", np.unique(np.asarray(codes, dtype=np.str_)), snapshot_hash)


def _accounts(name: str, wanted: np.ndarray, snapshot_hash: str | None) -> pa.Table:
    """Return the rows of a list of accounts whose first column is among ``wanted`` (ascending, each once)."""
    opened = _opened(snapshot_hash or newest_snapshot().hash)
    groups = np.unique(np.searchsorted(np.array(opened.firsts(name), dtype=wanted.dtype), wanted, side="right") - 1)
    tables = [opened.schema(name).empty_table()]
    for group in groups[groups >= 0].tolist():
        table = opened.group(name, group)
        keys = table.column(0).to_numpy().astype(wanted.dtype)
        place = np.searchsorted(wanted, keys).clip(0, len(wanted) - 1)
        tables.append(table.filter(pa.array(wanted[place] == keys)))
    return pa.concat_tables(tables)


def resident_card(viewer: Viewer, purpose: Purpose, resident_no: int, snapshot_hash: str | None = None) -> ResidentCard:
    """Return who a resident is; the look is written to the audit log.

    Raises: NoSnapshot, ResidentNotFound, NotYours.
    """
    card = checked_card(viewer, resident_no, snapshot_hash)
    record_access(viewer, purpose, "records.resident_card", f"resident {resident_no}")
    return card


def checked_card(viewer: Viewer, resident_no: int, snapshot_hash: str | None = None) -> ResidentCard:
    """Return who a resident is to a block that writes its own audit entry for what it shows of them.

    Raises: NoSnapshot, ResidentNotFound, NotYours.
    """
    card = _card(_opened(snapshot_hash or newest_snapshot().hash), resident_no)
    require_resident(viewer, resident_no, card.community)
    return card


def chunk_of(snapshot_hash: str, household_no: int) -> int:
    """Return the number of the chunk that holds a household. Raises: SnapshotMissing, HouseholdNotFound."""
    opened = _opened(snapshot_hash)
    chunk = bisect_left(opened.last_households, household_no)
    if chunk == len(opened.last_households):
        raise HouseholdNotFound(household_no)
    return chunk


def members_of(snapshot_hash: str, household_no: int) -> list[tuple[int, date | None]]:
    """Return number and birth date of a household's members, in the order of the snapshot. Raises: SnapshotMissing, HouseholdNotFound."""
    columns = ("household_no", "resident_no", "birth_date")
    chunk = chunk_of(snapshot_hash, household_no)
    rows = _opened(snapshot_hash).rows("person", chunk, "household_no", household_no, columns)
    return list(zip(rows["resident_no"].to_pylist(), rows["birth_date"].to_pylist(), strict=True))


def find_residents(viewer: Viewer, purpose: Purpose, text: str) -> list[ResidentCard]:
    """Return at most 20 residents of the viewer's area whose name begins with ``text``, or the one with that id number.

    Raises: NoSnapshot, NotYours (a resident searches for nobody).
    """
    if viewer.role == "resident":
        raise NotYours(viewer.account, "the search of residents")
    opened, written = _opened(newest_snapshot().hash), text.strip()
    numbers = _by_id(written) if written[:17].isdigit() and len(written) == 18 else _by_name(opened, viewer, written)
    cards = [card for card in (_card_or_none(opened, number) for number in numbers) if card]
    record_access(viewer, purpose, "records.find_residents", f"{len(cards)} found")
    return [card for card in cards if viewer.sees_area(card.community)][:FOUND_AT_MOST]


def _by_id(written: str) -> list[int]:
    number = parties.resident_no_of(written)
    return [] if number is None else [parties.merged_numbers().get(number, number)]


def _by_name(opened: _Opened, viewer: Viewer, written: str) -> list[int]:
    if not written:
        return []
    found: list[int] = []
    first, end = viewer.community_span
    low, high = first // 1000, -(-end // 1000)
    # Names are sorted: the row groups that can hold them lie together.
    for group in range(max(0, bisect_left(opened.firsts("names"), written) - 1), len(opened.firsts("names"))):
        table = opened.group("names", group)
        inside = pc.and_(pc.greater_equal(table["street"], low), pc.less(table["street"], high))
        begins = pc.starts_with(table["name"], written)
        found += table.filter(pc.and_(begins, inside))["resident_no"].to_pylist()
        last = table["name"][-1].as_py()
        if len(found) >= FOUND_AT_MOST or (last > written and not last.startswith(written)):
            break
    return found[:FOUND_AT_MOST]


def _card_or_none(opened: _Opened, resident_no: int) -> ResidentCard | None:
    try:
        return _card(opened, resident_no)
    except ResidentNotFound:
        return None


def _card(opened: _Opened, resident_no: int) -> ResidentCard:
    (row,) = _resident_row(opened, resident_no).to_pylist()
    codes = record_type("resident").field("sex").codes
    return ResidentCard(
        resident_no=resident_no,
        name=row["name"],
        masked_id=mask_id_number(row["id_number"]),
        birth_date=row["birth_date"],
        sex=codes[row["sex"] - 1][0],
        household_no=row["household_no"],
        district=row["community"] // 1_000_000,
        community=row["community"],
    )


def _resident_row(opened: _Opened, resident_no: int) -> pa.Table:
    group = bisect_right(opened.firsts("residents"), resident_no) - 1
    found = opened.rows("residents", group, "resident_no", resident_no) if group >= 0 else None
    if found is None or found.num_rows == 0:
        raise ResidentNotFound(resident_no)
    return found


class _Opened:
    """A snapshot's open files and its last read row groups."""

    def __init__(self, folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        self.last_households = [chunk["last_household"] for chunk in manifest["chunks"]]
        self.folder = folder
        self._files: dict[str, pq.ParquetFile] = {}
        self._firsts: dict[str, list[Any]] = {}
        self._groups: OrderedDict[tuple[str, int, tuple[str, ...]], pa.Table] = OrderedDict()
        self._held = 0
        # Handles are shared by the server's threads; a Parquet reader serves one at a time.
        self._lock = threading.Lock()

    def firsts(self, name: str) -> list[Any]:
        """Return the first sorted value of each row group."""
        if name not in self._firsts:
            metadata = self._file(name).metadata
            groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
            self._firsts[name] = [group.column(0).statistics.min for group in groups if group.num_rows]
        return self._firsts[name]

    def schema(self, name: str) -> pa.Schema:
        return self._file(name).schema_arrow

    def rows(self, name: str, group: int, column: str, value: int, columns: tuple[str, ...] = ()) -> pa.Table:
        """Return the rows of a row group with one value of its sorted column."""
        table = self.group(name, group, columns)
        numbers = table[column].chunk(0).to_numpy() if table.num_rows else np.empty(0, np.int64)
        first, last = np.searchsorted(numbers, [value, value + 1])
        return table.slice(int(first), int(last - first))

    def group(self, name: str, group: int, columns: tuple[str, ...] = ()) -> pa.Table:
        """Return one row group, or some of its columns, from memory where it was read not long ago."""
        key = (name, group, columns)
        with self._lock:
            if key not in self._groups:
                read = self._file(name).read_row_group(group, columns=list(columns) or None, use_threads=False)
                self._groups[key] = read.combine_chunks()
                self._held += self._groups[key].nbytes
                while self._held > _KEPT_BYTES and len(self._groups) > 1:
                    self._held -= self._groups.popitem(last=False)[1].nbytes
            self._groups.move_to_end(key)
            return self._groups[key]

    def _file(self, name: str) -> pq.ParquetFile:
        if name not in self._files:
            self._files[name] = pq.ParquetFile(self.folder / f"{name}.parquet")
        return self._files[name]


@lru_cache(3)
def _opened(snapshot_hash: str) -> _Opened:
    found = Snapshot.objects.filter(hash=snapshot_hash).first()
    folder = Path(found.path) if found else Path()
    if found is None or not (folder / "manifest.json").exists():
        raise SnapshotMissing(snapshot_hash)
    return _Opened(folder)
