"""The command `zhida`. Errors are one sentence on stderr and a non-zero exit; long work shows progress."""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

import click

from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.period import Month
from zhida.project.cli_cases import cases
from zhida.project.cli_catalogue import catalogue
from zhida.project.cli_life_event import life_event
from zhida.project.cli_notices import notices
from zhida.project.cli_observe import observe
from zhida.project.cli_payments import pay
from zhida.project.cli_policy import policy
from zhida.project.cli_run import run
from zhida.project.cli_simulate import simulate
from zhida.project.cli_spark import spark
from zhida.project.cli_tills import tills
from zhida.project.options import MONTH

# The day the demonstration lives on: its month has just ended.
DEMO_TODAY = "2025-11-05"


def language() -> str:
    """Return zh or en, by the reader's locale."""
    wanted = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if wanted.startswith("zh") else "en"


def start_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhida.project.settings")
    import django

    django.setup()


def prepare_database() -> None:
    """Bring the database up to date; the demonstration and every command that writes call it."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def home() -> Path:
    from django.conf import settings

    return Path(settings.HOME)


@click.group()
def cli() -> None:
    """Zhida (直达): facts in, rules over them, delivery to residents, evaluation against the plan."""
    start_django()


cli.add_command(cases)
cli.add_command(catalogue)
cli.add_command(life_event)
cli.add_command(notices)
cli.add_command(observe)
cli.add_command(pay)
cli.add_command(policy)
cli.add_command(run)
cli.add_command(simulate)
cli.add_command(spark)
cli.add_command(tills)


@cli.group()
def city() -> None:
    """The synthetic city that departments would describe."""


@city.command("build")
@click.option("--residents", default=60_000, show_default=True, type=click.IntRange(min=2_000))
@click.option("--seed", default=7, show_default=True)
@click.option("--month", default="2025-10", show_default=True, type=MONTH)
@click.option("--out", type=click.Path(path_type=Path), help="folder for feeds/ and truth/  [default: ZHIDA_HOME]")
@click.option("--truth", type=click.Choice(["full", "defects"]), default="full", show_default=True)
@click.option("--quiet", is_flag=True)
def city_build(residents: int, seed: int, month: Month, out: Path | None, truth: str, quiet: bool) -> None:
    """Write the feeds of a month, with the dirt real ones have, and the truth beside them."""
    from zhida.city import api
    from zhida.kernel.progress import Progress

    report = api.build_city(out or home(), residents, seed, month, truth=truth, progress=partial(Progress, quiet=quiet))
    click.echo(report.as_table())


@cli.command()
@click.option("--feeds", type=click.Path(path_type=Path), help="folder of the month's files  [default: ZHIDA_HOME/feeds/MONTH]")
@click.option("--month", required=True, type=MONTH)
@click.option("--stop-after", type=click.Choice(["receive", "decide", "pay"]), default="pay", show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.option("--quiet", is_flag=True)
def month(feeds: Path | None, month: Month, stop_after: str, as_json: bool, quiet: bool) -> None:
    """From a month's feeds to instructed payments: receive, link, freeze, decide, prepare, approve, release; then count its casework."""
    from zhida.blocks.policies import api as policies
    from zhida.blocks.records import api as records
    from zhida.project import pipeline
    from zhida.project.budget import cover
    from zhida.project.lock import alone_in
    from zhida.project.measure import PeakMemory, Stages

    stages, told = Stages(), {}
    with alone_in(home(), wait=True), PeakMemory() as peak:
        prepare_database()
        deliveries = pipeline.take_in(stages, feeds or home() / "feeds" / month.text, quiet)
        told |= {"rows_received": sum(d.rows_received for d in deliveries), "rows_quarantined": sum(d.rows_quarantined for d in deliveries)}
        if stop_after != "receive":
            run = pipeline.decide(stages, month, clock.today(), quiet)
            told |= {"entitled": run.entitled, "unknown": run.unknown, "run": run.id, "decisions": policies.decisions_path(run.id)}
            told |= {"snapshot": str(records.snapshot_path(run.snapshot_hash))}
        if stop_after == "pay":
            cover(run.id, month.year)
            batch = pipeline.instruct(stages, run, quiet)
            told |= {"instructed": batch.count if batch else 0, "instructed_fen": batch.amount_fen if batch else 0}
            (counted,) = pipeline.count_casework(stages, [month])
            told |= {"cases_done": counted.done, "cases_rated": counted.ratings}
    told |= {"seconds": stages.seconds, "total_s": round(sum(stages.seconds.values()), 2), "peak_mb": round(peak.mib)}
    click.echo(json.dumps(told) if as_json else "\n".join(f"{key}: {value}" for key, value in told.items()))


@cli.command()
@click.option("--residents", default=60_000, show_default=True, type=click.IntRange(min=2_000))
@click.option("--seed", default=7, show_default=True)
@click.option("--no-serve", is_flag=True, help="stop when the month is paid")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object as the last line")
@click.option("--port", default=8000, show_default=True)
@click.option("--fresh", is_flag=True, help="remove the last demonstration first")
@click.option("--quiet", is_flag=True)
def demo(residents: int, seed: int, no_serve: bool, as_json: bool, port: int, fresh: bool, quiet: bool) -> None:
    """A demo city from feeds to paid residents, then three faces in the browser."""
    from zhida.project import demo as demonstration

    if fresh:
        demonstration.reset(home())
    figures = demonstration.Demo(home(), residents, seed, demonstration.DEMO_MONTH, quiet).run()
    for line in demonstration.say(figures, demonstration.DEMO_MONTH, language()):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(figures))
    if not no_serve:
        serve_forever(port)


@cli.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True)
def serve(port: int, workers: int) -> None:
    """Serve the three faces on loopback."""
    prepare_database()
    serve_forever(port, workers)


def serve_forever(port: int, workers: int = 2) -> None:
    """Replace this process by gunicorn: the faces on 127.0.0.1."""
    click.echo(f"Zhida 直达 → http://127.0.0.1:{port}    (Ctrl-C stops it; make start serves it again)", err=True)
    sys.stdout.flush()
    arguments = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", "4", "--log-level", "warning", "--preload"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments, "zhida.project.wsgi:application"])


@cli.command()
@click.option("--residents", default=60_000, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--keep", is_flag=True, help="keep the folder that was measured in")
def bench(residents: int, seed: int, keep: bool) -> None:
    """Measure building the city, a month's job, and the resident's list under load: one JSON object."""
    from zhida.project import bench as benchmark

    click.echo(json.dumps(benchmark.measure(residents, seed, keep)))


@cli.group()
def audit() -> None:
    """The audit log."""


@audit.command("verify")
def audit_verify() -> None:
    """Recompute the hash chain of the audit log."""
    from zhida.blocks.access.api import verify_audit_log

    click.echo(f"{verify_audit_log():,} entries, unbroken.")


def main() -> None:
    """Run a command; turn what Zhida reports into one sentence and exit 1, Ctrl-C into a word and exit 130."""
    os.environ.setdefault("ZHIDA_DEMO", "1" if len(sys.argv) > 1 and sys.argv[1] in ("demo", "bench") else "")
    if os.environ.get("ZHIDA_DEMO") == "1":
        os.environ.setdefault("ZHIDA_TODAY", DEMO_TODAY)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    try:
        cli.main(standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        sys.exit(_told(error))


def _told(error: BaseException) -> int:
    """Say in one sentence why a command ended and return its exit status; raise again what is our own mistake."""
    if _STOPPED:
        # A library that is interrupted in the middle of its work reports that as a mistake of its own.
        stopped = {"zh": "已停下；再运行同一命令会接着做。", "en": "Stopped. Run the same command again and it carries on where it stood."}
        click.echo("\n" + stopped[language()], err=True)
        return 130
    if isinstance(error, ZhidaError):
        click.echo(error.text.in_language(language()), err=True)
        return 1
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    raise error


_STOPPED: list[int] = []


def _stop(number: int, _: object) -> None:
    """Remember Ctrl-C, and stop."""
    _STOPPED.append(number)
    raise KeyboardInterrupt
