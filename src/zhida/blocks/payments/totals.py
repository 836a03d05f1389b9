"""Totals per batch, counted once by the command that changed them, so that no page scans payments."""

from __future__ import annotations

from django.db.models import Q, Sum

from zhida.blocks.payments import bulk
from zhida.blocks.payments.models import PaymentInstruction, PaymentTotal
from zhida.blocks.payments.rules import BatchState, TransactionState

_COUNT = """
INSERT INTO payments_paymenttotal (batch_id, benefit, district, state, count, amount_fen)
SELECT batch_id, benefit, district, state, count(*), sum(amount_fen)
FROM payments_credittransfertransaction WHERE batch_id = %s GROUP BY batch_id, benefit, district, state
"""


def recount(batch_id: int) -> None:
    """Count a batch again and bring its row in step. Call it inside the transaction of the change.

    ``count`` and ``amount_fen`` are what the batch sends; they stand still once it is released, whatever the bank answers.
    """
    PaymentTotal.objects.filter(batch_id=batch_id).delete()
    bulk.execute(_COUNT, [batch_id])
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


def sums_to_send(batch_id: int) -> list[tuple[str, int]]:
    """Return what a batch that was not sent yet pays per benefit, in whole fen."""
    rows = PaymentTotal.objects.filter(batch_id=batch_id, state=TransactionState.INSTRUCTED)
    return list(rows.values_list("benefit").annotate(Sum("amount_fen")).order_by("benefit"))
