"""What a certificate says, its code, its hash and its state. Pure: no database."""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zhida.kernel.text import Text

# Digits and capitals that are not taken for each other, read or heard: no 0 O, 1 I L, U V. 29 ** 16 is 77 bits.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH = 16
_GROUP = 4
LINES_MAX = 40


class CertificateState(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


STATE_TEXT = {
    CertificateState.VALID: Text("有效", "Valid"),
    CertificateState.EXPIRED: Text("已过期", "Expired"),
    CertificateState.REVOKED: Text("已撤销", "Revoked"),
}


@dataclass(frozen=True)
class CertificateLine:
    """One line of a certificate: what it is about, and what holds."""

    label: Text
    value: str


@dataclass(frozen=True)
class CertificateWanted:
    """What is to be certified.

    certificate: the kind, as ``birth_joint_result``. community: 12-digit code of where the holder lives; officers of that area see it.
    masked_id: the holder's id number as lists show it, never the whole one. issuer: the department that answers for it.
    valid_until: the first day on which it no longer holds; None: it does not end.
    """

    certificate: str
    title: Text
    resident_no: int
    community: int
    holder_name: str
    masked_id: str
    lines: tuple[CertificateLine, ...]
    issuer: Text
    valid_until: date | None = None


@dataclass(frozen=True)
class Verified:
    """What anybody who holds a code may know: no more than says whether the paper before them is the one that was issued."""

    certificate: str
    title: Text
    number: str
    holder: str
    issued_on: date
    state: CertificateState


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def grouped(code: str) -> str:
    """Write a code for reading aloud.

    >>> grouped("23456789ABCDEFGH")
    '2345-6789-ABCD-EFGH'
    """
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def plain_code(written: str) -> str:
    """Return a code as it is kept, from what people type: any case, full width, spaces and dashes between; empty where it cannot be one.

    >>> plain_code(" 2345-6789 abcd－EFGH "), plain_code("0000-0000-0000-0000")
    ('23456789ABCDEFGH', '')
    """
    code = "".join(each for each in unicodedata.normalize("NFKC", written[:100]).upper() if each.isalnum())
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else ""


def masked_name(name: str) -> str:
    """Show the first character only, and not how long a name is.

    >>> masked_name("林小满"), masked_name("")
    ('林**', '**')
    """
    return f"{name[:1]}**"


def state_of(valid_until: date | None, revoked_on: date | None, day: date) -> CertificateState:
    """Return the state on a day; a revoked certificate stays revoked when its term is over.

    >>> str(state_of(date(2025, 11, 5), None, date(2025, 11, 4))), str(state_of(date(2025, 11, 5), None, date(2025, 11, 5)))
    ('valid', 'expired')
    """
    if revoked_on is not None:
        return CertificateState.REVOKED
    return CertificateState.EXPIRED if valid_until is not None and day >= valid_until else CertificateState.VALID


def content_hash(content: dict[str, object]) -> str:
    """Return SHA-256 over what a certificate says, as canonical JSON."""
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()
