"""What payees had before: the account last paid to and the amount, of the batches that left in the last months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import duckdb
import pyarrow as pa

from zhida.blocks.payments import bulk
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.rules import BatchState
from zhida.kernel.period import Month

# So far back a payee is known; a yearly benefit's payee counts as new again, which a checker may well look at.
DAYS_BACK = 95

_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("benefit", pa.string()),
        ("entity_no", pa.int64()),
        ("payee_no", pa.int64()),
        ("revision", pa.int32()),
        ("amount_fen", pa.int64()),
        ("account_no", pa.string()),
    ]
)


def fill_history(db: duckdb.DuckDBPyConnection, month: str) -> bool:
    """Make ``last_account`` (payee_no, account_no) and ``last_amount`` (kind_benefit, entity_no, amount_fen); False where nothing left yet.

    kind_benefit: the number in ``kinds`` of the benefit in the month that is prepared.
    """
    since = Month.parse(month).start - timedelta(days=DAYS_BACK)
    left = PaymentInstruction.objects.filter(state__in=[BatchState.RELEASED, BatchState.SETTLED], released_on__gte=since)
    spans = list(left.order_by("first_id").values_list("first_id", "last_id"))
    bulk.fill(db, "history", _SCHEMA, (batch for span in spans for batch in _left(span)))
    db.execute("""
        CREATE TABLE last_account AS
        SELECT payee_no, max_by(account_no, id) AS account_no FROM history WHERE payee_no <> 0 GROUP BY payee_no;
        CREATE TABLE last_amount AS SELECT kind AS kind_benefit, entity_no, max_by(amount_fen, id) AS amount_fen
        FROM history JOIN kinds USING (benefit) WHERE revision = 0 GROUP BY ALL;
        DROP TABLE history""")
    return bool(spans)


def _left(span: tuple[int, int]) -> Iterator[pa.RecordBatch]:
    sql = """SELECT id, benefit, entity_no, payee_no, revision, amount_fen + deducted_fen, account_no
             FROM payments_credittransfertransaction
             WHERE id BETWEEN %s AND %s AND state = 'instructed' AND account_no <> ''"""
    return bulk.read_batches(sql, list(span), _SCHEMA)
