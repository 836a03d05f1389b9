"""Payment commands in processes of their own, for tests of what happens at the same time and under SIGKILL.

``python -m zhida.blocks.payments.tests.worker`` imports everything once, and then forks a process for each job. A line on its
input is JSON: ``database`` (its name), ``home`` and ``jobs``, which all begin at the same moment. A job has a ``command`` and its
arguments, or ``several`` such, one after the other; and ``kill_at`` (the process kills itself at its n-th point, see
``count_points``) or ``kill_after_s``. The answer is a line: for each job ``said``, ``points``, ``seconds`` and ``is_killed``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Job = dict[str, Any]


def count_points(kill_at: int) -> list[int]:
    """Count every statement, COPY, commit and change of a file from now on, and die at the n-th; return where it counts."""
    import psycopg
    from django.db import connection

    from zhida.blocks.payments.adapters import pain001

    passed = [0]

    def point() -> None:
        passed[0] += 1
        if passed[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            point()
            return act(*arguments, **options)

        return counting

    connection.ensure_connection()
    connection.execute_wrappers.append(lambda execute, *statement: counted(execute)(*statement))
    connection._commit = counted(connection._commit)
    for owner, name in (
        (os, "replace"), (os, "fsync"), (os, "unlink"), (os, "mkdir"), (pain001, "joined"),
        (psycopg.Cursor, "copy"), (psycopg.Copy, "write"), (psycopg.Copy, "__exit__"),
    ):  # fmt: skip
        setattr(owner, name, counted(getattr(owner, name)))
    return passed


def do(job: Job) -> object:
    """Carry out one command; return its result, None where there was nothing to do. ZHIDA_TEST_LIFE: a module with commands of its own."""
    if life := os.environ.get("ZHIDA_TEST_LIFE"):
        return importlib.import_module(life).do(job)
    from zhida.blocks.access.api import Viewer
    from zhida.blocks.payments import api
    from zhida.blocks.payments.commands import prepare_from
    from zhida.blocks.payments.differences import DecisionSource
    from zhida.blocks.payments.models import PaymentInstruction
    from zhida.blocks.payments.testing import MAKER, MadeUpFacts
    from zhida.blocks.payments.tests import a_life

    told = job.get("facts", {})
    facts = MadeUpFacts(
        without_account=set(told.get("without_account", [])),
        organisation_cards=told.get("organisation_cards", {}),
        new_cards={int(number): card for number, card in told.get("new_cards", {}).items()},
        dead=set(told.get("dead", [])),
    )
    checker = Viewer(job.get("account", "checker"), "payment_checker", "330100")

    def newest() -> int:
        return PaymentInstruction.objects.latest("id").pk

    work: dict[str, Callable[[], object]] = {
        "prepare": lambda: prepare_from(MAKER, DecisionSource(1, job["month"], job["path"]), facts),
        "look": lambda: api.look_at(checker, newest()),
        "approve": lambda: api.approve_batch(checker, newest(), facts),
        "refuse": lambda: api.refuse_batch(checker, newest(), "not now"),
        "cancel": lambda: api.cancel_batch(checker, newest(), "not now"),
        "release": lambda: api.release_batch(MAKER, newest(), facts),
        "import": lambda: api.import_bank_file(MAKER, Path(job["path"])),
        "take_in": lambda: api.import_folder(MAKER)[0] or None,
        "settle": lambda: api.settle(MAKER, newest()),
        "reissue": lambda: api.reissue(MAKER, facts=facts),
        "begin": lambda: a_life.begin(facts),
        "bank_writes": lambda: a_life.bank_writes(newest(), job["number"]),
        "books": a_life.books,
        "faults": a_life.faults,
    }
    return work[job["command"]]()


def say(job: Job) -> object:
    """Carry out a command and say what came of it: done, nothing, the name of the error it was told, or a whole traceback."""
    from zhida.kernel.errors import ZhidaError

    try:
        result = do(job)
    except ZhidaError as error:
        return type(error).__name__
    except BaseException:
        return traceback.format_exc()
    if job["command"] in ("books", "faults"):
        return result
    return "nothing" if result is None else "done"


def in_child(job: Job, go: int, answer: int) -> None:
    """Do a job in this forked process, and write what came of it to a pipe."""
    os.read(go, 1)
    counter = count_points(job.get("kill_at", 0))
    if job.get("kill_after_s"):
        threading.Timer(job["kill_after_s"], os.kill, (os.getpid(), signal.SIGKILL)).start()
    begin = time.monotonic()
    said = [say(part) for part in job["several"]] if "several" in job else say(job)
    seconds = time.monotonic() - begin
    if counter[0] + 1 == job.get("kill_at"):
        os.kill(os.getpid(), signal.SIGKILL)
    with os.fdopen(answer, "w") as out:
        json.dump({"said": said, "points": counter[0] + 1, "seconds": seconds, "is_killed": False}, out)


def together(order: Job) -> list[Job]:
    """Fork a process for each job, let them all go at once, and return their answers in the order of the jobs."""
    go_read, go_write = os.pipe()
    children = []
    for job in order["jobs"]:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(go_write)
                use(order["database"], order["home"])
                in_child(job, go_read, write)
            finally:
                os._exit(0)
        os.close(write)
        children.append((pid, read))
    os.close(go_write)
    os.close(go_read)
    return [answer_of(pid, read) for pid, read in children]


def answer_of(pid: int, read: int) -> Job:
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"said": "", "points": 0, "seconds": 0.0, "is_killed": True}


def use(database: str, home: str) -> None:
    from django.conf import settings
    from django.db import connection

    connection.settings_dict["NAME"] = database
    settings.HOME = Path(home)


def main() -> None:
    import django

    django.setup()
    importlib.import_module(os.environ.get("ZHIDA_TEST_LIFE") or "zhida.blocks.payments.tests.a_life")  # once, before the first fork

    # What is there now is never looked through again, so the children do not copy it.
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(together(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
