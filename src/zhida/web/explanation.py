"""How a why page is laid out: a flat trace becomes a tree, and its numbers and facts become two short tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_LEVELS_A_LOOK = 3


@dataclass
class Node:
    """One step of the calculation and the steps it rests on."""

    step: Any
    children: list[Node] = field(default_factory=list)
    level: int = 0

    @property
    def folds(self) -> bool:
        """Whether what it rests on is folded: the first look shows the conditions, each later one three levels more."""
        return bool(self.children) and self.level % _LEVELS_A_LOOK == 1


def tree(steps: Iterable[Any]) -> list[Node]:
    """Nest steps, given in reading order with their depth, under the step each belongs to."""
    roots: list[Node] = []
    path: list[tuple[int, Node]] = []
    for step in steps:
        while path and path[-1][0] >= step.depth:
            path.pop()
        node = Node(step, level=len(path))
        (path[-1][1].children if path else roots).append(node)
        path.append((step.depth, node))
    return roots


def numbers_used(steps: Iterable[Any]) -> list[Any]:
    """Return each dated number of the law once, in the order it is first used."""
    return _once(step.parameter for step in steps)


def facts_used(steps: Iterable[Any]) -> list[Any]:
    """Return each step that reads a fact once, in the order it is first used: the value is the step's."""
    seen: dict[tuple[str, str], Any] = {}
    for step in steps:
        if step.fact:
            seen.setdefault((step.label.zh, step.value_text.zh), step)
    return list(seen.values())


def _once(parts: Iterable[Any]) -> list[Any]:
    return list({repr(part): part for part in parts if part}.values())
