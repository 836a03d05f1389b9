"""Reforms: writing one, having it simulated, the list of what was simulated. The result of one is in reform_results.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, page_of
from zhida.web.officer.reform_draft import Draft, newest_month
from zhida.web.officer.reform_words import signed
from zhida.web.templatetags.zhida import person
from zhida.web.text import pick

# Numbers that a reform changes, shown in the list.
SHIFTS_SHOWN = 2
REFORMS = Text("改革模拟", "Reforms")


@requires("reforms.simulate")
@require_GET
def reforms(request: HttpRequest) -> HttpResponse:
    """List what was simulated, newest first, what is being simulated, and reforms to begin with."""
    text = request.GET.get("text", "").strip()
    page = page_of(request, [one for one in policies.simulations(request.viewer) if _mentions(one, text)])
    context = {
        "page": page,
        "rows": [_row(one) for one in page.object_list],
        "asked": policies.asked_simulations(request.viewer),
        "examples": policies.example_reforms(),
        "text": text,
        "has_facts": newest_month() is not None,
    }
    return render(request, "officer/reforms.html", context)


def _row(found: policies.Simulation) -> dict[str, Any]:
    change = signed(found.year_change_fen) if found.year_change_fen else pick("不变", "Unchanged")
    made_at = datetime.fromisoformat(found.made_at)
    return {"found": found, "compared": compared(found), "change": change, "made_at": made_at, "shifts": found.shifts[:SHIFTS_SHOWN]}


def compared(found: policies.Simulation) -> Text:
    """Return what a simulation's title says after the reform's own: which month's rules, compared to what."""
    en = found.title.en.removeprefix(f"{found.reform.en}: ")
    return Text(found.title.zh.removeprefix(f"{found.reform.zh}："), en[:1].upper() + en[1:])


def _mentions(found: policies.Simulation, text: str) -> bool:
    """Say whether a simulation is about what is looked for: its title, its number of the law, its benefits, who made it."""
    words = [found.reform, *(shift.label for shift in found.shifts), *(cost.label for cost in found.costs)]
    told = " ".join([*(f"{word.zh} {word.en}" for word in words), found.month, person(found.made_by)])
    return text.casefold() in told.casefold()


@requires("reforms.simulate")
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Write a reform: begin with an example or one that was simulated, put changes into it, have it checked, have it simulated."""
    draft = Draft.posted(request) if request.method == "POST" else Draft.begun(request)
    if request.method == "POST" and request.POST.get("action") == "run" and not draft.is_wrong:
        asked = policies.ask_simulation(request.viewer, draft.text, draft.month)
        return redirect("officer:asked_reform", asked.id)
    context = {**draft.context(), "trail": [trail(), {"label": Text("写改革", "Write a reform")}]}
    return render(request, "officer/reform_write.html", context, status=400 if draft.is_wrong else 200)


@requires("reforms.simulate")
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    """List the numbers of the law that a reform can change, with what they say now and who reads them; those named so first."""
    text = request.GET.get("text", "").strip()
    found = [one for one in policies.law_numbers() if text.casefold() in _number_words(one).casefold()]
    found.sort(key=lambda one: text.casefold() not in f"{one.name} {one.label.zh} {one.label.en}".casefold())
    context = {
        "found": found,
        "text": text,
        "trail": [trail(), {"label": Text("可以改的数", "Numbers of the law")}],
    }
    return render(request, "officer/reform_numbers.html", context)


def _number_words(one: policies.LawNumber) -> str:
    texts = [one.label, *one.benefits]
    return " ".join([one.name, one.law, *(f"{text.zh} {text.en}" for text in texts)])


@requires("reforms.simulate")
@require_GET
def asked(request: HttpRequest, asked_id: int) -> HttpResponse:
    """Show how far a simulation is; once it is done, its result."""
    found = policies.asked_simulation(request.viewer, asked_id)
    if found.simulation is not None:
        return redirect("officer:reform", found.simulation)
    context = {"asked": found, "steps": _steps(found), "trail": [trail(), {"label": found.title}]}
    return render(request, "officer/reform_asked.html", context)


def _steps(found: policies.Asked) -> list[dict[str, Any]]:
    """Return where a simulation stands: asked, at work, done."""
    waited, worked = {"waiting": ("current", "todo"), "running": ("done", "current")}.get(found.state, ("done", "failed"))
    return [
        {"label": Text("提交", "Asked for"), "state": "done", "note": person(found.asked_by)},
        {"label": Text("排队", "In line"), "state": waited},
        {"label": Text("计算", "At work"), "state": worked},
        {"label": Text("结果", "Result"), "state": "todo"},
    ]


@requires("reforms.simulate")
@require_POST
def again(request: HttpRequest, asked_id: int) -> HttpResponse:
    """Go on with a simulation that was stopped, failed or was left behind."""
    return redirect("officer:asked_reform", policies.ask_again(request.viewer, asked_id).id)


@requires("reforms.simulate")
@require_POST
def stop(request: HttpRequest, asked_id: int) -> HttpResponse:
    policies.stop_simulation(request.viewer, asked_id)
    return redirect("officer:asked_reform", asked_id)


@requires("reforms.simulate")
@require_POST
def forget(request: HttpRequest, asked_id: int) -> HttpResponse:
    """Take a simulation that did not come to its end off the list."""
    policies.forget_asked(request.viewer, asked_id)
    return back(request, "officer:reforms", Text("已从列表中移除。", "It is off the list."))


def trail() -> dict[str, Any]:
    """The first step of the way to any page about a reform."""
    return {"label": REFORMS, "url": reverse("officer:reforms")}
