"""The bank desk: files out and in, rows that need a person, and the account beside the ledger."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, csv_file, links_to, page_number

_TABS = (
    ("out", Text("发出的文件", "Files out")),
    ("in", Text("收到的文件", "Files in")),
    ("problems", Text("要处理的", "To settle")),
    ("account", Text("对账单", "Statements")),
)
_PAGE = 50


@requires("payments.view")
@require_GET
def bank(request: HttpRequest) -> HttpResponse:
    """Show files to the bank, files of the bank, problems, or statements."""
    show = request.GET.get("show", "out")
    show = show if show in dict(_TABS) else "out"
    viewer, number = request.viewer, page_number(request)
    count_open = payments.count_problems(viewer)
    tabs = [
        {"label": label if name != "problems" else Text(f"{label.zh} {count_open}", f"{label.en} {count_open}"),
         "url": f"?show={name}", "current": name == show}
        for name, label in _TABS
    ]  # fmt: skip
    context = {"show": show, "tabs": tabs, "open_problems": count_open}
    context["may_import"] = bool(access.purpose_of(viewer, "payments.release"))
    if show == "out":
        context |= {
            "files": payments.files_out(viewer, number),
            "page": links_to(number, -(-payments.count_files_out(viewer) // _PAGE) or 1),
        }
    elif show == "in":
        files = payments.bank_files(viewer)
        first = (number - 1) * _PAGE
        context |= {"files": files[first : first + _PAGE], "page": links_to(number, -(-len(files) // _PAGE) or 1)}
    elif show == "account":
        context["checks"] = payments.statement_checks(viewer)
    else:
        return _problems(request, context, number)
    return render(request, "officer/bank.html", context)


def _problems(request: HttpRequest, context: dict[str, object], number: int) -> HttpResponse:
    state, kind = request.GET.get("state", "open"), request.GET.get("kind", "")
    is_open = {"open": True, "closed": False}.get(state)
    rows = payments.problems(request.viewer, is_open, kind, number)
    if request.GET.get("format") == "csv":
        return _file(rows)
    total = payments.count_problems(request.viewer, is_open, kind)
    context |= {
        "rows": [(row, payments.PROBLEMS.get(row.problem)) for row in rows],
        "total": total,
        "state": state,
        "kind": kind,
        "kinds": [(code, payments.PROBLEMS.get(code), n) for code, n in payments.problem_kinds(request.viewer).items()],
        "page": links_to(number, -(-total // _PAGE) or 1),
    }
    return render(request, "officer/bank.html", context)


def _file(rows: list) -> HttpResponse:
    heads = [
        Text("文件", "File"), Text("行", "Row"), Text("参考号", "Reference"), Text("银行说", "The bank says"), Text("金额（元）", "Yuan"),
        Text("银行原因", "Reason"), Text("怎么办", "What to do"), Text("处理人", "Closed by"), Text("处理结果", "What came of it"),
    ]  # fmt: skip
    lines = [
        [
            row.bank_file.file_name, str(row.position), row.reference, row.event,
            plain_yuan(row.amount_fen) if row.amount_fen is not None else "", row.bank_reason,
            payments.PROBLEMS.get(row.problem, row.problem), row.closed_by, row.closing_note,
        ]
        for row in rows
    ]  # fmt: skip
    return csv_file("bank-problems", heads, lines)


@requires("payments.release")
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take in a file that the bank handed over by another way than its folder: whole or not at all, and once."""
    sent = request.FILES.get("file")
    if sent is None:
        return back(request, "officer:bank", Text("请先选择文件。", "Choose a file first."))
    with tempfile.TemporaryDirectory(prefix="bank-") as folder:
        taken = payments.import_bank_file(request.viewer, _kept(sent, Path(folder)))
    done = Text(
        f"已导入 {taken.file_name}：{taken.rows} 行，入账 {taken.applied}，重复 {taken.repeated}，待处理 {taken.problem_count}。",
        f"{taken.file_name} was taken in: {taken.rows} rows, {taken.applied} booked, {taken.repeated} known, {taken.problem_count} open.",
    )
    return back(request, "officer:bank", done)


def _kept(sent: UploadedFile, folder: Path) -> Path:
    path = folder / Path(sent.name or "bank.xml").name
    with path.open("wb") as out:
        shutil.copyfileobj(sent.file, out)
    return path


@requires("payments.release")
@require_POST
def close(request: HttpRequest, problem_id: int) -> HttpResponse:
    """Close a problem with what came of it."""
    payments.close_problem(request.viewer, problem_id, request.POST.get("note", ""))
    response = back(request, "officer:bank", Text("已关闭，结果已记录。", "Closed; what came of it is on file."))
    response["Location"] += "?show=problems"
    return response
