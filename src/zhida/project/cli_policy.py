"""`zhida policy …`: what policy staff ask of the law. Do the situations still hold, why does somebody get this, who changes under that."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text

_DAY = click.DateTime(["%Y-%m-%d"])


def _say(zh: str, en: str) -> None:
    from zhida.project.cli import language

    click.echo(Text(zh, en).in_language(language()))


def _date(value: Any) -> date | None:
    return value.date() if value is not None else None


@click.group()
def policy() -> None:
    """Test, explain and compare the rules."""


# ---- test -------------------------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("paths", nargs=-1)
@click.option("-k", "words", default="", help="only situations whose name, file or benefits hold these words")
@click.option("--law-as-of", type=_DAY, help="law published by this day, for situations that name none  [default: all law we know]")
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
    law_of = policies.laws_as_written(_date(law_as_of))
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
