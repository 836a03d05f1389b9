"""The expression graph: immutable nodes, each kept once, so that a shared part of two formulas is one node.

A number is a whole number of ``10 ** -scale`` (fixed point); the scale is known before anything is evaluated. Dates are days since
1970-01-01. Codes are positions in ``codes``, 1-based, 0 = ``none``. A node belongs to one entity's rows, or to none: then it is one value.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from zhida.engine.entities import Kind
from zhida.engine.errors import Place
from zhida.engine.units import NUMBER, Unit

MAX_SCALE = 6
# Operations from members to their group.
GATHERS = ("total", "count", "any", "all", "highest", "lowest", "union")
# As many months as a spell looks back: bits of an int64 that leave the sign and one to count with.
SPELL_MONTHS = 62
KIND_WORDS = {"number": "a number", "bool": "a yes/no value", "date": "a date", "code": "a code"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The static type of a node. ``entity`` is a name, ``""`` where the value is the same for all."""

    kind: Kind
    entity: str = ""
    unit: Unit = NUMBER
    scale: int = 0
    codes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How sentences name the type: the unit for numbers, else the kind."""
        if self.kind == "number":
            return str(self.unit) if self.unit.powers else "a plain number"
        return KIND_WORDS[self.kind]


class Node:
    """One operation. Compared by identity: the graph that made it keeps equal nodes once."""

    __slots__ = ("args", "depth", "op", "payload", "place", "shape", "size")

    def __init__(self, op: str, args: tuple[Node, ...], payload: Any, shape: Shape, place: Place, beneath: int = 0) -> None:
        self.op, self.args, self.payload, self.shape, self.place = op, args, payload, shape, place
        # How many operations stand one upon another here (beneath: those of the rule that a reference names), and how many there would be
        # if every shared part were written out.
        self.depth: int = 1 + max([arg.depth for arg in args], default=beneath)
        self.size: int = 1 + sum([arg.size for arg in args])

    def __repr__(self) -> str:
        inner = ", ".join(repr(arg) for arg in self.args)
        return f"{self.op}({self.payload!r}; {inner})" if inner else f"{self.op}({self.payload!r})"


class Graph:
    """Makes nodes; asking twice for the same operation on the same arguments gives the same node."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[Hashable, ...], Node] = {}
        # What expressions.py found for a node once: the same value at its group, by node and group.
        self.at_group: dict[tuple[int, str], Node | None] = {}

    def node(self, op: str, args: tuple[Node, ...], payload: Hashable, shape: Shape, place: Place, beneath: int = 0) -> Node:
        key = (op, tuple(id(arg) for arg in args), payload, shape)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(op, args, payload, shape, place, beneath)
        return found

    def __len__(self) -> int:
        return len(self._nodes)


def in_order(roots: Iterable[Node]) -> list[Node]:
    """Return every node below the roots once, arguments before their users."""
    done: set[int] = set()
    ordered: list[Node] = []
    for root in roots:
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in done:
                continue
            if ready:
                done.add(id(node))
                ordered.append(node)
            else:
                stack.append((node, True))
                stack.extend((arg, False) for arg in reversed(node.args))
    return ordered
