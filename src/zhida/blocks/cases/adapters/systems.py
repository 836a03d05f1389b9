"""The systems of departments: one that has an address is asked over HTTP, any other has a built-in inbox.

Both take an idempotency key: a message that comes twice is answered with the reference of the first time.

Asked::

    POST (do), DELETE (take back)  the address in ZHIDA_CASE_SYSTEMS
    Idempotency-Key: case:item:turn:effect · Authorization: Bearer, where ZHIDA_CASE_SYSTEM_TOKENS has a token
    {"case": "20251105-000001", "item": "…", "event": "…", "subject": "330106…", "values": {…}}

Answered: 2xx ``{"reference": "their number", "values": {…}}``; 408, 409, 425, 429 and 5xx are tried later; 404 and 410 to a DELETE say
that there is nothing to take back; any other status is a refusal, which a person looks at.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from zhida.blocks.cases.errors import SystemDown, SystemRefused
from zhida.blocks.cases.models import SystemMessage
from zhida.kernel import clock

TIMEOUT_S = 10
ANSWER_BYTES_MAX = 64_000
_LATER, _NOT_THERE = (408, 409, 425, 429), (404, 410)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Answer:
    """reference: what the department calls it. values: what its system told us."""

    reference: str
    values: Mapping[str, Any]


def has_address(system: str) -> bool:
    return system in settings.CASE_SYSTEMS


def send(system: str, key: str, body: Mapping[str, Any]) -> Answer:
    """Give a message to a department's system. Raises: SystemDown (try again), SystemRefused (a person must look)."""
    address = settings.CASE_SYSTEMS.get(system)
    if address is None:
        # One statement; the same key has the same reference, whoever brought it first.
        message = SystemMessage(system=system, key=key, body=dict(body), reference=f"{system}-{key}"[:40], received_at=clock.now())
        SystemMessage.objects.bulk_create([message], ignore_conflicts=True)
        return Answer(message.reference, {})
    told = _ask(system, "POST", address, key, body)
    return Answer(str(told.get("reference", ""))[:40], told.get("values") or {})


def withdraw(system: str, key: str) -> None:
    """Take a message back; one that never arrived is withdrawn too. Raises: SystemDown, SystemRefused."""
    address = settings.CASE_SYSTEMS.get(system)
    if address is None:
        SystemMessage.objects.filter(key=key, withdrawn_at=None).update(withdrawn_at=clock.now())
    else:
        _ask(system, "DELETE", address, key, {})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What a resident told goes to the address of the department, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _ask(system: str, method: str, address: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": key}
    if token := settings.CASE_SYSTEM_TOKENS.get(system):
        headers["Authorization"] = f"Bearer {token}"
    parts = urlsplit(address)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise SystemDown(system, "ZHIDA_CASE_SYSTEMS: https")
    request = urllib.request.Request(address, json.dumps(body, ensure_ascii=False).encode(), headers, method=method)
    try:
        with _opener.open(request, timeout=TIMEOUT_S) as answer:
            told = json.loads(_read(answer) or b"{}")
    except urllib.error.HTTPError as error:
        if method == "DELETE" and error.code in _NOT_THERE:
            return {}
        if error.code in _LATER or error.code >= 500:
            raise SystemDown(system, f"HTTP {error.code}") from error
        raise SystemRefused(system, f"HTTP {error.code}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        # Whether it took the message nobody can tell: it is sent again with the same key.
        raise SystemDown(system, type(error).__name__) from error
    if not isinstance(told, dict) or not isinstance(told.get("values") or {}, dict):
        raise SystemDown(system, "no JSON object")
    return told


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Read an answer, in the time one may take: a system that sends a byte now and then is as good as down. Raises: TimeoutError."""
    until, read = time.monotonic() + TIMEOUT_S, b""
    while part := answer.read1(ANSWER_BYTES_MAX):
        read += part
        if len(read) > ANSWER_BYTES_MAX or time.monotonic() > until:
            raise TimeoutError
    return read
