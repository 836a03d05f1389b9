"""Kinds of options that several commands take."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from zhida.kernel.period import Month


class MonthType(click.ParamType):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        return value if isinstance(value, Month) else Month.parse(str(value))


MONTH = MonthType()
DAY = click.DateTime(["%Y-%m-%d"])


def day_of(value: datetime | None) -> date | None:
    """Return what a DAY option holds."""
    return value.date() if value is not None else None
