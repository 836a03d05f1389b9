"""What the city paid for a resident at tills, month by month."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhida.blocks.tills import api as tills
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.web.access import requires
from zhida.web.templatetags.zhida import month as month_text

_MONTHS = 3


@requires("entitlements.view_own")
@require_GET
def events(request: HttpRequest) -> HttpResponse:
    """List one's own events of a month, this month by default."""
    this = Month.of(clock.today())
    asked = request.GET.get("month")
    month = Month.parse(asked) if asked else this
    lines = tills.events_of(request.viewer, request.purpose, request.viewer.resident_no, month)
    months = [this.shifted(-back) for back in range(_MONTHS - 1, -1, -1)]
    context = {
        "month": month,
        "months": [{"label": month_text(each), "url": f"?month={each}", "current": each == month} for each in months],
        "lines": lines,
        "city_fen": sum(line.city_fen - line.refunded_city_fen for line in lines),
    }
    return render(request, "resident/events.html", context)
