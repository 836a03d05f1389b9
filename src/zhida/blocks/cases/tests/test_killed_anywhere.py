"""Killed with SIGKILL at any point, each command leaves a case that goes on: given again, everything is as if nothing had happened.

Two cases live from the feed to register, certificate, systems outside and payments, and back (``a_case``), once undisturbed; then each
command is killed at a statement, commit or file drawn by chance, given again, and the books and the department's own must be the same.

``ZHIDA_KILLS=200`` sets how many points (``make test-kills``), ``ZHIDA_KILLS_SEED`` which; without it each day has its own.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from zhida.blocks.cases.tests import a_case, joint
from zhida.blocks.cases.tests.joint import DepartmentSystem
from zhida.blocks.payments.tests.processes import Place, Processes

KILLS = int(os.environ.get("ZHIDA_KILLS", "3"))
SEED = int(os.environ.get("ZHIDA_KILLS_SEED", f"{date.today():%Y%m%d}"))
FINE = ("done", "nothing", "ItemInWrongState", "CaseInWrongState", "CaseOpenAlready", "ItemNotFound")
SETTLED = ({"command": "work"}, {"command": "books"})


@pytest.fixture
def system() -> Iterator[DepartmentSystem]:
    started = DepartmentSystem()
    yield started
    started.close()


@pytest.fixture
def processes(transactional_db: None, tmp_path: Path, system: DepartmentSystem) -> Iterator[Processes]:
    told = " ".join(f"{name}={system.address}" for name in joint.SYSTEMS)
    started = Processes(
        tmp_path, ZHIDA_TEST_LIFE="zhida.blocks.cases.tests.a_case", ZHIDA_LIFE_EVENTS=joint.EVENTS, ZHIDA_PACKS="childcare",
        ZHIDA_CASE_SYSTEMS=told,
    )  # fmt: skip
    yield started
    started.close()


def do(processes: Processes, place: Place, *jobs: dict[str, Any], **how: object) -> dict[str, Any]:
    return processes.together(place, {"several": list(jobs)} | how)[0]


def outside(system: DepartmentSystem) -> tuple[list[str], ...]:
    """Return what the departments hold, and whatever they were told to do and to undo: by item, since row numbers may have gaps."""
    named = [sorted(key.split(":")[1] for key in keys) for keys in (system.alive, system.done.elements(), system.undone.elements())]
    return tuple(named)


def difference(has: dict[str, list[str]], should: dict[str, list[str]]) -> str:
    lines = []
    for name, rows in should.items():
        more, fewer = Counter(has[name]) - Counter(rows), Counter(rows) - Counter(has[name])
        lines += [f"{name} has {row}" for row in sorted(more)[:3]] + [f"{name} lacks {row}" for row in sorted(fewer)[:3]]
    return "\n".join(lines)


class Step(NamedTuple):
    """A command as it is lived undisturbed: how many points it has, and what the books and the departments say after it."""

    job: dict[str, Any]
    points: int
    books: dict[str, list[str]]
    outside: tuple[list[str], ...]


class Life:
    """Commands one after the other in one place; those that nobody looks at are done together."""

    def __init__(self, processes: Processes, place: Place) -> None:
        self._processes, self.place, self._passed = processes, place, []

    def pass_by(self, job: dict[str, Any]) -> None:
        self._passed += [job, {"command": "work"}]

    def do(self, *jobs: dict[str, Any], **how: object) -> dict[str, Any]:
        if self._passed:
            said = do(self._processes, self.place, *self._passed)["said"]
            assert set(said) <= {"done"}, said
            self._passed = []
        return do(self._processes, self.place, *jobs, **how)


def live_undisturbed(life: Life, system: DepartmentSystem, chosen: set[int]) -> dict[int, Step]:
    """Live two cases once, and keep what came of the chosen commands."""
    steps = {}
    for number, (command, item) in enumerate(a_case.STEPS):
        job = {"command": command, "item": item}
        if number not in chosen:
            life.pass_by(job)
            continue
        first = life.do(job)
        assert first["said"] == ["done"], (job, first["said"])
        books = life.do(*SETTLED)["said"][1]
        assert isinstance(books, dict), books
        steps[number] = Step(job, first["points"], books, outside(system))
    return steps


def live_and_die(life: Life, system: DepartmentSystem, steps: dict[int, Step], dice: random.Random) -> None:
    """Live them again; each chosen command is killed, and given again."""
    for number, (command, item) in enumerate(a_case.STEPS):
        step = steps.get(number)
        if step is None:
            life.pass_by({"command": command, "item": item})
            continue
        kill_at = dice.randint(1, step.points)
        where = f"seed {SEED}, command {number} {step.job}, point {kill_at} of {step.points}"
        result = life.do(step.job, kill_at=kill_at)
        assert result["is_killed"], f"{where}: {result['said']}"
        again, _, books = life.do(step.job, *SETTLED)["said"]
        assert again in FINE, f"{where}: {again}"
        assert isinstance(books, dict), f"{where}: {books}"
        wrong = difference(books, step.books)
        assert not wrong, f"{where}\n{wrong}"
        assert outside(system) == step.outside, where


def test_killed_anywhere_nothing_is_lost_and_nothing_done_twice(processes: Processes, system: DepartmentSystem) -> None:
    begun = processes.empty_place("begun")
    assert do(processes, begun, {"command": "begin"})["said"] == ["nothing"]
    dice, killed, steps = random.Random(SEED), Counter[str](), {}
    chosen = set(dice.sample(range(len(a_case.STEPS)), min(KILLS, len(a_case.STEPS))))
    while sum(killed.values()) < KILLS:
        for name in ["killed"] if steps else ["undisturbed", "killed"]:
            system.reset()
            life = Life(processes, processes.copy(begun, name))
            if name == "undisturbed":
                steps = live_undisturbed(life, system, chosen)
                assert set(system.done.values()) == {1}
            else:
                live_and_die(life, system, steps, dice)
            processes.remove(life.place)
        killed.update(step.job["command"] for step in steps.values())
    processes.remove(begun)
    print(json.dumps({"seed": SEED, "points": sum(step.points for step in steps.values()), **killed}))


def test_two_workers_at_once_tell_each_thing_once(processes: Processes, system: DepartmentSystem) -> None:
    """While the system is down everything waits; then two workers in processes of their own begin at the same moment."""
    place = processes.empty_place("begun")
    system.answers.extend([joint.ERROR] * 2)
    jobs = [{"command": "begin"}, {"command": "find"}, {"command": "finish", "item": "register"}]
    jobs += [{"command": "open"}, {"command": "finish", "item": "register"}]
    assert do(processes, place, *jobs)["said"] == ["nothing", *["done"] * 4]
    workers = processes.together(place, {"several": list(SETTLED)}, {"several": list(SETTLED)})
    assert all(isinstance(each["said"][1], dict) for each in workers), workers
    assert len(system.done) == 4, "two registered, two cards"
    assert set(system.done.values()) == {1}
    (books,) = do(processes, place, {"command": "books"})["said"]
    assert sum('"kind": "system"' in row and '"state": "done"' in row for row in books["CaseEffect"]) == 4
    processes.remove(place)
