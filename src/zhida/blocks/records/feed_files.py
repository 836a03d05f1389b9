"""Opening what a department sent: encoding, header, columns. Decides whether a file can be read at all, before its rows are.

A file that cannot is refused as a whole with a ``Refusal`` (reason code and sentence); nothing of it is used.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zhida.blocks.records.record_types import Field, RecordType
from zhida.kernel.identifiers import is_id_number, is_uscc, luhn_check_digit
from zhida.kernel.text import Text

_SAMPLE_BYTES = 1 << 20
_BLOCK = 1 << 22
# Fewer rows than this are not enough to say what a column holds.
_SAMPLE_ROWS = 50


@dataclass(frozen=True)
class Refusal:
    """Why a whole file cannot be used, and what its department should do."""

    reason: str
    text: Text


@dataclass(frozen=True)
class FeedFile:
    """A file that can be read: UTF-8 at ``path``, the position of each contract field in it."""

    path: Path
    columns: tuple[str, ...]
    positions: dict[str, int]
    note: Text


def detect_encoding(path: Path) -> str | None:
    """Return ``utf-8``, ``gb18030`` or None by the first megabyte. GB18030 counts only where it gives Chinese text."""
    with path.open("rb") as handle:
        sample = handle.read(_SAMPLE_BYTES)
    for encoding in ("utf-8", "gb18030"):
        try:
            # An incremental decoder does not mind a character cut by the end of the sample.
            decoded = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        if "\0" in decoded:
            return None
        if encoding == "utf-8" or re.search("[\u4e00-\u9fff]", decoded):
            return encoding
    return None


def transcode(source: Path, target: Path, encoding: str) -> None:
    """Write ``source`` as UTF-8. Raises: UnicodeDecodeError."""
    with source.open("r", encoding=encoding, newline="") as reader, target.open("w", encoding="utf-8", newline="") as writer:
        while block := reader.read(_BLOCK):
            writer.write(block)


def open_feed(path: Path, contract: RecordType, column_map: dict[str, str], scratch: Path) -> FeedFile | Refusal:
    """Find out how to read a file.

    column_map: header in the file -> header of the contract, where an officer confirmed that they are the same.
    """
    if path.stat().st_size == 0:
        return _empty(path)
    encoding = detect_encoding(path)
    if encoding is None:
        return unreadable(path)
    note, source = Text("", ""), path
    if encoding != "utf-8":
        source = scratch / "utf8.csv"
        try:
            transcode(path, source, encoding)
        except UnicodeDecodeError:
            return unreadable(path)
        note = Text(
            f"{path.name} 使用 GB18030 编码，已转换后接收；请来源部门改用 UTF-8。",
            f"{path.name} is in GB18030 and was converted; ask its department to send UTF-8.",
        )
    columns, sample = _head(source)
    if not columns or not sample:
        return _empty(path)
    positions, refusal = _match(path, contract, columns, sample, column_map)
    return refusal or FeedFile(source, tuple(columns), positions, note)


def unreadable(path: Path) -> Refusal:
    return Refusal(
        "encoding_unreadable",
        Text(
            f"{path.name} 既不是 UTF-8 也不是 GB18030 文本，整份文件未接收，上一份继续有效；请来源部门重新导出为 UTF-8 的 CSV。",
            f"{path.name} is neither UTF-8 nor GB18030 text, so nothing of it was received and the delivery before it stays in force."
            " Ask its department to export CSV in UTF-8.",
        ),
    )


def normalised(feed: FeedFile, target: Path) -> list[tuple[int, list[str]]]:
    """Write the rows that have as many cells as the header to ``target``, with their row number as last cell; return the others.

    The slow way: for files in which DuckDB meets rows of the wrong width.
    """
    odd: list[tuple[int, list[str]]] = []
    with feed.path.open(encoding="utf-8-sig", newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for row_no, row in enumerate(_rows(source), 1):
            if row_no == 1 or len(row) == len(feed.columns):
                writer.writerow([*row, str(row_no)])
            elif row:
                odd.append((row_no, row))
    return odd


def count_rows(path: Path) -> int:
    """Count the lines under the header, for files that are refused unread."""
    with path.open("rb") as handle:
        lines, last = 0, b"\n"
        while block := handle.read(_BLOCK):
            lines += block.count(b"\n")
            last = block[-1:]
    return max(0, lines + (last != b"\n") - 1)


def _rows(source: Iterator[str]) -> Iterator[list[str]]:
    # A stray NUL or an endless quoted cell is a row of the wrong width, not the end of the work.
    csv.field_size_limit(_BLOCK)
    reader = csv.reader(line.replace("\0", "\ufffd") for line in source)
    while True:
        try:
            yield next(reader)
        except csv.Error:
            yield ["\ufffd"]
        except StopIteration:
            return


def _head(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as handle:
        rows = _rows(handle)
        columns = [cell.strip() for cell in next(rows, [])]
        sample = [row for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False) if row]
    return columns, sample


def _empty(path: Path) -> Refusal:
    return Refusal(
        "file_empty",
        Text(
            f"{path.name} 没有数据行，未接收，上一份继续有效；请来源部门确认后重新报送。",
            f"{path.name} has no rows, so it was not received and the delivery before it stays in force."
            " Ask its department to send it again.",
        ),
    )


def _match(
    path: Path, contract: RecordType, columns: list[str], sample: list[list[str]], column_map: dict[str, str]
) -> tuple[dict[str, int], Refusal | None]:
    named = [column_map.get(column, column) for column in columns]
    positions = {field.name: named.index(field.header) for field in contract.fields if field.header in named}
    missing = [field for field in contract.fields if field.name not in positions]
    twice = next((column for column in named if named.count(column) > 1 and column in contract.headers), None)
    if twice:
        zh = f"{path.name} 有两列都叫“{twice}”，整份文件未接收，上一份继续有效；请来源部门删除重复的列。"
        en = f"{path.name} has two columns '{twice}', so nothing of it was received and the delivery before it stays in force. Ask for one."
        return positions, Refusal("column_missing", Text(zh, en))
    if not missing:
        return positions, None
    spare = [i for i, name in enumerate(named) if name not in contract.headers]
    return positions, Refusal("column_missing", _missing_text(path, missing, columns, spare, sample))


def _missing_text(path: Path, missing: list[Field], columns: list[str], spare: list[int], sample: list[list[str]]) -> Text:
    zh, en = [], []
    for field in missing:
        guess = _looks_like(field, columns, spare, sample)
        zh.append(f"缺少列“{field.header}”" + (f"（列“{columns[guess]}”与它相似，请确认对应关系）" if guess is not None else ""))
        en.append(
            f"column '{field.header}' is missing"
            + (f" (column '{columns[guess]}' looks like {field.header}: confirm the mapping)" if guess is not None else "")
        )
    return Text(
        f"{path.name} {'；'.join(zh)}。整份文件未接收，上一份继续有效；请确认列的对应关系，或请来源部门按契约的列名重新报送。",
        f"{path.name}: {'; '.join(en)}. Nothing of the file was received and the delivery before it stays in force."
        " Confirm the mapping, or ask its department to use the column names of the contract.",
    )


def suggested_columns(path: Path, contract: RecordType) -> dict[str, str]:
    """Return the mapping that the refusal of a file proposes: header in the file -> header of the contract."""
    source_encoding = detect_encoding(path) or "utf-8"
    with path.open(encoding="utf-8-sig" if source_encoding == "utf-8" else source_encoding, newline="", errors="replace") as handle:
        rows = _rows(handle)
        columns = [cell.strip() for cell in next(rows, [])]
        sample = [row for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False) if row]
    spare = [i for i, column in enumerate(columns) if column not in contract.headers]
    found = {}
    for field in contract.fields:
        if field.header not in columns and (guess := _looks_like(field, columns, spare, sample)) is not None:
            found[columns[guess]] = field.header
            spare.remove(guess)
    return found


def _looks_like(field: Field, columns: list[str], spare: list[int], sample: list[list[str]]) -> int | None:
    """Return the spare column that most likely is this field under another name: by its name, then by what it holds."""

    def likeness(i: int) -> float:
        name = difflib.SequenceMatcher(None, columns[i], field.header).ratio()
        cells = [row[i].strip() for row in sample if len(row) > i and row[i].strip()]
        fitting = sum(_fits(field, cell) for cell in cells) / len(cells) if cells else 0.5
        return name + fitting if fitting > 0.4 else 0.0

    best = max(spare, key=likeness, default=None)
    return best if best is not None and likeness(best) >= 0.9 else None


def _fits(field: Field, cell: str) -> bool:
    match field.type:
        case "id_number":
            return is_id_number(cell)
        case "date":
            return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell))
        case "month":
            return bool(re.fullmatch(r"\d{4}-\d{2}", cell))
        case "integer" | "digits" | "household_no":
            return cell.isdigit()
        case "decimal" | "money_yuan":
            return bool(re.fullmatch(r"-?\d+(\.\d{1,2})?", cell))
        case "boolean":
            return cell in ("是", "否")
        case "code":
            return cell in {zh for _, zh in field.codes}
        case "area6" | "area12":
            return cell.isdigit() and len(cell) == int(field.type[4:])
        case "uscc":
            return is_uscc(cell)
        case "bank_account":
            return cell.isdigit() and len(cell) > 11 and luhn_check_digit(cell[:-1]) == cell[-1]
        case _:
            return True
