"""A decision table, and how it decides one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from zhida.engine.feel import Expression
from zhida.engine.feel.meaning import compare, evaluate, known_value
from zhida.engine.feel.tree import Tree, Value, ValueKind, kind_of_value, names_in

if TYPE_CHECKING:
    from zhida.engine.dmn.columns import TableColumns

Policy = Literal["UNIQUE", "ANY", "PRIORITY", "FIRST", "OUTPUT ORDER", "RULE ORDER", "COLLECT"]
Aggregation = Literal["SUM", "MIN", "MAX", "COUNT"]
Status = Literal["decided", "no_rule", "unknown"]
LISTS = ("OUTPUT ORDER", "RULE ORDER", "COLLECT")
# The value a cell tests, while the cell is worked out. No name of FEEL looks like it.
TESTED = "?"


@dataclass(frozen=True)
class Input:
    """What a column tests. ``allowed``: a test its values must pass to count as known; ``is_whole``: it only takes whole numbers."""

    expression: Expression
    label: str
    kind: ValueKind | None
    is_whole: bool = False
    allowed: Expression | None = None


@dataclass(frozen=True)
class Output:
    """``order``: the allowed values, the most important first; empty where none are listed."""

    name: str
    label: str
    kind: ValueKind
    order: tuple[Value, ...] = ()
    default: Expression | None = None


@dataclass(frozen=True)
class Rule:
    """``number`` counts from 1, as editors show it; ``id`` is the element's; a cell per input, an expression per output."""

    number: int
    id: str
    place: str
    cells: tuple[Expression, ...]
    outputs: tuple[Expression, ...]
    note: str = ""


@dataclass(frozen=True)
class Decided:
    """What a table says of one case.

    values: by output; None where an output is unknown or no rule fired. rows: one dict per rule that fired, for policies that give lists
    (then ``values`` is empty). rules: numbers of the rules that fired; several of a single-answer table are those that may have fired, 0
    among them the default or none. missing: inputs that an unknown answer waits for.
    """

    status: Status
    values: dict[str, Value | None] = field(default_factory=dict)
    rows: tuple[dict[str, Value], ...] = ()
    rules: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DecisionTable:
    """``requires``: other tables by the name their answer has here, decided first.

    is_complete: some rule fires whatever the inputs are, so that while they are unknown no default or silence need be thought of.
    """

    id: str
    name: str
    label: str
    place: str
    policy: Policy
    aggregation: Aggregation | None
    columns_in: tuple[Input, ...]
    columns_out: tuple[Output, ...]
    rules: tuple[Rule, ...]
    requires: Mapping[str, DecisionTable] = field(default_factory=dict)
    is_complete: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(output.name for output in self.columns_out)

    @property
    def gives_list(self) -> bool:
        return self.policy in LISTS and self.aggregation is None

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """Every name this table asks for, those of required tables' answers included, in the order of the columns."""
        read = [column.expression for column in self.columns_in]
        read += [column.allowed for column in self.columns_in if column.allowed is not None]
        read += [expression for rule in self.rules for expression in (*rule.cells, *rule.outputs)]
        read += [output.default for output in self.columns_out if output.default is not None]
        return tuple(dict.fromkeys(name for expression in read for name in sorted(expression.names) if name != TESTED))

    @cached_property
    def answers_of_others(self) -> dict[str, tuple[DecisionTable, str]]:
        """The names under which required tables' outputs are known here: ``name``, or ``name.output`` where there are several."""
        found: dict[str, tuple[DecisionTable, str]] = {}
        for name, table in self.requires.items():
            for output in table.outputs:
                found[name if len(table.outputs) == 1 else f"{name}.{output}"] = (table, output)
        return found

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names a caller may give, those that required tables ask for first."""
        others = self.answers_of_others
        below = [name for table in self.requires.values() for name in table.inputs]
        return tuple(dict.fromkeys([*below, *(name for name in self.own_names if name not in others)]))

    def decide(self, values: Mapping[str, Any]) -> Decided:
        """Decide one case; a name that ``values`` lacks, or whose value is None, is unknown.

        Raises: FeelError for values that are no text, number, date or yes/no, and for results that get too large.
        """
        known, waits = dict(values), {}
        for name, table in self.requires.items():
            answer = table.decide(values)
            for output in table.outputs:
                inner = name if len(table.outputs) == 1 else f"{name}.{output}"
                known[inner], waits[inner] = answer.values.get(output), answer.missing
        decided = _Case(self, known).decide()
        missing = dict.fromkeys(leaf for name in decided.missing for leaf in (waits.get(name) or (name,)))
        return Decided(decided.status, decided.values, decided.rows, decided.rules, tuple(missing))

    def columns(self, inputs: Mapping[str, Any]) -> TableColumns:
        """Decide whole columns (arrow or NumPy, nulls are unknown; a name that is missing is unknown everywhere).

        Raises: DmnRefused for columns of different length, of a kind that is not the declared one, or of floats.
        """
        from zhida.engine.dmn.columns import decide_columns

        return decide_columns(self, inputs)

    def gaps(self) -> dict[str, Value | None] | None:
        """Give inputs that no rule covers; None where there are none (a default covers all). Raises: DmnRefused: too large to tell."""
        from zhida.engine.dmn.overlaps import find_gap

        return find_gap(self)


def constant_of(expression: Expression) -> Value | None:
    """Return what an output says whatever the inputs are, None where that depends on them."""
    return expression.evaluate({}) if not expression.names else None


def ordered_rules(table: DecisionTable) -> list[Rule]:
    """List the rules in the order in which the first that fires decides; for lists, in the order of the list."""
    rules = list(table.rules)
    if table.policy in ("PRIORITY", "OUTPUT ORDER"):
        return sorted(rules, key=lambda rule: _importance(table, rule))
    if table.aggregation in ("MIN", "MAX"):
        return sorted(rules, key=lambda rule: _amount(rule), reverse=table.aggregation == "MAX")
    return rules


def _importance(table: DecisionTable, rule: Rule) -> tuple[int, ...]:
    """The places of a rule's outputs in the lists of their values."""
    said = [constant_of(expression) for expression in rule.outputs]
    return tuple(
        output.order.index(value) for output, value in zip(table.columns_out, said, strict=True) if value is not None and output.order
    )


def _amount(rule: Rule) -> Any:
    return constant_of(rule.outputs[0])


class _Case:
    """One case while it is decided: known values, and which rules fire (True), do not (False) or may (None)."""

    def __init__(self, table: DecisionTable, values: Mapping[str, Any]) -> None:
        self.table = table
        self.known = {name: known_value(name, values.get(name), table.place) for name in table.own_names}
        self.tested = [self._input(column) for column in table.columns_in]
        # What each column's cells see.
        self.seen = [{**self.known, TESTED: value} for value in self.tested]
        self.fires = {rule.number: self._fires(rule) for rule in table.rules}

    def _input(self, column: Input) -> Value | None:
        value = evaluate(column.expression.tree, self.known, column.expression.place)
        if value is None or (column.kind is not None and kind_of_value(value) != column.kind):
            return None
        is_allowed = column.allowed is None or column.allowed.evaluate({**self.known, TESTED: value}) is True
        return value if is_allowed else None

    def _cell(self, rule: Rule, index: int) -> bool | None:
        answer = evaluate(rule.cells[index].tree, self.seen[index], rule.place)
        return answer if isinstance(answer, bool) else None

    def _fires(self, rule: Rule) -> bool | None:
        answers = [self._cell(rule, index) for index in range(len(rule.cells))]
        return False if False in answers else (None if None in answers else True)

    def _say(self, expression: Expression) -> Value | None:
        return evaluate(expression.tree, self.known, expression.place)

    def decide(self) -> Decided:
        if self.table.gives_list:
            return self._list()
        if self.table.aggregation in ("SUM", "COUNT"):
            return self._total()
        return self._single()

    # ---- one answer ---------------------------------------------------------------------------------------------------------------------

    def _single(self) -> Decided:
        rules, is_open = self._candidates()
        answers = [[self._say(expression) for expression in rule.outputs] for rule in rules]
        if not rules:
            return self._fallback()
        if is_open and not self.table.is_complete:
            answers.append(self._default())
        values = {name: _agreed([answer[index] for answer in answers]) for index, name in enumerate(self.table.outputs)}
        numbers = [rule.number for rule in rules] + [0] * (is_open and not self.table.is_complete)
        if None not in values.values():
            return Decided("decided", values, rules=tuple(numbers))
        return Decided("unknown", values, rules=tuple(numbers), missing=self._missing(rules))

    def _candidates(self) -> tuple[list[Rule], bool]:
        """List the rules that may decide, and say whether perhaps none does."""
        ordered = ordered_rules(self.table)
        if self.table.policy in ("UNIQUE", "ANY"):
            # No two rules contradict each other (overlaps.py), so one that fires is the answer whatever the others do.
            sure = [rule for rule in ordered if self.fires[rule.number] is True]
            if sure:
                return sure[:1], False
        found = []
        for rule in ordered:
            if self.fires[rule.number] is not False:
                found.append(rule)
            if self.fires[rule.number] is True:
                return found, False
        return found, True

    def _default(self) -> list[Value | None]:
        return [self._say(output.default) if output.default is not None else None for output in self.table.columns_out]

    def _fallback(self) -> Decided:
        """No rule fires: the default, if there is one."""
        values = dict(zip(self.table.outputs, self._default(), strict=True))
        if all(output.default is None for output in self.table.columns_out):
            return Decided("no_rule", values)
        if None not in values.values():
            return Decided("decided", values)
        return Decided("unknown", values, missing=self._missing([]))

    # ---- a sum, a list ------------------------------------------------------------------------------------------------------------------

    def _total(self) -> Decided:
        fired = [rule for rule in self.table.rules if self.fires[rule.number] is True]
        open_rules = [rule for rule in self.table.rules if self.fires[rule.number] is None]
        (name,) = self.table.outputs
        if not fired and not open_rules and not self._counts_to_zero:
            return self._fallback()
        total = self._sum_of(fired, open_rules)
        if not fired and open_rules and not self._counts_to_zero:
            # Perhaps none fires: then it is the default.
            total = _agreed([total, *self._default()])
        numbers = tuple(rule.number for rule in fired)
        if total is not None:
            return Decided("decided", {name: total}, rules=numbers)
        return Decided("unknown", {name: None}, rules=numbers, missing=self._missing([*fired, *open_rules]))

    @property
    def _counts_to_zero(self) -> bool:
        return self.table.aggregation == "COUNT" and self.table.columns_out[0].default is None

    def _sum_of(self, fired: Sequence[Rule], open_rules: Sequence[Rule]) -> Value | None:
        if self.table.aggregation == "COUNT":
            return None if open_rules else Decimal(len(fired))
        total = Decimal(0)
        for rule in [*fired, *open_rules]:
            amount = self._say(rule.outputs[0])
            if not isinstance(amount, Decimal) or (amount and rule in open_rules):
                return None
            total += amount
        return total

    def _list(self) -> Decided:
        ordered = [rule for rule in ordered_rules(self.table) if self.fires[rule.number] is not False]
        sure = tuple(rule.number for rule in ordered if self.fires[rule.number] is True)
        if not ordered:
            found = self._fallback()
            said = [{name: value for name, value in found.values.items() if value is not None}] if found.status == "decided" else []
            return Decided(found.status, rows=tuple(said), missing=found.missing)
        rows_open = [dict(zip(self.table.outputs, [self._say(expression) for expression in rule.outputs], strict=True)) for rule in ordered]
        if len(sure) < len(ordered) or any(None in row.values() for row in rows_open):
            return Decided("unknown", rules=sure, missing=self._missing(ordered))
        rows = tuple({name: value for name, value in row.items() if value is not None} for row in rows_open)
        return Decided("decided", rows=rows, rules=sure)

    # ---- what an unknown answer waits for -----------------------------------------------------------------------------------------------

    def _missing(self, rules: Sequence[Rule]) -> tuple[str, ...]:
        """Name the unknown inputs of cells that leave a rule open, and of outputs that are unknown."""
        found: set[str] = set()
        for rule in rules:
            if self.fires[rule.number] is None:
                for index, column in enumerate(self.table.columns_in):
                    if self._cell(rule, index) is None:
                        found |= self._unknown_in_cell(column, self.tested[index], rule.cells[index])
            for expression in rule.outputs:
                found |= self._unknown_in(expression.tree, self._say(expression))
        for output in self.table.columns_out:
            if output.default is not None:
                found |= self._unknown_in(output.default.tree, self._say(output.default))
        return tuple(name for name in self.table.own_names if name in found)

    def _unknown_in_cell(self, column: Input, tested: Value | None, cell: Expression) -> set[str]:
        """The unknown names of an open cell and its column; where all are known, those of a cell that has no value (divided by zero)."""
        found = self._unknown_in(column.expression.tree, tested) | self._unknown_in(cell.tree, True)
        return found or set(cell.names - {TESTED}) or set(column.expression.names)

    def _unknown_in(self, tree: Tree, value: Value | None) -> set[str]:
        """The unknown names of a tree; all of them where they are known and the tree is not (divided by zero, not allowed)."""
        names = names_in(tree) - {TESTED}
        unknown = {name for name in names if self.known.get(name) is None}
        return unknown or (set(names) if value is None else set())


def _agreed(values: Sequence[Value | None]) -> Value | None:
    """Return what all say, None where they differ or one is unknown."""
    first = values[0]
    return first if all(compare("=", first, value) for value in values) else None
