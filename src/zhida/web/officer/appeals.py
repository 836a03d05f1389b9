"""What residents say is wrong, and the answers of their street."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web import entitlements
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, page_of, why

STATES = {"open": Text("待答复", "Open"), "answered": Text("已答复", "Answered")}


@requires("appeals.handle")
@require_GET
def appeals(request: HttpRequest) -> HttpResponse:
    """List the appeals of the officer's area, those with the nearest deadline first."""
    state = request.GET.get("state") if request.GET.get("state") in STATES else "open"
    found = policies.appeals(request.viewer, request.purpose, state)
    found = sorted(found, key=lambda appeal: appeal.due_on) if state == "open" else found
    page = page_of(request, found)
    context = {
        "page": page,
        "rows": [_row(request, appeal) for appeal in page.object_list],
        "state": state,
        "tabs": [{"label": label, "url": f"?state={name}", "current": name == state} for name, label in STATES.items()],
    }
    return render(request, "officer/appeals.html", context)


@requires("appeals.handle")
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Show one appeal with the line it is about, and take the answer."""
    if request.method == "POST":
        policies.answer_appeal(request.viewer, appeal_id, request.POST.get("answer", ""))
        done = Text(f"异议 {appeal_id} 已答复，居民可以看到。", f"Appeal {appeal_id} is answered; the resident can read it.")
        return back(request, "officer:appeals", done)
    found = _appeal(request, appeal_id)
    told = policies.explanation(
        request.viewer, request.purpose, found.resident_no, found.benefit, found.entity_no, Month.parse(found.month)
    )
    row = entitlements.overview([told.line], [], 0).rows[0]
    trail = [
        {"label": Text("居民异议", "Appeals"), "url": reverse("officer:appeals")},
        {"label": Text(f"异议 {appeal_id}", f"Appeal {appeal_id}")},
    ]
    return render(request, "officer/appeal.html", {**_row(request, found), "trail": trail, "line": told.line, "row": row, **why(told)})


def _appeal(request: HttpRequest, appeal_id: int) -> Any:
    """Return an appeal of the officer's area. Raises: Http404 for any other."""
    found = next((each for each in policies.appeals(request.viewer, request.purpose) if each.id == appeal_id), None)
    if found is None:
        raise Http404
    return found


def _row(request: HttpRequest, appeal: Any) -> dict[str, Any]:
    """Return an appeal with who filed it, what about, and the days left."""
    return {
        "appeal": appeal,
        "card": records.resident_card(request.viewer, request.purpose, appeal.resident_no),
        "benefit": benefit_label(appeal.benefit),
        "days_left": (appeal.due_on - clock.today()).days,
        "days_over": (clock.today() - appeal.due_on).days,
    }
