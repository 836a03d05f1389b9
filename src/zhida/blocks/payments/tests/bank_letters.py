"""Files as a bank writes them, for tests: short, valid, and easy to spoil."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

from zhida.kernel.money import plain_yuan

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


class BankRow(NamedTuple):
    """One row of what a bank file says, with the columns of BANK_ROW_SCHEMA."""

    position: int
    transaction_id: int
    reference: str
    event: str
    amount_fen: int | None
    reason: str
    booked_on: str | None
    problem: str


def status_report(rows: list[tuple[str, str, str]], message_id: str = "ZHIDA-00000001", group: str = "", version: str = "12") -> str:
    """Write pain.002: rows of (reference, status, reason); ``group`` is the status of the whole message."""
    statuses = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else "")
        + "</TxInfAndSts>"
        for reference, status, reason in rows
    )
    whole = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>S-1</MsgId><CreDtTm>2025-11-05T18:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{whole}</OrgnlGrpInfAndSts>"
        + (f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}-dibao</OrgnlPmtInfId>{statuses}</OrgnlPmtInfAndSts>" if rows else "")
        + "</CstmrPmtStsRpt></Document>"
    )


def notification(
    rows: list[tuple[str, int]], direction: str = "DBIT", sum_fen: int | None = None, currency: str = "CNY", status: str = "BOOK",
    reason: str = "", message_id: str = "B-1",
) -> str:  # fmt: skip
    """Write camt.054: one entry with rows of (reference, fen); ``reason`` makes them returns."""
    came_back = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
    details = "".join(
        f'<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy="{currency}">{plain_yuan(amount_fen)}</Amt>{came_back}</TxDtls>'
        for reference, amount_fen in rows
    )
    total = sum(amount_fen for _, amount_fen in rows) if sum_fen is None else sum_fen
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2025-11-06T20:00:00</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>N-1</Id><Acct><Id><Othr><Id>33010000</Id></Othr></Id></Acct>"
        f'<Ntry><Amt Ccy="{currency}">{plain_yuan(total)}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>2025-11-06</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{details}</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )


def letter(folder: Path, text: str | bytes, name: str = "letter.xml") -> Path:
    """Put a file into a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def statement(opening_fen: int, rows: list[tuple[str, int, str]], closing_fen: int) -> str:
    """Write camt.053: each row of (reference, fen, direction) is an entry of its own; a credit is a return."""
    entries = "".join(
        entry_of([(reference, plain_yuan(amount_fen), "")], amount_fen, direction) for reference, amount_fen, direction in rows
    )
    return _booked("camt.053.001.08", [_balance("OPBD", opening_fen, "2025-11-05") + _balance("CLBD", closing_fen, "2025-11-06") + entries])


def _balance(code: str, amount_fen: int, day: str) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{plain_yuan(abs(amount_fen))}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount_fen < 0 else 'CRDT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry_of(rows: list[tuple[str, str, str]], total_fen: int, direction: str = "DBIT", **parts: str) -> str:
    """Write an entry with rows of (reference, amount in yuan, direction or nothing); ``parts`` replaces parts of it."""
    part = {"currency": "CNY", "reversal": "", "status": "BOOK", "day": "<Dt>2025-11-06</Dt>", "end": "", "reference": ""} | parts
    came_back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if direction == "CRDT" else ""
    payments = "".join(
        f'<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy="{part["currency"]}">{amount}</Amt>'
        + (f"<CdtDbtInd>{own}</CdtDbtInd>" if own else "")
        + f"{came_back}</TxDtls>"
        for reference, amount, own in rows
    )
    return (
        f'<Ntry>{part["reference"]}<Amt Ccy="{part["currency"]}">{plain_yuan(total_fen)}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"{part['reversal']}<Sts><Cd>{part['status']}</Cd></Sts><BookgDt>{part['day']}</BookgDt>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        + (f"<NtryDtls>{payments}</NtryDtls>" if payments else "")
        + f"{part['end']}</Ntry>"
    )


def _booked(message_name: str, contents: list[str]) -> str:
    """Write camt.053 or camt.054 around statements or notifications."""
    inner, outer = {"camt.053": ("Stmt", "BkToCstmrStmt"), "camt.054": ("Ntfctn", "BkToCstmrDbtCdtNtfctn")}[message_name[:8]]
    parts = "".join(
        f"<{inner}><Id>N-{number}</Id><Acct><Id><Othr><Id>33010000</Id></Othr></Id></Acct>{content}</{inner}>"
        for number, content in enumerate(contents)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}{message_name}"><{outer}>'
        f"<GrpHdr><MsgId>B-1</MsgId><CreDtTm>2025-11-06T20:00:00</CreDtTm></GrpHdr>{parts}</{outer}></Document>"
    )


# What a bank may write as the reference of somebody else's payment.
REFERENCES = (
    "PAYROLL, 7",
    "a \"b\" 'c'",
    "tab\tin\nit",
    "&lt;x&gt; &amp; y",
    "养老金；七月",
    "|;\\,",
    "&#13;&#10;T",
    "𠮷 🀄",
    "&#xA0;x",
    "NULL",
)


def _reference(dice: Random) -> str:
    return dice.choice(REFERENCES) if dice.random() < 0.3 else f"{dice.choice(('', ' ', chr(10)))}ZD{dice.randrange(10**9):016d}"


def random_booked(dice: Random, message_name: str) -> str:
    """Write a valid camt.053 or camt.054 of all that the schema allows and banks do: it is whole and its sums are right."""
    return _booked(message_name, [_random_account(dice, message_name) for _ in range(dice.choice((1, 1, 3)))])


def _random_account(dice: Random, message_name: str) -> str:
    entries, change_fen = [], 0
    for _ in range(dice.choice((0, 1, 5, 20))):
        text, fen = _random_entry(dice)
        entries.append(text)
        change_fen += fen
    if message_name.startswith("camt.054"):
        return "".join(entries)
    opening_fen = dice.randrange(-(10**9), 10**9)
    return _balance("OPBD", opening_fen, "2025-11-05") + _balance("CLBD", opening_fen + change_fen, "2025-11-06") + "".join(entries)


def _random_entry(dice: Random) -> tuple[str, int]:
    """Return an entry, and by how many fen it changes what the account holds."""
    amounts = [dice.randrange(1, 10 ** dice.choice((2, 6, 15))) for _ in range(dice.choice((0, 1, 1, 2, 7, 40)))]
    direction, status = dice.choice(("DBIT", "CRDT")), dice.choice(("BOOK", "BOOK", "BOOK", "PDNG", "INFO"))
    currency = "CNY" if dice.random() < 0.95 or status == "BOOK" else "USD"
    written = (lambda fen: plain_yuan(fen)), (lambda fen: f" {fen // 100}.{fen % 100:02d}\n"), (lambda fen: f"0{plain_yuan(fen)}")
    rows = [(_reference(dice), dice.choice(written)(fen), dice.choice(("", "", direction))) for fen in amounts]
    total = sum(amounts) or dice.randrange(10**6)
    text = entry_of(
        rows, total, direction, currency=currency, status=status,
        reversal=dice.choice(("", "", "<RvslInd>true</RvslInd>", "<RvslInd> 0 </RvslInd>")),
        day=dice.choice(("<Dt>2025-11-06</Dt>", "<DtTm>2025-11-07T23:59:59+08:00</DtTm>", "<Dt>2024-02-29+08:00</Dt>")),
        end=dice.choice(("", "<AddtlNtryInf>as, \"ordered\"</AddtlNtryInf>")),
        reference=dice.choice(("", f"<NtryRef>{_reference(dice)}</NtryRef>")),
    )  # fmt: skip
    if len(rows) > 1 and dice.random() < 0.3:
        text = text.replace("</TxDtls><TxDtls>", "</TxDtls></NtryDtls><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch><TxDtls>", 1)
    if dice.random() < 0.3:
        text = text.replace("</EndToEndId>", "<!-- seen --></EndToEndId>\n ")
    return text, (total if direction == "CRDT" else -total) * (status == "BOOK")


def random_status_report(dice: Random, version: str) -> str:
    """Write a valid pain.002 of all that the schema allows and banks do."""
    groups = "".join(_random_group(dice, number, version) for number in range(dice.choice((0, 1, 2, 9))))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>S-1</MsgId><CreDtTm>2025-11-05T18:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>ZHIDA-00000001</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>{groups}</CstmrPmtStsRpt></Document>"
    )


def _random_group(dice: Random, number: int, version: str) -> str:
    status = dice.choice(("", "<PmtInfSts>ACCP</PmtInfSts>", "<PmtInfSts>RJCT</PmtInfSts>", "<PmtInfSts>PDNG</PmtInfSts>"))
    rows = "".join(_random_status(dice, version) for _ in range(dice.choice((0, 1, 3, 30))))
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>ZHIDA-00000001-{number}</OrgnlPmtInfId>{status}{rows}</OrgnlPmtInfAndSts>\n"


def _random_status(dice: Random, version: str) -> str:
    reasons = ("", "<Rsn><Cd>AC04</Cd></Rsn>", '<Rsn><Prtry>closed, see "AC04"</Prtry></Rsn>', "<AddtlInf>no reason</AddtlInf>")
    reason = "".join(f"<StsRsnInf>{text}</StsRsnInf>" for text in dice.sample(reasons, dice.choice((0, 1, 2))))
    currency, fen = dice.choice(("CNY", "CNY", "HKD")), dice.randrange(10**8)
    amount = f'<OrgnlTxRef><Amt><InstdAmt Ccy="{currency}">{plain_yuan(fen)}</InstdAmt></Amt></OrgnlTxRef>'
    # The older version knows no other codes.
    status = dice.choice(("ACSP", "ACSC", "RJCT", "RJCT", "PDNG", "ACTC") + (("PATC", "PRES", "XX", "PART") if version == "12" else ()))
    reference = dice.choice((f"<OrgnlEndToEndId>{_reference(dice)}</OrgnlEndToEndId>", ""))
    return f"<TxInfAndSts>{reference}<TxSts>{status}</TxSts>{reason}{dice.choice((amount, ''))}</TxInfAndSts>"
