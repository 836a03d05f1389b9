"""`zhida notices`: sending what residents are to be told, and how far that is."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import click

from zhida.kernel.progress import Progress
from zhida.kernel.text import Text

# After so long without anything due, a watching worker looks again.
WATCH_S = 10


@click.group()
def notices() -> None:
    """Messages to residents: e-mail, text messages, the inbox."""


@notices.command()
@click.option("--watch", is_flag=True, help="go on until stopped; several may run at once")
@click.option("--every", default=WATCH_S, show_default=True, type=click.IntRange(min=1), help="seconds between looks, with --watch")
@click.option("--limit", type=click.IntRange(min=1), help="send at most so many")
@click.option("--json", "as_json", is_flag=True)
@click.option("--quiet", is_flag=True)
def deliver(watch: bool, every: int, limit: int | None, as_json: bool, quiet: bool) -> None:
    """Send what is due through ZHIDA_SMTP and ZHIDA_SMS_URL; in the demonstration, into the folder outbox.

    Exit status 1 where a channel could not be used.
    """
    from zhida.blocks.notices import api
    from zhida.project.cli import prepare_database

    prepare_database()
    while True:
        done = api.deliver(Progress("notices", 1, quiet or watch), limit)
        if done.total or done.stopped or not watch:
            _say(done, as_json)
        if not watch:
            break
        time.sleep(every)
    if done.stopped:
        raise SystemExit(1)


def _say(done: Any, as_json: bool) -> None:
    """Tell what one call did."""
    from zhida.project.cli import language

    told = {"sent": done.sent, "later": done.later, "failed": done.failed, "given_up": done.given_up}
    if as_json:
        click.echo(json.dumps({**told, "stopped": {channel: text.en for channel, text in done.stopped.items()}}))
        return
    text = Text(
        f"发出 {done.sent:,} 条，稍后再试 {done.later:,} 条，无法送达 {done.failed + done.given_up:,} 条。",
        f"{done.sent:,} sent, {done.later:,} to be tried again, {done.failed + done.given_up:,} could not be delivered.",
    )
    click.echo(text.in_language(language()))
    for why in done.stopped.values():
        click.echo(why.in_language(language()), err=True)


@notices.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_notices(as_json: bool) -> None:
    """How many notices of each kind stand where: waiting, sent, failed, given up, known to their reader."""
    from zhida.blocks.notices import api
    from zhida.project.cli import language, prepare_database

    prepare_database()
    rows = api.delivery_counts()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        labels = api.templates()[row.kind].label, api.CHANNEL_TEXT[row.channel], api.STATE_TEXT[row.state]
        click.echo("  ".join([f"{row.count:>10,}", *(label.in_language(language()) for label in labels)]))
    if not rows:
        click.echo(Text("没有要送达的通知。", "There is no notice to deliver.").in_language(language()))
