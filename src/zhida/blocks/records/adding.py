"""Rows that the city itself makes, such as a certificate that a case issued: checked by the contract and in force beside the feeds.

For a register that is delivered whole they correct its newest delivery, as a corrected row does, until its department's next whole file,
which has the last word. For a register that grows they are a delivery of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from zhida.blocks.access.api import Viewer, record_access
from zhida.blocks.places import api as places
from zhida.blocks.records.commands import allowed, feed_of_cells, split_delivery
from zhida.blocks.records.errors import AreaUnknown
from zhida.blocks.records.models import Delivery
from zhida.blocks.records.quarantine import read_quarantine
from zhida.blocks.records.reasons import explain
from zhida.blocks.records.receiving import Split
from zhida.blocks.records.record_types import Field, RecordType, record_type
from zhida.kernel import clock
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.kernel.warehouse import scratch_folder

# Row 1 of a feed is its header.
FIRST_ROW = 2


@dataclass(frozen=True)
class RowProblem:
    """A row that the contract does not let in. row: its place among the rows given, from 0."""

    row: int
    field: str
    text: Text


@dataclass(frozen=True)
class Added:
    """What became of rows. delivery: those that are in force now; None where none was let in."""

    delivery: Delivery | None
    problems: tuple[RowProblem, ...]


def add_rows(viewer: Viewer, record: str, area: int, rows: Sequence[Mapping[str, Any]]) -> Added:
    """Put rows in force in a register. The same rows again, with nothing newer in between, are the delivery that exists.

    rows: field -> value as JSON holds it: numbers, true and false, days as ``2025-11-05``, a code by its key, money in fen.
    Rows that the contract refuses are given back with the reason; the others go in.
    Raises: UnknownRecordType, AreaUnknown, DiskFull.
    """
    purpose = allowed(viewer, "feeds.receive")
    contract = record_type(record)
    _require_area(contract, area)
    cells = [{field.name: cell(field, row.get(field.name)) for field in contract.fields} for row in rows]
    with transaction.atomic():
        before = list(_in_force_last(contract, area))
        parent = next((each for each in before if each.corrects_id is None), None) if contract.delivery == "full" else None
        if same := _same(before, parent, cells):
            return Added(same, ())
        delivery = _delivery(contract, area, viewer, parent, before[0] if before else None, cells)
        good, problems = _checked(delivery, contract, cells)
        if not good:
            return Added(None, tuple(problems))
        delivery.rows_received = delivery.rows_accepted = len(good)
        delivery.columns = [[field.header, field.name] for field in contract.fields]
        delivery.save()
        record_access(viewer, purpose, "records.add_rows", f"delivery {delivery.pk} {record} {len(good)}")
    return Added(delivery, tuple(problems))


def _require_area(contract: RecordType, area: int) -> None:
    if area not in ({each.code for each in places.districts()} if contract.split == "district" else {places.city().code}):
        raise AreaUnknown(contract.name, str(area))


def _in_force_last(contract: RecordType, area: int) -> QuerySet[Delivery]:
    """Return the accepted deliveries of an area, the newest first."""
    received = Delivery.objects.select_for_update().filter(record_type=contract.name, area=area, state=Delivery.ACCEPTED)
    return received.exclude(folder="").order_by("-received_on", "-id")


def _same(before: Sequence[Delivery], parent: Delivery | None, cells: Sequence[Mapping[str, str]]) -> Delivery | None:
    """Return the newest delivery where it was made from these very rows."""
    if before and before[0].content_hash == _hash(parent, before[1] if len(before) > 1 else None, cells):
        return before[0]
    return None


def _hash(parent: Delivery | None, before: Delivery | None, cells: Sequence[Mapping[str, str]]) -> str:
    """Name rows by what they are and by what they follow: a row that is taken back and made again is a new one."""
    made_from = [parent.content_hash if parent else "", before.pk if before else 0, *cells]
    return hashlib.sha256(json.dumps(made_from, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _delivery(
    contract: RecordType, area: int, viewer: Viewer, parent: Delivery | None, before: Delivery | None, cells: Sequence[Mapping[str, str]]
) -> Delivery:
    newest = before.received_on if before else date.min
    return Delivery(
        record_type=contract.name, area=area, file_name=f"{contract.name}+{len(cells)}", content_hash=_hash(parent, before, cells),
        received_on=max(clock.today(), newest), received_by=viewer.account, corrects=parent,
    )  # fmt: skip


def _checked(
    delivery: Delivery, contract: RecordType, cells: Sequence[Mapping[str, str]]
) -> tuple[list[Mapping[str, str]], list[RowProblem]]:
    """Write the rows that the contract lets in; return them, and what is wrong with the others."""
    with scratch_folder(settings.HOME) as scratch:
        if not _split(delivery, contract, cells, scratch).quarantined:
            return list(cells), []
        refused = read_quarantine(delivery.path).to_pylist()
        wrong = {row["row_no"] - FIRST_ROW for row in refused}
        good = [each for place, each in enumerate(cells) if place not in wrong]
        if good:
            # Nobody corrects these rows in quarantine: whoever made them is told, and makes them anew.
            _split(delivery, contract, good, scratch)
    return good, [_problem(contract, delivery, cells, row) for row in refused]


def _split(delivery: Delivery, contract: RecordType, cells: Sequence[Mapping[str, str]], scratch: Path) -> Split:
    split = split_delivery(delivery, feed_of_cells(contract, cells, scratch), contract, None, scratch)
    assert isinstance(split, Split)
    return split


def _problem(contract: RecordType, delivery: Delivery, cells: Sequence[Mapping[str, str]], refused: Mapping[str, Any]) -> RowProblem:
    place = refused["row_no"] - FIRST_ROW
    written = cells[place].get(refused["field"], "")
    what, fix = explain(contract, refused["reason"], refused["field"], written, refused["other_row"], delivery.received_on)
    return RowProblem(place, refused["field"], Text(f"{what.zh}。{fix.zh}", f"{what.en}. {fix.en}"))


def cell(field: Field, value: Any) -> str:
    """Return a value as its department writes it in a feed.

    >>> from zhida.blocks.records.record_types import record_type
    >>> relief = record_type("emergency_relief")
    >>> cell(relief.field("assessed_need"), 120050), cell(relief.field("extraordinary"), False), cell(relief.field("occurred_on"), None)
    ('1200.50', '否', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if field.type == "money_yuan" and isinstance(value, int):
        return plain_yuan(value)
    if field.type == "month":
        return str(value)[:7]
    return dict(field.codes).get(str(value), str(value))
