"""Every node's values for one household, and what an unknown one waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zhida.engine.graph import GATHERS, Node
from zhida.engine.household import Rows
from zhida.engine.node_words import SOURCES, parameter_of

if TYPE_CHECKING:
    from zhida.engine.law import Law

# Operations whose operands stand in other rows.
MOVES = frozenset({"project", "rank", *GATHERS})


class Values:
    """Every node's values for one household, by node and row."""

    def __init__(self, law: Law, values: Mapping[int, Any], rows: Rows) -> None:
        self.law, self.rows, self.values = law, rows, values
        self._missing: dict[tuple[int, int], frozenset[str]] = {}

    def at(self, node: Node, row: int) -> Any:
        found = self.values[id(node)]
        return found[row] if node.shape.entity else found

    def members(self, node: Node, row: int) -> list[int]:
        """Rows of the lower entity that a gathering node takes in, those that its filter surely leaves out excepted."""
        entity, filtered = node.payload
        parents = self.rows.parents(str(entity), node.shape.entity)
        mine = [index for index, parent in enumerate(parents) if parent == row]
        return [index for index in mine if not filtered or self.at(node.args[1], index) is not False]

    def above(self, node: Node, row: int) -> int:
        """The row that a projection takes its value from."""
        return self.rows.parents(node.shape.entity, node.args[0].shape.entity)[row]

    # -- what an unknown value waits for (the counterpart of blame.py for one household) --

    def missing(self, node: Node, row: int) -> frozenset[str]:
        key = (id(node), row if node.shape.entity else 0)
        if key not in self._missing:
            self._missing[key] = frozenset() if self.at(node, row) is not None else self._find_missing(node, row)
        return self._missing[key]

    def _find_missing(self, node: Node, row: int) -> frozenset[str]:
        if node.op == "fact":
            return frozenset({str(node.payload[1])})
        found = frozenset(name for arg, index in self._waits_for(node, row) for name in self.missing(arg, index))
        if not found and node.op in SOURCES:
            return frozenset({f"law.{parameter_of(node).name}"})
        return found

    def _waits_for(self, node: Node, row: int) -> list[tuple[Node, int]]:
        """Return the (node, row) pairs that leave an unknown value undecided."""
        pairs = self.operands(node, row)
        if node.op == "where":
            test = self.at(*pairs[0])
            pairs = pairs[:1] if test is None else [pairs[1] if test else pairs[2]]
        return [(arg, index) for arg, index in pairs if self.at(arg, index) is None]

    def missing_cells(self, node: Node, row: int) -> list[tuple[Node, int]]:
        """Return the (fact node, row) pairs that an unknown value waits for."""
        found: list[tuple[Node, int]] = []
        left, seen = [(node, row)], set()
        while left:
            each, index = left.pop()
            if self.at(each, index) is not None or (id(each), index) in seen:
                continue
            seen.add((id(each), index))
            if each.op == "fact":
                found.append((each, index))
            left.extend(self._waits_for(each, index))
        return found

    def operands(self, node: Node, row: int) -> list[tuple[Node, int]]:
        """Return the (node, row) pairs whose values make a node's value."""
        if node.op == "project":
            return [(node.args[0], self.above(node, row))]
        if node.op in GATHERS:
            own = node.args[:2] if node.payload[1] else node.args[:1]
            found = [(arg, index) for index in self.members(node, row) for arg in own]
            return found + ([(node.args[-1], 0)] if node.op in ("highest", "lowest") else [])
        if node.op == "rank":
            return self._ranked(node, row)
        return [(arg, row if arg.shape.entity else 0) for arg in node.args]

    def _ranked(self, node: Node, row: int) -> list[tuple[Node, int]]:
        """A row's own keys; of its group's members that take part, values where the keys are equal, all where they are unknown."""
        group, filtered, keyed = node.payload
        values, keys = node.args[: len(node.args) - keyed], node.args[len(node.args) - keyed :]
        parents, own = self.rows.parents(node.shape.entity, str(group)), [self.at(key, row) for key in keys]
        found = [(key, row) for key in keys]
        for index, parent in enumerate(parents):
            if parent != parents[row] or (filtered and self.at(node.args[1], index) is False):
                continue
            theirs = [self.at(key, index) for key in keys]
            if None in theirs:
                found += [(arg, index) for arg in node.args]
            elif theirs == own:
                found += [(arg, index) for arg in values]
        return found
