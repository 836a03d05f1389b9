"""Texts on screen, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language

from zhida.kernel.text import Text


def in_language(value: Any) -> str:
    """Return a Text, or anything else that is written, in the language of the page being made."""
    if isinstance(value, Text):
        return value.in_language(get_language() or "zh-hans")
    return "" if value is None else str(value)


def pick(zh: str, en: str) -> str:
    return in_language(Text(zh, en))


def counted(number: int, noun: str) -> str:
    """Write an English count: ``1 working day``, ``2 working days``, ``1,200 items``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# For labels of form fields, which are made once at import but read in either language.
lazy_text = lazy(pick, str)
