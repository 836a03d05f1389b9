"""For the demonstration: letters become files in a folder instead of leaving the house."""

from __future__ import annotations

import json
import re
from pathlib import Path

from zhida.blocks.notices.adapters.letters import Letter
from zhida.blocks.notices.adapters.mail import checked_sender, message
from zhida.blocks.notices.adapters.sms import text_of
from zhida.kernel.files import atomic_path


class MailFolder:
    """Writes each message as ``<message id>.eml``; the same message again replaces its file."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, checked_sender(sender)

    def send(self, letter: Letter) -> str:
        return _write(self._folder / f"{_name(letter)}.eml", message(letter, self._sender).as_bytes())

    def close(self) -> None:
        """Nothing is held open."""


class SmsFile:
    """Writes each text message as ``<message id>.json``: to, text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter) -> str:
        told = {"id": letter.message_id, "to": f"+86{letter.address}", "text": text_of(letter)}
        return _write(self._folder / f"{_name(letter)}.json", json.dumps(told, ensure_ascii=False).encode())

    def close(self) -> None:
        """Nothing is held open."""


def _name(letter: Letter) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "", letter.message_id)[:120]


def _write(path: Path, content: bytes) -> str:
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path.name
