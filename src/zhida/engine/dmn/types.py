"""What ``typeRef`` says: a kind of FEEL's, or an itemDefinition of the file that names one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhida.engine.dmn.document import Element, child, children, place_of, text_of
from zhida.engine.dmn.errors import DmnRefused
from zhida.engine.feel.tree import ValueKind

_KINDS: dict[str, ValueKind] = {
    "string": "text",
    "number": "number",
    "decimal": "number",
    "double": "number",
    "integer": "number",
    "int": "number",
    "long": "number",
    "boolean": "bool",
    "date": "date",
}
_WHOLE = ("integer", "int", "long")
_DEPTH_MAX = 5


@dataclass(frozen=True)
class Type:
    """``is_whole``: whole numbers only, as many editors have it; ``allowed``: a test, ``""`` where all values are."""

    kind: ValueKind
    is_whole: bool = False
    allowed: str = ""


def read_types(root: Element, place: str) -> dict[str, Element]:
    """Return the file's itemDefinitions by name; they are read where they are used."""
    return {str(item.get("name")): item for item in children(root, "itemDefinition")}


def type_of(written: str | None, items: Mapping[str, Element], place: str, depth: int = 0) -> Type | None:
    """Return what a typeRef says, None where there is none or it is Any. Raises: DmnRefused."""
    if written is None or written in ("", "Any", "feel:Any"):
        return None
    if written in items and depth < _DEPTH_MAX:
        return _item_type(items[written], items, place, depth)
    name = written.rpartition(":")[2]
    if name not in _KINDS:
        zh = f"类型 {written} 不支持；请用 string、number、integer、boolean、date"
        raise DmnRefused(place, zh, f"the type {written} is not supported. Use string, number, integer, boolean or date")
    return Type(_KINDS[name], name in _WHOLE)


def _item_type(item: Element, items: Mapping[str, Element], place: str, depth: int) -> Type | None:
    inner = child(item, "typeRef")
    if item.get("isCollection") == "true" or child(item, "itemComponent") is not None or inner is None:
        zh, en = "不支持列表和结构；请改用简单类型", "lists and structures are not supported. Use a plain type"
        raise DmnRefused(place_of(place, item), zh, en)
    found = type_of("".join(inner.itertext()).strip(), items, place, depth + 1)
    allowed = text_of(child(item, "allowedValues"))
    return Type(found.kind, found.is_whole, allowed or found.allowed) if found is not None else None
