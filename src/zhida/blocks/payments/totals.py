"""Totals per batch, kept in step by the command that changes them, so that no page and no import scans a batch.

What counts is a payment's state as people see it: ``paid`` and ``accepted`` stand in BankAnswer, all other states in its row.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, Sum

from zhida.blocks.payments import bulk
from zhida.blocks.payments.models import PaymentInstruction, PaymentTotal
from zhida.blocks.payments.rules import BatchState, TransactionState
from zhida.blocks.payments.sharing import SHARE_COLUMNS, Envelopes, envelopes_of, share_columns, use_shares

# The state of a payment t as people see it.
STATE_SEEN = """CASE WHEN t.state <> 'instructed' THEN t.state
    WHEN EXISTS (SELECT 1 FROM payments_bankanswer a WHERE a.transaction_id = t.id AND a.event = 'paid') THEN 'paid'
    WHEN EXISTS (SELECT 1 FROM payments_bankanswer a WHERE a.transaction_id = t.id AND a.event = 'accepted') THEN 'accepted'
    ELSE 'instructed' END"""

_FEN = ", ".join(f"sum({column})" for column in SHARE_COLUMNS)
_SPLIT = f"""
SELECT s.batch_id, s.benefit, s.district, s.state, s.amount_fen, {share_columns("s.amount_fen")}
FROM ({{source}}) s JOIN payments_share h ON h.batch_id = s.batch_id AND h.benefit = s.benefit
"""
# batch_id, benefit, district, state, count, amount_fen, central_fen, province_fen, city_fen, district_fen
TotalRow = tuple[int, str, int, str, int, int, int, int, int, int]


def sums_of(source: str, parameters: Sequence[object], batch_ids: Sequence[int]) -> list[TotalRow]:
    """Add up rows of (batch_id, benefit, district, state, amount_fen), each split between the levels that bear it."""
    use_shares(batch_ids)
    rows = bulk.rows(
        f"""SELECT batch_id, benefit, district, state, count(*), sum(amount_fen), {_FEN}
            FROM ({_SPLIT.format(source=source)}) x GROUP BY batch_id, benefit, district, state ORDER BY 1, 2, 3, 4""",
        parameters,
    )
    return [(row[0], row[1], row[2], row[3], *(int(value) for value in row[4:])) for row in rows]


def envelopes_in(rows: Sequence[TotalRow]) -> Envelopes:
    """Add up by envelope what total rows take."""
    return envelopes_of((row[1], row[2], dict(zip(SHARE_COLUMNS, row[6:], strict=True))) for row in rows)


def recount(batch_id: int) -> None:
    """Count a batch anew and bring its row in step. Call it inside the transaction of the change, where few payments changed or many."""
    batch = PaymentInstruction.objects.get(pk=batch_id)
    source = f"""SELECT t.batch_id, t.benefit, t.district, {STATE_SEEN} AS state, t.amount_fen
                 FROM payments_credittransfertransaction t WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s"""
    write_totals(batch_id, sums_of(source, [batch.first_id, batch.last_id, batch_id], [batch_id]))


def write_totals(batch_id: int, rows: Sequence[TotalRow]) -> None:
    """Replace a batch's totals."""
    PaymentTotal.objects.filter(batch_id=batch_id).delete()
    _insert(rows)
    sum_up(batch_id)


def move_totals(rows: Sequence[TotalRow], state: str) -> None:
    """Take rows, counted in the state they had, out of it and into another."""
    for batch_id, benefit, district, before, *sums in rows:
        _add(batch_id, benefit, district, before, [-value for value in sums])
        _add(batch_id, benefit, district, state, sums)
    PaymentTotal.objects.filter(batch_id__in={row[0] for row in rows}, count=0).delete()
    for batch_id in sorted({row[0] for row in rows}):
        sum_up(batch_id)


def _add(batch_id: int, benefit: str, district: int, state: str, sums: Sequence[int]) -> None:
    columns = ("count", "amount_fen", *SHARE_COLUMNS)
    more = ", ".join(f"{column} = payments_paymenttotal.{column} + excluded.{column}" for column in columns)
    bulk.execute(
        f"""INSERT INTO payments_paymenttotal (batch_id, benefit, district, state, {", ".join(columns)})
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (batch_id, benefit, district, state) DO UPDATE SET {more}""",
        [batch_id, benefit, district, state, *sums],
    )


def _insert(rows: Sequence[TotalRow]) -> None:
    names = ("batch_id", "benefit", "district", "state", "count", "amount_fen", *SHARE_COLUMNS)
    PaymentTotal.objects.bulk_create([PaymentTotal(**dict(zip(names, row, strict=True))) for row in rows], batch_size=500)


def sum_up(batch_id: int) -> None:
    """Bring a batch's row in step with its totals.

    ``count`` and ``amount_fen`` are what the batch sends; they stand still once it is released, whatever the bank answers.
    """
    to_send, stopped = Q(state=TransactionState.INSTRUCTED), Q(state=TransactionState.HELD)
    sums = PaymentTotal.objects.filter(batch_id=batch_id).aggregate(
        sent=Sum("count", filter=to_send, default=0),
        sent_fen=Sum("amount_fen", filter=to_send, default=0),
        held=Sum("count", filter=stopped, default=0),
        stopped_fen=Sum("amount_fen", filter=stopped, default=0),
    )
    batch = PaymentInstruction.objects.filter(pk=batch_id)
    batch.update(held_count=sums["held"], held_fen=sums["stopped_fen"])
    batch.filter(state__in=[BatchState.PREPARED, BatchState.APPROVED]).update(count=sums["sent"], amount_fen=sums["sent_fen"])


def totals_in(batch_id: int, state: str) -> list[TotalRow]:
    """Return a batch's totals in one state, as rows that can be posted or moved."""
    names = ("batch_id", "benefit", "district", "state", "count", "amount_fen", *SHARE_COLUMNS)
    rows = PaymentTotal.objects.filter(batch_id=batch_id, state=state).order_by("benefit", "district")
    return list(rows.values_list(*names))
