"""Notices that did not reach people of the officer's area, and the officer's own messages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.notices import api as notices
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.inbox import opened, page_of_messages
from zhida.web.officer.common import back, csv_file, links_to, page_number

_SHOWN = {"required": Text("必须送达", "Must reach them"), "others": Text("其他", "Others")}
_HEADS = (
    Text("居民编号", "Resident"),
    Text("姓名", "Name"),
    Text("通知", "Notice"),
    Text("方式", "Way"),
    Text("发往", "Sent to"),
    Text("原因", "Why"),
    Text("怎么办", "What to do"),
    Text("日期", "Day"),
)


@requires("notices.undelivered")
@require_GET
def undelivered(request: HttpRequest) -> HttpResponse:
    """List what could not be delivered to residents of the viewer's area, oldest first, with why and what to do."""
    shown = request.GET.get("show") if request.GET.get("show") in _SHOWN else "required"
    page = page_number(request)
    found, total = notices.undelivered(request.viewer, request.purpose, shown == "required", page)
    rows = [{"row": row, "card": _card(request, row.resident_no), "way": notices.CHANNEL_TEXT[row.channel]} for row in found]
    if request.GET.get("format") == "csv":
        return csv_file("undelivered", _HEADS, [_csv_row(each) for each in rows])
    context = {
        "rows": rows,
        "total": total,
        "show": shown,
        "page": links_to(page, max(1, -(-total // notices.PAGE_ROWS))),
        "tabs": [_tab(request, name, name == shown) for name in _SHOWN],
    }
    return render(request, "officer/undelivered.html", context)


def _tab(request: HttpRequest, name: str, is_current: bool) -> dict[str, Any]:
    count = notices.count_undelivered(request.viewer, name == "required")
    return {"label": _SHOWN[name], "url": f"?show={name}", "current": is_current, "count": count}


def _card(request: HttpRequest, resident_no: int) -> records.ResidentCard | None:
    """Return who it is for; None for whoever has died or moved away."""
    try:
        return records.resident_card(request.viewer, request.purpose, resident_no)
    except (records.ResidentNotFound, records.NoSnapshot, access.NotYours):
        return None


def _csv_row(each: dict[str, Any]) -> list[Any]:
    row, card = each["row"], each["card"]
    name = card.name if card else ""
    return [row.resident_no, name, row.title, each["way"], row.address, row.reason.what, row.reason.next_step, row.created_at.date()]


@requires("notices.undelivered")
@require_POST
def retry(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send it again."""
    notices.retry_delivery(request.viewer, delivery_id)
    return back(request, "officer:undelivered", Text("已重新排队，几分钟内再发一次。", "It is in line again and goes out within minutes."))


@requires("notices.undelivered")
@require_POST
def told(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Note that the resident was told by phone or at the door."""
    notices.tell_in_person(request.viewer, delivery_id)
    return back(request, "officer:undelivered", Text("已记下：您已当面或电话告知本人。", "Noted: you told the resident in person."))


@requires("notices.own")
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """List the officer's own messages."""
    return render(request, "officer/my_notices.html", {**page_of_messages(request), "url_prefix": reverse("officer:my_notices")})


@requires("notices.own")
@require_GET
def notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Show one of them; from now on it is read."""
    message = opened(request, notice_id)
    trail = [{"label": Text("消息", "Messages"), "url": reverse("officer:my_notices")}, {"label": message.label}]
    return render(request, "officer/my_notice.html", {"message": message, "trail": trail})
