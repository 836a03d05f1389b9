"""What a resident is asked to give back: how much, why, how it comes back, and saying that it is wrong."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.text import in_language

_RECEIVED = Text("已收到。答复您之前，不会再扣。", "We have it. Nothing more is kept back until you are answered.")


@requires("entitlements.view_own")
@require_GET
def owed(request: HttpRequest) -> HttpResponse:
    """List what was paid too much and is to come back."""
    return render(request, "resident/owed.html", {"rows": _rows(request), "trail": _trail(Text("多发的钱", "Paid too much"))})


@requires("entitlements.appeal")
@require_http_methods(["GET", "POST"])
def wrong(request: HttpRequest, overpayment_id: int) -> HttpResponse:
    """Say that one is wrong: nothing more is kept back until it is answered."""
    row = next((row for row in _rows(request) if row["line"].overpayment_id == overpayment_id), None)
    if row is None:
        raise access.NotYours(request.viewer.account, f"overpayment {overpayment_id}")
    mistake = ""
    if request.method == "POST":
        try:
            payments.object_to(request.viewer, overpayment_id, request.POST.get("text", ""))
        except (payments.RecoveryWithoutReason, payments.OverpaymentInWrongState) as error:
            mistake = in_language(error.text)
        else:
            messages.success(request, in_language(_RECEIVED))
            return redirect("resident:owed")
    context = {"row": row, "mistake": mistake, "trail": _trail(Text("提出异议", "Object"))}
    return render(request, "resident/owed_wrong.html", context, status=400 if mistake else 200)


def _rows(request: HttpRequest) -> list[dict[str, Any]]:
    labels = {code: benefit.label for code, benefit in policies.benefits().items()}
    lines = payments.debts_of(request.viewer, request.purpose, request.viewer.resident_no)
    return [
        {
            "line": line,
            "label": labels.get(line.benefit, Text(line.benefit, line.benefit)),
            "state": payments.OVERPAYMENT_STATE_TEXT[payments.OverpaymentState(line.state)],
            "percent": f"{line.limit_bp / 100:g}%",
        }
        for line in lines
    ]


def _trail(last: Text) -> list[dict[str, Any]]:
    return [{"label": Text("发放记录", "Payments"), "url": reverse("resident:history")}, {"label": last}]
