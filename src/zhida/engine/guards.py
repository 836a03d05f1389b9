"""Proves that no divisor is ever 0 where its quotient is used; what cannot be proved is refused when the law is loaded.

A divisor is safe when it is positive by itself (household.size, a parameter whose every value is positive, maximum(x, 1)) or when it stands
in the branch of a ``where`` whose condition says so (``where(x > 0, a / x, 0)``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zhida.engine.errors import MayDivideByZero
from zhida.engine.graph import Node, in_order
from zhida.engine.parameters import Parameter, Scale

# What the conditions around a place say: the id of a node that is above 0 there, minus the id of one that is not 0.
Safe = frozenset[int]
NOTHING: Safe = frozenset()


class Guards:
    """One check of one law. ``versions`` gives every wording of a variable; none of a benefit, which is 0 while it is not in force."""

    def __init__(self, parameters: Mapping[str, Parameter], versions: Callable[[str], list[Node]]) -> None:
        self._parameters, self._versions = parameters, versions
        self._known: dict[tuple[int, Safe], bool] = {}
        self._named: dict[tuple[int, bool], Safe] = {}

    def refuse_unsafe(self, root: Node) -> None:
        """Raise MayDivideByZero for the first division below ``root`` whose divisor may be 0."""
        nodes = in_order([root])
        divides = {id(node) for node in nodes if node.op == "div"}
        for node in nodes:
            if any(id(arg) in divides for arg in node.args):
                divides.add(id(node))
        self._visit(root, NOTHING, divides, set())

    def _visit(self, node: Node, safe: Safe, divides: set[int], seen: set[tuple[int, Safe]]) -> None:
        # As often as there are ways from the root to a node, of which SIZE_MAX (expressions.py) allows so many.
        if id(node) not in divides or (id(node), safe) in seen:
            return
        seen.add((id(node), safe))
        if node.op == "div" and not self._not_zero(node.args[1], safe):
            raise MayDivideByZero(node.place)
        if node.op == "where":
            test, yes, no = node.args
            self._visit(test, safe, divides, seen)
            self._visit(yes, safe | self._implied(test, True), divides, seen)
            self._visit(no, safe | self._implied(test, False), divides, seen)
            return
        for arg in node.args:
            self._visit(arg, safe, divides, seen)

    def _implied(self, test: Node, holds: bool) -> Safe:
        """Return the nodes that are above 0, or not 0, where a condition holds (or does not)."""
        key = (id(test), holds)
        if key not in self._named:
            self._named[key] = self._find_implied(test, holds)
        return self._named[key]

    def _find_implied(self, test: Node, holds: bool) -> Safe:
        if test.op == "not":
            return self._implied(test.args[0], not holds)
        if test.op == ("and" if holds else "or"):
            return self._implied(test.args[0], holds) | self._implied(test.args[1], holds)
        if test.op == "project":
            return NOTHING
        pairs = {("gt", True), ("le", False)}, {("lt", True), ("ge", False)}, {("ge", True), ("lt", False)}, {("le", True), ("gt", False)}
        if len(test.args) != 2:
            return NOTHING
        a, b = test.args
        kind = (test.op, holds)
        if (kind in pairs[0] and self._not_negative(b)) or (kind in pairs[2] and self._positive(b, NOTHING)):
            return _stripped(a)
        if (kind in pairs[1] and self._not_negative(a)) or (kind in pairs[3] and self._positive(a, NOTHING)):
            return _stripped(b)
        if kind in {("ne", True), ("eq", False)}:
            named = (_stripped(a) if _is_zero(b) else NOTHING) | (_stripped(b) if _is_zero(a) else NOTHING)
            return frozenset(-found for found in named)
        return NOTHING

    def _not_zero(self, node: Node, safe: Safe) -> bool:
        """Say whether a node is surely not 0: above 0, or made of such as the conditions around it say are not 0."""
        if -id(node) in safe or self._positive(node, safe):
            return True
        if node.op in ("widen", "project", "min", "max") or (node.op == "mul" and not node.payload):
            return all(self._not_zero(arg, safe) for arg in node.args)
        return False

    def _positive(self, node: Node, safe: Safe) -> bool:
        """Say whether a node is surely above 0."""
        key = (id(node), safe)
        if key not in self._known:
            self._known[key] = self._find_positive(node, safe)
        return self._known[key]

    def _find_positive(self, node: Node, safe: Safe) -> bool:
        if id(node) in safe or node.op == "size":
            return True
        args = node.args
        match node.op:
            case "const":
                return _value(node) > 0
            case "parameter":
                return all(value > 0 for value in self._values(node))
            case "widen" | "project":
                return self._positive(args[0], safe)
            case "max":
                return any(self._positive(arg, safe) for arg in args)
            case "min" | "mul":
                return all(self._positive(arg, safe) for arg in args) and not (node.op == "mul" and node.payload)
            case "add":
                return any(self._positive(a, safe) and self._not_negative(b) for a, b in (args, args[::-1]))
            case "where":
                yes, no = (self._positive(arg, safe | self._implied(args[0], holds)) for arg, holds in ((args[1], True), (args[2], False)))
                return yes and no
            case "round":
                return node.payload[0] == "up" and self._positive(args[0], safe)
            case "ref":
                wordings = self._versions(str(node.payload))
                return bool(wordings) and all(self._positive(wording, NOTHING) for wording in wordings)
        return False

    def _not_negative(self, node: Node) -> bool:
        if node.op == "const":
            return _value(node) >= 0
        if node.op == "parameter":
            return all(value >= 0 for value in self._values(node))
        if node.op in ("widen", "project"):
            return self._not_negative(node.args[0])
        return node.op in ("count", "size", "rank", "run", "longest") or self._positive(node, NOTHING)

    def _values(self, node: Node) -> list[int]:
        parameter = self._parameters[node.payload[0]]
        found = [-1 if isinstance(entry.value, Scale) else entry.value for entry in parameter.entries if entry.value is not None]
        return found if parameter.default is None else [*found, parameter.default]


def _value(node: Node) -> int:
    return int(node.payload[1])


def _is_zero(node: Node) -> bool:
    return _is_zero(node.args[0]) if node.op == "widen" else node.op == "const" and _value(node) == 0


def _stripped(node: Node) -> Safe:
    """A number is 0 exactly when it is with more decimals, so both forms count as named."""
    return frozenset({id(node)}) | (_stripped(node.args[0]) if node.op == "widen" else NOTHING)
