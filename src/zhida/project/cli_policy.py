"""`zhida policy …`: what policy staff ask of the law. Do the situations still hold, why does somebody get this, who changes under that."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import format_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.project.options import DAY, MONTH, day_of

_ID_DIGITS = 17


def _say(zh: str, en: str) -> None:
    from zhida.project.cli import language

    click.echo(Text(zh, en).in_language(language()))


@click.group()
def policy() -> None:
    """Test, explain and compare the rules."""


# ---- test -------------------------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("paths", nargs=-1)
@click.option("-k", "words", default="", help="only situations whose name, file or benefits hold these words")
@click.option("--law-as-of", type=DAY, help="law published by this day, for situations that name none  [default: all law we know]")
@click.option("--json", "as_json", is_flag=True)
def test(paths: tuple[str, ...], words: str, law_as_of: Any, as_json: bool) -> None:
    """Decide situations and say which answers are not the expected ones.

    PATHS: files or folders of situations, or names of installed packs; without any, every installed pack. Needs no database.
    """
    from zhida.blocks.policies import api as policies

    started = time.perf_counter()
    found, unreadable = [], []
    for pack, path in _situation_files(paths):
        try:
            found += policies.read_situation_file(pack, path, _shown(path))
        except ZhidaError as error:
            unreadable.append({"file": _shown(path), "line": 1, "situation": "", "benefit": "", "because": _both(error.text)})
    chosen = [each for each in found if _matches(each, words.split())]
    law_of = policies.laws_as_written(day_of(law_as_of))
    failures = unreadable + [
        _failure(situation, failure) for situation, failed in policies.check_situations(chosen, law_of) for failure in failed
    ]
    failed = len({(failure["file"], failure["situation"]) for failure in failures})
    seconds = round(time.perf_counter() - started, 2)
    if as_json:
        click.echo(json.dumps({"situations": len(chosen), "failed": failed, "seconds": seconds, "failures": failures}, ensure_ascii=False))
    else:
        _tell_test(len(chosen), failed, seconds, failures)
    if failures or not chosen:
        sys.exit(1)


def _situation_files(paths: Sequence[str]) -> list[tuple[str, Path]]:
    """List (pack, file) of situations: of every installed pack, or of the packs, folders and files named."""
    from zhida.blocks.policies import api as policies

    packs = policies.situation_folders()
    found: list[tuple[str, Path]] = []
    for wanted in paths or packs:
        path = Path(wanted)
        if not path.exists() and wanted in packs:
            path = packs[wanted]
        elif paths and not path.exists():
            raise click.BadParameter(f"{wanted} is neither a file, a folder nor one of the packs {', '.join(packs)}")
        inner = path / "tests" / "situations"
        files = [path] if path.is_file() else sorted((inner if inner.is_dir() else path).glob("*.yaml"))
        found += [(wanted if wanted in packs else "", file) for file in files]
    return found


def _shown(path: Path) -> str:
    """Name a file as somebody in this folder would open it."""
    full = path.resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)


def _matches(situation: Any, words: Sequence[str]) -> bool:
    text = f"{situation} {' '.join(situation.expect)}".lower()
    return all(word.lower() in text for word in words)


def _failure(situation: Any, failure: Any) -> dict[str, Any]:
    told = {"file": situation.file, "line": failure.line, "situation": situation.name, "benefit": failure.benefit, "who": failure.who}
    answers = {"ways": list(failure.ways), "expected": failure.expected, "got": failure.got}
    return {**told, **(answers if failure.benefit else {}), "because": _both(failure.because)}


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _tell_test(total: int, failed: int, seconds: float, failures: list[dict[str, Any]]) -> None:
    for failure in failures:
        click.echo(f"{failure['file']}:{failure['line']}  {failure['situation']}".rstrip())
        if failure["benefit"]:
            name, ways = f"{failure['benefit']} {failure['who']}".strip(), ", ".join(failure["ways"])
            expected, got = failure["expected"], failure["got"]
            _say(f"    {name}：应为 {expected}，得到 {got}（{ways}）", f"    {name}: expected {expected}, got {got} ({ways})")
        _say(f"    {failure['because']['zh']}", f"    {failure['because']['en']}")
    _say(
        f"{total} 个情景，{total - failed} 个相符，{failed} 个不符；{seconds} 秒。",
        f"{total} situations: {total - failed} as expected, {failed} not; {seconds} s.",
    )


# ---- explain ----------------------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("resident")
@click.option("--benefit", required=True, help="code of the benefit, as docs/law-coverage.md lists them")
@click.option("--month", type=MONTH, help="[default: the newest month that was decided]")
@click.option("--law-as-of", type=DAY, help="law published by this day  [default: as the month was decided]")
@click.option("--known-on", type=DAY, help="facts as they were known on this day  [default: as the month was decided]")
@click.option("--language", "spoken", type=click.Choice(["zh", "en"]), help="[default: the locale's]")
@click.option("--full", is_flag=True, help="every variable on the way with the values of the whole household, also what had no say")
@click.option("--json", "as_json", is_flag=True)
def explain(
    resident: str, benefit: str, month: Month | None, law_as_of: Any, known_on: Any, spoken: str | None, full: bool, as_json: bool
) -> None:
    """Say why a resident gets a benefit, or does not, and what would change it.

    RESIDENT: a resident number, an id number, or a name that one resident has. The look is written to the audit log.
    """
    from zhida.blocks.access.api import Purpose
    from zhida.blocks.policies import api as policies
    from zhida.project import policy_text
    from zhida.project.cli import language, prepare_database

    prepare_database()
    viewer, purpose = _operator(), Purpose.OPERATION
    number = _resident_no(viewer, purpose, resident)
    by = policies.basis(month, day_of(law_as_of), day_of(known_on))
    reader = policy_text.Reader(spoken or language())
    if full:
        found: list[Any] = [policies.household_sheet(viewer, purpose, number, benefit, by)]
        texts = [reader.sheet(each) for each in found]
    else:
        found = policies.explanations(viewer, purpose, number, benefit, by)
        texts = [reader.explanation(each) for each in found]
    if as_json:
        click.echo(json.dumps(policy_text.as_json(found), ensure_ascii=False))
    elif not found:
        _say("这位居民没有这一项的单据。", "The resident has no bill that this benefit is about.")
    for place, text in enumerate(texts if not as_json else ()):
        click.echo(("\n" if place else "") + "\n".join(text))


def _operator() -> Any:
    """Return who works at this machine: the system, by the name of the account that runs the command."""
    from zhida.blocks.access.api import SYSTEM

    return replace(SYSTEM, account=f"{SYSTEM.account}:{getpass.getuser()}")


def _resident_no(viewer: Any, purpose: Any, written: str) -> int:
    """Return the number of the resident who was named by number, id number or name."""
    from zhida.blocks.records import api as records

    if written.isdigit() and len(written) < _ID_DIGITS:
        return int(written)
    found = records.find_residents(viewer, purpose, written)
    if len(found) != 1:
        listed = "; ".join(f"{card.resident_no} {card.name} {card.masked_id}" for card in found) or "nobody"
        raise click.BadParameter(f"{written} is {listed}. Name one resident by number.")
    return found[0].resident_no


# ---- diff -------------------------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("law_a")
@click.argument("law_b")
@click.option("--month", type=MONTH, help="the month that is decided  [default: the newest there are facts of]")
@click.option("--snapshot", help="the facts, by the first letters of a snapshot's name  [default: the month's newest]")
@click.option("--residents", "shown", type=click.IntRange(min=1), help="also list so many of those who change")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV file of all who change")
@click.option("--json", "as_json", is_flag=True)
@click.option("--quiet", is_flag=True)
def diff(
    law_a: str, law_b: str, month: Month | None, snapshot: str | None, shown: int | None, out: Path | None, as_json: bool, quiet: bool
) -> None:
    """Say which residents change between two laws, and by how much.

    LAW_A, LAW_B: `installed`; a day, for the law published by then; `run:NUMBER` or the name of a law, for the one an earlier run used;
    or a reform file, for the installed law after it.
    """
    from zhida.blocks.policies import api as policies
    from zhida.kernel.progress import Progress
    from zhida.project.cli import prepare_database
    from zhida.project.law_changes import Rows

    prepare_database()
    laws = policies.named_law(law_a), policies.named_law(law_b)
    facts = _snapshot_named(snapshot) if snapshot else None
    progress = Progress("compare", 1, quiet=quiet)
    with Rows(out, shown or 0) as rows:
        wanted = rows.take if out or shown else None
        found = policies.law_difference(_operator(), *laws, month, snapshot=facts, rows=wanted, progress=progress)
    if as_json:
        click.echo(json.dumps(rows.as_json(found), ensure_ascii=False))
        return
    for zh, en in rows.tell(found):
        _say(zh, en)


def _snapshot_named(begins: str) -> Any:
    from zhida.blocks.records import api as records

    found = [each for each in records.snapshots() if each.hash.startswith(begins)]
    if len(found) != 1:
        raise click.BadParameter(f"{len(found)} snapshots have a name that begins with {begins}")
    return found[0]


# ---- arrears ----------------------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("runs", nargs=-1, required=True, type=int)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="folder for changes.csv and undecided.csv")
@click.option("--json", "as_json", is_flag=True)
def arrears(runs: tuple[int, ...], out: Path | None, as_json: bool) -> None:
    """Say what a run owes each payee beyond an earlier run of the same month, or takes back.

    RUNS: pairs of run numbers, the new run before the earlier one: NEW OLD [NEW OLD ...]. `zhida run` makes runs of any law and day.
    """
    from zhida.blocks.policies import api as policies
    from zhida.project.cli import prepare_database

    if len(runs) % 2:
        raise click.UsageError("give pairs of runs: NEW OLD [NEW OLD ...]")
    prepare_database()
    first, *more = zip(runs[::2], runs[1::2], strict=True)
    with policies.payee_differences(_operator(), *first, more) as found:
        totals = found.totals()
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            written = {name: _write_csv(out / f"{name}.csv", getattr(found, name)()) for name in ("changes", "undecided")}
            _say(f"已写入 {out}：{written}", f"Written to {out}: {written}")
    labels = {code: benefit.label for code, benefit in policies.benefits().items()}
    if as_json:
        click.echo(json.dumps([asdict(total) for total in totals], ensure_ascii=False))
        return
    for total in totals:
        if total.arrears or total.recoveries or total.undecided:
            _say(f"{labels[total.benefit].zh}（{total.benefit}）", f"{labels[total.benefit].en} ({total.benefit})")
            _tell_total(total)
    _tell_total(_sum_of(totals))


def _write_csv(path: Path, reader: Any) -> int:
    """Write a stream of Arrow batches as a table file, whole or not at all; return the rows."""
    from pyarrow import csv

    from zhida.kernel.files import atomic_path

    rows = 0
    with atomic_path(path) as temporary, csv.CSVWriter(str(temporary), reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _sum_of(totals: Sequence[Any]) -> Any:
    kind = type(totals[0]) if totals else None
    if kind is None:
        return None
    columns = [[getattr(total, name) for total in totals] for name in kind.__dataclass_fields__ if name != "benefit"]
    return kind("", *(sum(column) for column in columns))


def _tell_total(total: Any) -> None:
    if total is None:
        _say("两次核算没有差别。", "The runs decide the same.")
        return
    due, back, held = (format_yuan(fen) for fen in (total.arrears_fen, total.recovery_fen, total.held_fen))
    _say(
        f"  补发 {total.arrears:,} 笔 {due} 元；多发 {total.recoveries:,} 笔 {back} 元；"
        f"事实不全、不追回 {total.undecided:,} 笔（已发 {held} 元）",
        f"  {total.arrears:,} to pay, {due} yuan; {total.recoveries:,} paid too much, {back} yuan; "
        f"{total.undecided:,} unknown and not taken back ({held} yuan was paid)",
    )
