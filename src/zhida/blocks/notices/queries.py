"""Reads of notices: one's own inbox, a resident's notices for an officer, and what could not be delivered in an area."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.notices.models import NEEDS_A_PERSON, Notice, NoticeDelivery
from zhida.blocks.notices.rules import Channel, DeliveryCount, Message, Undelivered, masked, reason_of
from zhida.blocks.notices.wording import templates, write
from zhida.blocks.records import api as records

PAGE_ROWS = 20
# A search reads the wording, which is made from templates: so far back it looks.
_SEARCHED_MAX = 2_000


def own_notices(viewer: Viewer) -> QuerySet[Notice]:
    """Return the viewer's own notices, those that stand in an inbox, newest first."""
    own = {"resident_no": viewer.resident_no, "account": ""} if viewer.resident_no else {"resident_no": 0, "account": viewer.account}
    return Notice.objects.filter(kind__in=_inbox_kinds(), **own)


def _inbox_kinds() -> list[str]:
    return [kind for kind, template in templates().items() if template.in_inbox]


def inbox(viewer: Viewer, words: str = "", page: int = 1) -> tuple[list[Message], int]:
    """Return a page of the viewer's own notices, newest first, and how many there are; those whose text has all ``words``, where given."""
    found = own_notices(viewer)
    first = (page - 1) * PAGE_ROWS
    if not words.strip():
        return [message_of(notice) for notice in found[first : first + PAGE_ROWS]], found.count()
    wanted = words.casefold().split()
    matching = [message for message in map(message_of, found[:_SEARCHED_MAX]) if _has(message, wanted)]
    return matching[first : first + PAGE_ROWS], len(matching)


def _has(message: Message, wanted: list[str]) -> bool:
    texts = (message.label, message.title, message.body)
    said = " ".join(f"{text.zh} {text.en}" for text in texts).replace("\u00a0", " ").casefold()
    return all(word in said for word in wanted)


def unread_count(viewer: Viewer) -> int:
    """Count the viewer's own notices that were never opened."""
    return own_notices(viewer).filter(read_at=None).count()


def own_notice(viewer: Viewer, notice_id: int) -> Message | None:
    """Return one notice of the viewer's own."""
    found = own_notices(viewer).filter(pk=notice_id).first()
    return message_of(found) if found else None


def notices_of(viewer: Viewer, purpose: Purpose, resident_no: int) -> list[Message]:
    """List what was said to a resident, newest first. Raises: NoSnapshot, ResidentNotFound, NotYours."""
    records.checked_card(viewer, resident_no)
    access.record_access(viewer, purpose, "notices.of_resident", f"resident {resident_no}")
    found = Notice.objects.filter(resident_no=resident_no, account="", kind__in=_inbox_kinds())
    return [message_of(notice) for notice in found[:_SEARCHED_MAX]]


def message_of(notice: Notice) -> Message:
    """Return a notice in words."""
    template = templates()[notice.kind]
    written = write(template, notice.parameters)
    return Message(
        id=notice.pk,
        kind=notice.kind,
        label=template.label,
        title=written.title,
        body=written.body,
        next_step=written.next_step,
        link=template.link,
        is_required=template.is_required,
        created_at=notice.created_at,
        read_at=notice.read_at,
        resident_no=notice.resident_no,
    )


def undelivered(viewer: Viewer, purpose: Purpose, required: bool | None = None, page: int = 1) -> tuple[list[Undelivered], int]:
    """Return a page of what needs a person in the viewer's area, oldest first, and how many there are.

    required: only notices that must reach people by law (True), only the others (False), or all.
    """
    found = _needing(viewer, required)
    access.record_access(viewer, purpose, "notices.undelivered", f"area {viewer.area_code}")
    first = (page - 1) * PAGE_ROWS
    return [_undelivered(row) for row in found.select_related("notice")[first : first + PAGE_ROWS]], found.count()


def count_undelivered(viewer: Viewer, required: bool | None = None) -> int:
    """Count what ``undelivered`` lists."""
    return _needing(viewer, required).count()


def delivery_counts() -> list[DeliveryCount]:
    """Count deliveries by kind, channel and state. No personal data."""
    rows = (
        NoticeDelivery.objects.values_list("notice__kind", "channel", "state")
        .annotate(Count("id"))
        .order_by("notice__kind", "channel", "state")
    )
    return [DeliveryCount(*row) for row in rows]


def _needing(viewer: Viewer, required: bool | None) -> QuerySet[NoticeDelivery]:
    """What needs a person in the viewer's area; nothing for a resident or an account that is bound to no area."""
    kinds = [kind for kind, template in templates().items() if template.in_inbox and required in (None, template.is_required)]
    rows = NoticeDelivery.objects.filter(NEEDS_A_PERSON, notice__kind__in=kinds).order_by("id")
    if viewer.role == "resident" or not viewer.area_prefix:
        return rows.none()
    first, end = viewer.community_span
    return rows.filter(Q(community__gte=first), community__lt=end)


def _undelivered(row: NoticeDelivery) -> Undelivered:
    message = message_of(row.notice)
    return Undelivered(
        delivery_id=row.pk,
        resident_no=message.resident_no,
        community=row.community,
        label=message.label,
        title=message.title,
        channel=row.channel,
        address=masked(row.address),
        state=row.state,
        attempts=row.attempts,
        created_at=message.created_at,
        reason=reason_of(row.last_error),
        reply=row.last_reply,
        may_retry=row.channel != Channel.INBOX,
    )
