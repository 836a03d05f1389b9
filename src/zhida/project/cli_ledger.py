"""`zhida pay close` and `zhida pay audit`: the daily close, and a year's books for its auditor."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from zhida.project.options import DAY, day_of


@click.command()
@click.option("--day", type=DAY, help="the last day to close  [default: today]")
def close(day: datetime | None) -> None:
    """Close the books of a day, after the ledger was found to agree with payments and envelopes."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api

    closed = api.close_day(SYSTEM, day_of(day))
    click.echo(f"{closed.day}  {closed.entries:,}  {closed.in_transit_fen}  {closed.close_hash}")


@click.command()
@click.option("--year", type=click.IntRange(2000, 2200), required=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="a folder; the same again continues in it")
@click.option("--format", "file_format", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--quiet", is_flag=True, help="no progress")
@click.pass_context
def audit(context: click.Context, year: int, out: Path, file_format: str, quiet: bool) -> None:
    """Write a year's books into a folder, recompute every posting from its payments, and say in one line whether all agrees."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api
    from zhida.kernel.progress import Progress

    result = api.audit_year(SYSTEM, year, out, Progress("payments", 1, quiet=quiet))
    click.echo(result.verdict.zh)
    click.echo(result.verdict.en)
    context.exit(1 if result.findings else 0)
