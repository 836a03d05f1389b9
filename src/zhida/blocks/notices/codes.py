"""One-time codes that prove that an address is the resident's: derived from a nonce and the site's key, so that no table holds one."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings

_DIGITS = 6


def new_nonce() -> str:
    return secrets.token_hex(16)


def code_of(nonce: str) -> str:
    """Return the six digits that a nonce stands for."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"zhida.notices.code:{nonce}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10**_DIGITS:0{_DIGITS}d}"


def is_code_of(nonce: str, written: str) -> bool:
    """Compare without telling by the time taken how much was right."""
    return bool(nonce) and hmac.compare_digest(code_of(nonce).encode(), written.strip().encode())
