"""Reads of payments. Whoever asks for payees gives a viewer and a purpose, and sees only its own area."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from django.db.models import F, Q, QuerySet, Sum

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.commands import batch_row, may
from zhida.blocks.payments.models import (
    BankFile,
    BankFileProblem,
    BudgetEnvelope,
    CreditTransferTransaction,
    LedgerAccount,
    LedgerEntry,
    Overpayment,
    PaymentInstruction,
    PaymentTotal,
)
from zhida.blocks.payments.rules import (
    CLOSED,
    STUCK,
    BatchState,
    PaymentLine,
    TotalsRow,
    TrialBalanceRow,
    expected_on,
    reason_text,
    state_text,
)
from zhida.kernel.text import Text

PAGE_ROWS = 50
_CONFIRMED = pa.schema([("benefit", pa.string()), ("period_key", pa.string()), ("entity_no", pa.int64()), ("amount_fen", pa.int64())])
# A risk sample looks at so many payments drawn by chance, never at the whole batch: a batch may hold millions.
RISK_POOL = 400
RISKY_TIMES = 1.5


def batches(viewer: access.Viewer, month: str | None = None) -> list[PaymentInstruction]:
    """List batches, the newest first."""
    may(viewer, "payments.view")
    rows = PaymentInstruction.objects.order_by("-id")
    return list(rows.filter(month=month) if month else rows)


def batch(viewer: access.Viewer, batch_id: int) -> PaymentInstruction:
    """Return one batch.

    Raises: BatchUnknown, PermissionMissing.
    """
    may(viewer, "payments.view")
    return batch_row(batch_id)


def totals_by(*fields: str, batch_id: int | None = None, month: str | None = None) -> list[TotalsRow]:
    """Count and add up payments by ``batch``, ``month``, ``benefit``, ``district`` or ``state``; refused batches are not in it."""
    names = {"batch": "batch_id", "month": "batch__month"}
    keys = [names.get(name, name) for name in fields]
    rows = PaymentTotal.objects.exclude(batch__state=BatchState.REFUSED)
    rows = rows.filter(batch_id=batch_id) if batch_id is not None else rows
    rows = rows.filter(batch__month=month) if month else rows
    summed = rows.values(*keys).annotate(rows=Sum("count"), fen=Sum("amount_fen")).order_by(*keys)
    return [TotalsRow(tuple(row[key] for key in keys), row["rows"], row["fen"]) for row in summed]


def confirmed_payments(period_keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield what the bank confirmed for some periods and of all one-offs, for counting: benefit, period_key, entity_no, amount_fen."""
    columns = ", ".join(_CONFIRMED.names)
    marks = ", ".join(["%s"] * len(period_keys))
    sql = f"""SELECT {columns} FROM payments_credittransfertransaction
              WHERE state = 'paid' AND (period_key IN ({marks}) OR period_key LIKE 'once:%%')"""
    return bulk.read_batches(sql, list(period_keys), _CONFIRMED)


def transactions(
    viewer: access.Viewer, purpose: access.Purpose, batch_id: int | None = None, state: str | None = None, page: int = 1
) -> list[CreditTransferTransaction]:
    """List payments in the viewer's area, ``PAGE_ROWS`` to a page, counted from 1."""
    rows = _in_area(viewer, CreditTransferTransaction.objects.order_by("id"))
    rows = rows.filter(batch_id=batch_id) if batch_id is not None else rows
    rows = rows.filter(state=state) if state else rows
    access.record_access(viewer, purpose, "payments.transactions", f"batch {batch_id}" if batch_id is not None else "all batches")
    return list(rows.select_related("batch")[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def sample(viewer: access.Viewer, batch_id: int, n: int = 20, seed: int = 1) -> list[CreditTransferTransaction]:
    """Draw payments of a batch for a checker to look at: the same seed draws the same ones."""
    may(viewer, "payments.view")
    drawn = _drawn(batch_id, n, seed)
    access.record_access(viewer, access.Purpose.PAYMENT, "payments.sample", f"batch {batch_id}")
    return drawn


def risk_sample(viewer: access.Viewer, batch_id: int, n: int = 10, seed: int = 1) -> list[tuple[CreditTransferTransaction, Text]]:
    """Of ``RISK_POOL`` payments drawn by chance return those that most deserve a look, each with why.

    First differences to a period that was paid before, then amounts that lie furthest above the average of their benefit.
    """
    may(viewer, "payments.view")
    totals = totals_by("benefit", batch_id=batch_id)
    average = {str(row.key[0]): row.amount_fen / row.count for row in totals if row.count}
    rated = [(row, row.amount_fen / average.get(row.benefit, row.amount_fen)) for row in _drawn(batch_id, RISK_POOL, seed)]
    risky = [(row, times) for row, times in rated if row.revision or times >= RISKY_TIMES]
    risky.sort(key=lambda pair: (-bool(pair[0].revision), -pair[1], pair[0].pk))
    access.record_access(viewer, access.Purpose.PAYMENT, "payments.sample", f"batch {batch_id}")
    return [(row, _why_risky(row, times)) for row, times in risky[:n]]


def _why_risky(row: CreditTransferTransaction, times: float) -> Text:
    if row.revision:
        return Text("这个周期已经发过，这是差额或补发", "This period was paid before: a difference, or sent again")
    return Text(f"是本批次这项待遇平均金额的 {times:.1f} 倍", f"{times:.1f} times the average of this benefit in the batch")


def _drawn(batch_id: int, n: int, seed: int) -> list[CreditTransferTransaction]:
    rows = CreditTransferTransaction.objects.filter(batch_id=batch_id, state="instructed")
    first, last = rows.order_by("id").values_list("id", flat=True).first(), rows.order_by("-id").values_list("id", flat=True).first()
    return [] if first is None or last is None else _draw(rows, first, last, n, random.Random(seed))


def _draw(rows: QuerySet, first: int, last: int, n: int, dice: random.Random) -> list[CreditTransferTransaction]:
    """Draw by number: a batch is one span of numbers with few gaps, so no page needs to count millions."""
    if last - first < 4 * n:
        numbers = sorted(rows.values_list("id", flat=True))
        return list(rows.filter(pk__in=dice.sample(numbers, min(n, len(numbers)))).order_by("id"))
    drawn: dict[int, CreditTransferTransaction] = {}
    for _ in range(20):
        wanted = dice.sample(range(first, last + 1), 2 * n)
        found = {row.pk: row for row in rows.filter(pk__in=wanted)}
        drawn |= {number: found[number] for number in wanted if number in found}
        if len(drawn) >= n:
            break
    return sorted(list(drawn.values())[:n], key=lambda row: row.pk)


def returns(viewer: access.Viewer, purpose: access.Purpose, page: int = 1) -> list[CreditTransferTransaction]:
    """List what is stuck in the viewer's area: held, rejected or returned, the oldest first. Each has ``reason_text``."""
    rows = _in_area(viewer, CreditTransferTransaction.objects.filter(state__in=STUCK).order_by("id"))
    access.record_access(viewer, purpose, "payments.returns", f"area {viewer.area_code}")
    return list(rows.select_related("batch")[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def count_returns(viewer: access.Viewer) -> int:
    """Count what ``returns`` lists."""
    return _in_area(viewer, CreditTransferTransaction.objects.filter(state__in=STUCK)).count()


def _in_area(viewer: access.Viewer, rows: QuerySet) -> QuerySet:
    """Leave only the rows of the viewer's area; none for a resident or an account that is bound to no area."""
    if viewer.role == "resident" or not viewer.area_prefix:
        return rows.none()
    first, end = viewer.community_span
    return rows.filter(community__gte=first, community__lt=end)


def payments_of(
    viewer: access.Viewer, purpose: access.Purpose, resident_nos: Iterable[int] = (), household_no: int | None = None
) -> list[PaymentLine]:
    """List the payments to residents, or for a household, the newest period first.

    The caller has made sure that the viewer may see these people (access.require_resident); an officer's area is applied here again.
    """
    who = Q(payee_no__in=list(resident_nos))
    who = who | Q(household_no=household_no) if household_no is not None else who
    rows = CreditTransferTransaction.objects.filter(who).exclude(state__in=CLOSED).select_related("batch")
    if viewer.role != "resident":
        rows = _in_area(viewer, rows)
    return [_line(row) for row in rows.order_by("-period_key", "benefit", "revision")]


def _line(row: CreditTransferTransaction) -> PaymentLine:
    released_on = row.batch.released_on
    return PaymentLine(
        transaction_id=row.pk,
        batch_id=row.batch_id,
        benefit=row.benefit,
        period_key=row.period_key,
        entity_no=row.entity_no,
        payee_no=row.payee_no,
        amount_fen=row.amount_fen,
        revision=row.revision,
        state=row.state,
        state_text=state_text(row.state, row.batch.state),
        instructed_on=released_on if row.state != "held" else None,
        settled_on=row.settled_on,
        expected_on=expected_on(row.state, released_on),
        reason=reason_text(row.reason_code),
    )


def budgets(viewer: access.Viewer, year: int | None = None) -> list[BudgetEnvelope]:
    """List envelopes with what is committed and what is left."""
    may(viewer, "payments.view")
    rows = BudgetEnvelope.objects.order_by("year", "benefit")
    return list(rows.filter(year=year) if year else rows)


def overpayments(viewer: access.Viewer, purpose: access.Purpose, page: int = 1) -> list[Overpayment]:
    """List what stands overpaid in the viewer's area, largest sums first."""
    rows = _in_area(viewer, Overpayment.objects.order_by(F("decided_fen") - F("instructed_fen"), "id"))
    access.record_access(viewer, purpose, "payments.overpayments", f"area {viewer.area_code}")
    return list(rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def bank_files(viewer: access.Viewer) -> list[BankFile]:
    """List the bank's files, the newest first."""
    may(viewer, "payments.view")
    return list(BankFile.objects.order_by("-id"))


def bank_file_problems(viewer: access.Viewer, bank_file_id: int | None = None) -> list[BankFileProblem]:
    """List rows of bank files that could not be applied; ``rules.PROBLEMS`` says what to do."""
    may(viewer, "payments.view")
    rows = BankFileProblem.objects.select_related("bank_file")
    return list(rows.filter(bank_file_id=bank_file_id) if bank_file_id else rows)


def trial_balance() -> list[TrialBalanceRow]:
    """Return debits and credits of every ledger account, over all postings. The sums of both are equal."""
    debits = dict(LedgerEntry.objects.values_list("debit_account").annotate(Sum("amount_fen")).order_by())
    credits = dict(LedgerEntry.objects.values_list("credit_account").annotate(Sum("amount_fen")).order_by())
    accounts = LedgerAccount.objects.order_by("kind", "benefit", "year")
    return [TrialBalanceRow(a.kind, a.benefit, a.year, int(debits.get(a.pk, 0)), int(credits.get(a.pk, 0))) for a in accounts]
