"""`zhida tills`: programmes, lists, providers, tills, settlement, and tills played for a demonstration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import click

from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.project.options import DAY, MONTH, day_of


@click.group()
def tills() -> None:
    """Benefits by event: meals, rides and what else a till tells of."""
    from zhida.project.cli import prepare_database

    prepare_database()


@tills.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def install(files: tuple[Path, ...]) -> None:
    """Install programmes: FILES, or those that come with the house."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api

    for path in files or api.programme_files():
        programme = api.install_programme(SYSTEM, path)
        click.echo(f"{programme.code}  {programme.label.zh}  {programme.label.en}")


@tills.command()
@click.option("--month", type=MONTH, help="a month that was decided  [default: the newest]")
def lists(month: Month | None) -> None:
    """Make the lists of who may use each programme in a month, from that month's decisions and ages."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api

    for code, count in api.make_lists(SYSTEM, month).items():
        click.echo(f"{code}  {count:,}")


@tills.command()
def providers() -> None:
    """List the providers and their tills in use."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api

    for each in api.providers(SYSTEM):
        click.echo(f"{each.pk}  {each.kind}  {each.organisation_code}  {each.community}  {each.name_zh}  {each.till_count}")


@tills.command()
@click.argument("organisation")
@click.option("--kind", required=True)
@click.option("--zh", required=True, help="name in Chinese")
@click.option("--en", required=True, help="name in English")
@click.option("--community", required=True, type=int, help="12-digit code")
def register(organisation: str, kind: str, zh: str, en: str, community: int) -> None:
    """Register a provider by the unified social credit code of its ORGANISATION; print its number."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api

    click.echo(api.register_provider(SYSTEM, organisation, kind, Text(zh, en), community).pk)


@tills.command()
@click.argument("provider", type=int)
@click.option("--name", default="1", show_default=True)
@click.option("--until", required=True, type=DAY, help="the last day on which it may speak")
def make(provider: int, name: str, until: datetime) -> None:
    """Give PROVIDER another till; print its token, which nobody can read again."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api

    click.echo(api.make_till(SYSTEM, provider, name, until.date())[1])


@tills.command()
@click.argument("till", type=int)
def revoke(till: int) -> None:
    """Take the token of TILL back: from the next request on it is refused."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api

    api.revoke_till(SYSTEM, till)


@tills.command()
@click.option("--day", "wanted", type=DAY, help="[default: yesterday]")
def settle(wanted: datetime | None) -> None:
    """Close and settle a day, after every earlier one that is open, into a batch that an officer approves."""
    from datetime import timedelta

    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api
    from zhida.kernel import clock

    settled = api.settle_day(SYSTEM, day_of(wanted) or clock.today() - timedelta(days=1))
    rows = api.settlements(SYSTEM, settled.day)
    told = {"day": settled.day.isoformat(), "providers": len({row.provider_id for row in rows}), "batch": settled.batch_id}
    told |= {"payable_fen": sum(row.payable_fen for row in rows), "mismatches": len(api.mismatches(settled.day))}
    click.echo(json.dumps(told))


@tills.command()
@click.option("--url", help="a running server, as http://127.0.0.1:8000  [default: directly into the database]")
@click.option("--till", "token", help="with --url: the token of a canteen's till")
@click.option("--residents", "numbers", help="with --url: numbers of residents who eat, with commas between")
@click.option("--day", "wanted", type=DAY, help="the last day that is played  [default: today]")
@click.option("--community", type=int, help="where the first canteen stands  [default: the newest snapshot's first resident's]")
def simulate(url: str | None, token: str | None, numbers: str | None, wanted: datetime | None, community: int | None) -> None:
    """Play a few days at a few counters, or one day's meals at one till of a running server."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api
    from zhida.kernel import clock

    if url:
        if not token or not numbers:
            raise click.UsageError("--url needs --till and --residents")
        for answer in _post_meals(url, token, [int(number) for number in numbers.split(",")]):
            click.echo(json.dumps(answer, ensure_ascii=False))
        return
    last = day_of(wanted) or clock.today()
    made = api.demo_events(SYSTEM, last, community or _somewhere())
    click.echo(json.dumps(made.__dict__))


def _post_meals(url: str, token: str, residents: list[int]) -> Iterator[dict[str, Any]]:
    """Tell a server that each resident has eaten now; the keys are the same all day, so that once more changes nothing."""
    from zhida.kernel import clock

    noon = f"{clock.today().isoformat()}T00:00:01+08:00"
    meals = [
        {
            "key": f"sim-{clock.today():%y%m%d}-{number}",
            "programme": "canteen_meal",
            "resident_no": number,
            "happened_at": noon,
            "price_fen": 1500,
        }
        for number in residents
    ]
    for first in range(0, len(meals), 100):
        body = json.dumps({"events": meals[first : first + 100]}).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with urlopen(Request(f"{url.rstrip('/')}/api/till/events", body, headers), timeout=30) as response:
            yield from json.loads(response.read())["answers"]


def _somewhere() -> int:
    """Return the community of the first resident there is."""
    from zhida.blocks.access.api import SYSTEM, Purpose
    from zhida.blocks.records import api as records

    snapshot = records.newest_snapshot()
    (number,) = records.sample_residents(snapshot.hash, 1, 7)
    return records.resident_card(SYSTEM, Purpose.OPERATION, number).community
