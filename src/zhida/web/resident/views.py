"""The resident's face: the happiness list, why each line is so, and saying that one is wrong."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel.money import plain_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web import entitlements, explanation
from zhida.web.access import requires
from zhida.web.resident.forms import AppealForm
from zhida.web.text import in_language, pick

# From so many lines on, a family gets a search box.
_MANY = 12
_RECEIVED = Text("已收到。街道专员会在期限前答复您。", "We have it. Your street's officer will answer within the term.")
_CSV_HEADS = (
    Text("月份", "Month"),
    Text("项目", "Benefit"),
    Text("给谁", "For"),
    Text("结论", "Answer"),
    Text("金额", "Amount"),
    Text("单位", "Unit"),
    Text("发放", "Payment"),
)


@requires("entitlements.view_own")
@require_GET
def happiness_list(request: HttpRequest) -> HttpResponse:
    """What the household is due in a month, what was paid, what comes, and which fact is missing."""
    found, overview = _overview(request)
    words = request.GET.get("q", "")
    return render(
        request,
        "resident/list.html",
        {
            "list": found,
            "overview": overview,
            "words": words,
            "searchable": words or len(overview.rows) > _MANY,
            "shown": entitlements.matching(overview.rows, words) if words else [],
            "months": _months(found.month),
            "month_query": f"?month={request.GET['month']}" if "month" in request.GET else "",
        },
    )


@requires("entitlements.view_own")
@require_GET
def list_csv(request: HttpRequest) -> HttpResponse:
    """The same list as a table file; with a byte order mark, so that spreadsheets read the Chinese."""
    found, overview = _overview(request)
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="zhida-{found.month}.csv"'
    writer = csv.writer(response)
    heads = (
        ("月份", "Month"),
        ("项目", "Benefit"),
        ("给谁", "For"),
        ("结论", "Answer"),
        ("金额", "Amount"),
        ("单位", "Unit"),
        ("发放", "Payment"),
    )
    writer.writerow([pick(zh, en) for zh, en in heads])
    for row in overview.rows:
        money = row.line.unit == "fen"
        amount = plain_yuan(row.line.amount) if money else str(row.line.amount)
        payment = in_language(row.payment.state_text) if row.payment else ""
        label = in_language(entitlements.GROUPS[row.group])
        unit = pick("元", "yuan") if money else row.line.unit
        due = row.line.status == "entitled"
        who = in_language(row.who)
        writer.writerow(
            [str(found.month), in_language(row.line.benefit.label), who, label, amount if due else "", unit if due else "", payment]
        )
    return response


@requires("entitlements.view_own")
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Every payment to the household, newest first."""
    lines = sorted(_payments(request), key=lambda line: (line.period_key, line.transaction_id), reverse=True)
    page = Paginator(lines, 24).get_page(request.GET.get("page"))
    return render(request, "resident/history.html", {"page": page, "labels": _labels()})


@requires("entitlements.view_own")
@require_GET
def why(request: HttpRequest, benefit: str, entity_no: int) -> HttpResponse:
    """The conclusion of one line, then how it comes about and what would change it."""
    told = policies.explanation(request.viewer, request.purpose, request.viewer.resident_no, benefit, entity_no, _month(request))
    row = entitlements.overview([told.line], _payments(request), {}, request.viewer.resident_no).rows[0]
    return render(
        request,
        "resident/why.html",
        {
            "row": row,
            "line": told.line,
            "tree": explanation.tree(told.steps),
            "numbers": explanation.numbers_used(told.steps),
            "facts": explanation.facts_used(told.steps),
            "changes": told.changes,
            "trail": _trail(Text("为什么", "Why")),
            "appeal_url": reverse("resident:appeal", args=[benefit, entity_no]) + _month_query(request),
        },
    )


@requires("entitlements.appeal")
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, benefit: str, entity_no: int) -> HttpResponse:
    """Say that one line is wrong."""
    viewer = request.viewer
    told = policies.explanation(viewer, request.purpose, viewer.resident_no, benefit, entity_no, _month(request))
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        month = str(_month(request) or policies.latest_month())
        policies.file_appeal(viewer, viewer.resident_no, benefit, entity_no, month, form.cleaned_data["text"])
        messages.success(
            request, Text("已收到。街道专员会在期限前答复您。", "We have it. Your street's officer will answer within the term.")
        )
        return redirect("resident:appeals")
    context = {"form": form, "line": told.line, "facts": explanation.facts_used(told.steps), "trail": _trail(Text("提出异议", "Object"))}
    return render(request, "resident/appeal.html", context, status=400 if form.errors else 200)


@requires("entitlements.appeal")
@require_GET
def my_appeals(request: HttpRequest) -> HttpResponse:
    """What this resident objected to, and what the street answered."""
    found = policies.appeals(request.viewer, request.purpose)
    return render(request, "resident/appeals.html", {"appeals": found, "labels": _labels()})


def _overview(request: HttpRequest) -> tuple[Any, entitlements.Overview]:
    viewer = request.viewer
    found = policies.entitlements(viewer, request.purpose, viewer.resident_no, _month(request))
    people = {viewer.resident_no: found.resident.name}
    return found, entitlements.overview(found.lines, _payments(request), people, viewer.resident_no)


def _payments(request: HttpRequest) -> list[Any]:
    return payments.payments_of(request.viewer, request.purpose, resident_nos=[request.viewer.resident_no])


def _labels() -> dict[str, Text]:
    return {code: benefit.label for code, benefit in policies.benefits().items()}


def _month(request: HttpRequest) -> Month | None:
    """Return the month asked for, None for the newest one.

    Raises: InvalidPeriod.
    """
    return Month.parse(request.GET["month"]) if request.GET.get("month") else None


def _month_query(request: HttpRequest) -> str:
    return f"?month={_month(request)}" if _month(request) else ""


def _months(shown: Month) -> list[dict[str, Any]]:
    return [{"month": shown.previous}, {"month": shown}]


def _trail(last: Text) -> list[dict[str, Any]]:
    return [{"label": Text("幸福清单", "My list"), "url": reverse("resident:list")}, {"label": last}]
