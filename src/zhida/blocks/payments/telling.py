"""What residents are told of their payments: the first of a benefit, and what did not arrive. Not each monthly one.

Written with what it tells of, in the same transaction; the notices block sends it afterwards (decision 0021).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.notices import api as notices
from zhida.blocks.payments import bulk
from zhida.blocks.payments.history import DAYS_BACK
from zhida.blocks.payments.models import BankFile, PaymentInstruction
from zhida.blocks.payments.rules import DAYS_TO_ACCOUNT, BatchState, reason_text
from zhida.kernel import clock
from zhida.kernel.calendar import working_days_after

# A benefit that comes less often than every month is looked for further back.
YEAR_BACK = 400

_FIRST = """
SELECT t.benefit, t.period_key, t.entity_no, t.payee_no, t.amount_fen, t.community FROM payments_credittransfertransaction t
WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s AND t.state = 'instructed' AND t.channel = 'bank' AND t.revision = 0 AND t.payee_no <> 0
AND NOT EXISTS (
    SELECT 1 FROM payments_credittransfertransaction e WHERE e.benefit = t.benefit AND e.entity_no = t.entity_no
    AND e.id < %s AND e.id >= CASE WHEN length(t.period_key) = 7 THEN %s ELSE %s END
)"""
_HELD = """
SELECT benefit, period_key, entity_no, payee_no, amount_fen, community FROM payments_credittransfertransaction
WHERE id BETWEEN %s AND %s AND batch_id = %s AND state = 'held' AND reason_code = 'no_account' AND payee_no <> 0"""
_CAME_BACK = """
SELECT t.id, t.benefit, t.period_key, t.payee_no, t.amount_fen, t.community, t.reason_code
FROM payments_bankanswer a JOIN payments_credittransfertransaction t ON t.id = a.transaction_id
WHERE a.bank_file_id = %s AND a.event IN ('rejected', 'returned') AND t.payee_no <> 0"""


def tell_released(batch: PaymentInstruction) -> int:
    """Tell whom a released batch pays a benefit for the first time, and whose money waits for an account. Returns how many notices are new.

    A city's very first payday tells nobody that a benefit begins: until then it was paid by somebody else.
    """
    span = [batch.first_id, batch.last_id, batch.pk]
    told = 0
    if recent := _first_id_since(batch, DAYS_BACK):
        far = _first_id_since(batch, YEAR_BACK) or recent
        day = working_days_after(clock.today(), DAYS_TO_ACCOUNT)
        told += notices.notify(SYSTEM, "payment_first", _first(bulk.rows(_FIRST, [*span, batch.first_id, recent, far]), day))
    if batch.held_count:
        told += notices.notify(SYSTEM, "payment_held_no_account", _held(bulk.rows(_HELD, span), batch.budget_year))
    return told


def _first_id_since(batch: PaymentInstruction, days: int) -> int | None:
    """Return the first payment of the batches that left in so many days before this one; None where none did."""
    left = PaymentInstruction.objects.filter(state__in=[BatchState.RELEASED, BatchState.SETTLED], last_id__lt=batch.first_id)
    left = left.filter(released_on__gte=clock.today() - timedelta(days=days))
    return left.order_by("first_id").values_list("first_id", flat=True).first()


def _first(rows: list[tuple[Any, ...]], day: date) -> Iterator[notices.Recipient]:
    for benefit, period, entity_no, payee_no, fen, community in rows:
        values = {"benefit": benefit, "amount": fen, "period": period, "day": day.isoformat()}
        yield notices.Recipient(f"first:{benefit}:{entity_no}", values, resident_no=payee_no, community=community)


def _held(rows: list[tuple[Any, ...]], year: int) -> Iterator[notices.Recipient]:
    """Once a year for a benefit: the same sentence each month would teach people not to read."""
    for benefit, period, entity_no, payee_no, fen, community in rows:
        values = {"benefit": benefit, "amount": fen, "period": period}
        yield notices.Recipient(f"no account:{benefit}:{entity_no}:{year}", values, resident_no=payee_no, community=community)


def tell_came_back(bank_file: BankFile) -> int:
    """Tell each resident whose payment a bank file brought back, and why. Returns how many notices are new."""
    return notices.notify(SYSTEM, "payment_returned", _came_back(bulk.rows(_CAME_BACK, [bank_file.pk])))


def _came_back(rows: list[tuple[Any, ...]]) -> Iterator[notices.Recipient]:
    for number, benefit, period, payee_no, fen, community, code in rows:
        why = reason_text(code or "MS03")
        assert why is not None
        values = {"benefit": benefit, "amount": fen, "period": period, "reason": {"zh": why.zh, "en": why.en}}
        yield notices.Recipient(f"payment:{number}", values, resident_no=payee_no, community=community)
