"""Bank files read whole before the books are opened, several ahead of the one that is written. Needs no database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa

from zhida.blocks.payments.adapters.bank_files import BANK_ROW_SCHEMA, BankFileContents, read_bank_file
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.kernel.files import content_hash

# From so many files on a process of its own reads them, so many ahead.
FILES_TO_READ_AHEAD = 4
READ_AHEAD = 3


@dataclass(frozen=True)
class ReadFile:
    """What a bank file says, read whole and found valid; its rows lie in ``rows``, an Arrow file of BANK_ROW_SCHEMA."""

    path: Path
    content_hash: str
    contents: BankFileContents
    rows: Path


def read_file(path: Path, scratch: Path) -> ReadFile:
    """Read a bank file whole and keep its rows in a scratch folder. Raises: BankFileUnreadable."""
    try:
        hashed = content_hash(path)
        contents, rows = read_bank_file(path), scratch / f"{hashed}.arrow"
        with pa.OSFile(str(rows), "wb") as out, pa.ipc.new_file(out, BANK_ROW_SCHEMA) as writer:
            for batch in contents.batches():
                writer.write_batch(batch)
    except FileNotFoundError as error:
        # Another process took it in meanwhile.
        raise BankFileUnreadable(path.name, "there is no such file any more") from error
    return ReadFile(path, hashed, contents, rows)


def read_files(paths: list[Path], scratch: Path) -> Iterator[ReadFile | BankFileUnreadable]:
    """Yield each file as read, or what is wrong with it, in order."""
    if len(paths) < FILES_TO_READ_AHEAD:
        yield from (_read_or_not(path, scratch) for path in paths)
        return
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as reader:
        waiting = deque(reader.submit(_read_or_not, path, scratch) for path in paths[:READ_AHEAD])
        following = iter(paths[READ_AHEAD:])
        while waiting:
            yield waiting.popleft().result()
            if path := next(following, None):
                waiting.append(reader.submit(_read_or_not, path, scratch))


def _read_or_not(path: Path, scratch: Path) -> ReadFile | BankFileUnreadable:
    try:
        return read_file(path, scratch)
    except BankFileUnreadable as error:
        return error
