"""Months and half-open spans of days. An end is always exclusive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from zhida.kernel.errors import InvalidPeriod

# A date that has not happened and will not: "never died", "no end". Sorts after every real date.
NEVER = date(9999, 12, 31)
EPOCH = date(1970, 1, 1)


def days_since_epoch(day: date) -> int:
    """Return the integer that Arrow's date32 holds for a day."""
    return (day - EPOCH).days


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, ``[start, end)``.

    >>> Month.parse("2025-10").previous.text
    '2025-09'
    """

    year: int
    month: int

    @classmethod
    def parse(cls, written: str) -> Month:
        match = re.fullmatch(r"(\d{4})-(\d{2})", written.strip())
        if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1900:
            raise InvalidPeriod(written)
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @property
    def start(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        """The first day of the next month: exclusive."""
        return self.shifted(1).start

    @property
    def text(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def next(self) -> Month:
        return self.shifted(1)

    @property
    def previous(self) -> Month:
        return self.shifted(-1)

    def shifted(self, months: int) -> Month:
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return self.text
