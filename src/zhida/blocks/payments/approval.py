"""Second signatures: how many a batch needs, who gave them, and what its checkers look at before."""

from __future__ import annotations

import random

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.payments.errors import AlreadySigned, DoubtWithoutNote, LimitsDoNotFit, MakerIsChecker, SampleDoubtful, SampleNotSeen
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import ApprovalLimit, BatchApproval, CreditTransferTransaction, PaymentInstruction, SampledPayment
from zhida.blocks.payments.rules import BatchState, Risk, TransactionState, checkers_needed, limits_problem
from zhida.kernel import clock

# Looked at in every batch: so many drawn by chance, and so many of each kind of risk.
RANDOM_SAMPLE = 10
RISK_SAMPLE = 4


def needed_checkers(amount_fen: int) -> int:
    """Return how many checkers a batch of this sum needs."""
    return checkers_needed(amount_fen, approval_limits())


def approval_limits() -> list[tuple[int, int]]:
    """List from how many fen on a batch needs how many checkers, the smallest sum first."""
    return list(ApprovalLimit.objects.order_by("from_fen").values_list("from_fen", "checkers"))


def set_approval_limits(viewer: Viewer, limits: list[tuple[int, int]]) -> None:
    """Replace the limits: (from fen, checkers). Batches that are prepared already keep what they were told.

    Raises: LimitsDoNotFit, PermissionMissing.
    """
    if viewer != access.SYSTEM:
        access.require(viewer, "payments.settings")
    if problem := limits_problem(limits):
        raise LimitsDoNotFit(problem)
    with one_command():
        ApprovalLimit.objects.all().delete()
        ApprovalLimit.objects.bulk_create(ApprovalLimit(from_fen=from_fen, checkers=checkers) for from_fen, checkers in sorted(limits))
        access.record_access(
            viewer, access.Purpose.PAYMENT, "payments.limits", " ".join(f"{fen}:{count}" for fen, count in sorted(limits))[:120]
        )


def approvals(viewer: Viewer, batch_id: int) -> list[BatchApproval]:
    """List the signatures under a batch, the first one first."""
    if viewer != access.SYSTEM:
        access.require(viewer, "payments.view")
    return list(BatchApproval.objects.filter(batch_id=batch_id))


def may_sign(viewer: Viewer, batch: PaymentInstruction) -> bool:
    """Say whether a signature of this viewer would count under a batch now: its own, or one for an officer who delegated it."""
    if batch.state != BatchState.PREPARED or batch.prepared_by == viewer.account or not access.purpose_of(viewer, "payments.approve"):
        return False
    signed = list(BatchApproval.objects.filter(batch=batch))
    return viewer.account not in {row.account for row in signed} and _power_of(viewer, batch, signed) is not None


def sign(viewer: Viewer, batch: PaymentInstruction) -> int:
    """Put a checker's signature under a batch; return how many it has.

    One power signs once: who delegated it and who signs for them count together. The maker signs neither for itself nor for another,
    and nobody signs for the maker.

    Raises: MakerIsChecker, AlreadySigned.
    """
    if batch.prepared_by == viewer.account:
        raise MakerIsChecker(batch.pk, viewer.account)
    signed = list(BatchApproval.objects.filter(batch=batch))
    power = _power_of(viewer, batch, signed)
    if power is None or viewer.account in {row.account for row in signed}:
        raise AlreadySigned(batch.pk, viewer.account, batch.needed_checkers)
    on_behalf_of = power if power != viewer.account else ""
    BatchApproval.objects.create(batch=batch, account=viewer.account, on_behalf_of=on_behalf_of, approved_at=clock.now())
    if on_behalf_of:
        access.record_access(viewer, access.Purpose.PAYMENT, "payments.sign_for", f"batch {batch.pk} for {on_behalf_of}"[:120])
    return len(signed) + 1


def _power_of(viewer: Viewer, batch: PaymentInstruction, signed: list[BatchApproval]) -> str | None:
    """Return whose power to sign a viewer would use: its own, or the first delegated one that is not used up. None: all are."""
    used = {row.on_behalf_of or row.account for row in signed}
    holds_it = access.own_purpose(viewer, "payments.approve") is not None
    powers = [viewer.account] if holds_it else access.delegators(viewer, "payments.approve")
    return next((power for power in powers if power not in used and power != batch.prepared_by), None)


def draw_sample(batch: PaymentInstruction) -> None:
    """Draw what the checkers look at: some by chance, and of each risk the highest amounts. Drawn once, by the batch's number."""
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
    """Note what a checker found on looking at payments of the sample (at all not yet looked at, when none is named); return how many.

    verdict: good or doubtful; a doubt needs a note. A batch that is no longer prepared keeps what was said of it.

    Raises: DoubtWithoutNote, MakerIsChecker, PermissionMissing.
    """
    access.require(viewer, "payments.sample")
    if verdict == "doubtful" and not note.strip():
        raise DoubtWithoutNote(batch_id)
    if PaymentInstruction.objects.filter(pk=batch_id, prepared_by=viewer.account).exists():
        raise MakerIsChecker(batch_id, viewer.account)
    rows = SampledPayment.objects.filter(batch_id__in=PaymentInstruction.objects.filter(pk=batch_id, state=BatchState.PREPARED))
    rows = rows.filter(transaction_id__in=transaction_ids) if transaction_ids is not None else rows.filter(seen_by="")
    access.record_access(viewer, access.Purpose.PAYMENT, "payments.sample", f"batch {batch_id}")
    return rows.update(seen_by=viewer.account, seen_at=clock.now(), verdict=verdict, note=note.strip()[:300])


def sample_progress(batch_id: int) -> tuple[int, int, int]:
    """Return how many payments of a batch's sample were drawn, were not looked at yet, and are in doubt."""
    verdicts = list(SampledPayment.objects.filter(batch_id=batch_id).values_list("seen_by", "verdict"))
    return len(verdicts), sum(not seen_by for seen_by, _ in verdicts), sum(verdict == "doubtful" for _, verdict in verdicts)
