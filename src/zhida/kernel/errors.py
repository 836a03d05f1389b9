"""The root of all mistakes Zhida reports: one sentence, in both languages."""

from __future__ import annotations

from collections.abc import Callable

from zhida.kernel.text import Text


class ZhidaError(Exception):
    """What happened, to what, and what to do next.

    A block's ``errors.py`` has one subclass per mistake, whose constructor takes values and writes the sentence.
    Sentences carry identifiers, never personal data.
    """

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)

    def __reduce__(self) -> tuple[Callable[..., ZhidaError], tuple[type[ZhidaError], str, str]]:
        """Travel between processes as the sentence it is; a constructor takes values that are gone by then."""
        return _told, (type(self), self.text.zh, self.text.en)


def _told(kind: type[ZhidaError], zh: str, en: str) -> ZhidaError:
    error = kind.__new__(kind)
    ZhidaError.__init__(error, zh, en)
    return error


class InvalidPeriod(ZhidaError):
    def __init__(self, written: str) -> None:
        super().__init__(
            f"“{written}”不是月份；请写成 2025-10 这样的格式。",
            f"'{written}' is not a month. Write it as 2025-10.",
        )


class InvalidAmount(ZhidaError):
    def __init__(self, written: str) -> None:
        super().__init__(
            f"“{written}”不是金额；请写成最多两位小数的元，例如 1301.00。",
            f"'{written}' is not an amount. Write yuan with at most two decimals, as 1301.00.",
        )
