"""How a why page is laid out: a flat trace becomes a tree, and its numbers and facts become two short tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from zhida.kernel.text import Text

# As many steps as a person takes in at one look; what lies deeper is folded, and unfolds as many again.
_STEPS_A_LOOK = 12


@dataclass
class Node:
    """One step of the calculation and the steps it rests on. folds: these are folded away at first."""

    step: Any
    children: list[Node] = field(default_factory=list)
    folds: bool = False


def tree(steps: Iterable[Any]) -> list[Node]:
    """Nest steps, given in reading order with their depth, under the step each belongs to."""
    roots: list[Node] = []
    path: list[tuple[int, Node]] = []
    for step in steps:
        while path and path[-1][0] >= step.depth:
            path.pop()
        node = Node(step)
        (path[-1][1].children if path else roots).append(node)
        path.append((step.depth, node))
    _fold(roots)
    return roots


def _fold(nodes: list[Node]) -> None:
    """Show whole levels while they fit one look, at least one below the first; fold the rest and do the same inside each fold."""
    shown, level = len(nodes), nodes
    while below := [child for node in level for child in node.children]:
        shown += len(below)
        if shown > _STEPS_A_LOOK and level is not nodes:
            for node in level:
                node.folds = bool(node.children)
                _fold(node.children)
            return
        level = below


def numbers_used(steps: Iterable[Any]) -> list[Any]:
    """Return each dated number of the law once, in the order it is first used; none where a missing fact left the choice open."""
    return _once(step.parameter for step in steps if step.parameter and step.parameter["from"] != date.min)


@dataclass(frozen=True)
class FactUsed:
    """A fact with its value, and the members for whom it is so; nobody where it is the line's own."""

    label: Text
    value_text: Text
    fact: dict[str, Any]
    members: list[Text]


def facts_used(steps: Iterable[Any]) -> list[FactUsed]:
    """Return each fact and value once, in the order of first use, with all members of whom the same is known."""
    seen: dict[tuple[Any, ...], FactUsed] = {}
    for step in steps:
        if step.fact:
            key = (bool(step.who), step.label.zh, step.value_text.zh, step.fact.get("known_on"), step.fact.get("listed"))
            used = seen.setdefault(key, FactUsed(step.label, step.value_text, step.fact, []))
            if step.who and step.who not in used.members:
                used.members.append(step.who)
    return list(seen.values())


def _once(parts: Iterable[Any]) -> list[Any]:
    return list({repr(part): part for part in parts if part}.values())
