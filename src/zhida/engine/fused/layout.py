"""Which loop computes which node, and what one loop must leave behind for another.

Nodes of one entity that need nothing gathered or handed down in between are computed in one loop over its rows: a *pass*. Gathering members
or handing a group's value down starts the next pass. A node that is needed outside its own pass is kept in a buffer for the block at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zhida.engine.graph import Node, in_order

_GATHERS = frozenset({"total", "count", "any", "all", "highest", "lowest", "union"})
# Read where they are needed, never kept.
_READ = frozenset({"fact", "every"})


def gathers(node: Node, root: str) -> bool:
    """Say whether a node is made of members, row by row. A root row's size is the length of its span and needs no loop."""
    return node.op in _GATHERS or (node.op == "size" and node.shape.entity != root)


def member_of(node: Node) -> str:
    """Return the entity that a gathering node gathers."""
    return str(node.payload if node.op == "size" else node.payload[0])


def plain(node: Node) -> Node:
    """Return what a named variable is made of."""
    while node.op == "variable":
        node = node.args[0]
    return node


@dataclass
class Pass:
    """One loop over an entity's rows; then loops that gather these rows into groups, and loops that rank them within groups."""

    entity: str
    number: int
    nodes: list[Node] = field(default_factory=list)
    gathers: list[Node] = field(default_factory=list)
    ranks: list[Node] = field(default_factory=list)


@dataclass
class Layout:
    """Passes in the order they run; the pass of each node; the nodes that are kept."""

    passes: list[Pass]
    number: dict[int, int]
    kept: set[int]

    def pass_of(self, node: Node) -> int:
        return self.number[id(plain(node))]


def lay_out(roots: Sequence[Node], root: str, together: Sequence[Sequence[Node]] = ()) -> Layout:
    """Arrange every node below the roots.

    together: groups of nodes whose values are needed in one place (an amount and its occasion).
    """
    nodes = [node for node in in_order(roots) if node.shape.entity and node.op != "variable"]
    number: dict[int, int] = {}
    for node in nodes:
        number[id(node)] = _pass_number(node, number, root)
    passes: dict[tuple[int, str], Pass] = {}

    def at(which: int, entity: str) -> Pass:
        return passes.setdefault((which, entity), Pass(entity, which))

    for node in nodes:
        if node.op in _READ:
            continue
        if gathers(node, root):
            at(number[id(node)] - 1, member_of(node)).gathers.append(node)
        elif node.op == "rank":
            at(number[id(node)] - 1, node.shape.entity).ranks.append(node)
        at(number[id(node)], node.shape.entity).nodes.append(node)
    for group in together:
        entity = next(node.shape.entity for node in group)
        at(max(number[id(plain(node))] for node in group), entity)
    ordered = [passes[key] for key in sorted(passes, key=lambda key: key[0])]
    return Layout(ordered, number, _kept(nodes, number, root, together))


def _pass_number(node: Node, number: dict[int, int], root: str) -> int:
    args = [plain(arg) for arg in node.args if arg.shape.entity]
    latest = max((number[id(arg)] for arg in args), default=0)
    if gathers(node, root) or node.op == "rank":
        return latest + 1
    if node.op == "project":
        return latest if args[0].op in _READ else latest + 1
    return latest


def _kept(nodes: Sequence[Node], number: dict[int, int], root: str, together: Sequence[Sequence[Node]]) -> set[int]:
    kept: set[int] = set()
    for node in nodes:
        crossing = gathers(node, root) or node.op in ("rank", "project")
        for arg in (plain(arg) for arg in node.args):
            if arg.shape.entity and arg.op not in _READ and (crossing or number[id(arg)] != number[id(node)]):
                kept.add(id(arg))
    for group in together:
        members = [plain(node) for node in group]
        last = max(number[id(node)] for node in members)
        kept |= {id(node) for node in members if number[id(node)] != last and node.op not in _READ}
    return kept
