"""Who is still to be paid: looked at again when a batch is approved and once more before it leaves."""

from __future__ import annotations

import pyarrow as pa

from zhida.blocks.payments import bulk
from zhida.blocks.payments.facts import PayeeFacts

_SCHEMA = pa.schema([("id", pa.int64()), ("payee_no", pa.int64()), ("account_no", pa.string())])
_HELD_SCHEMA = pa.schema([("id", pa.int64()), ("reason_code", pa.string())])

_BACK = """
SELECT p.id, CASE WHEN d.resident_no IS NOT NULL THEN 'payee_died' WHEN a.account_no IS NULL THEN 'account_closed'
                  ELSE 'account_changed' END AS reason_code
FROM payments p LEFT JOIN died d ON d.resident_no = p.payee_no LEFT JOIN accounts a ON a.resident_no = p.payee_no
WHERE d.resident_no IS NOT NULL OR a.account_no IS NULL OR CAST(a.account_no AS VARCHAR) <> p.account_no
ORDER BY p.id
"""


def hold_back(batch_id: int, facts: PayeeFacts) -> int:
    """Hold the payments whose payee has died or whose account is closed or another one by now; return how many.

    Organisations have no death and no card account: theirs are left as they are.
    """
    held = _to_hold(batch_id, facts)
    if not held.num_rows:
        return 0
    bulk.temporary_table("payments_to_hold", "id bigint, reason_code varchar(24)")
    bulk.insert_batches("payments_to_hold", ["id", "reason_code"], held.to_batches())
    return bulk.execute("""
        UPDATE payments_credittransfertransaction AS t SET state = 'held', reason_code = h.reason_code
        FROM payments_to_hold h WHERE t.id = h.id""")


def _to_hold(batch_id: int, facts: PayeeFacts) -> pa.Table:
    sql = """SELECT id, payee_no, account_no FROM payments_credittransfertransaction
             WHERE batch_id = %s AND state = 'instructed' AND payee_no <> 0"""
    db = bulk.open_duckdb()
    bulk.fill(db, "payments", _SCHEMA, bulk.read_batches(sql, [batch_id], _SCHEMA))
    payees = db.execute("SELECT DISTINCT payee_no FROM payments ORDER BY 1").to_arrow_table()["payee_no"].combine_chunks()
    db.register("accounts", facts.accounts(payees))
    db.register("died", pa.table({"resident_no": pa.array(facts.died(), pa.int64())}))
    try:
        return db.execute(_BACK).to_arrow_table().cast(_HELD_SCHEMA)
    finally:
        db.close()
