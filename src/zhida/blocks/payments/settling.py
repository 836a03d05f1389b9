"""Answers to payments, written into the books: each row once, with its totals, budgets and posting.

The rows to judge lie in the temporary table ``payments_bank_row`` (``ROW_COLUMNS``): from a bank's file (``importing.py``), or told by a
person (``returned.py``). A row that may follow its payment's state is applied; the others keep a ``problem``.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.rules import IS_OLD_NEWS, MAY_FOLLOW, BatchState, TransactionState
from zhida.blocks.payments.sharing import give_back
from zhida.blocks.payments.totals import envelopes_in, move_totals, sums_of

ROW_SCHEMA = pa.schema(
    [
        ("position", pa.int32()),
        ("transaction_id", pa.int64()),
        ("reference", pa.string()),
        ("event", pa.string()),
        ("amount_fen", pa.int64()),
        ("reason", pa.string()),
        ("booked_on", pa.string()),
        ("problem", pa.string()),
    ]
)
ROW_COLUMNS = """position integer, transaction_id bigint, reference varchar(35), event varchar(12), amount_fen bigint,
              reason varchar(35), booked_on date, problem varchar(24)"""
# A file speaks of most payments of its span where at least one in so many is in it.
DENSE = 4
_SENT = f"'{BatchState.RELEASED}', '{BatchState.SETTLED}'"


def mark_doubled() -> None:
    bulk.execute("""
        UPDATE payments_bank_row AS b SET problem = 'doubled'
        FROM (SELECT transaction_id, event, min(position) AS first FROM payments_bank_row
              WHERE transaction_id <> 0 GROUP BY transaction_id, event HAVING count(*) > 1) AS d
        WHERE b.transaction_id = d.transaction_id AND b.event = d.event AND b.position > d.first AND b.problem = ''""")


def match_rows(event: TransactionState, by_bank: bool = True) -> None:
    """Make ``payments_bank_match``: the rows of one event with the payments they name, as these stand now, and what is wrong with each.

    ``problem`` is ``known`` where a row says what is known already, and empty where it applies.
    by_bank: cash never went to the bank, so what the bank says of it was never sent.
    """
    raw_state = "CASE WHEN t.channel = 'cash' THEN 'held' ELSE t.state END" if by_bank else "t.state"
    bulk.temporary_table(
        "payments_bank_match",
        """position integer, transaction_id bigint, booked_on date, reason varchar(35), amount_fen bigint, batch_id bigint,
           benefit varchar(64), district integer, raw_state varchar(12), state varchar(12), problem varchar(24)""",
    )
    span = _span()
    bulk.execute(f"""
        INSERT INTO payments_bank_match
        SELECT position, transaction_id, booked_on, reason, amount_fen, batch_id, benefit, district, raw_state, state, CASE
            WHEN problem <> '' THEN problem
            WHEN batch_id IS NULL THEN 'unknown_reference'
            WHEN batch_state NOT IN ({_SENT}) OR raw_state = 'held' THEN 'not_released'
            WHEN told_fen <> amount_fen THEN 'wrong_amount'
            WHEN state IN ({listed(IS_OLD_NEWS[event])}) OR (raw_state = 'unanswered' AND is_answered) THEN 'known'
            WHEN state NOT IN ({listed(MAY_FOLLOW[event])}) THEN 'contradicts' ELSE '' END
        FROM (
            SELECT b.position, b.transaction_id, b.booked_on, b.reason, b.amount_fen AS told_fen, t.amount_fen, t.batch_id, t.benefit,
                   t.district, {raw_state} AS raw_state, p.state AS batch_state, b.problem,
                   CASE WHEN t.state <> 'instructed' THEN t.state WHEN paid.event IS NOT NULL THEN 'paid'
                        WHEN accepted.event IS NOT NULL THEN 'accepted' ELSE 'instructed' END AS state,
                   '{event}' = 'accepted' AND accepted.event IS NOT NULL AS is_answered
            FROM payments_bank_row b
            LEFT JOIN payments_credittransfertransaction t ON t.id = b.transaction_id AND t.id {span}
            LEFT JOIN payments_bankanswer paid ON paid.transaction_id = b.transaction_id AND paid.event = 'paid'
                      AND paid.transaction_id {span}
            LEFT JOIN payments_bankanswer accepted ON accepted.transaction_id = b.transaction_id AND accepted.event = 'accepted'
                      AND accepted.transaction_id {span}
            LEFT JOIN payments_paymentinstruction p ON p.id = t.batch_id
            WHERE b.event = '{event}') AS m""")


def _span() -> str:
    """Return the condition that a number is among those of the file, where it speaks of most of them.

    Then the database reads neighbouring payments in one go, whatever it knows of the tables' sizes; a few are found one by one.
    """
    ids = """SELECT coalesce(min(transaction_id), 0), coalesce(max(transaction_id), 0), count(*)
             FROM payments_bank_row WHERE transaction_id <> 0"""
    first, last, count = (int(number) for number in bulk.rows(ids)[0])
    return f"BETWEEN {first} AND {last}" if count * DENSE > last - first else "> 0"


def judge_rows(event: TransactionState) -> int:
    """Note the rows that cannot be applied; return how many say what is known already."""
    bulk.execute(f"""
        UPDATE payments_bank_row AS b SET problem = m.problem FROM payments_bank_match m
        WHERE m.position = b.position AND m.transaction_id = b.transaction_id AND b.event = '{event}' AND m.problem NOT IN ('', 'known')
        AND b.problem = ''""")
    return int(bulk.rows("SELECT count(*) FROM payments_bank_match WHERE problem = 'known'")[0][0])


def apply_rows(event: TransactionState, bank_file_id: int, reference: str) -> int:
    """Write the answers that apply, and move totals, budgets and the ledger with them."""
    applied = bulk.execute(f"""
        INSERT INTO payments_bankanswer (transaction_id, event, bank_file_id, booked_on, reason_code)
        SELECT transaction_id, '{event}', {bank_file_id}, booked_on, substr(reason, 1, 35) FROM payments_bank_match WHERE problem = ''
        ORDER BY transaction_id""")
    if not applied:
        return 0
    if event in (TransactionState.REJECTED, TransactionState.RETURNED):
        bulk.execute(f"""
            UPDATE payments_credittransfertransaction AS t SET state = '{event}', reason_code = substr(m.reason, 1, 24)
            FROM payments_bank_match m WHERE t.id = m.transaction_id AND m.problem = ''""")
    else:
        bulk.execute("""
            UPDATE payments_credittransfertransaction AS t SET state = 'instructed', reason_code = '' FROM payments_bank_match m
            WHERE t.id = m.transaction_id AND m.problem = '' AND m.raw_state = 'unanswered'""")
    _move_money(event, reference)
    return applied


def _move_money(event: TransactionState, reference: str) -> None:
    touched = [row[0] for row in bulk.rows("SELECT DISTINCT batch_id FROM payments_bank_match WHERE problem = ''")]
    days = [row[0] for row in bulk.rows("SELECT DISTINCT booked_on FROM payments_bank_match WHERE problem = '' ORDER BY 1")]
    by_state = "SELECT m.batch_id, m.benefit, m.district, m.state, m.amount_fen FROM payments_bank_match m WHERE m.problem = ''"
    moved = sums_of(by_state, [], touched)
    years = dict(PaymentInstruction.objects.filter(pk__in=touched).values_list("pk", "budget_year"))
    if event in ledger.MOVES:
        for day in days:
            of_day = f"{by_state} AND m.booked_on = {bulk.day_literal(_as_day(day))}"
            rows = moved if len(days) == 1 else sums_of(of_day, [], touched)
            detail = _detail(_as_day(day))
            for year in sorted(set(years.values())):
                ours = [row for row in rows if years[row[0]] == year]
                ledger.post_payments(event, reference, year, ours, detail, _as_day(day))
    if event in (TransactionState.REJECTED, TransactionState.RETURNED):
        for year in sorted(set(years.values())):
            give_back(year, envelopes_in([row for row in moved if years[row[0]] == year]))
    move_totals(moved, event)


def _as_day(day: date | str) -> date:
    """SQLite keeps days as texts."""
    return date.fromisoformat(day) if isinstance(day, str) else day


_DETAIL = pa.schema([("transaction_id", pa.int64()), ("amount_fen", pa.int64())])


def _detail(day: date) -> str:
    sql = f"""SELECT transaction_id, amount_fen FROM payments_bank_match WHERE problem = '' AND booked_on = {bulk.day_literal(day)}
              ORDER BY transaction_id"""
    table = bulk.read_table(sql, [], _DETAIL)
    return ledger.detail_hash(table["transaction_id"].to_numpy(), table["amount_fen"].to_numpy())


def listed(states: tuple[TransactionState, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)
