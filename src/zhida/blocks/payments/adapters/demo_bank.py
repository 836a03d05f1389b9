"""A bank for the demonstration and the tests: reads a pain.001 file and answers as real ones do.

Deterministic: what happens to a payment depends on its ``end_to_end_id`` and account only. Rejects account numbers whose
check digit is wrong (AC01) and about 4 in 1,000 as closed (AC04); of the paid ones, about 1 in 1,000 comes back later (AC04).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from zhida.blocks.payments.adapters.iso20022 import NAMESPACE, PAIN_001
from zhida.kernel import clock
from zhida.kernel.files import atomic_path
from zhida.kernel.identifiers import luhn_check_digit
from zhida.kernel.money import parse_yuan, plain_yuan

REJECTED_PER_100_000 = 400
RETURNED_PER_100_000 = 100
# A bank books a payday in many entries; each names its payments.
PAYMENTS_PER_ENTRY = 10_000
_IN = f"{{{NAMESPACE}{PAIN_001}}}"


class Order(NamedTuple):
    """One payment as the bank reads it."""

    group: str
    end_to_end_id: str
    amount_fen: int
    account_no: str


def answer(path_out_file: Path, in_folder: Path) -> list[Path]:
    """Answer a pain.001 file with files in a folder: a status report, the booked payments, and returns where there are any.

    Returns their paths, in the order in which they should be taken in; the same file gets the same answers.
    """
    message_id, folder, today = _message_id(path_out_file), Path(in_folder), clock.today()
    status, booked, returned = (folder / f"{message_id}.{name}.xml" for name in ("1.pain.002", "2.camt.054", "3.camt.054"))
    came_back: list[Order] = []
    with (
        atomic_path(status) as status_part,
        atomic_path(booked) as booked_part,
        status_part.open("w", encoding="utf-8") as status_out,
        booked_part.open("w", encoding="utf-8") as booked_out,
    ):
        _write_answers(path_out_file, message_id, status_out, booked_out, came_back, today)
    if not came_back:
        return [status, booked]
    with atomic_path(returned) as returned_part, returned_part.open("w", encoding="utf-8") as out:
        _write_head(out, f"{message_id}-R", today)
        _write_entry(out, came_back, "CRDT", today)
        out.write(_BOOKED_END)
    return [status, booked, returned]


def _write_answers(path: Path, message_id: str, status_out: IO[str], booked_out: IO[str], came_back: list[Order], today: date) -> None:
    """Read the orders once, and write what was refused into one file and what was booked into the other."""
    _write_status_head(status_out, message_id, today)
    _write_head(booked_out, f"{message_id}-B", today)
    for group, rows in groupby(orders(path), key=lambda order: order.group):
        refused, paid = [], []
        for order in rows:
            said = verdict(order)
            (refused if said.startswith("AC") else paid).append(order)
            if said == "returned":
                came_back.append(order)
            if len(paid) == PAYMENTS_PER_ENTRY:
                _write_entry(booked_out, paid, "DBIT", today)
                paid = []
        _write_entry(booked_out, paid, "DBIT", today)
        _write_refused(status_out, group, refused)
    status_out.write("</CstmrPmtStsRpt></Document>\n")
    booked_out.write(_BOOKED_END)


def verdict(order: Order) -> str:
    """Return the reason code of a rejection, ``returned`` for a payment that comes back later, empty for one that arrives."""
    account = order.account_no
    if not account.isdigit() or luhn_check_digit(account[:-1]) != account[-1]:
        return "AC01"
    lot = int.from_bytes(blake2b(order.end_to_end_id.encode(), digest_size=8).digest()) % 100_000
    if lot < REJECTED_PER_100_000:
        return "AC04"
    return "returned" if lot < REJECTED_PER_100_000 + RETURNED_PER_100_000 else ""


def orders(path: Path) -> Iterator[Order]:
    """Yield the payments of a pain.001 file, group by group."""
    group = ""
    for _, element in etree.iterparse(str(path), tag=[f"{_IN}PmtInfId", f"{_IN}CdtTrfTxInf"], resolve_entities=False, no_network=True):
        if element.tag == f"{_IN}PmtInfId":
            group = element.text
            continue
        amount_fen = parse_yuan(element.findtext(f"{_IN}Amt/{_IN}InstdAmt"))
        account_no = element.findtext(f"{_IN}CdtrAcct/{_IN}Id/{_IN}Othr/{_IN}Id")
        yield Order(group, element.findtext(f"{_IN}PmtId/{_IN}EndToEndId"), amount_fen, account_no)
        element.clear(keep_tail=False)
        while element.getprevious() is not None and element.getprevious().tag == element.tag:
            element.getparent().remove(element.getprevious())


def _message_id(path: Path) -> str:
    for _, element in etree.iterparse(str(path), tag=f"{_IN}MsgId", resolve_entities=False, no_network=True):
        return str(element.text)
    raise ValueError(f"{path.name} is not a pain.001 file")


def _write_status_head(out: IO[str], message_id: str, today: date) -> None:
    """Begin pain.002.001.12: accepted as a whole but for the payments it names, as banks report large files."""
    out.write(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}pain.002.001.12"><CstmrPmtStsRpt>\n'
        f"<GrpHdr><MsgId>{message_id}-S</MsgId><CreDtTm>{today}T18:00:00Z</CreDtTm></GrpHdr>\n"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>{PAIN_001}</OrgnlMsgNmId>"
        f"<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>\n"
    )


def _write_refused(out: IO[str], group: str, refused: list[Order]) -> None:
    if not refused:
        return
    out.write(f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(group)}</OrgnlPmtInfId>\n")
    for order in refused:
        out.write(
            f"<TxInfAndSts><OrgnlEndToEndId>{order.end_to_end_id}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
            f"<StsRsnInf><Rsn><Cd>{verdict(order)}</Cd></Rsn></StsRsnInf><OrgnlTxRef><Amt>{_yuan('InstdAmt', order.amount_fen)}</Amt>"
            f"</OrgnlTxRef></TxInfAndSts>\n"
        )
    out.write("</OrgnlPmtInfAndSts>\n")


def _write_head(out: IO[str], message_id: str, on: date) -> None:
    """Begin camt.054.001.08."""
    out.write(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}camt.054.001.08"><BkToCstmrDbtCdtNtfctn>\n'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{on}T20:00:00Z</CreDtTm></GrpHdr>\n"
        f"<Ntfctn><Id>{message_id}</Id><Acct><Id><Othr><Id>3301000000000000001</Id></Othr></Id></Acct>\n"
    )


_BOOKED_END = "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"


def _write_entry(out: IO[str], rows: list[Order], direction: str, on: date) -> None:
    """Write one booked entry with its payments; a credit is a return of each of them."""
    if not rows:
        return
    came_back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if direction == "CRDT" else ""
    out.write(
        f"<Ntry>{_yuan('Amt', sum(order.amount_fen for order in rows))}<CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{on}</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>\n"
    )
    for order in rows:
        out.write(
            f"<TxDtls><Refs><EndToEndId>{order.end_to_end_id}</EndToEndId></Refs>{_yuan('Amt', order.amount_fen)}{came_back}</TxDtls>\n"
        )
    out.write("</NtryDtls></Ntry>\n")


def _yuan(tag: str, amount_fen: int) -> str:
    return f'<{tag} Ccy="CNY">{plain_yuan(amount_fen)}</{tag}>'
