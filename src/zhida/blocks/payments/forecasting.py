"""What an envelope will have given out by the end of its year, and when it runs out. Pure: no database.

The coming months are taken to cost what the last ones did: the mean of the last three, between the lowest and the highest of them.
No season and no growth is assumed; with fewer than twelve months behind us neither can be told from chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MONTHS = 12
LAST_MONTHS = 3


@dataclass(frozen=True)
class Forecast:
    """One envelope's year: what was committed in each month so far, and what the rest is expected to bring. All in fen."""

    envelope_fen: int
    # January first, up to the newest month with payments; a month without any is 0.
    committed: tuple[int, ...]
    low_fen: int
    mean_fen: int
    high_fen: int

    @property
    def used_fen(self) -> int:
        return sum(self.committed)

    @property
    def months_left(self) -> int:
        return MONTHS - len(self.committed)

    @property
    def year_fen(self) -> tuple[int, int, int]:
        """What the whole year is expected to take: low, middle, high."""
        low, mean, high = (self.used_fen + self.months_left * fen for fen in (self.low_fen, self.mean_fen, self.high_fen))
        return low, mean, high

    @property
    def runs_out(self) -> int | None:
        """The month (1 to 12) whose payments the envelope no longer covers; None where it lasts. A month of the past: it is overdrawn."""
        return next((month for month, fen in enumerate(self.course, 1) if fen > self.envelope_fen), None)

    @property
    def may_run_out(self) -> bool:
        """Say whether it lasts on average but not if every month costs as much as the dearest of the last."""
        return self.runs_out is None and self.year_fen[2] > self.envelope_fen

    @property
    def course(self) -> list[int]:
        """What is given out by the end of each month of the year, January first: so far, then as expected."""
        return self.course_at(self.mean_fen)

    def course_at(self, month_fen: int) -> list[int]:
        """Return the course of the year if each coming month costs ``month_fen``."""
        sums, total = [], 0
        for fen in (*self.committed, *[month_fen] * self.months_left):
            total += fen
            sums.append(total)
        return sums


def forecast(envelope_fen: int, committed: Mapping[int, int]) -> Forecast | None:
    """Expect the rest of a year from its months so far. committed: {month 1 to 12: fen}. None where no month has any payment.

    >>> told = forecast(1_000, {8: 90, 9: 100, 10: 110})
    >>> told.mean_fen, told.year_fen, told.runs_out
    (100, (480, 500, 520), None)
    >>> forecast(450, {8: 90, 9: 100, 10: 110}).runs_out
    12
    """
    paid = [month for month, fen in committed.items() if fen]
    if not paid:
        return None
    months = tuple(committed.get(month, 0) for month in range(1, max(paid) + 1))
    # What came before the first payment says nothing about a month: a benefit may have begun in the middle of the year.
    last = months[min(paid) - 1 :][-LAST_MONTHS:]
    return Forecast(envelope_fen, months, min(last), (sum(last) + len(last) // 2) // len(last), max(last))
