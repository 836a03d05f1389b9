"""What the inboxes of residents and officers share: a page of messages with a search, and one message opened."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from zhida.blocks.notices import api as notices


def page_of_messages(request: HttpRequest) -> dict[str, Any]:
    """Return what ``components/inbox.html`` shows: messages of the page asked for, or those with the words searched for."""
    words = request.GET.get("q", "").strip()
    written = request.GET.get("page", "1")
    number = max(1, int(written)) if written.isdigit() else 1
    found, total = notices.inbox(request.viewer, words, number)
    pages = Paginator(range(total), notices.PAGE_ROWS)
    if number > pages.num_pages:
        found, _ = notices.inbox(request.viewer, words, pages.num_pages)
    return {"found": found, "total": total, "words": words, "page": pages.get_page(number)}


def opened(request: HttpRequest, notice_id: int) -> notices.Message | None:
    """Return one message of the viewer's own; it counts as read from now on. Raises: NoticeNotFound."""
    notices.mark_read(request.viewer, notice_id)
    return notices.own_notice(request.viewer, notice_id)
