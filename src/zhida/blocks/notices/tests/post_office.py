"""A real SMTP server on loopback that behaves as a test tells it: refuses for now, knows no such mailbox, drops the line."""

from __future__ import annotations

import socket
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

DROP = "drop the line"


@dataclass
class PostOffice:
    """at_rcpt, at_data: address -> answers still to be given, in order; after the last one everything is taken.

    drop_after: address -> take the message, then drop the line before saying so.
    """

    at_rcpt: dict[str, list[str]] = field(default_factory=dict)
    at_data: dict[str, list[str]] = field(default_factory=dict)
    drop_after: set[str] = field(default_factory=set)
    letters: dict[str, list[EmailMessage]] = field(default_factory=lambda: defaultdict(list))
    connections: int = 0
    url: str = ""

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if answers := self.at_rcpt.get(address):
            return self._said(server, answers.pop(0))
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        address = envelope.rcpt_tos[0]
        if answers := self.at_data.get(address):
            return self._said(server, answers.pop(0))
        self.letters[address].append(message_from_bytes(envelope.content, policy=default))
        if address in self.drop_after:
            self.drop_after.discard(address)
            return self._said(server, DROP)
        return f"250 2.0.0 queued as {len(self.letters)}"

    def _said(self, server: Any, answer: str) -> str:
        if answer == DROP:
            server.transport.abort()
            return "421 gone"
        return answer

    def ids(self, address: str) -> list[str]:
        return [letter["Message-ID"] for letter in self.letters[address]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def open_post_office(**more: Any) -> Iterator[PostOffice]:
    """Run a server on a port of its own; ``more`` as aiosmtpd takes it."""
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=free_port(), **more)
    controller.start()
    try:
        office.url = f"smtp://127.0.0.1:{controller.port}"
        yield office
    finally:
        controller.stop()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost that nobody has signed; return it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext"
    files = ["subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(["openssl", *asked.split(), *files], check=True, capture_output=True)
    return certificate, key
