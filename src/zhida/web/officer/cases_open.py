"""At the counter: a street officer opens a case for a resident who came in person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.case_forms import form_fields, written
from zhida.web.officer.cases_words import evidence_rows
from zhida.web.officer.common import back
from zhida.web.officer.residents import SHORTEST

_NOT_PRESENT = Text("请先核对来人的身份证，再勾选。", "Check the identity card of who is here, then tick this.")
# Sources of answers: asked again in the form, with what was answered before.
TOLD = ("asked", "kept")
_TRAIL = (
    {"label": Text("一件事", "Joint cases"), "url_name": "officer:cases"},
    {"label": Text("窗口受理", "At the counter"), "url_name": "officer:case_open"},
)


def _trail(*more: dict[str, Any]) -> list[dict[str, Any]]:
    steps = [{"label": step["label"], "url": reverse(step["url_name"])} for step in _TRAIL]
    return [*steps, *more]


@requires("cases.open")
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """Choose the life event, then find whom it is about among the residents of the viewer's area."""
    events = {key: each for key, each in sorted(cases.life_events().items()) if each.at_the_counter}
    event = events.get(request.GET.get("event", ""))
    text = request.GET.get("text", "").strip()
    searched = event is not None and len(text) >= SHORTEST
    found = records.find_residents(request.viewer, request.purpose, text) if searched else []
    unfit = cases.unfit_subjects(request.viewer, event.key, [card.resident_no for card in found]) if event else {}
    context = {
        "events": list(events.values()),
        "event": event,
        "about": cases.about_whom(event) if event else None,
        "text": text,
        "shortest": SHORTEST,
        "searched": searched,
        "found": [(card, unfit.get(card.resident_no)) for card in found],
        "trail": [{"label": _TRAIL[0]["label"], "url": reverse("officer:cases")}, {"label": _TRAIL[1]["label"]}],
    }
    return render(request, "officer/cases/choose.html", context)


@requires("cases.open")
@require_http_methods(["GET", "POST"])
def open_case(request: HttpRequest, event: str, resident_no: int) -> HttpResponse:
    """Show what the city already knows, ask the rest, and open the case.

    Raises: UnknownLifeEvent, CannotBeOpened, SubjectUnfit, NotYours.
    """
    applicants = cases.possible_applicants(request.viewer, event, resident_no)
    applicant_no = _applicant(request, applicants, resident_no)
    shown = cases.preview(request.viewer, event, resident_no, applicant_no)
    if request.method == "GET":
        return _page(request, shown, applicants, {}, {})
    typed: dict[str, Any] = {key: request.POST[key] for key in request.POST}
    try:
        typed = written(request, shown.fields)
        if not request.POST.get("present"):
            return _page(request, shown, applicants, typed, {"present": _NOT_PRESENT})
        made = cases.open_case(request.viewer, event, resident_no, typed, applicant_no)
    except cases.AnswersMissing as error:
        return _page(request, shown, applicants, typed, error.problems)
    except cases.FileRefused as error:
        return _page(request, shown, applicants, typed, {_file_key(request, shown): error.text})
    done = Text(f"已受理，办件编号 {made.number}。", f"Opened: case {made.number}.")
    return back(request, "officer:case", done, made.pk)


def _file_key(request: HttpRequest, shown: cases.Preview) -> str:
    return next(field.key for field in shown.fields if field.kind == "file" and field.key in request.FILES)


def _applicant(request: HttpRequest, applicants: list[Any], resident_no: int) -> int:
    """Return who applies: the one chosen, else the first of who may; the subject where nobody may."""
    numbers = [each.resident_no for each in applicants]
    written = (request.POST or request.GET).get("applicant", "")
    if written in {str(each) for each in numbers}:
        return int(written)
    return numbers[0] if numbers else resident_no


def _page(
    request: HttpRequest, shown: cases.Preview, applicants: list[Any], typed: dict[str, Any], problems: dict[str, Any]
) -> HttpResponse:
    told = {key: each["value"] for key, each in shown.evidence.items() if each["source"] in TOLD}
    known = {key: each["value"] for key, each in shown.evidence.items() if each["source"] not in TOLD}
    typed = typed if request.method == "POST" else told
    drawn = form_fields(
        shown.fields,
        typed,
        problems,
        known=known,
        all_fields=shown.declared.fields,
        files=cases.upload_names(request.viewer, typed, shown.fields),
    )
    lines = [line for line in cases.known_evidence(shown.declared, shown.evidence) if line.source not in TOLD]
    context = {
        "shown": shown,
        "event": shown.declared,
        "subject": shown.subject,
        "applicants": applicants,
        "applicant_no": shown.applicant.resident_no,
        "evidence": evidence_rows(lines),
        "fields": drawn,
        "problems": problems,
        "items": [(each, cases.department_text(each.department)) for each in shown.declared.people_items],
        "trail": _trail(
            {"label": Text(f"{shown.declared.label.zh}：{shown.subject.name}", f"{shown.declared.label.en}: {shown.subject.name}")}
        ),
    }
    return render(request, "officer/cases/open.html", context, status=400 if problems else 200)
