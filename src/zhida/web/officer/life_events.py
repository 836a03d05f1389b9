"""Life events for policy staff: what each asks, does and rests on, what is wrong with it, where its cases would wait."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer import life_events_charts as charts
from zhida.web.officer.cases_words import drawing_of
from zhida.web.text import counted, in_language, lazy_text, pick

LIFE_EVENTS = Text("一件事清单", "Life events")
# A page is waited for: what takes longer is for `zhida life-event simulate`.
CASES_MAX = 2_000
_LEVELS = {"district": Text("区县", "district"), "city": Text("市级", "city")}
_CARDS = {
    "name": Text("姓名", "name"), "birth_date": Text("出生日期", "date of birth"), "sex": Text("性别", "sex"),
    "community": Text("社区", "community"),
}  # fmt: skip


@requires("cases.declare")
@require_GET
def life_events(request: HttpRequest) -> HttpResponse:
    """List the life events installed, with what they save and what the validator says."""
    rows = []
    for folder in cases.folders():
        declared, checked = _declared(folder), _checked(folder)
        rows.append({"key": folder.name, "declared": declared, "checked": checked, **(_counts(declared) if declared else {})})
    return render(request, "officer/life_events.html", {"rows": rows})


def _folder(event: str) -> Path:
    """Raises: Http404."""
    folder = next((folder for folder in cases.folders() if folder.name == event), None)
    if folder is None:
        raise Http404(event)
    return folder


def _declared(folder: Path) -> cases.LifeEventDeclaration | None:
    try:
        return cases.read_life_event(folder)
    except cases.LifeEventInvalid:
        return None


def _checked(folder: Path) -> cases.Checked:
    changed = max((path.stat().st_mtime_ns for path in folder.rglob("*.*")), default=0)
    return _checked_as(folder, changed)


@lru_cache(64)
def _checked_as(folder: Path, changed: int) -> cases.Checked:
    """Checked again only when one of the files is another."""
    return cases.check_life_event(folder)


def _counts(declared: cases.LifeEventDeclaration) -> dict[str, Any]:
    once = cases.asked_once(declared)
    labels = {
        "forms": Text("填表", "Forms"), "fields": Text("填写项", "Fields"), "documents": Text("材料", "Documents"),
        "visits": Text("跑腿", "Visits"),
    }  # fmt: skip
    return {"once": once, "saved": [(label, getattr(once, f"then_{name}"), getattr(once, name)) for name, label in labels.items()]}


@requires("cases.declare")
@require_GET
def life_event(request: HttpRequest, event: str) -> HttpResponse:
    """Show one life event as it is declared. Raises: Http404."""
    folder = _folder(event)
    declared, checked = _declared(folder), _checked(folder)
    context: dict[str, Any] = {"key": event, "declared": declared, "checked": checked, "trail": _trail(declared, event)}
    if declared is not None:
        days = {
            item.key: pick(f"{item.working_days} 天", counted(item.working_days, "day"))
            for item in declared.people_items
            if item.working_days
        }
        context |= {
            "items": [_item(declared, item) for item in declared.items.values()],
            "evidence": [_evidence(declared, field) for field in declared.evidence],
            "leads": cases.department_text(declared.leads),
            "diagram": drawing_of(declared, {}, days),
            "opened": _opened_by(declared),
            "situations": _situations(folder),
            **_counts(declared),
            **_simulation_form(request, declared, folder),
        }
    return render(request, "officer/life_event.html", context)


def _trail(declared: cases.LifeEventDeclaration | None, event: str) -> list[dict[str, Any]]:
    return [{"label": LIFE_EVENTS, "url": reverse("officer:life_events")}, {"label": declared.label if declared else event}]


def _item(declared: cases.LifeEventDeclaration, item: cases.Item) -> dict[str, Any]:
    return {
        "item": item,
        "department": cases.department_text(item.department) if item.department else None,
        "level": _LEVELS.get(item.level) if item.kind == "person" else None,
        "evidence": declared.evidence_for(item.key),
    }


def _evidence(declared: cases.LifeEventDeclaration, field: cases.Field) -> dict[str, Any]:
    needed = [declared.items[key].label for key in field.needed_by]
    return {"field": field, "origin": origin_text(field), "is_asked": not field.source, "needed_by": needed}


def origin_text(field: cases.Field) -> Text:
    """Say where the city has a piece of evidence, or that only the resident can tell it."""
    source = field.source
    if "record_type" in source:
        contract = records.record_types()[source["record_type"]]
        return Text(f"{contract.label.zh}（{contract.department.zh}）", f"{contract.label.en} ({contract.department.en})")
    if "card" in source:
        about = _CARDS.get(source["card"], Text(source["card"], source["card"]))
        return Text(f"人口登记：{about.zh}", f"Population register: {about.en}")
    if "fact" in source:
        fact = records.facts().get(source["fact"])
        return (
            Text(f"当月事实：{fact.label.zh}", f"Facts of the month: {fact.label.en}") if fact else Text("当月事实", "Facts of the month")
        )
    if not field.keep_months:
        return Text("每次都问", "Asked each time")
    return Text(f"问一次，保存 {field.keep_months} 个月", f"Asked once, kept for {field.keep_months} months")


def _opened_by(declared: cases.LifeEventDeclaration) -> list[Text]:
    opened = []
    if declared.feed:
        label = records.record_types()[declared.feed.record_type].label
        days = declared.feed.within_days
        opened.append(Text(f"{label.zh}送来新记录时（{days} 天内的）", f"by a new row of {label.en} (of the last {days} days)"))
    if declared.for_residents:
        opened.append(Text("居民自己申请", "by residents themselves"))
    if declared.at_the_counter:
        opened.append(Text("街道窗口代办", "at the street's counter"))
    return opened


def _situations(folder: Path) -> dict[str, Any]:
    """Return how the situations of a folder come out; none where a file cannot be read, with the reason."""
    try:
        tried = cases.try_situations(folder)
    except ZhidaError as error:
        return {"tried": [], "failed": [], "unreadable": error.text}
    return {"tried": tried, "failed": [each for each in tried if each.wrong], "unreadable": None}


# ---- simulation -------------------------------------------------------------------------------------------------------------------------


class SimulationForm(forms.Form):
    """How many cases, and how many officers at each desk."""

    cases = forms.IntegerField(label=lazy_text("件数", "Cases"), min_value=10, max_value=CASES_MAX)
    arrivals = forms.FloatField(label=lazy_text("每天新增", "New cases a day"), min_value=0.1, max_value=100_000)
    seed = forms.IntegerField(
        label=lazy_text("随机种子", "Seed"), min_value=0, max_value=1_000_000,
        help_text=lazy_text("同一个种子，结果相同", "The same seed gives the same result"),
    )  # fmt: skip

    def __init__(self, declared: cases.LifeEventDeclaration, plan: cases.Plan, *given: Any) -> None:
        super().__init__(*given, initial={"cases": 1_000, "arrivals": plan.arrivals_per_day, "seed": 7})
        for key, desk in plan.desks.items():
            label = in_language(declared.items[key].label)
            self.fields[f"officers-{key}"] = forms.IntegerField(label=label, min_value=1, max_value=1_000, initial=desk.officers)

    @property
    def main(self) -> list[Any]:
        return [self[name] for name in ("cases", "arrivals", "seed")]

    @property
    def desks(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("officers-")]

    def changed(self, plan: cases.Plan) -> cases.Plan:
        given = self.cleaned_data
        officers = {f"{key}.officers": given[f"officers-{key}"] for key in plan.desks}
        return plan.changed({"arrivals_per_day": given["arrivals"], **officers})


def _simulation_form(request: HttpRequest, declared: cases.LifeEventDeclaration, folder: Path) -> dict[str, Any]:
    try:
        plan = cases.read_plan(declared, folder)
    except cases.SimulationInvalid as error:
        return {"plan_problem": error.text}
    return {"plan": plan, "form": SimulationForm(declared, plan)}


@requires("cases.declare")
@require_GET
def simulate(request: HttpRequest, event: str) -> HttpResponse:
    """Play made-up cases of a life event and show where they wait. A link: the same numbers give the same page. Raises: Http404."""
    folder = _folder(event)
    declared = _declared(folder)
    if declared is None:
        raise Http404(event)
    context = {"key": event, "declared": declared, **_simulation_form(request, declared, folder)}
    trail = _trail(declared, event)
    context["trail"] = [trail[0], {**trail[1], "url": reverse("officer:life_event", args=[event])}, {"label": Text("模拟", "Simulation")}]
    status = 200
    if plan := context.get("plan"):
        form = context["form"] = SimulationForm(declared, plan, request.GET or _initial(declared, plan))
        if form.is_valid():
            context |= _simulated(folder, declared, form)
        else:
            status = 400
    return render(request, "officer/life_events_simulation.html", context, status=status)


def _initial(declared: cases.LifeEventDeclaration, plan: cases.Plan) -> dict[str, Any]:
    form = SimulationForm(declared, plan)
    return {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}


def _simulated(folder: Path, declared: cases.LifeEventDeclaration, form: SimulationForm) -> dict[str, Any]:
    officers = tuple((name, value) for name, value in form.cleaned_data.items() if name.startswith("officers-"))
    given = form.cleaned_data
    plan_text = (folder / "simulation.yaml").read_text("utf-8")
    found = _played(folder, declared.hash, plan_text, given["cases"], given["seed"], given["arrivals"], officers, clock.today().isoformat())
    return {
        "found": found,
        "days_chart": charts.days(found),
        "waits_chart": charts.waits(found),
        "busy_chart": charts.busy(found),
        "more_chart": charts.one_more(found) if found.one_more else None,
        "ended": [(ENDED[state], number) for state, number in found.states.items()],
    }


ENDED = {
    "done": Text("办结", "done"),
    "undone": Text("不予办理，全部撤回", "refused, and everything undone"),
    "stuck": Text("停在岔路口，等人判断", "stopped at a fork that a person must decide"),
}


@lru_cache(32)
def _played(
    folder: Path, version: str, plan_text: str, number: int, seed: int, arrivals: float, officers: tuple[tuple[str, int], ...], today: str
) -> cases.Simulated:
    """Play once what is asked for again: a link that was sent on, a page that is printed. What the files say is part of the key."""
    declared = cases.read_life_event(folder)
    settings = {f"{name.removeprefix('officers-')}.officers": value for name, value in officers}
    plan = cases.read_plan(declared, folder).changed({"arrivals_per_day": arrivals, **settings})
    return cases.simulate_cases(declared, plan, number, seed, clock.today())
