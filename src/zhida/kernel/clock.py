"""What time it is. The demonstration city lives on a fixed day, so the day can be set from outside."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

HANGZHOU = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present moment, in UTC: the time of the wall clock, on the working day where that is set."""
    moment = datetime.now(HANGZHOU)
    fixed = os.environ.get("ZHIDA_TODAY", "")
    return (datetime.combine(date.fromisoformat(fixed), moment.timetz()) if fixed else moment).astimezone(UTC)


def today() -> date:
    """Return the working day: ``ZHIDA_TODAY`` (2025-11-05) where it is set, else the calendar's in Hangzhou."""
    fixed = os.environ.get("ZHIDA_TODAY", "")
    return date.fromisoformat(fixed) if fixed else now().astimezone(HANGZHOU).date()
