"""Reads of overpayments: an officer's of its area, a resident's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Greatest

from zhida.blocks.access import api as access
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts
from zhida.blocks.payments.models import CreditTransferTransaction, Deduction, Overpayment, PaymentInstruction, RecoveryStep, Repayment
from zhida.blocks.payments.recovering import require_debt
from zhida.blocks.payments.recovery_errors import OverpaymentUnknown
from zhida.blocks.payments.recovery_rules import MAY_HAPPEN, SETTLED, DebtLine, DebtPreview, RecoveryEvent, kept_back
from zhida.blocks.payments.rules import CLOSED, BatchState, OverpaymentState
from zhida.kernel import clock

PAGE_ROWS = 50
# Days since an overpayment was found: up to 30, 90, 365 and more.
AGES = ((30, "0–30"), (90, "31–90"), (365, "91–365"), (None, "> 365"))
_OPEN = Greatest(F("instructed_fen") - F("decided_fen") - F("recovered_fen") - F("waived_fen"), 0)


def overpayments(
    viewer: access.Viewer, purpose: access.Purpose, page: int | None = 1, state: str = "", words: str = ""
) -> list[Overpayment]:
    """List what stands overpaid in the viewer's area, largest sums first, ``PAGE_ROWS`` to a page; all of it where page is None.

    state: one of OverpaymentState, or ``open`` for all that are not settled. words: benefit, period, number of a payee or overpayment.
    """
    rows = _asked(viewer, state, words).order_by(F("decided_fen") - F("instructed_fen"), "id")
    access.record_access(viewer, purpose, "payments.overpayments", f"area {viewer.area_code}")
    return list(rows if page is None else rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def count_overpayments(viewer: access.Viewer, state: str = "", words: str = "") -> int:
    """Count what ``overpayments`` lists."""
    return _asked(viewer, state, words).count()


def _asked(viewer: access.Viewer, state: str, words: str) -> QuerySet[Overpayment]:
    rows = Overpayment.objects.all()
    if viewer.role != "system":
        first, end = viewer.community_span if viewer.role != "resident" else (0, 0)
        rows = rows.filter(community__gte=first, community__lt=end)
    if state == "open":
        rows = rows.exclude(state__in=SETTLED)
    elif state:
        rows = rows.filter(state=state)
    for word in words.split():
        named = Q(benefit__icontains=word) | Q(period_key__startswith=word) | Q(payee_key=word) | Q(debtor_key=word)
        rows = rows.filter(named | Q(pk=int(word)) if word.isdigit() and len(word) < 18 else named)
    return rows


@dataclass(frozen=True)
class AgeSum:
    """What is open of a span of ages. label: days since it was found."""

    label: str
    count: int
    open_fen: int


def overpayment_ages(viewer: access.Viewer) -> list[AgeSum]:
    """Count and add up what is open in the viewer's area, by days since it was found."""
    today, told, least = clock.today(), [], 0
    rows = list(_asked(viewer, "open", "").values_list("found_on").annotate(open_fen=Sum(_OPEN), rows=Count("pk")))
    for most, label in AGES:
        ours = [row for row in rows if least <= (today - row[0]).days and (most is None or (today - row[0]).days <= most)]
        told.append(AgeSum(label, sum(row[2] for row in ours), sum(row[1] for row in ours)))
        least = (most or 0) + 1
    return told


@dataclass(frozen=True)
class OverpaymentFile:
    """Everything about one overpayment: its steps, what was kept back of which payments, what was paid back, and what may be done now."""

    debt: Overpayment
    steps: list[RecoveryStep]
    deductions: list[tuple[Deduction, CreditTransferTransaction]]
    repayments: list[Repayment]
    preview: list[DebtPreview]
    payee_has_died: bool
    may: frozenset[RecoveryEvent]


def overpayment(viewer: access.Viewer, purpose: access.Purpose, overpayment_id: int, facts: PayeeFacts | None = None) -> OverpaymentFile:
    """Return one overpayment with all that belongs to it.

    Raises: OverpaymentUnknown, NotYours.
    """
    debt = Overpayment.objects.filter(pk=overpayment_id).first()
    if debt is None:
        raise OverpaymentUnknown(overpayment_id)
    require_debt(viewer, debt)
    access.record_access(viewer, purpose, "payments.overpayment", f"overpayment {debt.pk}")
    kept = list(debt.deductions.exclude(state="undone").order_by("id"))
    paid = CreditTransferTransaction.objects.in_bulk([row.transaction_id for row in kept])
    dead = {str(number) for number in (facts or RecordedFacts()).died().tolist()}
    return OverpaymentFile(
        debt=debt,
        steps=list(debt.steps.all()),
        deductions=[(row, paid[row.transaction_id]) for row in kept],
        repayments=list(debt.repayments.order_by("id")),
        preview=recovery_preview(debt),
        payee_has_died=debt.payee_key in dead,
        may=frozenset(event for event, states in MAY_HAPPEN.items() if debt.state in states),
    )


def recovery_preview(debt: Overpayment, limit_bp: int | None = None, instalment_fen: int | None = None) -> list[DebtPreview]:
    """Say what each of the debtor's regular payments would keep back, if all came again as they last did."""
    limit = limit_bp if limit_bp is not None else debt.limit_bp
    instalment = instalment_fen if instalment_fen is not None else debt.instalment_fen
    available = min(debt.open_fen, instalment) if instalment else debt.open_fen
    told = []
    for benefit, entity_no, period_key, gross_fen in _last_payments(debt.debtor_key):
        kept = kept_back(gross_fen, limit, available)
        available -= kept
        told.append(DebtPreview(benefit, entity_no, period_key, gross_fen, kept))
    return told


def _last_payments(payee_key: str) -> list[tuple[str, int, str, int]]:
    """List benefit, entity, period and gross fen of the debtor's newest payment of each regular benefit."""
    if not payee_key.isdigit():
        return []
    rows = (
        CreditTransferTransaction.objects.filter(payee_no=int(payee_key)).exclude(state__in=CLOSED).exclude(period_key__startswith="once:")
    )
    sums: dict[tuple[str, int], dict[str, int]] = {}
    for benefit, entity_no, period, amount, deducted in rows.values_list(
        "benefit", "entity_no", "period_key", "amount_fen", "deducted_fen"
    ):
        periods = sums.setdefault((benefit, entity_no), {})
        periods[period] = periods.get(period, 0) + amount + deducted
    return [(*key, max(periods), periods[max(periods)]) for key, periods in sorted(sums.items())]


def debts_of(viewer: access.Viewer, purpose: access.Purpose, resident_no: int) -> list[DebtLine]:
    """List what a resident is asked to give back, the newest first; not what no officer has looked at yet.

    Raises: NotYours.
    """
    access.require_resident(viewer, resident_no, 0 if viewer.role == "resident" else viewer.area_code)
    rows = Overpayment.objects.filter(debtor_key=str(resident_no)).order_by("-id")
    rows = rows.exclude(Q(state=OverpaymentState.FOUND), Q(steps__isnull=True)).distinct()
    access.record_access(viewer, purpose, "payments.debts", f"resident {resident_no}")
    return [
        DebtLine(
            overpayment_id=row.pk, benefit=row.benefit, period_key=row.period_key, entity_no=row.entity_no, state=row.state,
            amount_fen=row.amount_fen, recovered_fen=row.recovered_fen, open_fen=row.open_fen, limit_bp=row.limit_bp,
            instalment_fen=row.instalment_fen, objection_until=row.objection_until,
            may_object=row.state in MAY_HAPPEN[RecoveryEvent.OBJECTED] and bool(row.open_fen),
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class KeptBack:
    """What was kept back of one payment for one debt."""

    transaction_id: int
    overpayment_id: int
    benefit: str
    period_key: str
    amount_fen: int
    left_fen: int


def kept_back_of(viewer: access.Viewer, transaction_ids: Iterable[int]) -> dict[int, list[KeptBack]]:
    """Return, for each payment the viewer has just read, what was kept back of it and for what, where the viewer may see the debt."""
    found: dict[int, list[KeptBack]] = {number: [] for number in transaction_ids}
    rows = Deduction.objects.filter(transaction_id__in=list(found)).exclude(state="undone").select_related("overpayment")
    for row in rows.order_by("id"):
        debt = row.overpayment
        try:
            require_debt(viewer, debt)
        except access.NotYours:
            continue
        told = KeptBack(row.transaction_id, debt.pk, debt.benefit, debt.period_key, row.amount_fen, debt.open_fen)
        found[row.transaction_id].append(told)
    return found


def paid_runs() -> dict[str, int]:
    """Return, by month, the newest run that payments have compared with: whose batch was made, or whose overpayments were found."""
    left = PaymentInstruction.objects.exclude(state__in=[BatchState.REFUSED, BatchState.CANCELLED]).filter(run_id__isnull=False)
    newest = {month: run_id for month, run_id in left.order_by("run_id").values_list("month", "run_id")}
    for month, run_id in Overpayment.objects.filter(run_id__isnull=False, period_key__in=newest).values_list("period_key", "run_id"):
        newest[month] = max(newest[month], run_id)
    return newest
