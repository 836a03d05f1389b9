"""The resident's messages: what the city has said to her, newest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.inbox import opened, page_of_messages


@requires("notices.own")
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """List the viewer's messages, unread ones marked."""
    return render(request, "resident/notices.html", {**page_of_messages(request), "url_prefix": reverse("resident:notices")})


@requires("notices.own")
@require_GET
def notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Show one message; from now on it is read."""
    message = opened(request, notice_id)
    trail = [{"label": Text("消息", "Messages"), "url": reverse("resident:notices")}, {"label": message.label}]
    return render(request, "resident/notice.html", {"message": message, "trail": trail})
