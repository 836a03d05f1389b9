"""Simulations that a page asks for: a row says how far each is, and one process at a time works them off, in the order they were asked.

That process holds a lock from its birth to its end, however it ends. A row that waits or runs while nobody holds the lock was left behind:
the machine went down, or somebody ended the process. Asked again, it goes on from the files that are there.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

from django.conf import settings
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.policies.errors import NoSimulation
from zhida.blocks.policies.models import AskedSimulation
from zhida.blocks.policies.simulation.commands import PERMISSION, simulate
from zhida.engine.reform import read_reform
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text

State = AskedSimulation.State
# A page that looks whether anybody is at work holds the lock for an instant.
_TRIES, _PAUSE_SECONDS = 5, 0.02
_BROKEN = Text("系统出了问题，已记入日志；请再算一次。", "Something broke on our side and was written to the log. Simulate it again.")


@dataclass(frozen=True)
class Asked:
    """A simulation that was asked for. state: as AskedSimulation.State; simulation: of a finished one, its number."""

    id: int
    title: Text
    reform_text: str
    month: str
    state: str
    done: int
    total: int
    note: str
    problem: Text
    simulation: int | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in (State.WAITING, State.RUNNING)


def ask_simulation(viewer: Viewer, text: str, month: Month | None = None, file: str = "reform.yaml") -> Asked:
    """Have a reform simulated by a process of its own; ``simulate`` says what comes of it. Raises: PermissionMissing, ReformRefused."""
    purpose = access.require(viewer, PERMISSION)
    reform = read_reform(text, file)
    with transaction.atomic():
        row = AskedSimulation.objects.create(
            reform_file=reform.file,
            reform_text=reform.text,
            month=month.text if month else "",
            asked_by=viewer.account,
            asked_at=clock.now(),
        )
        access.record_access(viewer, purpose, "simulation.ask", f"asked simulation {row.id}")
    _begin()
    return _asked(row)


def ask_again(viewer: Viewer, asked_id: int) -> Asked:
    """Have a simulation that failed, was stopped or left behind worked off after all. Raises: NoSimulation."""
    access.require(viewer, PERMISSION)
    row = _row(asked_id)
    if _state(row) not in (State.WAITING, State.RUNNING, State.FINISHED):
        AskedSimulation.objects.filter(pk=row.pk).update(state=State.WAITING, done=0, total=0, note="", problem_zh="", problem_en="")
        _begin()
    return _asked(_row(asked_id))


def stop_simulation(viewer: Viewer, asked_id: int) -> None:
    """Stop a simulation that waits or runs; what is done of it stays for the next time. Raises: NoSimulation."""
    access.require(viewer, PERMISSION)
    row = _row(asked_id)
    open_ones = AskedSimulation.objects.filter(pk=row.pk, state__in=(State.WAITING, State.RUNNING))
    open_ones.update(state=State.STOPPED, finished_at=clock.now())


def forget_asked(viewer: Viewer, asked_id: int) -> None:
    """Take a simulation that did not come to its end off the list. Raises: NoSimulation."""
    access.require(viewer, PERMISSION)
    _row(asked_id).delete()


def asked_simulation(viewer: Viewer, asked_id: int) -> Asked:
    """Return a simulation that was asked for. Raises: NoSimulation."""
    access.require(viewer, PERMISSION)
    return _asked(_row(asked_id))


def asked_simulations(viewer: Viewer) -> list[Asked]:
    """List the simulations that were asked for and have not come to their end, newest first."""
    access.require(viewer, PERMISSION)
    return [_asked(row) for row in AskedSimulation.objects.exclude(state=State.FINISHED)]


def _row(asked_id: int) -> AskedSimulation:
    found = AskedSimulation.objects.filter(pk=asked_id).first()
    if found is None:
        raise NoSimulation(asked_id)
    return found


def _asked(row: AskedSimulation) -> Asked:
    return Asked(
        id=row.id,
        title=read_reform(row.reform_text, row.reform_file).title,
        reform_text=row.reform_text,
        month=row.month,
        state=_state(row),
        done=row.done,
        total=row.total,
        note=row.note,
        problem=Text(row.problem_zh, row.problem_en),
        simulation=row.simulation_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _state(row: AskedSimulation) -> str:
    return State.LEFT.value if row.state in (State.WAITING, State.RUNNING) and not _somebody_works() else row.state


# ---- the process that works -------------------------------------------------------------------------------------------------------------


def _lock_path() -> Path:
    path = Path(settings.HOME) / "simulations" / "at_work.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _take_lock() -> TextIO | None:
    """Return the lock, held; None where somebody else holds it."""
    lock = _lock_path().open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _somebody_works() -> bool:
    lock = _take_lock()
    if lock is not None:
        lock.close()
    return lock is None


def _take_over() -> TextIO | None:
    """Take the lock, and note what whoever held it before had begun and left behind."""
    lock = _take_lock()
    if lock is not None:
        AskedSimulation.objects.filter(state=State.RUNNING).update(state=State.LEFT)
    return lock


def _begin() -> None:
    """Start the process that works off what waits, unless one is at work: that one looks again before it ends."""
    for _ in range(_TRIES):
        lock = _take_over()
        if lock is not None:
            break
        time.sleep(_PAUSE_SECONDS)
    else:
        return
    command = [sys.executable, "-m", "zhida.blocks.policies.simulation.worker", str(lock.fileno())]
    with lock, _lock_path().with_name("work.log").open("a") as log:
        # A session of its own: it outlives the server's restart. The lock is handed over, never free in between.
        process = subprocess.Popen(
            command,
            env={**os.environ, "ZHIDA_HOME": str(settings.HOME)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    Thread(target=process.wait, daemon=True).start()


def work(lock: Any) -> None:
    """Work off what waits, holding the lock that was handed over."""
    while True:
        while (row := AskedSimulation.objects.filter(state=State.WAITING).order_by("id").first()) is not None:
            _work_on(row)
        fcntl.flock(lock, fcntl.LOCK_UN)
        # Whoever asked just now found the lock held and started nobody.
        if not AskedSimulation.objects.filter(state=State.WAITING).exists() or not _retaken(lock):
            return


def _retaken(lock: Any) -> bool:
    """Take a lock again that was let go; no where another process took over, and not merely a page that looked."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def _work_on(row: AskedSimulation) -> None:
    begun = AskedSimulation.objects.filter(pk=row.pk, state=State.WAITING)
    if not begun.update(state=State.RUNNING, started_at=clock.now()):
        return
    try:
        found = simulate(_viewer(row), read_reform(row.reform_text, row.reform_file), _month(row), progress=_RowProgress(row.id))
        end: dict[str, Any] = {"state": State.FINISHED, "simulation_id": found.id}
    except _Stopped:
        return
    except ZhidaError as mistake:
        end = {"state": State.FAILED, "problem_zh": mistake.text.zh, "problem_en": mistake.text.en}
    except Exception:
        traceback.print_exc()
        end = {"state": State.FAILED, "problem_zh": _BROKEN.zh, "problem_en": _BROKEN.en}
    AskedSimulation.objects.filter(pk=row.pk, state=State.RUNNING).update(finished_at=clock.now(), **end)


def _viewer(row: AskedSimulation) -> Viewer:
    """Return who asked, with the permissions of today; an account that is gone has none."""
    account = access.account_named(row.asked_by)
    return access.viewer_of(account) if account else Viewer(row.asked_by, "")


def _month(row: AskedSimulation) -> Month | None:
    return Month.parse(row.month) if row.month else None


class _Stopped(Exception):
    """Somebody stopped it while it ran."""


class _RowProgress(Progress):
    """Progress that a page can read. Raises _Stopped at the first step after somebody has stopped the simulation."""

    def __init__(self, asked_id: int) -> None:
        super().__init__("simulate", 1, quiet=True)
        self._row = AskedSimulation.objects.filter(pk=asked_id, state=State.RUNNING)

    def step(self, amount: int = 1, note: str = "") -> None:
        super().step(amount, note)
        if not self._row.update(done=min(self.done, self.total), total=self.total, note=note[:200]):
            raise _Stopped
