"""A law for one month: wordings chosen, references replaced by what they refer to, parameters by their values. Ready to evaluate.

The program's nodes are those of graph.py with these changes: ``ref`` became ``variable`` (kept for the trace; costs nothing), ``parameter``
became a constant or a ``lookup`` in a Table, ``period`` a constant, scales a ScaleTable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zhida.engine.definitions import BenefitDefinition
from zhida.engine.entities import Entity, FactDefinition
from zhida.engine.fused import machine
from zhida.engine.graph import Graph, Node, Shape, in_order
from zhida.engine.tables import Table, build_scale_table, build_table
from zhida.kernel.period import Month, days_since_epoch

if TYPE_CHECKING:
    from zhida.engine.batch import Batch
    from zhida.engine.explain import BenefitExplanation, SheetLine, VariableExplanation
    from zhida.engine.fused.kernel import FusedProgram
    from zhida.engine.fused.single import SingleProgram
    from zhida.engine.household import HouseholdFacts, RootFacts
    from zhida.engine.law import Law
    from zhida.engine.scalar import ScalarProgram
    from zhida.engine.vector import Evaluation, VectorProgram
    from zhida.engine.wording import Names


@dataclass(frozen=True, eq=False)
class CompiledBenefit:
    """A benefit, the node of its amount, and the node of its occasion where it has one."""

    definition: BenefitDefinition
    amount: Node
    occasion: Node | None


class Program:
    """What the law grants in one month. Evaluates batches and explains households; holds nothing of either."""

    def __init__(
        self,
        law: Law,
        period: Month,
        benefits: Sequence[CompiledBenefit],
        variables: Mapping[str, Node],
        root: Entity,
        given: Sequence[FactDefinition] = (),
    ) -> None:
        self.law, self.period, self.root = law, period, root
        # Variables whose values come with the batch, as facts do.
        self.given = {fact.name: fact for fact in given}
        self.benefits = {benefit.definition.code: benefit for benefit in benefits}
        # Whether machine code decides batches: see fuse().
        self.is_fused = False
        # Variables whose values are wanted as such, by name.
        self.variables = dict(variables)

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node once, arguments first."""
        roots = [node for benefit in self.benefits.values() for node in (benefit.amount, benefit.occasion) if node is not None]
        return in_order([*roots, *self.variables.values()])

    @cached_property
    def facts(self) -> dict[tuple[str, str], FactDefinition]:
        """Every column the rules may read: the law's facts, and variables that are given."""
        return {**self.law.facts, **{(fact.entity, fact.name): fact for fact in self.given.values()}}

    @cached_property
    def entities(self) -> frozenset[str]:
        """Names of the tables the rules read or decide about."""
        counted = {str(node.payload) for node in self.nodes if node.op == "size"}
        return frozenset(counted | {node.shape.entity for node in self.nodes if node.shape.entity})

    def facts_read(self) -> list[tuple[str, str]]:
        """List the (entity, fact) pairs that any rule reads, given variables among them."""
        return [(str(node.payload[0]), str(node.payload[1])) for node in self.nodes if node.op == "fact"]

    def facts_of(self, code: str) -> list[tuple[str, str]]:
        """List the (entity, fact) pairs a benefit's rule reads, in the order the rule reaches them."""
        benefit = self.benefits[code]
        roots = [node for node in (benefit.amount, benefit.occasion) if node is not None]
        return [(str(n.payload[0]), str(n.payload[1])) for n in in_order(roots) if n.op == "fact"]

    def parameters_of(self, code: str) -> dict[str, tuple[Any, ...]]:
        """Return the values of the parameters that one benefit reads in this month, by name: equal where the law did not change."""
        tables: dict[str, Table] = {}
        for node in in_order([self.benefits[code].amount]):
            if node.op in ("number", "lookup", "marginal", "bracket"):
                payload: Any = node.payload
                table = payload[0].table if node.op in ("marginal", "bracket") else payload
                tables[table.parameter.name] = table
        return {name: tuple(entry.value if entry else None for entry in table.entries) for name, table in sorted(tables.items())}

    @cached_property
    def _vector(self) -> VectorProgram:
        from zhida.engine.vector import VectorProgram

        return VectorProgram(self)

    @cached_property
    def _scalar(self) -> ScalarProgram:
        from zhida.engine.scalar import ScalarProgram

        return ScalarProgram(self)

    @cached_property
    def _fused(self) -> FusedProgram:
        from zhida.engine.fused.kernel import FusedProgram

        return FusedProgram(self, self._vector)

    def fuse(self, gaps: Iterable[tuple[str, str]] = ()) -> bool:
        """Decide batches with machine code from now on. Compiling takes a second or so, once per law and kind of columns.

        gaps: facts that some batch will lack values of, where that is known beforehand: it saves a second compilation.
        Says no where the site does not compile (no llvmlite, or ZHIDA_JIT=0): NumPy then gives the same answers.
        """
        self.is_fused = machine.is_available()
        if self.is_fused:
            self._fused.expect_gaps(gaps)
        return self.is_fused

    def forms(self, gaps: Collection[tuple[str, str]]) -> dict[str, tuple[str, bool]]:
        """Return for each variable a type that holds it and whether it may be missing; gaps: facts that may lack values."""
        if self.is_fused:
            return self._fused.forms(gaps)
        return {name: ("bool" if node.shape.kind == "bool" else "int64", True) for name, node in self.variables.items()}

    def evaluate(self, batch: Batch, threads: int = 1) -> Evaluation:
        """Decide every benefit for every row of a batch. threads: how many share it, where it is fused.

        Raises: ColumnMissing, NumberTooLarge.
        """
        return self._fused.evaluate(batch, threads) if self.is_fused else self._vector.evaluate(batch)

    @cached_property
    def _single(self) -> SingleProgram:
        from zhida.engine.fused.single import SingleProgram

        return SingleProgram(self._fused, self._scalar.rows)

    def calculate(self, household: Any) -> dict[str, list[Any]]:
        """Return the values of every benefit and variable for one root, by name: one per row, None where unknown; without a trace.

        household: HouseholdFacts or RootFacts. Fused, this is the way to ask for many households one by one. Raises: ColumnMissing,
        FactUnusable, RowOfAnother.
        """
        found = self._single.calculate(household) if self.is_fused else None
        return self._scalar.calculate(household) if found is None else found

    def decide(self, household: HouseholdFacts | RootFacts) -> Any:
        """Decide every benefit for one household, without a trace; see scalar.py."""
        return self._scalar.decide(household)

    def explain(
        self, household: HouseholdFacts | RootFacts, benefits: Sequence[str] | None = None, names: Names | None = None
    ) -> list[BenefitExplanation]:
        """Decide and explain every benefit for every row of one household. names: how the reader calls areas, members, departments."""
        from zhida.engine.explain import explain

        return explain(self, self._scalar, household, benefits, names)

    def explain_variables(self, household: HouseholdFacts | RootFacts, names: Names | None = None) -> list[VariableExplanation]:
        """Explain the variables that the program was made for, for every row of one household."""
        from zhida.engine.explain import explain_variables

        return explain_variables(self, self._scalar, household, names)

    def sheet(self, household: HouseholdFacts | RootFacts, names: Names | None = None) -> list[tuple[int, SheetLine]]:
        """Return every step of one household with the values of all its members, as (depth, line) in reading order; see sheet.py."""
        from zhida.engine.explain import explain_household

        return explain_household(self, self._scalar, household, names)


def compile_program(
    law: Law, period: Month, benefits: Sequence[BenefitDefinition], variables: Sequence[str], root: Entity, given: Sequence[str] = ()
) -> Program:
    """Lower the graphs of benefits and variables for a month. given: variables that are read instead of computed.

    Raises: ParameterWithoutValue.
    """
    compiler = _Compiler(law, period, {name: _given(law, name, period) for name in given})
    compiled = []
    for benefit in benefits:
        amount = compiler.variable(benefit.name, benefit.entity.name)
        occasion = None
        if benefit.occasion:
            occasion = compiler.named(benefit.entity.name, benefit.occasion)
        compiled.append(CompiledBenefit(benefit, amount, occasion))
    wanted = {name: compiler.variable(name, law.definitions[name].entity.name) for name in variables}
    return Program(law, period, compiled, wanted, root, list(compiler.given.values()))


def _given(law: Law, name: str, period: Month) -> FactDefinition:
    """Describe a variable as a fact, as its values are kept."""
    shape = law.version_on(name, period.start).shape
    dtype = "integer" if shape.kind == "number" else shape.kind
    return FactDefinition(
        name, law.definitions[name].entity.name, dtype, str(shape.unit), shape.scale, shape.codes, law.definitions[name].label
    )


class _Compiler:
    def __init__(self, law: Law, period: Month, given: Mapping[str, FactDefinition]) -> None:
        self.law, self.period, self.given, self.graph = law, period, given, Graph()
        self._done: dict[int, Node] = {}
        self._variables: dict[str, Node] = {}
        self._tables: dict[Any, Any] = {}
        self._using = ""

    def named(self, entity: str, name: str) -> Node:
        if (entity, name) in self.law.facts:
            from zhida.engine.law import _fact_shape

            shape = _fact_shape(self.law.facts[(entity, name)])
            return self.graph.node("fact", (), (entity, name), shape, ("", 0))
        return self.variable(name, entity)

    def variable(self, name: str, entity: str) -> Node:
        """Return the node of a definition in this period; a benefit that is not in force gives 0."""
        if name in self.given:
            shape = _at(self.law.version_on(name, self.period.start).shape, entity)
            return self.graph.node("fact", (), (entity, name), shape, ("", 0))
        if name not in self._variables:
            definition = self.law.definitions[name]
            root = self.law.version_on(name, self.period.start)
            if isinstance(definition, BenefitDefinition) and not self.law.grants(definition, self.period.start):
                body = self.graph.node("const", (), ("number", 0), Shape("number", unit=root.shape.unit), root.place)
            else:
                before, self._using = self._using, f"{definition.pack}.{name}"
                body = self.lower(root)
                self._using = before
            if not body.shape.entity:
                body = self.graph.node("fill", (body,), entity, _at(body.shape, entity), root.place)
            self._variables[name] = self.graph.node("variable", (body,), name, body.shape, root.place)
        return self._variables[name]

    def lower(self, root: Node) -> Node:
        for node in in_order([root]):
            if id(node) not in self._done:
                self._done[id(node)] = self._lower_one(node, tuple(self._done[id(arg)] for arg in node.args))
        return self._done[id(root)]

    def _lower_one(self, node: Node, args: tuple[Node, ...]) -> Node:
        payload: Any = node.payload
        match node.op:
            case "ref":
                return self.variable(payload, node.shape.entity)
            case "period":
                return self.graph.node("const", (), (node.shape.kind, self._period_value(*payload)), node.shape, node.place)
            case "parameter":
                return self._parameter(node, args, *payload)
            case "marginal" | "bracket":
                return self._scale(node, args, payload)
        return self.graph.node(node.op, args, payload, node.shape, node.place)

    def _period_value(self, which: str, every: str) -> int:
        months = {"QUARTER": 3, "YEAR": 12}.get(every, 1)
        first = Month(self.period.year, (self.period.month - 1) // months * months + 1)
        if which == "months":
            return months
        return days_since_epoch(first.start if which == "start" else first.shifted(months).start)

    def _parameter(self, node: Node, args: tuple[Node, ...], name: str, dated: bool) -> Node:
        parameter = self.law.parameters[name]
        if not dated:
            self.law.refuse_gaps(name, self.period.start, node.place, self._using)
        keys = args[:-1] if dated else args
        key = (name, tuple(arg.shape.codes for arg in keys), dated)
        if key not in self._tables:
            day = None if dated else self.period.start
            self._tables[key] = build_table(parameter, [arg.shape.codes for arg in keys], day)
        table: Table = self._tables[key]
        if not args:
            return self.graph.node("number", (), table, node.shape, node.place)
        return self.graph.node("lookup", args, table, node.shape, node.place)

    def _scale(self, node: Node, args: tuple[Node, ...], payload: Any) -> Node:
        parameter = self.law.parameters[payload[0]]
        self.law.refuse_gaps(payload[0], self.period.start, node.place, self._using)
        codes = tuple(arg.shape.codes for arg in args[1:])
        key = (payload, codes)
        if key not in self._tables:
            self._tables[key] = build_scale_table(parameter, codes, self.period.start, payload[1])
        table = self._tables[key]
        # Decimals of the sum of slices beyond those the node may have.
        surplus = payload[1] + table.widen + payload[2] - node.shape.scale if node.op == "marginal" else 0
        return self.graph.node(node.op, args, (table, surplus), node.shape, node.place)


def _at(shape: Shape, entity: str) -> Shape:
    return Shape(shape.kind, entity, shape.unit, shape.scale, shape.codes)
