"""Where a resident can be reached: entered by the resident, counted once a code sent there came back, and what is not wanted there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.notices.codes import is_code_of, new_nonce
from zhida.blocks.notices.errors import InvalidAddress, InvalidStopLink, TooManyCodes, WrongCode
from zhida.blocks.notices.models import ContactPoint, Notice, NoticeDelivery
from zhida.blocks.notices.rules import SENT_CHANNELS, Channel, DeliveryState, clean_address
from zhida.blocks.notices.wording import Template, template, templates
from zhida.kernel import clock
from zhida.kernel.text import Text

CODE_VALID = timedelta(minutes=30)
CODE_TRIES_MAX = 5
# Nobody shall fill a stranger's phone with codes.
CODES_A_DAY_MAX = 5
_STOP_SALT = "zhida.notices.stop"


@dataclass(frozen=True)
class Contact:
    """One channel of the viewer. address: confirmed, empty where there is none. pending: waits for its code."""

    channel: str
    address: str
    pending: str


@transaction.atomic
def register_contact(viewer: Viewer, channel: str, written: str, language: str = "zh") -> None:
    """Note an address and send a code to it. The address before it stays in force until the code comes back.

    Raises: PermissionMissing, InvalidAddress, TooManyCodes.
    """
    purpose = access.require(viewer, "notices.contact")
    address = clean_address(channel, written)
    if not address:
        raise InvalidAddress(channel)
    contact, _ = ContactPoint.objects.select_for_update().get_or_create(resident_no=viewer.resident_no, channel=channel)
    now = timezone.now()
    today = contact.code_sent_at is not None and now - contact.code_sent_at < timedelta(days=1)
    if today and contact.codes_sent >= CODES_A_DAY_MAX:
        raise TooManyCodes(CODES_A_DAY_MAX)
    contact.codes_sent = contact.codes_sent + 1 if today else 1
    contact.pending_address, contact.nonce, contact.code_sent_at, contact.code_tries = address, new_nonce(), now, 0
    contact.language = "en" if language == "en" else "zh"
    contact.opted_out = contact.opted_out if contact.confirmed_at else _opted_out_elsewhere(viewer)
    contact.save()
    _send_code(contact)
    access.record_access(viewer, purpose, "notices.register_contact", f"resident {viewer.resident_no} {channel}")


def _opted_out_elsewhere(viewer: Viewer) -> str:
    """What is not wanted on one channel is not wanted on a new one."""
    return next((c.opted_out for c in ContactPoint.objects.filter(resident_no=viewer.resident_no).exclude(confirmed_at=None)), " ")


def _send_code(contact: ContactPoint) -> None:
    """Put the code among what is to be sent, to the new address only; it stands in no inbox. An older code is not sent any more."""
    older = NoticeDelivery.objects.filter(notice__resident_no=contact.resident_no, notice__kind="contact_code", channel=contact.channel)
    older.filter(state=DeliveryState.WAITING).delete()
    subject = f"{contact.channel}:{contact.nonce}"
    notice = Notice.objects.create(
        kind="contact_code", subject=subject, resident_no=contact.resident_no, parameters={"code": contact.nonce}, created_at=clock.now()
    )
    NoticeDelivery.objects.create(
        notice=notice,
        channel=contact.channel,
        address=contact.pending_address,
        language=contact.language,
        next_attempt_at=timezone.now(),
    )


def confirm_contact(viewer: Viewer, channel: str, code: str) -> None:
    """Take the new address into use, if the code is the one that was sent to it.

    Raises: PermissionMissing, WrongCode; after CODE_TRIES_MAX of these a new code is needed.
    """
    if not _confirmed(viewer, channel, code):
        raise WrongCode


@transaction.atomic
def _confirmed(viewer: Viewer, channel: str, code: str) -> bool:
    """Say whether the code was right; a wrong one is counted, so this may not raise."""
    purpose = access.require(viewer, "notices.contact")
    contact = ContactPoint.objects.select_for_update().filter(resident_no=viewer.resident_no, channel=channel).first()
    if contact is None or not contact.pending_address or contact.code_sent_at is None:
        return False
    contact.code_tries += 1
    in_time = timezone.now() - contact.code_sent_at < CODE_VALID and contact.code_tries <= CODE_TRIES_MAX
    if not in_time or not is_code_of(contact.nonce, code):
        contact.save(update_fields=["code_tries"])
        return False
    contact.address, contact.confirmed_at, contact.pending_address, contact.nonce = contact.pending_address, clock.now(), "", ""
    contact.save()
    _send_what_waits(contact)
    access.record_access(viewer, purpose, "notices.confirm_contact", f"resident {viewer.resident_no} {channel}")
    return True


def _send_what_waits(contact: ContactPoint) -> None:
    """Let go to the new address: what waits, what failed at the old one and was never read, what must reach people and had no way."""
    to = {"channel": contact.channel, "address": contact.address, "language": contact.language}
    again = {"state": DeliveryState.WAITING, "attempts": 0, "next_attempt_at": timezone.now(), "last_error": "", "last_reply": ""}
    required = [kind for kind, each in templates().items() if each.in_inbox and each.is_required]
    theirs = NoticeDelivery.objects.filter(notice__resident_no=contact.resident_no)
    waiting = theirs.filter(state=DeliveryState.WAITING)
    had_no_way = waiting.filter(channel=Channel.INBOX, notice__kind__in=required).exclude(notice__deliveries__channel=contact.channel)
    had_no_way.update(**to, **again)
    here = theirs.filter(channel=contact.channel).exclude(notice__kind="contact_code")
    here.filter(state=DeliveryState.WAITING).update(**to)
    here.filter(state__in=[DeliveryState.FAILED, DeliveryState.GIVEN_UP], notice__read_at=None).update(**to, **again)


@transaction.atomic
def remove_contact(viewer: Viewer, channel: str) -> None:
    """Forget an address; what was to go there stands in the inbox only. Raises: PermissionMissing."""
    purpose = access.require(viewer, "notices.contact")
    ContactPoint.objects.filter(resident_no=viewer.resident_no, channel=channel).delete()
    elsewhere = ContactPoint.objects.filter(resident_no=viewer.resident_no).exclude(confirmed_at=None).exists()
    for delivery in NoticeDelivery.objects.filter(notice__resident_no=viewer.resident_no, channel=channel, state=DeliveryState.WAITING):
        delivery.delete()
        in_inbox = template(delivery.notice.kind).in_inbox
        if in_inbox and not elsewhere:
            NoticeDelivery.objects.get_or_create(
                notice=delivery.notice,
                channel=Channel.INBOX,
                defaults={"community": delivery.community, "next_attempt_at": timezone.now(), "last_error": "no_address"},
            )
    access.record_access(viewer, purpose, "notices.remove_contact", f"resident {viewer.resident_no} {channel}")


@transaction.atomic
def opt_out(viewer: Viewer, kinds: Iterable[str]) -> None:
    """Have these kinds in the inbox only, and every other kind sent. Kinds that the law requires are sent all the same.

    Raises: PermissionMissing.
    """
    purpose = access.require(viewer, "notices.contact")
    assert viewer.resident_no is not None
    _set_opt_outs(viewer.resident_no, {each.kind for each in optional_templates()} & set(kinds))
    access.record_access(viewer, purpose, "notices.opt_out", f"resident {viewer.resident_no}")


def _set_opt_outs(resident_no: int, kinds: set[str]) -> None:
    ContactPoint.objects.filter(resident_no=resident_no).update(opted_out=f" {' '.join(sorted(kinds))} ")
    NoticeDelivery.objects.filter(notice__resident_no=resident_no, notice__kind__in=kinds, state=DeliveryState.WAITING).exclude(
        channel=Channel.INBOX
    ).delete()


def optional_templates() -> list[Template]:
    """List the kinds that a resident may opt out of."""
    return [each for each in templates().values() if each.in_inbox and not each.is_required]


def contacts(viewer: Viewer) -> list[Contact]:
    """List the viewer's channels, those without an address too. Raises: PermissionMissing."""
    access.require(viewer, "notices.contact")
    found = {contact.channel: contact for contact in ContactPoint.objects.filter(resident_no=viewer.resident_no)}
    return [_contact(channel, found.get(channel)) for channel in SENT_CHANNELS]


def _contact(channel: str, found: ContactPoint | None) -> Contact:
    if found is None:
        return Contact(channel, "", "")
    in_time = found.code_sent_at is not None and timezone.now() - found.code_sent_at < CODE_VALID
    return Contact(channel, found.address, found.pending_address if in_time else "")


def opted_out_kinds(viewer: Viewer) -> set[str]:
    """Return the kinds that are not sent to the viewer. Raises: PermissionMissing."""
    access.require(viewer, "notices.contact")
    found = ContactPoint.objects.filter(resident_no=viewer.resident_no)
    return set().union(*(contact.opted_out_kinds for contact in found))


def stop_token(delivery_id: int) -> str:
    """Return what a message carries so that its reader can stop its kind without signing in."""
    return signing.dumps(delivery_id, salt=_STOP_SALT)


def kind_to_stop(token: str) -> Text:
    """Return what a stop link would stop. Raises: InvalidStopLink."""
    return template(_delivery_of(token).notice.kind).label


@transaction.atomic
def stop_by_link(token: str) -> None:
    """Opt out of the kind of the message that carried the link. Raises: InvalidStopLink."""
    notice = _delivery_of(token).notice
    found = ContactPoint.objects.filter(resident_no=notice.resident_no)
    already: set[str] = set().union(*(contact.opted_out_kinds for contact in found))
    _set_opt_outs(notice.resident_no, already | {notice.kind})
    access.record_access(access.SYSTEM, access.Purpose.OPERATION, "notices.stop_by_link", f"resident {notice.resident_no}")


def _delivery_of(token: str) -> NoticeDelivery:
    try:
        delivery_id = signing.loads(token, salt=_STOP_SALT)
    except signing.BadSignature:
        raise InvalidStopLink from None
    found = NoticeDelivery.objects.select_related("notice").filter(pk=delivery_id).first()
    optional = {each.kind for each in optional_templates()}
    if found is None or found.notice.kind not in optional:
        raise InvalidStopLink
    return found
