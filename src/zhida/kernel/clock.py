"""What time it is. The demonstration city lives on a fixed day, so the day can be set from outside."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the working day: ``ZHIDA_TODAY`` (2025-11-05) where it is set, else the calendar's."""
    fixed = os.environ.get("ZHIDA_TODAY", "")
    return date.fromisoformat(fixed) if fixed else now().date()
