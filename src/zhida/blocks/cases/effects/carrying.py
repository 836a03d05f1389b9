"""Carrying out the effects of an item, in order, and undoing them in reverse."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from zhida.blocks.cases.adapters import systems as outside
from zhida.blocks.cases.declarations.model import EffectDeclaration, Item
from zhida.blocks.cases.effects import certificates, decisions, money, notes, registers, systems
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseEffect, CaseItem
from zhida.blocks.cases.rules import EffectState
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.blocks.cases.moving import Moving

# kind -> what makes it and what undoes it; both take a Making. A system with an address is asked by working.py instead.
_INSIDE = {
    "decision": (decisions.decide, decisions.undo),
    "payment": (money.make_due, money.undo),
    "stop": (money.stop, money.undo_stop),
    "record": (registers.write, registers.undo),
    "certificate": (certificates.issue, certificates.revoke),
    "notice": (notes.tell_residents, notes.undo),
    "system": (systems.put_into_inbox, systems.take_from_inbox),
}


# What these make names the effect's row, so it is written first.
_POINTED_AT = ("decision", "payment", "record")
# What may find out that it is impossible after it has written something; the others write once, or nothing.
_WRITES_BEFORE = (*_POINTED_AT, "certificate")
_OUTCOME = ("state", "result", "problem_zh", "problem_en")


@dataclass
class Made:
    """What became of an item's effects. values: what the process learns. is_retried: what is open is tried again by itself."""

    is_whole: bool = True
    is_retried: bool = True
    values: dict[str, Any] = field(default_factory=dict)
    problem: Text | None = None


def carry_out(moving: Moving, item: CaseItem, declared: Item) -> Made:
    """Make the effects of an item that are not made yet, in their order; stop at the first that cannot be made now."""
    made = Made()
    is_tried = declared.effects and item.pk not in moving.untried
    rows = {row.position: row for row in CaseEffect.objects.select_for_update().filter(item=item)} if is_tried else {}
    for position, effect in enumerate(declared.effects):
        row = rows.get(position) or _new_effect(item, position, effect)
        if row.state != EffectState.DONE and not _make(Making(moving, item, row, effect), made):
            made.is_whole = False
            return made
        made.values |= row.result.get("values", {})
    return made


def _new_effect(item: CaseItem, position: int, effect: EffectDeclaration) -> CaseEffect:
    # A turn of an item is a token: an item that comes round again has effects of its own.
    key = f"{item.case_id}:{item.item}:{item.pk}:{position}"
    return CaseEffect(item=item, position=position, kind=effect.kind, key=key, state=EffectState.WAITING)


def _make(making: Making, made: Made) -> bool:
    """Make one effect; False where it has to wait. A mistake leaves nothing of it behind and needs a person."""
    row = making.row
    if _is_outside(making):
        systems.ask_for(making)
        made.problem = row_problem(row)
        made.is_retried = row.next_attempt_at is not None
        return False
    try:
        with transaction.atomic() if row.kind in _WRITES_BEFORE else nullcontext():
            if row.kind in _POINTED_AT and row.pk is None:
                row.save()
            row.result = _INSIDE[row.kind][0](making)
            row.state, row.problem_zh, row.problem_en = EffectState.DONE, "", ""
            row.save(update_fields=_OUTCOME if row.pk else None)
    except ZhidaError as error:
        row.state, row.result, row.attempts = EffectState.WAITING, {}, row.attempts + 1
        row.problem_zh, row.problem_en = error.text.zh[:300], error.text.en[:300]
        row.save()
        made.problem, made.is_retried = error.text, False
        return False
    return True


def _is_outside(making: Making) -> bool:
    """Say whether an effect reaches beyond this database: a department's system that has an address of its own."""
    return making.row.kind == "system" and outside.has_address(making.settings["system"])


def row_problem(row: CaseEffect) -> Text | None:
    return Text(row.problem_zh, row.problem_en) if row.problem_zh else None


def is_touched(item: CaseItem) -> bool:
    """Say whether an item that is not done has brought about something already, or may have."""
    return CaseEffect.objects.filter(item=item).exclude(state=EffectState.UNDONE).exists()


def undo_effects(moving: Moving, item: CaseItem, declared: Item) -> bool:
    """Undo an item's effects, the last one first; False where one is still to be undone by a system."""
    # Held, so that a worker has either taken a message on before, or finds it withdrawn.
    for row in list(CaseEffect.objects.select_for_update().filter(item=item).exclude(state=EffectState.UNDONE).order_by("-position")):
        making = Making(moving, item, row, declared.effects[row.position])
        if _was_outside(making):
            if not systems.ask_to_undo(making):
                return False
            continue
        if row.state == EffectState.DONE:
            row.result = {**row.result, **(_INSIDE[row.kind][1](making) or {})}
        row.state = EffectState.UNDONE
        row.save()
    return True


def undone_by_hand(item: CaseItem) -> None:
    """Take an officer's word for it that what a system could not take back is undone there."""
    rows = CaseEffect.objects.filter(item=item, state=EffectState.UNDOING)
    rows.update(state=EffectState.UNDONE, next_attempt_at=None)


def _was_outside(making: Making) -> bool:
    """Say whether an effect was, or was to be, sent to a system with an address."""
    return making.row.kind == "system" and ("send" in making.row.result or making.row.state == EffectState.UNDOING)
