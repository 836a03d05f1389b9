"""Pure rules of notices: channels, states and why a delivery failed, when to try again, what of an address may be shown. No database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from zhida.kernel.text import Text


class Channel(StrEnum):
    """``inbox`` stands for a notice that has no address to go to: it waits on the resident's page and on the officer's list."""

    INBOX = "inbox"
    EMAIL = "email"
    SMS = "sms"


# In the order people have them.
SENT_CHANNELS = (Channel.SMS, Channel.EMAIL)


class DeliveryState(StrEnum):
    """::

    waiting ──► sent
      │ ├─────► failed     the address will never take it (no such mailbox)
      │ └─────► given_up   tried ATTEMPTS_MAX times
      └───┬── failed, given_up, a waiting inbox: the officer's list
          └───► reached    read in the inbox, or an officer told the resident
    """

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    REACHED = "reached"


STATE_TEXT = {
    DeliveryState.WAITING: Text("等待发送", "Waiting"),
    DeliveryState.SENT: Text("已发出", "Sent"),
    DeliveryState.FAILED: Text("无法送达", "Cannot be delivered"),
    DeliveryState.GIVEN_UP: Text("多次未送达", "Given up"),
    DeliveryState.REACHED: Text("本人已知悉", "Known to the resident"),
}

CHANNEL_TEXT = {
    Channel.INBOX: Text("站内信", "Inbox"),
    Channel.EMAIL: Text("电子邮件", "E-mail"),
    Channel.SMS: Text("手机短信", "Text message"),
}


@dataclass(frozen=True)
class Reason:
    """Why a delivery is not through, and the next step of whoever looks after it."""

    what: Text
    next_step: Text


_ASK = Text("请电话或上门告知，并请本人登记常用的地址。", "Call or visit, and ask for an address they use.")
REASONS = {
    "no_address": Reason(
        Text("没有登记邮箱和手机号，只在站内信里。", "No e-mail or phone on file; it stands in the inbox only."),
        Text("请电话或上门告知，并请本人登记邮箱或手机号。", "Call or visit, and ask for an e-mail address or a phone number."),
    ),
    "mailbox_unknown": Reason(Text("对方邮局说没有这个邮箱。", "Their mail server knows no such mailbox."), _ASK),
    "mailbox_full": Reason(
        Text("对方邮箱已满。", "Their mailbox is full."), Text("请告知本人清理邮箱后重发。", "Ask them to make room, then retry.")
    ),
    "refused": Reason(
        Text("对方拒收这封信。", "The other side refused the message."),
        Text(
            "请改用电话告知；同一原因很多时，请管理员检查发信域名。", "Call instead. Where many fail so, have the sending domain checked."
        ),
    ),
    "later": Reason(
        Text("对方暂时不收，稍后自动再试。", "Refused for now; it is tried again."), Text("可以等待，也可以重发。", "Wait, or retry.")
    ),
    "connection": Reason(
        Text("与发送服务的连接中断。", "The connection to the sending service broke."), Text("可以等待，也可以重发。", "Wait, or retry.")
    ),
    "number_unknown": Reason(Text("这个手机号不存在或已停机。", "The phone number does not exist or is out of service."), _ASK),
    "too_late": Reason(
        Text("验证码已过期，没有发出。", "The code had expired and was not sent."), Text("请本人重新获取。", "Ask for a new one.")
    ),
    "unreadable": Reason(
        Text("这条通知的模板已不存在，写不出内容。", "The template of this notice is gone, so it cannot be written."),
        Text("请管理员恢复模板后重发。", "Have the administrator restore the template, then retry."),
    ),
}
_UNKNOWN_REASON = Reason(Text("没有说明原因。", "No reason was given."), _ASK)


def reason_of(code: str) -> Reason:
    return REASONS.get(code, _UNKNOWN_REASON)


# About two days of patience: a mail server that is rebuilt over a weekend loses nothing.
ATTEMPTS_MAX = 14
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=12)
# How long one message may be in flight before another worker may take it: longer than all time-outs of a sending together.
LEASE = timedelta(minutes=5)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: doubled each time, up to half a day.

    >>> wait_after(1), wait_after(4), wait_after(60)
    (datetime.timedelta(seconds=60), datetime.timedelta(seconds=480), datetime.timedelta(seconds=43200))
    """
    return min(_FIRST_WAIT * 2 ** min(attempts - 1, 20), _LONGEST_WAIT)


_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{4,190}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63})+")
_MOBILE = re.compile(r"1[3-9]\d{9}")


def clean_address(channel: str, written: str) -> str:
    """Return an address as it is kept; empty where it is none. Mobile numbers are mainland China's: 11 digits.

    >>> clean_address("sms", "+86 138-0013-8000"), clean_address("email", " lin@Example.com "), clean_address("email", "lin@")
    ('13800138000', 'lin@example.com', '')
    """
    if channel == Channel.EMAIL:
        name, _, domain = written.strip().rpartition("@")
        address = f"{name}@{domain.lower()}"
        return address if _EMAIL.fullmatch(address) else ""
    digits = re.sub(r"[\s-]", "", written).removeprefix("+86")
    return digits if channel == Channel.SMS and _MOBILE.fullmatch(digits) else ""


def masked(address: str) -> str:
    """Hide most of an address: what logs and officers' lists show.

    >>> masked("lin.xiaoman@example.com"), masked("13800138000"), masked("")
    ('l***@example.com', '138****8000', '')
    """
    if "@" in address:
        name, _, domain = address.partition("@")
        return f"{name[:1]}***@{domain}"
    return f"{address[:3]}****{address[-4:]}" if address else ""


@dataclass(frozen=True)
class Recipient:
    """One notice to be made: to a resident, or to the holder of an account, about one thing.

    subject: what it is about, as "payment:123": the same kind about the same thing is made once for a recipient, however often it is asked.
    parameters: the values the kind's template names. community: 12-digit code of where the resident lives; officers of that area see it.
    """

    subject: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    resident_no: int = 0
    account: str = ""
    community: int = 0


@dataclass(frozen=True)
class Message:
    """A notice as its reader sees it."""

    id: int
    kind: str
    label: Text
    title: Text
    body: Text
    next_step: Text
    link: str
    is_required: bool
    created_at: datetime
    read_at: datetime | None
    resident_no: int


@dataclass(frozen=True)
class Undelivered:
    """A delivery that needs a person. address: masked."""

    delivery_id: int
    resident_no: int
    community: int
    label: Text
    title: Text
    channel: str
    address: str
    state: str
    attempts: int
    created_at: datetime
    reason: Reason
    reply: str
    may_retry: bool


@dataclass(frozen=True)
class DeliveryCount:
    """How many deliveries of a kind stand where."""

    kind: str
    channel: str
    state: str
    count: int
