"""A notice to the resident as an effect of its own."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.rules import ItemState
from zhida.kernel.text import Text

# The one notice about an item that was refused: an effect adds to it what the event has to say, else it gives the officer's reason alone.
REFUSAL = "case_item_refused"


def tell_residents(making: Making) -> dict[str, Any]:
    """Tell the resident about an item, its own or the one ``about`` names. ``says`` may name values of the case in braces."""
    name = making.settings.get("about") or making.item.item
    kind, label = making.settings.get("notice", "case_item_done"), making.moving.declared.items[name].label
    written = making.settings.get("says")
    said = Text(_filled(making, written["zh"]), _filled(making, written["en"])) if written else None
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


def _filled(making: Making, text: str) -> str:
    for key in making.moving.declared.known_keys:
        if f"{{{key}}}" in text:
            text = text.replace(f"{{{key}}}", str(making.value(key) if making.value(key) is not None else "—"))
    return text


def undo(making: Making) -> dict[str, Any]:
    """What was said stays said; that the case was undone is told by itself."""
    return {}
