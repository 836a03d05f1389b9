"""What every channel gets, and the three ways in which it may not take it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from zhida.kernel.text import Text

REPLY_MAX = 200
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+|\+?\d{7,}")


@dataclass(frozen=True)
class Letter:
    """One notice, written in its reader's language. message_id: the same at every attempt. stop_url: empty where nobody may opt out."""

    address: str
    language: str
    title: str
    body: str
    next_step: str
    short: str
    message_id: str
    link: str
    stop_url: str


class Carrier(Protocol):
    """Takes letters of one channel."""

    def send(self, letter: Letter) -> str:
        """Hand a letter over and return what the other side calls it. Raises: AddressRefused, TryLater, ChannelDown."""

    def close(self) -> None:
        """Let go of what sending holds open."""


class NotTaken(Exception):
    """error: a code of rules.REASONS. reply: the other side's words, addresses and numbers left out."""

    def __init__(self, error: str, reply: str = "") -> None:
        self.error, self.reply = error, _ADDRESS.sub("…", " ".join(reply.split()))[:REPLY_MAX]
        super().__init__(f"{error}: {self.reply}")


class AddressRefused(NotTaken):
    """This address will not take it, however often it is tried."""


class TryLater(NotTaken):
    """Not now."""


class ChannelDown(Exception):
    """Nothing can be sent on this channel, whoever it is to: no connection, a wrong password."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)
