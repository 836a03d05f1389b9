"""Two at once, and SIGKILL in the middle: on a real database, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from django.core.management import call_command
from django.db import connection

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.payments.testing import CHECKER, MAKER, decision, write_decisions

ROWS = 4000


@pytest.fixture
def office(transactional_db, own_home):
    """Give processes of their own the test's database: PostgreSQL's, or a SQLite file that this process uses too."""
    if connection.vendor == "postgresql":
        of = connection.settings_dict
        url = f"postgres://{of['USER']}:{of['PASSWORD'] or ''}@{of['HOST'] or '127.0.0.1'}:{of['PORT'] or 5432}/{of['NAME']}"
        yield {**os.environ, "ZHIDA_HOME": str(own_home), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "zhida.project.settings"}
        return
    memory = connection.settings_dict["NAME"]
    connection.close()
    kept, connection.connection = connection.connection, None
    connection.settings_dict["NAME"] = str(own_home / "zhida.sqlite3")
    try:
        call_command("migrate", verbosity=0, skip_checks=True)
        yield {**os.environ, "ZHIDA_HOME": str(own_home), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "zhida.project.settings"}
    finally:
        connection.connection and connection.connection.close()
        connection.connection = kept
        connection.settings_dict["NAME"] = memory


def start(environment, *arguments):
    """Start a worker and wait until it stands at the line."""
    command = [sys.executable, "-m", "zhida.blocks.payments.tests.worker", *map(str, arguments)]
    worker = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert worker.stdout.readline() == "ready\n"
    return worker


def race(*workers):
    """Let the workers go together; return what each said, sorted."""
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return sorted(worker.communicate(timeout=120)[0].strip() for worker in workers)


def kill_after(worker, seconds):
    worker.stdin.write("go\n")
    worker.stdin.flush()
    time.sleep(seconds)
    worker.kill()
    worker.communicate(timeout=60)


def sums():
    return {row.key[0]: (row.count, row.amount_fen) for row in api.totals_by("state")}


def test_two_at_the_same_command_are_one(office, own_home):
    path = write_decisions(own_home / "runs" / "1", [decision(number, number) for number in range(1, ROWS + 1)])
    api.set_budget(CHECKER, "dibao", 2025, 10**12)
    assert race(start(office, "prepare", path), start(office, "prepare", path)) == ["done", "nothing"]
    (batch,) = api.batches(MAKER)
    assert batch.count == ROWS
    api.look_at(CHECKER, batch.pk)
    approvals = race(start(office, "approve", batch.pk, "checker"), start(office, "approve", batch.pk, "other_checker"))
    assert approvals == ["BatchInWrongState", "done"]
    assert race(start(office, "release", batch.pk), start(office, "release", batch.pk)) == ["BatchInWrongState", "done"]
    out = own_home / "bank" / "out" / api.batch(MAKER, batch.pk).file_name
    booked = demo_bank.answer(out, own_home / "answers")[1]
    assert race(start(office, "import", booked), start(office, "import", booked)) == ["done", "done"]
    assert len(api.bank_files(MAKER)) == 1
    assert sum(row.balance_fen for row in api.trial_balance() if row.kind == "paid_out") == sums()["paid"][1]


def test_a_killed_command_leaves_all_or_nothing_and_can_be_given_again(office, own_home):
    path = write_decisions(own_home / "runs" / "1", [decision(number, number) for number in range(1, ROWS + 1)])
    due = sum(range(1, ROWS + 1))
    api.set_budget(CHECKER, "dibao", 2025, 10**12)
    kill_after(start(office, "prepare", path), 0.1)
    assert sums() in ({}, {"instructed": (ROWS, due)})
    race(start(office, "prepare", path))
    (batch,) = api.batches(MAKER)
    assert sums() == {"instructed": (ROWS, due)}
    api.look_at(CHECKER, batch.pk)
    race(start(office, "approve", batch.pk))
    kill_after(start(office, "release", batch.pk), 0.1)
    race(start(office, "release", batch.pk))
    released = api.batch(MAKER, batch.pk)
    assert (released.state, released.amount_fen) == ("released", due)
    out = own_home / "bank" / "out" / released.file_name
    assert out.read_text().count("<CdtTrfTxInf>") == ROWS
    assert sum(row.balance_fen for row in api.trial_balance() if row.kind == "in_transit") == due
    for answer in demo_bank.answer(out, own_home / "answers"):
        kill_after(start(office, "import", answer), 0.1)
        api.import_bank_file(MAKER, answer)
    assert api.settle(MAKER, batch.pk).state == "settled"
    assert sum(amount for _, amount in sums().values()) == due
