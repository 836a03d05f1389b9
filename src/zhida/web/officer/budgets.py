"""Budget envelopes: how much a benefit may cost in a year, and how much of it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel import clock
from zhida.kernel.errors import InvalidAmount
from zhida.kernel.money import parse_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import BarList, Item
from zhida.web.officer.common import back, benefit_label
from zhida.web.officer.forms import BudgetForm
from zhida.web.templatetags.zhida import percent, yuan_short
from zhida.web.text import in_language, pick

NEARLY_USED = 0.9


@requires("payments.view")
@require_http_methods(["GET", "POST"])
def budgets(request: HttpRequest) -> HttpResponse:
    """Show the envelopes of a year; whoever approves batches may set them."""
    may_set = bool(access.purpose_of(request.viewer, "payments.approve"))
    year = _year(request)
    choices = [(code, in_language(benefit.label)) for code, benefit in policies.benefits().items() if benefit.unit == "fen"]
    form = BudgetForm(request.POST or None, benefits=choices, initial={"year": year})
    if request.method == "POST":
        access.require(request.viewer, "payments.approve")
        if form.is_valid() and (saved := _set(request, form)):
            return saved
    envelopes = payments.budgets(request.viewer, year)
    context = {
        "year": year,
        "years": sorted({envelope.year for envelope in payments.budgets(request.viewer)} | {year}),
        "chart": _chart(envelopes),
        "total_fen": sum(envelope.amount_fen for envelope in envelopes),
        "used_fen": sum(envelope.committed_fen for envelope in envelopes),
        "form": form if may_set else None,
    }
    return render(request, "officer/budgets.html", context, status=400 if form.errors else 200)


def _set(request: HttpRequest, form: BudgetForm) -> HttpResponse | None:
    """Set an envelope; None where the amount cannot be read, which the form then says."""
    try:
        amount_fen = parse_yuan(form.cleaned_data["amount"].replace(",", ""))
    except InvalidAmount as mistake:
        form.add_error("amount", in_language(mistake.text))
        return None
    payments.set_budget(request.viewer, form.cleaned_data["benefit"], form.cleaned_data["year"], amount_fen)
    return back(request, "officer:budgets", Text("预算已更新。", "The budget is set."))


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year", "")
    return int(asked) if asked.isdigit() and len(asked) == 4 else clock.today().year


def _chart(envelopes: Sequence[Any]) -> BarList | None:
    """Rank the envelopes by how much of each is used."""
    if not envelopes:
        return None
    used = sorted(((e.committed_fen / e.amount_fen if e.amount_fen else 0.0, e) for e in envelopes), key=lambda pair: -pair[0])
    items = [
        Item(
            in_language(benefit_label(envelope.benefit)),
            share,
            percent(share),
            detail=pick(
                f"已用 {yuan_short(envelope.committed_fen)} / {yuan_short(envelope.amount_fen)}",
                f"{yuan_short(envelope.committed_fen)} of {yuan_short(envelope.amount_fen)}",
            ),
            tone="bad" if share >= 1 else "wait" if share >= NEARLY_USED else "",
        )
        for share, envelope in used
    ]
    return BarList(pick(f"用得最多的是{items[0].label}：{items[0].text}", f"{items[0].label} has used most: {items[0].text}"), items)
