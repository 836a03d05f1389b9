"""The one form of a life event: begun by the resident, or found by the city and agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from zhida.blocks.cases import api as cases
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.case_forms import form_fields, written
from zhida.web.resident.cases import feed_label
from zhida.web.resident.cases_words import known_lines, only_tells, who
from zhida.web.text import in_language

_SENT = Text(
    "已经交了，各部门一起办。进度在这里看，办好会通知您。",
    "Sent. The departments work on it together; follow it here, we tell you when it is done.",
)
_DECLINED = Text("已按您的意思不办。以后想办，随时可以从这里发起。", "Left alone as you wish. You can begin it here whenever you like.")


@requires("cases.own")
@require_http_methods(["GET", "POST"])
def open_case(request: HttpRequest, event: str) -> HttpResponse:
    """Ask for whom, then once for everything; then open the case."""
    declared = cases.life_event(event)
    people = cases.possible_subjects(request.viewer, event)
    if not declared.for_residents or not people:
        return _cannot(request, declared)
    chosen = _number(request)
    if not chosen and len(people) == 1:
        chosen = people[0].resident_no
    if not chosen:
        context = {"declared": declared, "people": people, "own": request.viewer.resident_no, "counts": cases.asked_once(declared)}
        context["about"] = cases.about_whom(declared)
        return render(request, "resident/cases/whom.html", {**context, "trail": trail(declared.label)})
    found = cases.preview(request.viewer, event, chosen)
    if found.open_case:
        return redirect("resident:case", found.open_case)
    return _form(request, found)


def _number(request: HttpRequest) -> int:
    text = request.POST.get("for") or request.GET.get("for") or ""
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _cannot(request: HttpRequest, declared: cases.LifeEventDeclaration) -> HttpResponse:
    context = {"declared": declared, "about": cases.about_whom(declared), "from": feed_label(declared), "trail": trail(declared.label)}
    return render(request, "resident/cases/cannot.html", context, status=409)


def _form(request: HttpRequest, found: cases.Preview) -> HttpResponse:
    form = Form(request, found.declared, found.fields, found.evidence)
    if request.method == "POST" and (typed := form.typed()) is not None:
        try:
            case = cases.open_case(request.viewer, found.declared.key, found.subject.resident_no, typed)
        except cases.AnswersMissing as mistake:
            form.fail(typed, mistake)
        except cases.CaseOpenAlready as already:
            if not already.case_id:
                raise
            return redirect("resident:case", already.case_id)
        else:
            messages.success(request, in_language(_SENT))
            return redirect("resident:case", case.pk)
    context = {**form.context(), "subject": found.subject, "is_own": found.subject.resident_no == request.viewer.resident_no}
    return render(request, "resident/cases/open.html", {**context, "trail": trail(found.declared.label)}, status=form.status)


class Form:
    """One form over the fields of a life event: reads a request, remembers what was typed and what is wrong with it."""

    def __init__(
        self, request: HttpRequest, declared: cases.LifeEventDeclaration, fields: Sequence[cases.Field], evidence: dict[str, Any]
    ) -> None:
        self.request, self.declared, self.fields, self.evidence = request, declared, list(fields), evidence
        self.answers: dict[str, Any] = {key: each["value"] for key, each in evidence.items() if each["source"] in ("asked", "kept")}
        self.problems: dict[str, Any] = {}
        self.sentence: Text | None = None

    def typed(self) -> dict[str, Any] | None:
        """Return what the request answers; nothing where a file was not taken: then the form is to be shown again."""
        try:
            return written(self.request, self.fields)
        except cases.FileRefused as mistake:
            field = next(each for each in self.fields if each.kind == "file" and each.key in self.request.FILES)
            self.fail({key: self.request.POST[key] for key in self.request.POST}, mistake)
            self.problems = {field.key: mistake.text}
            return None

    def fail(self, typed: dict[str, Any], mistake: Any) -> None:
        self.answers, self.sentence = typed, mistake.text
        self.problems = getattr(mistake, "problems", {})

    @property
    def status(self) -> int:
        return 400 if self.sentence else 200

    def context(self) -> dict[str, Any]:
        known = {key: each["value"] for key, each in self.evidence.items() if each["source"] not in ("asked", "kept")}
        declared = self.declared
        drawn = form_fields(
            self.fields, self.answers, self.problems, known=known, all_fields=declared.fields,
            files=cases.upload_names(self.request.viewer, self.answers, self.fields),
        )  # fmt: skip
        lines = [line for line in cases.known_evidence(declared, self.evidence) if line.source not in ("asked", "kept")]
        return {
            "declared": declared, "fields": drawn, "problems": self.problems, "sentence": self.sentence, "known": known_lines(lines),
            "counts": cases.asked_once(declared), "may_be_fewer": any(each.condition for each in drawn),
            "steps": [{"item": item, "who": who(item, declared.leads)} for item in declared.items.values() if _is_a_step(item)],
        }  # fmt: skip


def _is_a_step(item: cases.Item) -> bool:
    return item.kind != "table" and not only_tells(item)


@requires("cases.own")
@require_POST
def decline(request: HttpRequest, case_id: int) -> HttpResponse:
    """Say no to a case that was found, this time or for good."""
    cases.decline(request.viewer, case_id, never_again=request.POST.get("never") == "yes")
    messages.success(request, in_language(_DECLINED))
    return redirect("resident:cases")


def trail(*labels: Text) -> list[dict[str, Any]]:
    return [{"label": Text("我的办事", "My cases"), "url": reverse("resident:cases")}, *({"label": label} for label in labels)]
