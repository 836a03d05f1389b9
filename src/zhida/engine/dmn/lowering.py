"""A decision table as nodes of the engine's graph: one node per cell, rule and output, each shared part once.

A policy becomes ``where`` upon ``where``: the first rule that fires, else the next, else the default. The engine's ``where`` leaves an
answer open only where an undecided rule and what comes after it differ, which is what a table must say of unknown inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from zhida.engine.dmn.errors import DmnRefused
from zhida.engine.dmn.table import TESTED, DecisionTable, Input, Rule, ordered_rules
from zhida.engine.feel import Expression
from zhida.engine.feel.tree import Arithmetic, Choice, Comparison, Constant, IsUnknown, Logic, Name, Not, Tree, Value, kind_of_value
from zhida.engine.graph import MAX_SCALE, Graph, Node, Shape
from zhida.kernel.period import days_since_epoch

# The only entity there is: a row is a case.
ROW = "case"
_OPS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
# None is an unknown whose kind nobody said: null, or a name without a column.
Lowered = Node | None


@dataclass(frozen=True)
class LoweredTable:
    """``fires``: by rule, in the order of the table. ``answers``: by output; for lists, one node per rule in the list's order.

    matched: whether any rule, or a default, answers. number: the rule that does, 0 for the default or none; None for sums and lists.
    """

    fires: list[Node]
    answers: list[list[Node]]
    matched: Node
    number: Node | None


class Lowering:
    """Makes the nodes. ``columns``: the shape of every column that is given; ``position``: of a text among all texts, from 1."""

    def __init__(self, table: DecisionTable, columns: Mapping[str, Shape], position: Callable[[str], int]) -> None:
        self.table, self.position = table, position
        self.graph = Graph()
        self.names: dict[str, Lowered] = {name: self._node("fact", (), (ROW, name), shape) for name, shape in columns.items()}

    def lower(self) -> LoweredTable:
        table = self.table
        self.tested = [self._input(column) for column in table.columns_in]
        fires = [self._fires(rule) for rule in table.rules]
        if table.gives_list:
            return self._list(fires)
        if table.aggregation in ("SUM", "COUNT"):
            return self._total(fires)
        return self._single(fires)

    # ---- nodes --------------------------------------------------------------------------------------------------------------------------

    def _node(self, op: str, args: tuple[Node, ...], payload: Any, shape: Shape) -> Node:
        return self.graph.node(op, args, payload, shape, (self.table.place, 0))

    def _bool(self, op: str, *args: Node) -> Node:
        return self._node(op, args, None, Shape("bool", ROW))

    def constant(self, value: Value) -> Node:
        kind = kind_of_value(value)
        if kind == "number":
            return self._number(value)
        if kind == "text":
            return self._node("const", (), self.position(str(value)), Shape("code", ROW))
        plain: Any = value
        if kind == "date":
            return self._node("const", (), days_since_epoch(plain), Shape("date", ROW))
        return self._node("const", (), bool(value), Shape("bool", ROW))

    def _number(self, value: Any) -> Node:
        exponent = value.normalize().as_tuple().exponent
        scale = max(0, -int(exponent))
        return self._node("const", (), int(value.scaleb(scale)), Shape("number", ROW, scale=scale))

    def unknown(self, shape: Shape) -> Node:
        return self._node("const", (), None, shape)

    def _like(self, value: Lowered, shape: Shape) -> Node:
        return self.unknown(shape) if value is None else value

    def where(self, test: Node, then: Lowered, otherwise: Lowered, place: str) -> Lowered:
        if then is None and otherwise is None:
            return None
        one, other = self._alike(then, otherwise, place)
        return self._node("where", (test, one, other), None, one.shape)

    def _alike(self, first: Lowered, second: Lowered, place: str) -> tuple[Node, Node]:
        """Give two values one shape: that of the one that is known, numbers the decimals of the finer one."""
        a = self._like(first, second.shape) if second is not None else first
        b = self._like(second, first.shape) if first is not None else second
        if a is None or b is None or a.shape.kind != b.shape.kind:
            raise DmnRefused(place, "两种情况的值不是同一种；请写成同一种", "its values are of two kinds. Write values of one kind")
        scale = max(a.shape.scale, b.shape.scale)
        return self._widened(a, scale), self._widened(b, scale)

    def _widened(self, node: Node, scale: int) -> Node:
        if node.shape.kind != "number" or node.shape.scale == scale:
            return node
        return self._node("widen", (node,), scale - node.shape.scale, Shape("number", ROW, scale=scale))

    # ---- FEEL ---------------------------------------------------------------------------------------------------------------------------

    def tree(self, tree: Tree, place: str, tested: Lowered = None) -> Lowered:
        match tree:
            case Constant(value):
                return None if value is None else self.constant(value)
            case Name(name, _):
                return tested if name == TESTED else self.names.get(name)
            case Logic(sign, parts):
                return reduce(lambda a, b: self._bool(sign, a, b), [self._truth(part, place, tested) for part in parts])
            case Not(part):
                return self._bool("not", self._truth(part, place, tested))
            case IsUnknown(part):
                inner = self.tree(part, place, tested)
                return self.constant(True) if inner is None else self._bool("not", self._bool("known", inner))
            case Comparison(sign, left, right):
                return self._compare(sign, self.tree(left, place, tested), self.tree(right, place, tested))
            case Arithmetic(sign, left, right):
                return self._calculate(sign, self.tree(left, place, tested), self.tree(right, place, tested))
            case Choice(condition, then, otherwise):
                test = self._truth(condition, place, tested)
                return self.where(test, self.tree(then, place, tested), self.tree(otherwise, place, tested), place)

    def _truth(self, tree: Tree, place: str, tested: Lowered) -> Node:
        node = self.tree(tree, place, tested)
        return node if node is not None and node.shape.kind == "bool" else self.unknown(Shape("bool", ROW))

    def _compare(self, sign: str, left: Lowered, right: Lowered) -> Node:
        if left is None or right is None or left.shape.kind != right.shape.kind:
            return self.unknown(Shape("bool", ROW))
        if left.shape.kind in ("code", "bool") and sign not in ("=", "!="):
            return self.unknown(Shape("bool", ROW))
        scale = max(left.shape.scale, right.shape.scale)
        return self._bool(_OPS[sign], self._widened(left, scale), self._widened(right, scale))

    def _calculate(self, sign: str, left: Lowered, right: Lowered) -> Node:
        if left is None or right is None or left.shape.kind != "number" or right.shape.kind != "number":
            return self.unknown(Shape("number", ROW))
        a, b = left.shape.scale, right.shape.scale
        if sign == "*":
            return self._node("mul", (left, right), max(a + b - MAX_SCALE, 0), Shape("number", ROW, scale=min(a + b, MAX_SCALE)))
        if sign == "/":
            shape = Shape("number", ROW, scale=MAX_SCALE)
            quotient = self._node("div", (left, right), MAX_SCALE + b - a, shape)
            nothing = self._bool("eq", right, self._widened(self._node("const", (), 0, Shape("number", ROW)), b))
            return self._node("where", (nothing, self.unknown(shape), quotient), None, shape)
        scale = max(a, b)
        args = (self._widened(left, scale), self._widened(right, scale))
        return self._node("add" if sign == "+" else "sub", args, None, Shape("number", ROW, scale=scale))

    # ---- the table ----------------------------------------------------------------------------------------------------------------------

    def _input(self, column: Input) -> Lowered:
        value = self.tree(column.expression.tree, column.expression.place)
        kind = "text" if value is not None and value.shape.kind == "code" else value.shape.kind if value is not None else None
        if value is None or (column.kind is not None and kind != column.kind):
            return None
        if column.allowed is None:
            return value
        allowed = self._truth(column.allowed.tree, column.allowed.place, value)
        # An allowed list that is open itself (it names an unknown input) lets nothing pass.
        sure = self._bool("and", self._bool("known", allowed), allowed)
        return self.where(sure, value, None, column.expression.place)

    def _fires(self, rule: Rule) -> Node:
        cells = [self._truth(cell.tree, cell.place, tested) for cell, tested in zip(rule.cells, self.tested, strict=True)]
        return reduce(lambda a, b: self._bool("and", a, b), cells, self.constant(True))

    def _output(self, expression: Expression | None, index: int) -> Node:
        kind = self.table.columns_out[index].kind
        shape = Shape("code" if kind == "text" else kind, ROW)
        node = self.tree(expression.tree, expression.place) if expression is not None else None
        node = self._like(node, shape)
        if node.shape.kind != shape.kind and expression is not None:
            zh, en = f"输出不是声明的 {kind}；请改输出或声明", f"the output is no {kind}, as declared. Change the output or its type"
            raise DmnRefused(expression.place, zh, en)
        return node

    def _defaults(self) -> list[Node]:
        return [self._output(output.default, index) for index, output in enumerate(self.table.columns_out)]

    def _has_default(self) -> Node:
        return self.constant(any(output.default is not None for output in self.table.columns_out))

    def _chain(self, tests: Sequence[Node], values: Sequence[Node], last: Node) -> Node:
        """The value of the first test that holds, else ``last``."""
        result = last
        for test, value in reversed(list(zip(tests, values, strict=True))):
            result = self._where(test, value, result)
        return result

    def _complete_chain(self, tests: Sequence[Node], values: Sequence[Node], last: Node) -> Node:
        """The same where one of the tests holds for sure: ``last`` is then not thought of while any of them is open."""
        result, may = last, self.constant(False)
        for test, value in reversed(list(zip(tests, values, strict=True))):
            # Where nothing further down may hold, an open test holds.
            is_open = self._bool("not", self._bool("known", test))
            holds = self._bool("or", test, self._bool("and", is_open, self._bool("not", may)))
            result = self._where(holds, value, result)
            may = self._bool("or", may, self._bool("or", is_open, self._bool("and", self._bool("known", test), test)))
        return result

    def _where(self, test: Node, then: Node, otherwise: Node) -> Node:
        one, other = self._alike(then, otherwise, self.table.place)
        return self._node("where", (test, one, other), None, one.shape)

    def _single(self, fires: list[Node]) -> LoweredTable:
        ordered = ordered_rules(self.table)
        tests = [fires[rule.number - 1] for rule in ordered]
        if self.table.policy in ("UNIQUE", "ANY"):
            # A rule that surely fires is the answer whatever the open ones do: no two rules contradict each other.
            tests = [self._bool("and", self._bool("known", test), test) for test in tests] + tests
            ordered = ordered * 2
        chain = self._complete_chain if self.table.is_complete else self._chain
        answers = [
            [chain(tests, [self._output(rule.outputs[index], index) for rule in ordered], default)]
            for index, default in enumerate(self._defaults())
        ]
        matched = chain(tests, [self.constant(True)] * len(tests), self._has_default())
        zero = self._node("const", (), 0, Shape("number", ROW))
        numbers = [self._node("const", (), rule.number, Shape("number", ROW)) for rule in ordered]
        return LoweredTable(fires, answers, matched, chain(tests, numbers, zero))

    def _any(self, fires: Sequence[Node]) -> Node:
        return reduce(lambda a, b: self._bool("or", a, b), fires, self.constant(False))

    def _total(self, fires: list[Node]) -> LoweredTable:
        table, zero = self.table, self._node("const", (), 0, Shape("number", ROW))
        one = self._node("const", (), 1, Shape("number", ROW))
        total = zero
        for rule, test in zip(table.rules, fires, strict=True):
            amount = one if table.aggregation == "COUNT" else self._output(rule.outputs[0], 0)
            total = self._calculate("+", total, self._chain([test], [amount], zero))
        if table.aggregation == "COUNT" and table.columns_out[0].default is None:
            return LoweredTable(fires, [[total]], self.constant(True), None)
        fired = self._any(fires)
        matched = self._bool("or", fired, self._has_default())
        return LoweredTable(fires, [[self._chain([fired], [total], self._defaults()[0])]], matched, None)

    def _list(self, fires: list[Node]) -> LoweredTable:
        """The rules in the order of the list, and last the default, which fires where no rule does."""
        ordered = ordered_rules(self.table)
        none = self._bool("and", self._bool("not", self._any(fires)), self._has_default())
        answers = []
        for index, default in enumerate(self._defaults()):
            said = [self._output(rule.outputs[index], index) for rule in ordered] + [default]
            scale = max(node.shape.scale for node in said)
            answers.append([self._widened(node, scale) for node in said])
        listed = [fires[rule.number - 1] for rule in ordered] + [none]
        return LoweredTable(listed, answers, self._bool("or", self._any(fires), self._has_default()), None)
