"""Killed with SIGKILL at any point, each command leaves all or nothing; given again, the books are as if nothing had happened.

A life is a month of a small office (``a_life``). It is lived once undisturbed, and its books are kept after each command. Then it
is lived again and again: each command is killed at a point drawn by chance, at a statement, a COPY, a commit or a file that it
changes, or at a moment; the books must be those before or those after. Then it is given again, and they must be those after.

``ZHIDA_KILLS=200`` sets how many points (``make test-kills``), ``ZHIDA_KILLS_SEED`` which; without it each day has its own.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from datetime import date
from typing import NamedTuple

import pytest

from zhida.blocks.payments.tests import a_life
from zhida.blocks.payments.tests.processes import Place, Processes

KILLS = int(os.environ.get("ZHIDA_KILLS", "6"))
SEED = int(os.environ.get("ZHIDA_KILLS_SEED", f"{date.today():%Y%m%d}"))
# One in so many dies at a moment, in the middle of whatever it does, not before it does something.
TIMED = 5

OCTOBER, NOVEMBER = a_life.MONTHS[1:]
BANK = tuple(({"command": "bank_writes", "number": number}, {"command": "take_in"}) for number in (1, 2, 3))
# What is done before a command and is not killed, and the command.
STEPS = (
    ((), {"command": "prepare", "month": OCTOBER, "facts": a_life.CHANGED}),
    (({"command": "look"},), {"command": "approve", "facts": a_life.ONE_DIED}),
    ((), {"command": "release", "facts": a_life.ONE_CLOSED}),
    *(((written,), taken_in) for written, taken_in in BANK),
    ((), {"command": "settle"}),
    ((), {"command": "reissue", "facts": a_life.LATER}),
    ((), {"command": "refuse"}),
    ((), {"command": "prepare", "month": NOVEMBER, "facts": a_life.LATER}),
    (({"command": "look"},), {"command": "approve", "facts": a_life.LATER}),
    ((), {"command": "cancel"}),
    ((), {"command": "prepare", "month": NOVEMBER, "facts": a_life.LATER}),
)
BOOKS = {"command": "books"}
FINE = ("done", "nothing", "BatchInWrongState")

# The rows of all tables as text, and the files of the bank by name.
Books = tuple[str, dict[str, str]]


class Step(NamedTuple):
    """A command as it is lived undisturbed: what the books are before and after it, and how many points it has."""

    before: tuple[dict, ...]
    command: dict
    ready: Books
    after: Books
    points: int
    seconds: float


@pytest.fixture
def processes(transactional_db, tmp_path):
    started = Processes(tmp_path)
    yield started
    started.close()


def do(processes: Processes, place: Place, *jobs: dict, **how: object) -> list:
    """Do jobs one after the other in one process and return what each said."""
    placed = [job | {"path": str(place.home / "runs" / job["month"] / "*.parquet")} if "month" in job else job for job in jobs]
    return processes.together(place, {"several": placed} | how)[0]


def kept(said: object, place: Place) -> Books:
    """Return the books as text, and the files in the bank's folders by name; the second they were written in does not count."""
    assert isinstance(said, dict), said
    bank = place.home / "bank"
    files = {
        str(path.relative_to(bank)): re.sub("<CreDtTm>.*?</CreDtTm>", "", path.read_text()) for path in bank.rglob("*") if path.is_file()
    }
    return json.dumps({name: [row.replace(str(place.home), "") for row in map(json.dumps, rows)] for name, rows in said.items()}), files


def difference(has: Books, should: Books) -> str:
    """Say in which tables and files two books differ; nothing, where they are the same."""
    lines = []
    tables, wanted = json.loads(has[0]), json.loads(should[0])
    for name in tables:
        more, fewer = Counter(tables[name]) - Counter(wanted[name]), Counter(wanted[name]) - Counter(tables[name])
        lines += [f"{name} has {row}" for row in sorted(more)[:4]] + [f"{name} lacks {row}" for row in sorted(fewer)[:4]]
    lines += [f"file {name}" for name in sorted(has[1].keys() | should[1].keys()) if has[1].get(name) != should[1].get(name)]
    return "\n".join(lines)


def out(has: tuple[str, dict[str, str]]) -> set[str]:
    return {name for name in has[1] if name.startswith("out/")}


def live_undisturbed(processes: Processes, begun: Place) -> list[Step]:
    """Live the month once, and keep what the books were before and after each command."""
    place, steps = processes.copy(begun, "undisturbed"), []
    for before, command in STEPS:
        ready = kept(do(processes, place, *before, BOOKS)["said"][-1], place)
        result = do(processes, place, command)
        assert result["said"] == ["done"], (command, result["said"])
        said, wrong = do(processes, place, BOOKS, {"command": "faults"})["said"]
        assert not wrong, (command, wrong)
        steps.append(Step(before, command, ready, kept(said, place), result["points"], result["seconds"]))
    processes.remove(place)
    return steps


def kill(processes: Processes, place: Place, step: Step, dice: random.Random, where: str) -> bool:
    """Kill a command at a point drawn by chance, look at what it left, and give it again; return whether it was killed."""
    is_timed = dice.randrange(TIMED) == 0
    how = {"kill_after_s": max(0.001, dice.random() * step.seconds)} if is_timed else {"kill_at": dice.randint(1, step.points)}
    where = f"seed {SEED}, {where}: {step.command['command']}, {how} of {step.points} points"
    if step.before:
        do(processes, place, *step.before)
    result = do(processes, place, step.command, **how)
    assert result["is_killed"] or (is_timed and result["said"][0] in FINE), f"{where}: {result['said']}"
    out = files_out(place)
    left, again, after = do(processes, place, BOOKS, step.command, BOOKS)["said"]
    left = kept(left, place)[0]
    half = f"{where}: half done"
    assert left in (step.ready[0], step.after[0]), "\n".join(
        [half, *(difference((left, {}), (to[0], {})) for to in (step.ready, step.after))]
    )
    may_be_out = step.ready[1] if left == step.ready[0] else step.after[1]
    assert {name for name in out if name not in may_be_out} == set(), f"{where}: {out} left before it was booked"
    assert again in (FINE if left == step.after[0] else ("done",)), f"{where}: given again, it says {again}"
    wrong = difference(kept(after, place), step.after)
    assert not wrong, f"{where}: given again\n{wrong}"
    return bool(result["is_killed"])


def files_out(place: Place) -> list[str]:
    return [f"out/{path.name}" for path in (place.home / "bank" / "out").glob("*")]


def test_killed_anywhere_nothing_is_lost_and_nothing_done_twice(processes):
    begun = processes.empty_place("begun")
    begins = processes.one(begun, "begin", facts=a_life.AT_FIRST)
    assert begins["said"] == "nothing", begins["said"]
    steps = live_undisturbed(processes, begun)
    dice, killed, began, lives = random.Random(SEED), Counter(), time.monotonic(), 0
    while sum(killed.values()) < KILLS:
        lives += 1
        place = processes.copy(begun, f"life{lives}")
        for number, step in enumerate(steps):
            killed[step.command["command"]] += kill(processes, place, step, dice, f"life {lives}, command {number}")
        assert processes.one(place, "faults")["said"] == []
        assert not list((place.home / "scratch").iterdir())
        processes.remove(place)
    processes.remove(begun)
    figures = {"seed": SEED, "killed": sum(killed.values()), "lives": lives, "points": sum(step.points for step in steps)}
    print(json.dumps({**figures, **killed, "seconds": round(time.monotonic() - began, 1)}))


def test_a_killed_release_leaves_no_file_whether_it_is_resumed_or_cancelled(processes):
    begun = processes.empty_place("begun")
    assert processes.one(begun, "begin", facts=a_life.AT_FIRST)["said"] == "nothing"
    for before, command in STEPS[:2]:
        do(processes, begun, *before, command)
    release = STEPS[2][1]
    undisturbed = processes.copy(begun, "undisturbed")
    points = do(processes, undisturbed, release)["points"]
    processes.remove(undisturbed)
    left = 0
    for number, kill_at in enumerate(range(points // 20, points, points // 8)):
        place = processes.copy(begun, f"release{number}")
        assert do(processes, place, release, kill_at=kill_at)["is_killed"]
        left += len(list((place.home / "bank" / "staged").glob("*")))
        last = do(processes, place, {"command": "cancel"} if number % 2 else release, {"command": "faults"})["said"]
        assert last[0] in FINE and last[1] == [], (kill_at, last)
        assert not list((place.home / "bank" / "staged").iterdir())
        processes.remove(place)
    processes.remove(begun)
    assert left, "no point was after the first file"
