"""What a formula sees: symbols whose operators record nodes and check units as they go.

    household.household_income / household.size          fen/month divided by a number: fen/month, six decimals
    (person.age >= law.old_age) & person.hukou_local     yes/no
    person.degree == "master"                            the code is checked against the fact's list

Only 0, 1, True and False may be written as literals; every other number is ``law.<name>``. 0 stands for zero of any unit, 1 for one
of anything that is counted (not money).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn, Protocol

from zhida.engine.entities import Entity
from zhida.engine.errors import (
    EntitiesDiffer,
    LiteralNumber,
    NotSymbolic,
    Place,
    TooMuchWork,
    UnitsDiffer,
    UnitTooHigh,
    UnknownCode,
    WrongKind,
)
from zhida.engine.graph import GATHERS, KIND_WORDS, MAX_SCALE, Graph, Node, Shape
from zhida.engine.units import NUMBER, Unit
from zhida.kernel.period import NEVER, days_since_epoch

# The installed law has 31 operations one upon another and 55 in its longest formula written out. Explanations go down these by recursion.
DEPTH_MAX = 120
SIZE_MAX = 5_000
NODES_MAX = 200_000
POWER_MAX = 4
_ENGINE = str(Path(__file__).parent)
_TESTS = str(Path(__file__).parent / "tests")


def short_place(file: str, line: int) -> Place:
    """Name a source line by its file's last three folders, the same on every machine."""
    return "/".join(Path(file).parts[-3:]), line


# The line of a rule file that is being worked out (rule_functions.py); None while a formula is a plain Python function.
PLACE: ContextVar[Place | None] = ContextVar("zhida_engine_place", default=None)


@contextmanager
def standing_at(place: Place | None) -> Iterator[None]:
    """Let ``here()`` be a line of a rule file; None: where the frames say."""
    token = PLACE.set(place)
    try:
        yield
    finally:
        PLACE.reset(token)


def here() -> Place:
    """Return the line of the formula that is being recorded; of a plain Python function, the nearest frame outside the engine."""
    written = PLACE.get()
    if written is not None:
        return written
    frame = sys._getframe(1)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_ENGINE) or file.startswith(_TESTS):
            break
        frame = frame.f_back
    return short_place(frame.f_code.co_filename, frame.f_lineno)


class Recorder(Protocol):
    """Who knows the names while a formula is recorded: the law that is being loaded."""

    graph: Graph

    def entity(self, name: str) -> Entity: ...

    def value_named(self, entity: Entity, name: str) -> Node: ...


ACTIVE: ContextVar[Recorder] = ContextVar("zhida_engine_recorder")


def make(op: str, args: tuple[Node, ...], payload: Any, shape: Shape, beneath: int = 0) -> Node:
    """Record an operation. Raises: TooMuchWork for a formula, or a law, that would grow without bound."""
    graph = ACTIVE.get().graph
    node = graph.node(op, args, payload, shape, here(), beneath)
    if node.depth > DEPTH_MAX:
        raise TooMuchWork(
            here(),
            f"这里的运算连同所引用的规则叠了超过 {DEPTH_MAX} 层",
            f"this stands on more than {DEPTH_MAX} operations one upon another, those of the rules it names included",
            "请减少相互引用的层数",
            "Let fewer rules stand one upon another",
        )
    if node.size > SIZE_MAX:
        zh, en = f"这个公式展开后超过 {SIZE_MAX:,} 步", f"written out, this formula has more than {SIZE_MAX:,} operations"
        raise TooMuchWork(here(), zh, en)
    if len(graph) > NODES_MAX:
        zh, en = f"全部规则超过 {NODES_MAX:,} 个运算", f"all rules together have more than {NODES_MAX:,} operations"
        raise TooMuchWork(here(), zh, en, "请减少规则文件", "Install fewer rule files")
    return node


def constant(value: int | bool, shape: Shape) -> Node:
    return make("const", (), (shape.kind, int(value)), shape)


class Symbol:
    """Something of a formula that is no value yet: an entity, its members, the law, the period. Each finds its names by ``__getattr__``."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Expression:
    """A value of every row of an entity. ``over`` is set while it holds values of members that are still to be gathered."""

    __slots__ = ("home", "node", "over")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, node: Node, over: str = "", home: str = "") -> None:
        # over: the group whose members these are; home: the entity the formula stands at.
        self.node, self.over, self.home = node, over, home

    @property
    def shape(self) -> Shape:
        return self.node.shape

    def __add__(self, other: Any) -> Expression:
        return _add("+", self, other)

    def __radd__(self, other: Any) -> Expression:
        return _add("+", other, self)

    def __sub__(self, other: Any) -> Expression:
        return _subtract(self, other)

    def __rsub__(self, other: Any) -> Expression:
        return _subtract(other, self)

    def __mul__(self, other: Any) -> Expression:
        return _multiply(self, other)

    def __rmul__(self, other: Any) -> Expression:
        return _multiply(other, self)

    def __truediv__(self, other: Any) -> Expression:
        return _divide(self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return _divide(other, self)

    def __neg__(self) -> Expression:
        return 0 - self

    def __lt__(self, other: Any) -> Expression:
        return _compare("lt", "<", self, other)

    def __le__(self, other: Any) -> Expression:
        return _compare("le", "<=", self, other)

    def __gt__(self, other: Any) -> Expression:
        return _compare("gt", ">", self, other)

    def __ge__(self, other: Any) -> Expression:
        return _compare("ge", ">=", self, other)

    def __eq__(self, other: Any) -> Expression:  # type: ignore[override]
        return _compare("eq", "==", self, other)

    def __ne__(self, other: Any) -> Expression:  # type: ignore[override]
        return _compare("ne", "!=", self, other)

    def __and__(self, other: Any) -> Expression:
        return _logic("and", "&", self, other)

    def __or__(self, other: Any) -> Expression:
        return _logic("or", "|", self, other)

    def __rand__(self, other: Any) -> Expression:
        return _logic("and", "&", other, self)

    def __ror__(self, other: Any) -> Expression:
        return _logic("or", "|", other, self)

    def __invert__(self) -> Expression:
        need(self, "bool", "~")
        return self._with("not", (self.node,), None, Shape("bool", self.shape.entity))

    def is_in(self, *codes: str) -> Expression:
        """Say whether a code is one of several."""
        need(self, "code", "is_in")
        positions = tuple(sorted({code_position(self.shape.codes, code) for code in codes}))
        return self._with("isin", (self.node,), positions, Shape("bool", self.shape.entity))

    def _with(self, op: str, args: tuple[Node, ...], payload: Any, shape: Shape) -> Expression:
        return Expression(make(op, args, payload, shape), self.over, self.home)

    def __bool__(self) -> NoReturn:
        raise NotSymbolic(here(), "if / and / or / not", "where(condition, a, b), &, |, ~")

    def __floordiv__(self, other: Any) -> NoReturn:
        raise NotSymbolic(here(), "//", "round_down(a / b)")

    def __mod__(self, other: Any) -> NoReturn:
        raise NotSymbolic(here(), "%", "a - round_down(a / b) * b")

    def __pow__(self, other: Any) -> NoReturn:
        raise NotSymbolic(here(), "**", "a * a")

    def __iter__(self) -> NoReturn:
        raise NotSymbolic(here(), "for / sum / max / min / in", "total(), highest(), lowest(), maximum(), is_in()")

    def __float__(self) -> NoReturn:
        raise NotSymbolic(here(), "float()", "/")

    def __int__(self) -> NoReturn:
        raise NotSymbolic(here(), "int()", "round_down()")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotSymbolic(here(), f".{name}", f"person.{name} or person.household.{name}: facts belong to an entity, not to a value")


# ---- literals, codes, kinds -------------------------------------------------------------------------------------------------------------


def code_position(codes: tuple[str, ...], code: str) -> int:
    if code == "none":
        return 0
    if code not in codes:
        raise UnknownCode(here(), code, ["none", *codes])
    return codes.index(code) + 1


def need(value: Expression, kind: str, action: str) -> None:
    if value.shape.kind != kind:
        raise WrongKind(here(), action, KIND_WORDS[kind], value.shape.words)


def lift(value: Any, like: Expression | None = None) -> Expression:
    """Turn a literal into an expression shaped like the other side of the operator; refuse numbers other than 0 and 1."""
    if isinstance(value, Expression):
        return value
    if hasattr(type(value), "as_expression"):
        return lift(value.as_expression())
    if isinstance(value, Symbol):
        raise WrongKind(here(), "an operator or function", "a fact or variable of an entity", "the entity itself")
    if isinstance(value, bool):
        return Expression(constant(value, Shape("bool")))
    if isinstance(value, str):
        codes = like.shape.codes if like is not None and like.shape.kind == "code" and _has_list(like.node) else (value,)
        return Expression(constant(code_position(codes, value), Shape("code", codes=codes)))
    if isinstance(value, int) and value in (0, 1):
        return _zero_or_one(value, like)
    if value == NEVER:
        return Expression(constant(days_since_epoch(NEVER), Shape("date")))
    if isinstance(value, int | float):
        raise LiteralNumber(here(), value)
    raise WrongKind(here(), "an operator or function", "a single fact, variable or law.<name>", "a scale or several values in brackets")


def _has_list(node: Node) -> bool:
    """Say whether a code comes from a fact, variable or parameter, whose list of codes is fixed, and not from literals alone."""
    return node.op in ("fact", "ref", "parameter") or any(_has_list(arg) for arg in node.args if arg.shape.kind == "code")


def _zero_or_one(value: int, like: Expression | None) -> Expression:
    unit = like.shape.unit if like is not None and like.shape.kind == "number" else NUMBER
    if value == 1 and unit.power("fen"):
        raise LiteralNumber(here(), value)
    return Expression(constant(value, Shape("number", unit=unit)))


def lift_pair(left: Any, right: Any) -> tuple[Expression, Expression]:
    if isinstance(left, str | int):
        second = lift(right)
        return lift(left, second), second
    first = lift(left)
    return first, lift(right, first)


def place_together(*values: Expression) -> tuple[list[Node], str, str, str]:
    """Bring values to the same rows; a group's value goes down to its members. Returns nodes, and entity, over and home of the result."""
    members = next((v for v in values if v.over), None)
    over, home = (members.over, members.home) if members is not None else ("", "")
    entity = members.shape.entity if members is not None else next((v.shape.entity for v in values if v.shape.entity), "")
    return [_bring(value, entity, over, home) for value in values], entity, over, home


def _bring(value: Expression, entity: str, over: str, home: str) -> Node:
    if not value.shape.entity or (value.shape.entity == entity and (value.over, value.home) == (over, home)):
        return value.node
    if over and not value.over and value.shape.entity == over and home == over:
        return project(value.node, entity)
    if over and not value.over and value.shape.entity == home:
        # person.household.x beside person.household.members.y: the group's value, not this person's.
        lifted = _of_group(value.node, over)
        if lifted is not None:
            return project(lifted, entity)
    raise EntitiesDiffer(here(), entity, value.shape.entity)


def _of_group(node: Node, group: str) -> Node | None:
    """Return the same value at the group it was projected down from, or None where a part of it is not the group's."""
    known = ACTIVE.get().graph.at_group
    key = (id(node), group)
    if key not in known:
        known[key] = _lifted(node, group)
    return known[key]


def _lifted(node: Node, group: str) -> Node | None:
    if not node.shape.entity or node.shape.entity == group:
        return node
    if node.op == "project":
        return _of_group(node.args[0], group)
    args = [_of_group(arg, group) for arg in node.args]
    if not args or node.op in GATHERS or node.op == "rank" or any(arg is None for arg in args):
        return None
    shape = node.shape
    kept = tuple(arg for arg in args if arg is not None)
    return make(node.op, kept, node.payload, Shape(shape.kind, group, shape.unit, shape.scale, shape.codes))


def project(node: Node, entity: str) -> Node:
    """Give each row of a lower entity the value of the group it belongs to."""
    shape = node.shape
    if not shape.entity or shape.entity == entity:
        return node
    return make("project", (node,), entity, Shape(shape.kind, entity, shape.unit, shape.scale, shape.codes))


def rescaled(node: Node, scale: int) -> Node:
    """Widen a number to more decimals; exact."""
    if node.shape.scale == scale:
        return node
    shape = node.shape
    return make("widen", (node,), scale - shape.scale, Shape("number", shape.entity, shape.unit, scale))


# ---- operators --------------------------------------------------------------------------------------------------------------------------


def _add(sign: str, left: Any, right: Any) -> Expression:
    a, b = lift_pair(left, right)
    if a.shape.kind == "date" or b.shape.kind == "date":
        day, days = (a, b) if a.shape.kind == "date" else (b, a)
        return _shift_date("add", day, days, sign)
    return _same_unit("add", sign, a, b)


def _subtract(left: Any, right: Any) -> Expression:
    a, b = lift_pair(left, right)
    if a.shape.kind == "date" and b.shape.kind == "date":
        nodes, entity, over, home = place_together(a, b)
        return Expression(make("datediff", tuple(nodes), None, Shape("number", entity, Unit.parse("day"))), over, home)
    if a.shape.kind == "date":
        return _shift_date("sub", a, b, "-")
    return _same_unit("sub", "-", a, b)


def _shift_date(op: str, day: Expression, days: Expression, sign: str) -> Expression:
    if days.shape.kind != "number" or (str(days.shape.unit) != "day" and days.node.op != "const"):
        raise UnitsDiffer(here(), sign, day.shape.words, days.shape.words)
    if days.shape.scale:
        raise WrongKind(here(), sign, "a whole number of days", "a number with decimals")
    nodes, entity, over, home = place_together(day, days)
    return Expression(make(f"date{op}", tuple(nodes), None, Shape("date", entity)), over, home)


def _same_unit(op: str, sign: str, a: Expression, b: Expression) -> Expression:
    nodes, shape, over, home = unify(sign, [a, b])
    if shape.kind != "number":
        raise WrongKind(here(), sign, "numbers", shape.words)
    return Expression(make(op, tuple(nodes), None, shape), over, home)


def unify(action: str, values: Sequence[Expression]) -> tuple[list[Node], Shape, str, str]:
    """Bring values to the same rows, kind, unit, scale and code list, as +, comparisons, where and minimum need them."""
    first = next((v for v in values if v.shape.kind == "code" and v.shape.entity), values[0])
    for value in values:
        if value.shape.kind != first.shape.kind or value.shape.unit != first.shape.unit:
            raise UnitsDiffer(here(), action, first.shape.words, value.shape.words)
    codes = _common_codes(values)
    scale = max(value.shape.scale for value in values)
    nodes, entity, over, home = place_together(*values)
    nodes = [recoded(rescaled(node, scale) if first.shape.kind == "number" else node, codes) for node in nodes]
    return nodes, Shape(first.shape.kind, entity, first.shape.unit, scale, codes), over, home


def _common_codes(values: Sequence[Expression]) -> tuple[str, ...]:
    """Return the code list that all values share: the facts' own list, else all codes in order of appearance."""
    lists = [value.shape.codes for value in values if value.shape.kind == "code"]
    if not lists:
        return ()
    longest = max(lists, key=len)
    return longest + tuple(dict.fromkeys(code for codes in lists for code in codes if code not in longest))


def recoded(node: Node, codes: tuple[str, ...]) -> Node:
    """Translate positions in one code list to positions in another that holds all its codes."""
    shape = node.shape
    if shape.kind != "code" or shape.codes == codes:
        return node
    positions = (0, *(code_position(codes, code) for code in shape.codes))
    return make("recode", (node,), positions, Shape("code", shape.entity, codes=codes))


def _multiply(left: Any, right: Any) -> Expression:
    a, b = lift(left), lift(right)
    need(a, "number", "*")
    need(b, "number", "*")
    nodes, entity, over, home = place_together(a, b)
    scale = a.shape.scale + b.shape.scale
    shape = Shape("number", entity, _sensible(a.shape.unit * b.shape.unit), min(scale, MAX_SCALE))
    return Expression(make("mul", tuple(nodes), max(scale - MAX_SCALE, 0), shape), over, home)


def _sensible(unit: Unit) -> Unit:
    """Refuse a unit that nothing is counted in: fen times fen times fen …, without end."""
    for base, power in unit.powers:
        if abs(power) > POWER_MAX:
            raise UnitTooHigh(here(), base)
    return unit


def _divide(left: Any, right: Any) -> Expression:
    a, b = lift(left), lift(right)
    need(a, "number", "/")
    need(b, "number", "/")
    nodes, entity, over, home = place_together(a, b)
    shape = Shape("number", entity, _sensible(a.shape.unit / b.shape.unit), MAX_SCALE)
    # The dividend is widened by so many decimals that the whole-number quotient has six.
    return Expression(make("div", tuple(nodes), MAX_SCALE + b.shape.scale - a.shape.scale, shape), over, home)


def _compare(op: str, sign: str, left: Any, right: Any) -> Expression:
    if isinstance(right, str):
        if not isinstance(left, Expression):
            left = lift(left)
        need(left, "code", sign)
        code_position(left.shape.codes, right)
    a, b = lift_pair(left, right)
    nodes, shape, over, home = unify(sign, [a, b])
    if shape.kind in ("bool", "code") and op not in ("eq", "ne"):
        raise WrongKind(here(), sign, "numbers or dates", shape.words)
    return Expression(make(op, tuple(nodes), None, Shape("bool", shape.entity)), over, home)


def _logic(op: str, sign: str, left: Any, right: Any) -> Expression:
    a, b = lift(left), lift(right)
    need(a, "bool", sign)
    need(b, "bool", sign)
    nodes, entity, over, home = place_together(a, b)
    return Expression(make(op, tuple(nodes), None, Shape("bool", entity)), over, home)
