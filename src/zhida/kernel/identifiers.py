"""Identifiers with check characters: GB 11643 resident numbers, GB 32100 organisation codes, bank card numbers."""

from __future__ import annotations

from datetime import date

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


def id_check_character(first17: str) -> str:
    """Return the 18th character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2).

    >>> id_check_character("11010519491231002")
    'X'
    """
    return _ID_CHECK[sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def is_id_number(written: str) -> bool:
    """Say whether a resident number has 18 characters, a real birth date and a right check character."""
    if len(written) != 18 or not written[:17].isdigit():
        return False
    try:
        date(int(written[6:10]), int(written[10:12]), int(written[12:14]))
    except ValueError:
        return False
    return id_check_character(written[:17]) == written[17].upper()


def uscc_check_character(first17: str) -> str:
    """Return the 18th character of a unified social credit code (GB 32100-2015, MOD 31)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def is_uscc(written: str) -> bool:
    """Say whether a unified social credit code is well formed."""
    if len(written) != 18 or any(c not in _USCC_ALPHABET for c in written):
        return False
    return uscc_check_character(written[:17]) == written[17]


def luhn_check_digit(digits: str) -> str:
    """Return the check digit of a bank card number (ISO/IEC 7812-1).

    >>> luhn_check_digit("7992739871")
    '3'
    """
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def mask_id_number(written: str) -> str:
    """Hide the birth date and sequence of a resident number: what lists show.

    >>> mask_id_number("11010519491231002X")
    '110105********002X'
    """
    return f"{written[:6]}********{written[-4:]}"
