"""Who is still to be paid: looked at again when a batch is approved and once more before it leaves.

As long as nothing new is known about deaths, moves and accounts (``facts.version``), no answer can have changed.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from zhida.blocks.payments import bulk
from zhida.blocks.payments.facts import PayeeFacts, payee_facts
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.totals import TotalRow, move_totals, sums_of
from zhida.kernel import clock

_SCHEMA = pa.schema([("id", pa.int64()), ("payee_no", pa.int64()), ("payee_key", pa.string()), ("account_no", pa.string())])
_HELD_SCHEMA = pa.schema([("id", pa.int64()), ("reason_code", pa.string())])

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
    version = facts.version()
    if version == batch.facts_version:
        return []
    held = _to_hold(batch, facts)
    PaymentInstruction.objects.filter(pk=batch.pk).update(facts_version=version)
    if not held.num_rows:
        return []
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


def _to_hold(batch: PaymentInstruction, facts: PayeeFacts) -> pa.Table:
    # Residents are found by number; only organisations need their key.
    sql = """SELECT id, payee_no, CASE WHEN payee_no = 0 THEN payee_key ELSE '' END AS payee_key, account_no
             FROM payments_credittransfertransaction
             WHERE id BETWEEN %s AND %s AND batch_id = %s AND state = 'instructed' AND channel = 'bank'"""
    db = bulk.open_duckdb()
    try:
        bulk.fill(db, "payments", _SCHEMA, bulk.read_batches(sql, [batch.first_id, batch.last_id, batch.pk], _SCHEMA))
        for name, table in payee_facts(facts, *payees_in(db, "payments"), clock.today()).items():
            db.register(name, table)
        return db.execute(_BACK).to_arrow_table().cast(_HELD_SCHEMA)
    finally:
        db.close()
