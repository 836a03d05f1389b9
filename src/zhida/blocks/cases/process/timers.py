"""Durations and dates of ISO 8601, as timers of a process write them."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from zhida.kernel.calendar import working_days_after
from zhida.kernel.clock import HANGZHOU

# Four years of them: no public office's time limit is longer.
WORKING_DAYS_MAX = 1_000

_DAYS = re.compile(r"P(\d{1,4})D")
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?"
)


@dataclass(frozen=True)
class Timer:
    """When a waiting event goes on: ``after`` it was reached (months, then seconds; or working days), or ``at`` a moment."""

    written: str
    months: int = 0
    seconds: int = 0
    working_days: int = 0
    at: datetime | None = None

    @property
    def may_repeat(self) -> bool:
        """Return whether a loop through it takes time; a fixed date in the past would let it turn for ever."""
        return self.at is None

    def due(self, reached: datetime) -> datetime:
        """Return when a token goes on that reached the event then; a month's missing days become its last.

        Working days count as deadlines do: not the day itself, and the last one has to be over (民法典 第二百零一条、第二百零三条).
        """
        if self.at is not None:
            return self.at
        local = reached.astimezone(HANGZHOU)
        if self.working_days:
            over = working_days_after(local.date(), self.working_days) + timedelta(days=1)
            return datetime.combine(over, time(), HANGZHOU).astimezone(UTC)
        months = local.year * 12 + local.month - 1 + self.months
        year, month = divmod(months, 12)
        shifted = local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
        return shifted.astimezone(UTC) + timedelta(seconds=self.seconds)


def read_duration(written: str) -> Timer:
    """Read ``P3D``, ``PT72H``, ``P1M``. Raises: ValueError for anything else and for no time at all."""
    found = _DURATION.fullmatch(written.strip())
    if not found:
        raise ValueError(written)
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    timer = Timer(
        written.strip(),
        months=years * 12 + months,
        seconds=((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds,
    )
    if not timer.months and not timer.seconds:
        raise ValueError(written)
    return timer


def read_working_days(written: str) -> Timer:
    """Read ``P5D`` as five working days. Raises: ValueError for anything but 1 to WORKING_DAYS_MAX whole days."""
    found = _DAYS.fullmatch(written.strip())
    if not found or not 0 < int(found[1]) <= WORKING_DAYS_MAX:
        raise ValueError(written)
    return Timer(written.strip(), working_days=int(found[1]))


def read_moment(written: str) -> Timer:
    """Read ``2026-03-01`` or ``2026-03-01T09:00:00+08:00``; without an offset it is the time in Hangzhou. Raises: ValueError."""
    text = written.strip()
    try:
        at = datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        at = datetime.fromisoformat(text)
    return Timer(text, at=(at if at.tzinfo else at.replace(tzinfo=HANGZHOU)).astimezone(UTC))
