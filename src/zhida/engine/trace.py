"""The steps behind one household's decision: what was used, where it came from, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from zhida.engine.entities import FactDefinition
from zhida.engine.graph import Node
from zhida.engine.household import Rows
from zhida.engine.wording import (
    ARITHMETIC,
    DATE_SIGNS,
    FUNCTIONS,
    ONE_OF,
    OPPOSITES,
    SIGNS,
    Names,
    called,
    fact_text,
    granted_text,
    joined,
    percent_text,
    value_text,
)
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.law import Law
    from zhida.engine.parameters import Entry, Parameter

GATHERS = ("total", "count", "any", "all", "highest", "lowest")
_SOURCES = ("number", "lookup", "marginal", "bracket")


@dataclass(frozen=True)
class ParameterUse:
    """A number of the law as it was used. ``value`` is a whole number of 10 ** -scale of the unit; None for a scale or one not found."""

    name: str
    label: Text
    value: int | None
    unit: str
    scale: int
    since: date
    until: date
    source: str
    grade: str
    law: str
    clause: str


@dataclass(frozen=True)
class TraceNode:
    """One step: a variable, fact, parameter, condition or member. ``text`` is the value as people read it.

    value: whole number of 10 ** -scale of unit, None where unknown. entity and row say whose it is (row 0 where it is everybody's). A step
    that appeared above comes again without its children.
    """

    kind: str
    name: str
    label: Text
    value: int | bool | None
    unit: str
    scale: int
    text: Text
    clause: str = ""
    law: str = ""
    parameter: ParameterUse | None = None
    fact: FactDefinition | None = None
    children: tuple[TraceNode, ...] = ()
    entity: str = ""
    row: int = 0

    def walk(self, depth: int = 0) -> Iterator[tuple[int, TraceNode]]:
        """Yield (depth, step) in reading order."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


class Values:
    """Every node's values for one household, by node and row."""

    def __init__(self, law: Law, values: dict[int, Any], rows: Rows) -> None:
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

    def group(self, node: Node, row: int) -> list[int]:
        parents = self.rows.parents(node.shape.entity, str(node.payload[0]))
        return [index for index, parent in enumerate(parents) if parent == parents[row]]

    # -- what an unknown value waits for (the counterpart of blame.py for one household) --

    def missing(self, node: Node, row: int) -> frozenset[str]:
        key = (id(node), row if node.shape.entity else 0)
        if key not in self._missing:
            self._missing[key] = frozenset() if self.at(node, row) is not None else self._find_missing(node, row)
        return self._missing[key]

    def _find_missing(self, node: Node, row: int) -> frozenset[str]:
        if node.op == "fact":
            return frozenset({str(node.payload[1])})
        if node.op == "where" and self.at(node.args[0], row) is not None:
            return self.missing(node.args[1] if self.at(node.args[0], row) else node.args[2], row)
        if node.op == "where":
            return self.missing(node.args[0], row)
        found = frozenset(name for arg, index in self.operands(node, row) for name in self.missing(arg, index))
        if not found and node.op in _SOURCES:
            return frozenset({f"law.{parameter_of(node).name}"})
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
            return [(arg, index) for index in self.group(node, row) for arg in node.args]
        return [(arg, row if arg.shape.entity else 0) for arg in node.args]


def parameter_of(node: Node) -> Parameter:
    payload: Any = node.payload
    found: Parameter = payload.parameter if node.op in ("number", "lookup") else payload[0].table.parameter
    return found


def entry_of(node: Node, keys: Sequence[Any]) -> Entry | None:
    """Return the dated entry that a parameter's value came from; None for a default or while a key is unknown."""
    payload: Any = node.payload
    table = payload if node.op in ("number", "lookup") else payload[0].table
    if any(key is None for key in keys):
        return None
    found: Entry | None = table.entries[table.flat_position([int(key) for key in keys])]
    return found


class Tracer:
    """Writes the steps of one decision. A step's children are the nearest named things below it that had a say."""

    def __init__(self, values: Values, names: Names) -> None:
        self._values, self._names = values, names
        self._shown: set[tuple[int, int]] = set()

    def trace(self, node: Node, row: int) -> TraceNode:
        """Return the steps of a variable or benefit."""
        definition = self._values.law.definitions[str(node.payload)]
        children = self._once(node, row, lambda: self._steps(node.args[0], row))
        kind = "benefit" if hasattr(definition, "code") else "variable"
        step = self._step(kind, definition.name, definition.label, node, row, children)
        if kind == "benefit":
            step = replace(step, text=granted_text(None if step.value is None else int(step.value), definition.unit))
        return replace(step, clause=definition.clause, law=definition.law)

    def _once(self, node: Node, row: int, children: Any) -> tuple[TraceNode, ...]:
        if (id(node), row) in self._shown:
            return ()
        self._shown.add((id(node), row))
        return _distinct(children())

    def _step(self, kind: str, name: str, label: Text, node: Node, row: int, children: Sequence[TraceNode] = ()) -> TraceNode:
        value, shape = self._values.at(node, row), node.shape
        text = self.said(node, value)
        return TraceNode(
            kind, name, label, value, str(shape.unit), shape.scale, text, children=tuple(children), entity=shape.entity, row=row
        )

    def said(self, node: Node, value: Any) -> Text:
        """Write a value of a node as people say it: of a fact by what it is a fact of, of a number of the law to its last decimal."""
        fact = self._fact_behind(node)
        if fact is not None:
            return fact_text(value, node.shape, fact, self._names)
        exact = node.op in ("number", "lookup", "bracket", "const")
        if exact and value is not None and self._is_share(node):
            return percent_text(int(value), node.shape.scale)
        return value_text(value, node.shape, self._code_labels(node), exact=exact, is_age=self.is_age(node))

    def _fact_behind(self, node: Node) -> FactDefinition | None:
        while node.op in ("project", "fill", "variable") and node.args:
            node = node.args[0]
        return self._values.law.facts[(str(node.payload[0]), str(node.payload[1]))] if node.op == "fact" else None

    def _is_share(self, node: Node) -> bool:
        """Whether a number of the law is a share by its name: people read 30%, not 0.3."""
        if node.op == "const" or node.shape.kind != "number" or node.shape.unit.powers or not node.shape.scale:
            return False
        label = parameter_of(node).label.zh
        return "比例" in label or "率" in label

    def is_age(self, node: Node) -> bool:
        if str(node.shape.unit) != "year":
            return False
        label = self.words(node, 0).zh
        return "岁" in label or "年龄" in label

    def _code_labels(self, node: Node) -> Sequence[Text]:
        """Find the words of a code among the facts that share its list."""
        if node.shape.kind != "code":
            return ()
        facts = self._values.law.facts.values()
        return next((fact.code_labels for fact in facts if fact.codes == node.shape.codes and fact.code_labels), ())

    def _steps(self, node: Node, row: int) -> list[TraceNode]:
        match node.op:
            case "variable":
                return [self.trace(node, row)]
            case "fact":
                fact = self._values.law.facts[(str(node.payload[0]), str(node.payload[1]))]
                return [replace(self._step("fact", fact.name, fact.label, node, row), fact=fact)]
            case "number" | "lookup" | "marginal" | "bracket":
                return self._parameter(node, row)
            case "where":
                return self._choice(node, row)
            case "and" | "or":
                return self._decisive(node, row)
            case "lt" | "le" | "gt" | "ge" | "eq" | "ne" | "isin":
                return [self._condition(node, row)]
            case "not" if node.args[0].op not in ("lt", "le", "gt", "ge", "eq", "ne", "isin"):
                return self._steps(node.args[0], row)
            case "not":
                return [self._condition(node, row)]
            case op if op in GATHERS:
                return self._gathered(node, row)
        return [step for arg, index in self._values.operands(node, row) for step in self._steps(arg, index)]

    def _choice(self, node: Node, row: int) -> list[TraceNode]:
        """A condition and the branch it takes; only the condition where it is undecided."""
        test = self._values.at(node.args[0], row)
        steps = self._steps(*self._operand(node.args[0], row))
        return steps if test is None else steps + self._steps(*self._operand(node.args[1] if test else node.args[2], row))

    def _decisive(self, node: Node, row: int) -> list[TraceNode]:
        """Of ``a and b``, the parts that made it no where it is no; of ``a or b``, those that made it yes."""
        value = self._values.at(node, row)
        enough = node.op == "or"
        parts = [self._operand(arg, row) for arg in node.args]
        if value is enough:
            parts = [(arg, index) for arg, index in parts if self._values.at(arg, index) is enough]
        return [step for arg, index in parts for step in self._steps(arg, index)]

    def _operand(self, node: Node, row: int) -> tuple[Node, int]:
        return node, row if node.shape.entity else 0

    def _condition(self, node: Node, row: int) -> TraceNode:
        children = self._once(node, row, lambda: [s for arg, index in self._values.operands(node, row) for s in self._steps(arg, index)])
        return self._step("condition", "", self.words(node, row), node, row, children)

    def _gathered(self, node: Node, row: int) -> list[TraceNode]:
        """A sum over members, with a step per member that takes part (at most eight)."""
        children = self._once(node, row, lambda: [self._member(node, index) for index in self._values.members(node, row)[:8]])
        return [self._step("members", node.op, self.words(node, row), node, row, children)]

    def _member(self, node: Node, index: int) -> TraceNode:
        own = node.args[0]
        number = index + 1
        usual = Text(f"第{number}位成员", f"Member {number}") if own.shape.entity == "person" else Text(f"第{number}项", f"Item {number}")
        label = self._names.member(own.shape.entity, index) or usual
        return self._step("member", "", label, own, index, _distinct(self._steps(own, index)))

    def _parameter(self, node: Node, row: int) -> list[TraceNode]:
        """A number of the law with its source, and the facts by which it was looked up."""
        parameter = parameter_of(node)
        operands = self._values.operands(node, row)
        keys = operands if node.op == "lookup" else operands[1:]
        entry = entry_of(node, [self._values.at(arg, index) for arg, index in keys])
        value = self._values.at(node, row) if node.op in ("number", "lookup", "bracket") else None
        use = ParameterUse(
            name=parameter.name,
            label=parameter.label,
            value=None if value is None else int(value),
            unit=str(parameter.unit),
            scale=parameter.scale,
            since=entry.since if entry else date.min,
            until=entry.until if entry else NEVER,
            source=entry.source if entry else "",
            grade=entry.grade if entry else "",
            law=(entry.law if entry else "") or parameter.law,
            clause=(entry.clause if entry else "") or parameter.clause,
        )
        children = _distinct([step for arg, index in operands for step in self._steps(arg, index)])
        step = self._step("parameter", parameter.name, parameter.label, node, row, children)
        if node.op == "marginal":
            step = replace(step, label=Text(f"按“{parameter.label.zh}”分段计算", f"{parameter.label.en}, slice by slice"))
        return [replace(step, parameter=use, law=use.law, clause=use.clause)]

    # -- an expression in words --

    def words(self, node: Node, row: int) -> Text:
        """Name what a node is made of, by the labels of its parts."""
        law = self._values.law
        match node.op:
            case "variable":
                return law.definitions[str(node.payload)].label
            case "fact":
                return law.facts[(str(node.payload[0]), str(node.payload[1]))].label
            case "number" | "lookup" | "marginal" | "bracket":
                return parameter_of(node).label
            case "const":
                return self.said(node, node.payload[1])
            case "size":
                return Text("家庭人数", "household size")
            case "every":
                return Text("成员", "members")
            case "isin":
                codes = [value_text(p, node.args[0].shape, self._code_labels(node.args[0])) for p in node.payload]
                options = Text("、".join(c.zh for c in codes), ", ".join(c.en for c in codes))
                return joined(self.words(node.args[0], row), ONE_OF, options)
            case "not":
                inner = node.args[0]
                if inner.op in OPPOSITES:
                    return self._comparison(OPPOSITES[inner.op], inner, row)
                words = self.words(inner, row)
                return Text(f"不是：{words.zh}", f"not: {words.en}")
            case op if op in SIGNS:
                return self._comparison(op, node, row)
            case op if op in ARITHMETIC:
                return joined(self.words(node.args[0], row), ARITHMETIC[op], self.words(node.args[1], row))
            case "and" | "or":
                sign = Text("，且", "and") if node.op == "and" else Text("，或", "or")
                return joined(self.words(node.args[0], row), sign, self.words(node.args[1], row))
            case "where":
                return self.words(node.args[1], row)
            case op if op in FUNCTIONS:
                args = node.args[:1] if op in GATHERS or op == "rank" else node.args
                return called(FUNCTIONS[op], [self.words(arg, row) for arg in args])
        return self.words(node.args[0], row) if node.args else Text(node.op, node.op)

    def _comparison(self, op: str, node: Node, row: int) -> Text:
        first, second = node.args
        words = self.words(first, row)
        if first.shape.kind == "code" and second.op == "const" and second.payload[1] == 0 and op in ("eq", "ne"):
            return (
                Text(f"有“{words.zh}”登记", f"{words.en}: on record") if op == "ne" else Text(f"没有“{words.zh}”登记", f"{words.en}: none")
            )
        if first.shape.kind == "date":
            return joined(Text(words.zh, words.en.removesuffix(" on")), DATE_SIGNS[op], self.words(second, row))
        return joined(words, SIGNS[op], self.words(second, row))


def _distinct(steps: Sequence[TraceNode]) -> tuple[TraceNode, ...]:
    """Drop a step that stands beside its like; of two, the one with children stays."""
    found: dict[tuple[str, str, str, int, Text], TraceNode] = {}
    for step in steps:
        key = (step.kind, step.name, step.entity, step.row, step.label)
        if key not in found or (step.children and not found[key].children):
            found[key] = step
    return tuple(found.values())
