"""`zhida pay recompute`: months that were paid are decided again by a newer law or better facts, and only the differences are paid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import click

from zhida.kernel import clock
from zhida.kernel.money import format_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.project.options import DAY, MONTH, day_of


@dataclass(frozen=True)
class Recomputed:
    """What deciding a month again changes for its payees. batch: what was prepared, None where nothing was."""

    month: str
    run: int
    paid_run: int
    arrears: int
    arrears_fen: int
    overpaid: int
    overpaid_fen: int
    unknown: int
    unknown_fen: int
    batch: int | None


@click.command()
@click.option("--since", required=True, type=MONTH, help="the first month to look at")
@click.option("--until", type=MONTH, help="the last one  [default: the newest that was paid]")
@click.option("--law-as-of", type=DAY, help="law published by this day  [default: today]")
@click.option("--known-on", type=DAY, help="facts delivered, corrected and merged by this day  [default: today]")
@click.option("--dry-run", is_flag=True, help="show the differences; prepare nothing")
@click.option("--json", "as_json", is_flag=True)
@click.option("--quiet", is_flag=True)
def recompute(since: Month, until: Month | None, law_as_of: Any, known_on: Any, dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Decide paid months again and prepare a batch of each month's differences.

    Arrears wait in their batch for a second officer like every payment; what was paid too much is on the list of overpayments;
    what is unknown now takes nothing back. Months that nothing was ever paid for are left alone. The same command again finds
    what is done already and changes nothing.
    """
    from zhida.project.cli import home, language, prepare_database
    from zhida.project.lock import alone_in

    with alone_in(home(), wait=True):
        prepare_database()
        found = list(recomputed(since, until, day_of(law_as_of), day_of(known_on) or clock.today(), dry_run, quiet))
    if as_json:
        click.echo(json.dumps([asdict(month) for month in found]))
        return
    for month in found:
        click.echo(_told(month).in_language(language()))
    if not found:
        click.echo(Text("没有一个月的发放因此改变。", "No month's payments change.").in_language(language()))


def recomputed(
    since: Month, until: Month | None, law_as_of: date | None, known_on: date, dry_run: bool = False, quiet: bool = True
) -> Iterator[Recomputed]:
    """Yield the paid months whose decisions differ, each with what was prepared for it. One that was killed goes on where it stopped."""
    from zhida.blocks.payments import api as payments
    from zhida.blocks.policies import api as policies
    from zhida.project import pipeline

    for month, paid_run in touched_months(since, until):
        run = pipeline.decide_as_of(month, law_as_of, known_on, quiet)
        with policies.payee_differences(pipeline.MAKER, run.id, paid_run) as differences:
            totals = differences.totals()
        sums = [sum(getattr(total, name) for total in totals) for name in _SUMS]
        # Payments compare with what was instructed, so a batch that was refused, or never made because of a kill, is made now.
        made = None if dry_run or pipeline.batch_of(run) else payments.prepare_batch(pipeline.MAKER, run.id)
        batch = made.id if made else None
        if batch or any(sums[place] for place in (0, 2, 4)):
            yield Recomputed(month.text, run.id, paid_run, sums[0], sums[1], sums[2], -sums[3], sums[4], sums[5], batch)


_SUMS = ("arrears", "arrears_fen", "recoveries", "recovery_fen", "undecided", "held_fen")


def touched_months(since: Month, until: Month | None = None) -> list[tuple[Month, int]]:
    """List the months that were paid, from the first asked for on, each with the run whose decisions its payments stand for."""
    from zhida.blocks.payments import api as payments

    paid = sorted((Month.parse(month), run_id) for month, run_id in payments.paid_runs().items())
    return [(month, run_id) for month, run_id in paid if since <= month and (until is None or month <= until)]


def _told(month: Recomputed) -> Text:
    due, back, held = (format_yuan(fen) for fen in (month.arrears_fen, month.overpaid_fen, month.unknown_fen))
    batch = Text(f"批次 {month.batch}", f"batch {month.batch}") if month.batch else Text("没有新的批次", "no new batch")
    return Text(
        f"{month.month}：补发 {month.arrears:,} 笔 {due} 元；多发 {month.overpaid:,} 笔 {back} 元；"
        f"事实不全、不追回 {month.unknown:,} 笔（已发 {held} 元）；{batch.zh}（核算 {month.run} 对 {month.paid_run}）",
        f"{month.month}: {month.arrears:,} arrears, {due} yuan; {month.overpaid:,} overpaid, {back} yuan; "
        f"{month.unknown:,} unknown, nothing taken back ({held} yuan was paid); {batch.en} (run {month.run} against {month.paid_run})",
    )
