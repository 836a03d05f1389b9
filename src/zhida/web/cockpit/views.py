"""The city lead's pages: who was reached, who was missed, how late. They read figures that were computed after the run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.indicators import api as indicators
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.cockpit import figures


@requires("statistics.view")
@require_GET
def city(request: HttpRequest) -> HttpResponse:
    return _area_page(request, places.city().code)


@requires("statistics.view")
@require_GET
def area(request: HttpRequest, code: int) -> HttpResponse:
    return _area_page(request, places.area(code).code)


def _area_page(request: HttpRequest, code: int) -> HttpResponse:
    """Show one area: totals, the areas below it on a map, policies, ages, take-up."""
    month, measure = _month(request), _measure(request)
    query = _query(request)
    here = places.area(code)
    below = indicators.by_area(request.viewer, month, code)
    lines = [] if _hides(here) else indicators.take_up(request.viewer, month, code)
    cells = indicators.by_benefit(request.viewer, month, code)
    context = {
        "area": here,
        "summary": indicators.summary(request.viewer, month, code),
        "map": figures.area_map(below, code, measure, query),
        "areas": figures.area_bars(below, measure, query) if below else None,
        "below": _LEVEL_BELOW.get(here.level),
        "benefits": figures.benefit_bars(cells, query),
        "ages": figures.age_pairs(indicators.by_age_sex(request.viewer, month, code)) if here.level != "community" else None,
        "take_up": figures.take_up_bars(lines, query, figures.stuck_by_benefit(month, here)) if lines else None,
        "rosters": [line for line in lines if line.newly_found is not None],
        "trail": _trail(here, query),
        **_frame(request, month, measure),
    }
    context["states"] = figures.state_share(context["summary"].total, cells)
    return render(request, "cockpit/area.html", context)


@requires("statistics.view")
@require_GET
def benefit(request: HttpRequest, code: str) -> HttpResponse:
    """Show one policy: where its money goes, to which ages, and how much of it arrived."""
    month, measure = _month(request), _measure(request)
    query = _query(request)
    label = indicators.benefit_label(code)
    cells = indicators.by_area(request.viewer, month, places.city().code, code)
    here = places.city().code
    total = next((cell for cell in indicators.by_benefit(request.viewer, month, here) if cell.code == code), None)
    context = {
        "label": label,
        "definition": policies.benefits().get(code),
        "total": total,
        "states": figures.state_share(total, [total]) if total else None,
        "map": figures.area_map(cells, here, measure, query) if total else None,
        "areas": figures.area_bars(cells, measure, query) if total else None,
        "ages": figures.age_pairs(indicators.by_age_sex(request.viewer, month, here, code)),
        "line": next((line for line in indicators.take_up(request.viewer, month) if line.benefit == code), None),
        "trail": [{"label": Text("驾驶舱", "Cockpit"), "url": reverse("cockpit:city") + query}, {"label": label}],
        **_frame(request, month, measure),
    }
    return render(request, "cockpit/benefit.html", context)


@requires("statistics.view")
@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """Show how far the city is from 'nobody missed, not a day late', in measured figures."""
    month = _month(request)
    lines = indicators.quality(request.viewer, month)
    rows = indicators.defect_cost(request.viewer, month)
    context = {
        "overall": lines[0] if lines and not lines[0].benefit else None,
        "lines": [line for line in lines if line.benefit and not _is_exact(line)],
        "exact": [line for line in lines if line.benefit and _is_exact(line)],
        "timeliness": (timeliness := indicators.days_late(request.viewer, month)),
        "late": figures.late_columns(timeliness),
        "payday": indicators.PAYDAY,
        "defects": figures.defect_bars(_by_defect(rows)),
        "rows": [(row, indicators.benefit_label(row.benefit)) for row in rows if row.benefit],
        **_frame(request, month, figures.MEASURES[0]),
    }
    return render(request, "cockpit/quality.html", context)


def _is_exact(line: indicators.Quality) -> bool:
    """Say whether everyone entitled was found and nobody else."""
    return line.true_count == line.found_count == line.matched_count


def _by_defect(rows: list[indicators.DefectRow]) -> list[tuple[Text, int, int]]:
    """Add up missed decisions and money per kind of defect, most money first."""
    totals: dict[str, tuple[Text, int, int]] = {}
    for row in rows:
        label, count, money = totals.get(row.defect, (row.label, 0, 0))
        totals[row.defect] = (label, count + row.missed_count, money + row.missed_fen)
    return sorted((total for total in totals.values() if total[1]), key=lambda total: -total[2])


_LEVEL_BELOW = {
    "city": Text("区县", "Districts"),
    "district": Text("街道和乡镇", "Streets and towns"),
    "street": Text("社区和村", "Communities and villages"),
}


def _hides(here: places.Area) -> bool:
    """Say whether an area is below the district, where the share of few people could tell on one of them."""
    return here.level in ("street", "community")


def _month(request: HttpRequest) -> str:
    """Return the month asked for, else the newest that has figures. Raises: InvalidPeriod, NotObserved."""
    asked = request.GET.get("month", "")
    return Month.parse(asked).text if asked else indicators.latest_observed_month()


def _measure(request: HttpRequest) -> figures.Measure:
    asked = request.GET.get("measure", "")
    return next((measure for measure in figures.MEASURES if measure.code == asked), figures.MEASURES[0])


def _query(request: HttpRequest, **changes: str) -> str:
    """Return the month and measure in the address, to carry along; empty where none was chosen."""
    kept = {name: request.GET[name] for name in ("month", "measure") if request.GET.get(name)} | changes
    return f"?{urlencode(kept)}" if kept else ""


def _frame(request: HttpRequest, month: str, measure: figures.Measure) -> dict[str, Any]:
    """What every page of the cockpit has: the month, the other months, the ways to shade the map."""
    months = indicators.observed_months()
    return {
        "month": month,
        "measure": measure,
        "small_cell": indicators.SMALL_CELL,
        "months": [{"month": other, "url": _query(request, month=other), "current": other == month} for other in reversed(months)],
        "measures": [
            {"label": one.label, "url": _query(request, measure=one.code) + "#map", "current": one is measure} for one in figures.MEASURES
        ],
    }


def _trail(here: places.Area, query: str) -> list[dict[str, Any]]:
    """Return the way down from the city to an area."""
    steps: list[dict[str, Any]] = [{"label": here.name}]
    while here.parent is not None:
        here = places.area(here.parent)
        url = reverse("cockpit:city") if here.parent is None else reverse("cockpit:area", args=[here.code])
        steps.insert(0, {"label": here.name, "url": url + query})
    return steps
