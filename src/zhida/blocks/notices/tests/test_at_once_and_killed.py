"""Several workers at once, and SIGKILL in the middle: on a real database, in processes of their own, through a real mail server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from django.utils import timezone

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.notices import api
from zhida.blocks.notices.models import ContactPoint, NoticeDelivery
from zhida.blocks.notices.testing import about
from zhida.blocks.notices.tests.post_office import PostOffice

READERS = 150


def two_workers(house: dict[str, str], office: PostOffice) -> list[subprocess.Popen[str]]:
    """Start two workers and wait until both stand at the line."""
    environment = {**house, "ZHIDA_SMTP": office.url}
    command = [sys.executable, "-m", "zhida.blocks.notices.tests.worker"]
    found = [subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [worker.stdout.readline() for worker in found] == ["ready\n"] * 2
    return found


def go(worker: subprocess.Popen[str]) -> None:
    worker.stdin.write("go\n")
    worker.stdin.flush()


def everyone_is_told() -> None:
    at = timezone.now()
    addresses = [ContactPoint(resident_no=n, channel="email", address=f"r{n}@example.com", confirmed_at=at) for n in range(1, READERS + 1)]
    ContactPoint.objects.bulk_create(addresses)
    assert api.notify(SYSTEM, "payment_returned", [about("payment:1", resident_no=n) for n in range(1, READERS + 1)]) == READERS


def test_workers_at_once_of_which_one_is_killed_repeat_at_most_the_letter_in_flight(
    house: dict[str, str], post_office: PostOffice, hours_pass: Callable
) -> None:
    everyone_is_told()
    unlucky, other = two_workers(house, post_office)
    go(unlucky)
    while len(post_office.letters) < READERS // 4:
        time.sleep(0.001)
    go(other)
    time.sleep(0.05)
    unlucky.kill()
    unlucky.communicate(timeout=60)
    sent = [api.deliver().sent, int(other.communicate(timeout=60)[0])]
    assert sum(sent) <= READERS * 3 // 4 and min(sent) > 0
    # In flight at the kill: taken, and not due again before its lease is over.
    assert NoticeDelivery.objects.filter(state="waiting").count() <= 1 and api.deliver().total == 0
    hours_pass()
    api.deliver()
    assert set(NoticeDelivery.objects.values_list("state", flat=True)) == {"sent"}
    letters = {address: post_office.ids(address) for address in post_office.letters}
    assert len(letters) == READERS and sum(map(len, letters.values())) <= READERS + 1
    assert all(len(set(ids)) == 1 for ids in letters.values())
