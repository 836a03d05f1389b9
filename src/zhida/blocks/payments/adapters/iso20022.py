"""ISO 20022 files: pain.001.001.09 written, pain.002 and camt.054 read. Knows XML, not our tables.

Both directions stream: a payday of millions stands neither in memory as a tree nor as a list. The reader validates against
the official schema while it reads (``xsd/README.md`` names their source), takes no document type and so no entities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

import pyarrow as pa
from lxml import etree

from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.blocks.payments.rules import ORGANISATION
from zhida.kernel import clock
from zhida.kernel.errors import InvalidAmount
from zhida.kernel.files import atomic_path
from zhida.kernel.money import parse_yuan, plain_yuan

XSD = Path(__file__).parent / "xsd"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
PAIN_001 = "pain.001.001.09"
# What the bank may send; the schema of each lies in xsd/.
READABLE = ("pain.002.001.03", "pain.002.001.12", "camt.054.001.08")
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


def write_pain001(
    path: Path, message_id: str, payments: PaymentBatches, groups: list[PaymentGroup], execution_on: date, debtor: Debtor | None = None
) -> None:
    """Write a customer credit transfer, whole or not at all.

    ``payments``: batches of PAYMENT_SCHEMA, ordered by benefit; ``groups`` in the same order.

    Raises: DiskFull.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as out:
        out.write(_header(message_id, groups).encode())
        _write_groups(out, message_id, payments, groups, execution_on, debtor or Debtor())
        out.write(b"</CstmrCdtTrfInitn>\n</Document>\n")


def _header(message_id: str, groups: list[PaymentGroup]) -> str:
    total = sum(group.amount_fen for group in groups)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{PAIN_001}">\n<CstmrCdtTrfInitn>\n'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{clock.now():%Y-%m-%dT%H:%M:%S}Z</CreDtTm>"
        f"<NbOfTxs>{sum(group.count for group in groups)}</NbOfTxs><CtrlSum>{plain_yuan(total)}</CtrlSum>"
        f"<InitgPty><Nm>Zhida</Nm></InitgPty></GrpHdr>\n"
    )


def _group_head(message_id: str, group: PaymentGroup, execution_on: date, debtor: Debtor) -> str:
    return (
        f"<PmtInf><PmtInfId>{payment_info_id(message_id, group.benefit)}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<NbOfTxs>{group.count}</NbOfTxs><CtrlSum>{plain_yuan(group.amount_fen)}</CtrlSum>"
        f"<PmtTpInf><CtgyPurp><Cd>SSBE</Cd></CtgyPurp></PmtTpInf><ReqdExctnDt><Dt>{execution_on}</Dt></ReqdExctnDt>"
        f"<Dbtr><Nm>{escape(debtor.name)}</Nm></Dbtr><DbtrAcct><Id><Othr><Id>{escape(debtor.account_no)}</Id></Othr></Id></DbtrAcct>"
        f"<DbtrAgt><FinInstnId><ClrSysMmbId><MmbId>{escape(debtor.bank_code)}</MmbId></ClrSysMmbId></FinInstnId></DbtrAgt>\n"
    )


def _write_groups(
    out: IO[bytes], message_id: str, payments: PaymentBatches, groups: list[PaymentGroup], execution_on: date, debtor: Debtor
) -> None:
    heads = {group.benefit: _group_head(message_id, group, execution_on, debtor) for group in groups}
    current = None
    for batch in payments:
        pieces = []
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if row[1] != current:
                pieces.append(("</PmtInf>\n" if current else "") + heads[row[1]])
                current = row[1]
            pieces.append(_payment(*row))
        out.write("".join(pieces).encode())
    if current:
        out.write(b"</PmtInf>\n")


def _payment(number: int, benefit: str, period_key: str, payee_key: str, amount_fen: int, account_no: str, bank_code: str) -> str:
    """Write one payment. Written by hand, not as elements: the file of a payday has millions, and this is ten times as fast.

    The creditor is named by our number, not by name or identity number: the bank knows the holder of the account.
    """
    kind = "OrgId" if payee_key.startswith(ORGANISATION) else "PrvtId"
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>ZD{number:016d}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="CNY">{amount_fen // 100}.{amount_fen % 100:02d}</InstdAmt></Amt>'
        f"<CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>{escape(bank_code)}</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>"
        f"<Cdtr><Id><{kind}><Othr><Id>{escape(payee_key)}</Id></Othr></{kind}></Id></Cdtr>"
        f"<CdtrAcct><Id><Othr><Id>{escape(account_no)}</Id></Othr></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>{escape(benefit)} {escape(period_key)}</Ustrd></RmtInf></CdtTrfTxInf>\n"
    )


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


# ISO 20022 ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code -> what it means for a payment.
# Codes that only say "received" or "pending" change nothing. ACSC is the bank's promise; the proof of payment is camt.054.
_STATUS = {code: "accepted" for code in ("ACCP", "ACSP", "ACSC", "ACWC", "ACWP", "ACCC", "PART")} | {"RJCT": "rejected"}
_WAITING = ("RCVD", "PDNG", "ACTC", "ACFC", "PATC", "PRES")


@dataclass
class BankFileReader:
    """Reads a bank file once, row by row; ``message_name``, ``message_id`` and ``groups`` are complete after the last row."""

    path: Path
    message_name: str = ""
    message_id: str = ""
    groups: list[GroupStatus] = field(default_factory=list)
    _is_whole: bool = False

    def rows(self) -> Iterator[BankRow]:
        """Yield what the bank reports.

        Raises: BankFileUnreadable for anything that is not one of the messages we read, whole and valid by its schema.
        """
        self.message_name = self._message_name()
        try:
            yield from self._pain002() if self.message_name.startswith("pain.002") else self._camt054()
        except (etree.XMLSyntaxError, InvalidAmount, ValueError) as error:
            raise BankFileUnreadable(self.path.name, _short(error)) from error
        # With a schema, lxml does not complain about a file that simply stops; its last tag must have been read.
        if not self._is_whole:
            raise BankFileUnreadable(self.path.name, "it is cut off before its end")

    def _message_name(self) -> str:
        """Read no more than the root element, and refuse a document type: there lie entities and other people's files."""
        try:
            for _, root in etree.iterparse(str(self.path), events=("start",), load_dtd=False, no_network=True, resolve_entities=False):
                if root.getroottree().docinfo.doctype:
                    raise BankFileUnreadable(self.path.name, "document type definitions are not allowed")
                name = etree.QName(root)
                if name.localname == "Document" and (name.namespace or "").removeprefix(NAMESPACE) in READABLE:
                    return str(name.namespace).removeprefix(NAMESPACE)
                raise BankFileUnreadable(self.path.name, f"it is not one of {', '.join(READABLE)}")
        except (etree.XMLSyntaxError, ValueError) as error:
            raise BankFileUnreadable(self.path.name, _short(error)) from error
        raise BankFileUnreadable(self.path.name, "it is empty")

    def _elements(self, *tags: str) -> Iterator[etree._Element]:
        """Yield the elements of these names when they end; what lies before each is dropped from memory after use."""
        names = [_qualified(self.message_name, tag) for tag in (*tags, "Document")]
        valid = schema(self.message_name)
        parser = etree.iterparse(str(self.path), events=("end",), tag=names, schema=valid, resolve_entities=False, no_network=True)
        for _, element in parser:
            if element.tag == names[-1]:
                self._is_whole = True
            else:
                yield element

    def _text(self, element: etree._Element | None, path: str) -> str:
        """Return the text at a path of local names, empty where there is none."""
        if element is None:
            return ""
        found = element.find(_qualified(self.message_name, path))
        return (found.text or "").strip() if found is not None else ""

    def _pain002(self) -> Iterator[BankRow]:
        original, position = "", 0
        for element in self._elements("GrpHdr", "OrgnlGrpInfAndSts", "TxInfAndSts", "OrgnlPmtInfAndSts"):
            tag = etree.QName(element).localname
            if tag == "GrpHdr":
                self.message_id = self._text(element, "MsgId")
            elif tag == "OrgnlGrpInfAndSts":
                original = self._text(element, "OrgnlMsgId")
                self._add_group(original, "", self._text(element, "GrpSts"), self._text(element, "StsRsnInf/Rsn/Cd"))
            elif tag == "OrgnlPmtInfAndSts":
                group = self._text(element, "OrgnlPmtInfId")
                self._add_group(original, group, self._text(element, "PmtInfSts"), self._text(element, "StsRsnInf/Rsn/Cd"))
                _drop(element)
            else:
                position += 1
                yield from self._status_row(position, element)
                _drop(element)

    def _add_group(self, message_id: str, group: str, status: str, reason: str) -> None:
        if status and status not in _WAITING:
            self.groups.append(GroupStatus(message_id, group, _STATUS.get(status, ""), reason))

    def _status_row(self, position: int, element: etree._Element) -> Iterator[BankRow]:
        status = self._text(element, "TxSts")
        if status in _WAITING:
            return
        event = _STATUS.get(status, "") if status != "PART" else ""
        amount = element.find(_qualified(self.message_name, "OrgnlTxRef/Amt/InstdAmt"))
        amount_fen, problem = _amount(amount)
        reason = self._text(element, "StsRsnInf/Rsn/Cd") or self._text(element, "StsRsnInf/Rsn/Prtry")
        reference = self._text(element, "OrgnlEndToEndId")
        yield BankRow(position, reference, event, amount_fen, reason, None, problem or ("" if event else "unknown_event"))

    def _camt054(self) -> Iterator[BankRow]:
        position, entry_sum, entry_rows = 0, 0, 0
        for element in self._elements("GrpHdr", "TxDtls", "Ntry"):
            tag = etree.QName(element).localname
            if tag == "GrpHdr":
                self.message_id = self._text(element, "MsgId")
            elif tag == "TxDtls":
                position, entry_rows = position + 1, entry_rows + 1
                row = self._booked_row(position, element)
                entry_sum += row.amount_fen or 0
                yield row
                _drop(element)
            else:
                if not entry_rows:
                    position += 1
                    yield self._entry_without_details(position, element)
                self._check_sum(element, entry_sum, entry_rows)
                entry_sum, entry_rows = 0, 0
                _drop(element)

    def _booked_row(self, position: int, details: etree._Element) -> BankRow:
        entry = details.getparent().getparent()
        amount = details.find(_qualified(self.message_name, "Amt"))
        amount_fen, problem = _amount(amount)
        direction = self._text(details, "CdtDbtInd") or self._text(entry, "CdtDbtInd")
        is_reversal = self._text(entry, "RvslInd") in ("true", "1")
        reason = self._text(details, "RtrInf/Rsn/Cd") or self._text(details, "RtrInf/Rsn/Prtry")
        event = _booked_event(direction, is_reversal, bool(reason), self._text(entry, "Sts/Cd"))
        reference = self._text(details, "Refs/EndToEndId")
        problem = problem or ("" if event else "unknown_event")
        return BankRow(position, reference, event, amount_fen, reason, self._booked_on(entry), problem)

    def _entry_without_details(self, position: int, entry: etree._Element) -> BankRow:
        amount_fen, problem = _amount(entry.find(_qualified(self.message_name, "Amt")))
        reference = self._text(entry, "NtryRef")
        return BankRow(position, reference, "", amount_fen, "", self._booked_on(entry), problem or "unknown_event")

    def _booked_on(self, entry: etree._Element) -> date | None:
        written = self._text(entry, "BookgDt/Dt") or self._text(entry, "BookgDt/DtTm")[:10]
        return date.fromisoformat(written[:10]) if written else None

    def _check_sum(self, entry: etree._Element, entry_sum: int, entry_rows: int) -> None:
        """Refuse a file whose entry is not the sum of its payments: one of them is missing or changed."""
        written, _ = _amount(entry.find(_qualified(self.message_name, "Amt")))
        if entry_rows and written is not None and written != entry_sum:
            raise BankFileUnreadable(self.path.name, f"an entry of {plain_yuan(written)} yuan holds payments of {plain_yuan(entry_sum)}")


@cache
def _qualified(message_name: str, path: str) -> str:
    """Return a path of local names as lxml wants it, each step in the message's namespace."""
    return "/".join(f"{{{NAMESPACE}{message_name}}}{step}" for step in path.split("/"))


def _booked_event(direction: str, is_reversal: bool, is_return: bool, status: str) -> str:
    """Say what a booked entry means for us; empty where it is no payment of ours and no return of one."""
    if status != "BOOK":
        return ""
    if direction == "CRDT" and (is_return or is_reversal):
        return "returned"
    return "paid" if direction == "DBIT" and not is_reversal and not is_return else ""


def _amount(element: etree._Element | None) -> tuple[int | None, str]:
    """Return fen and the problem with them; None where no amount is given."""
    if element is None:
        return None, ""
    if element.get("Ccy") != CURRENCY:
        return None, "wrong_currency"
    return parse_yuan(element.text or ""), ""


def _drop(element: etree._Element) -> None:
    """Forget an element that was read, and its elder siblings of the same name."""
    element.clear(keep_tail=False)
    previous = element.getprevious()
    while previous is not None and previous.tag == element.tag:
        element.getparent().remove(previous)
        previous = element.getprevious()


def _short(error: Exception) -> str:
    """Return the first line of what a parser says, without the file's content."""
    return str(error).split("\n")[0].split(": [facet")[0][:160]
