"""Money that has not reached its payee, until it has: chased, sent again, handed out in cash, declared lost, or given up.

What the bank does not say, a person does: a HandBooking with a document, and for everything but a receipt a second officer. Such a word
is an answer like the bank's (``settling.py``), with 0 in place of the bank's file.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
from django.db import IntegrityError, transaction

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.commands import may, record
from zhida.blocks.payments.differences import forget_digests
from zhida.blocks.payments.errors import (
    BookingNotOpen,
    DayNotPossible,
    PaymentUnknown,
    ReasonMissing,
    ReceiptMissing,
    ReceiptUsed,
    SecondOfficerNeeded,
    StepNotPossible,
)
from zhida.blocks.payments.facts import PayeeFacts
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import (
    BankAnswer,
    CreditTransferTransaction,
    HandBooking,
    Overpayment,
    PaymentInstruction,
    PaymentTotal,
    ReturnNote,
)
from zhida.blocks.payments.recovery import lower_to_what_stands, undo_deductions
from zhida.blocks.payments.reissuing import reissue
from zhida.blocks.payments.rules import (
    ANSWER_DAYS,
    CASH_DAYS,
    NEXT_STEP_TEXT,
    WORK_LIST,
    BatchState,
    Channel,
    HandBookingKind,
    NextStep,
    ReturnNoteKind,
    TransactionState,
    next_steps,
)
from zhida.blocks.payments.settling import ROW_COLUMNS, ROW_SCHEMA, apply_rows, judge_rows, match_rows
from zhida.blocks.payments.totals import STATE_SEEN, move_totals, sums_of
from zhida.kernel import clock
from zhida.kernel.calendar import working_days_before

# (transaction_id, amount_fen, what the books keep as the reason)
Told = tuple[int, int, str]


# ---- nothing stays "sent" for ever -------------------------------------------------------------------------------------------------------


def chase(viewer: access.Viewer) -> int:
    """Put payments that the bank has not finished ANSWER_DAYS working days after their release, or after it took them in, on the work list.

    Cash that nobody fetched in CASH_DAYS days goes back to the budget. The same call again changes nothing. Returns how many moved.

    Raises: PermissionMissing.
    """
    may(viewer, "payments.release")
    with one_command():
        late = _mark_unanswered(working_days_before(clock.today(), ANSWER_DAYS))
        back = _take_cash_back(clock.today() - timedelta(days=CASH_DAYS))
        if late or back:
            record(viewer, "payments.chase", f"{late} unanswered, {back} cash not collected")
    return late + back


def _mark_unanswered(last_day: date) -> int:
    """Move what has no final answer since ``last_day`` to ``unanswered``."""
    batches = _open_batches(last_day)
    if not batches:
        return 0
    bulk.temporary_table("payments_late", "id bigint PRIMARY KEY")
    for batch in batches:
        bulk.execute(
            f"""INSERT INTO payments_late
                SELECT t.id FROM payments_credittransfertransaction t
                WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s AND t.state = 'instructed' AND t.channel = 'bank'
                AND NOT EXISTS (SELECT 1 FROM payments_bankanswer a WHERE a.transaction_id = t.id
                                AND (a.event = 'paid' OR (a.event = 'accepted' AND a.booked_on > {bulk.day_literal(last_day)})))""",
            [batch.first_id, batch.last_id, batch.pk],
        )
    source = f"""SELECT t.batch_id, t.benefit, t.district, {STATE_SEEN} AS state, t.amount_fen
                 FROM payments_late l JOIN payments_credittransfertransaction t ON t.id = l.id"""
    sums = sums_of(source, [], [batch.pk for batch in batches])
    moved = bulk.execute("""UPDATE payments_credittransfertransaction SET state = 'unanswered', reason_code = 'no_answer'
                            WHERE id IN (SELECT id FROM payments_late)""")
    move_totals(sums, TransactionState.UNANSWERED)
    return moved


def _open_batches(last_day: date) -> list[PaymentInstruction]:
    """List the batches released by a day of which something is still on its way."""
    open_totals = PaymentTotal.objects.filter(state__in=[TransactionState.INSTRUCTED, TransactionState.ACCEPTED], count__gt=0)
    left = PaymentInstruction.objects.filter(state=BatchState.RELEASED, released_on__lte=last_day)
    return list(left.filter(pk__in=open_totals.values("batch_id")).order_by("id"))


def _take_cash_back(last_day: date) -> int:
    told: list[Told] = []
    for batch in _open_batches(last_day):
        rows = CreditTransferTransaction.objects.filter(pk__gte=batch.first_id, pk__lte=batch.last_id, batch=batch)
        rows = rows.filter(channel=Channel.CASH, state=TransactionState.INSTRUCTED)
        paid = BankAnswer.objects.filter(event="paid", transaction_id__gte=batch.first_id, transaction_id__lte=batch.last_id)
        handed_out = set(paid.values_list("transaction_id", flat=True))
        told += [(row.pk, row.amount_fen, "cash_not_collected") for row in rows.exclude(pk__in=handed_out)]
    return _tell(TransactionState.REJECTED, told, f"cash back:{clock.today()}", clock.today()) if told else 0


def _tell(event: TransactionState, told: list[Told], reference: str, booked_on: date) -> int:
    """Write answers that a person gave, as the bank's are written; return how many could be applied. Call it inside ``one_command``."""
    bulk.temporary_table("payments_bank_row", ROW_COLUMNS)
    rows = [(place, number, "", str(event), fen, reason, booked_on.isoformat(), "") for place, (number, fen, reason) in enumerate(told)]
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), ROW_SCHEMA, strict=True)]
    bulk.insert_batches("payments_bank_row", ROW_SCHEMA.names, [pa.RecordBatch.from_arrays(columns, schema=ROW_SCHEMA)])
    match_rows(event, by_bank=False)
    judge_rows(event)
    return apply_rows(event, 0, reference)


# ---- what a person books -----------------------------------------------------------------------------------------------------------------


def book_cash(viewer: access.Viewer, transaction_id: int, receipt_no: str, paid_on: date) -> HandBooking:
    """Book cash that was handed out at the street office against a receipt: the payment is paid.

    Raises: PaymentUnknown, StepNotPossible, ReceiptMissing, ReceiptUsed, DayNotPossible, PermissionMissing.
    """
    may(viewer, "payments.returns")
    receipt_no = receipt_no.strip()[:60]
    if not receipt_no:
        raise ReceiptMissing(transaction_id)
    with one_command():
        row = _in_area(viewer, transaction_id)
        released_on = row.batch.released_on
        if row.channel != Channel.CASH or row.state != TransactionState.INSTRUCTED or released_on is None:
            raise StepNotPossible(transaction_id, row.state, "发放现金", "hand out cash")
        if not released_on <= paid_on <= clock.today():
            raise DayNotPossible(transaction_id, paid_on.isoformat())
        if HandBooking.objects.filter(kind=HandBookingKind.CASH, document_no=receipt_no).exists():
            raise ReceiptUsed(transaction_id, receipt_no)
        if not _tell(TransactionState.PAID, [(row.pk, row.amount_fen, receipt_no)], f"cash:{row.pk}", paid_on):
            raise StepNotPossible(transaction_id, "paid", "再次发放现金", "hand out cash again")
        booking = _booking(viewer, row, HandBookingKind.CASH, receipt_no, "", paid_on, state="confirmed")
        record(viewer, "payments.book_cash", f"payment {transaction_id}")
    return booking


def give_up(viewer: access.Viewer, transaction_id: int, reason: str) -> HandBooking:
    """Ask that a stuck payment is not paid any more. It takes a second officer (``decide_booking``).

    Raises: PaymentUnknown, StepNotPossible, ReasonMissing, PermissionMissing.
    """
    may(viewer, "payments.returns")
    if not reason.strip():
        raise ReasonMissing("不再发放", "giving a payment up")
    return _ask(viewer, transaction_id, HandBookingKind.GIVEN_UP, "", reason)


def declare_lost(viewer: access.Viewer, transaction_id: int, letter_no: str) -> HandBooking:
    """Ask to book a payment that the bank never answered as not paid, by the bank's written confirmation. It takes a second officer.

    Raises: PaymentUnknown, StepNotPossible, ReceiptMissing, PermissionMissing.
    """
    may(viewer, "payments.prepare")
    if not letter_no.strip():
        raise ReceiptMissing(transaction_id)
    return _ask(viewer, transaction_id, HandBookingKind.LOST, letter_no, "")


_STEPS = {HandBookingKind.GIVEN_UP: NextStep.GIVE_UP, HandBookingKind.LOST: NextStep.DECLARE_LOST}


def _ask(viewer: access.Viewer, transaction_id: int, kind: HandBookingKind, document_no: str, reason: str) -> HandBooking:
    with one_command():
        row = _in_area(viewer, transaction_id)
        _expect(row, _STEPS[kind])
        try:
            with transaction.atomic():
                booking = _booking(viewer, row, kind, document_no.strip()[:60], reason.strip()[:300], clock.today())
        except IntegrityError as error:
            raise StepNotPossible(transaction_id, row.state, "再次登记（已有一项待复核）", "ask again while one waits") from error
        record(viewer, f"payments.{kind}", f"payment {transaction_id}")
    return booking


def decide_booking(viewer: access.Viewer, booking_id: int, confirm: bool, note: str = "") -> HandBooking:
    """Confirm or refuse what another officer asked for: a payment given up is closed, a lost one counts as rejected and may go out again.

    Raises: BookingNotOpen, SecondOfficerNeeded, StepNotPossible, PermissionMissing.
    """
    access.require(viewer, "payments.approve")
    with one_command():
        booking = HandBooking.objects.filter(pk=booking_id, state="waiting").first()
        if booking is None or not viewer.sees_area(booking.community):
            raise BookingNotOpen(booking_id)
        if booking.asked_by == viewer.account:
            raise SecondOfficerNeeded(f"HandBooking {booking_id}", viewer.account)
        row = CreditTransferTransaction.objects.select_related("batch").get(pk=booking.transaction_id)
        if confirm:
            _expect(row, _STEPS[HandBookingKind(booking.kind)])
            _close(row) if booking.kind == HandBookingKind.GIVEN_UP else _lose(row, booking)
        HandBooking.objects.filter(pk=booking_id).update(
            state="confirmed" if confirm else "refused", decided_by=viewer.account, decided_at=clock.now(), note=note.strip()[:300]
        )
        record(viewer, "payments.decide_booking", f"booking {booking_id}")
    booking.refresh_from_db()
    return booking


def _close(row: CreditTransferTransaction) -> None:
    """Close a payment that nobody gets: its money is in the budget already, for it never left or came back.

    It still stands for its period (differences.py), so that no later run pays it again. Nobody had it, so nobody owes any of it.
    """
    source = """SELECT t.batch_id, t.benefit, t.district, t.state, t.amount_fen
                FROM payments_credittransfertransaction t WHERE t.id = %s"""
    sums = sums_of(source, [row.pk], [row.batch_id])
    undo_deductions([row.pk])
    CreditTransferTransaction.objects.filter(pk=row.pk).update(state=TransactionState.CANCELLED, reason_code="given_up")
    move_totals(sums, TransactionState.CANCELLED)
    key = {"benefit": row.benefit, "period_key": row.period_key, "entity_no": row.entity_no}
    lower_to_what_stands(list(Overpayment.objects.filter(**key).values_list("pk", flat=True)))
    forget_digests({(row.benefit, row.period_key)})


def _lose(row: CreditTransferTransaction, booking: HandBooking) -> None:
    if not _tell(TransactionState.REJECTED, [(row.pk, row.amount_fen, "declared_lost")], f"lost:{row.pk}", clock.today()):
        raise StepNotPossible(row.pk, row.state, "登记为未付", "book it as not paid")


# ---- sending again, and notes ------------------------------------------------------------------------------------------------------------


def send_again(
    viewer: access.Viewer, transaction_ids: list[int], step: NextStep, facts: PayeeFacts | None = None
) -> PaymentInstruction | None:
    """Make a batch that sends stuck payments again: once more to the same account, to another one, or in cash at the street office.

    None where nobody of them has an account that will do. Raises: PaymentUnknown, StepNotPossible, PermissionMissing.
    """
    may(viewer, "payments.prepare")
    for row in [_in_area(viewer, number) for number in transaction_ids]:
        _expect(row, step)
    channel = Channel.CASH if step == NextStep.CASH else Channel.BANK
    return reissue(viewer, transaction_ids, facts, channel, retry=step == NextStep.RETRY)


def note_return(viewer: access.Viewer, transaction_ids: list[int], kind: ReturnNoteKind, text: str = "") -> int:
    """Note what came of looking for a payee, on each of the payments that wait for it; return how many.

    Raises: PaymentUnknown, PermissionMissing.
    """
    may(viewer, "payments.returns")
    rows = [_in_area(viewer, number) for number in transaction_ids]
    now, words = clock.now(), text.strip()[:300]
    notes = [ReturnNote(transaction_id=row.pk, kind=kind, text=words, noted_by=viewer.account, noted_at=now) for row in rows]
    ReturnNote.objects.bulk_create(notes)
    record(viewer, "payments.note", f"{len(notes)} payments")
    return len(notes)


def _booking(
    viewer: access.Viewer,
    row: CreditTransferTransaction,
    kind: HandBookingKind,
    document_no: str,
    reason: str,
    day: date,
    state: str = "waiting",
) -> HandBooking:
    return HandBooking.objects.create(
        transaction_id=row.pk, kind=kind, document_no=document_no, reason=reason, day=day, community=row.community, state=state,
        asked_by=viewer.account, asked_at=clock.now(),
    )  # fmt: skip


def _in_area(viewer: access.Viewer, transaction_id: int) -> CreditTransferTransaction:
    row = CreditTransferTransaction.objects.select_related("batch").filter(pk=transaction_id).first()
    if row is None or not viewer.sees_area(row.community):
        raise PaymentUnknown(transaction_id)
    return row


def _expect(row: CreditTransferTransaction, step: NextStep) -> None:
    """Refuse a step that does not apply to a payment, or to one whose batch may still be refused."""
    has_left = row.batch.state in (BatchState.RELEASED, BatchState.SETTLED)
    if row.state not in WORK_LIST or not has_left or step not in next_steps(row.state, row.reason_code, row.channel, row.payee_no == 0):
        text = NEXT_STEP_TEXT[step]
        raise StepNotPossible(row.pk, row.state, text.zh, text.en)
