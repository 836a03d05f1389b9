"""Rows set aside: what is wrong with each, what to do, and correcting one by one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, csv_file, links_to, page_number


@requires("quarantine.view")
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """List the quarantined rows of the viewer's area, of one delivery or for one reason where asked."""
    delivery_id, reason = _wanted(request)
    words, every = request.GET.get("q", "").strip(), request.GET.get("show") == "all"
    page = page_number(request)
    found = records.quarantined_rows(request.viewer, request.purpose, delivery_id, reason, page, waiting=not every, words=words)
    if request.GET.get("format") == "csv":
        return _file(found.rows)
    waiting = [d for d in records.deliveries(request.viewer, request.purpose) if d.rows_quarantined and d.folder and d.state == "accepted"]
    context = {
        "page": links_to(found.page, found.pages),
        "total": found.total,
        "rows": [(row, records.record_types()[row.delivery.record_type]) for row in found.rows],
        "reasons": _reasons(waiting),
        "deliveries": [(delivery, records.record_types()[delivery.record_type]) for delivery in waiting],
        "reason": reason,
        "delivery_id": delivery_id,
        "words": words,
        "every": every,
        "may_correct": bool(access.purpose_of(request.viewer, "quarantine.correct")),
        "whole_city": len(request.viewer.area_prefix) <= 4,
    }
    return render(request, "officer/quarantine.html", context)


def _wanted(request: HttpRequest) -> tuple[int | None, str | None]:
    written = request.GET.get("delivery", "")
    reason = request.GET.get("reason", "")
    return int(written) if written.isdigit() else None, reason if reason in records.REASONS else None


def _reasons(deliveries: list[records.Delivery]) -> list[tuple[str, Text]]:
    present = {reason for delivery in deliveries for reason in delivery.by_reason}
    return [(reason, label) for reason, label in records.REASONS.items() if reason in present]


def _file(rows: list[records.QuarantinedRow]) -> HttpResponse:
    heads = [Text("文件", "File"), Text("行", "Row"), Text("原因", "Reason"), Text("问题", "What is wrong"), Text("处理办法", "What to do")]
    return csv_file("quarantine", heads, [(row.delivery.file_name, row.row_no, row.reason_text, row.what, row.fix) for row in rows])


@requires("quarantine.correct")
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, delivery_id: int, row_no: int) -> HttpResponse:
    """Show one row with what is wrong and what to do, and take the corrected cells; a correction that is still wrong is said so."""
    row = records.quarantined_row(request.viewer, request.purpose, delivery_id, row_no)
    problem, entered = None, row.values
    if request.method == "POST":
        entered = {name: request.POST.get(name, "").strip() for name in row.values}
        changed = {name: cell for name, cell in entered.items() if cell != row.values[name]}
        try:
            records.correct_row(request.viewer, delivery_id, row_no, changed)
            done = Text(f"第 {row_no} 行已更正并接收，原行保留在历史中。", f"Row {row_no} is corrected and accepted; the original is kept.")
            return back(request, "officer:quarantine", done)
        except records.CorrectionRefused as mistake:
            problem = mistake.text
    return render(request, "officer/correct.html", _correction(row, entered, problem), status=400 if problem else 200)


def _correction(row: records.QuarantinedRow, entered: dict[str, str], problem: Text | None) -> dict[str, Any]:
    contract = records.record_types()[row.delivery.record_type]
    return {
        "row": row,
        "contract": contract,
        "problem": problem,
        "fields": [
            {"field": field, "value": entered.get(field.name, ""), "wrong": field.name == row.field, "codes": [zh for _, zh in field.codes]}
            for field in contract.fields
            if field.name in row.values
        ],
        "trail": [
            {"label": Text("隔离数据", "Quarantine"), "url": reverse("officer:quarantine")},
            {"label": Text(f"第 {row.row_no} 行", f"Row {row.row_no}")},
        ],
    }
