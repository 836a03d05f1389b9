"""Sending what is due: any number of workers, each message by one of them, and a killed worker's message again, under the same id.

A worker takes one delivery at a time by moving the hour at which it is due (LEASE) in a transaction of its own, sends it, and writes down
what became of it. Killed in between, the delivery is due again when the lease has run out: that one message may go out twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from zhida.blocks.notices.adapters.letters import AddressRefused, Carrier, ChannelDown, Letter, NotTaken, TryLater
from zhida.blocks.notices.channels import carriers
from zhida.blocks.notices.contacts import CODE_VALID, stop_token
from zhida.blocks.notices.models import NoticeDelivery
from zhida.blocks.notices.rules import ATTEMPTS_MAX, LEASE, Channel, DeliveryState, wait_after
from zhida.blocks.notices.wording import Template, templates, write
from zhida.kernel import clock
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text

# After a channel broke down: how soon the message that noticed it is due again.
_DOWN_WAIT = timedelta(minutes=1)
_MANY = 5_000
# In the words of the index delivery_due, so that both databases use it.
_DUE = "state = 'waiting' AND NOT (channel = 'inbox') AND next_attempt_at <= %s AND channel IN ({channels})"
_TAKE = """
UPDATE notices_noticedelivery SET attempts = attempts + 1, next_attempt_at = %s,
       message_id = CASE WHEN message_id = '' THEN %s ELSE message_id END
WHERE id = (SELECT id FROM notices_noticedelivery WHERE {due} ORDER BY next_attempt_at, id LIMIT 1 {lock})
RETURNING id"""


@dataclass
class Delivered:
    """What one call of ``deliver`` did. stopped: channel -> why nothing more could be sent on it."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    given_up: int = 0
    stopped: dict[str, Text] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.sent + self.later + self.failed + self.given_up


def deliver(progress: Progress | None = None, limit: int | None = None, by: Mapping[str, Carrier] | None = None) -> Delivered:
    """Send what is due, at most ``limit`` messages, by the channels that are set up or by those given.

    Raises: ChannelMisconfigured.
    """
    open_channels, done = dict(carriers() if by is None else by), Delivered()
    used = list(open_channels.values())
    due = due_count(list(open_channels))
    if due > _MANY and connection.vendor == "postgresql":
        _tell_the_planner()
    if progress:
        progress.total = max(1, due)
    try:
        while open_channels and (limit is None or done.total < limit):
            taken = _take(list(open_channels))
            if taken is None:
                break
            _carry(taken, open_channels, done)
            if progress:
                progress.step()
    finally:
        for carrier in used:
            carrier.close()
    return done


def _tell_the_planner() -> None:
    """After many notices at once PostgreSQL still thinks that few are due, and would sort them all to take one."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notices_noticedelivery")


def due_count(channels: list[str]) -> int:
    """Count what is due on some channels."""
    return NoticeDelivery.objects.filter(state=DeliveryState.WAITING, channel__in=channels, next_attempt_at__lte=timezone.now()).count()


def _take(channels: list[str]) -> NoticeDelivery | None:
    """Take the delivery that has been due the longest, so that no other worker does, and commit that; None where nothing is due."""
    now = timezone.now()
    at = [connection.ops.adapt_datetimefield_value(moment) for moment in (now + LEASE, now)]
    due = _DUE.format(channels=", ".join(["%s"] * len(channels)))
    lock = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_TAKE.format(due=due, lock=lock), [at[0], _new_message_id(), at[1], *channels])
        row = cursor.fetchone()
    return NoticeDelivery.objects.select_related("notice").get(pk=row[0]) if row else None


def _new_message_id() -> str:
    domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or "localhost"
    return f"<{uuid.uuid4().hex}@{domain}>"


def _carry(delivery: NoticeDelivery, open_channels: dict[str, Carrier], done: Delivered) -> None:
    """Send one delivery and write down what became of it."""
    template = templates().get(delivery.notice.kind)
    if template is None:
        _close(delivery, DeliveryState.FAILED, "unreadable", "")
        done.failed += 1
        return
    if _is_over(template, delivery.notice.created_at):
        _close(delivery, DeliveryState.GIVEN_UP, "too_late", "")
        done.given_up += 1
        return
    try:
        provider_id = open_channels[delivery.channel].send(letter_of(delivery, template))
    except AddressRefused as refused:
        _close(delivery, DeliveryState.FAILED, refused.error, refused.reply)
        done.failed += 1
    except TryLater as refused:
        _put_off(delivery, refused, done)
    except ChannelDown as down:
        done.stopped[delivery.channel] = down.text
        del open_channels[delivery.channel]
        _hand_back(delivery)
    else:
        # Also where another worker took it meanwhile: it did go out.
        NoticeDelivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.SENT, sent_at=clock.now(), provider_id=provider_id, last_error="", last_reply=""
        )
        done.sent += 1


def _is_over(template: Template, created_at: datetime) -> bool:
    """A code that is no longer valid is not sent."""
    return not template.in_inbox and clock.now() - created_at > CODE_VALID


def letter_of(delivery: NoticeDelivery, template: Template) -> Letter:
    """Write a delivery in its reader's language."""
    written, language = write(template, delivery.notice.parameters), delivery.language
    may_stop = delivery.channel == Channel.EMAIL and not template.is_required
    return Letter(
        address=delivery.address,
        language=language,
        title=written.title.in_language(language),
        body=written.body.in_language(language),
        next_step=written.next_step.in_language(language),
        short=written.short.in_language(language),
        message_id=delivery.message_id,
        link=settings.SITE_URL + (template.link or "/my/notices/"),
        stop_url=f"{settings.SITE_URL}/notices/stop/{stop_token(delivery.pk)}/" if may_stop else "",
    )


def _put_off(delivery: NoticeDelivery, refused: NotTaken, done: Delivered) -> None:
    if delivery.attempts >= ATTEMPTS_MAX:
        _close(delivery, DeliveryState.GIVEN_UP, refused.error, refused.reply)
        done.given_up += 1
        return
    _still_ours(
        delivery, next_attempt_at=timezone.now() + wait_after(delivery.attempts), last_error=refused.error, last_reply=refused.reply
    )
    done.later += 1


def _close(delivery: NoticeDelivery, state: DeliveryState, error: str, reply: str) -> None:
    _still_ours(delivery, state=state, last_error=error, last_reply=reply)


def _hand_back(delivery: NoticeDelivery) -> None:
    """The channel was down, not the address: the attempt does not count."""
    _still_ours(delivery, next_attempt_at=timezone.now() + _DOWN_WAIT, attempts=delivery.attempts - 1, last_error="connection")


def _still_ours(delivery: NoticeDelivery, **fields: object) -> None:
    """Write what became of an attempt, unless the lease ran out and another worker, with a later attempt, has it now."""
    NoticeDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING, attempts=delivery.attempts).update(**fields)
