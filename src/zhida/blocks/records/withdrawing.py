"""Taking back rows that the city itself had made: from that day on its register is as if they had not been added."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from zhida.blocks.access.api import Viewer, record_access
from zhida.blocks.records.adding import cell
from zhida.blocks.records.checks import raw_name, value_expression
from zhida.blocks.records.commands import allowed
from zhida.blocks.records.errors import DeliveryNotFound
from zhida.blocks.records.models import Delivery, Withdrawal
from zhida.blocks.records.queries import in_force
from zhida.blocks.records.receiving import ACCEPTED
from zhida.blocks.records.record_types import RecordType, record_type
from zhida.kernel import clock
from zhida.kernel.files import atomic_path
from zhida.kernel.warehouse import scratch_folder, sql_text, warehouse


def withdraw_rows(viewer: Viewer, delivery_id: int, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Take rows of a delivery back; what stood under their keys before is in force again. Earlier days are known as they were.

    rows: as ``add_rows`` takes them; only their keys count. False where the delivery is in force no more, because the department has sent
    its whole register since: then only the department can correct it.
    Raises: DeliveryNotFound, DiskFull.
    """
    purpose = allowed(viewer, "feeds.receive")
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().exclude(folder="").filter(pk=delivery_id).first()
        if delivery is None:
            raise DeliveryNotFound(delivery_id)
        contract = record_type(delivery.record_type)
        today = max(clock.today(), delivery.received_on)
        if delivery not in in_force(contract, date.max):
            return False
        newest = delivery.withdrawals.last()
        keys = [{name: cell(contract.field(name), row.get(name)) for name in contract.key} for row in rows]
        target, left_out = _without(contract, delivery.path / (newest.file_name if newest else ACCEPTED), keys)
        if left_out:
            on = max(today, newest.withdrawn_on) if newest else today
            Withdrawal.objects.create(
                delivery=delivery, withdrawn_on=on, file_name=target.name, rows=left_out, withdrawn_by=viewer.account
            )  # fmt: skip
            record_access(viewer, purpose, "records.withdraw_rows", f"delivery {delivery_id} {left_out}")
    return True


def _without(contract: RecordType, source: Path, keys: Sequence[Mapping[str, str]]) -> tuple[Path, int]:
    """Write a file of rows without those of some keys beside it; return it, and how many rows it leaves out."""
    named = hashlib.sha256(json.dumps([source.name, *keys], ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    target = source.with_name(f"accepted-{named[:32]}.parquet")
    lines = ", ".join("(" + ", ".join(f"nullif({sql_text(key[name])}, '')" for name in contract.key) + ")" for key in keys)
    fields = [contract.field(name) for name in contract.key]
    values = ", ".join(f"{value_expression(field)} AS {field.name}" for field in fields)
    gone = f"SELECT {values} FROM (VALUES {lines}) AS cells({', '.join(map(raw_name, fields))})"
    query = f"SELECT * FROM read_parquet({sql_text(source)}) ANTI JOIN ({gone}) USING ({', '.join(contract.key)})"
    with scratch_folder(settings.HOME) as scratch, warehouse(scratch) as db, atomic_path(target) as path:
        db.execute(f"COPY ({query}) TO {sql_text(path)} (FORMAT parquet, COMPRESSION lz4_raw)")
        counts = db.execute(f"SELECT (SELECT count(*) FROM read_parquet({sql_text(source)})) - (SELECT count(*) FROM ({query}))").fetchone()
    return target, int((counts or (0,))[0])
