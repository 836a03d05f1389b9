"""Money that has not reached its payee: the list a street office works through, and every way for it to get there."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, csv_file, links_to, page_number

_STATES = ("held", "rejected", "returned", "unanswered", "cash")
_AGE_TEXT = {
    "0-7": Text("7 天以内", "Up to 7 days"),
    "8-30": Text("8–30 天", "8–30 days"),
    "31-90": Text("31–90 天", "31–90 days"),
    "90+": Text("90 天以上", "Over 90 days"),
}
# What a maker does with chosen payments, all at once.
_AGAIN = (payments.NextStep.OTHER_ACCOUNT, payments.NextStep.RETRY, payments.NextStep.CASH)
SHORTEST = 2


@requires("payments.returns")
@require_GET
def returns(request: HttpRequest) -> HttpResponse:
    """List what is stuck in the viewer's area: by payment, or by payee as one knocks at doors; the oldest first."""
    by_payee = request.GET.get("by", "payee" if request.GET.get("reason") == "no_account" else "payment") == "payee"
    wanted, page = _filter(request), page_number(request)
    count, payees, fen = payments.count_stuck(request.viewer, wanted)
    rows = _payees(request, wanted, page) if by_payee else _payments(request, wanted, page)
    if request.GET.get("format") == "csv":
        return _payee_file(rows) if by_payee else _payment_file(rows)
    ageing = payments.ageing(request.viewer, wanted)
    context = {
        "rows": rows,
        "by_payee": by_payee,
        "count": count,
        "payees": payees,
        "fen": fen,
        "ageing": [(benefit_label(row.benefit), row) for row in ageing],
        "ageing_totals": [tuple(map(sum, zip(*column, strict=True))) for column in zip(*(row.columns for row in ageing), strict=True)],
        "ages": list(_AGE_TEXT.items()),
        "page": links_to(page, max(1, -(-(payees if by_payee else count) // payments.PAGE_ROWS))),
        "chosen": {name: request.GET.get(name, "") for name in ("reason", "benefit", "age", "state", "q")},
        "query": urlencode({k: v for k, v in request.GET.items() if k not in ("page", "format", "by")}),
        "reasons": [(code, payments.reason_text(code)) for code in payments.reasons_in(request.viewer)],
        "states": [(state, _state_text(state)) for state in _STATES],
        "note_kinds": list(payments.RETURN_NOTE_TEXT.items()),
        "may_send": bool(access.purpose_of(request.viewer, "payments.prepare")),
        "again": [(step, payments.NEXT_STEP_TEXT[step]) for step in _AGAIN],
        "today": clock.today(),
        "escalate_days": payments.ESCALATE_DAYS,
    }
    return render(request, "officer/returns.html", context)


def _filter(request: HttpRequest) -> payments.StuckFilter:
    asked = request.GET
    words = asked.get("q", "").strip()
    is_reference = words.upper().startswith("ZD")
    payee_nos = _found(request, words) if len(words) >= SHORTEST and not is_reference else None
    reason, benefit, age, state = (asked.get(name, "") for name in ("reason", "benefit", "age", "state"))
    return payments.StuckFilter(reason, benefit, age, state, words.upper() if is_reference else "", payee_nos)


def _found(request: HttpRequest, words: str) -> tuple[int, ...]:
    """Find payees by number, and by name where the viewer may look residents up."""
    if words.isdigit() and len(words) < 15:
        return (int(words),)
    if not access.purpose_of(request.viewer, "entitlements.view_area"):
        return ()
    return tuple(card.resident_no for card in records.find_residents(request.viewer, request.purpose, words))


def _payments(request: HttpRequest, wanted: payments.StuckFilter, page: int) -> list[dict[str, Any]]:
    found = payments.stuck_payments(request.viewer, request.purpose, wanted, page)
    return [{"stuck": one, "benefit": benefit_label(one.row.benefit), "card": _payee(request, one.row.payee_no)} for one in found]


def _payees(request: HttpRequest, wanted: payments.StuckFilter, page: int) -> list[dict[str, Any]]:
    found = payments.stuck_payees(request.viewer, request.purpose, wanted, page)
    return [{"stuck": one, "card": _payee(request, one.payee_no)} for one in found]


def _payee(request: HttpRequest, resident_no: int) -> records.ResidentCard | None:
    """Return who is to be paid; None for an organisation, for whoever has died or moved away, and for a viewer of payments only."""
    if not resident_no or not access.purpose_of(request.viewer, "entitlements.view_area"):
        return None
    try:
        return records.resident_card(request.viewer, request.purpose, resident_no)
    except (records.ResidentNotFound, records.NoSnapshot, access.NotYours):
        return None


@requires("payments.returns")
@require_GET
def stuck(request: HttpRequest, transaction_id: int) -> HttpResponse:
    """Show one payment that is stuck: what happened to it, what was tried, and each next step that applies."""
    found = _one(request, transaction_id)
    context = {
        "stuck": found,
        "benefit": benefit_label(found.row.benefit),
        "card": _payee(request, found.row.payee_no),
        "events": payments.timelines([transaction_id])[transaction_id],
        "steps": [(step, payments.NEXT_STEP_TEXT[step]) for step in found.steps],
        "waiting_text": payments.HAND_BOOKING_TEXT[payments.HandBookingKind(found.waiting.kind)] if found.waiting else None,
        "notes": [(note, payments.RETURN_NOTE_TEXT[payments.ReturnNoteKind(note.kind)]) for note in found.notes],
        "note_kinds": list(payments.RETURN_NOTE_TEXT.items()),
        "may_send": bool(access.purpose_of(request.viewer, "payments.prepare")),
        "today": clock.today(),
        "trail": [{"label": Text("银行退票", "Returns"), "url": "/office/returns/"}, {"label": found.reference}],
    }
    return render(request, "officer/returns_one.html", context)


def _one(request: HttpRequest, transaction_id: int) -> payments.StuckPayment:
    """Return one stuck payment of the viewer's area. Raises: PaymentUnknown."""
    reference = f"ZD{transaction_id:016d}"
    for state in ("", "cash"):
        wanted = payments.StuckFilter(state=state, reference=reference)
        for found in payments.stuck_payments(request.viewer, request.purpose, wanted):
            return found
    raise payments.PaymentUnknown(transaction_id)


@requires("payments.prepare")
@require_POST
def reissue(request: HttpRequest) -> HttpResponse:
    """Prepare a batch: of chosen payments in one way, or of all whose payee has another account by now."""
    numbers = _numbers(request.POST)
    step = request.POST.get("step", "")
    if numbers and step in [str(each) for each in _AGAIN]:
        made = payments.send_again(request.viewer, numbers, payments.NextStep(step))
    else:
        made = payments.reissue(request.viewer)
    if made is None:
        nothing = Text(
            "还没有人登记新的账户，没有可以重新发放的款项。", "Nobody has registered another account yet, so nothing can be sent again."
        )
        return back(request, "officer:returns", nothing)
    done = Text(f"已编制补发批次 {made.id}，等待复核。", f"Batch {made.id} sends them again and waits for a second officer.")
    return back(request, "officer:batch", done, made.id)


@requires("payments.returns")
@require_POST
def note(request: HttpRequest) -> HttpResponse:
    """Note what came of looking for a payee, on one payment or on all that waits for them."""
    numbers = _numbers(request.POST) or payments.payments_for(request.viewer, request.POST.get("payee", ""))
    kind = request.POST.get("kind", "")
    if kind not in [str(each) for each in payments.ReturnNoteKind]:
        kind = str(payments.ReturnNoteKind.OTHER)
    noted = payments.note_return(request.viewer, numbers, payments.ReturnNoteKind(kind), request.POST.get("text", ""))
    done = Text(f"已记录，共 {noted} 笔。", f"Noted on {noted} payments.")
    if len(numbers) == 1:
        return back(request, "officer:stuck", done, numbers[0])
    return back(request, "officer:returns", done)


@requires("payments.returns")
@require_POST
def book(request: HttpRequest, transaction_id: int) -> HttpResponse:
    """Book cash that was handed out, or ask that a payment is given up or declared lost."""
    kind, posted = request.POST.get("kind", ""), request.POST
    if kind == "cash":
        payments.book_cash(request.viewer, transaction_id, posted.get("document_no", ""), _day(posted.get("day", ""), transaction_id))
        return back(
            request, "officer:returns", Text("现金已入账，这笔钱已到人手里。", "The cash is booked: this payment has reached its payee.")
        )
    if kind == "lost":
        payments.declare_lost(request.viewer, transaction_id, posted.get("document_no", ""))
    else:
        payments.give_up(request.viewer, transaction_id, posted.get("reason", ""))
    return back(request, "officer:stuck", Text("已提交，等另一人复核。", "Entered. A second officer decides."), transaction_id)


def _day(written: str, transaction_id: int) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise payments.DayNotPossible(transaction_id, written or "—") from None


@requires("payments.approve")
@require_GET
def decisions(request: HttpRequest) -> HttpResponse:
    """List what other officers asked for and a second one decides."""
    rows = [
        (booking, payment, benefit_label(payment.benefit), payments.HAND_BOOKING_TEXT[payments.HandBookingKind(booking.kind)])
        for booking, payment in payments.waiting_bookings(request.viewer)
    ]
    return render(request, "officer/returns_decisions.html", {"rows": rows})


@requires("payments.approve")
@require_POST
def decide(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Confirm or refuse what another officer asked for."""
    confirm = request.POST.get("decision") == "confirm"
    payments.decide_booking(request.viewer, booking_id, confirm, request.POST.get("note", ""))
    done = Text("已确认。", "Confirmed.") if confirm else Text("已退回。", "Refused.")
    return back(request, "officer:return_decisions", done)


@requires("payments.release")
@require_POST
def chase(request: HttpRequest) -> HttpResponse:
    """Look for payments the bank has not answered in time; each night does the same."""
    moved = payments.chase(request.viewer)
    done = Text(f"已检查：{moved} 笔超过期限，列入清单。", f"Looked: {moved} payments are late and stand on the list now.")
    return back(request, "officer:returns", done) if moved else redirect("officer:returns")


def _numbers(posted: QueryDict) -> list[int]:
    return [int(number) for number in posted.getlist("payment") if number.isdigit()]


def _state_text(state: str) -> Text:
    if state == "cash":
        return Text("现金待领取", "Cash to hand out")
    return payments.TRANSACTION_STATE_TEXT[payments.TransactionState(state)]


def _payment_file(rows: list[dict[str, Any]]) -> HttpResponse:
    heads = [
        Text("参考号", "Reference"), Text("收款人", "Payee"), Text("待遇", "Benefit"), Text("周期", "Period"), Text("金额（元）", "Yuan"),
        Text("状态", "State"), Text("自", "Since"), Text("天数", "Days"), Text("怎么办", "What to do"), Text("最近记录", "Last note"),
    ]  # fmt: skip
    return csv_file("returns", heads, ([*_payment_cells(row["stuck"], row["benefit"], row["card"])] for row in rows))


def _payment_cells(one: payments.StuckPayment, benefit: Text, card: Any) -> list[Any]:
    name = card.name if card else one.row.payee_key
    return [
        one.reference, name, benefit, one.row.period_key, plain_yuan(one.row.amount_fen), _state_text(one.row.state), one.since.isoformat(),
        str(one.days), one.reason, _note_words(one.notes[0] if one.notes else None),
    ]  # fmt: skip


def _payee_file(rows: list[dict[str, Any]]) -> HttpResponse:
    heads = [
        Text("收款人", "Payee"), Text("证件", "Id"), Text("社区", "Community"), Text("自", "Since"), Text("天数", "Days"),
        Text("月数", "Months"), Text("笔数", "Payments"), Text("金额（元）", "Yuan"), Text("最近记录", "Last note"),
    ]  # fmt: skip
    lines = [
        [
            row["card"].name if row["card"] else row["stuck"].payee_key, row["card"].masked_id if row["card"] else "",
            str(row["stuck"].community), row["stuck"].since.isoformat(), str(row["stuck"].days), str(row["stuck"].months),
            str(row["stuck"].payments), plain_yuan(row["stuck"].amount_fen), _note_words(row["stuck"].last_note),
        ]
        for row in rows
    ]  # fmt: skip
    return csv_file("returns-payees", heads, lines)


def _note_words(found: Any) -> Text:
    if found is None:
        return Text("", "")
    kind = payments.RETURN_NOTE_TEXT[payments.ReturnNoteKind(found.kind)]
    return Text(f"{kind.zh} {found.text}".strip(), f"{kind.en} {found.text}".strip())
