"""A whole case as the officer's department may see it, the cases of an area, and the drawing of a case's process."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.case_forms import file_response
from zhida.web.certificates import pdf_response
from zhida.web.officer.cases import events, left
from zhida.web.officer.cases_history import entry_rows
from zhida.web.officer.cases_words import CASE_TEXT, decision_text, drawing_of, evidence_rows, payable_text
from zhida.web.officer.common import csv_file, page_of
from zhida.web.text import in_language

CSV_HEADS = (
    Text("办件编号", "Case"), Text("事件", "Life event"), Text("对象", "About"), Text("社区", "Community"), Text("状态", "State"),
    Text("开始", "Opened"), Text("承诺办结", "Promised"), Text("办结", "Closed"),
)  # fmt: skip


@requires("cases.handle")
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a case: how far it is, its drawing, what it knows and decided, its history. Raises: CaseNotFound."""
    view = cases.office_case(request.viewer, case_id)
    items = [_line(line) for line in view.items if line.row is not None or view.case.state in NOT_OVER]
    context = {
        "view": view,
        "case": view.case,
        "badge": f"case_{view.case.state}",
        "state_text": CASE_TEXT[cases.CaseState(view.case.state)],
        "event": view.declared.label,
        "leads": cases.department_text(view.declared.leads),
        "reached": [row for row in items if row["line"].row is not None],
        "ahead": [row for row in items if row["line"].row is None],
        "own": {row["line"].row.pk for row in items if row["line"].row and _is_own(request, row["line"].row)},
        "may_list": bool(access.purpose_of(request.viewer, "entitlements.view_area")) and request.viewer.sees_area(view.case.community),
        "evidence": evidence_rows(view.evidence),
        "decisions": [(each, decision_text(each)) for each in view.decisions],
        "payables": [payable_text(each) for each in view.payables],
        "entries": entry_rows(view.declared, view.entries),
        "diagram": drawing_of(view.declared, cases.element_states(view), _notes(items)),
        "xml_url": reverse("officer:case_bpmn", args=[case_id]),
        "trail": [
            {"label": Text("一件事", "Joint cases"), "url": reverse("officer:cases")},
            {"label": Text("辖区办件", "Cases of the area"), "url": reverse("officer:cases_all")},
            {"label": view.case.number},
        ],
    }
    return render(request, "officer/cases/case.html", context)


# Cases whose process may still come to items.
NOT_OVER = (cases.CaseState.FOUND, cases.CaseState.ASKING, cases.CaseState.OPEN)


def _line(line: cases.ItemLine) -> dict[str, Any]:
    row, light = line.row, line.light
    return {
        "line": line,
        "department": cases.department_text(line.declared.department) if line.declared.department else None,
        "light": light,
        "light_text": cases.LIGHT_TEXT[light] if light else None,
        "left": left(row.due_on, light) if row is not None and light else None,
        "is_automatic": line.declared.kind != "person",
    }


def _notes(items: list[dict[str, Any]]) -> dict[str, str]:
    """Return what stands beside the steps that wait: how long is left."""
    return {row["line"].declared.key: in_language(row["left"]) for row in items if row["left"]}


def _is_own(request: HttpRequest, row: cases.CaseItem) -> bool:
    """Say whether an item lies at the viewer's desk, so that a link to it opens."""
    low, high = request.viewer.community_span
    return row.department == request.viewer.department and low <= row.area < high


@requires("cases.handle")
@require_GET
def bpmn(request: HttpRequest, case_id: int) -> HttpResponse:
    """Hand out the process of a case as it was declared when the case began (BPMN 2.0 XML). Raises: CaseNotFound."""
    view = cases.office_case(request.viewer, case_id)
    response = HttpResponse(view.declared.process.xml, content_type="application/xml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{view.case.event}.bpmn"'
    response["Cache-Control"] = "no-store"
    return response


@requires("cases.handle")
@require_GET
def file(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Hand out a file that a resident added, to a department whose item needs it. Raises: CaseNotFound."""
    return file_response(cases.read_upload(request.viewer, upload_id))


@requires("cases.handle")
@require_GET
def certificate(request: HttpRequest, case_id: int, certificate_id: int) -> HttpResponse:
    """Hand out a certificate that an item of the viewer's department brought, as a signed PDF. Raises: CaseNotFound."""
    return pdf_response(*cases.case_certificate_pdf(request.viewer, case_id, certificate_id))


@requires("cases.handle")
@require_GET
def area(request: HttpRequest) -> HttpResponse:
    """List the cases of the viewer's area; ``?format=csv`` gives the list as a file."""
    state = request.GET.get("state", "")
    state = state if state in set(cases.CaseState) else ""
    event, text = request.GET.get("event", ""), request.GET.get("text", "").strip()
    found = cases.street_cases(request.viewer, state, text)
    found = found.filter(event=event) if event else found
    if request.GET.get("format") == "csv":
        return csv_file("cases", CSV_HEADS, (_cells(each) for each in found.iterator(chunk_size=1_000)))
    page = page_of(request, found)
    said = {"state": state, "event": event, "text": text, "format": "csv"}
    context = {
        "page": page,
        "rows": [_row(each) for each in page.object_list],
        "state": state,
        "event": event,
        "text": text,
        "events": events(),
        "states": list(CASE_TEXT.items()),
        "today": clock.today(),
        "is_street": request.viewer.department == "street",
        "file": f"?{urlencode({name: value for name, value in said.items() if value})}",
        "trail": [
            {"label": Text("一件事", "Joint cases"), "url": reverse("officer:cases")},
            {"label": Text("辖区办件", "Cases of the area")},
        ],
    }
    return render(request, "officer/cases/all.html", context)


def _row(each: cases.Case) -> dict[str, Any]:
    state = cases.CaseState(each.state)
    return {"case": each, "event": cases.declaration_of(each).label, "badge": f"case_{state}", "state_text": CASE_TEXT[state]}


def _cells(each: cases.Case) -> list[Any]:
    return [
        each.number, cases.declaration_of(each).label, each.subject_name, each.community, CASE_TEXT[cases.CaseState(each.state)],
        each.opened_at.date(), each.due_on, each.closed_at.date() if each.closed_at else None,
    ]  # fmt: skip
