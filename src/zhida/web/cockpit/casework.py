"""The captain's page of casework by month: how long, how well, what people said. Figures that were counted before, nobody's rows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.cases import api as cases
from zhida.blocks.indicators import api as indicators
from zhida.blocks.indicators.api import CaseworkFigures
from zhida.blocks.places import api as places
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.cockpit import casework_charts as charts
from zhida.web.cockpit.figures import withheld
from zhida.web.table_files import csv_file

# More columns than that cannot be read beside each other; a file to take home has all.
MONTHS_SHOWN = 6
CHOICES = ("month", "event", "department")
_BELOW = {"city": Text("区县", "Districts"), "district": Text("街道和乡镇", "Streets and towns")}
# What a file to take home has, as numbers.
CSV_MEASURES = {
    "opened": Text("立案", "Opened"),
    "done": Text("办结", "Done"),
    "days_median": Text("中位工作日", "Median working days"),
    "days_p90": Text("九成工作日", "Working days, 90%"),
    "done_in_time": Text("承诺期内办结", "Done within promise"),
    "undone": Text("撤销", "Undone"),
    "not_wanted": Text("未办", "Not wanted"),
    "items": Text("办完事项", "Items ended"),
    "items_in_time": Text("按期事项", "Items on time"),
    "returned": Text("退回居民", "Returned"),
    "ratings": Text("评价", "Ratings"),
    "stars": Text("星数合计", "Stars, sum"),
    "satisfied": Text("满意（四、五星）", "Satisfied (4 or 5 stars)"),
    "bad": Text("差评", "Bad ratings"),
    "bad_due": Text("应答复差评", "Bad ratings due"),
    "bad_in_time": Text("按期答复差评", "Bad ratings answered in time"),
    "appeals": Text("收到异议", "Appeals"),
    "appeals_answered": Text("答复异议", "Appeals answered"),
    "appeals_changed": Text("改变原结论", "Decisions changed"),
}


@requires("cases.supervise")
@require_GET
def casework_here(request: HttpRequest) -> HttpResponse:
    """Show the viewer's own area."""
    return _page(request, int(request.viewer.area_code))


@requires("cases.supervise")
@require_GET
def casework_area(request: HttpRequest, code: int) -> HttpResponse:
    """Show an area inside the viewer's, down to a street. Raises: UnknownArea, NotYours."""
    return _page(request, code)


def _page(request: HttpRequest, code: int) -> HttpResponse:
    here = places.area(code)
    if here.level == "community":
        raise places.UnknownArea(code)
    if request.GET.get("format") == "csv":
        return _csv(request, here.code)
    counted = indicators.casework_months(request.viewer)
    event, department = _chosen_event(request), request.GET.get("department", "")
    context = {
        "area": here,
        "trail": _trail(request, here),
        "event": event,
        "department": department,
        "events": [(key, declared.label) for key, declared in cases.life_events().items()],
        "small_cell": indicators.SMALL_CELL,
        "pages": pages("casework"),
        "counted": bool(counted),
    }
    if counted:
        context |= _figures(request, here, counted)
    return render(request, "cockpit/casework.html", context)


def _figures(request: HttpRequest, here: places.Area, counted: list[indicators.CountedMonth]) -> dict[str, Any]:
    """Return what a month's page shows of an area, for all or the chosen life event and department."""
    month, event, department = _month(request, counted), _chosen_event(request), request.GET.get("department", "")
    viewer, query = request.viewer, _query(request)
    whole = {each.month: each.is_whole for each in counted}
    trend = indicators.casework_by_month(viewer, here.code, event, department)
    now = next(line for line in trend if line.month == month)
    # The months up to the one that is looked at, filled up with later ones.
    until = [(line, whole[line.month]) for line in trend if line.month <= month][-MONTHS_SHOWN:]
    later = [(line, whole[line.month]) for line in trend if line.month > month][: MONTHS_SHOWN - len(until)]
    by_event = [line for line in indicators.casework_by_event(viewer, month, here.code, department) if event in ("", line.event)]
    of_events = charts.COLUMNS_OF_EVENTS if charts.leads(by_event) else charts.COLUMNS_OF_DEPARTMENTS
    by_department = indicators.casework_by_department(viewer, month, here.code, event)
    shown = [line for line in by_department if department in ("", line.department)]
    below = indicators.casework_by_area(viewer, month, here.code, event, department) if here.level in _BELOW else []
    return {
        "month": month,
        "counted_on": next(each.counted_on for each in counted if each.month == month),
        "is_whole": whole[month],
        "months": [{"month": each.month, "url": _query(request, month=each.month), "current": each.month == month} for each in counted],
        "now": now,
        "leads": charts.leads([now]),
        "chosen": [name for key, name in ((event, charts.event_name(now)), (department, charts.department_name(now))) if key],
        "heads": _heads(now),
        "trends": charts.trends([*until, *later], month),
        "reasons": charts.reasons(now),
        "by_event": charts.table(by_event, of_events, charts.event_name),
        "departments": charts.departments(shown),
        "by_department": charts.table(shown, charts.COLUMNS_OF_DEPARTMENTS, charts.department_name),
        "department_names": [(line.department, charts.department_name(line)) for line in by_department],
        "areas": charts.areas(below, query),
        "below": _BELOW.get(here.level),
    }


def _heads(now: CaseworkFigures) -> list[tuple[str, Text, str]]:
    """Return the figures at the head of the page: value, label, tone. What is withheld or does not exist has no tone."""
    figures = [
        (charts.count("done")(now), Text("办结", "Done"), ""),
        (charts.days(now), Text("工作日：中位 / 九成", "Working days: median / 90%"), ""),
        (charts.in_time(now), Text("承诺期内办结", "Within the promised days"), "good"),
        (charts.satisfied(now), Text("满意", "Satisfied"), "good"),
        (charts.bad_in_time(now), Text("差评按期答复", "Bad ratings answered in time"), "wait"),
    ]
    if not charts.leads([now]):
        figures = [
            (charts.count("items")(now), Text("办结事项", "Items ended"), ""),
            (charts.items_in_time(now), Text("事项按期", "Items on time"), "good"),
            (charts.count("returned")(now), Text("退回居民", "Returned to residents"), "wait"),
            (charts.count("appeals_answered")(now), Text("答复异议", "Appeals answered"), ""),
        ]
    return [(value, label, tone if value not in (withheld(), "—") else "") for value, label, tone in figures]


def pages(current: str) -> list[dict[str, Any]]:
    """Return the sister pages of joint cases for those who supervise them."""
    return [
        {"label": Text("现在：红黄灯", "Now: lights"), "url": reverse("cockpit:cases"), "current": current == "lights"},
        {"label": Text("逐月：办件指标", "By month: casework"), "url": reverse("cockpit:casework"), "current": current == "casework"},
    ]


def _month(request: HttpRequest, counted: list[indicators.CountedMonth]) -> str:
    """Return the month asked for, else the newest that is over, else the newest. Raises: InvalidPeriod, CaseworkNotObserved."""
    asked = request.GET.get("month", "")
    if asked:
        wanted = Month.parse(asked).text
        if wanted not in {each.month for each in counted}:
            raise indicators.CaseworkNotObserved(wanted)
        return wanted
    return next((each.month for each in reversed(counted) if each.is_whole), counted[-1].month)


def _chosen_event(request: HttpRequest) -> str:
    asked = request.GET.get("event", "")
    return asked if asked in cases.life_events() else ""


def _query(request: HttpRequest, **changes: str) -> str:
    """Return what was chosen in the address, to carry along; empty where nothing was."""
    kept = {name: request.GET[name] for name in CHOICES if request.GET.get(name)} | changes
    return f"?{urlencode(kept)}" if kept else ""


def _trail(request: HttpRequest, here: places.Area) -> list[dict[str, Any]]:
    """Return the way down from the viewer's own area to another."""
    steps: list[dict[str, Any]] = [{"label": here.name}]
    while here.parent is not None and request.viewer.sees_area(here.parent):
        here = places.area(here.parent)
        steps.insert(0, {"label": here.name, "url": reverse("cockpit:casework_area", args=[here.code]) + _query(request)})
    return steps


def _csv(request: HttpRequest, area: int) -> HttpResponse:
    """Send every month, life event and department of an area, with the reasons people gave."""
    reasons = cases.RATING_REASONS
    heads = [Text("月份", "Month"), Text("事件", "Life event"), Text("部门", "Department"), *CSV_MEASURES.values(), *reasons.values()]
    rows = [
        [
            line.month,
            charts.event_name(line),
            charts.department_name(line),
            *(_cell(line.get(measure)) for measure in CSV_MEASURES),
            *(_cell(line.reasons.get(reason, 0)) for reason in reasons),
        ]
        for line in indicators.casework_table(request.viewer, area)
    ]
    return csv_file(f"casework-{area}", heads, rows)


def _cell(value: int | None) -> Any:
    return withheld() if value is None else value
