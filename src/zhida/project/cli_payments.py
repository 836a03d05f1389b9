"""`zhida pay`: who must sign, who bears what, and what else an office does with payments at the command line."""

from __future__ import annotations

from datetime import datetime

import click

from zhida.project.cli_ledger import audit, close
from zhida.project.cli_recompute import recompute
from zhida.project.options import DAY


@click.group()
def pay() -> None:
    """Payments: signatures, shares, budgets, the bank and the ledger."""
    from zhida.project.cli import prepare_database

    prepare_database()


pay.add_command(audit)
pay.add_command(close)
pay.add_command(recompute)


@pay.command()
@click.option("--quiet", is_flag=True)
def exchange(quiet: bool) -> None:
    """Send what waits for the bank, fetch its answers and take them in; ZHIDA_BANK says where the bank is."""
    import os

    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api
    from zhida.kernel.progress import Progress

    channel = api.channel_from(os.environ.get("ZHIDA_BANK", ""))
    if channel is None:
        raise click.ClickException("No bank is connected. Set ZHIDA_BANK to drop:<folder> or sftp://…, as docs/operations.md says.")
    done = api.exchange(SYSTEM, channel, Progress("answers", 1, quiet=quiet))
    for problem in done.problems:
        click.echo(str(problem), err=True)
    applied, problems = sum(file.applied for file in done.files), sum(file.problem_count for file in done.files)
    click.echo(f"{len(done.sent)} files sent, {len(done.files)} taken in: {applied} answers applied, {problems} rows need a person.")
    if done.problems:
        raise SystemExit(1)


@pay.command()
@click.option("--set", "wanted", multiple=True, metavar="YUAN:CHECKERS", help="from so many yuan on so many checkers; give all of them")
def limits(wanted: tuple[str, ...]) -> None:
    """Show from which sum on a batch needs how many checkers, or set that for batches prepared from now on."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api
    from zhida.kernel.money import format_yuan, parse_yuan

    if wanted:
        pairs = [one.partition(":") for one in wanted]
        if not all(checkers.isdigit() for _, _, checkers in pairs):
            raise click.BadParameter("write YUAN:CHECKERS, as 10000000:2", param_hint="--set")
        api.set_approval_limits(SYSTEM, [(parse_yuan(yuan), int(checkers)) for yuan, _, checkers in pairs])
    for from_fen, checkers in api.approval_limits():
        click.echo(f"{format_yuan(from_fen):>20} yuan  {checkers}")


@pay.command()
def shares() -> None:
    """List who bears which benefit since when, in percent of central, province, city and district, and by which document."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api

    for row in api.cost_shares(SYSTEM):
        parts = " ".join(f"{points / 100:6.2f}" for points in (row.central_bp, row.province_bp, row.city_bp, row.district_bp))
        click.echo(f"{row.benefit or '(all others)':<28} {row.valid_from}  {parts}  {row.source}")


@pay.command()
@click.argument("benefit")
@click.option("--from", "begin", required=True, type=DAY, help="the first day")
@click.option("--percent", required=True, nargs=4, type=float, metavar="CENTRAL PROVINCE CITY DISTRICT")
@click.option("--source", required=True, help="the document that says so")
def share(benefit: str, begin: datetime, percent: tuple[float, float, float, float], source: str) -> None:
    """Say who bears BENEFIT from a day on ("" for all that have no shares of their own)."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api

    central, province, city, district = (round(part * 100) for part in percent)
    api.set_cost_share(SYSTEM, benefit, begin.date(), (central, province, city, district), source)


@pay.command()
@click.option("--year", type=int, help="[default: this year]")
def forecast(year: int | None) -> None:
    """Print each envelope with what it will have given out by the year's end (low, middle, high) and the month it runs out."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api
    from zhida.kernel import clock
    from zhida.kernel.money import format_yuan

    year = year or clock.today().year
    committed = api.committed_by_month(SYSTEM, year)
    for row in api.budgets(SYSTEM, year):
        told = api.forecast(row.amount_fen, committed.get((row.benefit, row.level, row.area_code), {}))
        expected = " ".join(f"{format_yuan(fen):>18}" for fen in told.year_fen) if told else "no payments yet"
        end = f"  runs out in {year}-{told.runs_out:02d}" if told and told.runs_out else ""
        click.echo(f"{row.benefit:<28} {row.level:<8} {row.area_code or '':>6} {format_yuan(row.amount_fen):>18} {expected}{end}")


@pay.command()
def chase() -> None:
    """Put what the bank has not answered in time on the work list, and take back cash that nobody fetched. For every night."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.payments import api as payments

    click.echo(f"{payments.chase(SYSTEM)} payments are late")
