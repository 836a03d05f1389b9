"""Finding a resident of one's own street, and that resident's list."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.notices import api as notices
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web import entitlements
from zhida.web.access import requires
from zhida.web.officer.common import benefit_label, why
from zhida.web.templatetags.zhida import month

# An officer reads about others: nobody on the list is "you".
NOT_THE_READER = 0
SHORTEST = 2  # characters: a single one would list half the street


@requires("entitlements.view_area")
@require_GET
def residents(request: HttpRequest) -> HttpResponse:
    """Find residents of the viewer's area by name or id number."""
    text = request.GET.get("text", "").strip()
    searched = len(text) >= SHORTEST
    found = records.find_residents(request.viewer, request.purpose, text) if searched else []
    return render(request, "officer/residents.html", {"text": text, "found": found, "searched": searched, "shortest": SHORTEST})


@requires("entitlements.view_area")
@require_GET
def resident(request: HttpRequest, resident_no: int) -> HttpResponse:
    """Show a resident's list as the resident sees it. Raises: NotYours for another area."""
    found = policies.entitlements(request.viewer, request.purpose, resident_no, _month(request))
    paid = payments.payments_of(request.viewer, request.purpose, household_no=found.resident.household_no)
    told = payments.timelines(line.transaction_id for line in paid)
    context = {
        "list": found,
        "overview": entitlements.overview(found.lines, paid, NOT_THE_READER),
        "months": [{"label": month(one), "url": f"?month={one}", "current": one == found.month} for one in reversed(found.months)],
        "month_query": f"?month={found.month}" if request.GET.get("month") else "",
        "payments": [(line, benefit_label(line.benefit), told[line.transaction_id]) for line in paid],
        "notices": notices.notices_of(request.viewer, request.purpose, resident_no),
        "trail": [_search(), {"label": found.resident.name}],
    }
    return render(request, "officer/resident.html", context)


@requires("entitlements.view_area")
@require_GET
def line(request: HttpRequest, resident_no: int, benefit: str, entity_no: int) -> HttpResponse:
    """Show why one line says what it says, as the resident can read it."""
    told = policies.explanation(request.viewer, request.purpose, resident_no, benefit, entity_no, _month(request))
    paid = payments.payments_of(request.viewer, request.purpose, {told.line.payee_no} - {0})
    card = records.resident_card(request.viewer, request.purpose, resident_no)
    context = {
        "line": told.line,
        "row": entitlements.overview([told.line], paid, NOT_THE_READER).rows[0],
        "trail": [
            _search(),
            {"label": card.name, "url": reverse("officer:resident", args=[resident_no])},
            {"label": told.line.benefit.label},
        ],
        **why(told),
    }
    return render(request, "officer/line.html", context)


def _search() -> dict[str, Any]:
    return {"label": Text("查找居民", "Residents"), "url": reverse("officer:residents")}


def _month(request: HttpRequest) -> Month | None:
    """Return the month asked for, None for the newest. Raises: InvalidPeriod."""
    return Month.parse(request.GET["month"]) if request.GET.get("month") else None
