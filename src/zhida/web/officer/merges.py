"""Two registrations that may be one person: side by side, merge, or undo."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, page_of

# What the comparison of parties found, as an officer reads it.
EVIDENCE = {
    ("name", "same"): Text("姓名相同", "same name"),
    ("name", "one character differs"): Text("姓名差一个字", "one character of the name differs"),
    ("name", "different"): Text("姓名不同", "different names"),
    ("number", "one digit of the sequence differs, or two are exchanged"): Text(
        "身份号码顺序码差一位或两位互换", "one digit of the id number's sequence differs, or two are exchanged"
    ),
    ("number", "same but for the sequence"): Text("身份号码除顺序码外相同", "id numbers agree but for the sequence"),
    ("number", "different"): Text("身份号码不同", "different id numbers"),
    ("household", "same"): Text("同一户", "same household"),
    ("household", "same community"): Text("同一社区", "same community"),
    ("household", "different"): Text("不在同一社区", "different communities"),
    ("other registers", "one register names both"): Text("另有登记同时列有两人", "another register names both"),
    ("other registers", "only one is known"): Text("其他部门只知道其中一个", "other departments know only one of them"),
    ("other registers", "neither is known"): Text("其他部门都没有", "other departments know neither"),
    ("other registers", "each is known elsewhere"): Text("其他部门各有记录", "other departments know each"),
}
STATES = {"proposed": Text("待确认", "Proposed"), "merged": Text("已合并", "Merged"), "undone": Text("已撤销", "Undone")}


@requires("merges.review")
@require_GET
def merges(request: HttpRequest) -> HttpResponse:
    """List pairs of registrations in one state, the surest first."""
    state = request.GET.get("state") if request.GET.get("state") in STATES else "proposed"
    found = {name: parties.merges(request.viewer, request.purpose, name) for name in STATES}
    page = page_of(request, found[state], 10)
    context = {
        "page": page,
        "rows": [_row(request, merge) for merge in page.object_list],
        "state": state,
        "tabs": [
            {"label": label, "url": f"?state={name}", "current": name == state, "count": len(found[name])} for name, label in STATES.items()
        ],
    }
    return render(request, "officer/merges.html", context)


@requires("merges.review")
@require_POST
def decide(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Merge a proposed pair, keep it apart, or undo a merge."""
    if request.POST.get("decision") == "merge":
        parties.merge_residents(request.viewer, merge_id)
        done = Text("两份登记已合并为一人；随时可以撤销。", "The two registrations are one person now; this can be undone at any time.")
    else:
        parties.undo_merge(request.viewer, merge_id)
        done = Text("两份登记保持为两个人。", "The two registrations stay two people.")
    return back(request, "officer:merges", done)


def _row(request: HttpRequest, merge: Any) -> dict[str, Any]:
    pair = [_card(request, merge.kept_resident_no), _card(request, merge.merged_resident_no)]
    cards = [side["card"] for side in pair if side["card"]]
    differs = {
        name: len({getattr(card, name) for card in cards}) > 1 for name in ("name", "masked_id", "birth_date", "household_no", "community")
    }
    evidence = [EVIDENCE.get((name, level), Text(level, level)) for name, level in merge.evidence.items()]
    return {"merge": merge, "pair": pair, "differs": differs, "evidence": evidence}


def _card(request: HttpRequest, resident_no: int) -> dict[str, Any]:
    """Return who a registration is; of one that the snapshot no longer holds only the number."""
    try:
        return {"resident_no": resident_no, "card": records.resident_card(request.viewer, request.purpose, resident_no)}
    except (records.ResidentNotFound, records.NoSnapshot):
        return {"resident_no": resident_no, "card": None}
