"""The door of notices: messages to residents and officers, how they travel, and where people can be reached."""

from zhida.blocks.notices.commands import mark_read, notify, retry_delivery, tell_in_person
from zhida.blocks.notices.errors import (
    DeliveryNotOpen,
    NoticeNotFound,
    TemplateInvalid,
    UnknownKind,
    WrongParameters,
    WrongRecipient,
)
from zhida.blocks.notices.queries import PAGE_ROWS, count_undelivered, inbox, notices_of, own_notice, undelivered, unread_count
from zhida.blocks.notices.rules import Channel, DeliveryState, Message, Recipient, Undelivered
from zhida.blocks.notices.wording import templates

__all__ = [
    "PAGE_ROWS",
    "Channel",
    "DeliveryNotOpen",
    "DeliveryState",
    "Message",
    "NoticeNotFound",
    "Recipient",
    "TemplateInvalid",
    "Undelivered",
    "UnknownKind",
    "WrongParameters",
    "WrongRecipient",
    "count_undelivered",
    "inbox",
    "mark_read",
    "notices_of",
    "notify",
    "own_notice",
    "retry_delivery",
    "tell_in_person",
    "templates",
    "undelivered",
    "unread_count",
]
