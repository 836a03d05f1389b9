"""The systems of departments: one that has an address is asked over HTTP, any other has a built-in inbox.

Both take an idempotency key: a message that comes twice is answered with the reference of the first time.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from zhida.blocks.cases.errors import SystemDown, SystemRefused
from zhida.blocks.cases.models import SystemMessage
from zhida.kernel import clock

TIMEOUT_S = 10
ANSWER_BYTES_MAX = 64_000


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
        kept, _ = SystemMessage.objects.get_or_create(
            key=key, defaults={"system": system, "body": dict(body), "reference": f"{system}-{key}"[:40], "received_at": clock.now()}
        )
        return Answer(kept.reference, {})
    told = _ask(system, "POST", address, key, body)
    return Answer(str(told.get("reference", ""))[:40], told.get("values") or {})


def withdraw(system: str, key: str) -> None:
    """Take a message back; one that never arrived is withdrawn too. Raises: SystemDown, SystemRefused."""
    address = settings.CASE_SYSTEMS.get(system)
    if address is None:
        SystemMessage.objects.filter(key=key, withdrawn_at=None).update(withdrawn_at=clock.now())
    else:
        _ask(system, "DELETE", address, key, {})


def _ask(system: str, method: str, address: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": key}
    if token := settings.CASE_SYSTEM_TOKENS.get(system):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(address, json.dumps(body, ensure_ascii=False).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            text = answer.read(ANSWER_BYTES_MAX)
        told = json.loads(text or b"{}")
    except urllib.error.HTTPError as error:
        if error.code in (408, 409, 425, 429) or error.code >= 500:
            raise SystemDown(system, f"HTTP {error.code}") from error
        raise SystemRefused(system, f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise SystemDown(system, type(error).__name__) from error
    if not isinstance(told, dict):
        raise SystemDown(system, "no JSON object")
    return told
