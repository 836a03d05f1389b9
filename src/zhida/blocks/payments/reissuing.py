"""Sending stuck money again: to another account, once more to the same one, or in cash at the street office."""

from __future__ import annotations

import pyarrow as pa

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.checking import payees_in
from zhida.blocks.payments.commands import batch_row, finish_batch, may, new_batch, next_id, record, set_span
from zhida.blocks.payments.differences import NEW_COLUMNS
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts, payee_facts
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.recovery import follow_reissue
from zhida.blocks.payments.rules import Channel
from zhida.blocks.payments.sharing import shares_on
from zhida.blocks.payments.totals import recount
from zhida.kernel import clock
from zhida.kernel.period import Month

# A payment held in a prepared or approved batch may still be refused or cancelled with it, so it waits until the batch has left.
_STUCK = """
SELECT t.id, t.benefit, t.period_key, t.entity_no, t.payee_key, t.revision, t.payee_no, t.household_no, t.amount_fen, t.deducted_fen,
       t.account_no, t.state AS stuck_state, t.reason_code AS stuck_reason, t.risk, t.district, t.community, t.batch_id
FROM payments_credittransfertransaction t JOIN payments_paymentinstruction p ON p.id = t.batch_id
WHERE t.state IN ('held', 'rejected', 'returned') AND p.state NOT IN ('prepared', 'approved')
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
        ("deducted_fen", pa.int64()),
        ("account_no", pa.string()),
        ("stuck_state", pa.string()),
        ("stuck_reason", pa.string()),
        ("risk", pa.int16()),
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
_CHANGES = (
    """SELECT payee_key, account_now FROM payments_accountchange WHERE state = 'refused' OR (state = 'waiting' AND hold_until > %s)"""
)
_CHANGE_SCHEMA = pa.schema([("payee_key", pa.string()), ("account_no", pa.string())])
# $retry: the same account will do, too. $cash: none is needed. What an officer wants is asked for by number, never in bulk.
_AGAIN = """
SELECT CAST($first + row_number() OVER (ORDER BY s.benefit, s.period_key, s.entity_no, s.id) - 1 AS BIGINT) AS id,
       s.id AS reissue_of_id, s.benefit, s.period_key, s.entity_no, s.payee_key,
       CAST(l.revision + row_number() OVER (PARTITION BY s.benefit, s.period_key, s.entity_no ORDER BY s.id) AS INTEGER) AS revision,
       s.payee_no, s.household_no, s.amount_fen, s.deducted_fen, CAST($channel AS VARCHAR) AS channel,
       CASE WHEN $cash THEN '' ELSE a.account_no END AS account_no, CASE WHEN $cash THEN '' ELSE a.bank_code END AS bank_code,
       'instructed' AS state, '' AS reason_code, s.risk, s.district, s.community, s.batch_id AS original_batch_id
FROM stuck s JOIN last l USING (id) LEFT JOIN (
    SELECT CAST(resident_no AS VARCHAR) AS payee_key, CAST(account_no AS VARCHAR) AS account_no, CAST(bank_code AS VARCHAR) AS bank_code
    FROM accounts UNION ALL SELECT payee_key, CAST(account_no AS VARCHAR), CAST(bank_code AS VARCHAR) FROM organisation_accounts
) a USING (payee_key)
WHERE s.payee_no NOT IN (SELECT resident_no FROM died)
AND ($cash OR (a.account_no IS NOT NULL AND ($retry OR a.account_no <> s.account_no)
     AND (s.payee_key, a.account_no) NOT IN (SELECT (payee_key, account_no) FROM waiting)))
ORDER BY s.benefit, s.period_key, s.entity_no, s.id
"""


def reissue(
    viewer: access.Viewer,
    transaction_ids: list[int] | None = None,
    facts: PayeeFacts | None = None,
    channel: Channel = Channel.BANK,
    retry: bool = False,
) -> PaymentInstruction | None:
    """Make a batch of stuck payments whose payee is alive and has another account than the one that failed; None where nobody has.

    ``transaction_ids`` restricts it to these; with them, ``retry`` sends to the same account once more (the bank's trouble is over),
    and the channel cash pays at the street office. The batch is approved and released like any other. The account always comes
    from the register: no officer types one in.

    Raises: PermissionMissing.
    """
    may(viewer, "payments.prepare")
    with one_command():
        first_id = next_id()
        again = _again(transaction_ids, facts or RecordedFacts(), channel, retry and transaction_ids is not None, first_id)
        if not again.num_rows:
            return None
        month = Month.of(clock.today())
        originals = PaymentInstruction.objects.filter(pk__in=set(again["original_batch_id"].to_pylist()))
        shares = {benefit: share for original in originals.order_by("id") for benefit, share in original.shares.items()}
        wanted = {benefit: shares.get(benefit) or share for benefit, share in shares_on(month.start, _benefits(again)).items()}
        batch = new_batch(viewer, month, is_reissue=True, shares=wanted, facts_version=(facts or RecordedFacts()).version())
        set_span(batch, first_id, again.num_rows)
        _insert(again, batch.pk)
        follow_reissue(batch)
        for original_batch in {*again["original_batch_id"].to_pylist(), batch.pk}:
            recount(original_batch)
        finish_batch(batch)
        record(viewer, "payments.reissue", f"batch {batch.pk}")
    return batch_row(batch.pk)


def _benefits(again: pa.Table) -> list[str]:
    return sorted(set(again["benefit"].to_pylist()))


def _again(transaction_ids: list[int] | None, facts: PayeeFacts, channel: Channel, retry: bool, first_id: int) -> pa.Table:
    stuck = bulk.read_table(_STUCK, [], _SCHEMA)
    db = bulk.open_duckdb()
    try:
        db.register("all_stuck", stuck)
        db.register("chosen", pa.table({"id": pa.array(stuck["id"] if transaction_ids is None else transaction_ids, pa.int64())}))
        db.execute("CREATE TABLE stuck AS SELECT * FROM all_stuck WHERE id IN (SELECT id FROM chosen)")
        db.register("last", bulk.read_table(_LAST, [], _LAST_SCHEMA))
        db.register("waiting", bulk.read_table(_CHANGES, [clock.today()], _CHANGE_SCHEMA))
        for name, table in payee_facts(facts, *payees_in(db, "stuck"), clock.today()).items():
            db.register(name, table)
        asked = {"first": first_id, "channel": str(channel), "cash": channel == Channel.CASH, "retry": retry}
        return db.execute(_AGAIN, asked).to_arrow_table()
    finally:
        db.close()


def _insert(again: pa.Table, batch_id: int) -> None:
    numbered = again.append_column("batch_id", pa.array([batch_id] * again.num_rows, pa.int64()))
    columns = [*NEW_COLUMNS, "reissue_of_id"]
    bulk.insert_batches("payments_credittransfertransaction", columns, numbered.select(columns).to_batches())
    span = [again["id"][0].as_py(), again["id"][-1].as_py()]
    bulk.execute(
        """UPDATE payments_credittransfertransaction SET state = 'reissued'
           WHERE id IN (SELECT reissue_of_id FROM payments_credittransfertransaction WHERE id BETWEEN %s AND %s)""",
        span,
    )
