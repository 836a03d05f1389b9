"""Second signatures: how many a batch needs, who gave them, and what its checkers look at before."""

from __future__ import annotations

import random

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.payments.errors import AlreadySigned, MakerIsChecker, SampleDoubtful, SampleNotSeen
from zhida.blocks.payments.models import ApprovalLimit, BatchApproval, CreditTransferTransaction, PaymentInstruction, SampledPayment
from zhida.blocks.payments.rules import Risk, TransactionState, checkers_needed
from zhida.kernel import clock

# Looked at in every batch: so many drawn by chance, and so many of each kind of risk.
RANDOM_SAMPLE = 10
RISK_SAMPLE = 4


def needed_checkers(amount_fen: int) -> int:
    """Return how many checkers a batch of this sum needs."""
    return checkers_needed(amount_fen, list(ApprovalLimit.objects.values_list("from_fen", "checkers")))


def sign(viewer: Viewer, batch: PaymentInstruction) -> int:
    """Put a checker's signature under a batch; return how many it has. Raises: MakerIsChecker, AlreadySigned."""
    if batch.prepared_by == viewer.account:
        raise MakerIsChecker(batch.pk, viewer.account)
    if BatchApproval.objects.filter(batch=batch, account=viewer.account).exists():
        raise AlreadySigned(batch.pk, viewer.account, batch.needed_checkers)
    BatchApproval.objects.create(batch=batch, account=viewer.account, approved_at=clock.now())
    return BatchApproval.objects.filter(batch=batch).count()


def draw_sample(batch: PaymentInstruction) -> None:
    """Draw what the checkers look at: some by chance, and of each risk those with the highest amounts. Drawn once, by the batch's number."""
    dice = random.Random(batch.pk)
    drawn: dict[int, SampledPayment] = {}
    for flag in (Risk.OVER_100, Risk.SHARED_ACCOUNT, Risk.BIG_CHANGE, Risk.DIFFERENCE, Risk.NEW_PAYEE):
        if batch.risk_counts.get(str(flag.name).lower()):
            for row in _riskiest(batch, flag):
                drawn.setdefault(row.pk, SampledPayment(batch=batch, transaction_id=row.pk, kind="risk", risk=row.risk))
    span = range(batch.first_id, batch.last_id + 1)
    wanted = dice.sample(span, min(len(span), 4 * RANDOM_SAMPLE))
    found = CreditTransferTransaction.objects.filter(pk__in=wanted, state=TransactionState.INSTRUCTED, batch=batch).in_bulk()
    for number in [number for number in wanted if number in found][:RANDOM_SAMPLE]:
        drawn.setdefault(number, SampledPayment(batch=batch, transaction_id=number, kind="random", risk=found[number].risk))
    SampledPayment.objects.bulk_create(drawn[number] for number in sorted(drawn))


def _riskiest(batch: PaymentInstruction, flag: Risk) -> list[CreditTransferTransaction]:
    rows = CreditTransferTransaction.objects.filter(pk__gte=batch.first_id, pk__lte=batch.last_id, batch=batch)
    rows = rows.filter(state=TransactionState.INSTRUCTED).extra(where=["risk & %s > 0"], params=[int(flag)])
    return list(rows.order_by("-amount_fen", "id")[:RISK_SAMPLE])


def require_sample_seen(batch: PaymentInstruction) -> None:
    """Refuse an approval while a payment of the sample was not looked at, or is in doubt. Raises: SampleNotSeen, SampleDoubtful."""
    sampled = SampledPayment.objects.filter(batch=batch)
    if unseen := sampled.filter(seen_by="").count():
        raise SampleNotSeen(batch.pk, unseen)
    if doubtful := sampled.filter(verdict="doubtful").count():
        raise SampleDoubtful(batch.pk, doubtful)


def look_at(viewer: Viewer, batch_id: int, transaction_ids: list[int] | None = None, verdict: str = "good", note: str = "") -> int:
    """Note that a checker has looked at payments of the sample (all of them when none is named), and what was found; return how many.

    verdict: good or doubtful. Raises: PermissionMissing.
    """
    access.require(viewer, "payments.sample")
    rows = SampledPayment.objects.filter(batch_id=batch_id)
    rows = rows.filter(transaction_id__in=transaction_ids) if transaction_ids is not None else rows.filter(seen_by="")
    access.record_access(viewer, access.Purpose.PAYMENT, "payments.sample", f"batch {batch_id}")
    return rows.update(seen_by=viewer.account, seen_at=clock.now(), verdict=verdict, note=note[:300])
