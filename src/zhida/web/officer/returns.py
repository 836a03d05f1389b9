"""Money that came back or is on hold: whom to ask for a new account, and sending it again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.records import api as records
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, csv_file, links_to, page_number


@requires("payments.returns")
@require_GET
def returns(request: HttpRequest) -> HttpResponse:
    """List payments of the viewer's area that are on hold, rejected or returned, oldest first."""
    page = page_number(request)
    found = payments.returns(request.viewer, request.purpose, page)
    total = payments.count_returns(request.viewer)
    rows = [_row(request, line) for line in found]
    if request.GET.get("format") == "csv":
        return _file(rows)
    context = {
        "page": links_to(page, max(1, -(-total // payments.PAGE_ROWS))),
        "rows": rows,
        "total": total,
        "may_reissue": bool(access.purpose_of(request.viewer, "payments.prepare")),
    }
    return render(request, "officer/returns.html", context)


@requires("payments.prepare")
@require_POST
def reissue(request: HttpRequest) -> HttpResponse:
    """Prepare a batch of stuck payments whose payee has another account by now."""
    made = payments.reissue(request.viewer)
    if made is None:
        nothing = Text(
            "还没有人登记新的账户，没有可以重新发放的款项。", "Nobody has registered another account yet, so nothing can be sent again."
        )
        return back(request, "officer:returns", nothing)
    done = Text(f"已编制补发批次 {made.id}，等待复核。", f"Batch {made.id} sends them again and waits for a second officer.")
    return back(request, "officer:batch", done, made.id)


def _row(request: HttpRequest, line: Any) -> dict[str, Any]:
    """Return a stuck payment with its benefit, its payee as far as the viewer may know, and what to do."""
    return {
        "line": line,
        "benefit": benefit_label(line.benefit),
        "card": _payee(request, line.payee_no),
        "reason": payments.reason_text(line.reason_code),
    }


def _payee(request: HttpRequest, resident_no: int) -> records.ResidentCard | None:
    """Return who is to be paid; None for an organisation, for whoever has died or moved away, and for a viewer of payments only."""
    if not resident_no or not access.purpose_of(request.viewer, "entitlements.view_area"):
        return None
    try:
        return records.resident_card(request.viewer, request.purpose, resident_no)
    except (records.ResidentNotFound, records.NoSnapshot, access.NotYours):
        return None


def _file(rows: list[dict[str, Any]]) -> HttpResponse:
    heads = [
        Text("参考号", "Reference"),
        Text("待遇", "Benefit"),
        Text("周期", "Period"),
        Text("金额（元）", "Yuan"),
        Text("状态", "State"),
        Text("怎么办", "What to do"),
    ]
    lines = [
        (
            row["line"].end_to_end_id,
            row["benefit"],
            row["line"].period_key,
            plain_yuan(row["line"].amount_fen),
            _state(row["line"]),
            row["reason"],
        )
        for row in rows
    ]
    return csv_file("returns", heads, lines)


def _state(line: Any) -> Text:
    return payments.TRANSACTION_STATE_TEXT[payments.TransactionState(line.state)]
