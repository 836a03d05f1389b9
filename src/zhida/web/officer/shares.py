"""Who bears what: the shares of the levels of government per benefit, since when, by which document."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import Item, Share
from zhida.web.officer.budgets import benefit_choices, tabs_of
from zhida.web.officer.common import back, benefit_label
from zhida.web.officer.forms import ShareForm
from zhida.web.text import in_language, pick

_OTHERS = Text("其他各项（没有单独规定的）", "All others without a rule of their own")
_WRONG = (payments.SharesDoNotFit, payments.ShareWithoutSource, payments.ShareInClosedMonth)


@requires("payments.view")
@require_http_methods(["GET", "POST"])
def shares(request: HttpRequest) -> HttpResponse:
    """Show who bears each benefit today, what was and what will be; a checker may set shares from a day on."""
    may_set = bool(access.purpose_of(request.viewer, "payments.settings"))
    form = ShareForm(request.POST or None, benefits=benefit_choices(), initial={"valid_from": clock.today().isoformat()})
    if request.method == "POST":
        access.require(request.viewer, "payments.settings")
        if form.is_valid() and (saved := _set(request, form)):
            return saved
    context = {"tabs": tabs_of("shares"), "benefits": _benefits(request), "form": form if may_set else None}
    return render(request, "officer/shares.html", context, status=400 if form.errors else 200)


def _set(request: HttpRequest, form: ShareForm) -> HttpResponse | None:
    """Set shares; None where they may not be, which the form then says."""
    said = form.cleaned_data
    try:
        payments.set_cost_share(request.viewer, said["benefit"], said["valid_from"], form.basis_points, said["source"])
    except _WRONG as mistake:
        form.add_error("valid_from" if isinstance(mistake, payments.ShareInClosedMonth) else None, in_language(mistake.text))
        return None
    return back(request, "officer:shares", Text("分担比例已保存。", "The shares are set."))


def _benefits(request: HttpRequest) -> list[dict[str, Any]]:
    """List the benefits with shares of their own, and last what all others follow; each with its history, the newest first."""
    today, found = clock.today(), []
    for benefit, rows in groupby(payments.cost_shares(request.viewer), key=lambda row: row.benefit):
        history = list(rows)
        now = next((row for row in history if row.valid_from <= today), None)
        label = benefit_label(benefit) if benefit else _OTHERS
        found.append(
            {
                "label": label,
                "code": benefit or "others",
                "chart": _share(now) if now else None,
                "now": now,
                "history": [{"row": row, "parts": _parts(row), "state": _state(row, now, today)} for row in history],
            }
        )
    return sorted(found, key=lambda one: one["code"] == "others")


def _state(row: Any, now: Any, today: Any) -> Text:
    if row is now:
        return Text("现在", "Now")
    return Text("以后", "To come") if row.valid_from > today else Text("以前", "Before")


def _parts(row: Any) -> list[tuple[Text, str]]:
    points = (row.central_bp, row.province_bp, row.city_bp, row.district_bp)
    return [(payments.LEVEL_TEXT[level], f"{bp / 100:g}%") for level, bp in zip(payments.Level, points, strict=True)]


def _share(row: Any) -> Share:
    points = (row.central_bp, row.province_bp, row.city_bp, row.district_bp)
    items = [Item(in_language(payments.LEVEL_TEXT[level]), bp, "") for level, bp in zip(payments.Level, points, strict=True) if bp]
    most = max(items, key=lambda item: item.value or 0)
    share = f"{(most.value or 0) / 100:g}%"
    return Share(pick(f"{most.label}承担最多，{share}", f"The {most.label} bears most, {share}"), items)
