"""`zhida observe`: what the cockpit shows of a month, counted once it is decided and the bank has answered."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text
from zhida.project.options import MONTH


@click.command()
@click.option("--month", required=True, type=MONTH)
@click.option("--json", "as_json", is_flag=True)
@click.option("--quiet", is_flag=True)
def observe(month: Month, as_json: bool, quiet: bool) -> None:
    """Count a month's people, money and casework for the cockpit, in place of what was counted before."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.indicators import api as indicators
    from zhida.project.cli import home, language, prepare_database
    from zhida.project.lock import alone_in

    progress = Progress("observe", 2, quiet)
    with alone_in(home(), wait=True):
        prepare_database()
        figures = indicators.observe_month(SYSTEM, month)
        progress.step(note="people and money")
        casework = indicators.observe_casework(SYSTEM, month)
        progress.step(note="casework")
    if as_json:
        click.echo(json.dumps({"month": month.text, "observations": figures, "casework": asdict(casework)}))
        return
    text = Text(
        f"{month.text}：人和钱的指标 {figures:,} 项，办件指标 {casework.observations:,} 项。",
        f"{month.text}: {figures:,} figures of people and money, {casework.observations:,} of casework.",
    )
    click.echo(text.in_language(language()))
