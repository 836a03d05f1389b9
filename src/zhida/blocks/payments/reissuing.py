"""Sending stuck money again: held for want of an account, rejected or returned, once the payee has another account."""

from __future__ import annotations

import pyarrow as pa

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.checking import payees_in
from zhida.blocks.payments.commands import batch_row, may, new_batch, record
from zhida.blocks.payments.differences import NEW_COLUMNS
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts, payee_accounts
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.totals import recount
from zhida.kernel import clock
from zhida.kernel.period import Month

# A payment held in a prepared batch may still be refused with it, so it waits until the batch is approved.
_STUCK = """
SELECT t.id, t.benefit, t.period_key, t.entity_no, t.payee_key, t.revision, t.payee_no, t.household_no, t.amount_fen, t.account_no,
       t.district, t.community, t.batch_id
FROM payments_credittransfertransaction t JOIN payments_paymentinstruction p ON p.id = t.batch_id
WHERE t.state IN ('held', 'rejected', 'returned') AND p.state <> 'prepared'
"""
_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("benefit", pa.string()),
        ("period_key", pa.string()),
        ("entity_no", pa.int64()),
        ("payee_key", pa.string()),
        ("revision", pa.int32()),
        ("payee_no", pa.int64()),
        ("household_no", pa.int64()),
        ("amount_fen", pa.int64()),
        ("account_no", pa.string()),
        ("district", pa.int32()),
        ("community", pa.int64()),
        ("batch_id", pa.int64()),
    ]
)
_LAST_SCHEMA = pa.schema([("id", pa.int64()), ("revision", pa.int32())])
_LAST = """
SELECT s.id, max(t.revision) FROM payments_credittransfertransaction s JOIN payments_credittransfertransaction t
ON t.benefit = s.benefit AND t.period_key = s.period_key AND t.entity_no = s.entity_no
WHERE s.state IN ('held', 'rejected', 'returned') GROUP BY s.id
"""
_AGAIN = """
SELECT s.id AS reissue_of_id, s.benefit, s.period_key, s.entity_no, s.payee_key,
       CAST(l.revision + row_number() OVER (PARTITION BY s.benefit, s.period_key, s.entity_no ORDER BY s.id) AS INTEGER) AS revision,
       s.payee_no, s.household_no, s.amount_fen, a.account_no, a.bank_code,
       'instructed' AS state, '' AS reason_code, s.district, s.community, s.batch_id AS original_batch_id
FROM stuck s JOIN last l USING (id) JOIN (
    SELECT CAST(resident_no AS VARCHAR) AS payee_key, CAST(account_no AS VARCHAR) AS account_no, CAST(bank_code AS VARCHAR) AS bank_code
    FROM accounts UNION ALL SELECT payee_key, CAST(account_no AS VARCHAR), CAST(bank_code AS VARCHAR) FROM organisation_accounts
) a USING (payee_key)
WHERE a.account_no <> s.account_no AND s.payee_no NOT IN (SELECT resident_no FROM died)
ORDER BY s.benefit, s.period_key, s.entity_no, revision
"""


def reissue(viewer: access.Viewer, transaction_ids: list[int] | None = None, facts: PayeeFacts | None = None) -> PaymentInstruction | None:
    """Make a batch of stuck payments whose payee is alive and has another account than the one that failed.

    ``transaction_ids`` restricts it to these. None where nobody has a new account. The batch is approved and released like
    any other. The account always comes from the register: no officer types one in.

    Raises: PermissionMissing.
    """
    may(viewer, "payments.prepare")
    with one_command():
        again = _again(transaction_ids, facts or RecordedFacts())
        if not again.num_rows:
            return None
        batch = new_batch(viewer, Month.of(clock.today()), is_reissue=True)
        _insert(again, batch.pk)
        for original_batch in {*again["original_batch_id"].to_pylist(), batch.pk}:
            recount(original_batch)
        record(viewer, "payments.reissue", f"batch {batch.pk}")
    return batch_row(batch.pk)


def _again(transaction_ids: list[int] | None, facts: PayeeFacts) -> pa.Table:
    stuck = bulk.read_table(_STUCK, [], _SCHEMA)
    db = bulk.open_duckdb()
    try:
        db.register("all_stuck", stuck)
        db.register("chosen", pa.table({"id": pa.array(stuck["id"] if transaction_ids is None else transaction_ids, pa.int64())}))
        db.execute("CREATE TABLE stuck AS SELECT * FROM all_stuck WHERE id IN (SELECT id FROM chosen)")
        db.register("last", bulk.read_table(_LAST, [], _LAST_SCHEMA))
        for name, table in payee_accounts(facts, *payees_in(db, "stuck")).items():
            db.register(name, table)
        db.register("died", pa.table({"resident_no": pa.array(facts.died(), pa.int64())}))
        return db.execute(_AGAIN).to_arrow_table()
    finally:
        db.close()


def _insert(again: pa.Table, batch_id: int) -> None:
    numbered = again.append_column("batch_id", pa.array([batch_id] * again.num_rows, pa.int64()))
    columns = [*NEW_COLUMNS, "reissue_of_id"]
    bulk.insert_batches("payments_credittransfertransaction", columns, numbered.select(columns).to_batches())
    bulk.execute(
        """UPDATE payments_credittransfertransaction SET state = 'reissued'
           WHERE id IN (SELECT reissue_of_id FROM payments_credittransfertransaction WHERE batch_id = %s)""",
        [batch_id],
    )
