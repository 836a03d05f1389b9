"""A notice to the resident as an effect of its own."""

from __future__ import annotations

import re
from typing import Any

from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.rules import ItemState
from zhida.blocks.cases.wording import value_text
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text

# The one notice about an item that was refused: an effect adds to it what the event has to say, else it gives the officer's reason alone.
REFUSAL = "case_item_refused"
_BRACES = re.compile(r"\{(\w+)\}")


def tell_residents(making: Making) -> dict[str, Any]:
    """Tell the resident about an item, its own or the one ``about`` names. ``says`` may name values of the case in braces."""
    name = making.settings.get("about") or making.item.item
    kind, label = making.settings.get("notice", "case_item_done"), making.moving.declared.items[name].label
    written = making.settings.get("says")
    said = _filled(making, Text(**written)) if written else None
    refused = _refused(making, name) if kind == REFUSAL else None
    if refused is not None:
        making.moving.tell(kind, about=str(refused.pk), item=label, reason=refusal(refused, said))
    else:
        result = said or label
        making.moving.tell(kind, about=f"{making.item.item}:{making.row.position}", item=label, result=result, reason=result)
    return {}


def refusal(item: CaseItem, said: Text | None = None) -> Text:
    """Return why an item was refused: in the officer's words, then in those of the event."""
    if said is None:
        return Text(item.reason, item.reason)
    because = item.reason.rstrip("。.； ")
    return Text(f"{because}。{said.zh}", f"{because}. {said.en}")


def _refused(making: Making, name: str) -> CaseItem | None:
    turns = [each for each in making.moving.items if each.item == name and not each.is_automatic]
    return turns[-1] if turns and turns[-1].state == ItemState.REFUSED else None


def _filled(making: Making, text: Text) -> Text:
    """Return a sentence with the values of the case in the place of their names, once: what somebody has written names nothing itself."""
    known = making.moving.declared.known_keys
    said = {name: _written(making, name) for name in _BRACES.findall(text.zh + text.en) if name in known}
    zh, en = ({name: each[place] for name, each in said.items()} for place in (0, 1))
    return Text(
        _BRACES.sub(lambda found: zh.get(found[1], found[0]), text.zh), _BRACES.sub(lambda found: en.get(found[1], found[0]), text.en)
    )


def _written(making: Making, name: str) -> tuple[str, str]:
    """Return a value as a resident reads it: money in yuan, a choice by its label."""
    value = making.value(name)
    if name.endswith("_fen") and isinstance(value, int):
        value = format_yuan(value)
    said = value_text(making.moving.declared.fields.get(name), value)
    return said.zh, said.en


def undo(making: Making) -> dict[str, Any]:
    """What was said stays said; that the case was undone is told by itself."""
    return {}
