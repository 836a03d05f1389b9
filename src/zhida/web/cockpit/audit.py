"""The auditor's page: who looked at or changed personal data, why, and whether the log is whole."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhida.blocks.access import api as access
from zhida.kernel.text import Text
from zhida.web.access import requires

ENTRIES_SHOWN = 2_000

PURPOSES = {
    "own_entitlements": Text("本人查询", "Own entitlements"),
    "casework": Text("办理居民事项", "Casework"),
    "data_quality": Text("数据质量", "Data quality"),
    "payment": Text("发放", "Payment"),
    "statistics": Text("统计", "Statistics"),
    "audit": Text("审计", "Audit"),
    "operation": Text("系统运行", "Operation"),
}


@requires("audit.view")
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Show the newest entries, of one subject or account where asked, and the result of checking the chain."""
    access.record_access(request.viewer, request.purpose, "audit.view", "audit log")
    text = request.GET.get("text", "").strip()
    entries = [
        entry
        for entry in access.audit_entries(limit=ENTRIES_SHOWN)
        if not text or text in f"{entry.account} {entry.action} {entry.subject}"
    ]
    verified, broken = 0, None
    try:
        verified = access.verify_audit_log()
    except access.AuditChainBroken as mistake:
        broken = mistake.text
    rows = [(entry, PURPOSES.get(entry.purpose, Text(entry.purpose, entry.purpose))) for entry in entries]
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {"page": page, "text": text, "verified": verified, "broken": broken, "shown": ENTRIES_SHOWN}
    return render(request, "cockpit/audit.html", context)
