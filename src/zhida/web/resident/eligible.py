"""What am I eligible for: every service with benefits, answered for the reader's household by the rules and the facts now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.catalogue import api as catalogue
from zhida.kernel.text import Text
from zhida.web import entitlements
from zhida.web.access import requires

_GROUPS = {
    "entitled": Text("符合条件", "You are entitled"),
    "unknown": Text("还缺一条信息", "One fact is missing"),
    "not_entitled": Text("现在不符合", "Not entitled now"),
}


@requires("entitlements.view_own")
@require_GET
def eligible(request: HttpRequest) -> HttpResponse:
    """List the services by their answer; each line says for whom, how much, what is missing or what would change it."""
    found = catalogue.eligibility(request.viewer, request.purpose, request.viewer.resident_no)
    groups = [(key, label, [_service(each, request) for each in found if each.status == key]) for key, label in _GROUPS.items()]
    context = {
        "groups": [group for group in groups if group[2]],
        "month": found[0].month if found else "",
        "trail": [
            {"label": Text("幸福清单", "My list"), "url": reverse("resident:list")},
            {"label": Text("我能享受什么", "What am I eligible for")},
        ],
    }
    return render(request, "resident/eligible.html", context)


def _service(each: catalogue.ServiceEligibility, request: HttpRequest) -> dict[str, Any]:
    """Put the answers that make the service's status in front; those that came to nothing behind."""
    answers = [
        {"line": told.line, "who": entitlements.who(told.line, request.viewer.resident_no), "changes": told.changes}
        for told in each.answers
    ]
    first = [answer for answer in answers if answer["line"].status != "not_entitled"]
    refused = answers[len(first) :]
    return {"service": each.service, "first": first, "refused": _by_reason(refused), "refused_count": len(refused)}


def _by_reason(refused: list[dict[str, Any]]) -> list[tuple[Text, list[tuple[Text | None, list[dict[str, Any]]]]]]:
    """Group answers by benefit, and within it by the first thing that would change them: what is so of all is said once."""
    found: dict[Text, dict[Text | None, list[dict[str, Any]]]] = {}
    for answer in refused:
        reason = next(iter(answer["changes"]), None)
        found.setdefault(answer["line"].benefit.label, {}).setdefault(reason, []).append(answer)
    return [(benefit, list(reasons.items())) for benefit, reasons in found.items()]
