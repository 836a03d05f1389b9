"""What residents say back about cases: appeals that the head of a department decides, and ratings that want an answer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.cases import api as cases
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, page_of
from zhida.web.text import in_language

APPEAL_TABS = {"open": Text("待答复", "Open"), "answered": Text("已答复", "Answered")}
RATING_TABS = {"waiting": Text("待答复", "To answer"), "all": Text("全部评价", "All ratings")}
# A corrected fact comes as fact-<name>.
FACT = "fact-"


@requires("cases.answer")
@require_GET
def appeals(request: HttpRequest) -> HttpResponse:
    """List the appeals of the viewer's department, those with the nearest deadline first."""
    state = request.GET.get("state") if request.GET.get("state") in APPEAL_TABS else "open"
    page = page_of(request, cases.case_appeals(request.viewer, state))
    context = {
        "page": page, "rows": [_appeal_row(each) for each in page.object_list],
        "tabs": [{"label": label, "url": f"?state={name}", "current": name == state} for name, label in APPEAL_TABS.items()],
    }  # fmt: skip
    return render(request, "officer/case_appeals.html", context)


def _appeal_row(appeal: cases.CaseAppeal) -> dict[str, Any]:
    today = clock.today()
    declared = cases.declaration_of(appeal.case)
    standing = cases.light(appeal.due_on, today) if appeal.state == "open" else None
    return {
        "appeal": appeal, "declared": declared, "about": cases.appeal_about(appeal, declared), "light": standing,
        "light_text": cases.LIGHT_TEXT[standing] if standing else None,
    }  # fmt: skip


@requires("cases.answer")
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Show an appeal with the facts then and now side by side; take the answer, and what facts it corrects."""
    view = cases.case_appeal(request.viewer, appeal_id)
    mistake = ""
    if request.method == "POST":
        outcome = "changed" if request.POST.get("outcome") == "changed" else "upheld"
        try:
            cases.answer_case_appeal(request.viewer, appeal_id, outcome, request.POST.get("text", ""), _corrected(request, view))
        except (cases.ReasonNeeded, cases.AppealUnchanged, cases.WrongFact, cases.CaseOpenAlready) as problem:
            mistake = in_language(problem.text)
        else:
            done = Text(f"异议 {appeal_id} 已答复，居民会收到通知。", f"Appeal {appeal_id} is answered; the resident is told.")
            return back(request, "officer:case_appeals", done)
    context = {
        "view": view, "appeal": view.appeal, "case": view.case, "mistake": mistake, "typed": request.POST,
        "facts": [_fact(fact, request) for fact in view.facts], "light_text": cases.LIGHT_TEXT[view.light],
        "trail": [
            {"label": Text("办件异议", "Appeals about cases"), "url": reverse("officer:case_appeals")},
            {"label": Text(f"异议 {appeal_id}", f"Appeal {appeal_id}")},
        ],
    }  # fmt: skip
    return render(request, "officer/case_appeal.html", context, status=409 if mistake else 200)


def _corrected(request: HttpRequest, view: cases.AppealView) -> dict[str, str]:
    """Return the facts that the form corrects, among those that the decision rests on."""
    typed = {fact.name: request.POST.get(f"{FACT}{fact.name}", "").strip()[:100] for fact in view.facts if fact.name}
    return {name: value for name, value in typed.items() if value}


def _fact(fact: cases.ComparedFact, request: HttpRequest) -> dict[str, Any]:
    """Return a compared fact with its input, where it can be corrected: of whom the decision is about, and by the decision's rules."""
    typed = request.POST.get(f"{FACT}{fact.name}", "")
    options = list(fact.codes.items())
    if fact.kind == "bool":
        options = [("true", Text("是", "Yes")), ("false", Text("否", "No"))]
    return {"fact": fact, "name": f"{FACT}{fact.name}" if fact.name else "", "options": options, "typed": typed}


@requires("cases.answer")
@require_http_methods(["GET", "POST"])
def ratings(request: HttpRequest) -> HttpResponse:
    """List ratings of the viewer's department, bad ones first; take an answer to one."""
    mistake, answered = "", 0
    if request.method == "POST":
        written = request.POST.get("rating", "")
        answered = int(written) if written.isdecimal() and len(written) < 18 else 0
        try:
            cases.answer_rating(request.viewer, answered, request.POST.get("text", ""))
        except (cases.ReasonNeeded, cases.RatingRefused) as problem:
            mistake = in_language(problem.text)
        else:
            return back(request, "officer:case_ratings", Text("已答复，居民会收到通知。", "Answered; the resident is told."))
    which = request.GET.get("which") if request.GET.get("which") in RATING_TABS else "waiting"
    page = page_of(request, cases.ratings(request.viewer, which))
    summary = cases.ratings_summary(request.viewer)
    context = {
        "page": page, "rows": [_rating_row(each) for each in page.object_list], "mistake": mistake, "answered": answered,
        "typed": request.POST.get("text", ""), "summary": summary, "share": summary.share_in_time,
        "tabs": [{"label": label, "url": f"?which={name}", "current": name == which} for name, label in RATING_TABS.items()],
    }  # fmt: skip
    return render(request, "officer/case_ratings.html", context, status=409 if mistake else 200)


def _rating_row(rating: cases.Rating) -> dict[str, Any]:
    is_waiting = rating.answer_due_on is not None and rating.answered_at is None
    standing = cases.light(rating.answer_due_on, clock.today()) if is_waiting else None
    return {
        "rating": rating, "event": cases.declaration_of(rating.case).label, "is_waiting": is_waiting,
        "reasons": [cases.RATING_REASONS[key] for key in rating.reasons if key in cases.RATING_REASONS],
        "light": standing, "light_text": cases.LIGHT_TEXT[standing] if standing else None,
    }  # fmt: skip
