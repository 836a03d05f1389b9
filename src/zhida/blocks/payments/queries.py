"""Reads of payments. Whoever asks for payees gives a viewer and a purpose, and sees only its own area."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.commands import batch_row, may, staged_files
from zhida.blocks.payments.models import (
    BankAnswer,
    BankFile,
    BankFileProblem,
    BudgetEnvelope,
    CreditTransferTransaction,
    LedgerAccount,
    LedgerEntry,
    PaymentFile,
    PaymentInstruction,
    PaymentTotal,
    SampledPayment,
)
from zhida.blocks.payments.rules import (
    CLOSED,
    ON_THE_WAY,
    RISK_TEXT,
    WORK_LIST,
    BatchState,
    PaymentLine,
    Risk,
    TotalsRow,
    TransactionState,
    TrialBalanceRow,
    expected_on,
    reason_text,
    state_text,
)
from zhida.blocks.payments.sharing import SHARE_COLUMNS, envelopes_of
from zhida.kernel.period import Month
from zhida.kernel.text import Text

PAGE_ROWS = 50
_CONFIRMED = pa.schema([("benefit", pa.string()), ("period_key", pa.string()), ("entity_no", pa.int64()), ("amount_fen", pa.int64())])


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
    """Count and add up payments by ``batch``, ``month``, ``benefit``, ``district`` or ``state``, without refused and cancelled batches."""
    names = {"batch": "batch_id", "month": "batch__month"}
    keys = [names.get(name, name) for name in fields]
    rows = PaymentTotal.objects.exclude(batch__state__in=[BatchState.REFUSED, BatchState.CANCELLED])
    rows = rows.filter(batch_id=batch_id) if batch_id is not None else rows
    rows = rows.filter(batch__month=month) if month else rows
    summed = rows.values(*keys).annotate(rows=Sum("count"), fen=Sum("amount_fen")).order_by(*keys)
    return [TotalsRow(tuple(row[key] for key in keys), row["rows"], row["fen"]) for row in summed]


def split_by_level(viewer: access.Viewer, batch_id: int) -> list[tuple[str, tuple[int, int, int, int]]]:
    """List who bears the payments of a batch that stand: benefit, and fen of central, province, city and district."""
    may(viewer, "payments.view")
    rows = PaymentTotal.objects.filter(batch_id=batch_id).exclude(state__in=[TransactionState.HELD, *CLOSED])
    summed = rows.values_list("benefit").annotate(*(Sum(column) for column in SHARE_COLUMNS)).order_by("benefit")
    return [(row[0], (row[1], row[2], row[3], row[4])) for row in summed]


def committed_by_month(viewer: access.Viewer, year: int) -> dict[tuple[str, str, int], dict[int, int]]:
    """Add up what a year's envelopes (benefit, level, area) have given out, by the month that was decided: {1 to 12: fen}.

    What came back is not in it: it is in the envelope again.
    """
    may(viewer, "payments.view")
    rows = PaymentTotal.objects.filter(
        batch__budget_year=year,
        batch__state__in=[BatchState.APPROVED, BatchState.RELEASED, BatchState.SETTLED],
        state__in=[*ON_THE_WAY, TransactionState.PAID],
    )
    summed = rows.values_list("benefit", "district", "batch__month").annotate(*(Sum(name) for name in SHARE_COLUMNS)).order_by()
    found: dict[tuple[str, str, int], dict[int, int]] = {}
    for benefit, district, month_key, *parts in summed:
        month = Month.parse(month_key).month
        for key, fen in envelopes_of([(benefit, district, dict(zip(SHARE_COLUMNS, parts, strict=True)))]).items():
            months = found.setdefault(key, {})
            months[month] = months.get(month, 0) + fen
    return found


def files_to_put_out(viewer: access.Viewer, batch_id: int) -> int:
    """Count files of a released batch that were written but not put out: releasing again does that."""
    may(viewer, "payments.view")
    return len(staged_files(batch_row(batch_id)))


def confirmed_payments(period_keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield what the bank confirmed for some periods and of all one-offs, for counting: benefit, period_key, entity_no, amount_fen."""
    columns = ", ".join(_CONFIRMED.names)
    marks = ", ".join(["%s"] * len(period_keys))
    sql = f"""SELECT {columns} FROM payments_credittransfertransaction t
              WHERE state = 'instructed' AND EXISTS (SELECT 1 FROM payments_bankanswer a WHERE a.transaction_id = t.id AND a.event = 'paid')
              AND (period_key IN ({marks}) OR period_key LIKE 'once:%%')"""
    return bulk.read_batches(sql, list(period_keys), _CONFIRMED)


def transactions(
    viewer: access.Viewer, purpose: access.Purpose, batch_id: int | None = None, state: str | None = None, page: int = 1
) -> list[CreditTransferTransaction]:
    """List payments in the viewer's area, ``PAGE_ROWS`` to a page, counted from 1."""
    rows = _in_area(viewer, CreditTransferTransaction.objects.order_by("id"))
    rows = _of_batch(rows, batch_id) if batch_id is not None else rows
    rows = _with_state(rows).filter(state_seen=state) if state else rows
    access.record_access(viewer, purpose, "payments.transactions", f"batch {batch_id}" if batch_id is not None else "all batches")
    return _seen(list(_with_state(rows).select_related("batch")[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]))


def _seen(rows: list[Any]) -> list[Any]:
    """Give rows the state that people see: with the bank's answers to each, and to whole files."""
    accepted = _accepted_spans({row.batch_id for row in rows})
    for row in rows:
        is_accepted = row.state_seen == "instructed" and any(first <= row.pk <= last for first, last in accepted)
        row.state = "accepted" if is_accepted else row.state_seen
    return rows


def sample(viewer: access.Viewer, batch_id: int) -> list[tuple[CreditTransferTransaction, SampledPayment]]:
    """List the payments of a batch that were drawn for its checkers, risky ones first, with what was said of each."""
    may(viewer, "payments.view")
    sampled = list(SampledPayment.objects.filter(batch_id=batch_id).order_by("-kind", "id"))
    found = CreditTransferTransaction.objects.in_bulk([row.transaction_id for row in sampled])
    access.record_access(viewer, access.Purpose.PAYMENT, "payments.sample", f"batch {batch_id}")
    return [(found[row.transaction_id], row) for row in sampled if row.transaction_id in found]


def risk_texts(risk: int) -> list[Text]:
    """Return what makes a payment worth a look, in words."""
    return [RISK_TEXT[flag] for flag in Risk if risk & flag]


def payment_files(viewer: access.Viewer, batch_id: int) -> list[PaymentFile]:
    """List the files of a batch to the bank, in the order in which they were written."""
    may(viewer, "payments.view")
    return list(PaymentFile.objects.filter(batch_id=batch_id))


def _of_batch(rows: QuerySet, batch_id: int) -> QuerySet:
    """Leave a batch's payments: one span of numbers, which the primary key finds."""
    found = batch_row(batch_id)
    return rows.filter(pk__gte=found.first_id, pk__lte=found.last_id, batch_id=batch_id)


def _with_state(rows: QuerySet) -> QuerySet:
    """Add ``state_seen``: the state as people see it, with the bank's answers (totals.STATE_SEEN in Django's words)."""
    answers = BankAnswer.objects.filter(transaction_id=OuterRef("pk"))
    seen = Case(
        When(~Q(state="instructed"), then=F("state")),
        When(Exists(answers.filter(event="paid")), then=Value("paid")),
        When(Exists(answers.filter(event="accepted")), then=Value("accepted")),
        default=Value("instructed"),
        output_field=CharField(),
    )
    return rows.annotate(state_seen=seen)


def returns(viewer: access.Viewer, purpose: access.Purpose, page: int = 1) -> list[CreditTransferTransaction]:
    """List what is stuck in the viewer's area: held, rejected, returned or unanswered, the oldest first. Each has ``reason_text``."""
    rows = _in_area(viewer, CreditTransferTransaction.objects.filter(state__in=WORK_LIST).order_by("id"))
    access.record_access(viewer, purpose, "payments.returns", f"area {viewer.area_code}")
    return list(rows.select_related("batch")[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def count_returns(viewer: access.Viewer) -> int:
    """Count what ``returns`` lists."""
    return _in_area(viewer, CreditTransferTransaction.objects.filter(state__in=WORK_LIST)).count()


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
    found = _seen(list(_with_state(rows).order_by("-period_key", "benefit", "revision")))
    answers = BankAnswer.objects.filter(transaction_id__in=[row.pk for row in found], event__in=["paid", "rejected", "returned"])
    settled: dict[int, date] = {}
    for answer in answers.order_by("booked_on"):
        settled[answer.transaction_id] = answer.booked_on
    return [_line(row, settled.get(row.pk)) for row in found]


def _accepted_spans(batch_ids: set[int]) -> list[tuple[int, int]]:
    """List the spans of payments whose whole file the bank has taken in for execution."""
    files = PaymentFile.objects.filter(batch_id__in=batch_ids, accepted_on__isnull=False)
    return list(files.values_list("first_id", "last_id"))


def _line(row: Any, settled_on: date | None) -> PaymentLine:
    released_on, state = row.batch.released_on, row.state
    return PaymentLine(
        transaction_id=row.pk,
        batch_id=row.batch_id,
        benefit=row.benefit,
        period_key=row.period_key,
        entity_no=row.entity_no,
        payee_no=row.payee_no,
        amount_fen=row.amount_fen,
        deducted_fen=row.deducted_fen,
        channel=row.channel,
        revision=row.revision,
        state=state,
        state_text=state_text(state, row.batch.state),
        instructed_on=released_on if state != "held" else None,
        settled_on=settled_on,
        expected_on=expected_on(state, released_on),
        reason=reason_text(row.reason_code),
        reason_code=row.reason_code,
    )


def budgets(viewer: access.Viewer, year: int | None = None) -> list[BudgetEnvelope]:
    """List envelopes with what is committed and what is left."""
    may(viewer, "payments.view")
    rows = BudgetEnvelope.objects.order_by("year", "benefit", "level", "area_code")
    return list(rows.filter(year=year) if year else rows)


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
    accounts = LedgerAccount.objects.order_by("kind", "benefit", "year", "level", "area_code")
    return [
        TrialBalanceRow(a.kind, a.benefit, a.year, int(debits.get(a.pk, 0)), int(credits.get(a.pk, 0)), a.level, a.area_code)
        for a in accounts
    ]
