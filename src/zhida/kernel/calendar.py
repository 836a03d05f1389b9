"""Working days of China: with the public holidays and the weekends that make up for them. Banks and public offices keep the same ones.

The calendar knows the years that the State Council has published (chinesecalendar: 2004 to 2026). Outside them Monday to Friday
count as working days, so a day may then be named a few days too early around a holiday (decision 0027).
"""

from __future__ import annotations

from datetime import date, timedelta

from chinese_calendar import is_workday

_ONE = timedelta(days=1)


def is_working_day(day: date) -> bool:
    """Say whether banks and public offices work on a day.

    >>> is_working_day(date(2025, 10, 8)), is_working_day(date(2025, 10, 11)), is_working_day(date(2031, 10, 1))
    (False, True, True)
    """
    try:
        return bool(is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def working_days_after(day: date, count: int) -> date:
    """Return the day that is so many working days after another.

    >>> working_days_after(date(2025, 9, 30), 2), working_days_after(date(2025, 11, 7), 1)
    (datetime.date(2025, 10, 10), datetime.date(2025, 11, 10))
    """
    while count:
        day += _ONE
        count -= is_working_day(day)
    return day


def working_days_before(day: date, count: int) -> date:
    """Return the last day from which ``count`` whole working days have passed by ``day``.

    >>> working_days_before(date(2025, 10, 10), 2)
    datetime.date(2025, 10, 8)
    """
    while count:
        count -= is_working_day(day)
        day -= _ONE
    return day
