"""Quarantined rows: each with its cells, why it waits, and what an officer can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    viewer: Viewer, purpose: Purpose, delivery_id: int | None = None, reason: str | None = None, page: int = 1
) -> QuarantinePage:
    """Return one page of the rows in quarantine of the deliveries in force, newest delivery first.

    An officer of a street or a district sees the rows of its area only; rows whose area cannot be told are for the whole city's.
    """
    deliveries = Delivery.objects.filter(rows_quarantined__gt=0).exclude(folder="").order_by("-received_on", "-id")
    deliveries = deliveries.filter(id=delivery_id) if delivery_id else deliveries.filter(state=Delivery.ACCEPTED)
    first, last, seen = (page - 1) * PAGE_ROWS, page * PAGE_ROWS, 0
    shown: list[QuarantinedRow] = []
    for delivery in deliveries:
        if reason and reason not in delivery.by_reason:
            continue
        table = _visible(viewer, delivery, reason)
        here = table.slice(max(0, first - seen), max(0, min(last - seen, table.num_rows) - max(0, first - seen)))
        shown += _rows_of(delivery, here) if here.num_rows else []
        seen += table.num_rows
    record_access(viewer, purpose, "records.quarantined_rows", f"delivery {delivery_id or 'all'} page {page}")
    return QuarantinePage(shown, seen, page, max(1, -(-seen // PAGE_ROWS)))


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
    prefix = viewer.area_prefix
    if len(prefix) > 4 and not str(delivery.area).startswith(prefix):
        low = int(prefix.ljust(12, "0"))
        high = low + 10 ** (12 - len(prefix))
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
