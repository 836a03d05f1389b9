"""Writes of notices, one transaction each: making notices, having read one, dealing with what could not be delivered.

``notify`` only writes rows, in the transaction of whoever calls it: what is rolled back was never said. ``delivering.py`` sends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.notices.errors import DeliveryNotOpen, NoticeNotFound, WrongRecipient
from zhida.blocks.notices.models import NEEDS_A_PERSON, Notice, NoticeDelivery
from zhida.blocks.notices.queries import own_notices
from zhida.blocks.notices.rules import Channel, DeliveryState, Recipient
from zhida.blocks.notices.wording import Template, checked, template
from zhida.kernel import clock

# subject, resident_no, account, community, parameters as JSON.
_Row = tuple[str, int, str, int, str]
_ROWS_PER_INSERT = 10_000
_NOTICE = "INSERT INTO notices_notice (kind, created_at, subject, resident_no, account, community, parameters)"
_INSERT_ROW = f"{_NOTICE} VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
_INSERT_COLUMNS = f"""{_NOTICE} SELECT %s, %s, subject, resident_no, account, community, parameters::jsonb
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::text[]) AS new (subject, resident_no, account, community, parameters)
ON CONFLICT DO NOTHING"""
_COLUMNS = (
    "notice_id, channel, address, language, community, state, attempts, next_attempt_at, last_error, last_reply, message_id, "
    "provider_id, told_by"
)
_NEW = "n.id > %s AND n.kind = %s AND n.created_at = %s AND n.resident_no > 0"
# To every confirmed address of the resident that takes this kind.
_TO_ADDRESSES = f"""
INSERT INTO notices_noticedelivery ({_COLUMNS})
SELECT n.id, c.channel, c.address, c.language, n.community, 'waiting', 0, %s, '', '', '', '', ''
FROM notices_notice n JOIN notices_contactpoint c ON c.resident_no = n.resident_no
WHERE {_NEW} AND c.confirmed_at IS NOT NULL AND (c.opted_out NOT LIKE %s OR %s = 1)
ON CONFLICT DO NOTHING"""
# Nobody can be reached who has no address: the notice stands in the inbox, and on the officer's list until it was read.
_TO_THE_INBOX = f"""
INSERT INTO notices_noticedelivery ({_COLUMNS})
SELECT n.id, 'inbox', '', 'zh', n.community, 'waiting', 0, %s, 'no_address', '', '', '', ''
FROM notices_notice n
WHERE {_NEW} AND NOT EXISTS (SELECT 1 FROM notices_contactpoint c WHERE c.resident_no = n.resident_no AND c.confirmed_at IS NOT NULL)
ON CONFLICT DO NOTHING"""


def notify(viewer: Viewer, kind: str, recipients: Iterable[Recipient], purpose: Purpose = Purpose.OPERATION) -> int:
    """Make notices of one kind and return how many are new: those about the same thing are there already and change nothing.

    For as many recipients as there are, in the transaction of the caller; nothing is sent here.

    Raises: UnknownKind, WrongParameters, WrongRecipient; then none was made.
    """
    said, at = template(kind), connection.ops.adapt_datetimefield_value(clock.now())
    with transaction.atomic():
        last = Notice.objects.aggregate(last=Max("id"))["last"] or 0
        made = 0
        for some in _batched((_row(said, recipient) for recipient in recipients), _ROWS_PER_INSERT):
            made += _insert(said.kind, at, some)
        if made:
            _enqueue(said, last, at)
            access.record_access(viewer, purpose, "notices.notify", f"{made} {kind}")
    return made


def check(kind: str, recipients: Iterable[Recipient]) -> None:
    """Raise what ``notify`` would, and write nothing: for whoever makes notices at the end of what they are about.

    Raises: UnknownKind, WrongParameters, WrongRecipient.
    """
    told = template(kind)
    for recipient in recipients:
        _row(told, recipient)


def _batched(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    iterator = iter(rows)
    while some := list(islice(iterator, size)):
        yield some


def _row(said: Template, recipient: Recipient) -> _Row:
    """Return a notice in the order of _NOTICE."""
    if bool(recipient.resident_no) == bool(recipient.account):
        raise WrongRecipient(said.kind, recipient.subject)
    kept = json.dumps(checked(said, recipient.subject, recipient.parameters), ensure_ascii=False)
    return recipient.subject, recipient.resident_no, recipient.account, recipient.community, kept


def _insert(kind: str, at: Any, rows: list[_Row]) -> int:
    """Insert those that are new and return how many: one statement of columns on PostgreSQL, one prepared statement on SQLite.

    In the order of the unique key: two callers with the same readers wait for each other instead of blocking each other.
    """
    rows.sort(key=lambda row: (row[1], row[2], row[0]))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(_INSERT_COLUMNS, [kind, at, *columns])
        else:
            cursor.executemany(_INSERT_ROW, [(kind, at, *row) for row in rows])
        return int(cursor.rowcount)


def _enqueue(said: Template, after_id: int, at: Any) -> None:
    """Write the deliveries of the notices just made. The wall clock says when they are due: mail knows no other."""
    new = [after_id, said.kind, at]
    due = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_TO_ADDRESSES, [due, *new, f"% {said.kind} %", int(said.is_required)])
        cursor.execute(_TO_THE_INBOX, [due, *new])


@transaction.atomic
def mark_read(viewer: Viewer, notice_id: int) -> None:
    """Remember that the viewer has opened a notice of their own; what could not be delivered has reached them now.

    Raises: NoticeNotFound.
    """
    notice = own_notices(viewer).filter(pk=notice_id).first()
    if notice is None:
        raise NoticeNotFound(notice_id)
    if notice.read_at is None:
        Notice.objects.filter(pk=notice_id, read_at=None).update(read_at=clock.now())
        NoticeDelivery.objects.filter(NEEDS_A_PERSON, notice_id=notice_id).update(state=DeliveryState.REACHED)


@transaction.atomic
def retry_delivery(viewer: Viewer, delivery_id: int) -> None:
    """Send again what failed or was given up, from the first attempt.

    Raises: PermissionMissing, NotYours, DeliveryNotOpen.
    """
    purpose, delivery = _open_delivery(viewer, delivery_id)
    if delivery.channel == Channel.INBOX:
        raise DeliveryNotOpen(delivery_id)
    NoticeDelivery.objects.filter(pk=delivery_id).update(state=DeliveryState.WAITING, attempts=0, next_attempt_at=timezone.now())
    access.record_access(viewer, purpose, "notices.retry", f"delivery {delivery_id}")


@transaction.atomic
def tell_in_person(viewer: Viewer, delivery_id: int) -> None:
    """Note that the officer has told the resident, by phone, by letter or at the door.

    Raises: PermissionMissing, NotYours, DeliveryNotOpen.
    """
    purpose, delivery = _open_delivery(viewer, delivery_id)
    others = NoticeDelivery.objects.filter(NEEDS_A_PERSON, notice_id=delivery.notice_id)
    others.update(state=DeliveryState.REACHED, told_by=viewer.account)
    access.record_access(viewer, purpose, "notices.told", f"delivery {delivery_id}")


def _open_delivery(viewer: Viewer, delivery_id: int) -> tuple[Purpose, NoticeDelivery]:
    """Return a delivery of the viewer's area that needs a person, locked."""
    purpose = access.require(viewer, "notices.undelivered")
    delivery = NoticeDelivery.objects.select_for_update().filter(NEEDS_A_PERSON, pk=delivery_id).first()
    if delivery is None:
        raise DeliveryNotOpen(delivery_id)
    access.require_resident(viewer, 0, delivery.community)
    return purpose, delivery
