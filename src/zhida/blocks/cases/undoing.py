"""Half-done is handled: when an item is refused after others have acted, what they did is undone, the last first, or a person is told."""

from __future__ import annotations

from zhida.blocks.cases import effects
from zhida.blocks.cases.declarations.model import Item
from zhida.blocks.cases.errors import CaseOpenAlready
from zhida.blocks.cases.models import Case, CaseItem
from zhida.blocks.cases.moving import REFUSED, UNDONE, Moving, close, complete, move, save
from zhida.blocks.cases.rules import CLOSED, OVER, CaseState, ItemState, due_after

EFFECTS, PERSON = "effects", "person"


def refuse(moving: Moving, item: CaseItem, reason: str) -> None:
    """Write an item as refused, and do what its declaration says follows from that."""
    declared = moving.declared.items[item.item]
    item.reason = reason
    if declared.on_refusal == "undo":
        _end(moving, item)
        begin(moving, f"{declared.label.zh}：{reason}")
        return
    complete(moving, item, {**item.entered, f"{item.item}_outcome": REFUSED})
    if isinstance(declared.on_refusal, tuple):
        for name in declared.on_refusal:
            _mark(moving, name)
        go_on(moving)
    move(moving)


def take_back(moving: Moving, item: CaseItem, reason: str) -> None:
    """Undo an item that was done: with everything else where its refusal would have undone everything.

    Raises: CaseOpenAlready where the resident has begun the same anew meanwhile.
    """
    declared = moving.declared.items[item.item]
    moving.note("taken_back", item.item, reason)
    if declared.on_refusal == "undo":
        other = Case.objects.filter(case_key=moving.case.case_key).exclude(state__in=CLOSED).exclude(pk=moving.case.pk).first()
        if other is not None:
            raise CaseOpenAlready(moving.case.event, other.pk)
        moving.case.closed_at = None
        begin(moving, f"{declared.label.zh}：{reason}")
        return
    _mark(moving, item.item)
    go_on(moving)


def _end(moving: Moving, item: CaseItem) -> None:
    item.state, item.done_at = ItemState.REFUSED, moving.at
    item.save()
    moving.note("item_refused", item.item, item.reason)


def begin(moving: Moving, because: str) -> None:
    """Stop a case and undo everything it did."""
    case = moving.case
    case.state, case.undone_because = CaseState.UNDOING, because[:500]
    moving.note("case_undoing", text=because)
    if case.process:
        moving.running.cancel()
    for item in moving.items:
        if item.state not in OVER:
            item.state, item.done_at = ItemState.CANCELLED, moving.at
            item.save()
            moving.note("item_cancelled", item.item)
    go_on(moving)


def _mark(moving: Moving, name: str) -> None:
    """Put an item that was done on the way back."""
    for item in moving.items:
        if item.item == name and item.state == ItemState.DONE:
            item.state = ItemState.UNDO
            item.due_on, item.assignee = due_after(moving.today, 1), ""
            item.save()


def go_on(moving: Moving) -> None:
    """Undo one item after the other, the last done first, until one needs a person or a system; then close what is finished."""
    is_whole = moving.case.state == CaseState.UNDOING
    wanted = (ItemState.DONE, ItemState.UNDO) if is_whole else (ItemState.UNDO,)
    for item in sorted((each for each in moving.items if each.state in wanted), key=lambda each: (each.done_at, each.pk), reverse=True):
        if not _undo(moving, item):
            break
    else:
        if is_whole:
            close(moving, CaseState.UNDONE)
    save(moving)


def _undo(moving: Moving, item: CaseItem) -> bool:
    declared: Item | None = moving.declared.items.get(item.item)
    if declared is not None and declared.undo_by == PERSON and not item.entered.get(UNDONE):
        if item.state != ItemState.UNDO:
            item.state, item.due_on, item.assignee = ItemState.UNDO, due_after(moving.today, max(1, declared.working_days)), ""
            item.save()
            moving.note("item_undo", item.item, moving.case.undone_because)
        return False
    if declared is not None and declared.undo_by and not effects.undo_effects(moving, item, declared):
        if item.state != ItemState.UNDO:
            item.state = ItemState.UNDO
            item.save()
        return False
    if declared is not None and declared.undo_by:
        item.state = ItemState.UNDONE
        item.save()
        moving.note("item_undone", item.item)
    else:
        # It left nothing that could be undone: it stays done, and history says so.
        item.state = ItemState.DONE
        item.save()
    return True


def undone_by_person(moving: Moving, item: CaseItem, note: str) -> None:
    """Write that an officer has undone what an item did outside, then undo its effects and go on."""
    item.entered = {**item.entered, UNDONE: True}
    item.reason = note
    item.save()
    moving.note("item_undone_by_person", item.item, note)
    go_on(moving)
