"""What workers do: messages to systems that wait, timers that have come, effects that are tried again. Safe to run many at once.

Each piece is leased for a minute in a transaction of its own, carried out with no row held, and written in another: whoever is killed
in between leaves a lease that runs out, and the next worker repeats the call with the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.cases import undoing
from zhida.blocks.cases.adapters import systems as outside
from zhida.blocks.cases.effects.systems import LEASE, next_attempt
from zhida.blocks.cases.errors import SystemDown, SystemRefused
from zhida.blocks.cases.models import Case, CaseEffect, CaseItem
from zhida.blocks.cases.moving import CROSSROADS, REOPENED, Moving, finish, held_case, move, save
from zhida.blocks.cases.rules import OVER, CaseState, EffectState, ItemState, due_after
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError

_log = logging.getLogger(__name__)


@dataclass
class Worked:
    """What a worker did: messages sent, withdrawn and failed, cases woken by a timer."""

    sent: int = 0
    withdrawn: int = 0
    failed: int = 0
    woken: int = 0


def work(case_id: int | None = None, limit: int = 1_000) -> Worked:
    """Do what is due, of one case or of all; at most ``limit`` pieces."""
    worked = Worked()
    for effect_id in _leased(case_id, limit):
        _carry_out(effect_id, worked)
    for number in _to_wake(case_id, limit):
        worked.woken += wake(number)
    return worked


def _due(case_id: int | None):
    found = CaseEffect.objects.filter(state__in=(EffectState.WAITING, EffectState.UNDOING), next_attempt_at__lte=clock.now())
    return found.filter(item__case_id=case_id) if case_id else found


def _leased(case_id: int | None, limit: int) -> Iterator[int]:
    """Take one due message after the other: nobody else sees it for a minute."""
    for _ in range(limit):
        with transaction.atomic():
            row = _due(case_id).order_by("next_attempt_at").select_for_update(skip_locked=True, of=("self",)).first()
            if row is None:
                return
            CaseEffect.objects.filter(pk=row.pk).update(next_attempt_at=clock.now() + LEASE, attempts=row.attempts + 1)
        yield row.pk


def _carry_out(effect_id: int, worked: Worked) -> None:
    """Call the system with nothing held, then write what became of it."""
    row = CaseEffect.objects.select_related("item").get(pk=effect_id)
    try:
        if row.state == EffectState.UNDOING:
            outside.withdraw(row.result["system"], row.key)
            _write(row, None)
            worked.withdrawn += 1
        else:
            _write(row, outside.send(row.result["system"], row.key, row.result["send"]))
            worked.sent += 1
    except (SystemDown, SystemRefused) as error:
        _write_failure(row, error)
        worked.failed += 1
    except Exception as error:
        # Whatever it is, the others do not wait for it: it is tried again later, and in the end a person is told.
        _log.exception("The message %s could not be carried out.", row.key)
        _write_failure(row, SystemDown(row.result["system"], type(error).__name__))
        worked.failed += 1


@transaction.atomic
def _write(before: CaseEffect, answer: outside.Answer | None) -> None:
    """Write that a message was taken in or withdrawn, and let the case go on."""
    moving = Moving(held_case(before.item.case_id), SYSTEM)
    row = CaseEffect.objects.get(pk=before.pk)
    if row.state != before.state:
        return
    if answer is None:
        row.state = EffectState.UNDONE
    else:
        said = {
            f"{before.item.item}_reference": answer.reference,
            **{key: answer.values[key] for key in moving.declared.known_keys & set(answer.values)},
        }
        row.state, row.result = EffectState.DONE, {**row.result, "reference": answer.reference, "values": said}
    row.next_attempt_at, row.problem_zh, row.problem_en = None, "", ""
    row.save()
    go_on(moving, before.item_id)


@transaction.atomic
def _write_failure(before: CaseEffect, error: ZhidaError) -> None:
    """Write why a message was not taken; after the last attempt, or where the system refused, a person is told."""
    moving = Moving(held_case(before.item.case_id), SYSTEM)
    row = CaseEffect.objects.get(pk=before.pk)
    if row.state != before.state:
        return
    row.problem_zh, row.problem_en = error.text.zh[:300], error.text.en[:300]
    row.next_attempt_at = None if isinstance(error, SystemRefused) else next_attempt(row, moving.at)
    if isinstance(error, SystemRefused) and row.state == EffectState.WAITING:
        row.result = {**row.result, "is_refused": True}
    row.save()
    if row.next_attempt_at is None:
        _tell_person(moving, next(each for each in moving.items if each.pk == before.item_id))
        save(moving)


def _tell_person(moving: Moving, item: CaseItem) -> None:
    """Put an item at its desk whose message a system does not take, or does not take back."""
    if item.state == ItemState.WORKING:
        item.state = ItemState.STUCK
    elif item.state == ItemState.UNDO:
        item.due_on, item.assignee = due_after(moving.today, 1), ""
    else:
        return
    item.save()
    moving.note("item_stuck", item.item)


def go_on(moving: Moving, item_id: int) -> None:
    """Bring about what is left of an item, and move the case."""
    item = next(each for each in moving.items if each.pk == item_id)
    if moving.case.state == CaseState.UNDOING or item.state == ItemState.UNDO:
        undoing.go_on(moving)
    elif item.state in (ItemState.WORKING, ItemState.STUCK):
        finish(moving, item, moving.declared.items[item.item])
        move(moving)


def _to_wake(case_id: int | None, limit: int) -> list[int]:
    found = Case.objects.filter(state=CaseState.OPEN, wake_at__lte=clock.now()).order_by("wake_at")
    return list((found.filter(pk=case_id) if case_id else found).values_list("pk", flat=True)[:limit])


@transaction.atomic
def wake(case_id: int) -> bool:
    """Let the timers of a case that have come take effect; False where somebody else did."""
    moving = Moving(held_case(case_id), SYSTEM)
    if moving.case.wake_at is None or moving.case.wake_at > moving.at:
        return False
    moving.running.wake(moving.at)
    _cancel_interrupted(moving)
    move(moving)
    return True


def _cancel_interrupted(moving: Moving) -> None:
    """Items whose deadline in the process interrupted them wait no more."""
    waiting = {each.token for each in moving.running.waiting}
    for item in moving.items:
        is_beside = item.item == CROSSROADS or item.token.startswith(REOPENED)
        if item.token not in waiting and not is_beside and item.state not in (*OVER, ItemState.UNDO):
            undoing.cancel(moving, item)
