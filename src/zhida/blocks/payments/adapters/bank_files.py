"""Bank files read: pain.002, camt.054 and camt.053, as columns and in pieces. Knows ISO 20022, not our tables.

A file is checked against its official schema while it is read (``xml_lines``), and a document type is refused, so that it has no
entities. What stands in a file comes as lines of text, and Arrow works out what they mean, whole columns at a time.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from zhida.blocks.payments.adapters.iso20022 import CURRENCY, NAMESPACE, GroupStatus, schema
from zhida.blocks.payments.adapters.xml_lines import COMPLETE, OPEN, CutOff, LineReader, for_each, write_line
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.kernel.errors import InvalidAmount
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text

# What the bank may send; the schema of each lies in xsd/.
READABLE = ("pain.002.001.03", "pain.002.001.12", "camt.053.001.08", "camt.054.001.08")

BANK_ROW_SCHEMA = pa.schema(
    [
        ("position", pa.int32()),
        ("transaction_id", pa.int64()),
        ("reference", pa.string()),
        ("event", pa.string()),
        ("amount_fen", pa.int64()),
        ("reason", pa.string()),
        ("booked_on", pa.string()),
        ("problem", pa.string()),
    ]
)

# ISO 20022 ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code -> what it means for a payment.
# Codes that only say "received" or "pending" change nothing. ACSC is the bank's promise; the proof of payment is camt.054.
_STATUS = {code: "accepted" for code in ("ACCP", "ACSP", "ACSC", "ACWC", "ACWP", "ACCC")} | {"RJCT": "rejected"}
_GROUP_STATUS = _STATUS | {"PART": "accepted"}
_WAITING = ("RCVD", "PDNG", "ACTC", "ACFC", "PATC", "PRES")

# Elements that are read once, when they are complete, and then leave the tree: a file may hold millions of most of them.
_READ_ONCE = (
    "GrpHdr", "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts", "Stmt", "Bal", "Ntfctn", "Ntry", "NtryDtls", "TxDtls",
)  # fmt: skip
# How libxml2 begins what it says of an element that is not valid.
_NOT_VALID = re.compile(r"Element '(?:\{[^}]*\})?([\w.-]{1,60})'")


@dataclass(frozen=True)
class Statement:
    """One account statement of camt.053: what the account held before and after its entries, in fen, and the days of both."""

    account: str
    opening_fen: int
    closing_fen: int
    first_on: str | None
    last_on: str | None


@dataclass
class BankFileContents:
    """A bank file that is read once; ``message_id``, ``groups`` and ``statements`` are complete after the last batch."""

    path: Path
    message_name: str
    message_id: str = ""
    groups: list[GroupStatus] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what the bank reports, in batches of BANK_ROW_SCHEMA; ``booked_on`` is null where the file names no day.

        ``event``: accepted, paid, rejected, returned, or empty with a ``problem`` that says why.

        Raises: BankFileUnreadable for anything that is not one of the messages we read, whole and valid by its schema.
        """
        rows_of = _StatusRows(self).rows if self.message_name.startswith("pain.002") else _BookedRows(self).rows
        try:
            for lines in _reader(self.message_name).batches(self.path):
                batch = rows_of(lines)
                if batch.num_rows:
                    yield batch
        except (etree.LxmlError, InvalidAmount, ValueError) as error:
            raise BankFileUnreadable(self.path.name, _why(error)) from error


def read_bank_file(path: Path) -> BankFileContents:
    """Open a bank file and find out which message it is; nothing else is read yet.

    Raises: BankFileUnreadable.
    """
    path = Path(path)
    try:
        with path.open("rb") as handle:
            _expect_marked(path, handle.read(4))
            handle.seek(0)
            for _, root in etree.iterparse(handle, events=("start",), load_dtd=False, no_network=True, resolve_entities=False):
                return BankFileContents(path, _message_name(path, root))
    except (etree.LxmlError, ValueError) as error:
        raise BankFileUnreadable(path.name, _why(error)) from error
    raise BankFileUnreadable(path.name, Text("文件是空的", "it is empty"))


def _expect_marked(path: Path, beginning: bytes) -> None:
    """Refuse a file whose characters have two or four bytes and which does not begin with the mark that XML wants then."""
    if b"\0" in beginning and not beginning.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        why = Text("文件编码有误（缺少字节顺序标记）", "its encoding is wrong: the byte order mark is missing")
        raise BankFileUnreadable(path.name, why)


def _message_name(path: Path, root: etree._Element) -> str:
    """Return the name of the message, and refuse a document type: there lie entities and other people's files."""
    if root.getroottree().docinfo.doctype:
        raise BankFileUnreadable(path.name, Text("文件不允许含有文档类型定义（DTD）", "document type definitions are not allowed"))
    name = etree.QName(root)
    message_name = (name.namespace or "").removeprefix(NAMESPACE)
    if name.localname != "Document" or message_name not in READABLE:
        names = ", ".join(READABLE)
        raise BankFileUnreadable(path.name, Text(f"不是可读的报文（{names}）", f"it is not one of {names}"))
    return message_name


def _why(error: Exception) -> Text:
    """Say what is wrong with a file, without its content."""
    if isinstance(error, InvalidAmount):
        return Text("有金额不是最多两位小数的元", "an amount is not yuan with at most two decimals")
    if isinstance(error, CutOff):
        return Text("文件不完整，结尾缺失", "it is cut off before its end")
    said = str(error).split("\n")[0].split(" (<string>")[0]
    if found := _NOT_VALID.match(said):
        return Text(f"元素 {found[1]} 不符合报文格式标准", f"the element {found[1]} is not as the message's schema wants it")
    if isinstance(error, etree.LxmlError):
        return Text(f"不是完整正确的 XML（{said[:120]}）", f"it is not whole, well-formed XML ({said[:120]})")
    return Text("有日期或数值无法读取", "a day or a number in it cannot be read")


# From XML to lines: one per payment (T), entry (N), statement (S), balance (B), group (P), message (G) and file (H).

_FILE_LINE = for_each(f"m:GrpHdr{COMPLETE}", write_line("H", reference="m:MsgId"))
_STATUS_LINES = for_each(
    "m:Document/m:CstmrPmtStsRpt",
    _FILE_LINE,
    for_each(
        f"m:OrgnlGrpInfAndSts{COMPLETE}",
        write_line("G", status="m:GrpSts", reason="m:StsRsnInf/m:Rsn/*", reference="m:OrgnlMsgId"),
    ),
    for_each(
        "m:OrgnlPmtInfAndSts",
        for_each(
            f"self::*{COMPLETE}[m:PmtInfSts]",
            write_line("P", status="m:PmtInfSts", reason="m:StsRsnInf/m:Rsn/*", reference="m:OrgnlPmtInfId"),
        ),
        for_each(
            f"m:TxInfAndSts{COMPLETE}",
            write_line(
                "T", status="m:TxSts", amount="m:OrgnlTxRef/m:Amt/m:InstdAmt", reason="m:StsRsnInf/m:Rsn/*", reference="m:OrgnlEndToEndId"
            ),
        ),
    ),
)  # fmt: skip
_BOOKED_LINES = for_each(
    "m:Document/*",
    _FILE_LINE,
    for_each(
        "m:Ntfctn|m:Stmt",
        write_line("S", open=f"@{OPEN}", reference="m:Acct/m:Id/m:IBAN|m:Acct/m:Id/m:Othr/m:Id"),
        for_each(
            f"m:Bal{COMPLETE}",
            write_line("B", status="m:Tp/m:CdOrPrtry/*", amount="m:Amt", direction="m:CdtDbtInd", booked="m:Dt/*"),
        ),
        for_each(
            "m:Ntry",
            write_line(
                "N", open=f"@{OPEN}", status="m:Sts/m:Cd", amount="m:Amt", direction="m:CdtDbtInd", reversal="m:RvslInd",
                reference="m:NtryRef", booked="m:BookgDt/*",
            ),
            for_each(
                f"m:NtryDtls/m:TxDtls{COMPLETE}",
                write_line("T", amount="m:Amt", direction="m:CdtDbtInd", reason="m:RtrInf/m:Rsn/*", reference="m:Refs/m:EndToEndId"),
            ),
        ),
    ),
)  # fmt: skip


@cache
def _reader(message_name: str) -> LineReader:
    body = _STATUS_LINES if message_name.startswith("pain.002") else _BOOKED_LINES
    return LineReader(NAMESPACE + message_name, body, _READ_ONCE, schema(message_name))


# From lines to what they mean.


class _StatusRows:
    """pain.002: what the bank says of payments it has not booked yet."""

    def __init__(self, contents: BankFileContents) -> None:
        self._contents = contents
        self._original = ""
        self._position = 0

    def rows(self, lines: pa.RecordBatch) -> pa.RecordBatch:
        self._read_groups(lines)
        rows = lines.filter(pc.equal(lines["kind"], "T"))
        position = _count_on(self._position, rows.num_rows)
        self._position += rows.num_rows
        event = _translate(rows["status"], lambda code: _STATUS.get(code, ""))
        amount_fen, is_foreign = fen_of(rows["amount"])
        batch = _batch(position, rows["reference"], event, amount_fen, is_foreign, rows["reason"], pa.nulls(rows.num_rows, pa.string()))
        return batch.filter(pc.invert(pc.is_in(rows["status"], pa.array(_WAITING))))

    def _read_groups(self, lines: pa.RecordBatch) -> None:
        for line in lines.filter(pc.is_in(lines["kind"], pa.array(["H", "G", "P"]))).to_pylist():
            if line["kind"] == "H":
                self._contents.message_id = line["reference"]
                continue
            if line["kind"] == "G":
                self._original = line["reference"]
            group = line["reference"] if line["kind"] == "P" else ""
            if line["status"] and line["status"] not in _WAITING:
                event = _GROUP_STATUS.get(line["status"], "")
                self._contents.groups.append(GroupStatus(self._original, group, event, line["reason"]))


class _Balance(NamedTuple):
    """What an account holds at a moment; ``written`` is the amount with its currency, as the file has it."""

    fen: int
    written: str
    day: str | None


class _BookedRows:
    """camt.054 and camt.053: what the bank has booked. An entry may reach over several batches of lines, as may a statement."""

    def __init__(self, contents: BankFileContents) -> None:
        self._contents = contents
        self._is_statement = contents.message_name.startswith("camt.053")
        self._position = 0
        # The entry and the statement that the lines so far have left open.
        self._entry_rows, self._entry_fen, self._is_entry_open = 0, 0, False
        self._statement_fen, self._is_statement_open = 0, False
        self._balances: dict[str, _Balance] = {}

    def rows(self, lines: pa.RecordBatch) -> pa.RecordBatch:
        for reference in lines["reference"].filter(_is(lines, "H")).to_pylist():
            self._contents.message_id = reference
        # Of an entry that is still open, only the lines of its payments are complete.
        settled = _is(lines, open="")
        fen, is_foreign = fen_of(pc.if_else(settled, lines["amount"], ""))
        if self._is_statement:
            self._read_statements(lines, fen)
        is_entry, is_payment = _is(lines, "N").to_numpy(False), _is(lines, "T").to_numpy(False)
        is_lone = self._check_entries(is_entry, is_payment, settled.to_numpy(False)[is_entry], fen)
        is_row = is_payment.copy()
        is_row[np.flatnonzero(is_entry)[is_lone]] = True
        entries = lines.filter(pa.array(is_entry)).take(pa.array((np.cumsum(is_entry) - 1)[is_row]))
        rows = lines.filter(pa.array(is_row))
        position = _count_on(self._position, rows.num_rows)
        self._position += rows.num_rows
        booked_on = _translate(entries["booked"], _day)
        event = pc.if_else(_is(rows, "T"), _booked_event(rows, entries), "")
        mask = pa.array(is_row)
        return _batch(position, rows["reference"], event, fen.filter(mask), is_foreign.filter(mask), rows["reason"], booked_on)

    def _check_entries(self, is_entry: np.ndarray, is_payment: np.ndarray, is_closed: np.ndarray, fen: pa.Array) -> np.ndarray:
        """Refuse a file whose entry is not the sum of its payments: one of them is missing or changed.

        Returns which of the entries' lines end an entry that names no payments.
        """
        if not is_entry.any():
            return np.zeros(0, bool)
        number = _numbered(is_closed, self._is_entry_open)
        of_payment = number[(np.cumsum(is_entry) - 1)[is_payment]]
        counts = np.bincount(of_payment, minlength=number[-1] + 1)
        sums = _sums(of_payment, pc.fill_null(fen, 0).to_numpy()[is_payment], counts.size)
        counts[0] += self._entry_rows
        sums[0] += self._entry_fen
        written = fen.filter(pa.array(is_entry)).to_pylist() if is_closed.any() else []
        for line in np.flatnonzero(is_closed & (counts[number] > 0)):
            if written[line] is not None and written[line] != sums[number[line]]:
                said, added = plain_yuan(written[line]), plain_yuan(sums[number[line]])
                why = Text(f"一笔 {said} 元的分录，其明细合计为 {added} 元", f"an entry of {said} yuan holds payments of {added}")
                raise BankFileUnreadable(self._contents.path.name, why)
        self._is_entry_open = not is_closed[-1]
        self._entry_rows, self._entry_fen = (int(counts[-1]), sums[-1]) if self._is_entry_open else (0, 0)
        return is_closed & (counts[number] == 0)

    def _read_statements(self, lines: pa.RecordBatch, fen: pa.Array) -> None:
        """Add up each statement and keep it once it is complete. Every line belongs to the statement's line before it."""
        is_statement = _is(lines, "S").to_numpy(False)
        if not is_statement.any():
            return
        is_closed = _is(lines, open="").to_numpy(False)[is_statement]
        number = _numbered(is_closed, self._is_statement_open)
        of_line = number[np.maximum(np.cumsum(is_statement) - 1, 0)]
        signed = pc.fill_null(pc.if_else(_is(lines, direction="CRDT"), fen, pc.negate(fen)), 0)
        is_counted = _is(lines, "N", open="", status="BOOK").to_numpy(False)
        sums = _sums(of_line[is_counted], signed.to_numpy()[is_counted], number[-1] + 1)
        sums[0] += self._statement_fen
        balances: list[dict[str, _Balance]] = [self._balances, *({} for _ in sums[1:])]
        is_balance = _is(lines, "B")
        named = zip(
            of_line[is_balance.to_numpy(False)], lines.filter(is_balance).to_pylist(), signed.filter(is_balance).to_pylist(), strict=True
        )
        for statement, line, amount_fen in named:
            balances[statement].setdefault(line["status"], _Balance(amount_fen, line["amount"], _day(line["booked"])))
        accounts = lines["reference"].filter(pa.array(is_statement)).to_pylist()
        for line in np.flatnonzero(is_closed):
            self._contents.statements.append(self._statement(accounts[line], balances[number[line]], sums[number[line]]))
        self._is_statement_open = not is_closed[-1]
        self._statement_fen, self._balances = (sums[-1], balances[-1]) if self._is_statement_open else (0, {})

    def _statement(self, account: str, balances: dict[str, _Balance], change_fen: int) -> Statement:
        """Return a statement, and refuse one that does not close with what it opened with and its booked entries."""
        opening = balances.get("OPBD") or balances.get("PRCD")
        closing = balances.get("CLBD")
        if opening is None or closing is None:
            why = Text("对账单缺少期初或期末余额", "a statement has no opening or no closing balance")
            raise BankFileUnreadable(self._contents.path.name, why)
        if not (opening.written + closing.written).count(f"{CURRENCY} ") == 2:
            raise BankFileUnreadable(self._contents.path.name, Text("对账单不是人民币", f"a statement is not in {CURRENCY}"))
        if opening.fen + change_fen != closing.fen:
            opens, adds, closes = plain_yuan(opening.fen), plain_yuan(change_fen), plain_yuan(closing.fen)
            why = Text(
                f"对账单期初 {opens} 元、分录合计 {adds} 元、期末 {closes} 元，不相符",
                f"a statement opens with {opens} yuan, its entries add {adds} and it closes with {closes}",
            )
            raise BankFileUnreadable(self._contents.path.name, why)
        return Statement(account, opening.fen, closing.fen, opening.day, closing.day)


def _is(lines: pa.RecordBatch, kind: str = "", **columns: str) -> pa.Array:
    """Return which lines are of a kind, or hold these values."""
    wanted = columns | ({"kind": kind} if kind else {})
    (found, *others) = (pc.equal(lines[column], value) for column, value in wanted.items())
    for other in others:
        found = pc.and_(found, other)
    return found


def _numbered(is_closed: np.ndarray, goes_on: bool) -> np.ndarray:
    """Number what lines speak of, from 0: a line that was left open and the next one speak of the same."""
    begins = np.concatenate([[not goes_on], is_closed[:-1]])
    return np.cumsum(begins) - begins[0]


def _sums(group: np.ndarray, fen: np.ndarray, groups: int) -> list[int]:
    """Return the exact sum of each group."""
    if fen.size and int(np.abs(fen).max()) * fen.size >= 1 << 63:
        raise ValueError("amounts too large to be added up")
    sums = np.zeros(groups, np.int64)
    np.add.at(sums, group, fen)
    return [int(fen) for fen in sums]


def _booked_event(rows: pa.RecordBatch, entries: pa.RecordBatch) -> pa.Array:
    """Say what each booked payment means for us; empty where it is no payment of ours and no return of one."""
    direction = pc.if_else(_is(rows, direction=""), entries["direction"], rows["direction"])
    comes_back = pc.or_(pc.is_in(entries["reversal"], pa.array(["true", "1"])), pc.invert(_is(rows, reason="")))
    is_paid = pc.and_not(pc.equal(direction, "DBIT"), comes_back)
    is_returned = pc.and_(pc.equal(direction, "CRDT"), comes_back)
    event = pc.if_else(is_paid, "paid", pc.if_else(is_returned, "returned", ""))
    return pc.if_else(_is(entries, status="BOOK"), event, "")


def fen_of(written: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return whole fen, null where there is no amount of our currency, and which amounts are of another currency.

    Raises: InvalidAmount for anything else than digits with at most two decimals.
    """
    is_ours = pc.starts_with(written, f"{CURRENCY} ")
    yuan = pc.if_else(is_ours, pc.utf8_slice_codeunits(written, len(CURRENCY) + 1), None)
    is_amount = pc.match_substring_regex(yuan, r"^-?[0-9]{1,15}(\.[0-9]{1,2})?$")
    if not pc.all(is_amount, min_count=0).as_py():
        raise InvalidAmount(yuan.filter(pc.invert(is_amount))[0].as_py())
    # A decimal with two places is a count of fen in 16 bytes, of which the lower 8 hold every amount of 15 digits.
    halves = np.frombuffer(yuan.cast(pa.decimal128(17, 2)).buffers()[1], np.int64)[: 2 * len(yuan)]
    return pa.array(halves[::2], mask=~is_ours.to_numpy(False)), pc.and_(pc.invert(is_ours), pc.not_equal(written, ""))


def _translate(column: pa.Array, meaning: Callable[[str], str | None]) -> pa.Array:
    """Replace each text by what it means; each is looked up once."""
    coded = column.dictionary_encode()
    return pa.array([meaning(text) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _day(written: str) -> str | None:
    """Return the day of a date or a moment, as ISO writes it."""
    return date.fromisoformat(written[:10]).isoformat() if written else None


def _count_on(position: int, count: int) -> pa.Array:
    return pa.array(np.arange(position + 1, position + count + 1), pa.int32())


def _batch(
    position: pa.Array,
    reference: pa.Array,
    event: pa.Array,
    amount_fen: pa.Array,
    is_foreign: pa.Array,
    reason: pa.Array,
    booked_on: pa.Array,
) -> pa.RecordBatch:
    is_ours = pc.match_substring_regex(reference, "^ZD[0-9]{16}$")
    number = pc.utf8_slice_codeunits(pc.if_else(is_ours, reference, "ZD0"), 2).cast(pa.int64())
    problem = pc.if_else(is_foreign, "wrong_currency", pc.if_else(pc.equal(event, ""), "unknown_event", ""))
    return pa.RecordBatch.from_arrays([position, number, reference, event, amount_fen, reason, booked_on, problem], schema=BANK_ROW_SCHEMA)
