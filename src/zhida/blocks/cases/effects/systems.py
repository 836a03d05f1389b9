"""What leaves the house: a message to a department's own system. Written down here, carried out by ``working.py`` after the commit.

Whoever calls a system inside a transaction holds the case's row for as long as that system takes to answer, and repeats the call when
the transaction is rolled back. So the effect's row is the outbox: its key goes with every attempt, and the system takes a key in once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from zhida.blocks.cases.adapters import systems as outside
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseEffect
from zhida.blocks.cases.rules import EffectState

# Between one attempt and the next: one minute, then longer, a day at most. After so many a person is told.
RETRY_MINUTES = (1, 5, 15, 60, 240, 1440)
ATTEMPTS_BEFORE_A_PERSON = 6
# So long a message is one worker's: longer than an answer may take.
LEASE = timedelta(minutes=1)


def ask_for(making: Making) -> None:
    """Write down the message that a worker is to send."""
    row = making.row
    # The same key goes with the same words, unless they were refused: then they are what the officer has corrected since.
    if "send" not in row.result or row.result.get("is_refused"):
        row.result = {"system": making.settings["system"], "send": message(making)}
    row.state = EffectState.WAITING
    making.moving.has_asked_outside = True
    if row.attempts < ATTEMPTS_BEFORE_A_PERSON:
        row.next_attempt_at = row.next_attempt_at or making.moving.at
    row.save()


def put_into_inbox(making: Making) -> dict[str, Any]:
    """Give a message to a department that has no system of its own: a row of this database, written with everything else."""
    system = making.settings["system"]
    sent = outside.send(system, making.row.key, message(making))
    return {"system": system, "reference": sent.reference, "values": {f"{making.item.item}_reference": sent.reference}}


def take_from_inbox(making: Making) -> dict[str, Any]:
    outside.withdraw(making.settings["system"], making.row.key)
    return {"withdrawn": True}


def message(making: Making) -> dict[str, Any]:
    """Return what the department's system is told: what its item needs and nothing else."""
    case, item = making.case, making.item
    body = {key: making.value(key) for key in making.settings.get("send", ())}
    return {"case": case.number, "item": item.item, "event": case.event, "subject": making.value("$subject_id"), "values": body}


def ask_to_undo(making: Making) -> bool:
    """Write down that a message is to be withdrawn; True where that was done already, or the message never left.

    One that a worker may be sending just now is withdrawn after its lease: a withdrawal must not overtake what it withdraws.
    """
    row, at = making.row, making.moving.at
    if row.state == EffectState.WAITING and row.attempts == 0:
        row.state, row.next_attempt_at = EffectState.UNDONE, None
        row.save()
    if row.state == EffectState.UNDONE:
        return True
    if row.state != EffectState.UNDOING:
        is_leased = row.state == EffectState.WAITING and row.next_attempt_at and row.next_attempt_at > at
        row.next_attempt_at = min(row.next_attempt_at, at + LEASE) if is_leased else at
        row.state, row.attempts, row.problem_zh, row.problem_en = EffectState.UNDOING, 0, "", ""
        row.save()
    making.moving.has_asked_outside = True
    return False


def next_attempt(row: CaseEffect, making_at: Any) -> Any:
    """Return when to try again after one more failure; None where a person must look."""
    if row.attempts >= ATTEMPTS_BEFORE_A_PERSON:
        return None
    return making_at + timedelta(minutes=RETRY_MINUTES[min(row.attempts, len(RETRY_MINUTES)) - 1])
