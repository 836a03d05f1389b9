"""Eight processes give the same command at the same moment: one of them does it, the others are told so, and all is paid once."""

from __future__ import annotations

from collections import Counter

import pytest

from zhida.blocks.payments.tests import a_life
from zhida.blocks.payments.tests.processes import Place, Processes

WORKERS = 8
NOT_AGAIN = "BatchInWrongState"


@pytest.fixture
def processes(transactional_db, tmp_path):
    started = Processes(tmp_path)
    yield started
    started.close()


def race(processes: Processes, place: Place, command: str, **job: object) -> Counter[str]:
    """Let eight go together, each as another officer; return how many said what."""
    jobs = [{"command": command, "account": f"checker {number}", **job} for number in range(WORKERS)]
    return Counter(result["said"] for result in processes.together(place, *jobs))


def test_eight_at_the_same_command_are_one(processes):
    place = processes.empty_place("office")
    assert processes.one(place, "begin", facts=a_life.AT_FIRST)["said"] == "nothing"
    path = str(place.home / "runs" / a_life.MONTHS[1] / "*.parquet")
    others = WORKERS - 1
    assert race(processes, place, "prepare", month=a_life.MONTHS[1], path=path, facts=a_life.CHANGED) == {"done": 1, "nothing": others}
    race(processes, place, "look")
    assert race(processes, place, "approve", facts=a_life.ONE_DIED) == {"done": 1, NOT_AGAIN: others}
    said = race(processes, place, "release", facts=a_life.ONE_CLOSED)
    # Who comes before the files are put out helps to put them out.
    assert said["done"] >= 1 and said["done"] + said[NOT_AGAIN] == WORKERS, said
    for number in (1, 2, 3):
        assert processes.one(place, "bank_writes", number=number)["said"] == "nothing"
        said = race(processes, place, "take_in")
        assert said["done"] >= 1 and said["done"] + said["nothing"] == WORKERS, said
    assert race(processes, place, "settle") == {"done": 1, NOT_AGAIN: others}
    assert race(processes, place, "reissue", facts=a_life.LATER) == {"done": 1, "nothing": others}
    assert processes.one(place, "faults")["said"] == []
    said = processes.one(place, "books")["said"]
    # September's batch, October's and what was sent again; three letters of each month.
    assert (len(said["PaymentInstruction"]), len(said["BankFile"])) == (3, 6)
    processes.remove(place)


def test_different_commands_at_once_wait_for_each_other(processes):
    place = processes.empty_place("office")
    assert processes.one(place, "begin", facts=a_life.AT_FIRST)["said"] == "nothing"
    prepares = [
        {"command": "prepare", "month": month, "path": str(place.home / "runs" / month / "*.parquet"), "facts": a_life.LATER}
        for month in a_life.MONTHS
    ]
    jobs = [*prepares, {"command": "reissue", "facts": a_life.LATER}, *prepares, {"command": "take_in"}]
    assert len(jobs) == WORKERS
    said = [result["said"] for result in processes.together(place, *jobs)]
    assert set(said) <= {"done", "nothing"}, said
    assert processes.one(place, "faults")["said"] == []
    processes.remove(place)
