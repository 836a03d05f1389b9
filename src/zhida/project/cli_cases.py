"""`zhida cases`: the daily work on joint cases that no officer's click does: find, work, supervise, hand over, pay, observe."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text
from zhida.project.options import MONTH

# After so long without anything due, a worker looks again.
WATCH_S = 5
# What a worker does before it looks whether its time is over.
AT_ONCE = 200
as_json_option = click.option("--json", "as_json", is_flag=True)
quiet_option = click.option("--quiet", is_flag=True)


@click.group()
def cases() -> None:
    """Joint cases: what the feeds know, what systems are told, who is late, what goes to registers and to payments."""
    from zhida.project.cli import prepare_database

    prepare_database()


@cases.command()
@click.argument("events", nargs=-1)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="first day of events that count; by default as far back as each says")
@click.option("--limit", type=click.IntRange(min=1), help="open at most so many of each event")
@as_json_option
@quiet_option
def find(events: tuple[str, ...], since: datetime | None, limit: int | None, as_json: bool, quiet: bool) -> None:
    """Open a case for each event that the feeds tell of; one that has a case is left alone. EVENTS: by default all."""
    from zhida.blocks.cases import api

    wanted = [api.life_event(key).key for key in events] or [key for key, each in api.life_events().items() if each.feed]
    progress, since_day = Progress("cases found", len(wanted), quiet), since.date() if since else None
    found = []
    for key in wanted:
        found += api.find_cases([key], limit, since_day)
        progress.step(note=key)
    rows = [asdict(each) for each in found]
    lines = [
        Text(
            f"{each.event}：登记 {each.rows:,} 件，新开 {each.opened:,} 件，略过 {each.passed:,} 件，登记已收回 {each.gone:,} 件。",
            f"{each.event}: {each.rows:,} in the feeds, {each.opened:,} opened, {each.passed:,} passed over, {each.gone:,} taken back.",
        )
        for each in found
    ]
    _say(as_json, rows, *lines)


@cases.command()
@click.option("--once", is_flag=True, help="do what is due now and end; this is so without --seconds too")
@click.option("--seconds", type=click.FloatRange(min=0), help="go on for so long, looking again every few seconds; several may run at once")
@as_json_option
@quiet_option
def work(once: bool, seconds: float | None, as_json: bool, quiet: bool) -> None:
    """Send what departments' systems are to be told, again where they were down, and let deadlines of processes take effect.

    Exit status 1 where a system did not take something; it is asked again by itself, or an officer is told.
    """
    from zhida.blocks.cases import api

    until = time.monotonic() + (0 if once or seconds is None else seconds)
    total, progress = api.Worked(), Progress("cases", 1, quiet)
    while True:
        done = api.work(limit=AT_ONCE)
        for name, count in asdict(done).items():
            setattr(total, name, getattr(total, name) + count)
        if sum(asdict(done).values()):
            progress.total += 1
            progress.step(note=f"{total.sent} sent")
            continue
        if time.monotonic() >= until:
            break
        time.sleep(min(WATCH_S, max(0.0, until - time.monotonic())))
    _say(as_json, asdict(total), Text(
        f"送达部门系统 {total.sent:,} 件，撤回 {total.withdrawn:,} 件，未成功 {total.failed:,} 件，到时继续 {total.woken:,} 件。",
        f"{total.sent:,} told to systems, {total.withdrawn:,} taken back, {total.failed:,} not taken, {total.woken:,} woken by a deadline.",
    ))  # fmt: skip
    if total.failed:
        raise SystemExit(1)


@cases.command()
@as_json_option
def supervise(as_json: bool) -> None:
    """Remind officers of what is nearly late, bring what is late to captains, let unanswered finds lapse; once a day is enough."""
    from zhida.blocks.cases import api

    done = api.supervise()
    _say(as_json, asdict(done), Text(
        f"黄灯 {done.yellow:,} 件，红灯 {done.red:,} 件；提醒 {done.reminded:,} 件，上报 {done.told:,} 件，逾期未确认 {done.lapsed:,} 件。",
        f"{done.yellow:,} yellow, {done.red:,} red; {done.reminded:,} reminders, {done.told:,} told captains, {done.lapsed:,} lapsed.",
    ))  # fmt: skip


@cases.command()
@as_json_option
def desks(as_json: bool) -> None:
    """Name the departments that life events give items to and that have nobody in a district: to do them, or to answer for them.

    Exit status 1 where one is missing.
    """
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.cases import api
    from zhida.blocks.places import api as places

    found = api.empty_desks(SYSTEM)
    lines = []
    for each in found:
        name, place = api.department_text(each.department), places.area(each.area).name
        lines.append(
            Text(
                f"{place.zh}，{name.zh}：{each.desks} 个窗口，{each.without_officer} 个没有经办人，{each.without_head} 个没有负责人。",
                f"{place.en}, {name.en}: {each.desks} desks, {each.without_officer} where nobody does items, "
                f"{each.without_head} without a head.",
            )
        )
    _say(as_json, [asdict(each) for each in found], *lines or [Text("每个窗口都有人。", "Somebody sits at every desk.")])
    if found:
        raise SystemExit(1)


@cases.command("hand-over")
@as_json_option
@quiet_option
def hand_over(as_json: bool, quiet: bool) -> None:
    """Put the rows that cases made in force in their registers, and take back those of cases that were undone.

    Exit status 1 where a contract refuses a row; its desk sees why.
    """
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.cases import api

    done = api.hand_over_records(SYSTEM, Progress("registers", 1, quiet))
    left = done.left_to_departments
    _say(as_json, asdict(done), Text(
        f"写入登记册 {done.added:,} 行，收回 {done.withdrawn:,} 行，退回经办 {done.refused:,} 行，须部门更正 {left:,} 行。",
        f"{done.added:,} rows in force, {done.withdrawn:,} taken back, {done.refused:,} refused, {left:,} left to departments.",
    ))  # fmt: skip
    if done.refused:
        raise SystemExit(1)


@cases.command()
@as_json_option
def pay(as_json: bool) -> None:
    """Make a batch of what cases found due; payment officers check, approve and send it like any other."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.cases import api
    from zhida.kernel.money import format_yuan

    made = api.prepare_case_payments(SYSTEM)
    again = f"；撤销批次 {len(made.cancelled)} 个后重做" if made.cancelled else ""
    again_en = f"; {len(made.cancelled)} batches cancelled and made again" if made.cancelled else ""
    batch, yuan = made.batch_id or "–", format_yuan(made.amount_fen)
    _say(as_json, asdict(made), Text(
        f"应付 {made.count:,} 笔，{yuan} 元，批次 {batch}{again}；须追回 {made.to_recover:,} 笔。",
        f"{made.count:,} due, {yuan} yuan, batch {batch}{again_en}; {made.to_recover:,} to be brought back.",
    ))  # fmt: skip


@cases.command()
@click.option("--month", "months", type=MONTH, multiple=True, help="may be given several times  [default: the last one and this one]")
@as_json_option
@quiet_option
def observe(months: tuple[Month, ...], as_json: bool, quiet: bool) -> None:
    """Count a month's cases, ratings and appeals for the cockpit. A month counted again is replaced whole, where anything differs.

    One that is not over yet is counted as far as it went.
    """
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.indicators import api as indicators

    this = Month.of(clock.today())
    wanted = months or (this.previous, this)
    progress, counted = Progress("casework", len(wanted), quiet), []
    for month in wanted:
        counted.append(indicators.observe_casework(SYSTEM, month))
        progress.step(note=month.text)
    _say(as_json, [asdict(each) for each in counted], *(_counted_text(each) for each in counted))


def _counted_text(each: Any) -> Text:
    so_far = Text("" if each.is_whole else "（未满月）", "" if each.is_whole else " (so far)")
    told = Text("指标已更新" if each.is_changed else "与上次相同", "figures replaced" if each.is_changed else "nothing differs")
    return Text(
        f"{each.month}{so_far.zh}：立案 {each.opened:,} 件，办结 {each.done:,} 件，评价 {each.ratings:,} 条；"
        f"指标 {each.observations:,} 项，人数太少不显示 {each.withheld:,} 项；{told.zh}。",
        f"{each.month}{so_far.en}: {each.opened:,} opened, {each.done:,} done, {each.ratings:,} ratings; {each.observations:,} figures, "
        f"{each.withheld:,} too small to show; {told.en}.",
    )


def _say(as_json: bool, told: Any, *lines: Text) -> None:
    from zhida.project.cli import language

    if as_json:
        click.echo(json.dumps(told))
        return
    for line in lines:
        click.echo(line.in_language(language()))
