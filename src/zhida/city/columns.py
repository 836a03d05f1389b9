"""Columns of a CSV file as byte matrices: one row of bytes per record, zero where there is no byte.

A file of twelve million lines is then a few array operations; ``lines`` drops the zero bytes.
Values never hold a comma, a quote or a line end, so nothing needs quoting.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
NULL = -(2**62)
_ZERO = ord("0")
_FIRST_DAY, _LAST_DAY = np.datetime64("1890-01-01", "D"), np.datetime64("2120-01-01", "D")
_FIRST = int(_FIRST_DAY.astype(np.int64))


@cache
def _four_digits() -> Array:
    return np.array([list(f"{value:04d}".encode()) for value in range(10_000)], dtype=np.uint8)


@cache
def _days() -> Array:
    days = np.arange(_FIRST_DAY, _LAST_DAY)
    texts = np.datetime_as_string(days).astype("S10")
    table = texts.view(np.uint8).reshape(-1, 10)
    return np.concatenate([table, np.zeros((1, 10), np.uint8)])


def digits(values: Array, width: int) -> Array:
    """Write whole numbers with exactly ``width`` digits; NULL gives an empty cell."""
    table, out = _four_digits(), np.empty((len(values), -(-width // 4) * 4), np.uint8)
    rest = values
    for start in range(out.shape[1] - 4, -1, -4):
        rest, group = np.divmod(rest, 10_000)
        out[:, start : start + 4] = table[group]
    out = out[:, out.shape[1] - width :]
    null = values == NULL
    if null.any():
        out = out.copy()
        out[null] = 0
    return out


def integers(values: Array) -> Array:
    """Write whole numbers >= 0 without leading zeros; NULL gives an empty cell."""
    width = len(str(max(int(values.max(initial=0)), 0)))
    out = np.array(digits(values, width))
    for position in range(width - 1):
        out[values < 10 ** (width - 1 - position), position] = 0
    out[values == NULL] = 0
    return out


def decimals(hundredths: Array) -> Array:
    """Write hundredths (fen, or hundredths of a square metre) with a point and two places; NULL gives an empty cell."""
    null = hundredths == NULL
    whole, part = np.divmod(np.where(null, 0, hundredths), 100)
    out = np.concatenate([integers(whole), np.full((len(whole), 1), ord("."), np.uint8), digits(part, 2)], axis=1)
    out[null] = 0
    return out


def dates(days: Array) -> Array:
    """Write days since 1970-01-01 as YYYY-MM-DD; NULL gives an empty cell."""
    return _days()[np.where(days == NULL, len(_days()) - 1, days - _FIRST)]


def months(days: Array) -> Array:
    """Write the month of a day as YYYY-MM."""
    return np.ascontiguousarray(dates(days)[:, :7])


def text_table(texts: Sequence[str], encoding: str = "utf-8") -> Array:
    """Return texts as rows of bytes with one empty row at the end: index it with -1 for an empty cell."""
    encoded = [text.encode(encoding) for text in texts]
    width = max(map(len, encoded), default=1) or 1
    return np.array([list(text.ljust(width, b"\0")) for text in [*encoded, b""]], dtype=np.uint8)


def lines(blocks: Sequence[Array]) -> Array:
    """Return the bytes of CSV lines made of these columns, as one flat uint8 array."""
    rows = len(blocks[0])
    out = np.empty((rows, sum(block.shape[1] + 1 for block in blocks)), np.uint8)
    at = 0
    for block in blocks:
        out[:, at : at + block.shape[1]] = block
        at += block.shape[1]
        out[:, at] = ord(",")
        at += 1
    out[:, -1] = ord("\n")
    flat = out.reshape(-1)
    return flat[flat != 0]


def text_of(row: Array) -> str:
    """Return one cell as text."""
    return bytes(row[row != 0]).decode()


_ID_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), dtype=np.int64)
_ID_CHECK = np.frombuffer(b"10X98765432", np.uint8)


def id_numbers(first17: Array) -> Array:
    """Write resident numbers (GB 11643) for their first 17 digits as numbers: an (n, 18) matrix."""
    out = np.empty((len(first17), 18), np.uint8)
    out[:, :17] = digits(first17, 17)
    total = np.zeros(len(first17), np.int64)
    for position, weight in enumerate(_ID_WEIGHTS):
        total += (out[:, position].astype(np.int64) - _ZERO) * weight
    out[:, 17] = _ID_CHECK[total % 11]
    return out


_USCC = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)


def organisation_codes(area6: Array, serial8: Array) -> Array:
    """Write unified social credit codes (GB 32100, companies: 91) from an area and a serial of 8 digits: (n, 18).

    The ninth character of the organisation's part is its own check (GB 11714), the last one that of the whole code.
    """
    out = np.empty((len(area6), 18), np.uint8)
    out[:, :2] = np.frombuffer(b"91", np.uint8)
    out[:, 2:8] = digits(area6, 6)
    out[:, 8:16] = digits(serial8, 8)
    values = out[:, :16].astype(np.int64) - _ZERO
    ninth = (11 - (values[:, 8:16] * np.array((3, 7, 9, 10, 5, 8, 4, 2))).sum(axis=1) % 11) % 11
    # A check of 10 is written X, the 30th letter of the alphabet of GB 32100 (0-based 29).
    out[:, 16] = np.where(ninth == 10, ord("X"), ninth + _ZERO)
    weights = np.array([pow(3, power, 31) for power in range(17)])
    total = (values * weights[:16]).sum(axis=1) + np.where(ninth == 10, 29, ninth) * weights[16]
    out[:, 17] = _USCC[(31 - total % 31) % 31]
    return out


def card_numbers(first18: Array) -> Array:
    """Write card numbers of 19 digits: 18 given ones and their check digit (ISO/IEC 7812-1): (n, 19)."""
    out = np.empty((len(first18), 19), np.uint8)
    out[:, :18] = digits(first18, 18)
    total = np.zeros(len(first18), np.int64)
    for position in range(18):
        digit = out[:, 17 - position].astype(np.int64) - _ZERO
        doubled = digit * 2 if position % 2 == 0 else digit
        total += np.where(doubled > 9, doubled - 9, doubled)
    out[:, 18] = -total % 10 + _ZERO
    return out
