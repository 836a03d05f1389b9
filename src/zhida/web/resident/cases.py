"""A resident's cases: what waits for a word, what runs, what is over, and what one can begin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.resident.cases_words import CASE_TONES
from zhida.web.text import in_language

_CHOSEN = Text("已按您的选择保存。", "Your choice is saved.")


@requires("cases.own")
@require_GET
def my_cases(request: HttpRequest) -> HttpResponse:
    """List the household's cases by what they ask of the reader, and the events that one can begin."""
    rows = _rows(request, cases.my_cases(request.viewer))
    context = {
        "waiting": [row for row in rows if row["waits"]],
        "running": [row for row in rows if not row["waits"] and row["case"].closed_at is None],
        "over": [row for row in rows if row["case"].closed_at is not None],
        "events": [_event(declared) for declared in sorted(cases.life_events().values(), key=_comes_by_itself) if declared.for_residents],
        "choices": _choices(request),
    }
    return render(request, "resident/cases/list.html", context)


def own_cases(request: HttpRequest) -> list[cases.Case]:
    """Return the reader's cases, for pages that show more than these; none before the city's first month is frozen."""
    return cases.my_cases(request.viewer) if records.snapshots() else []


def waiting_rows(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the cases that wait for a word of the reader."""
    return [row for row in _rows(request, own_cases(request)) if row["waits"]]


def _rows(request: HttpRequest, found: list[cases.Case]) -> list[dict[str, Any]]:
    progress = cases.progress(request.viewer, found)
    return [_row(case, progress[case.pk]) for case in found]


def _row(case: cases.Case, progress: Any) -> dict[str, Any]:
    declared = cases.declaration_of(case)
    return {
        "case": case, "declared": declared, "progress": progress, "tone": CASE_TONES[case.state],
        "said": cases.CASE_TEXT[cases.CaseState(case.state)], "waits": case.state == cases.CaseState.FOUND or progress.waits,
        "from": feed_label(declared),
    }  # fmt: skip


def _comes_by_itself(declared: cases.LifeEventDeclaration) -> bool:
    """Whether a register tells of an event: what nobody else begins for the reader stands first."""
    return declared.feed is not None


def feed_label(declared: cases.LifeEventDeclaration) -> Text:
    """Name the register that tells of an event."""
    contract = records.record_types().get(declared.feed.record_type) if declared.feed else None
    return contract.label if contract else Text("部门数据", "the departments' records")


def _event(declared: cases.LifeEventDeclaration) -> dict[str, Any]:
    return {"declared": declared, "counts": cases.asked_once(declared), "url": reverse("resident:open_case", args=[declared.key])}


def _choices(request: HttpRequest) -> list[dict[str, Any]]:
    out = cases.opted_out(request.viewer)
    return [{"declared": declared, "out": key in out} for key, declared in cases.life_events().items() if declared.feed]


@requires("cases.own")
@require_POST
def choices(request: HttpRequest) -> HttpResponse:
    """Keep for which events the reader does not want to be found."""
    wanted = set(request.POST.getlist("event"))
    out = cases.opted_out(request.viewer)
    for key, declared in cases.life_events().items():
        if declared.feed and (key in wanted) == (key in out):
            cases.opt_out(request.viewer, key, out=key not in wanted)
    messages.success(request, in_language(_CHOSEN))
    return redirect(reverse("resident:cases") + "#choices")
