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
    start_month, start_day, _ = month_index(start)
    end_month, end_day, end_is_last = month_index(end)
    return end_month - start_month - (end_day < start_day and not end_is_last)


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


# ---- columns: a table of the days that residents' lives and laws fall on; any other day is computed -----------------------------------

_LOW, _HIGH = days_since_epoch(date(1880, 1, 1)), days_since_epoch(date(2120, 1, 1))
_days = np.arange(_LOW, _HIGH, dtype=np.int64)


def _split(days: Array) -> tuple[Array, Array, Array]:
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    in_month = (days - months.astype("datetime64[D]").astype(np.int64) + 1).astype(np.int32)
    is_last = (days + 1).astype("datetime64[D]").astype("datetime64[M]") != months
    return (months.astype(np.int64) + 1970 * 12).astype(np.int32), in_month, is_last


_MONTHS, _DAYS, _LAST = _split(_days)


def split_days(days: Array) -> tuple[Array, Array, Array]:
    """Return month index, day of the month and is-last-day of a column of days."""
    if days.size and (days.min() < _LOW or days.max() >= _HIGH):
        return _split(days.astype(np.int64))
    position = days - _LOW
    return _MONTHS.take(position), _DAYS.take(position), _LAST.take(position)


def months_between_columns(start: Array, end: Array) -> Array:
    """Columns or single days, at least one a column -> int64 months."""
    start_month, start_day, _ = _parts(start)
    end_month, end_day, end_is_last = _parts(end)
    short = (end_day < start_day) & ~np.asarray(end_is_last)
    return np.asarray(end_month - start_month, dtype=np.int64) - short


def add_months_columns(day: Array, months: Array) -> Array:
    """Columns or single values, at least one a column -> int64 days."""
    month, in_month, _ = _parts(day)
    moved = np.asarray(month, dtype=np.int64) + months
    target = np.clip(moved, 1970 * 12 - 24000, _LAST_MONTH)
    start = _month_start(target)
    length = _month_start(target + 1) - start
    result = start + np.minimum(in_month, length) - 1
    result = np.where((np.asarray(day) >= NEVER_DAY) | (moved > _LAST_MONTH), NEVER_DAY, result)
    return np.where(moved < _FIRST_MONTH, _FIRST_DAY, result)


def _month_start(months: Array) -> Array:
    return (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _parts(days: Array) -> tuple[Any, Any, Any]:
    return split_days(days) if isinstance(days, np.ndarray) else month_index(int(days))
