"""Handing over what cases collected: payments that are due as one batch, rows of registers as their departments' feeds."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.models import CasePayable, CaseRecord
from zhida.blocks.cases.rules import HandOver
from zhida.blocks.payments import api as payments
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.money import plain_yuan
from zhida.kernel.period import Month
from zhida.kernel.warehouse import scratch_folder


@dataclass(frozen=True)
class HandedPayables:
    """What went into a batch. batch_id: None where everything had been instructed before."""

    count: int
    amount_fen: int
    batch_id: int | None


@transaction.atomic
def prepare_case_payments(viewer: Viewer) -> HandedPayables:
    """Make one batch of all that cases found due; it is checked, approved and sent like any other.

    A killed call leaves everything waiting; ``payments`` never instructs the same benefit, period and entity twice.
    Raises: PermissionMissing.
    """
    access.require(viewer, "payments.prepare")
    rows = list(CasePayable.objects.select_for_update().filter(state=HandOver.WAITING).order_by("pk"))
    if not rows:
        return HandedPayables(0, 0, None)
    due = [
        payments.Payable(row.benefit, row.period_key, row.entity_no, str(row.payee_no), row.amount_fen, row.district, row.community)
        for row in rows
    ]
    batch = payments.prepare_payables(viewer, Month.of(clock.today()).text, due)
    batch_id = batch.pk if batch else None
    CasePayable.objects.filter(pk__in=[row.pk for row in rows]).update(state=HandOver.HANDED, batch_id=batch_id)
    return HandedPayables(len(rows), sum(row.amount_fen for row in rows), batch_id)


def hand_over_records(viewer: Viewer) -> list[Any]:
    """Deliver the rows that cases made to the registers, one feed for each register and area; return the deliveries.

    Raises: PermissionMissing.
    """
    access.require(viewer, "feeds.receive") if viewer.role != "system" else None
    groups: dict[tuple[str, int], list[CaseRecord]] = defaultdict(list)
    for row in CaseRecord.objects.filter(state=HandOver.WAITING).order_by("pk"):
        groups[row.record_type, row.area].append(row)
    delivered = []
    with scratch_folder(settings.HOME) as scratch:
        for (record_type, area), rows in groups.items():
            delivered.append(_deliver(viewer, scratch, record_type, area, rows))
    return delivered


def _deliver(viewer: Viewer, scratch: Path, record_type: str, area: int, rows: list[CaseRecord]) -> Any:
    """Receive a feed first and mark its rows after: the same feed received again is found to be the same delivery."""
    path = scratch / f"{record_type}__{area}.csv"
    contract = records.record_type(record_type)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(contract.headers)
        writer.writerows([_cell(field, row.values.get(field.name)) for field in contract.fields] for row in rows)
    delivery = records.receive_additions(viewer, path, record_type, area)
    CaseRecord.objects.filter(pk__in=[row.pk for row in rows]).update(state=HandOver.HANDED, delivery_id=delivery.pk)
    return delivery


def _cell(field: Any, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if field.type == "money_yuan":
        return plain_yuan(int(value))
    codes = dict(field.codes)
    return str(codes.get(str(value), value))
