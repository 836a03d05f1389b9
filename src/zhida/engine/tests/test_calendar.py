"""Months and years between dates, one by one and in columns, against their definition."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhida.engine.calendar import add_months, add_months_columns, day_of, months_between, months_between_columns
from zhida.kernel.period import NEVER, days_since_epoch

DAYS = st.dates(date(1890, 1, 1), date(2119, 12, 31)).map(days_since_epoch)
ANY_DAY = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(days_since_epoch)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2025, 1, 31), date(2025, 2, 28), 1),
        (date(2025, 1, 31), date(2025, 2, 27), 0),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2024, 2, 29), date(2028, 2, 28), 47),
        (date(2024, 2, 29), date(2028, 2, 29), 48),
        (date(2025, 3, 15), date(2025, 3, 14), -1),
        (date(2025, 3, 15), date(2025, 3, 15), 0),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last_of_a_shorter_month(start: date, end: date, months: int) -> None:
    assert months_between(days_since_epoch(start), days_since_epoch(end)) == months


def test_never_stays_never_and_dates_do_not_leave_the_calendar() -> None:
    never = days_since_epoch(NEVER)
    assert add_months(never, -12) == never
    assert day_of(add_months(days_since_epoch(date(9999, 6, 30)), 8)) == NEVER


@given(DAYS, DAYS)
def test_months_between_is_the_most_months_that_fit(start: int, end: int) -> None:
    months = months_between(start, end)
    assert add_months(start, months) <= end < add_months(start, months + 1)


@given(st.lists(st.tuples(ANY_DAY | DAYS, ANY_DAY | DAYS), min_size=1), st.integers(-2000, 2000))
def test_columns_and_single_days_agree(pairs: list[tuple[int, int]], months: int) -> None:
    starts, ends = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    assert months_between_columns(starts, ends).tolist() == [months_between(a, b) for a, b in pairs]
    assert months_between_columns(starts, pairs[0][1]).tolist() == [months_between(a, pairs[0][1]) for a, _ in pairs]
    assert add_months_columns(starts, months).tolist() == [add_months(a, months) for a, _ in pairs]
    assert add_months_columns(pairs[0][0], ends - starts).tolist() == [add_months(pairs[0][0], b - a) for a, b in pairs]
