"""A bank for the demonstration and the tests: reads pain.001 files and answers as real ones do, well behaved or not.

Deterministic: what happens to a payment depends on its reference, its account and the seed only. Rejects account numbers whose
check digit is wrong (AC01) and about 4 in 1,000 as closed (AC04); of the paid ones, about 1 in 1,000 comes back later (AC04).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from zhida.blocks.payments.adapters.bank_files import fen_of
from zhida.blocks.payments.adapters.iso20022 import NAMESPACE, PAIN_001
from zhida.blocks.payments.adapters.pain001 import joined, yuan
from zhida.blocks.payments.adapters.xml_lines import COMPLETE, LineReader, for_each, write_line
from zhida.kernel import clock
from zhida.kernel.files import atomic_path
from zhida.kernel.money import plain_yuan

REJECTED_PER_100_000 = 400
RETURNED_PER_100_000 = 100
# A bank books a payday in many entries; each names its payments.
PAYMENTS_PER_ENTRY = 10_000
ACCOUNT = "3301000000000000001"

_ORDERS = LineReader(
    NAMESPACE + PAIN_001,
    for_each(
        "m:Document/m:CstmrCdtTrfInitn",
        for_each("m:GrpHdr", write_line("H", reference="m:MsgId")),
        for_each(
            "m:PmtInf",
            write_line("P", reference="m:PmtInfId"),
            for_each(
                f"m:CdtTrfTxInf{COMPLETE}",
                write_line(
                    "T", reference="m:PmtId/m:EndToEndId", amount="m:Amt/m:InstdAmt", account="m:CdtrAcct/m:Id/m:Othr/m:Id"
                ),
            ),
        ),
    ),
    ("PmtInf", "CdtTrfTxInf"),
)  # fmt: skip


def answer(path_out_file: Path, in_folder: Path, seed: int = 0, returned_on: date | None = None) -> list[Path]:
    """Answer a pain.001 file with files in a folder: a status report, the booked payments, and returns where there are any.

    ``returned_on``: the day on which payments come back, today where none is named. Returns the files' paths, in the order in
    which they should be taken in; the same file gets the same answers.
    """
    message_id, ordered = orders(path_out_file)
    said = verdicts(ordered, seed)
    status, booked, returned = (Path(in_folder) / f"{message_id}.{name}.xml" for name in ("1.pain.002", "2.camt.054", "3.camt.054"))
    with _written(status) as out:
        _write_status(out, message_id, _with(ordered, said).filter(pc.starts_with(said, "AC")))
    with _written(booked) as out:
        _write_booked(out, f"{message_id}-B", ordered.filter(pc.invert(pc.starts_with(said, "AC"))))
    came_back = ordered.filter(pc.equal(said, "returned"))
    if not came_back.num_rows:
        return [status, booked]
    with _written(returned) as out:
        _write_returned(out, f"{message_id}-R", came_back, returned_on or clock.today())
    return [status, booked, returned]


def orders(path: Path) -> tuple[str, pa.Table]:
    """Return the name of a pain.001 file and its payments: group, end_to_end_id, amount_fen, account_no."""
    message_id, pieces = "", []
    for lines in _ORDERS.batches(path):
        for named in lines.filter(pc.equal(lines["kind"], "H"))["reference"].to_pylist():
            message_id = named
        is_payment = pc.equal(lines["kind"], "T").to_numpy(zero_copy_only=False)
        groups = lines.filter(pc.equal(lines["kind"], "P"))["reference"]
        group_of = np.cumsum(pc.equal(lines["kind"], "P").to_numpy(zero_copy_only=False)) - 1
        rows = lines.filter(pa.array(is_payment))
        columns = [groups.take(pa.array(group_of[is_payment])), rows["reference"], fen_of(rows["amount"])[0], rows["account"]]
        pieces.append(pa.table(columns, ["group", "end_to_end_id", "amount_fen", "account_no"]))
    return message_id, pa.concat_tables(pieces).combine_chunks()


def verdicts(ordered: pa.Table, seed: int = 0) -> pa.Array:
    """Return the reason code of each rejection, ``returned`` for payments that come back later, empty for those that arrive."""
    key = seed.to_bytes(8) if seed else b""
    drawn = b"".join(blake2b(name.encode(), digest_size=8, key=key).digest() for name in ordered["end_to_end_id"].to_pylist())
    lot = np.frombuffer(drawn, ">u8") % 100_000
    is_closed, comes_back = lot < REJECTED_PER_100_000, lot < REJECTED_PER_100_000 + RETURNED_PER_100_000
    fate = np.select([~_well_formed(ordered["account_no"].combine_chunks()), is_closed, comes_back], [1, 2, 3], 0)
    return pa.array(["", "AC01", "AC04", "returned"]).take(pa.array(fate))


def _well_formed(account: pa.Array) -> np.ndarray:
    """Say which account numbers end with their check digit (ISO/IEC 7812-1), those of one length at a time."""
    fine = np.zeros(len(account), bool)
    is_number = pc.match_substring_regex(account, "^[0-9]+$").to_numpy(zero_copy_only=False)
    lengths = pc.binary_length(account).to_numpy(zero_copy_only=False)
    for length in np.unique(lengths[is_number]):
        rows = np.flatnonzero(is_number & (lengths == length))
        text = "".join(account.take(pa.array(rows)).to_pylist())
        digits = np.frombuffer(text.encode(), np.uint8).reshape(len(rows), length).astype(np.int64) - ord("0")
        digits[:, -2::-2] = digits[:, -2::-2] * 2 - 9 * (digits[:, -2::-2] > 4)
        fine[rows] = digits.sum(axis=1) % 10 == 0
    return fine


def _with(ordered: pa.Table, said: pa.Array) -> pa.Table:
    return ordered.append_column("said", said)


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    with atomic_path(path) as temporary, temporary.open("wb") as out:
        yield out


def _write_status(out: IO[bytes], message_id: str, refused: pa.Table) -> None:
    """Write pain.002.001.12: accepted as a whole but for the payments it names, as banks report large files."""
    out.write(
        (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}pain.002.001.12"><CstmrPmtStsRpt>\n'
            f"<GrpHdr><MsgId>{message_id}-S</MsgId><CreDtTm>{clock.today()}T18:00:00Z</CreDtTm></GrpHdr>\n"
            f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>{PAIN_001}</OrgnlMsgNmId>"
            f"<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>\n"
        ).encode()
    )
    for group, rows in _sections(refused):
        out.write(f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{group}</OrgnlPmtInfId>\n".encode())
        pieces = [
            "<TxInfAndSts><OrgnlEndToEndId>", rows["end_to_end_id"], "</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>",
            rows["said"], '</Cd></Rsn></StsRsnInf><OrgnlTxRef><Amt><InstdAmt Ccy="CNY">', *yuan(rows["amount_fen"]),
            "</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>\n",
        ]  # fmt: skip
        out.write(joined(pieces))
        out.write(b"</OrgnlPmtInfAndSts>\n")
    out.write(b"</CstmrPmtStsRpt></Document>\n")


def _sections(rows: pa.Table) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the payments of one group after the other, in the order of the file."""
    if not rows.num_rows:
        return
    (whole,) = rows.combine_chunks().to_batches()
    runs, first = pc.run_end_encode(whole["group"]), 0
    for group, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield group, whole.slice(first, end - first)
        first = end


def _write_booked(out: IO[bytes], message_id: str, paid: pa.Table) -> None:
    """Write camt.054.001.08 about payments that left our account."""
    _write_head(out, message_id, clock.today())
    for _, rows in _sections(paid):
        for first in range(0, rows.num_rows, PAYMENTS_PER_ENTRY):
            _write_entry(out, rows.slice(first, PAYMENTS_PER_ENTRY), "DBIT", clock.today())
    out.write(_BOOKED_END)


def _write_returned(out: IO[bytes], message_id: str, came_back: pa.Table, on: date) -> None:
    """Write camt.054.001.08 about payments that came back."""
    _write_head(out, message_id, on)
    if came_back.num_rows:
        _write_entry(out, came_back.combine_chunks().to_batches()[0], "CRDT", on)
    out.write(_BOOKED_END)


def _write_head(out: IO[bytes], message_id: str, on: date) -> None:
    out.write(
        (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}camt.054.001.08"><BkToCstmrDbtCdtNtfctn>\n'
            f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{on}T20:00:00Z</CreDtTm></GrpHdr>\n"
            f"<Ntfctn><Id>{message_id}</Id><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id></Acct>\n"
        ).encode()
    )


_BOOKED_END = b"</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"


def _write_entry(out: IO[bytes], rows: pa.RecordBatch, direction: str, on: date) -> None:
    """Write one booked entry with its payments; a credit is a return of each of them."""
    came_back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if direction == "CRDT" else ""
    out.write(
        (
            f'<Ntry><Amt Ccy="CNY">{plain_yuan(pc.sum(rows["amount_fen"]).as_py())}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
            f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{on}</Dt></BookgDt>"
            f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>\n"
        ).encode()
    )
    pieces = [
        "<TxDtls><Refs><EndToEndId>", rows["end_to_end_id"], '</EndToEndId></Refs><Amt Ccy="CNY">', *yuan(rows["amount_fen"]),
        f"</Amt>{came_back}</TxDtls>\n",
    ]  # fmt: skip
    out.write(joined(pieces))
    out.write(b"</NtryDtls></Ntry>\n")


def statement(booked: list[Path], in_folder: Path, opening_fen: int, name: str = "statement") -> Path:
    """Close a day: write camt.053.001.08 with the entries of these camt.054 files, between an opening and a closing balance."""
    path, entries, change_fen = Path(in_folder) / f"{name}.camt.053.xml", [], 0
    for source in booked:
        for entry in etree.parse(str(source)).iter("{*}Ntry"):
            fen = fen_of(pa.array([f"CNY {entry.findtext('{*}Amt')}"]))[0][0].as_py()
            change_fen += fen if entry.findtext("{*}CdtDbtInd") == "CRDT" else -fen
            entries.append(etree.tostring(entry, encoding="unicode", with_tail=False).replace("camt.054.001.08", "camt.053.001.08"))
    today = clock.today()
    with _written(path) as out:
        out.write(
            (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}camt.053.001.08"><BkToCstmrStmt>\n'
                f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>{today}T22:00:00Z</CreDtTm></GrpHdr>\n"
                f"<Stmt><Id>{name}</Id><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id></Acct>\n"
                f"{_balance('OPBD', opening_fen, today)}{_balance('CLBD', opening_fen + change_fen, today)}"
            ).encode()
        )
        out.write("\n".join([*entries, "</Stmt></BkToCstmrStmt></Document>\n"]).encode())
    return path


def _balance(code: str, amount_fen: int, on: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{plain_yuan(abs(amount_fen))}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount_fen < 0 else 'CRDT'}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>\n"
    )


def mischievous_answers(path_out_file: Path, in_folder: Path, seed: int = 1) -> list[Path]:
    """Answer as a bank does on its worst day: everything ``answer`` writes, and beside it what no bank should send.

    One file twice under two names and once under another message's name, one cut off, one with a reference nobody knows and a
    payment it was never told, one with another amount, one with a reversal of what was never paid. Returns the paths in the
    order in which they arrive, which is not that in which they should be taken in.
    """
    dice, folder = Random(seed), Path(in_folder)
    honest = answer(path_out_file, folder, seed)
    message_id, ordered = orders(path_out_file)
    said = verdicts(ordered, seed)
    is_refused = pc.starts_with(said, "AC")
    paid, refused = ordered.filter(pc.invert(is_refused)), ordered.filter(is_refused)
    chosen = dice.choice(honest)
    twice, cut = folder / f"{message_id}.again.xml", folder / f"{message_id}.cut.xml"
    shutil.copyfile(chosen, twice)
    whole = honest[1].read_bytes()
    cut.write_bytes(whole[: dice.randrange(len(whole) // 2, len(whole) - 20)])
    made_up = {"end_to_end_id": ["ZD9999999999999999", f"PAYROLL-{seed}"], "amount_fen": [dice.randrange(1, 10**6), 7_00]}
    written: list[tuple[str, pa.Table, Callable[[IO[bytes], str, pa.Table], None]]] = [
        ("known-already", paid.slice(0, 10), _write_booked),
        ("never-told", pa.table({"group": ["", ""], **made_up}), _write_booked),
        ("another-amount", _another_amount(paid.slice(dice.randrange(max(1, paid.num_rows)), 1)), _write_booked),
        ("never-paid", refused.slice(0, 1), lambda out, name, rows: _write_returned(out, name, rows, clock.today())),
    ]
    extra = [twice, cut]
    for name, rows, write in written:
        if rows.num_rows:
            extra.append(folder / f"{message_id}.{name}.xml")
            with _written(extra[-1]) as out:
                write(out, f"{message_id}-{name}"[:35], rows)
    arriving = [*honest, *extra]
    dice.shuffle(arriving)
    return arriving


def _another_amount(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("amount_fen")
    return rows.set_column(place, "amount_fen", pc.add(rows["amount_fen"], 1))
