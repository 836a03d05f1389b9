"""Receiving: files of departments become deliveries, each with its accepted and its quarantined rows.

The rows are written first, each file whole or absent; the delivery's row in the database is written last. A process that is
killed leaves at most files that no delivery names, and the next run writes the same files again.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db import transaction

from zhida.blocks.access.api import Purpose, Viewer, record_access, require
from zhida.blocks.places import api as places
from zhida.blocks.records.errors import AreaUnknown, CorrectionRefused, FeedNotFound, FolderNotAFeed, UnknownField
from zhida.blocks.records.feed_files import FeedFile, Refusal, count_rows, open_feed
from zhida.blocks.records.models import CorrectedRow, Delivery
from zhida.blocks.records.quarantine import quarantined_row, read_quarantine
from zhida.blocks.records.queries import delivery as find_delivery
from zhida.blocks.records.queries import in_force
from zhida.blocks.records.reasons import explain
from zhida.blocks.records.receiving import ACCEPTED, Split, split_feed
from zhida.blocks.records.record_types import RecordType, record_type
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.files import DiskFull, content_hash
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text
from zhida.kernel.warehouse import scratch_folder

# These say where everybody lives, so other registers' rows can be shown to the right street.
_FIRST = ("resident", "household")


def allowed(viewer: Viewer, permission: str) -> Purpose:
    """Return the purpose of a permission; the system itself operates. Raises: PermissionMissing."""
    return Purpose.OPERATION if viewer.role == "system" else require(viewer, permission)


def receive_feed(
    viewer: Viewer,
    path: Path | str,
    *,
    record_type: str | None = None,
    area: int | None = None,
    received_on: date,
    column_map: Mapping[str, str] | None = None,
) -> Delivery:
    """Receive one file and return its delivery: accepted, or refused as a whole with the reason.

    record_type, area: by default read from the file name, ``disability_certificate__330106.csv``.
    column_map: header in the file -> header of the contract, confirmed by an officer.
    The same content again gives the delivery that exists; a changed file supersedes the one before it.
    Raises: FeedNotFound, UnknownRecordType, AreaUnknown, DiskFull.
    """
    allowed(viewer, "feeds.receive")
    path = Path(path)
    if not path.is_file():
        raise FeedNotFound(path)
    contract, area = _what_it_is(path, record_type, area)
    hashed = content_hash(path)
    if same := _same_content(contract, area, hashed, received_on, bool(column_map)):
        return same
    delivery = Delivery(
        record_type=contract.name,
        area=area,
        file_name=path.name,
        source_path=str(path.resolve()),
        content_hash=hashed,
        received_on=received_on,
        received_by=viewer.account,
    )
    with scratch_folder(settings.HOME) as scratch:
        feed = open_feed(path, contract, dict(column_map or {}), scratch)
        outcome = feed if isinstance(feed, Refusal) else split_delivery(delivery, feed, contract, column_map, scratch)
    if isinstance(outcome, Refusal):
        return _refused(delivery, outcome, path)
    assert isinstance(feed, FeedFile)
    return _accepted(delivery, contract, feed, outcome)


def receive_folder(viewer: Viewer, folder: Path | str, progress: Progress | None = None) -> list[Delivery]:
    """Receive every file a month's manifest names and return the deliveries in the manifest's order.

    A file that cannot be received gives a refused delivery with the reason; the others go on. Run again, it carries on.
    Raises: FolderNotAFeed, DiskFull.
    """
    allowed(viewer, "feeds.receive")
    folder = Path(folder)
    received_on, files = _manifest(folder)
    progress = progress or Progress("feeds", len(files), quiet=True)
    progress.total = max(len(files), 1)
    done: dict[int, Delivery] = {}
    for i in sorted(range(len(files)), key=lambda i: (files[i]["record_type"] not in _FIRST, i)):
        done[i] = _receive_listed(viewer, folder, files[i], received_on)
        progress.step(note=str(files[i]["file"]))
    return [done[i] for i in range(len(files))]


def correct_row(viewer: Viewer, delivery_id: int, row_no: int, values: Mapping[str, str]) -> Delivery:
    """Correct one quarantined row and return the correction: a delivery of one row that supersedes it. The row itself is kept.

    values: field -> cell as a department would write it. Empty for a duplicate that is confirmed as the right one.
    Raises: DeliveryNotFound, RowNotQuarantined, NotYours, UnknownField, CorrectionRefused.
    """
    purpose = allowed(viewer, "quarantine.correct")
    row = quarantined_row(viewer, purpose, delivery_id, row_no)
    contract, parent = record_type(row.delivery.record_type), row.delivery
    if unknown := sorted(set(values) - {field.name for field in contract.fields}):
        raise UnknownField(contract.name, unknown[0], [field.name for field in contract.fields])
    cells = {**row.values, **values}
    received_on = max(clock.today(), parent.received_on)
    correction = Delivery(
        record_type=contract.name,
        area=parent.area,
        file_name=f"{parent.file_name}#{row_no}",
        content_hash=hashlib.sha256(json.dumps([parent.content_hash, row_no, cells], ensure_ascii=False).encode()).hexdigest(),
        received_on=received_on,
        received_by=viewer.account,
        corrects=parent,
    )
    with scratch_folder(settings.HOME) as scratch:
        feed = feed_of_cells(contract, [cells], scratch)
        outcome = split_delivery(correction, feed, contract, None, scratch)
    assert isinstance(outcome, Split)
    if outcome.quarantined:
        raise _still_wrong(contract, correction, parent, row_no, cells)
    with transaction.atomic():
        correction.rows_received = correction.rows_accepted = 1
        correction.columns = [[field.header, field.name] for field in contract.fields]
        correction.save()
        CorrectedRow.objects.create(delivery=parent, row_no=row_no, correction=correction, corrected_by=viewer.account)
        record_access(viewer, purpose, "records.correct_row", f"delivery {parent.id} row {row_no}")
    return correction


def confirm_columns(viewer: Viewer, delivery_id: int, column_map: Mapping[str, str]) -> Delivery:
    """Receive a refused file again, with the columns an officer confirmed. Raises: DeliveryNotFound, FeedNotFound."""
    refused = find_delivery(viewer, allowed(viewer, "feeds.receive"), delivery_id)
    return receive_feed(
        viewer,
        refused.source_path,
        record_type=refused.record_type,
        area=refused.area,
        received_on=refused.received_on,
        column_map=column_map,
    )


def _what_it_is(path: Path, named: str | None, area: int | None) -> tuple[RecordType, int]:
    stem, _, suffix = path.stem.partition("__")
    contract = record_type(named or stem)
    city, districts = places.city().code, {district.code for district in places.districts()}
    written = str(area if area is not None else suffix or ("" if contract.split == "district" else city))
    code = int(written) if written.isdigit() else 0
    if code not in (districts if contract.split == "district" else {city}):
        raise AreaUnknown(contract.name, written or "–")
    return contract, code


def _same_content(contract: RecordType, area: int, hashed: str, received_on: date, mapped: bool) -> Delivery | None:
    """Find the delivery that already holds this content: nothing newer lies between it and this day."""
    earlier = Delivery.objects.filter(record_type=contract.name, area=area, corrects=None)
    refused = earlier.filter(content_hash=hashed, received_on=received_on, state=Delivery.REFUSED).first()
    accepted = earlier.exclude(state=Delivery.REFUSED).exclude(folder="")
    same = accepted.filter(content_hash=hashed).order_by("-received_on", "-id").first()
    if same is None:
        return None if mapped else refused
    if contract.delivery == "increment" or same.received_on >= received_on:
        return same
    newest = accepted.filter(received_on__lte=received_on).order_by("-received_on", "-id").first()
    return same if newest == same else None


def split_delivery(
    delivery: Delivery, feed: FeedFile, contract: RecordType, column_map: Mapping[str, str] | None, scratch: Path
) -> Split | Refusal:
    """Write a delivery's rows into a folder of their own, named by what they were made from. Raises: DiskFull."""
    made_from = [delivery.content_hash, contract.content_hash, delivery.area, str(delivery.received_on), sorted((column_map or {}).items())]
    delivery.folder = hashlib.sha256(json.dumps(made_from, ensure_ascii=False).encode()).hexdigest()
    return split_feed(feed, contract, delivery.received_on, delivery.path, scratch, _homes(contract, delivery.received_on))


def _homes(contract: RecordType, received_on: date) -> list[Path]:
    """Return the rows in force that say where the owners of a contract's records live; an organisation lives nowhere."""
    home = record_type("resident" if contract.link == "id_number" else "household")
    if home == contract or not contract.link:
        return []
    return [each.path / ACCEPTED for each in in_force(home, received_on)]


def _accepted(delivery: Delivery, contract: RecordType, feed: FeedFile, split: Split) -> Delivery:
    by_position = {position: name for name, position in feed.positions.items()}
    delivery.columns = [[header, by_position.get(i, "")] for i, header in enumerate(feed.columns)]
    delivery.rows_received, delivery.rows_accepted, delivery.rows_quarantined = split.received, split.accepted, split.quarantined
    delivery.by_reason = split.by_reason
    delivery.note_zh, delivery.note_en = feed.note.zh, feed.note.en
    with transaction.atomic():
        others = Delivery.objects.filter(record_type=delivery.record_type, area=delivery.area, corrects=None)
        if contract.delivery == "full":
            older = others.filter(state=Delivery.ACCEPTED, received_on__lte=delivery.received_on).order_by("received_on", "id")
            delivery.supersedes = older.last()
            if others.filter(state=Delivery.ACCEPTED, received_on__gt=delivery.received_on).exists():
                delivery.state = Delivery.SUPERSEDED
            older.update(state=Delivery.SUPERSEDED)
        others.filter(state=Delivery.REFUSED, content_hash=delivery.content_hash).update(state=Delivery.SUPERSEDED)
        delivery.save()
    return delivery


def _refused(delivery: Delivery, refusal: Refusal, path: Path) -> Delivery:
    rows = count_rows(path) if refusal.reason == "column_missing" else 0
    delivery.state, delivery.folder = Delivery.REFUSED, ""
    delivery.rows_received = delivery.rows_quarantined = rows
    delivery.by_reason = {refusal.reason: rows}
    delivery.problem_zh, delivery.problem_en = refusal.text.zh, refusal.text.en
    delivery.save()
    return delivery


def _manifest(folder: Path) -> tuple[date, list[dict[str, object]]]:
    path = folder / "manifest.json"
    if not path.is_file():
        raise FolderNotAFeed(folder, "缺少 manifest.json", "manifest.json is missing")
    try:
        content = json.loads(path.read_text("utf-8"))
        files = [{"file": f["file"], "record_type": f["record_type"], "area": int(f["area"])} for f in content["files"]]
        return date.fromisoformat(content["received_on"]), files
    except (ValueError, KeyError, TypeError) as error:
        raise FolderNotAFeed(folder, f"manifest.json 无法读取（{error}）", f"manifest.json cannot be read ({error})") from error


def _receive_listed(viewer: Viewer, folder: Path, listed: dict[str, object], received_on: date) -> Delivery:
    name, area = str(listed["file"]), int(str(listed["area"]))
    try:
        return receive_feed(viewer, folder / name, record_type=str(listed["record_type"]), area=area, received_on=received_on)
    except DiskFull:
        raise
    except ZhidaError as error:
        refused, _ = Delivery.objects.update_or_create(
            record_type=str(listed["record_type"])[:40],
            area=area,
            file_name=name[:200],
            received_on=received_on,
            state=Delivery.REFUSED,
            content_hash="",
            defaults={
                "received_by": viewer.account,
                "problem_zh": error.text.zh,
                "problem_en": error.text.en,
                "source_path": str(folder / name),
            },
        )
        return refused


def feed_of_cells(contract: RecordType, rows: Iterable[Mapping[str, str]], scratch: Path) -> FeedFile:
    """Write rows of cells, by field, as a feed with the contract's own headers."""
    path = scratch / "cells.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(contract.headers)
        writer.writerows([cells.get(field.name, "") for field in contract.fields] for cells in rows)
    return FeedFile(path, tuple(contract.headers), {field.name: i for i, field in enumerate(contract.fields)}, Text("", ""))


def _still_wrong(contract: RecordType, correction: Delivery, parent: Delivery, row_no: int, cells: Mapping[str, str]) -> CorrectionRefused:
    row = read_quarantine(correction.path).to_pylist()[0]
    what, fix = explain(contract, row["reason"], row["field"], cells.get(row["field"], "") or "", None, correction.received_on)
    return CorrectionRefused(parent.id, row_no, f"{what.zh}。{fix.zh}", f"{what.en}. {fix.en}")
