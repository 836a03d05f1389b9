"""What a resident says back about a case: why is that so, this is wrong, and how it went."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.cases import api as cases
from zhida.kernel.text import Text
from zhida.web import entitlements, explanation
from zhida.web.access import requires
from zhida.web.resident.cases_open import trail
from zhida.web.templatetags.zhida import day
from zhida.web.text import in_language

_FILED = Text(
    "已收到。部门负责人会重新核对，最晚在{day}答复您。", "We have it. The head of the department looks again and answers by {day}."
)
_RATED = Text("谢谢您的评价。", "Thank you for telling us.")
_RATED_BAD = Text("谢谢您告诉我们。牵头部门会答复您。", "Thank you for telling us. The leading department will answer you.")
# Reasons that fit four or five stars; the others fit fewer.
GOOD_REASONS = ("quick", "easy", "clear", "kind")


@requires("cases.own")
@require_GET
def why(request: HttpRequest, case_id: int, decision_id: int) -> HttpResponse:
    """Why a case decided so: the rules, the amounts of the law and the facts of that day."""
    view = cases.my_case(request.viewer, case_id)
    told = cases.explain_decision(request.viewer, case_id, decision_id)
    context = {
        "row": entitlements.overview([told.line], [], request.viewer.resident_no).rows[0], "line": told.line,
        "tree": explanation.tree(told.steps), "numbers": explanation.numbers_used(told.steps),
        "facts": explanation.facts_used(told.steps), "changes": told.changes, "on_file": told.on_file,
        "appeal_url": appeal_url(view.case, "", decision_id), "trail": _trail(view, Text("为什么", "Why")),
    }  # fmt: skip
    return render(request, "resident/why.html", context)


def appeal_url(case: cases.Case, item: str, decision_id: int | None = None) -> str:
    about = f"decision={decision_id}" if decision_id is not None else f"item={item}"
    return f"{reverse('resident:case_appeal', args=[case.pk])}?{about}"


@requires("cases.own")
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, case_id: int) -> HttpResponse:
    """Say that a decision, or a refused item, is wrong."""
    view = cases.my_case(request.viewer, case_id)
    decision = request.GET.get("decision", "")
    item = request.GET.get("item", "")
    number = int(decision) if decision.isdecimal() and len(decision) < 18 else None
    mistake = ""
    if request.method == "POST":
        try:
            filed = cases.file_case_appeal(request.viewer, case_id, item, request.POST.get("text", ""), number)
        except cases.AppealImpossible as problem:
            mistake = in_language(problem.text)
        else:
            messages.success(request, in_language(_FILED).format(day=day(filed.due_on)))
            return redirect(reverse("resident:case", args=[case_id]) + "#appeals")
    context = {
        "view": view, "about": _about(view, item, number), "mistake": mistake, "typed": request.POST.get("text", ""),
        "trail": _trail(view, Text("我觉得不对", "This is wrong")),
    }  # fmt: skip
    return render(request, "resident/cases/appeal.html", context, status=409 if mistake else 200)


def _about(view: cases.CaseView, item: str, decision: int | None) -> Text:
    """Name what is objected to; the event where the address names nothing of it."""
    found = next((each for each in view.decisions if each.pk == decision), None)
    if found is not None:
        return cases.benefit_text(found.benefit)
    return view.declared.items[item].label if item in view.declared.items else view.declared.label


def _trail(view: cases.CaseView, last: Text) -> list[dict[str, Any]]:
    steps = trail(view.declared.label, last)
    steps[1]["url"] = reverse("resident:case", args=[view.case.pk])
    return steps


@requires("cases.own")
@require_POST
def rate(request: HttpRequest, case_id: int) -> HttpResponse:
    """Rate a case that is over. Without stars nothing is sent, and the page says so."""
    written = request.POST.get("stars", "")
    stars = int(written) if written.isdecimal() and len(written) == 1 else 0
    try:
        rating = cases.rate_case(request.viewer, case_id, stars, request.POST.getlist("reason"), request.POST.get("text", ""))
    except cases.RatingRefused as problem:
        messages.error(request, in_language(problem.text))
    else:
        messages.success(request, in_language(_RATED_BAD if rating.answer_due_on else _RATED))
    return redirect(reverse("resident:case", args=[case_id]) + "#rating")


def feedback(request: HttpRequest, view: cases.CaseView) -> dict[str, Any]:
    """Return what the page of a case shows of appeals and the rating."""
    rating = cases.my_rating(request.viewer, view.case.pk)
    return {
        "appeals": cases.my_case_appeals(request.viewer, view.case.pk), "rating": rating,
        "rating_reasons": [cases.RATING_REASONS[key] for key in rating.reasons if key in cases.RATING_REASONS] if rating else [],
        "may_rate": rating is None and view.case.state in (cases.CaseState.DONE, cases.CaseState.UNDONE),
        "star_choices": [(star, _STARS[star]) for star in (5, 4, 3, 2, 1)], "reason_choices": list(cases.RATING_REASONS.items()),
    }  # fmt: skip


_STARS = {
    5: Text("5 星，非常满意", "5 stars, very good"),
    4: Text("4 星，满意", "4 stars, good"),
    3: Text("3 星，一般", "3 stars, fair"),
    2: Text("2 星，不满意", "2 stars, poor"),
    1: Text("1 星，非常不满意", "1 star, very poor"),
}
