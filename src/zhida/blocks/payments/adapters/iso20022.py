"""What all ISO 20022 files share: names, official schemas, and what stands in them. Written by ``pain001``, read by ``bank_files``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from lxml import etree

XSD = Path(__file__).parent / "xsd"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
PAIN_001 = "pain.001.001.09"
CURRENCY = "CNY"

PaymentBatches = Iterator[pa.RecordBatch]
PAYMENT_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("benefit", pa.string()),
        ("period_key", pa.string()),
        ("payee_key", pa.string()),
        ("amount_fen", pa.int64()),
        ("account_no", pa.string()),
        ("bank_code", pa.string()),
    ]
)


@dataclass(frozen=True)
class Debtor:
    """Whose money it is: the account that the benefits are paid from."""

    name: str = "杭州市民生直达资金专户"
    account_no: str = "3301000000000000001"
    bank_code: str = "011331000011"


@dataclass(frozen=True)
class PaymentGroup:
    """The payments of one benefit in a file: one PmtInf."""

    benefit: str
    count: int
    amount_fen: int


def payment_info_id(message_id: str, benefit: str) -> str:
    """Name a group inside a message, in at most 35 characters.

    >>> payment_info_id("ZHIDA-00000007", "dibao")
    'ZHIDA-00000007-dibao'
    """
    room = 34 - len(message_id)
    short = benefit if len(benefit) <= room else f"{benefit[: room - 9]}-{sha256(benefit.encode()).hexdigest()[:8]}"
    return f"{message_id}-{short}"


@cache
def schema(message_name: str) -> etree.XMLSchema:
    """Return the official schema of a message, as ``pain.001.001.09``."""
    return etree.XMLSchema(etree.parse(str(XSD / f"{message_name}.xsd")))


class BankRow(NamedTuple):
    """One thing the bank reports. ``event``: accepted, paid, rejected, returned, or empty with a ``problem`` that says why."""

    position: int
    reference: str
    event: str
    amount_fen: int | None
    reason: str
    booked_on: date | None
    problem: str = ""


@dataclass(frozen=True)
class GroupStatus:
    """A status for a whole message or one group of it: it holds for every payment that is not named by itself."""

    message_id: str
    payment_info_id: str
    event: str
    reason: str
