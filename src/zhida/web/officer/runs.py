"""Monthly runs: what they decided, and how they differ from the month before and why."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.access import api as access
from zhida.blocks.policies import api as policies
from zhida.kernel.money import plain_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import Item, Share
from zhida.web.officer.common import benefit_label, csv_file, page_of
from zhida.web.templatetags.zhida import number, yuan
from zhida.web.text import in_language, pick

KINDS = {
    "new": ("good", Text("新增", "New")),
    "more": ("info", Text("增加", "More")),
    "less": ("wait", Text("减少", "Less")),
    "ended": ("bad", Text("停发", "Ended")),
}


@requires("runs.view")
@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    """List the runs, newest first."""
    return render(request, "officer/runs.html", {"page": page_of(request, policies.runs(request.viewer))})


@requires("runs.view")
@require_GET
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run: figures by benefit, and the difference to the month before with its reasons."""
    shown = policies.run(run_id)
    base = _run_before(request, shown)
    rows = policies.difference(request.viewer, shown.id, base.id) if base else []
    if request.GET.get("format") == "csv":
        return _difference_file(shown, rows)
    context = {
        "run": shown,
        "base": base,
        "benefits": [(line, benefit_label(line.benefit)) for line in policies.run_benefits(shown.id)],
        "share": _share(shown),
        "differences": _grouped(rows),
        "kinds": _totals(rows),
        "can_prepare": bool(access.purpose_of(request.viewer, "payments.prepare")),
        "trail": [{"label": Text("月度核定", "Runs"), "url": reverse("officer:runs")}, {"label": Text(f"核定 {run_id}", f"Run {run_id}")}],
    }
    return render(request, "officer/run.html", context)


def _run_before(request: HttpRequest, shown: Any) -> Any | None:
    """Return the newest finished run of the month before; None where there is none."""
    month = Month.parse(shown.month).previous.text
    return next((run for run in policies.runs(request.viewer) if run.month == month and run.state == "finished"), None)


def _share(shown: Any) -> Share | None:
    if shown.state != "finished":
        return None
    items = [
        Item(pick("符合", "Entitled"), shown.entitled, number(shown.entitled), tone="good"),
        Item(pick("缺信息，未定", "Undecided, a fact is missing"), shown.unknown, number(shown.unknown), tone="wait"),
    ]
    title = pick(
        f"符合 {number(shown.entitled)} 份，应发 {yuan(shown.entitled_fen)}；{number(shown.unknown)} 份因缺信息未定",
        f"{number(shown.entitled)} entitlements, {yuan(shown.entitled_fen)}; {number(shown.unknown)} wait for a missing fact",
    )
    return Share(title, items)


def _totals(rows: list[policies.DifferenceRow]) -> list[tuple[str, Text, int, int]]:
    """Return per kind of change its tone, name, count and fen."""
    return [
        (tone, label, sum(row.count for row in rows if row.kind == kind), sum(row.amount_fen for row in rows if row.kind == kind))
        for kind, (tone, label) in KINDS.items()
    ]


def _grouped(rows: list[policies.DifferenceRow]) -> list[tuple[Text, int, list[tuple[policies.DifferenceRow, str, Text]]]]:
    """Group differences by benefit, the largest change of money first: name, sum in fen, rows with tone and kind."""
    benefits: dict[str, list[policies.DifferenceRow]] = {}
    for row in rows:
        benefits.setdefault(row.benefit, []).append(row)
    groups = [
        (benefit_label(code), sum(row.amount_fen for row in group), [(row, *KINDS[row.kind]) for row in group])
        for code, group in benefits.items()
    ]
    return sorted(groups, key=lambda group: -abs(group[1]))


def _difference_file(shown: Any, rows: list[policies.DifferenceRow]) -> HttpResponse:
    heads = [Text("待遇", "Benefit"), Text("变化", "Change"), Text("原因", "Reason"), Text("份数", "Count"), Text("金额（元）", "Yuan")]
    lines = [
        (in_language(benefit_label(row.benefit)), KINDS[row.kind][1], row.reason, row.count, plain_yuan(row.amount_fen)) for row in rows
    ]
    return csv_file(f"run-{shown.id}-difference", heads, lines)
