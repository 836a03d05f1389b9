"""The resident's face: the happiness list, why each line is so, and saying that one is wrong."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.cases import api as cases
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel.money import plain_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web import entitlements, explanation
from zhida.web.access import requires
from zhida.web.resident.cases import own_cases, waiting_rows
from zhida.web.resident.forms import AppealForm
from zhida.web.table_files import csv_file
from zhida.web.templatetags.zhida import month as month_text
from zhida.web.text import in_language

# From so many lines on, a family gets a search box.
_MANY = 12
_PAGE = 24
_RECEIVED = Text("已收到。街道专员会在期限前答复您。", "We have it. Your street's officer will answer within the term.")
_DENIED = Text(
    "已拦下：不会往这个账户发钱，街道专员会与您联系。", "Stopped: nothing is paid to that account. Your street's officer will contact you."
)
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
            "months": [_month_tab(month, found.month) for month in reversed(found.months)],
            "month_query": _month_query(request),
            "shares": policies.shares_with_household(request.viewer),
            "waiting": waiting_rows(request),
        },
    )


@requires("entitlements.view_own")
@require_GET
def list_csv(request: HttpRequest) -> HttpResponse:
    """The same list as a table file."""
    found, overview = _overview(request)
    return csv_file(f"zhida-{found.month}", _CSV_HEADS, ([found.month, *_csv_row(row)] for row in overview.rows))


def _csv_row(row: entitlements.Row) -> list[str | Text]:
    """Benefit, for whom, answer, amount, unit, payment: amounts only where something is due."""
    line = row.line
    amount, unit = _amount(line) if line.status == "entitled" else ("", "")
    payment = row.payment.state_text if row.payment else ""
    return [line.benefit.label, row.who, entitlements.GROUPS[row.group], amount, unit, payment]


def _amount(line: policies.EntitlementLine) -> tuple[str | Text, str | Text]:
    if line.unit == "fen":
        return plain_yuan(line.amount), Text("元", "yuan")
    return (Text("已认定", "Recognised"), "") if line.unit == "status" else (str(line.amount), line.unit)


@requires("entitlements.view_own")
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Every payment to the household, newest first."""
    found = policies.entitlements(request.viewer, request.purpose, request.viewer.resident_no)
    page = Paginator(_payments(request, found), _PAGE).get_page(request.GET.get("page"))
    names = {line.entity_no: entitlements.who(line, request.viewer.resident_no) for line in found.lines}
    told = payments.timelines(line.transaction_id for line in page)
    context = {
        "page": page,
        "rows": [(line, entitlements.advice(line), told[line.transaction_id]) for line in page],
        "labels": _labels(),
        "names": names,
        "kept": payments.kept_back_of(request.viewer, [line.transaction_id for line in page if line.deducted_fen]),
        "changes": payments.account_changes_of(request.viewer, request.purpose, request.viewer.resident_no)[:3],
    }
    return render(request, "resident/history.html", context)


@requires("entitlements.view_own")
@require_POST
def not_me(request: HttpRequest, change_id: int) -> HttpResponse:
    """Say that a new account is not one's own: nothing is paid to it."""
    payments.deny_account_change(request.viewer, change_id)
    messages.success(request, in_language(_DENIED))
    return redirect(reverse("resident:history") + "#accounts")


@requires("entitlements.view_own")
@require_GET
def why(request: HttpRequest, benefit: str, entity_no: int) -> HttpResponse:
    """The conclusion of one line, then how it comes about and what would change it."""
    told = policies.explanation(request.viewer, request.purpose, request.viewer.resident_no, benefit, entity_no, _month(request))
    paid = payments.payments_of(request.viewer, request.purpose, {told.line.payee_no} - {0})
    row = entitlements.overview([told.line], paid, request.viewer.resident_no).rows[0]
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
            "on_file": told.on_file,
            "trail": _trail(Text("为什么", "Why")),
            "appeal_url": reverse("resident:appeal", args=[benefit, entity_no]) + _month_query(request),
        },
    )


@requires("entitlements.view_own")
@require_POST
def sharing(request: HttpRequest) -> HttpResponse:
    """Agree that the household sees one's own lines, or withdraw it."""
    policies.set_household_sharing(request.viewer, request.POST.get("shared") == "yes")
    return redirect(reverse("resident:list") + "#sharing")


@requires("entitlements.appeal")
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, benefit: str, entity_no: int) -> HttpResponse:
    """Say that one line is wrong."""
    viewer = request.viewer
    told = policies.explanation(viewer, request.purpose, viewer.resident_no, benefit, entity_no, _month(request))
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        policies.file_appeal(viewer, viewer.resident_no, benefit, entity_no, told.month, form.cleaned_data["text"])
        messages.success(request, in_language(_RECEIVED))
        return redirect("resident:appeals")
    context = {"form": form, "line": told.line, "facts": explanation.facts_used(told.steps), "trail": _trail(Text("提出异议", "Object"))}
    return render(request, "resident/appeal.html", context, status=400 if form.errors else 200)


@requires("entitlements.appeal")
@require_GET
def my_appeals(request: HttpRequest) -> HttpResponse:
    """What this resident objected to and what was answered: lines of the list, and answers in joint cases."""
    found = policies.appeals(request.viewer, request.purpose)
    of_cases = [each for case in own_cases(request) for each in cases.my_case_appeals(request.viewer, case.pk)]
    return render(request, "resident/appeals.html", {"appeals": found, "of_cases": of_cases, "labels": _labels()})


def _overview(request: HttpRequest) -> tuple[policies.EntitlementList, entitlements.Overview]:
    found = policies.entitlements(request.viewer, request.purpose, request.viewer.resident_no, _month(request))
    return found, entitlements.overview(found.lines, _payments(request, found), request.viewer.resident_no)


def _payments(request: HttpRequest, found: policies.EntitlementList) -> list[payments.PaymentLine]:
    """The household's payments, without those of grown members who have not agreed to share."""
    own = request.viewer.resident_no
    lines = payments.payments_of(request.viewer, request.purpose, [own], found.resident.household_no)
    seen = {line.entity_no for line in found.lines}
    return [line for line in lines if line.payee_no == own or line.entity_no in seen]


def _labels() -> dict[str, Text]:
    return {code: benefit.label for code, benefit in policies.benefits().items()}


def _month(request: HttpRequest) -> Month | None:
    """Return the month asked for, None for the newest one.

    Raises: InvalidPeriod.
    """
    return Month.parse(request.GET["month"]) if request.GET.get("month") else None


def _month_query(request: HttpRequest) -> str:
    return f"?month={_month(request)}" if _month(request) else ""


def _month_tab(month: str, shown: str) -> dict[str, Any]:
    return {"label": month_text(month), "url": f"?month={month}", "current": month == shown}


def _trail(last: Text) -> list[dict[str, Any]]:
    return [{"label": Text("幸福清单", "My list"), "url": reverse("resident:list")}, {"label": last}]
