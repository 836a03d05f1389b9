"""Dates as days since 1970-01-01, for whole columns and for one value; both by the rules of functions.py."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

import numpy as np

from zhida.kernel.period import EPOCH, NEVER, days_since_epoch

Array = Any
NEVER_DAY = days_since_epoch(NEVER)
_FIRST_DAY, _EPOCH_ORDINAL = days_since_epoch(date(1, 1, 1)), EPOCH.toordinal()
_FIRST_MONTH, _LAST_MONTH = 12, 9999 * 12 + 11


def day_of(number: int) -> date:
    return date.fromordinal(number + _EPOCH_ORDINAL)


def month_index(number: int) -> tuple[int, int, bool]:
    """Return (year * 12 + month - 1, day of the month, is it the last day)."""
    day = day_of(number)
    return day.year * 12 + day.month - 1, day.day, day.day == monthrange(day.year, day.month)[1]


def months_between(start: int, end: int) -> int:
    """Return the largest n with ``add_months(start, n) <= end``."""
    first, last = day_of(start), day_of(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - (last.day < first.day and last.day != monthrange(last.year, last.month)[1])


def calendar_months(start: int, end: int) -> int:
    """Count the calendar months from the month of one date to that of another, whatever the days."""
    return month_index(end)[0] - month_index(start)[0]


def add_months(day: int, months: int) -> int:
    """Move a day by months, at most to NEVER and at least to the first day of the calendar."""
    if day >= NEVER_DAY:
        return NEVER_DAY
    month, day_of_month, _ = month_index(day)
    month += months
    if month > _LAST_MONTH:
        return NEVER_DAY
    if month < _FIRST_MONTH:
        return _FIRST_DAY
    year, index = divmod(month, 12)
    return days_since_epoch(date(year, index + 1, min(day_of_month, monthrange(year, index + 1)[1])))


# ---- columns: tables of the days that residents' lives and laws fall on; any other day but NEVER is computed -----------------------------

LOW, HIGH = days_since_epoch(date(1880, 1, 1)), days_since_epoch(date(2120, 1, 1))
LOW_MONTH, HIGH_MONTH = 1880 * 12, 2120 * 12


def _compute(days: Array) -> tuple[Array, Array, Array]:
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    in_month = (days - months.astype("datetime64[D]").astype(np.int64) + 1).astype(np.int32)
    is_last = (days + 1).astype("datetime64[D]").astype("datetime64[M]") != months
    return (months.astype(np.int64) + 1970 * 12).astype(np.int32), in_month, is_last


def _month_starts(months: Array) -> Array:
    return (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _packed(days: Array) -> Array:
    """Month, day and is-last in one number, so that a column needs one look-up and not three."""
    months, in_month, is_last = _compute(days)
    return months * 64 + in_month * 2 + is_last


# The slot after the last day stands for NEVER.
PACKED = _packed(np.append(np.arange(LOW, HIGH, dtype=np.int64), NEVER_DAY))
STARTS = _month_starts(np.arange(LOW_MONTH, HIGH_MONTH + 2))


def _split(days: Array) -> tuple[Array, Array, Array]:
    """Return month index, day of the month and is-last-day of a column of days."""
    if not days.size:
        return days, days, days.astype(bool)
    position = days - LOW
    low, high = int(days.min()), int(days.max())
    if low < LOW or high >= HIGH:
        beyond = days >= HIGH
        if low < LOW or bool((days[beyond] != NEVER_DAY).any()):
            return _compute(days.astype(np.int64))
        position = np.minimum(position, HIGH - LOW)
    found = PACKED.take(position)
    return found >> 6, (found >> 1) & 31, (found & 1) != 0


def months_between_columns(start: Array, end: Array) -> Array:
    """Columns or single days, at least one a column -> int64 months."""
    start_month, start_day, _ = _parts(start)
    end_month, end_day, end_is_last = _parts(end)
    short = (end_day < start_day) & ~np.asarray(end_is_last)
    return np.subtract(end_month, start_month, dtype=np.int64) - short


def calendar_months_columns(start: Array, end: Array) -> Array:
    """Columns or single days, at least one a column -> int64 months."""
    return np.subtract(_parts(end)[0], _parts(start)[0], dtype=np.int64)


def add_months_columns(day: Array, months: Array) -> Array:
    """Columns or single values, at least one a column -> int64 days."""
    month, in_month, _ = _parts(day)
    moved = np.add(month, months, dtype=np.int64)
    within = np.clip(moved, LOW_MONTH, HIGH_MONTH)
    start = STARTS.take(within - LOW_MONTH)
    length = STARTS.take(within + 1 - LOW_MONTH) - start
    result = start + np.minimum(in_month, length) - 1
    never = np.broadcast_to(np.asarray(day) >= NEVER_DAY, result.shape)
    far = (moved != within) & ~never
    if bool(far.any()):
        pairs = zip(np.broadcast_to(day, far.shape)[far].tolist(), np.broadcast_to(months, far.shape)[far].tolist(), strict=True)
        result[far] = [add_months(int(one), int(count)) for one, count in pairs]
    return np.where(never, NEVER_DAY, result)


def _parts(days: Array) -> tuple[Any, Any, Any]:
    return _split(days) if isinstance(days, np.ndarray) else month_index(int(days))
