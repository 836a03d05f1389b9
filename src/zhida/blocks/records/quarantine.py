"""Quarantined rows: each with its cells, why it waits, and what an officer can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import QuerySet

from zhida.blocks.access.api import NotYours, Purpose, Viewer, record_access
from zhida.blocks.records.errors import DeliveryNotFound, RowNotQuarantined
from zhida.blocks.records.models import CorrectedRow, Delivery
from zhida.blocks.records.reasons import REASONS, explain
from zhida.blocks.records.receiving import QUARANTINED
from zhida.blocks.records.record_types import record_type
from zhida.kernel.text import Text

PAGE_ROWS = 50


@dataclass(frozen=True)
class QuarantinedRow:
    """One row that waits. ``values``: field -> cell as delivered. ``fix``: what to do next."""

    delivery: Delivery
    row_no: int
    reason: str
    reason_text: Text
    field: str
    header: str
    values: dict[str, str]
    what: Text
    fix: Text
    other_row: int | None
    area: int | None
    corrected: bool


@dataclass(frozen=True)
class QuarantinePage:
    rows: list[QuarantinedRow]
    total: int
    page: int
    pages: int


def read_quarantine(folder: Path) -> pa.Table:
    return pq.read_table(folder / QUARANTINED)


def quarantined_rows(
    viewer: Viewer,
    purpose: Purpose,
    delivery_id: int | None = None,
    reason: str | None = None,
    page: int = 1,
    *,
    waiting: bool = False,
    words: str = "",
) -> QuarantinePage:
    """Return one page of the rows in quarantine of the deliveries in force, newest delivery first.

    waiting: without those that were corrected. words: only rows with this row number, this text in the name of the wrong column,
    or in a cell. An officer of a street or a district sees the rows of its area only; rows whose area cannot be told are for the
    whole city's.
    """
    first, last, seen = (page - 1) * PAGE_ROWS, page * PAGE_ROWS, 0
    shown: list[QuarantinedRow] = []
    for delivery in _with_quarantine(delivery_id):
        if reason and reason not in delivery.by_reason:
            continue
        table = _visible(viewer, delivery, reason)
        table = _waiting(delivery, table) if waiting else table
        table = _matching(delivery, table, words.strip()) if words.strip() else table
        here = table.slice(max(0, first - seen), max(0, min(last - seen, table.num_rows) - max(0, first - seen)))
        shown += _rows_of(delivery, here) if here.num_rows else []
        seen += table.num_rows
    record_access(viewer, purpose, "records.quarantined_rows", f"delivery {delivery_id or 'all'} page {page}")
    return QuarantinePage(shown, seen, page, max(1, -(-seen // PAGE_ROWS)))


def rows_waiting(viewer: Viewer, purpose: Purpose) -> int:
    """Count the rows of the viewer's area that nobody has corrected yet. No personal data."""
    deliveries = _with_quarantine(None)
    if len(viewer.area_prefix) == 4:
        corrected = CorrectedRow.objects.filter(delivery__in=deliveries).count()
        return sum(delivery.rows_quarantined for delivery in deliveries) - corrected
    return sum(_waiting(delivery, _visible(viewer, delivery, None)).num_rows for delivery in deliveries)


def _with_quarantine(delivery_id: int | None) -> QuerySet[Delivery]:
    deliveries = Delivery.objects.filter(rows_quarantined__gt=0).exclude(folder="").order_by("-received_on", "-id")
    return deliveries.filter(id=delivery_id) if delivery_id else deliveries.filter(state=Delivery.ACCEPTED)


def _waiting(delivery: Delivery, table: pa.Table) -> pa.Table:
    corrected = list(CorrectedRow.objects.filter(delivery=delivery).values_list("row_no", flat=True))
    if not corrected:
        return table
    return table.filter(pc.invert(pc.is_in(table["row_no"], value_set=pa.array(corrected, table["row_no"].type))))


def _matching(delivery: Delivery, table: pa.Table, words: str) -> pa.Table:
    """Keep rows whose number is ``words``, whose wrong column is called so, or that hold it in a cell."""
    columns = [field.name for field in record_type(delivery.record_type).fields if words.casefold() in field.header.casefold()]
    cells = table["cells"].combine_chunks()
    holding = pc.list_parent_indices(cells).filter(pc.fill_null(pc.match_substring(pc.list_flatten(cells), words, ignore_case=True), False))
    found = pc.is_in(pa.array(range(table.num_rows), pa.int64()), value_set=holding.cast(pa.int64()).unique())
    found = pc.or_(found, pc.is_in(table["field"].combine_chunks().cast(pa.string()), value_set=pa.array(columns, pa.string())))
    if words.isdecimal() and len(words) < 19:
        found = pc.or_(found, pc.equal(table["row_no"].combine_chunks(), int(words)))
    return table.filter(found)


def quarantined_row(viewer: Viewer, purpose: Purpose, delivery_id: int, row_no: int) -> QuarantinedRow:
    """Raises: DeliveryNotFound, RowNotQuarantined, NotYours."""
    delivery = Delivery.objects.filter(id=delivery_id).first()
    if delivery is None:
        raise DeliveryNotFound(delivery_id)
    table = read_quarantine(delivery.path) if delivery.folder else pa.table({"row_no": pa.array([], pa.int64())})
    table = table.filter(pc.equal(table["row_no"], row_no))
    if table.num_rows == 0 or CorrectedRow.objects.filter(delivery=delivery, row_no=row_no).exists():
        raise RowNotQuarantined(delivery_id, row_no)
    row = _rows_of(delivery, table)[0]
    if not _sees(viewer, row.area, delivery.area):
        raise NotYours(viewer.account, f"delivery {delivery_id} row {row_no}")
    record_access(viewer, purpose, "records.quarantined_row", f"delivery {delivery_id} row {row_no}")
    return row


def _visible(viewer: Viewer, delivery: Delivery, reason: str | None) -> pa.Table:
    table = read_quarantine(delivery.path)
    if reason:
        table = table.filter(pc.equal(table["reason"], reason))
    if not viewer.sees_area(delivery.area):
        low, high = viewer.community_span
        area = table["area"]
        table = table.filter(pc.fill_null(pc.and_(pc.greater_equal(area, low), pc.less(area, high)), False))
    return table


def _sees(viewer: Viewer, area: int | None, delivery_area: int) -> bool:
    return viewer.sees_area(delivery_area) or (area is not None and viewer.sees_area(area))


def _rows_of(delivery: Delivery, table: pa.Table) -> list[QuarantinedRow]:
    contract = record_type(delivery.record_type)
    headers = {field.name: field.header for field in contract.fields}
    corrected = set(CorrectedRow.objects.filter(delivery=delivery).values_list("row_no", flat=True))
    found = []
    for row in table.to_pylist():
        values = {name: cell or "" for (_, name), cell in zip(delivery.columns, row["cells"], strict=False) if name}
        what, fix = explain(contract, row["reason"], row["field"], values.get(row["field"], ""), row["other_row"], delivery.received_on)
        found.append(
            QuarantinedRow(
                delivery=delivery,
                row_no=row["row_no"],
                reason=row["reason"],
                reason_text=REASONS[row["reason"]],
                field=row["field"],
                header=headers.get(row["field"], ""),
                values=values,
                what=what,
                fix=fix,
                other_row=row["other_row"],
                area=row["area"],
                corrected=row["row_no"] in corrected,
            )
        )
    return found
