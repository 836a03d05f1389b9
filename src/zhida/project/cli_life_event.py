"""`zhida life-event …`: check, try, copy, draw and simulate the declarations of life events. Needs no database."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhida.kernel.text import Text
from zhida.project.options import DAY, day_of

if TYPE_CHECKING:
    from zhida.blocks.cases.api import Checked, Simulated


def _t(zh: str, en: str) -> str:
    return _in_language(Text(zh, en))


def _in_language(text: Text) -> str:
    from zhida.project.cli import language

    return text.in_language(language())


@click.group("life-event")
def life_event() -> None:
    """Life events: check their declarations, try their situations, simulate them, begin new ones."""


def _folders(named: Sequence[str]) -> list[Path]:
    """Return the folders of the events or paths named; of all installed life events without any."""
    from zhida.blocks.cases import api as cases

    installed = {folder.name: folder for folder in cases.folders()}
    found = []
    for name in named or installed:
        # What is installed comes first: a folder of that name may lie here by chance.
        folder = installed.get(name, Path(name))
        if not folder.is_dir():
            raise click.BadParameter(f"{name} is neither a folder nor one of {', '.join(installed)}; {_own_folders()}")
        found.append(folder)
    return found


def _own_folders() -> str:
    """Say where a city's own events are looked for: who opens a new shell forgets to say it again."""
    from django.conf import settings

    if not settings.LIFE_EVENT_FOLDERS:
        return "ZHIDA_LIFE_EVENTS is not set: export the folder that your own events lie in"
    return f"your own are looked for in {', '.join(settings.LIFE_EVENT_FOLDERS)} (ZHIDA_LIFE_EVENTS)"


def _folders_that_are_none() -> list[str]:
    from django.conf import settings

    return [folder for folder in settings.LIFE_EVENT_FOLDERS if not Path(folder).is_dir()]


def _shown(folder: Path) -> str:
    full = folder.resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)


# ---- check ------------------------------------------------------------------------------------------------------------------------------


@life_event.command()
@click.argument("names", nargs=-1)
@click.option("--strict", is_flag=True, help="warnings count as errors")
@click.option("--json", "as_json", is_flag=True)
def check(names: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Say what is missing or wrong in life events, where, and what to do. NAMES: installed events or folders; without any, all."""
    from zhida.blocks.cases import api as cases

    if gone := _folders_that_are_none():
        raise click.UsageError(f"ZHIDA_LIFE_EVENTS names {', '.join(gone)}, which is no folder; correct it, or make the folder")
    checked = [cases.check_life_event(folder) for folder in _folders(names)]
    if as_json:
        click.echo(json.dumps([_checked_json(each) for each in checked], ensure_ascii=False, indent=1))
    else:
        for each in checked:
            _tell_checked(each)
    if any(each.errors or (strict and each.warnings) for each in checked):
        sys.exit(1)


def _checked_json(checked: Checked) -> dict[str, Any]:
    told = {"event": checked.folder.name, "folder": _shown(checked.folder)}
    for name in ("errors", "warnings"):
        told[name] = [{"place": each.place, "zh": each.text.zh, "en": each.text.en} for each in getattr(checked, name)]
    return told


def _tell_checked(checked: Checked) -> None:
    errors, warnings = len(checked.errors), len(checked.warnings)
    verdict = _t(f"{errors} 处错误，{warnings} 处提醒", f"{errors} errors, {warnings} warnings")
    click.echo(f"{checked.folder.name}  {verdict}")
    for word, problems in ((_t("错误", "error"), checked.errors), (_t("提醒", "warning"), checked.warnings)):
        for each in problems:
            click.echo(f"  {word}  {_shown(checked.folder)}/{each.place}: {_in_language(each.text)}")


# ---- test -------------------------------------------------------------------------------------------------------------------------------


@life_event.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True)
def test(names: tuple[str, ...], as_json: bool) -> None:
    """Play the situations in tests/*.yaml through the process and say which do not come out as written."""
    from zhida.blocks.cases import api as cases

    started, failures, total = time.perf_counter(), [], 0
    for folder in _folders(names):
        tried = cases.try_situations(folder)
        total += len(tried)
        for each in tried:
            path = folder / "tests" / each.file
            told = {"event": folder.name, "file": _shown(path), "line": _line_of(path, each.name), "situation": each.name}
            failures += [{**told, "zh": text.zh, "en": text.en} for text in each.wrong]
    failed = len({(each["file"], each["situation"]) for each in failures})
    seconds = round(time.perf_counter() - started, 2)
    if as_json:
        click.echo(json.dumps({"situations": total, "failed": failed, "seconds": seconds, "failures": failures}, ensure_ascii=False))
    else:
        for each in failures:
            click.echo(f"{each['file']}:{each['line']}  {each['situation']}\n  {_t(each['zh'], each['en'])}")
        click.echo(_t(f"{total} 个情景，{failed} 个不符（{seconds} 秒）", f"{total} situations, {failed} failed ({seconds} s)"))
    if failures or not total:
        sys.exit(1)


def _line_of(path: Path, name: str) -> int:
    lines = path.read_text("utf-8").splitlines()
    return next((number for number, line in enumerate(lines, start=1) if line.startswith("- ") and name in line), 1)


# ---- new, draw --------------------------------------------------------------------------------------------------------------------------


@life_event.command()
@click.argument("name")
@click.option("--from", "source", default="birth", show_default=True, help="the life event to copy")
@click.option("--pack", default="", help="the pack it goes to  [default: the first folder of ZHIDA_LIFE_EVENTS, else the source's pack]")
def new(name: str, source: str, pack: str) -> None:
    """Begin a life event NAME as a copy of another one, with a list of what to change."""
    from django.conf import settings

    from zhida.blocks.cases import api as cases

    (folder,) = _folders([source])
    parent = folder.parent
    if pack:
        parent = cases.PACKS / pack / "life_events"
        if not (cases.PACKS / pack).is_dir():
            raise click.BadParameter(f"there is no pack {pack}; see `make new-pack`")
    elif settings.LIFE_EVENT_FOLDERS:
        parent = Path(settings.LIFE_EVENT_FOLDERS[0])
    made = cases.copy_life_event(folder, parent, name)
    click.echo((made / "README.md").read_text("utf-8"))
    click.echo(_t(f"已建 {_shown(made)}，照上面的清单改。", f"Made {_shown(made)}. Change it by the list above, which is its README.md."))


@life_event.command()
@click.argument("names", nargs=-1, required=True)
def draw(names: tuple[str, ...]) -> None:
    """Add a diagram to processes that have none."""
    from zhida.blocks.cases import api as cases

    for folder in _folders(names):
        added = cases.draw_life_event(folder)
        click.echo(f"{folder.name}  " + (_t("已画", "drawn") if added else _t("本来就有图", "has a diagram already")))


# ---- words ------------------------------------------------------------------------------------------------------------------------------


@life_event.command()
@click.argument("kind", required=False)
@click.option("--text", default="", help="only what contains this")
def words(kind: str | None, text: str) -> None:
    """List what a declaration may name: registers and their fields, facts, benefits, services, departments, notices. KIND: one of these."""
    from zhida.blocks.cases import api as cases

    known = cases.names_to_write()
    if kind is not None and kind not in known:
        raise click.BadParameter(f"{kind} is none of {', '.join(known)}")
    for each in [kind] if kind else known:
        for name, said in known[each]:
            line = f"{each:<12}{name:<48}{_in_language(said)}"
            if text.lower() in f"{line} {said.zh} {said.en}".lower():
                click.echo(line)


# ---- count ------------------------------------------------------------------------------------------------------------------------------


@life_event.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True)
def count(names: tuple[str, ...], as_json: bool) -> None:
    """Count what handling together saves a resident: forms, fields, documents, visits, one by one against now."""
    from zhida.blocks.cases import api as cases

    counted = {folder.name: cases.asked_once(cases.read_life_event(folder)) for folder in _folders(names)}
    if as_json:
        click.echo(json.dumps({name: asdict(each) for name, each in counted.items()}, ensure_ascii=False))
        return
    for name, each in counted.items():
        pairs = [(what, getattr(each, f"then_{what}"), getattr(each, what)) for what in ("forms", "fields", "documents", "visits")]
        told = "  ".join(f"{what} {then} → {now}" for what, then, now in pairs)
        click.echo(f"{name:<16}items {each.items}  {told}  known {each.known}")


# ---- simulate ---------------------------------------------------------------------------------------------------------------------------


@life_event.command()
@click.argument("name")
@click.option("--cases", "number", type=click.IntRange(1, 20_000), default=1_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--from", "first", type=DAY, help="the first day  [default: today]")
@click.option("--set", "changes", multiple=True, help="another assumption, such as home_visit.officers=3 or arrivals_per_day=20")
@click.option("--json", "as_json", is_flag=True)
def simulate(name: str, number: int, seed: int, first: Any, changes: tuple[str, ...], as_json: bool) -> None:
    """Play made-up cases of a life event and say where they wait, whether the promise holds and what one more officer changes."""
    from zhida.blocks.cases import api as cases
    from zhida.kernel import clock

    (folder,) = _folders([name])
    declared = cases.read_life_event(folder)
    plan = cases.read_plan(declared, folder).changed(dict(_change(each) for each in changes))
    found = cases.simulate_cases(declared, plan, number, seed, day_of(first) or clock.today())
    if as_json:
        click.echo(json.dumps(_simulated_json(found), ensure_ascii=False, indent=1))
    else:
        _tell_simulated(found)


def _change(written: str) -> tuple[str, float]:
    name, _, value = written.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise click.BadParameter(f"{written} should read <item>.officers=3 or arrivals_per_day=20") from None


def _simulated_json(found: Simulated) -> dict[str, Any]:
    told = asdict(found)
    told["desks"] = [
        {**desk, "label": {"zh": each.label.zh, "en": each.label.en}} for desk, each in zip(told["desks"], found.desks, strict=True)
    ]
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


def _tell_simulated(found: Simulated) -> None:
    from zhida.blocks.cases import api as cases

    for text in cases.findings(found):
        click.echo(_in_language(text))
    click.echo(
        "\n" + _t("排队和办理用的是办公分钟；九成不超过 p90", "wait and work in minutes of office time; nine of ten take p90 at most")
    )
    click.echo(f"{'item':<26}{'officers':>8}{'cases':>7}{'wait p50':>10}{'wait p90':>10}{'work p50':>10}{'busy':>6}{'late':>6}")
    for desk in found.desks:
        minutes = f"{desk.wait_median:>10.0f}{desk.wait_p90:>10.0f}{desk.work_median:>10.0f}"
        click.echo(f"{desk.item:<26}{desk.officers:>8}{desk.cases:>7}{minutes}{desk.busy:>6.0%}{desk.late:>6.0%}")
    click.echo("\n" + _t("办结用的工作日", "working days until done"))
    top = max(found.days.values(), default=1)
    for days, cases_done in found.days.items():
        click.echo(f"{days:>4}  {cases_done:>6}  {'█' * round(40 * cases_done / top) or '▏'}")
