"""Eight tills at once, and SIGKILL while they post: on a real database, in processes of their own."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from zhida.blocks.tills import testing
from zhida.blocks.tills.api import close_days, mismatches, post_events
from zhida.blocks.tills.models import BenefitEvent, ProviderSettlement, Till, UsageCounter

RESIDENTS = 6
PER_REQUEST = 8
# As gunicorn does with --preload: a process that has loaded everything, and connections of its own.
FORK = multiprocessing.get_context("fork")
Answers = list[list[Any]]


@pytest.fixture
def street(transactional_db: None, own_home: Path) -> Iterator[Path]:
    """A database that several processes share: PostgreSQL's of the tests, or a SQLite file. Yields a folder for what they hear."""
    if connection.vendor == "postgresql":
        yield own_home
        return
    memory = connection.settings_dict["NAME"]
    connection.close()
    kept, connection.connection = connection.connection, None
    connection.settings_dict["NAME"] = f"{own_home}/zhida.sqlite3"
    try:
        call_command("migrate", verbosity=0, skip_checks=True)
        yield own_home
    finally:
        connection.connection and connection.connection.close()
        connection.connection = kept
        connection.settings_dict["NAME"] = memory


def open_street() -> list[int]:
    """Four tills of two canteens, and six residents who may eat there twice a day."""
    testing.install()
    testing.listed(*range(1, RESIDENTS + 1))
    return [testing.till(provider).pk for provider in (testing.canteen(1), testing.canteen(2)) for _ in range(2)]


def play(till_id: int, seed: int, count: int, keys: int, path: Path, begin: Any) -> None:
    """Post requests of a few events; write each answer down as soon as it is there. What stands in the file was answered."""
    connection.connection = None
    begin.wait()
    till = Till.objects.select_related("provider").get(pk=till_id)
    dice = random.Random(seed)
    with path.open("w") as heard:
        for number in range(count):
            # Keys come again, in the same request, in later ones, and in those of another process that plays the same till.
            events = [event_of(dice.randrange(keys), till_id) for _ in range(PER_REQUEST)]
            answers = post_events(till, events, testing.NOON)
            told = [[each.key, str(each.state), each.city_fen, each.remaining_times, each.remaining_fen] for each in answers]
            heard.write(json.dumps(told) + "\n")
            heard.flush()
            if seed == 0 and number == count // 2:
                close_days(testing.MAKER, testing.TODAY)


def event_of(key: int, till_id: int) -> testing.EventRequest:
    """Return what a key of a till always stands for."""
    dice = random.Random(f"{till_id} {key}")
    return testing.event(str(key), dice.randrange(1, RESIDENTS + 1), dice.choice((3_00, 12_00)))


def start(folder: Path, begin: Any, *arguments: int) -> tuple[Any, Path]:
    till_id, seed, count, keys = arguments
    path = folder / f"heard-{seed}.jsonl"
    # The child must neither use nor close the parent's connection.
    connection.close()
    worker = FORK.Process(target=play, args=(till_id, seed, count, keys, path, begin))
    worker.start()
    return worker, path


def heard_in(path: Path) -> Answers:
    """Return every answer that was written down; a line that was cut off was not."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [answer for line in lines if line.endswith("\n") for answer in json.loads(line)]


def expect_all_in_order(heard: dict[int, Answers]) -> None:
    """One answer per key, caps held, counters and settlement equal to the events."""
    for till, told in heard.items():
        kept = {row.key: row for row in BenefitEvent.objects.filter(till_id=till)}
        for key, *answer in told:
            row = kept[key]
            assert [row.state, row.city_fen, row.remaining_times, row.remaining_fen] == answer
    for person in range(1, RESIDENTS + 1):
        eaten = list(BenefitEvent.objects.filter(person_no=person, state="accepted").values_list("city_fen", flat=True))
        assert len(eaten) <= 2
        for period in ("2025-11-05", "2025-11"):
            row = UsageCounter.objects.filter(person_no=person, period=period).first()
            assert ((row.times, row.fen) if row else (0, 0)) == (len(eaten), sum(eaten))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIDA_TODAY", "2025-11-06")
        close_days(testing.MAKER, testing.TODAY + testing.days(1))
    accepted = BenefitEvent.objects.filter(state="accepted")
    assert sum(row.payable_fen for row in ProviderSettlement.objects.all()) == sum(row.city_fen for row in accepted)
    assert mismatches(testing.TODAY + testing.days(1)) == []


def test_eight_processes_at_four_tills_never_double_and_never_exceed_a_cap(street: Path) -> None:
    tills, begin = open_street(), FORK.Event()
    # Two processes play each till, as after a restart of which the first did not hear; the first of all closes the day in between.
    workers = [start(street, begin, till, seed, 12, 60) for seed, till in enumerate(tills * 2)]
    begin.set()
    for worker, _ in workers:
        worker.join(60)
    assert [worker.exitcode for worker, _ in workers] == [0] * 8
    told = [heard_in(path) for _, path in workers]
    expect_all_in_order({till: told[place] + told[place + 4] for place, till in enumerate(tills)})
    assert mismatches(testing.TODAY) == []
    assert BenefitEvent.objects.filter(state="accepted").count() == 2 * RESIDENTS


def test_a_killed_process_loses_nothing_that_it_answered_and_its_keys_can_be_sent_again(street: Path) -> None:
    till, begin = open_street()[0], FORK.Event()
    begin.set()
    heard: Answers = []
    for seed in range(1, 11):
        worker, path = start(street, begin, till, seed, 10_000, 1_000)
        time.sleep(0.06 + 0.013 * seed)
        worker.kill()
        worker.join(60)
        heard += heard_in(path)
    last, path = start(street, begin, till, 99, 30, 1_000)
    last.join(60)
    assert last.exitcode == 0
    heard += heard_in(path)
    assert len(heard) > 300
    expect_all_in_order({till: heard})
