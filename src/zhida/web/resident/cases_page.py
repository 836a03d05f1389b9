"""One case of a resident: what is asked now, how far each item is, what came of it, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.cases import api as cases
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.case_forms import file_response
from zhida.web.certificates import pdf_response
from zhida.web.resident.cases import feed_label
from zhida.web.resident.cases_feedback import appeal_url, feedback
from zhida.web.resident.cases_open import Form, trail
from zhida.web.resident.cases_words import CASE_TONES, answered_lines, happened, item_lines, known_lines
from zhida.web.text import in_language

_AGREED = Text(
    "已经确认，各部门一起办。进度在这里看，办好会通知您。",
    "Confirmed. The departments work on it together; follow it here, we tell you when it is done.",
)
_ANSWERED = Text("收到了，接着办。", "We have it; the work goes on.")
_WITHDRAWN = Text(
    "已撤回。已经办好的，会按倒序撤销，办完会告诉您。",
    "Withdrawn. What was done is being undone, the last first; we tell you when that is finished.",
)

# What a desk wants to see may be on no form: whoever is asked for it can always send a picture of it.
_PAPER = cases.Field(
    cases.ADDED, Text("补充的材料", "A paper to add"), "file", required=False,
    help=Text("部门要看什么，拍张照片就行。", "Whatever the department wants to see: a photo will do."),
)  # fmt: skip


@requires("cases.own")
@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a case as it stands; a found one as its one form. POST: agree to it, or answer what it asks."""
    view = cases.my_case(request.viewer, case_id)
    if view.case.state == cases.CaseState.FOUND:
        return _found(request, view)
    was_returned = any(line.state == "returned" for line in view.items)
    form = Form(request, view.declared, [*view.asked, *([_PAPER] if was_returned else [])], view.case.evidence)
    if request.method == "POST" and (typed := form.typed()) is not None:
        answers = {key: each for key, each in typed.items() if key != cases.ADDED}
        try:
            cases.answer(request.viewer, case_id, answers, request.POST.get("said", ""), typed.get(cases.ADDED, ""))
        except cases.AnswersMissing as mistake:
            form.fail(typed, mistake)
        else:
            messages.success(request, in_language(_ANSWERED))
            return redirect("resident:case", case_id)
    return render(request, "resident/cases/case.html", {**form.context(), **_page(request, view)}, status=form.status)


def _found(request: HttpRequest, view: cases.CaseView) -> HttpResponse:
    asked = [field for field in view.declared.evidence if _is_open(view.case, field)]
    form = Form(request, view.declared, asked, view.case.evidence)
    if request.method == "POST" and (typed := form.typed()) is not None:
        try:
            cases.agree(request.viewer, view.case.pk, typed)
        except cases.AnswersMissing as mistake:
            form.fail(typed, mistake)
        else:
            messages.success(request, in_language(_AGREED))
            return redirect("resident:case", view.case.pk)
    context = {**form.context(), "case": view.case, "from": feed_label(view.declared), "counts": cases.asked_once(view.case)}
    return render(request, "resident/cases/found.html", {**context, "trail": trail(view.declared.label)}, status=form.status)


def _is_open(case: cases.Case, field: cases.Field) -> bool:
    known = case.evidence.get(field.key)
    return known is None or known["source"] in ("asked", "kept")


def _page(request: HttpRequest, view: cases.CaseView) -> dict[str, Any]:
    case = view.case
    items, names = item_lines(view), cases.names_of_entities(view)
    for each in items:
        each["appeal_url"] = appeal_url(case, each["item"].key) if each["can_appeal"] else ""
    people = [each for each in items if each["item"].kind == "person" and each["has_come"] and each["row"].state != "cancelled"]
    return {
        "view": view, "case": case, "declared": view.declared, "tone": CASE_TONES[case.state],
        "said": cases.CASE_TEXT[cases.CaseState(case.state)],
        "come": [each for each in items if each["has_come"]], "ahead": [each for each in items if not each["has_come"]],
        "done": sum(each["row"].state in ("done", "refused", "undone") for each in people), "reached": len(people),
        "refused": [each for each in people if each["row"].state == "refused"],
        "returned": [each for each in items if each["row"] is not None and each["row"].state == "returned"],
        "decisions": _decisions(view, names), "money": _money(request, view, names),
        "certificates": cases.case_certificates(request.viewer, case.pk),
        "known": known_lines(view.evidence), "answered": answered_lines(view.evidence), "history": happened(view.entries, view.declared),
        "added": cases.added_files(request.viewer, case.pk),
        "counts": cases.asked_once(case), "trail": trail(view.declared.label), **feedback(request, view),
    }  # fmt: skip


def _decisions(view: cases.CaseView, names: dict[int, str]) -> list[dict[str, Any]]:
    """What the rules said, once for each benefit and person: what one is entitled to first; the same refusal for another is left out."""
    newest = {(each.benefit, each.entity_no): each for each in view.decisions}
    granted = {benefit for (benefit, _), each in newest.items() if each.status == "entitled"}
    order = {"entitled": 0, "unknown": 1, "not_entitled": 2}
    shown = [each for each in newest.values() if each.status != "not_entitled" or each.benefit not in granted]
    refused: dict[str, Any] = {}
    rows = []
    for each in sorted(shown, key=lambda one: (order[one.status], one.pk)):
        if each.status == "not_entitled" and each.benefit in refused:
            continue
        refused[each.benefit] = each
        rows.append(
            {
                "decision": each, "who": names.get(each.entity_no, ""), "label": cases.benefit_text(each.benefit),
                "missing": [policies.missing_named(name) for name in each.missing],
                "why_url": reverse("resident:case_why", args=[view.case.pk, each.pk]), "appeal_url": appeal_url(view.case, "", each.pk),
            }
        )  # fmt: skip
    return rows


def _money(request: HttpRequest, view: cases.CaseView, names: dict[int, str]) -> list[dict[str, Any]]:
    """What is paid because of the case, with the state of its payment once it is in a batch."""
    due = [each for each in view.payables if each.state != "withdrawn" or each.batch_id]
    handed = {each.payee_no for each in due if each.batch_id}
    lines = payments.payments_of(request.viewer, request.purpose, handed) if handed else []
    paid = {(line.benefit, line.period_key, line.entity_no): line for line in lines}
    return [
        {
            "due": each, "who": names.get(each.entity_no, ""), "label": cases.benefit_text(each.benefit),
            "payment": paid.get((each.benefit, each.period_key, each.entity_no)),
        }
        for each in due
    ]  # fmt: skip


@requires("cases.own")
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, case_id: int) -> HttpResponse:
    """Ask once more, saying what is undone; then take the case back."""
    view = cases.my_case(request.viewer, case_id)
    if view.case.state != cases.CaseState.OPEN:
        return redirect("resident:case", case_id)
    if request.method == "POST":
        cases.withdraw_case(request.viewer, case_id, request.POST.get("reason", ""))
        messages.success(request, in_language(_WITHDRAWN))
        return redirect("resident:case", case_id)
    over = [each for each in item_lines(view) if each["row"] is not None and each["row"].state == "done" and each["item"].undo_by]
    context = {"view": view, "case": view.case, "declared": view.declared, "over": over, "money": _money(request, view, {})}
    trail_here = trail(view.declared.label, Text("撤回", "Withdraw"))
    trail_here[1]["url"] = f"/my/cases/{case_id}/"
    return render(request, "resident/cases/withdraw.html", {**context, "trail": trail_here})


@requires("cases.own")
@require_GET
def file(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Hand out a file that was added to one's own case."""
    return file_response(cases.read_upload(request.viewer, upload_id))


@requires("cases.own")
@require_GET
def certificate(request: HttpRequest, case_id: int, certificate_id: int) -> HttpResponse:
    """Hand out a certificate of one's own case, as a signed PDF: also a newborn's."""
    return pdf_response(*cases.case_certificate_pdf(request.viewer, case_id, certificate_id))
