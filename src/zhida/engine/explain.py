"""Explains one household's decisions: which steps, numbers and facts led to each, and what single change would turn it.

Statuses are computed at once; missing facts, the trace and the changes of a benefit only when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zhida.engine.changes import changes_of
from zhida.engine.definitions import BenefitDefinition
from zhida.engine.errors import BenefitUnknown
from zhida.engine.graph import Node
from zhida.engine.node_values import Values
from zhida.engine.sheet import SheetLine, sheet
from zhida.engine.trace import ParameterUse, TraceNode, Tracer
from zhida.engine.wording import Names
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.program import CompiledBenefit, Program
    from zhida.engine.scalar import ScalarProgram

NOT_ENTITLED, ENTITLED, UNKNOWN = 0, 1, 2
# So many steps stand in the line that says what decided.
_DECISIVE_MAX = 3


class _Case:
    """One household as all its explanations share it: the values of every node, and the steps that were made already."""

    def __init__(self, values: Values, scalar: ScalarProgram, names: Names) -> None:
        self.values, self.scalar, self.names = values, scalar, names

    @cached_property
    def tracer(self) -> Tracer:
        return Tracer(self.values, self.names, self.scalar.parts)

    def label_of(self, name: str) -> Text:
        """Return what a missing name stands for: a fact, or ``law.<parameter>``."""
        law = self.values.law
        if name.startswith("law."):
            return law.parameters[name.removeprefix("law.")].label
        return next(fact.label for (_, known), fact in law.facts.items() if known == name)

    def missing(self, nodes: Sequence[Node], row: int) -> tuple[str, ...]:
        """Name what unknown nodes wait for, in the order in which the program reaches it."""
        order = self.scalar.source_order
        found = frozenset(name for node in nodes for name in self.values.missing(node, row if node.shape.entity else 0))
        return tuple(sorted(found, key=lambda name: order.get(name, len(order))))


def _failed(step: TraceNode) -> list[TraceNode]:
    """Find the deepest conditions, facts or variables that are no, or nothing, on the way to an answer of no."""
    below = [found for child in step.children for found in _failed(child)]
    refused = [found for found in below if found.value is False]
    if refused or below:
        return refused or below
    return [step] if step.value is False or (step.value == 0 and step.kind != "benefit") else []


def _with_operands(step: TraceNode) -> Text:
    """Write a step and its value; a condition with the values that were compared."""
    zh, en = f"{step.label.zh}：{step.text.zh}", f"{step.label.en}: {step.text.en}"
    compared = step.children if step.kind == "condition" else ()
    if compared:
        zh += "（" + "，".join(f"{each.label.zh} {each.text.zh}" for each in compared) + "）"
        en += " (" + ", ".join(f"{each.label.en} {each.text.en}" for each in compared) + ")"
    return Text(zh, en)


class BenefitExplanation:
    """One benefit for one row of its entity.

    status: 0 not entitled, 1 entitled, 2 unknown. amount: 0 unless entitled. occasion: days since 1970 or a number, None without one.
    """

    def __init__(self, compiled: CompiledBenefit, row: int, case: _Case) -> None:
        self.row, self._compiled, self._case = row, compiled, case
        amount = case.values.at(compiled.amount, row)
        self.occasion: int | None = case.values.at(compiled.occasion, row) if compiled.occasion is not None else None
        unnamed = compiled.occasion is not None and self.occasion is None and bool(amount)
        self.status = UNKNOWN if amount is None or unnamed else int(amount > 0)
        self.amount: int = int(amount) if self.status == ENTITLED else 0

    @property
    def benefit(self) -> BenefitDefinition:
        return self._compiled.definition

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts an unknown answer waits for (``law.<name>`` for a number of the law)."""
        if self.status != UNKNOWN:
            return ()
        roots = [node for node in (self._compiled.amount, self._compiled.occasion) if node is not None]
        return self._case.missing(roots, self.row)

    @property
    def trace(self) -> TraceNode:
        """The steps of the decision, from the benefit down to facts and numbers of the law: those that had a say."""
        return self._case.tracer.trace(self._compiled.amount, self.row)

    @property
    def sheet(self) -> list[tuple[int, SheetLine]]:
        """Every variable on the way, whether or not it had a say, with the values of the whole household."""
        return sheet(self._case.scalar.parts, [self._compiled.amount], self._case.values, self._case.names)

    @property
    def decisive(self) -> Text:
        """The step that decided, in one line: what failed, what the amount was made from, or what is missing."""
        if self.status == UNKNOWN:
            labels = [self._case.label_of(name) for name in self.missing]
            return Text("缺：" + "、".join(label.zh for label in labels), "missing: " + ", ".join(label.en for label in labels))
        steps = _failed(self.trace) if self.status == NOT_ENTITLED else [step for step in self.trace.children if step.unit != "1"]
        told = [_with_operands(step) for step in (steps or self.trace.children or [self.trace])[:_DECISIVE_MAX]]
        return Text("；".join(each.zh for each in told), "; ".join(each.en for each in told))

    @cached_property
    def changes(self) -> tuple[Text, ...]:
        """What would change the answer: the conditions that failed and by how much, and single facts that would turn it."""
        case = self._case
        return changes_of(self._compiled, self.row, self.status, self.missing, case.values, case.scalar, case.names)


class VariableExplanation:
    """One variable for one row of its entity. value: whole number of 10 ** -scale of its unit, None where unknown."""

    def __init__(self, name: str, node: Node, row: int, case: _Case) -> None:
        self.name, self.row, self._node, self._case = name, row, node, case

    @property
    def value(self) -> int | bool | None:
        found: int | bool | None = self._case.values.at(self._node, self.row)
        return found

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts an unknown value waits for."""
        return self._case.missing([self._node], self.row)

    @property
    def trace(self) -> TraceNode:
        """The steps that led to the value."""
        return self._case.tracer.trace(self._node, self.row)


def explain(
    program: Program, scalar: ScalarProgram, household: Any, benefits: Sequence[str] | None, names: Names | None = None
) -> list[BenefitExplanation]:
    """Return an explanation per benefit and row. Raises: BenefitUnknown for a code that the program does not hold."""
    codes = list(program.benefits) if benefits is None else list(benefits)
    for code in codes:
        if code not in program.benefits:
            raise BenefitUnknown(code, list(program.benefits))
    roots = [node for code in codes for node in (program.benefits[code].amount, program.benefits[code].occasion) if node is not None]
    case = _case(program, scalar, household, roots if benefits is not None else None, names)
    counts = case.values.rows.counts
    chosen = [program.benefits[code] for code in codes]
    return [BenefitExplanation(found, row, case) for found in chosen for row in range(counts[found.amount.shape.entity])]


def explain_variables(program: Program, scalar: ScalarProgram, household: Any, names: Names | None = None) -> list[VariableExplanation]:
    """Return an explanation per variable that the program was made for, and row."""
    case = _case(program, scalar, household, None, names)
    counts = case.values.rows.counts
    return [
        VariableExplanation(name, node, row, case) for name, node in program.variables.items() for row in range(counts[node.shape.entity])
    ]


def explain_household(program: Program, scalar: ScalarProgram, household: Any, names: Names | None = None) -> list[tuple[int, SheetLine]]:
    """Return the sheet of all benefits and variables that the program was made for."""
    case = _case(program, scalar, household, None, names)
    roots = [*(benefit.amount for benefit in program.benefits.values()), *program.variables.values()]
    return sheet(scalar.parts, roots, case.values, case.names)


def _case(program: Program, scalar: ScalarProgram, household: Any, roots: Sequence[Node] | None, names: Names | None) -> _Case:
    rows = scalar.rows(household)
    return _Case(Values(program.law, scalar.values(rows, roots), rows), scalar, names or Names())


__all__ = [
    "BenefitExplanation",
    "ParameterUse",
    "SheetLine",
    "TraceNode",
    "VariableExplanation",
    "explain",
    "explain_household",
    "explain_variables",
]
