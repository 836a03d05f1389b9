"""Money is whole fen, an ``int``. These functions read and write yuan at the edges; nothing inside uses float."""

from __future__ import annotations

import re
from decimal import Decimal

from zhida.kernel.errors import InvalidAmount

FEN_PER_YUAN = 100
_YUAN = re.compile(r"-?\d{1,15}(\.\d{1,2})?")


def parse_yuan(written: str) -> int:
    """Return whole fen for a decimal number of yuan.

    >>> parse_yuan("1301.5")
    130150

    Raises: InvalidAmount for anything else than digits with at most two decimals.
    """
    if not _YUAN.fullmatch(written.strip()):
        raise InvalidAmount(written)
    return int(Decimal(written.strip()) * FEN_PER_YUAN)


def format_yuan(amount_fen: int) -> str:
    """Write fen as people read yuan.

    >>> format_yuan(130150), format_yuan(-5)
    ('1,301.50', '-0.05')
    """
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), FEN_PER_YUAN)
    return f"{sign}{yuan:,}.{fen:02d}"


def plain_yuan(amount_fen: int) -> str:
    """Write fen as a file wants yuan: no thousands separator.

    >>> plain_yuan(130150)
    '1301.50'
    """
    return format_yuan(amount_fen).replace(",", "")
