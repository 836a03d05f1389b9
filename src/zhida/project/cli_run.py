"""`zhida run`: a month decided by the law of any day on the facts as they were known on any day."""

from __future__ import annotations

import json
from typing import Any

import click

from zhida.kernel import clock
from zhida.kernel.money import format_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.project.options import DAY, MONTH, day_of


@click.command()
@click.option("--month", required=True, type=MONTH)
@click.option("--law-as-of", type=DAY, help="law published by this day  [default: today]")
@click.option("--known-on", type=DAY, help="facts delivered, corrected and merged by this day  [default: today]")
@click.option("--json", "as_json", is_flag=True)
@click.option("--quiet", is_flag=True)
def run(month: Month, law_as_of: Any, known_on: Any, as_json: bool, quiet: bool) -> None:
    """Decide a month, also one of long ago: the same month, law and day give the same decisions, to the fen, whenever they are asked for.

    Feeds are taken in by `zhida month`. A run back in time is kept beside the run that stands for the month and replaces nothing;
    `zhida policy arrears` compares the two.
    """
    from zhida.blocks.policies import api as policies
    from zhida.project import pipeline
    from zhida.project.cli import home, language, prepare_database
    from zhida.project.lock import alone_in

    with alone_in(home(), wait=True):
        prepare_database()
        made = pipeline.decide_as_of(month, day_of(law_as_of), day_of(known_on) or clock.today(), quiet)
        stands = policies.latest_run(month)
    told = {
        "run": made.id,
        "month": made.month,
        "law_as_of": str(made.law_as_of),
        "law": made.law_name,
        "known_on": str(made.known_on),
        "snapshot": made.snapshot_hash,
        "entitled": made.entitled,
        "not_entitled": made.not_entitled,
        "unknown": made.unknown,
        "entitled_fen": made.entitled_fen,
        "stands": made.id == stands.id,
        "decisions": policies.decisions_path(made.id),
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    which = (
        Text("为该月现行结论", "it stands for the month")
        if told["stands"]
        else Text(f"现行结论是核算 {stands.id}", f"run {stands.id} stands for the month")
    )
    yuan = format_yuan(made.entitled_fen)
    text = Text(
        f"核算 {made.id}：{made.month}，法规截至 {made.law_as_of}，事实截至 {made.known_on}；应享 {made.entitled:,} 项、{yuan} 元，"
        f"暂不能定 {made.unknown:,} 项；{which.zh}。",
        f"Run {made.id}: {made.month}, law as of {made.law_as_of}, facts as known on {made.known_on}; {made.entitled:,} entitled, "
        f"{yuan} yuan, {made.unknown:,} unknown; {which.en}.",
    )
    click.echo(text.in_language(language()))
