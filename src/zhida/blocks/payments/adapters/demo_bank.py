"""A bank for the demonstration and the tests: reads a pain.001 file and answers as real ones do.

Deterministic: what happens to a payment depends on its ``end_to_end_id`` and account only. Rejects account numbers whose
check digit is wrong (AC01) and about 4 in 1,000 as closed (AC04); of the paid ones, about 1 in 1,000 comes back later (AC04).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
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
    message_id = _message_id(path_out_file)
    folder = Path(in_folder)
    paths = [folder / f"{message_id}.1.pain.002.xml", folder / f"{message_id}.2.camt.054.xml", folder / f"{message_id}.3.camt.054.xml"]
    groups, booked, returned_fen = _count(path_out_file)
    today = clock.today()
    with atomic_path(paths[0]) as temporary, temporary.open("w", encoding="utf-8") as out:
        _write_status(out, message_id, path_out_file, groups)
    written = [paths[0]]
    if booked:
        with atomic_path(paths[1]) as temporary, temporary.open("w", encoding="utf-8") as out:
            _write_booked(out, message_id, path_out_file, booked, today + timedelta(days=1))
        written.append(paths[1])
    if returned_fen:
        with atomic_path(paths[2]) as temporary, temporary.open("w", encoding="utf-8") as out:
            _write_returned(out, message_id, path_out_file, returned_fen, today + timedelta(days=4))
        written.append(paths[2])
    return written


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


def _count(path: Path) -> tuple[dict[str, int], dict[str, int], int]:
    """Count once what the answers must name before their rows: orders and booked fen by group, fen returned."""
    groups: dict[str, int] = {}
    booked: dict[str, int] = {}
    returned_fen = 0
    for order in orders(path):
        groups[order.group] = groups.get(order.group, 0) + 1
        said = verdict(order)
        if said in ("", "returned"):
            booked[order.group] = booked.get(order.group, 0) + order.amount_fen
        returned_fen += order.amount_fen if said == "returned" else 0
    return groups, booked, returned_fen


def _write_status(out: IO[str], message_id: str, path: Path, groups: dict[str, int]) -> None:
    """Write pain.002.001.12: accepted as a whole but for the payments it names, as banks report large files."""
    out.write(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}pain.002.001.12"><CstmrPmtStsRpt>\n'
        f"<GrpHdr><MsgId>{message_id}-S</MsgId><CreDtTm>{clock.today()}T18:00:00Z</CreDtTm></GrpHdr>\n"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>{PAIN_001}</OrgnlMsgNmId>"
        f"<OrgnlNbOfTxs>{sum(groups.values())}</OrgnlNbOfTxs><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>\n"
    )
    refused = ((order, verdict(order)) for order in orders(path))
    for group, rows in groupby(((o, said) for o, said in refused if said.startswith("AC")), key=lambda row: row[0].group):
        out.write(f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(group)}</OrgnlPmtInfId>\n")
        for order, reason in rows:
            out.write(
                f"<TxInfAndSts><OrgnlEndToEndId>{order.end_to_end_id}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
                f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf><OrgnlTxRef><Amt>{_yuan('InstdAmt', order.amount_fen)}</Amt>"
                f"</OrgnlTxRef></TxInfAndSts>\n"
            )
        out.write("</OrgnlPmtInfAndSts>\n")
    out.write("</CstmrPmtStsRpt></Document>\n")


def _write_booked(out: IO[str], message_id: str, path: Path, booked: dict[str, int], on: date) -> None:
    """Write camt.054.001.08: one debit entry per group with every payment in it."""
    _write_head(out, f"{message_id}-B", on)
    paid = (order for order in orders(path) if verdict(order) in ("", "returned"))
    for group, rows in groupby(paid, key=lambda order: order.group):
        out.write(_entry_head(booked[group], "DBIT", on))
        for order in rows:
            out.write(f"<TxDtls><Refs><EndToEndId>{order.end_to_end_id}</EndToEndId></Refs>{_yuan('Amt', order.amount_fen)}</TxDtls>\n")
        out.write("</NtryDtls></Ntry>\n")
    out.write("</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n")


def _write_returned(out: IO[str], message_id: str, path: Path, returned_fen: int, on: date) -> None:
    """Write camt.054.001.08: one credit entry with the payments that came back."""
    _write_head(out, f"{message_id}-R", on)
    out.write(_entry_head(returned_fen, "CRDT", on))
    for order in orders(path):
        if verdict(order) == "returned":
            out.write(
                f"<TxDtls><Refs><EndToEndId>{order.end_to_end_id}</EndToEndId></Refs>{_yuan('Amt', order.amount_fen)}"
                f"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>\n"
            )
    out.write("</NtryDtls></Ntry>\n</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n")


def _write_head(out: IO[str], message_id: str, on: date) -> None:
    out.write(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}camt.054.001.08"><BkToCstmrDbtCdtNtfctn>\n'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{on}T20:00:00Z</CreDtTm></GrpHdr>\n"
        f"<Ntfctn><Id>{message_id}</Id><Acct><Id><Othr><Id>3301000000000000001</Id></Othr></Id></Acct>\n"
    )


def _entry_head(amount_fen: int, direction: str, on: date) -> str:
    return (
        f"<Ntry>{_yuan('Amt', amount_fen)}<CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{on}</Dt></BookgDt>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>\n"
    )


def _yuan(tag: str, amount_fen: int) -> str:
    return f'<{tag} Ccy="CNY">{plain_yuan(amount_fen)}</{tag}>'
