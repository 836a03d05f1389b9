"""The steps behind one household's decisions: what was used, where it came from, and what is missing.

A program's nodes become parts once: a part knows the steps that can stand below it, so a household's trace is put together without looking
at the graph again. A step of a household is made once, stands under every step that rests on it, and writes its text when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from zhida.engine.calendar import NEVER_DAY
from zhida.engine.definitions import BenefitDefinition
from zhida.engine.entities import FactDefinition
from zhida.engine.graph import GATHERS, Node
from zhida.engine.node_values import MOVES, Values
from zhida.engine.node_words import SOURCES, NodeWords, parameter_of
from zhida.engine.wording import Names, Writer, granted_writer
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.law import Law
    from zhida.engine.parameters import Entry

_COMPARED = ("lt", "le", "gt", "ge", "eq", "ne", "isin")
# Of more members than this, the rest is counted.
_MEMBERS_MAX = 8
_NOTHING = Text("", "")
# A step is kept by its part and its row in one number; a household has fewer rows than this many bits can count.
_ROW_BITS = 32


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


class TraceNode:
    """One step: a benefit, variable, fact, parameter, condition or member. ``text`` is the value as people read it.

    value: whole number of 10 ** -scale of unit, None where unknown. entity and row say whose it is (row 0 where it is everybody's).
    """

    __slots__ = ("_part", "_text", "_tracer", "children", "row", "value")
    _text: Text

    def __init__(self, part: StepPart, value: Any, row: int, tracer: Tracer, children: Sequence[TraceNode]) -> None:
        self._part, self.value, self.row, self._tracer, self.children = part, value, row, tracer, children

    @property
    def kind(self) -> str:
        """benefit, variable, fact, parameter, condition, members (a sum over some), member, or more (those not listed)."""
        return self._part.kind

    @property
    def name(self) -> str:
        return self._part.name

    @property
    def label(self) -> Text:
        return self._part.label or self._part.own_label(self)

    @property
    def unit(self) -> str:
        return self._part.unit

    @property
    def scale(self) -> int:
        return self._part.scale

    @property
    def entity(self) -> str:
        return self._part.entity

    @property
    def text(self) -> Text:
        try:
            return self._text
        except AttributeError:
            self._text = self._part.write(self.value, self._tracer.names)
            return self._text

    @property
    def parameter(self) -> ParameterUse | None:
        """The number of the law, where the step is one."""
        return self._part.parameter(self._tracer.values, self.row)

    @property
    def clause(self) -> str:
        used = self.parameter
        return used.clause if used is not None else self._part.clause

    @property
    def law(self) -> str:
        used = self.parameter
        return used.law if used is not None else self._part.law

    @property
    def fact(self) -> FactDefinition | None:
        return self._part.fact

    def walk(self) -> Iterator[tuple[int, TraceNode]]:
        """Yield (depth, step) in reading order. A step that came before comes again without those below it."""
        return walk([self])


def walk(traces: Iterable[TraceNode]) -> Iterator[tuple[int, TraceNode]]:
    """Yield (depth, step) of several traces of one household as one text: what an earlier one told is not told again."""
    shown: set[TraceNode] = set()
    for trace in traces:
        left = [(0, trace)]
        while left:
            depth, step = left.pop()
            yield depth, step
            if step.children and step not in shown:
                shown.add(step)
                depth += 1
                left += [(depth, child) for child in reversed(step.children)]


class Tracer:
    """Puts the steps of one household's decisions together."""

    def __init__(self, values: Values, names: Names, parts: Parts) -> None:
        self.values, self.names = values, names
        self.found = values.values
        # By part and row: see StepPart.collect.
        self.made: dict[int, TraceNode] = {}
        self._parts = parts

    def trace(self, node: Node, row: int) -> TraceNode:
        """Return the step of a variable or benefit, with all below it."""
        steps: list[TraceNode] = []
        self._parts.of(node).collect(self, row, steps)
        return steps[0]


# ---- parts: what a node adds to the step above it ---------------------------------------------------------------------------------------


class Part:
    """What stands below a step. likenesses: of the steps it may give, as StepPart.likeness says; None where a step may come twice."""

    likenesses: frozenset[int] | None = frozenset()

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        """Add the nearest steps at or below this part that had a say."""
        raise NotImplementedError

    def steps(self) -> Sequence[StepPart]:
        """Return the nearest steps at or below this part, whether or not they had a say."""
        raise NotImplementedError


class Several(Part):
    """Parts of the same row, each with its own steps."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.likenesses = _apart(parts)

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        for part in self.parts:
            part.collect(tracer, row, into)

    def steps(self) -> Sequence[StepPart]:
        return [step for part in self.parts for step in part.steps()]


class StepsOfRow(Several):
    """Steps of the same row and nothing else: what most steps rest on, so it looks for those that are made by itself."""

    def __init__(self, parts: Sequence[StepPart]) -> None:
        super().__init__(parts)
        self._steps = tuple((part, part.key, bool(part.entity)) for part in parts)

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        made = tracer.made
        for part, key, has_rows in self._steps:
            step = made.get(key + row if has_rows else key)
            if step is None:
                part.collect(tracer, row, into)
            else:
                into.append(step)


class Choice(Part):
    """A condition and the branch it takes; only the condition where it is undecided."""

    def __init__(self, node: Node, test: Part, yes: Part, no: Part) -> None:
        self._test, self._is_common = id(node.args[0]), not node.args[0].shape.entity
        self.test, self.yes, self.no = test, yes, no
        self.likenesses = _apart((test, yes, no))

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        self.test.collect(tracer, row, into)
        found = tracer.found[self._test]
        decided = found if self._is_common else found[row]
        if decided is not None:
            (self.yes if decided else self.no).collect(tracer, row, into)

    def steps(self) -> Sequence[StepPart]:
        return [*self.test.steps(), *self.yes.steps(), *self.no.steps()]


class Decisive(Part):
    """Of ``a and b``, the parts that made it no where it is no; of ``a or b``, those that made it yes."""

    def __init__(self, node: Node, parts: Sequence[tuple[Node, Part]]) -> None:
        self._enough = node.op == "or"
        self._node, self._is_common = id(node), not node.shape.entity
        self._parts = tuple((id(leaf), not leaf.shape.entity, part) for leaf, part in parts)
        self.likenesses = _apart([part for _, part in parts])

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        found, enough = tracer.found, self._enough
        value = found[self._node] if self._is_common else found[self._node][row]
        is_open = value is not enough
        for leaf, is_common, part in self._parts:
            if is_open or (found[leaf] if is_common else found[leaf][row]) is enough:
                part.collect(tracer, row, into)

    def steps(self) -> Sequence[StepPart]:
        return [step for _, _, part in self._parts for step in part.steps()]


class Moved(Part):
    """Parts that stand in other rows: of the group above, of everybody in it."""

    likenesses = None

    def __init__(self, node: Node, parts: dict[int, Part]) -> None:
        self._node, self._parts = node, parts

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        for node, index in tracer.values.operands(self._node, row):
            self._parts[id(node)].collect(tracer, index, into)

    def steps(self) -> Sequence[StepPart]:
        return [step for part in self._parts.values() for step in part.steps()]


class StepPart(Part):
    """A node that is a step of its own, with what is the same for every household about it."""

    clause = law = name = ""
    fact: FactDefinition | None = None

    def __init__(self, kind: str, node: Node, label: Text | None, write: Writer, below: Part) -> None:
        self.kind, self.node, self.label, self.write, self.below = kind, node, label, write, below
        self.unit, self.scale, self.entity = str(node.shape.unit), node.shape.scale, node.shape.entity
        self._id, self.key = id(node), id(self) << _ROW_BITS
        # Steps of equal words, side by side and about the same, are one to the reader.
        self.likeness = hash((label, self.entity))
        self.likenesses = frozenset((self.likeness,))

    def collect(self, tracer: Tracer, row: int, into: list[TraceNode]) -> None:
        if not self.entity:
            row = 0
        key = self.key + row
        step = tracer.made.get(key)
        if step is None:
            step = tracer.made[key] = self.step(tracer, row)
        into.append(step)

    def step(self, tracer: Tracer, row: int) -> TraceNode:
        steps: list[TraceNode] = []
        below = self.below
        below.collect(tracer, row, steps)
        if below.likenesses is None and len(steps) > 1:
            steps = _distinct(steps)
        found = tracer.found[self._id]
        return TraceNode(self, found[row] if self.entity else found, row, tracer, steps)

    def steps(self) -> Sequence[StepPart]:
        return (self,)

    def own_label(self, step: TraceNode) -> Text:
        """Name a step whose label is not the same for every household."""
        return _NOTHING

    def parameter(self, values: Values, row: int) -> ParameterUse | None:
        return None


class FactPart(StepPart):
    def __init__(self, node: Node, fact: FactDefinition, write: Writer) -> None:
        super().__init__("fact", node, fact.label, write, Several(()))
        self.fact, self.name = fact, fact.name

    def step(self, tracer: Tracer, row: int) -> TraceNode:
        return TraceNode(self, tracer.found[self._id][row], row, tracer, ())


class VariablePart(StepPart):
    def __init__(self, node: Node, definition: Any, write: Writer, below: Part) -> None:
        super().__init__("variable", node, definition.label, write, below)
        if isinstance(definition, BenefitDefinition):
            self.kind = "benefit"
            self.write = granted_writer(definition.unit)
        self.name, self.clause, self.law = definition.name, definition.clause, definition.law


class ParameterPart(StepPart):
    """A number of the law with its source, and the facts by which it was looked up."""

    def __init__(self, node: Node, write: Writer, below: Part) -> None:
        found = parameter_of(node)
        label = found.label
        if node.op == "marginal":
            label = Text(f"按“{label.zh}”分段计算", f"{label.en}, slice by slice")
        super().__init__("parameter", node, label, write, below)
        self.name, self._parameter = found.name, found
        self._uses: dict[tuple[int, int | None], ParameterUse] = {}

    def parameter(self, values: Values, row: int) -> ParameterUse:
        """Return the number as this row used it."""
        operands = values.operands(self.node, row)
        keys = operands if self.node.op == "lookup" else operands[1:]
        entry = _entry_of(self.node, [values.at(arg, index) for arg, index in keys])
        value = None if self.node.op == "marginal" else values.at(self.node, row)
        key = (id(entry), value)
        if key not in self._uses:
            self._uses[key] = self._use(entry, None if value is None else int(value))
        return self._uses[key]

    def _use(self, entry: Entry | None, value: int | None) -> ParameterUse:
        parameter = self._parameter
        return ParameterUse(
            name=parameter.name,
            label=parameter.label,
            value=value,
            unit=str(parameter.unit),
            scale=parameter.scale,
            since=entry.since if entry else date.min,
            until=entry.until if entry else NEVER,
            source=entry.source if entry else "",
            grade=entry.grade if entry else "",
            law=(entry.law if entry else "") or parameter.law,
            clause=(entry.clause if entry else "") or parameter.clause,
        )


class MembersPart(StepPart):
    """A sum over members, with a step per member that takes part."""

    def __init__(self, node: Node, words: NodeWords, below: Part, gather: Node, own: Node) -> None:
        """gather: the node that takes the members in. own: what is shown of each."""
        super().__init__("members", node, words.words(node), words.writer(node), below)
        self.name, self._gather = node.op, gather
        self._member, self._more = MemberPart(own, words.writer(own), below), MorePart(own)

    def step(self, tracer: Tracer, row: int) -> TraceNode:
        rows = self._rows(tracer.values, row)
        steps = [self._member.step(tracer, index) for index in rows[:_MEMBERS_MAX]]
        if len(rows) > _MEMBERS_MAX:
            steps.append(TraceNode(self._more, len(rows) - _MEMBERS_MAX, row, tracer, ()))
        return TraceNode(self, tracer.values.at(self.node, row), row, tracer, steps)

    def _rows(self, values: Values, row: int) -> list[int]:
        return values.members(self._gather, row)


class MemberPart(StepPart):
    """One of those that a sum takes in, called by name where the reader may know it."""

    def __init__(self, node: Node, write: Writer, below: Part) -> None:
        super().__init__("member", node, None, write, below)

    def own_label(self, step: TraceNode) -> Text:
        return step._tracer.names.member(self.entity, step.row) or _numbered(self.entity, step.row + 1)


class MorePart(StepPart):
    """How many of a sum's members are not listed."""

    def __init__(self, node: Node) -> None:
        super().__init__("more", node, None, lambda value, names: _NOTHING, Several(()))

    def own_label(self, step: TraceNode) -> Text:
        return Text(f"另有 {step.value} 项未列出", f"{step.value} more not listed")


class SpellPart(MembersPart):
    """A spell over months, with a step per month that takes part, the newest first."""

    def __init__(self, node: Node, words: NodeWords, below: Part) -> None:
        months = node.args[0]
        self._dates = months.args[0].args[0]
        super().__init__(node, words, below, months, self._dates)

    def _rows(self, values: Values, row: int) -> list[int]:
        days = {index: values.at(self._dates, index) for index in super()._rows(values, row)}
        return sorted(days, key=lambda index: NEVER_DAY if days[index] is None else days[index], reverse=True)


def _numbered(entity: str, number: int) -> Text:
    return Text(f"第{number}位成员", f"Member {number}") if entity == "person" else Text(f"第{number}项", f"Item {number}")


def _entry_of(node: Node, keys: Sequence[Any]) -> Entry | None:
    """Return the dated entry that a parameter's value came from; None for a default or while a key is unknown."""
    payload: Any = node.payload
    table = payload if node.op in ("number", "lookup") else payload[0].table
    if any(key is None for key in keys):
        return None
    found: Entry | None = table.entries[table.flat_position([int(key) for key in keys])]
    return found


def _distinct(steps: list[TraceNode]) -> list[TraceNode]:
    """Drop a step that stands beside its like: the same one again, or one of the same words about the same value."""
    if len({step._part.likeness for step in steps}) == len(steps):
        return steps
    found: dict[tuple[int, int, Any, Any], TraceNode] = {}
    for step in steps:
        found.setdefault((step._part.likeness, step.row, step.value, step.parameter), step)
    return list(found.values())


def _apart(parts: Iterable[Part]) -> frozenset[int] | None:
    """Put together what several parts may give; None where two of them may give the like."""
    found: set[int] = set()
    for part in parts:
        if part.likenesses is None or found & part.likenesses:
            return None
        found |= part.likenesses
    return frozenset(found)


# ---- from a program's nodes to its parts ------------------------------------------------------------------------------------------------


class Parts:
    """The parts of one program's nodes, made when they are first asked for."""

    def __init__(self, law: Law) -> None:
        self.words = NodeWords(law)
        self._law = law
        self._parts: dict[int, Part] = {}
        self._orders: dict[tuple[int, ...], list[tuple[int, StepPart]]] = {}

    def order(self, roots: Sequence[Node]) -> list[tuple[int, StepPart]]:
        """Return (depth, part) of every step at or below some variables, in reading order, the same for every household.

        A part that came before comes again without those below it.
        """
        key = tuple(id(root) for root in roots)
        if key not in self._orders:
            self._orders[key] = list(_order([step for root in roots for step in self.of(root).steps()]))
        return self._orders[key]

    def of(self, node: Node) -> Part:
        found = self._parts.get(id(node))
        if found is None:
            found = self._parts[id(node)] = self._made(node)
        return found

    def _made(self, node: Node) -> Part:
        write = self.words.writer
        match node.op:
            case "variable":
                return VariablePart(node, self._law.definitions[str(node.payload)], write(node), self._below(node))
            case "fact":
                return FactPart(node, self.words.fact(node), write(node))
            case op if op in SOURCES:
                return ParameterPart(node, write(node), self._below(node))
            case "where":
                return Choice(node, *(self.of(arg) for arg in node.args))
            case "and" | "or":
                return Decisive(node, [(leaf, self.of(leaf)) for leaf in _leaves(node)])
            case op if op in _COMPARED or (op == "not" and node.args[0].op in _COMPARED):
                return StepPart("condition", node, self.words.words(node), write(node), self._below(node))
            case "run" | "longest":
                return SpellPart(node, self.words, self.of(node.args[0].args[0].args[0]))
            case op if op in GATHERS:
                # Of a member: what is gathered, and why they take part.
                return MembersPart(node, self.words, self._together(node.args[: 2 if node.payload[1] else 1]), node, node.args[0])
        return self._below(node)

    def _below(self, node: Node) -> Part:
        if node.op in MOVES:
            return Moved(node, {id(arg): self.of(arg) for arg in node.args})
        return self._together(node.args)

    def _together(self, args: Sequence[Node]) -> Part:
        parts: list[Part] = []
        for arg in args:
            part = self.of(arg)
            parts.extend(part.parts if isinstance(part, Several) else [part])
        if len(parts) == 1:
            return parts[0]
        steps = [part for part in parts if isinstance(part, StepPart)]
        return StepsOfRow(steps) if len(steps) == len(parts) else Several(parts)


def _order(parts: Sequence[StepPart]) -> Iterator[tuple[int, StepPart]]:
    shown: set[StepPart] = set()
    left = [(0, part) for part in reversed(parts)]
    while left:
        depth, part = left.pop()
        yield depth, part
        if part not in shown:
            shown.add(part)
            below = {(step.likeness, step.node): step for step in part.below.steps()}
            left += [(depth + 1, step) for step in reversed(below.values())]


def _leaves(node: Node) -> list[Node]:
    """Return the operands of a chain of one operator: a, b and c of ``a & b & c``."""
    return [leaf for arg in node.args for leaf in (_leaves(arg) if arg.op == node.op else [arg])]
