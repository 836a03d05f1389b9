"""Office time: minutes in which desks work, counted from the first day of a simulation over the real calendar."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta

from zhida.kernel.calendar import is_working_day
from zhida.kernel.clock import HANGZHOU

_ONE = timedelta(days=1)


class Office:
    """Turns office minutes into days and back. Minute 0 is the opening of the first working day on or after ``first``."""

    def __init__(self, first: date, hours: tuple[tuple[time, time], ...]) -> None:
        self.first = first
        self.spans = [(_minutes(begin), _minutes(end)) for begin, end in hours]
        self.day_minutes = sum(end - begin for begin, end in self.spans)
        self._days: list[date] = []
        self._next = first

    def day(self, index: int) -> date:
        """Return the working day of a number, counted from 0."""
        while len(self._days) <= index:
            if is_working_day(self._next):
                self._days.append(self._next)
            self._next += _ONE
        return self._days[index]

    def index_on(self, day: date) -> int:
        """Return the number of the last working day that is not later than a day; -1 before the first."""
        while self._next <= day:
            self.day(len(self._days))
        return bisect_right(self._days, day) - 1

    def minute_of(self, at: datetime) -> float:
        """Return the office minute of a moment; outside office hours the next one in which somebody works."""
        local = at.astimezone(HANGZHOU)
        index = self.index_on(local.date())
        if index < 0 or self._days[index] != local.date():
            return float((index + 1) * self.day_minutes)
        now, passed = local.hour * 60 + local.minute + local.second / 60, 0.0
        for begin, end in self.spans:
            passed += min(max(now - begin, 0.0), end - begin)
        return index * self.day_minutes + passed

    def moment(self, minute: float) -> datetime:
        """Return when an office minute is."""
        index, left = divmod(minute, self.day_minutes)
        for begin, end in self.spans:
            if left < end - begin:
                return datetime.combine(self.day(int(index)), time(), HANGZHOU) + timedelta(minutes=begin + left)
            left -= end - begin
        raise AssertionError("a minute lies in one of the day's spans")

    def index_at(self, minute: float) -> int:
        """Return the number of the working day in which an office minute lies."""
        return int(minute // self.day_minutes)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
