"""Evaluates a program for one household in plain Python ints: the counter's answer, and what traces are made of.

Written apart from the column kernels on purpose: a property test holds that both agree on every graph. A value is an int or bool; None is
unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import repeat
from operator import add, eq, ge, gt, le, lt, ne, or_, sub
from typing import TYPE_CHECKING, Any

from zhida.engine.calendar import add_months, calendar_months, months_between
from zhida.engine.errors import NumberTooLarge
from zhida.engine.fact_values import reader
from zhida.engine.graph import SPELL_MONTHS, Node, in_order
from zhida.engine.household import Rows
from zhida.engine.scalar_code import compiled

if TYPE_CHECKING:
    from zhida.engine.program import Program
    from zhida.engine.trace import Parts

LIMIT = 2**63 - 1
# Values of one node: a list with one value per row of its entity, or the value itself where it is the same for all.
Values = Any
Cell = Callable[..., Any]


# ---- one cell ---------------------------------------------------------------------------------------------------------------------------


def _checked(node: Node, value: int) -> int:
    if abs(value) > LIMIT:
        raise NumberTooLarge(node.place)
    return value


def shrink(value: int, decimals: int, mode: str, multiple: int = 1) -> int:
    divisor: int = 10**decimals * multiple
    if mode == "half":
        value += divisor // 2
    quotient = -(-value // divisor) if mode == "up" else value // divisor
    return int(quotient * multiple)


def _strict(function: Callable[..., Any]) -> Callable[[Node], Cell]:
    """Unknown where any operand is."""

    def of(node: Node) -> Cell:
        return lambda a, b: None if a is None or b is None else function(a, b)

    return of


def _arithmetic(function: Callable[[int, int], int]) -> Callable[[Node], Cell]:
    def of(node: Node) -> Cell:
        return lambda a, b: None if a is None or b is None else _checked(node, function(a, b))

    return of


def _one(function: Callable[[Node, Any], Any]) -> Callable[[Node], Cell]:
    def of(node: Node) -> Cell:
        return lambda a: None if a is None else function(node, a)

    return of


def _multiply(node: Node) -> Cell:
    surplus: Any = node.payload
    return lambda a, b: None if a is None or b is None else shrink(_checked(node, a * b), surplus, "half")


def _divide(node: Node) -> Cell:
    factor = 10 ** int(node.payload)

    def cell(a: int | None, b: int | None) -> int | None:
        if a is None or b is None:
            return None
        divisor = b or 1
        quotient, rest = divmod(_checked(node, a * factor), divisor)
        return quotient + (2 * abs(rest) >= abs(divisor))

    return cell


def _and(node: Node) -> Cell:
    return lambda a, b: False if a is False or b is False else (None if a is None or b is None else True)


def _or(node: Node) -> Cell:
    return lambda a, b: True if a is True or b is True else (None if a is None or b is None else False)


def _where(node: Node) -> Cell:
    def cell(test: bool | None, yes: Any, no: Any) -> Any:
        if test is None:
            return yes if yes == no else None
        return yes if test else no

    return cell


def _known(node: Node) -> Cell:
    return lambda a: a is not None


def _lookup(node: Node) -> Cell:
    table: Any = node.payload
    is_bool = node.shape.kind == "bool"
    # Plain lists: one element of an array takes longer to read than to use.
    values = [
        _as_kind(value, is_bool) if known else None for value, known in zip(table.values.tolist(), table.present.tolist(), strict=True)
    ]
    if len(table.indexes) == 1:
        position = table.indexes[0].position
        return lambda key: None if key is None else values[position(int(key))]

    def cell(*keys: Any) -> Any:
        return None if None in keys else values[table.flat_position([int(key) for key in keys])]

    return cell


def _as_kind(value: int, is_bool: bool) -> int | bool:
    return bool(value) if is_bool else value


def _scale(node: Node) -> Callable[[Any, Sequence[Any]], tuple[list[int], list[int], int] | None]:
    """Return what finds the thresholds and amounts for a base and keys, and the base as it meets the thresholds; None where unknown."""
    scale: Any = node.payload[0]
    thresholds, amounts, present = scale.thresholds.tolist(), scale.amounts.tolist(), scale.table.present.tolist()
    factor = 10**scale.widen

    def find(base: Any, keys: Sequence[Any]) -> tuple[list[int], list[int], int] | None:
        if base is None or None in keys:
            return None
        row = scale.table.flat_position([int(key) for key in keys]) if keys else 0
        return (thresholds[row], amounts[row], base * factor) if present[row] else None

    return find


def _marginal(node: Node) -> Cell:
    surplus: Any = node.payload[1]
    find = _scale(node)

    def cell(base: Any, *keys: Any) -> Any:
        found = find(base, keys)
        if found is None:
            return None
        thresholds, amounts, value = found
        result = 0
        for low, high, amount in zip(thresholds, [*thresholds[1:], None], amounts, strict=True):
            if value <= low:
                break
            result += ((value if high is None else min(value, high)) - low) * amount
        return shrink(_checked(node, result), surplus, "half")

    return cell


def _bracket(node: Node) -> Cell:
    find = _scale(node)

    def cell(base: Any, *keys: Any) -> Any:
        found = find(base, keys)
        if found is None:
            return None
        thresholds, amounts, value = found
        return next((a for t, a in zip(reversed(thresholds), reversed(amounts), strict=True) if value >= t), 0)

    return cell


def _month_bit(day: int | None, until: int | None) -> int | None:
    if day is None or until is None:
        return None
    back = calendar_months(day, until) - 1
    return 1 << back if 0 <= back < SPELL_MONTHS else 0


def _spells(months: int) -> list[str]:
    """Months on end, one letter each, newest spell first; the first is empty where the newest month is not covered."""
    return bin(months)[:1:-1].split("0")


CELLS: dict[str, Callable[[Node], Cell]] = {
    "add": _arithmetic(add),
    "sub": _arithmetic(sub),
    "datediff": _strict(sub),
    "dateadd": _strict(add),
    "datesub": _strict(sub),
    "mul": _multiply,
    "div": _divide,
    "widen": _one(lambda node, a: _checked(node, a * 10 ** int(node.payload))),
    "round": _one(lambda node, a: shrink(a, node.payload[1], node.payload[0], node.payload[2])),
    "flag": _one(lambda node, a: int(a)),
    "marginal": _marginal,
    "bracket": _bracket,
    "lookup": _lookup,
    "min": _strict(min),
    "max": _strict(max),
    "lt": _strict(lt),
    "le": _strict(le),
    "gt": _strict(gt),
    "ge": _strict(ge),
    "eq": _strict(eq),
    "ne": _strict(ne),
    "and": _and,
    "or": _or,
    "not": _one(lambda node, a: not a),
    "isin": _one(lambda node, a: a in node.payload),
    "known": _known,
    "where": _where,
    "recode": _one(lambda node, a: node.payload[a]),
    "between": lambda node: lambda a, b: None if a is None or b is None else months_between(a, b) // node.payload,
    "shift": lambda node: lambda a, b: None if a is None or b is None else add_months(a, b * node.payload),
    "monthbit": lambda node: _month_bit,
    "run": _one(lambda node, a: len(_spells(a)[0])),
    "longest": _one(lambda node, a: max(map(len, _spells(a)))),
}


# ---- members ----------------------------------------------------------------------------------------------------------------------------


def _members(node: Node, args: Sequence[Values], rows: Rows) -> list[list[tuple[Any, Any]]]:
    """Return, for each row of the higher entity, (value, does it take part) of its members."""
    entity, filtered = node.payload
    tests = args[1] if filtered else True
    count = rows.counts[str(entity)]
    members = zip(_listed(args[0], count), _listed(tests, count), strict=True)
    if rows.counts[node.shape.entity] == 1:
        return [list(members)]
    groups: list[list[tuple[Any, Any]]] = [[] for _ in range(rows.counts[node.shape.entity])]
    for parent, (value, test) in zip(rows.parents(str(entity), node.shape.entity), members, strict=True):
        groups[parent].append((value, test))
    return groups


def _listed(values: Values, count: int) -> list[Any]:
    return values if isinstance(values, list) else [values] * count


def _added(function: Callable[[int, int], int], members: list[tuple[Any, Any]]) -> int | None:
    """Total, count and union: unknown where a member that takes part is, or where one may take part and is not plainly nothing."""
    result = 0
    for value, test in members:
        if test is False or (test is None and value is not None and not value):
            continue
        if test is None or value is None:
            return None
        result = function(result, value)
    return result


def _any(members: list[tuple[Any, Any]]) -> bool | None:
    answers = [_kleene_and(value, test) for value, test in members]
    return True if True in answers else (None if None in answers else False)


def _all(members: list[tuple[Any, Any]]) -> bool | None:
    inverted = _any([(None if value is None else not value, test) for value, test in members])
    return None if inverted is None else not inverted


def _kleene_and(a: Any, b: Any) -> bool | None:
    return False if a is False or b is False else (None if a is None or b is None else True)


def _most(choose: Callable[[list[int]], int]) -> Callable[[list[tuple[Any, Any]], Any], Any]:
    def of(members: list[tuple[Any, Any]], default: Any) -> Any:
        used = [(value, test) for value, test in members if test is not False]
        if any(value is None or test is None for value, test in used):
            return None
        return choose([value for value, _ in used]) if used else default

    return of


def _ranks(node: Node, args: Sequence[Values], rows: Rows) -> list[Any]:
    entity = node.shape.entity
    group, filtered, keyed = node.payload
    count = rows.counts[entity]
    values, tests = _listed(args[0], count), _listed(args[1] if filtered else True, count)
    keys = list(zip(*(_listed(key, count) for key in args[len(args) - keyed :]), strict=True)) if keyed else [()] * count
    parents = rows.parents(entity, str(group))
    # Groups in which somebody who takes part may belong with anybody.
    lost = {parents[row] for row in range(count) if tests[row] is not False and None in keys[row]}
    alike: dict[tuple[Any, ...], list[int]] = {}
    for row in range(count):
        if parents[row] not in lost and None not in keys[row]:
            alike.setdefault((parents[row], *keys[row]), []).append(row)
    result: list[Any] = [None] * count
    for members in alike.values():
        part = [row for row in members if tests[row] is not False]
        if any(values[row] is None or tests[row] is None for row in part):
            continue
        for row in members:
            result[row] = 0
        for place, row in enumerate(sorted(part, key=lambda row: values[row])):
            result[row] = place + 1
    return result


_GATHER: dict[str, Callable[[list[tuple[Any, Any]]], Any]] = {
    "total": partial(_added, add),
    "count": partial(_added, add),
    "union": partial(_added, or_),
    "any": _any,
    "all": _all,
}
_MOST = {"highest": _most(max), "lowest": _most(min)}


# ---- a node, a program ------------------------------------------------------------------------------------------------------------------


def evaluate_node(node: Node, cell: Cell | None, args: Sequence[Values], rows: Rows) -> Values:
    """Return a node's values for the rows of a household."""
    if cell is not None:
        if not node.shape.entity:
            return cell(*args)
        columns = [arg if isinstance(arg, list) else repeat(arg, rows.counts[node.shape.entity]) for arg in args]
        return [cell(*row) for row in zip(*columns, strict=True)]
    match node.op:
        case "fact":
            entity, name = node.payload
            return rows.values(str(entity), str(name))
        case "variable":
            return args[0]
        case "fill":
            return [args[0]] * rows.counts[node.shape.entity]
        case "every":
            return [True] * rows.counts[node.shape.entity]
        case "project":
            return [args[0][parent] for parent in rows.parents(node.shape.entity, node.args[0].shape.entity)]
        case "size":
            parents = rows.parents(str(node.payload), node.shape.entity)
            return [parents.count(row) for row in range(rows.counts[node.shape.entity])]
        case "rank":
            return _ranks(node, args, rows)
        case "highest" | "lowest":
            return [_MOST[node.op](members, args[-1]) for members in _members(node, args, rows)]
    return [_GATHER[node.op](members) for members in _members(node, args, rows)]


def constant_values(nodes: Sequence[Node]) -> dict[int, tuple[Any, Any]]:
    """Evaluate the nodes that are the same for all rows: id of the node -> column-kernel value."""
    import numpy as np

    found = plain_constants(nodes)
    return {key: (False if value is None else value, None if value is not None else np.False_) for key, value in found.items()}


def plain_constants(nodes: Sequence[Node]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for node in nodes:
        if node.shape.entity:
            continue
        if node.op == "const":
            value = node.payload[1]
            found[id(node)] = bool(value) if node.shape.kind == "bool" else value
        elif node.op == "number":
            table: Any = node.payload
            value = int(table.values[0]) if table.present[0] else None
            found[id(node)] = bool(value) if node.shape.kind == "bool" and value is not None else value
        elif node.op == "variable":
            found[id(node)] = found[id(node.args[0])]
        else:
            found[id(node)] = CELLS[node.op](node)(*(found[id(arg)] for arg in node.args))
    return found


class ScalarProgram:
    """A program ready for single households."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes = program.nodes
        self._readers = {key: reader(fact) for key, fact in program.facts.items()}
        self._position = {id(node): index for index, node in enumerate(self.nodes)}
        constants = plain_constants(self.nodes)
        self._start = [constants.get(id(node)) for node in self.nodes]
        self._cells = [CELLS[node.op](node) if node.op in CELLS else None for node in self.nodes]

    def rows(self, household: Any) -> Rows:
        return Rows(household, self._readers, self.program.root, self.program.entities)

    @cached_property
    def _run(self) -> Callable[[Rows], list[Values]]:
        constants = {id(node): value for node, value in zip(self.nodes, self._start, strict=True) if not node.shape.entity}
        return compiled(self.nodes, self._cells, constants, self.program.root.name, evaluate_node)

    def run(self, rows: Rows) -> list[Values]:
        """Return the values of every node, in the order of ``nodes``."""
        return self._run(rows)

    def values(self, rows: Rows, roots: Sequence[Node] | None = None) -> dict[int, Values]:
        """Return the values of every node below some roots (all without any), by the node's id."""
        if roots is None:
            return dict(zip(self._position, self.run(rows), strict=True))
        found: dict[int, Values] = {}
        for node in in_order(roots):
            index = self._position[id(node)]
            if node.shape.entity:
                found[id(node)] = evaluate_node(node, self._cells[index], [found[id(arg)] for arg in node.args], rows)
            else:
                found[id(node)] = self._start[index]
        return found

    @cached_property
    def parts(self) -> Parts:
        """What explanations say of the program's nodes, whoever they are about."""
        from zhida.engine.trace import Parts

        return Parts(self.program.law)

    def cell(self, node: Node) -> Cell | None:
        return self._cells[self._position[id(node)]]

    @cached_property
    def source_order(self) -> dict[str, int]:
        """Names of facts (and ``law.<name>``) in the order the program reaches them: the order in which missing ones are listed."""
        names: list[str] = []
        for node in self.nodes:
            payload: Any = node.payload
            if node.op == "fact":
                names.append(str(payload[1]))
            elif node.op in ("number", "lookup"):
                names.append(f"law.{payload.parameter.name}")
            elif node.op in ("marginal", "bracket"):
                names.append(f"law.{payload[0].table.parameter.name}")
        return {name: place for place, name in enumerate(dict.fromkeys(names))}

    def calculate(self, household: Any) -> dict[str, list[Any]]:
        """Return the values of every benefit (0 where nothing is granted) and variable, by name; None is unknown."""
        run = self.run(self.rows(household))
        found: dict[str, list[Any]] = {}
        for code, benefit in self.program.benefits.items():
            amounts = run[self._position[id(benefit.amount)]]
            occasions = amounts if benefit.occasion is None else run[self._position[id(benefit.occasion)]]
            found[code] = [
                None if amount is None or (amount > 0 and occasion is None) else max(amount, 0)
                for amount, occasion in zip(amounts, occasions, strict=True)
            ]
        return found | {name: list(run[self._position[id(node)]]) for name, node in self.program.variables.items()}

    def decide(self, household: Any) -> dict[str, list[int | None]]:
        """Return, by benefit code, the amount of each row of its entity: 0 not entitled, None unknown."""
        values = self.run(self.rows(household))
        return {
            code: [None if amount is None else max(amount, 0) for amount in values[self._position[id(benefit.amount)]]]
            for code, benefit in self.program.benefits.items()
        }
