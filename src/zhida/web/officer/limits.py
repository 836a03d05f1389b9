"""How many checkers sign, by the sum of a batch."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.kernel.errors import InvalidAmount
from zhida.kernel.money import parse_yuan, plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.budgets import tabs_of
from zhida.web.officer.common import back
from zhida.web.text import in_language, pick

# Rows of the form beyond those that are filled.
_EMPTY_ROWS = 1


@requires("payments.view")
@require_http_methods(["GET", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """Show the limits of approval; a checker may replace them."""
    may_set = bool(access.purpose_of(request.viewer, "payments.settings"))
    written = [(plain_yuan(from_fen), str(checkers)) for from_fen, checkers in payments.approval_limits()]
    problem = ""
    if request.method == "POST":
        access.require(request.viewer, "payments.settings")
        written = list(zip(request.POST.getlist("from"), request.POST.getlist("checkers"), strict=False))
        try:
            payments.set_approval_limits(request.viewer, _read(written))
            return back(
                request,
                "officer:limits",
                Text("审批分档已更新，对以后编制的批次有效。", "Set, for batches prepared from now on."),
            )
        except (InvalidAmount, payments.LimitsDoNotFit) as mistake:
            problem = in_language(mistake.text)
        except ValueError:
            problem = pick("人数要写成数字，例如 2。", "Write the number of checkers in digits, as 2.")
    context = {
        "tabs": tabs_of("limits"),
        "limits": payments.approval_limits(),
        "rows": [*written, *[("", "")] * _EMPTY_ROWS],
        "may_set": may_set,
        "problem": problem,
    }
    return render(request, "officer/limits.html", context, status=400 if problem else 200)


def _read(written: list[tuple[str, str]]) -> list[tuple[int, int]]:
    """Read rows of (yuan, checkers); empty ones are left out. Raises: InvalidAmount, ValueError."""
    filled = [(yuan.strip().replace(",", ""), checkers.strip()) for yuan, checkers in written if yuan.strip()]
    return [(parse_yuan(yuan), int(checkers)) for yuan, checkers in filled]
