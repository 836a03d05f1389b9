"""Kinds of options that several commands take."""

from __future__ import annotations

from typing import Any

import click

from zhida.kernel.period import Month


class MonthType(click.ParamType):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        return value if isinstance(value, Month) else Month.parse(str(value))


MONTH = MonthType()
