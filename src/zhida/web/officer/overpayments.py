"""Money that was paid too much: what stands open in the area, how old it is, and what is done about each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import parse_yuan, plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, csv_file, links_to, page_number
from zhida.web.text import in_language

_PAGE = 50
_HEADS = (
    Text("编号", "Number"),
    Text("待遇", "Benefit"),
    Text("周期", "Period"),
    Text("领款人", "Payee"),
    Text("多发（元）", "Paid too much (yuan)"),
    Text("已追回（元）", "Came back (yuan)"),
    Text("已免还（元）", "Waived (yuan)"),
    Text("未还（元）", "Open (yuan)"),
    Text("状态", "State"),
    Text("发现日期", "Found on"),
    Text("社区", "Community"),
)
# Tone of a state's badge.
_TONES = {"found": "wait", "netting": "info", "agreed": "info", "waiving": "wait", "waived": "quiet", "disputed": "bad", "closed": "good"}
_DONE = {
    "net": Text("已决定从以后的发放中扣回，并通知了本人。", "It will be kept back of coming payments; the payee was told."),
    "agree": Text("已登记分期协议，并通知了本人。", "The agreement is noted; the payee was told."),
    "waive": Text("已提议免还，等待另一名复核人决定。", "The waiver was proposed and waits for a second officer."),
    "accept": Text("已免还，并通知了本人。", "It was waived; the payee was told."),
    "refuse": Text("没有免还，按原来的办法继续。", "It was not waived; it goes on as before."),
    "object": Text("已登记异议，暂停扣回。", "The objection is noted; nothing is kept back until it is answered."),
    "answer": Text("已答复，并通知了本人。", "The objection was answered; the payee was told."),
    "repay": Text("已登记还款。", "The repayment was booked."),
}


@requires("payments.overpayments")
@require_GET
def overpayments(request: HttpRequest) -> HttpResponse:
    """List what was paid too much in the viewer's area, the largest first."""
    state, words, page = request.GET.get("state", "open"), request.GET.get("q", "").strip(), page_number(request)
    if request.GET.get("format") == "csv":
        return _file(payments.overpayments(request.viewer, request.purpose, None, state, words))
    total = payments.count_overpayments(request.viewer, state, words)
    context = {
        "rows": [_row(request, debt) for debt in payments.overpayments(request.viewer, request.purpose, page, state, words)],
        "total": total,
        "page": links_to(page, max(1, -(-total // _PAGE))),
        "ages": payments.overpayment_ages(request.viewer),
        "state": state,
        "words": words,
        "states": [("open", Text("未了结", "Not settled")), ("", Text("全部", "All")), *payments.OVERPAYMENT_STATE_TEXT.items()],
    }
    return render(request, "officer/overpayments.html", context)


@requires("payments.overpayments")
@require_GET
def overpayment(request: HttpRequest, overpayment_id: int) -> HttpResponse:
    """One overpayment: how it came about, what was done, what may be done now, and what coming payments would keep back."""
    found = payments.overpayment(request.viewer, request.purpose, overpayment_id)
    debt = found.debt
    may_recover = bool(access.purpose_of(request.viewer, "payments.recover"))
    may_decide = bool(access.purpose_of(request.viewer, "payments.waive")) and request.viewer.account != debt.proposed_by
    limit = debt.limit_bp or settings.RECOVERY_LIMIT_BP
    context = {
        **_row(request, debt),
        "file": found,
        "why": payments.why_overpaid(debt),
        "steps": [(step, payments.RECOVERY_EVENT_TEXT[payments.RecoveryEvent(step.event)]) for step in found.steps],
        "preview": [
            (row, benefit_label(row.benefit)) for row in payments.recovery_preview(debt, limit, debt.instalment_fen) if debt.open_fen
        ],
        "kept": [(row, paid, benefit_label(paid.benefit)) for row, paid in found.deductions],
        "limit_percent": limit / 100,
        "may": {str(event): may_recover for event in found.may} | {"decide": may_decide and debt.state == "waiving"},
        "today": clock.today(),
        "trail": [
            {"label": Text("多发款项", "Overpayments"), "url": reverse("officer:overpayments")},
            {"label": Text(f"多发款项 {debt.pk}", f"Overpayment {debt.pk}")},
        ],
    }
    return render(request, "officer/overpayment.html", context)


@requires("payments.overpayments")
@require_GET
def letter(request: HttpRequest, overpayment_id: int) -> HttpResponse:
    """The letter to print for a payee who reads no messages: what, why, until when to object, and how."""
    found = payments.overpayment(request.viewer, request.purpose, overpayment_id)
    context = {**_row(request, found.debt), "why": payments.why_overpaid(found.debt), "today": clock.today()}
    context["limit"] = f"{found.debt.limit_bp / 100:g}"
    return render(request, "officer/overpayment_letter.html", context)


@requires("payments.recover", "payments.waive")
@require_POST
def act(request: HttpRequest, overpayment_id: int) -> HttpResponse:
    """Take one step; what may not be done is said on the same page."""
    step = request.POST.get("step", "")
    try:
        _STEPS[step](request, overpayment_id)
    except KeyError:
        messages.error(request, in_language(Text("没有这一步；请刷新页面。", "There is no such step. Reload the page.")))
        return redirect("officer:overpayment", overpayment_id)
    except (access.NotYours, access.PermissionMissing):
        raise
    except ZhidaError as mistake:
        messages.error(request, in_language(mistake.text))
        return redirect("officer:overpayment", overpayment_id)
    return back(request, "officer:overpayment", _DONE[step], overpayment_id)


def _net(request: HttpRequest, number: int) -> None:
    percent = request.POST.get("percent", "").strip().removesuffix("%")
    payments.start_netting(request.viewer, number, parse_yuan(percent) if percent else None)


def _agree(request: HttpRequest, number: int) -> None:
    debtor = request.POST.get("debtor", "").strip()
    instalment = parse_yuan(request.POST.get("instalment", ""))
    payments.agree(request.viewer, number, instalment, request.POST.get("text", ""), debtor if debtor.isdigit() else None)


def _repay(request: HttpRequest, number: int) -> None:
    written = request.POST.get("received_on", "")
    received = date.fromisoformat(written) if len(written) == 10 and written.replace("-", "").isdigit() else clock.today()
    payments.book_repayment(request.viewer, number, parse_yuan(request.POST.get("amount", "")), request.POST.get("receipt", ""), received)


_STEPS: dict[str, Callable[[HttpRequest, int], Any]] = {
    "net": _net,
    "agree": _agree,
    "repay": _repay,
    "waive": lambda request, number: payments.propose_waiver(request.viewer, number, request.POST.get("text", "")),
    "accept": lambda request, number: payments.decide_waiver(request.viewer, number, True, request.POST.get("text", "")),
    "refuse": lambda request, number: payments.decide_waiver(request.viewer, number, False, request.POST.get("text", "")),
    "object": lambda request, number: payments.object_to(request.viewer, number, request.POST.get("text", "")),
    "answer": lambda request, number: payments.answer_objection(
        request.viewer, number, request.POST.get("text", ""), request.POST.get("upheld") == "yes"
    ),
}


def _row(request: HttpRequest, debt: Any) -> dict[str, Any]:
    owes = int(debt.debtor_key) if debt.debtor_key.isdigit() else 0
    return {
        "debt": debt,
        "benefit": benefit_label(debt.benefit),
        "state": payments.OVERPAYMENT_STATE_TEXT[payments.OverpaymentState(debt.state)],
        "tone": _TONES[debt.state],
        "days": (clock.today() - debt.found_on).days,
        "owes": owes,
        "card": _card(request, owes),
    }


def _card(request: HttpRequest, resident_no: int) -> records.ResidentCard | None:
    """Return who owes the money; None for an organisation, whoever has died or moved away, and a viewer of payments only."""
    if not resident_no or not access.purpose_of(request.viewer, "entitlements.view_area"):
        return None
    try:
        return records.resident_card(request.viewer, request.purpose, resident_no)
    except (records.ResidentNotFound, records.NoSnapshot, access.NotYours):
        return None


def _file(debts: list[Any]) -> HttpResponse:
    rows = (
        (
            str(debt.pk), benefit_label(debt.benefit), debt.period_key, debt.debtor_key, plain_yuan(debt.amount_fen),
            plain_yuan(debt.recovered_fen), plain_yuan(debt.waived_fen), plain_yuan(debt.open_fen),
            payments.OVERPAYMENT_STATE_TEXT[payments.OverpaymentState(debt.state)], debt.found_on.isoformat(), str(debt.community),
        )
        for debt in debts
    )  # fmt: skip
    return csv_file("overpayments", _HEADS, rows)
