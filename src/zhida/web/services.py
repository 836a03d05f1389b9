"""Pages open to everybody: the catalogue of public services, the city's list of basic services, and both as data."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from zhida.blocks.cases import api as cases
from zhida.blocks.catalogue import api as catalogue
from zhida.kernel.text import Text
from zhida.web.access import public
from zhida.web.table_files import csv_file

_TITLE = Text("服务目录", "Services")
_BASIC = Text("基本公共服务清单", "Basic public services")
_A_DAY_S = 24 * 3600
# How many of the first answers of a search, and how near to the best one, tell which event it is about.
_BEST, _GOOD_SCORE = 3, 0.5
_CSV_HEADS = (
    Text("序号", "No."),
    Text("领域", "Field"),
    Text("类别", "Kind"),
    Text("服务项目", "Item"),
    Text("服务对象", "For whom"),
    Text("服务标准", "Standard"),
    Text("支出责任", "Who pays"),
    Text("牵头单位", "Who leads"),
    Text("依据等级", "Grade"),
)


@public
@require_GET
def services(request: HttpRequest) -> HttpResponse:
    """Search in plain words, or browse by what happened and by field of life."""
    words = request.GET.get("q", "").strip()
    sector, event = request.GET.get("sector", ""), request.GET.get("event", "")
    answers = catalogue.search_services(words) if words else []
    context: dict[str, Any] = {"words": words, "found": [each.service for each in answers], "together": _together(_event_of(answers))}
    known = catalogue.public_services().values()
    chosen = catalogue.life_events()[event].label if event in catalogue.life_events() else catalogue.sectors().get(sector)
    context["declared"] = _begun_here()
    if chosen and not words:
        context["chosen"] = chosen
        context["together"] = _together(event)
        context["trail"] = [{"label": _TITLE, "url": reverse("services")}, {"label": chosen}]
        context["found"] = (
            catalogue.services_of(event) if event in catalogue.life_events() else [each for each in known if each.sector == sector]
        )
    brings = [(event, catalogue.services_of(key)) for key, event in catalogue.life_events().items()]
    context["events"] = sorted(brings, key=lambda each: -len(each[1]))
    counted = [(key, label, sum(each.sector == key for each in known)) for key, label in catalogue.sectors().items()]
    context["sectors"] = [each for each in counted if each[2]]
    context["total"] = len(known)
    return render(request, "services/index.html", context)


@public
@require_GET
def service(request: HttpRequest, key: str) -> HttpResponse:
    """One service: what it is, for whom, what it takes, how long, what it costs, where to ask, by which law."""
    found = catalogue.public_service(key)
    events = catalogue.life_events()
    context = {
        "service": found,
        "sector": catalogue.sectors()[found.sector],
        "channels": [catalogue.channels()[each] for each in found.channels],
        "events": [(events[each], _open_case_url(each)) for each in found.life_events],
        "begin": [(events[each], _open_case_url(each)) for each in found.life_events if each in _begun_here()],
        "basic": [each for each in catalogue.basic_services() if key in each.services],
        "trail": [{"label": _TITLE, "url": reverse("services")}, {"label": found.label}],
    }
    return render(request, "services/service.html", context)


def _open_case_url(event: str) -> str:
    """Return where a resident opens a case of a life event; "" for an event that nobody has declared."""
    return reverse("resident:open_case", args=[event]) if event in _begun_here() else ""


def _begun_here() -> set[str]:
    """The life events that a resident can begin: their services are done in one go."""
    return {key for key, declared in cases.life_events().items() if declared.for_residents}


def _event_of(answers: list[catalogue.Found]) -> str:
    """Return the life event that all of the best answers are part of and that a resident can begin; "" where there is none."""
    best = [set(each.service.life_events) for each in answers[:_BEST] if each.score >= _GOOD_SCORE]
    return min(set.intersection(*best) & _begun_here(), default="") if best else ""


def _together(event: str) -> dict[str, Any] | None:
    """What the page of an event says of doing all of it at once; nothing for one that is only a way to find services."""
    if event not in _begun_here():
        return None
    declared = cases.life_event(event)
    return {"label": declared.label, "summary": declared.summary, "counts": cases.asked_once(declared), "url": _open_case_url(event)}


@public
@require_GET
def basic(request: HttpRequest) -> HttpResponse:
    """The city's list of basic public services, by field of life and by words."""
    sector, words = request.GET.get("sector", ""), request.GET.get("q", "").strip()
    found = catalogue.basic_services(sector, words)
    every = catalogue.basic_services()
    context = {
        "groups": [
            (label, lines) for key, label in catalogue.sectors().items() if (lines := [each for each in found if each.sector == key])
        ],
        "services": catalogue.public_services(),
        "sectors": [(key, label) for key, label in catalogue.sectors().items() if any(each.sector == key for each in every)],
        "sector": sector,
        "words": words,
        "shown": len(found),
        "total": len(every),
        "kinds": len({each.kind for each in every}),
        "source": catalogue.basic_source(),
        "query": request.GET.urlencode(),
        "trail": [{"label": _TITLE, "url": reverse("services")}, {"label": _BASIC}],
    }
    return render(request, "services/basic.html", context)


@public
@require_GET
def basic_csv(request: HttpRequest) -> HttpResponse:
    """The same list as a table file."""
    found = catalogue.basic_services(request.GET.get("sector", ""), request.GET.get("q", ""))
    sectors = catalogue.sectors()
    rows = (
        [each.no, sectors[each.sector], each.kind, each.item, each.who, each.standard, each.pays, each.leads, each.grade] for each in found
    )
    return csv_file("basic-public-services", _CSV_HEADS, rows)


@public
@require_GET
@cache_control(public=True, max_age=_A_DAY_S)
def jsonld(request: HttpRequest) -> HttpResponse:
    """The catalogue in CPSV-AP, as JSON-LD."""
    return HttpResponse(catalogue.catalogue_jsonld(request.build_absolute_uri("/")), content_type="application/ld+json")


@public
@require_GET
@cache_control(public=True, max_age=_A_DAY_S)
def turtle(request: HttpRequest) -> HttpResponse:
    """The catalogue in CPSV-AP, as Turtle."""
    return HttpResponse(catalogue.catalogue_turtle(request.build_absolute_uri("/")), content_type="text/turtle; charset=utf-8")
