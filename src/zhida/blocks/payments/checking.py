"""Who is still to be paid: looked at again when a batch is approved and once more before it leaves.

As long as nothing new is known about deaths, moves and accounts (``facts.version``), no answer can have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from zhida.blocks.payments import bulk
from zhida.blocks.payments.adapters.iso20022 import PAYMENT_SCHEMA, PaymentBatches
from zhida.blocks.payments.facts import PayeeFacts, payee_facts
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.totals import TotalRow, move_totals, sums_of
from zhida.kernel import clock
from zhida.kernel.warehouse import scratch_folder, warehouse

_SCHEMA = pa.schema([("payee_no", pa.int64()), *PAYMENT_SCHEMA])
_HELD_SCHEMA = pa.schema([("id", pa.int64()), ("reason_code", pa.string())])
MEMORY_MB = 700

_TO_SEND = f"""
SELECT {", ".join(_SCHEMA.names)} FROM payments_credittransfertransaction
WHERE id BETWEEN %s AND %s AND batch_id = %s AND state = 'instructed' AND channel = 'bank' ORDER BY id
"""
_BACK = """
WITH now AS (
    SELECT p.id, p.account_no, d.resident_no IS NOT NULL AS has_died, m.resident_no IS NOT NULL AS has_moved,
           CAST(coalesce(a.account_no, o.account_no) AS VARCHAR) AS account_now
    FROM payments p LEFT JOIN died d ON d.resident_no = p.payee_no LEFT JOIN moved m ON m.resident_no = p.payee_no
    LEFT JOIN accounts a ON a.resident_no = p.payee_no LEFT JOIN organisation_accounts o ON o.payee_key = p.payee_key
)
SELECT id, CASE WHEN has_died THEN 'payee_died' WHEN has_moved THEN 'payee_moved' WHEN account_now IS NULL THEN 'account_closed'
                ELSE 'account_changed' END AS reason_code
FROM now WHERE has_died OR has_moved OR account_now IS NULL OR account_now <> account_no
ORDER BY id
"""


def hold_back(batch: PaymentInstruction, facts: PayeeFacts) -> list[TotalRow]:
    """Hold the payments whose payee has died or moved away, or whose account is closed or another one by now; return their sums."""
    with checked_payments(batch, facts) as (held, _):
        return held


@contextmanager
def checked_payments(batch: PaymentInstruction, facts: PayeeFacts) -> Iterator[tuple[list[TotalRow], PaymentBatches]]:
    """Hold back as ``hold_back`` does; give the sums of what is held and the payments that are left, in the order of their numbers.

    The payments are read once for both.
    """
    version, read = facts.version(), bulk.read_batches(_TO_SEND, [batch.first_id, batch.last_id, batch.pk], _SCHEMA)
    if version == batch.facts_version:
        yield [], (_plain(payments) for payments in read)
        return
    with scratch_folder(settings.HOME) as scratch, warehouse(scratch, MEMORY_MB) as db:
        bulk.fill(db, "payments", _SCHEMA, read)
        held = _to_hold(db, facts)
        PaymentInstruction.objects.filter(pk=batch.pk).update(facts_version=version)
        sums = _hold(batch, held) if held.num_rows else []
        rows = db.execute(f"SELECT {', '.join(PAYMENT_SCHEMA.names)} FROM payments").to_arrow_reader(bulk.ROWS_PER_COPY)
        yield sums, (left.filter(pc.invert(pc.is_in(left["id"], held["id"].combine_chunks()))) for left in rows)


def _plain(payments: pa.RecordBatch) -> pa.RecordBatch:
    return payments.select(PAYMENT_SCHEMA.names)


def _hold(batch: PaymentInstruction, held: pa.Table) -> list[TotalRow]:
    bulk.temporary_table("payments_to_hold", "id bigint PRIMARY KEY, reason_code varchar(24)")
    bulk.insert_batches("payments_to_hold", ["id", "reason_code"], held.to_batches())
    source = """SELECT t.batch_id, t.benefit, t.district, t.state, t.amount_fen
                FROM payments_to_hold h JOIN payments_credittransfertransaction t ON t.id = h.id"""
    sums = sums_of(source, [], [batch.pk])
    bulk.execute("""
        UPDATE payments_credittransfertransaction AS t SET state = 'held', reason_code = h.reason_code
        FROM payments_to_hold h WHERE t.id = h.id""")
    move_totals(sums, "held")
    return sums


def payees_in(db: duckdb.DuckDBPyConnection, table: str) -> tuple[pa.Array, pa.Array]:
    """Return the residents (payee_no) and the organisations (payee_key) of a table's payments, each once, ascending."""
    residents = db.execute(f"SELECT DISTINCT payee_no FROM {table} WHERE payee_no <> 0 ORDER BY 1").to_arrow_table()
    organisations = db.execute(f"SELECT DISTINCT payee_key FROM {table} WHERE payee_no = 0 ORDER BY 1").to_arrow_table()
    return residents["payee_no"].combine_chunks(), organisations["payee_key"].combine_chunks()


def _to_hold(db: duckdb.DuckDBPyConnection, facts: PayeeFacts) -> pa.Table:
    """Return id and reason_code of the payments in ``payments`` that do not leave."""
    for name, table in payee_facts(facts, *payees_in(db, "payments"), clock.today()).items():
        db.register(name, table)
    return db.execute(_BACK).to_arrow_table().cast(_HELD_SCHEMA)
