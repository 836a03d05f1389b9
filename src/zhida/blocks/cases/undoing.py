"""Half-done is handled: when an item is refused after others have acted, what they did is undone, the last first, or a person is told."""

from __future__ import annotations

from zhida.blocks.cases import effects
from zhida.blocks.cases.declarations.model import Item
from zhida.blocks.cases.effects import notes
from zhida.blocks.cases.errors import CaseOpenAlready
from zhida.blocks.cases.models import Case, CaseItem
from zhida.blocks.cases.moving import REFUSED, UNDONE, Moving, close, complete, move, save
from zhida.blocks.cases.rules import CLOSED, OVER, CaseState, ItemState, due_after

EFFECTS, PERSON = "effects", "person"
# What becomes of an item that was never done, once what it had half done is taken back.
ENDS_AS = "ends_as"


def refuse(moving: Moving, item: CaseItem, reason: str) -> None:
    """Write an item as refused, do what its declaration says follows from that, and tell the resident once."""
    item.reason = reason
    label = moving.declared.items[item.item].label
    _refuse(moving, item, reason)
    # After what the event itself may have said of this refusal: of two notices about one item the first stands.
    moving.tell(notes.REFUSAL, about=str(item.pk), item=label, reason=notes.refusal(item))
    save(moving)


def _refuse(moving: Moving, item: CaseItem, reason: str) -> None:
    declared = moving.declared.items[item.item]
    if declared.on_refusal == "undo":
        _end(moving, item)
        take_half_back(moving, item, ItemState.REFUSED)
        begin(moving, f"{declared.label.zh}：{reason}")
        return
    complete(moving, item, {**item.entered, f"{item.item}_outcome": REFUSED})
    take_half_back(moving, item, ItemState.REFUSED)
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
        # What is on its way back already goes on being undone.
        if item.state not in (*OVER, ItemState.UNDO):
            cancel(moving, item)
    go_on(moving)


def cancel(moving: Moving, item: CaseItem) -> None:
    """End an item that is not needed any more, and take back what it has half done."""
    item.state, item.done_at = ItemState.CANCELLED, moving.at
    item.save()
    moving.note("item_cancelled", item.item)
    take_half_back(moving, item, ItemState.CANCELLED)


def take_half_back(moving: Moving, item: CaseItem, ends_as: ItemState) -> None:
    """Undo the effects of an item that ended without being done; it is on its way back until its systems have taken them back."""
    declared = moving.declared.items.get(item.item)
    if declared is None or not effects.is_touched(item):
        return
    item.state = ends_as if effects.undo_effects(moving, item, declared) else ItemState.UNDO
    item.entered = {**item.entered, ENDS_AS: ends_as}
    item.save()


def _mark(moving: Moving, name: str) -> None:
    """Put an item that was done on the way back."""
    for item in moving.items:
        if item.item == name and item.state == ItemState.DONE:
            item.state = ItemState.UNDO
            item.due_on, item.assignee = due_after(moving.today, 1), ""
            item.save()


def go_on(moving: Moving) -> None:
    """Undo one item after the other, the last done first, until one needs a person or a system; then let the case go on."""
    is_whole = moving.case.state == CaseState.UNDOING
    wanted = (ItemState.DONE, ItemState.UNDO) if is_whole else (ItemState.UNDO,)
    for item in sorted((each for each in moving.items if each.state in wanted), key=lambda each: (each.done_at, each.pk), reverse=True):
        if not _undo(moving, item):
            break
    else:
        if is_whole:
            close(moving, CaseState.UNDONE)
    move(moving)


def _undo(moving: Moving, item: CaseItem) -> bool:
    """Undo one item; False where a person or a system has to do it first."""
    declared: Item | None = moving.declared.items.get(item.item)
    ends_as = item.entered.get(ENDS_AS)
    is_undone = declared is not None and bool(declared.undo_by or ends_as)
    if declared is not None and is_undone:
        if declared.undo_by == PERSON and not ends_as and not item.entered.get(UNDONE):
            _put_at_a_desk(moving, item, declared)
            return False
        if not effects.undo_effects(moving, item, declared):
            item.state = ItemState.UNDO
            item.save()
            return False
    # What left nothing that could be undone stays done, and history says so.
    item.state = ItemState(ends_as) if ends_as else ItemState.UNDONE if is_undone else ItemState.DONE
    item.save()
    if item.state == ItemState.UNDONE:
        moving.note("item_undone", item.item)
    return True


def _put_at_a_desk(moving: Moving, item: CaseItem, declared: Item) -> None:
    if item.state != ItemState.UNDO:
        item.state, item.due_on, item.assignee = ItemState.UNDO, due_after(moving.today, max(1, declared.working_days)), ""
        item.save()
        moving.note("item_undo", item.item, moving.case.undone_because)


def undone_by_person(moving: Moving, item: CaseItem, note: str) -> None:
    """Write that an officer has undone what an item did outside, then undo its effects and go on."""
    item.entered = {**item.entered, UNDONE: True}
    item.reason = note
    item.save()
    effects.undone_by_hand(item)
    moving.note("item_undone_by_hand", item.item, note)
    go_on(moving)
