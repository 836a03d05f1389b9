"""What is stuck, for the street office that works through it: since when, how much, for whom, and what has been tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, DateField, F, Max, Min, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate

from zhida.blocks.access import api as access
from zhida.blocks.payments.models import BankAnswer, CreditTransferTransaction, HandBooking, ReturnNote
from zhida.blocks.payments.rules import (
    AGES,
    ESCALATE_DAYS,
    WORK_LIST,
    BatchState,
    Channel,
    NextStep,
    TransactionState,
    end_to_end_id,
    next_steps,
    reason_text,
    transaction_id_of,
)
from zhida.kernel import clock
from zhida.kernel.text import Text

PAGE_ROWS = 50


@dataclass(frozen=True)
class StuckFilter:
    """Which stuck payments to list. An empty value leaves all. state: one of WORK_LIST, or ``cash`` for cash to hand out.

    age: a name of rules.AGES. payee_nos: only these residents.
    """

    reason: str = ""
    benefit: str = ""
    age: str = ""
    state: str = ""
    reference: str = ""
    payee_nos: tuple[int, ...] | None = None


@dataclass(frozen=True)
class StuckPayment:
    """One payment that has not reached its payee. ``waiting``: a HandBooking that waits for its second officer."""

    row: CreditTransferTransaction
    since: date
    days: int
    reason: Text | None
    steps: list[NextStep]
    notes: list[ReturnNote] = field(default_factory=list)
    waiting: HandBooking | None = None

    @property
    def is_escalated(self) -> bool:
        return self.days > ESCALATE_DAYS

    @property
    def reference(self) -> str:
        return end_to_end_id(self.row.pk)


@dataclass(frozen=True)
class StuckPayee:
    """All that waits for one payee. months: of different periods."""

    payee_key: str
    payee_no: int
    community: int
    since: date
    days: int
    payments: int
    months: int
    amount_fen: int
    last_note: ReturnNote | None

    @property
    def is_escalated(self) -> bool:
        return self.days > ESCALATE_DAYS


@dataclass(frozen=True)
class AgeingRow:
    """What is stuck of one benefit: (payments, fen) by age, in the order of rules.AGES, and altogether."""

    benefit: str
    columns: list[tuple[int, int]]

    @property
    def total(self) -> tuple[int, int]:
        return sum(count for count, _ in self.columns), sum(fen for _, fen in self.columns)


def stuck_payments(viewer: access.Viewer, purpose: access.Purpose, wanted: StuckFilter, page: int = 1) -> list[StuckPayment]:
    """List what is stuck in the viewer's area, the oldest first, PAGE_ROWS to a page counted from 1."""
    rows = _wanted(viewer, wanted).select_related("batch").order_by("since", "id")
    access.record_access(viewer, purpose, "payments.returns", f"area {viewer.area_code}")
    found = list(rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])
    notes = _notes([row.pk for row in found])
    bookings = HandBooking.objects.filter(transaction_id__in=[row.pk for row in found], state="waiting")
    waiting = {booking.transaction_id: booking for booking in bookings}
    return [_stuck(row, notes.get(row.pk, []), waiting.get(row.pk)) for row in found]


def stuck_payees(viewer: access.Viewer, purpose: access.Purpose, wanted: StuckFilter, page: int = 1) -> list[StuckPayee]:
    """List whom something waits for in the viewer's area, the longest waiting first."""
    access.record_access(viewer, purpose, "payments.returns", f"area {viewer.area_code}")
    grouped = _payees(_wanted(viewer, wanted)).order_by("oldest", "payee_key")
    found = list(grouped[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])
    last = _last_notes(viewer, wanted, [row["payee_key"] for row in found])
    return [
        StuckPayee(
            row["payee_key"], row["payee_no"], row["place"], row["oldest"], (clock.today() - row["oldest"]).days, row["payments"],
            row["months"], row["fen"], last.get(row["payee_key"]),
        )
        for row in found
    ]  # fmt: skip


def count_stuck(viewer: access.Viewer, wanted: StuckFilter) -> tuple[int, int, int]:
    """Count what the lists show: payments, payees, fen."""
    sums = _wanted(viewer, wanted).aggregate(n=Count("id"), fen=Sum("amount_fen", default=0), payees=Count("payee_key", distinct=True))
    return sums["n"], sums["payees"], sums["fen"]


def payments_for(viewer: access.Viewer, payee_key: str) -> list[int]:
    """Return the stuck payments of one payee in the viewer's area."""
    rows = _wanted(viewer, StuckFilter())
    no = {} if not payee_key.isdigit() else {"payee_no": int(payee_key)}
    return list(rows.filter(payee_key=payee_key, **no).order_by("id").values_list("pk", flat=True))


def ageing(viewer: access.Viewer, wanted: StuckFilter) -> list[AgeingRow]:
    """Add up what is stuck by benefit and by age; the filter's own age is left out, so that the columns stay whole."""
    rows = _wanted(viewer, StuckFilter(wanted.reason, wanted.benefit, "", wanted.state, wanted.reference, wanted.payee_nos))
    today = clock.today()
    place = Case(
        *(
            When(since__gt=today - timedelta(days=last + 1), then=Value(name))
            for name, _, last in AGES
            if last is not None
        ),
        default=Value(AGES[-1][0]),
        output_field=CharField(),
    )  # fmt: skip
    sums = rows.annotate(age=place).values("benefit", "age").annotate(n=Count("id"), fen=Sum("amount_fen")).order_by("benefit", "age")
    cells = {(row["benefit"], row["age"]): (row["n"], row["fen"]) for row in sums}
    benefits = sorted({benefit for benefit, _ in cells})
    return [AgeingRow(benefit, [cells.get((benefit, name), (0, 0)) for name, _, _ in AGES]) for benefit in benefits]


def reasons_in(viewer: access.Viewer) -> list[str]:
    """List the reasons that occur in the viewer's area, the most frequent first."""
    rows = _in_area(viewer, CreditTransferTransaction.objects.filter(state__in=WORK_LIST)).exclude(reason_code="")
    return list(rows.values_list("reason_code", flat=True).annotate(n=Count("id")).order_by("-n", "reason_code"))


def waiting_bookings(viewer: access.Viewer) -> list[tuple[HandBooking, CreditTransferTransaction]]:
    """List what waits for a second officer in the viewer's area, the oldest first, with its payment."""
    access.require(viewer, "payments.approve")
    first, end = viewer.community_span
    rows = list(HandBooking.objects.filter(state="waiting", community__gte=first, community__lt=end).order_by("id"))
    found = CreditTransferTransaction.objects.select_related("batch").in_bulk([row.transaction_id for row in rows])
    access.record_access(viewer, access.Purpose.PAYMENT, "payments.waiting_bookings", f"area {viewer.area_code}")
    return [(row, found[row.transaction_id]) for row in rows]


def count_waiting_bookings(viewer: access.Viewer) -> int:
    """Count what ``waiting_bookings`` lists."""
    access.require(viewer, "payments.approve")
    first, end = viewer.community_span
    return HandBooking.objects.filter(state="waiting", community__gte=first, community__lt=end).count()


def _wanted(viewer: access.Viewer, wanted: StuckFilter) -> QuerySet[Any]:
    rows = _in_area(viewer, CreditTransferTransaction.objects.all())
    if wanted.state == "cash":
        paid = BankAnswer.objects.filter(transaction_id=OuterRef("pk"), event="paid")
        rows = rows.filter(state=TransactionState.INSTRUCTED, channel=Channel.CASH, batch__state=BatchState.RELEASED)
        rows = rows.annotate(paid_on=Subquery(paid.values("booked_on")[:1])).filter(paid_on__isnull=True)
    else:
        rows = rows.filter(state__in=[wanted.state] if wanted.state in map(str, WORK_LIST) else WORK_LIST)
    rows = rows.filter(reason_code=wanted.reason) if wanted.reason else rows
    rows = rows.filter(benefit=wanted.benefit) if wanted.benefit else rows
    rows = rows.filter(pk=transaction_id_of(wanted.reference)) if wanted.reference else rows
    rows = rows.filter(payee_no__in=wanted.payee_nos) if wanted.payee_nos is not None else rows
    return _of_age(_with_since(rows), wanted.age)


def _with_since(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add ``since``: the day it came back, else the day it was sent, else the day it was prepared."""
    came_back = BankAnswer.objects.filter(transaction_id=OuterRef("pk"), event__in=["rejected", "returned"]).order_by("-booked_on")
    prepared = TruncDate("batch__prepared_at", tzinfo=clock.HANGZHOU)
    day = Coalesce(Subquery(came_back.values("booked_on")[:1]), F("batch__released_on"), prepared, output_field=DateField())
    return rows.annotate(since=day)


def _of_age(rows: QuerySet[Any], name: str) -> QuerySet[Any]:
    today = clock.today()
    for age, first, last in AGES:
        if age == name:
            rows = rows.filter(since__lte=today - timedelta(days=first)) if first else rows
            return rows.filter(since__gte=today - timedelta(days=last)) if last is not None else rows
    return rows


def _payees(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.values("payee_key", "payee_no").annotate(
        place=Max("community"), oldest=Min("since"), payments=Count("id"), months=Count("period_key", distinct=True), fen=Sum("amount_fen"),
    )  # fmt: skip


def _last_notes(viewer: access.Viewer, wanted: StuckFilter, payee_keys: Sequence[str]) -> dict[str, ReturnNote]:
    pairs = dict(_wanted(viewer, wanted).filter(payee_key__in=payee_keys).values_list("pk", "payee_key"))
    last: dict[str, ReturnNote] = {}
    for note in ReturnNote.objects.filter(transaction_id__in=list(pairs)).order_by("id"):
        last[pairs[note.transaction_id]] = note
    return last


def _notes(transaction_ids: Sequence[int]) -> dict[int, list[ReturnNote]]:
    notes: dict[int, list[ReturnNote]] = {}
    for note in ReturnNote.objects.filter(transaction_id__in=list(transaction_ids)).order_by("-id"):
        notes.setdefault(note.transaction_id, []).append(note)
    return notes


def _stuck(row: Any, notes: list[ReturnNote], waiting: HandBooking | None) -> StuckPayment:
    has_left = row.batch.state in (BatchState.RELEASED, BatchState.SETTLED)
    steps = next_steps(row.state, row.reason_code, row.channel, row.payee_no == 0) if has_left and waiting is None else []
    days = max((clock.today() - row.since).days, 0)
    return StuckPayment(row, row.since, days, reason_text(row.reason_code), steps, notes, waiting)


def _in_area(viewer: access.Viewer, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Leave only the rows of the viewer's area; none for a resident or an account that is bound to no area."""
    if viewer.role == "resident" or not viewer.area_prefix:
        return rows.none()
    first, end = viewer.community_span
    return rows.filter(community__gte=first, community__lt=end)
