"""Payments written for the bank: pain.001.001.09, by columns. Knows XML, not our tables.

A batch goes out as files of at most PAYMENTS_PER_FILE payments, as banks want it. Only one file's payments are in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.blocks.payments.adapters.iso20022 import (
    NAMESPACE,
    PAIN_001,
    PAYMENT_SCHEMA,
    Debtor,
    PaymentBatches,
    PaymentGroup,
    payment_info_id,
)
from zhida.blocks.payments.rules import ORGANISATION
from zhida.kernel import clock
from zhida.kernel.files import atomic_path
from zhida.kernel.money import plain_yuan

PAYMENTS_PER_FILE = 100_000
_ROWS_PER_WRITE = 25_000
_FEN = pa.array([f"{fen:02d}" for fen in range(100)])


class Pain001Part(NamedTuple):
    """One file of a batch; ``first_id`` and ``last_id`` are the lowest and highest of its payments."""

    name: str
    message_id: str
    first_id: int
    last_id: int
    count: int
    amount_fen: int


def pain001_parts(
    folder: Path, message_id: str, payments: PaymentBatches, execution_on: date, debtor: Debtor | None = None
) -> list[Pain001Part]:
    """Write a batch into a folder, each file whole or not at all, and return the files.

    ``payments``: batches of PAYMENT_SCHEMA in the order of their ids. A batch that fits into one file keeps its name, as
    ``ZHIDA-00000007``; the files of a larger one are ``ZHIDA-00000007-001`` and so on.

    Raises: DiskFull.
    """
    parts: list[Pain001Part] = []
    tables = _in_files(payments)
    table, following = next(tables, None), next(tables, None)
    is_only = following is None
    while table is not None:
        name = message_id if is_only else f"{message_id}-{len(parts) + 1:03d}"
        path = Path(folder) / f"{name}.pain.001.xml"
        write_pain001(path, name, table, execution_on, debtor)
        ids = pc.min_max(table["id"]).as_py()
        parts.append(Pain001Part(path.name, name, ids["min"], ids["max"], table.num_rows, pc.sum(table["amount_fen"]).as_py()))
        table, following = following, next(tables, None)
    return parts


def _in_files(payments: PaymentBatches) -> Iterator[pa.Table]:
    """Cut batches of any size into tables of PAYMENTS_PER_FILE rows; the last may be smaller, and none is empty."""
    held = PAYMENT_SCHEMA.empty_table()
    for batch in payments:
        held = pa.concat_tables([held, pa.Table.from_batches([batch], PAYMENT_SCHEMA)])
        while held.num_rows >= PAYMENTS_PER_FILE:
            yield held.slice(0, PAYMENTS_PER_FILE)
            held = held.slice(PAYMENTS_PER_FILE)
    if held.num_rows:
        yield held


def write_pain001(path: Path, message_id: str, payments: pa.Table, execution_on: date, debtor: Debtor | None = None) -> None:
    """Write a customer credit transfer, whole or not at all: the payments of each benefit together, and in their order.

    Raises: DiskFull.
    """
    payments = _by_benefit(payments.combine_chunks())
    runs = pc.run_end_encode(payments["benefit"].combine_chunks())
    ends = [0, *runs.run_ends.to_pylist()]
    sections = [payments.slice(start, end - start) for start, end in pairwise(ends)]
    groups = [
        PaymentGroup(benefit, section.num_rows, pc.sum(section["amount_fen"]).as_py())
        for benefit, section in zip(runs.values.to_pylist(), sections, strict=True)
    ]
    with atomic_path(path) as temporary, temporary.open("wb") as out:
        out.write(_header(message_id, groups).encode())
        for group, section in zip(groups, sections, strict=True):
            out.write(_group_head(message_id, group, execution_on, debtor or Debtor()).encode())
            _write_payments(out, section)
            out.write(b"</PmtInf>\n")
        out.write(b"</CstmrCdtTrfInitn>\n</Document>\n")


def _by_benefit(payments: pa.Table) -> pa.Table:
    benefit = payments["benefit"]
    is_sorted = not pc.any(pc.less(benefit.slice(1), benefit.slice(0, len(benefit) - 1))).as_py()
    return payments if is_sorted else payments.take(pc.sort_indices(payments, [("benefit", "ascending"), ("id", "ascending")]))


def _header(message_id: str, groups: Iterable[PaymentGroup]) -> str:
    groups = list(groups)
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


def _write_payments(out: IO[bytes], payments: pa.Table) -> None:
    for first in range(0, payments.num_rows, _ROWS_PER_WRITE):
        (rows,) = payments.slice(first, _ROWS_PER_WRITE).combine_chunks().to_batches()
        out.write(joined(_pieces(rows)))


def joined(pieces: list[pa.Array | str]) -> memoryview:
    """Join texts and columns row by row, and all rows to one text; the joined strings lie one behind the other in memory."""
    written = pc.binary_join_element_wise(*pieces, "")
    _, offsets, data = written.buffers()
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[written.offset] : ends[written.offset + len(written)]]


def _pieces(rows: pa.RecordBatch) -> list[pa.Array | str]:
    """Return what a payment consists of: texts, and columns between them.

    The creditor is named by our number, not by name or identity number: the bank knows the holder of the account.
    """
    kind = pc.if_else(pc.starts_with(rows["payee_key"], ORGANISATION), "OrgId", "PrvtId")
    remittance = f"{escape(rows['benefit'][0].as_py())} "
    return [
        "<CdtTrfTxInf><PmtId><EndToEndId>ZD", pc.utf8_lpad(rows["id"].cast(pa.string()), 16, "0"),
        '</EndToEndId></PmtId><Amt><InstdAmt Ccy="CNY">', *yuan(rows["amount_fen"]),
        "</InstdAmt></Amt><CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>", _escaped(rows["bank_code"]),
        "</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt><Cdtr><Id><", kind, "><Othr><Id>", _escaped(rows["payee_key"]),
        "</Id></Othr></", kind, "></Id></Cdtr><CdtrAcct><Id><Othr><Id>", _escaped(rows["account_no"]),
        "</Id></Othr></Id></CdtrAcct><RmtInf><Ustrd>" + remittance, _escaped(rows["period_key"]),
        "</Ustrd></RmtInf></CdtTrfTxInf>\n",
    ]  # fmt: skip


def yuan(amount_fen: pa.Array) -> list[pa.Array | str]:
    """Write fen as yuan with two decimals, in three pieces; nobody is sent a negative amount."""
    fen = amount_fen.to_numpy()
    return [pa.array(fen // 100).cast(pa.string()), ".", _FEN.take(pa.array(fen % 100))]


def _escaped(column: pa.Array) -> pa.Array:
    """Write text as XML wants it; most columns have nothing that needs it."""
    if not pc.any(pc.match_substring_regex(column, "[&<>]")).as_py():
        return column
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        column = pc.replace_substring(column, character, entity)
    return column
