"""Files as a bank writes them, for tests: short, valid, and easy to spoil."""

from __future__ import annotations

from pathlib import Path

from zhida.kernel.money import plain_yuan

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


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
