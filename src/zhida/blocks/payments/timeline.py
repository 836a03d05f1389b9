"""What happened to a payment, step by step, for the resident and for the officer who is asked about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from zhida.blocks.payments.models import BankAnswer, CreditTransferTransaction, HandBooking, PaymentFile
from zhida.blocks.payments.rules import HAND_BOOKING_TEXT, BatchState, Channel, HandBookingKind, reason_text
from zhida.kernel.clock import HANGZHOU
from zhida.kernel.text import Text

_TOLD = {
    "accepted": Text("银行已受理", "Accepted by the bank"),
    "paid": Text("已到账", "Paid"),
    "rejected": Text("银行拒付", "Rejected by the bank"),
    "returned": Text("银行退回", "Returned by the bank"),
}
_BY_HAND = {
    "paid": Text("已领取现金", "Cash handed out"),
    "rejected": Text("未付出，退回预算", "Not paid; back in the budget"),
}


@dataclass(frozen=True)
class Event:
    """One step. ``note``: why, or what it was sent by."""

    day: date | None
    text: Text
    note: Text | None = None


def timelines(transaction_ids: Iterable[int]) -> dict[int, list[Event]]:
    """Return what happened to payments, the oldest step first, each with the payments that it was sent by before.

    For callers that have made sure that the viewer may see these payments (``payments_of``).
    """
    rows = {row.pk: row for row in CreditTransferTransaction.objects.filter(pk__in=list(transaction_ids)).select_related("batch")}
    chains = {number: _chain(row) for number, row in rows.items()}
    numbers = {row.pk for chain in chains.values() for row in chain}
    answers: dict[int, list[BankAnswer]] = {}
    for answer in BankAnswer.objects.filter(transaction_id__in=numbers).order_by("booked_on"):
        answers.setdefault(answer.transaction_id, []).append(answer)
    given_up = HandBooking.objects.filter(transaction_id__in=numbers, kind=HandBookingKind.GIVEN_UP, state="confirmed")
    closed = {booking.transaction_id: booking for booking in given_up}
    accepted = _accepted_files({row.batch_id for chain in chains.values() for row in chain})
    return {
        number: [event for row in chain for event in _events(row, answers.get(row.pk, []), closed.get(row.pk), accepted)]
        for number, chain in chains.items()
    }


def _chain(row: CreditTransferTransaction) -> list[CreditTransferTransaction]:
    """Return a payment after those it takes the place of."""
    chain = [row]
    while chain[0].reissue_of_id:
        chain.insert(0, CreditTransferTransaction.objects.select_related("batch").get(pk=chain[0].reissue_of_id))
    return chain


def _accepted_files(batch_ids: set[int]) -> list[tuple[int, int, date]]:
    files = PaymentFile.objects.filter(batch_id__in=batch_ids, accepted_on__isnull=False)
    return list(files.values_list("first_id", "last_id", "accepted_on"))


def _events(
    row: CreditTransferTransaction, answers: list[BankAnswer], closed: HandBooking | None, accepted: list[tuple[int, int, date]]
) -> list[Event]:
    batch = row.batch
    again = bool(row.reissue_of_id)
    prepared = Text("准备再次发放", "Prepared to be sent again") if again else Text("编制发放批次", "Prepared for payment")
    events = [Event(batch.prepared_at.astimezone(HANGZHOU).date(), prepared)]
    is_out = batch.state in (BatchState.RELEASED, BatchState.SETTLED)
    never_left = row.state == "held" or (row.state in ("reissued", "cancelled") and not answers and not row.account_no)
    if never_left:
        events.append(Event(events[0].day, Text("暂缓发放", "Held back"), reason_text(row.reason_code)))
    else:
        if batch.approved_at:
            events.append(Event(batch.approved_at.astimezone(HANGZHOU).date(), Text("第二人审批", "Approved by a second officer")))
        if is_out:
            events.append(Event(batch.released_on, _sent(row, again)))
        if not any(answer.event == "accepted" for answer in answers):
            events += [Event(day, _TOLD["accepted"]) for first, last, day in accepted if first <= row.pk <= last]
    for answer in answers:
        texts = _TOLD if answer.bank_file_id else {**_TOLD, **_BY_HAND}
        why = reason_text(answer.reason_code) if answer.event in ("rejected", "returned") else None
        events.append(Event(answer.booked_on, texts[answer.event], why))
    if row.state == "unanswered":
        events.append(Event(None, Text("银行逾期没有答复，正在查询", "The bank is late; it is being asked"), reason_text(row.reason_code)))
    if closed and closed.decided_at:
        events.append(Event(closed.decided_at.astimezone(HANGZHOU).date(), HAND_BOOKING_TEXT[HandBookingKind.GIVEN_UP]))
    return events


def _sent(row: CreditTransferTransaction, again: bool) -> Text:
    if row.channel == Channel.CASH:
        return Text("转到街道发放现金", "Sent to the street office, in cash")
    return Text("再次发往银行", "Sent to the bank again") if again else Text("发往银行", "Sent to the bank")
