"""A notice to the resident as an effect of its own."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases.effects.context import Making
from zhida.kernel.text import Text


def tell_residents(making: Making) -> dict[str, Any]:
    """Tell the resident about an item, its own or the one ``about`` names. ``says`` may name values of the case in braces."""
    label = making.moving.declared.items[making.settings.get("about") or making.item.item].label
    said = making.settings.get("says")
    result = Text(_filled(making, said["zh"]), _filled(making, said["en"])) if said else label
    about = f"{making.item.item}:{making.row.position}"
    making.moving.tell(making.settings.get("notice", "case_item_done"), about=about, item=label, result=result, reason=result)
    return {}


def _filled(making: Making, text: str) -> str:
    for key in making.moving.declared.known_keys:
        if f"{{{key}}}" in text:
            text = text.replace(f"{{{key}}}", str(making.value(key) if making.value(key) is not None else "—"))
    return text


def undo(making: Making) -> dict[str, Any]:
    """What was said stays said; that the case was undone is told by itself."""
    return {}
