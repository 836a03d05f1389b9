"""Not a day late: when a month's payments arrived, against the day they were due. Reads sums per batch, never single payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.payments import api as payments
from zhida.kernel import clock
from zhida.kernel.period import Month

# A month's money is due by the 10th of the next one: assumption of the demonstration, a site sets its own day.
PAYDAY = 10


@dataclass(frozen=True)
class Timeliness:
    """How a month's payments kept their day. late: days late -> payments. waiting: not with their payee yet."""

    due_on: date
    on_time: int
    late: dict[int, int]
    waiting: int
    waiting_days: int

    @property
    def arrived(self) -> int:
        return self.on_time + sum(self.late.values())

    @property
    def on_time_share(self) -> float | None:
        """The share of all payments, also of those that wait, that arrived by the day; None where there are none."""
        everyone = self.arrived + self.waiting
        return self.on_time / everyone if everyone else None


def days_late(viewer: Viewer, month: str) -> Timeliness:
    """Return how many payments of a month arrived on time, how late the others did, and how many still wait.

    A batch counts with the day on which the bank had answered all of it; until then its payments wait.
    """
    access.require(viewer, "statistics.view")
    due_on = Month.parse(month).end + timedelta(days=PAYDAY - 1)
    settled = {batch.id: batch.settled_on for batch in payments.batches(access.SYSTEM, month) if batch.settled_on}
    on_time = waiting = 0
    late: dict[int, int] = {}
    for row in payments.totals_by("batch", "state", month=month):
        batch_id, state = row.key
        arrived_on = settled.get(int(batch_id))
        if arrived_on is None or state != "paid":
            waiting += row.count if state not in ("reissued", "cancelled") else 0
        elif arrived_on <= due_on:
            on_time += row.count
        else:
            days = (arrived_on - due_on).days
            late[days] = late.get(days, 0) + row.count
    return Timeliness(due_on, on_time, dict(sorted(late.items())), waiting, max(0, (clock.today() - due_on).days))
