"""The words formulas are written in, beside operators. Every one works on symbols, checks units and records a node.

Dates (Civil Code of the PRC, article 202: where the month has no such day, the month's last day is the day):
``add_months`` keeps the day of the month, or takes the last day of a shorter month; ``months_between(a, b)`` is the largest n with
``add_months(a, n) <= b``; years are twelve months. So who was born on 29 February is a year older on 28 February of a common year.

Unknown (Kleene): an operator whose operand is unknown is unknown, except where the known operands already decide it: ``False & unknown``
is no, ``True | unknown`` is yes, ``where`` needs only the branch it takes, or none when both branches agree; ``any_of`` is yes by one known
yes; members left out by ``where=`` need not be known.
"""

from __future__ import annotations

from typing import Any, Literal

from zhida.engine.errors import NoGroup, NotMembers, UnitsDiffer, UnknownName, WrongKind
from zhida.engine.expressions import (
    ACTIVE,
    Expression,
    constant,
    here,
    lift,
    make,
    need,
    place_together,
    project,
    unify,
)
from zhida.engine.graph import KIND_WORDS, MAX_SCALE, Shape
from zhida.engine.references import ScaleReference
from zhida.engine.symbols import MembersSymbol, members_only
from zhida.engine.units import NUMBER, Unit
from zhida.kernel.period import NEVER, days_since_epoch

FEN: Literal["FEN"] = "FEN"
YUAN: Literal["YUAN"] = "YUAN"
MONTH: Literal["MONTH"] = "MONTH"
QUARTER: Literal["QUARTER"] = "QUARTER"
YEAR: Literal["YEAR"] = "YEAR"
ONCE: Literal["ONCE"] = "ONCE"

_MONTHS = Unit.parse("month")
_YEARS = Unit.parse("year")


# ---- choosing ---------------------------------------------------------------------------------------------------------------------------


def where(condition: Any, then: Any, otherwise: Any) -> Expression:
    """Give ``then`` where the condition holds, else ``otherwise``."""
    test = lift(condition)
    need(test, "bool", "where")
    a, b = _branches(then, otherwise)
    branches, shape, over, home = unify("where", [a, b])
    placed = [Expression(node, over, home) if node.shape.entity else Expression(node) for node in branches]
    nodes, entity, over, home = place_together(test, *placed)
    result = Shape(shape.kind, entity, shape.unit, shape.scale, shape.codes)
    return Expression(make("where", tuple(nodes), None, result), over, home)


def _branches(then: Any, otherwise: Any) -> tuple[Expression, Expression]:
    if isinstance(then, str | int):
        second = lift(otherwise)
        return lift(then, second), second
    first = lift(then)
    return first, lift(otherwise, first)


def select(*cases: tuple[Any, Any], otherwise: Any = 0) -> Expression:
    """Give the value of the first case whose condition holds: ``select((cond, value), (cond, value), otherwise=0)``."""
    like = next((lift(value) for _, value in cases if not isinstance(value, str | int)), None)
    result = lift(otherwise, like)
    for condition, value in reversed(cases):
        result = where(condition, lift(value, result if like is None else like), result)
    return result


def is_known(value: Any) -> Expression:
    """Say whether a value is known; itself always known."""
    inner = lift(value)
    return Expression(make("known", (inner.node,), None, Shape("bool", inner.shape.entity)), inner.over, inner.home)


def minimum(first: Any, second: Any, *more: Any) -> Expression:
    """Give the smallest of several numbers or dates, row by row."""
    return _extreme("min", "minimum", (first, second, *more))


def maximum(first: Any, second: Any, *more: Any) -> Expression:
    """Give the largest of several numbers or dates, row by row."""
    return _extreme("max", "maximum", (first, second, *more))


def clamp(value: Any, low: Any, high: Any) -> Expression:
    """Keep a value between two bounds; where they cross, ``high`` wins."""
    return minimum(maximum(value, low), high)


def _extreme(op: str, action: str, values: tuple[Any, ...]) -> Expression:
    like = next((lift(value) for value in values if not isinstance(value, int)), None)
    result = lift(values[0], like)
    for value in values[1:]:
        nodes, shape, over, home = unify(action, [result, lift(value, like)])
        if shape.kind not in ("number", "date"):
            raise WrongKind(here(), action, "numbers or dates", shape.words)
        result = Expression(make(op, tuple(nodes), None, shape), over, home)
    return result


# ---- rounding and scales ----------------------------------------------------------------------------------------------------------------


def round_half_up(value: Any, to: str = FEN) -> Expression:
    """Round to whole fen or yuan (other units: to a whole number); halves go up, minus one and a half to minus one."""
    return _round("half", value, to)


def round_up(value: Any, to: str = FEN) -> Expression:
    """Round up to whole fen or yuan (other units: to a whole number)."""
    return _round("up", value, to)


def round_down(value: Any, to: str = FEN) -> Expression:
    """Round down to whole fen or yuan (other units: to a whole number), below zero away from it."""
    return _round("down", value, to)


def _round(mode: str, value: Any, to: str) -> Expression:
    if not isinstance(to, str) or to not in (FEN, YUAN):
        raise WrongKind(here(), "to=", "FEN or YUAN", "something else")
    inner = lift(value)
    need(inner, "number", f"round_{mode}")
    shape = inner.shape
    if to == YUAN and shape.unit.power("fen") != 1:
        raise UnitsDiffer(here(), "round to YUAN", "fen", shape.words)
    decimals, multiple = shape.scale, 100 if to == YUAN else 1
    result = Shape("number", shape.entity, shape.unit)
    if not decimals and multiple == 1:
        return inner
    return Expression(make("round", (inner.node,), (mode, decimals, multiple), result), inner.over, inner.home)


def marginal(scale: Any, base: Any) -> Expression:
    """Apply to each slice of ``base`` the rate of its bracket, and add up: a tax table, a reimbursement table."""
    return _scale("marginal", scale, base)


def bracket(scale: Any, value: Any) -> Expression:
    """Give the amount (or rate) of the bracket a value falls into: the last threshold that is <= value; below the first, 0."""
    return _scale("bracket", scale, value)


def _scale(op: str, scale: Any, base: Any) -> Expression:
    value = lift(base)
    need(value, "number", op)
    if not isinstance(scale, ScaleReference):
        raise WrongKind(here(), op, "a scale (a parameter with 'scale:')", "something else")
    if value.shape.unit != scale.threshold_unit:
        raise UnitsDiffer(here(), op, f"thresholds in {scale.threshold_unit}", value.shape.words)
    args = [value, *scale.keys]
    nodes, entity, over, home = place_together(*args)
    if op == "bracket":
        shape = Shape("number", entity, scale.unit, scale.scale)
        return Expression(make("bracket", tuple(nodes), (scale.name, value.shape.scale), shape), over, home)
    total_scale = min(MAX_SCALE, value.shape.scale + scale.scale)
    shape = Shape("number", entity, value.shape.unit * scale.unit, total_scale)
    return Expression(make("marginal", tuple(nodes), (scale.name, value.shape.scale, scale.scale), shape), over, home)


# ---- dates ------------------------------------------------------------------------------------------------------------------------------


def months_between(start: Any, end: Any) -> Expression:
    """Count whole months from one date to another; negative where ``end`` is earlier."""
    return _between("months_between", 1, _MONTHS, start, end)


def years_between(start: Any, end: Any) -> Expression:
    """Count whole years from one date to another: the age in 周岁."""
    return _between("years_between", 12, _YEARS, start, end)


def _between(action: str, size: int, unit: Unit, start: Any, end: Any) -> Expression:
    a, b = lift(start), lift(end)
    need(a, "date", action)
    need(b, "date", action)
    nodes, entity, over, home = place_together(a, b)
    return Expression(make("between", tuple(nodes), size, Shape("number", entity, unit)), over, home)


def add_months(day: Any, months: Any) -> Expression:
    """Move a date by whole months; the last day of a shorter month stands for a day it does not have. NEVER stays NEVER."""
    return _add_units("add_months", 1, _MONTHS, day, months)


def add_years(day: Any, years: Any) -> Expression:
    """Move a date by whole years; 29 February becomes 28 February in a common year."""
    return _add_units("add_years", 12, _YEARS, day, years)


def _add_units(action: str, size: int, unit: Unit, day: Any, count: Any) -> Expression:
    a = lift(day)
    b = lift(count, Expression(constant(0, Shape("number", unit=unit))))
    need(a, "date", action)
    need(b, "number", action)
    if b.shape.unit != unit:
        raise UnitsDiffer(here(), action, str(unit), b.shape.words)
    if b.shape.scale:
        raise WrongKind(here(), action, "a whole number", "a number with decimals")
    nodes, entity, over, home = place_together(a, b)
    return Expression(make("shift", tuple(nodes), size, Shape("date", entity)), over, home)


# ---- members ----------------------------------------------------------------------------------------------------------------------------


def total(values: Any, where: Any = None) -> Expression:
    """Add up a number over members."""
    return _gather("total", values, where, ("number",))


def count(flags: Any, where: Any = None) -> Expression:
    """Count the members for whom a flag holds; ``count(household.members)`` counts all."""
    return _gather("count", flags, where, ("bool",), Shape("number"))


def any_of(flags: Any, where: Any = None) -> Expression:
    """Say whether a flag holds for at least one member."""
    return _gather("any", flags, where, ("bool",))


def all_of(flags: Any, where: Any = None) -> Expression:
    """Say whether a flag holds for every member; yes where there is none."""
    return _gather("all", flags, where, ("bool",))


def highest(values: Any, where: Any = None, default: Any = None) -> Expression:
    """Give the largest number or latest date among members; ``default`` (0; for dates: required) where there is none."""
    return _gather("highest", values, where, ("number", "date"), default=default)


def lowest(values: Any, where: Any = None, default: Any = None) -> Expression:
    """Give the smallest number or earliest date among members; ``default`` (0; for dates: NEVER) where there is none."""
    return _gather("lowest", values, where, ("number", "date"), default=default)


def _gather(op: str, values: Any, where: Any, kinds: tuple[str, ...], shape: Shape | None = None, default: Any = None) -> Expression:
    inner = members_only(values, op)
    if inner.shape.kind not in kinds:
        raise WrongKind(here(), op, " or ".join(KIND_WORDS[kind] for kind in kinds), inner.shape.words)
    args = [inner.node]
    if where is not None:
        test = lift(where)
        need(test, "bool", "where=")
        nodes, *_ = place_together(inner, test)
        args = nodes
    given = shape or inner.shape
    result = Shape(given.kind, inner.over, given.unit, given.scale, given.codes)
    if op in ("highest", "lowest"):
        args.append(_default_of(op, inner, default))
    node = make(op, tuple(args), (inner.shape.entity, where is not None), result)
    return Expression(project(node, inner.home) if inner.home != inner.over else node)


def _default_of(op: str, inner: Expression, default: Any) -> Any:
    if default is None and inner.shape.kind == "date":
        if op == "highest":
            raise WrongKind(here(), "highest", "default= for the latest of no dates", "none")
        return constant(days_since_epoch(NEVER), Shape("date"))
    nodes, shape, *_ = unify("default=", [Expression(inner.node), lift(0 if default is None else default, inner)])
    if shape.scale != inner.shape.scale or nodes[1].shape.entity:
        raise WrongKind(here(), "default=", "one value for all, with no more decimals than the members'", shape.words)
    return nodes[1]


def rank(value: Any, within: str | None = None, where: Any = None, same: Any = ()) -> Expression:
    """Number the members of a group by a number or date, 1 = smallest (``rank(person.birth_date)``: 1 = eldest of the household).

    within: a group the rows belong to; without it the widest, the root of the tree. same: one key or a tuple of keys; only members with
    equal keys are numbered together (``same=(person.mother, person.father)``: the second child of the same parents).
    Equal values: the order of the rows. Members left out by ``where`` get 0. Where one value of a group (with ``same``: of those with equal
    keys) is unknown, so are its ranks. A member's own unknown key leaves its rank unknown, and where it takes part those of its group.
    """
    inner = lift(value)
    if inner.over or not inner.shape.entity or isinstance(value, MembersSymbol):
        raise NotMembers(here(), "rank", inner.shape.entity or "no entity")
    if inner.shape.kind not in ("number", "date"):
        raise WrongKind(here(), "rank", "a number or a date", inner.shape.words)
    above = ACTIVE.get().entity(inner.shape.entity).above
    if not above:
        raise NoGroup(here(), inner.shape.entity)
    if within is not None and not isinstance(within, str):
        raise WrongKind(here(), "within=", "the name of a group in quotes", "something else")
    group = above[-1] if within is None else within
    if group not in above:
        raise UnknownName(here(), f"rank of {inner.shape.entity} within", group, above)
    test = [] if where is None else [lift(where)]
    for one in test:
        need(one, "bool", "where=")
    keys = [lift(key) for key in (same if isinstance(same, tuple) else (same,))]
    args, *_ = place_together(inner, *test, *keys)
    payload = (group, where is not None, len(keys))
    return Expression(make("rank", tuple(args), payload, Shape("number", inner.shape.entity, NUMBER)))


# ---- spells -----------------------------------------------------------------------------------------------------------------------------


def months_in_a_row(dates: Any, until: Any, where: Any = None) -> Expression:
    """Count the months on end that members' dates cover, back from the month before ``until``: six months insured in a row.

    ``months_in_a_row(person.contributions.month, until=period.start, where=person.contributions.paid)``. Any day of a month stands for
    the month; a month that several members have counts once; the month of ``until`` and later ones do not count. Looks 62 months back: a
    longer spell counts as 62. Unknown where a member that takes part has an unknown date.
    """
    return _spell("run", "months_in_a_row", dates, until, where)


def longest_spell(dates: Any, until: Any, where: Any = None) -> Expression:
    """Count the months of the longest spell on end in the 62 months before that of ``until``; as ``months_in_a_row`` otherwise."""
    return _spell("longest", "longest_spell", dates, until, where)


def _spell(op: str, action: str, dates: Any, until: Any, where: Any) -> Expression:
    inner, end = members_only(dates, action), lift(until)
    need(inner, "date", action)
    need(end, "date", f"{action}(until=)")
    nodes, entity, over, home = place_together(inner, end)
    months = Expression(make("monthbit", tuple(nodes), None, Shape("number", entity)), over, home)
    covered = _gather("union", months, where, ("number",))
    return Expression(make(op, (covered.node,), None, Shape("number", covered.shape.entity, _MONTHS)))


__all__ = [
    "FEN",
    "MONTH",
    "ONCE",
    "QUARTER",
    "YEAR",
    "YUAN",
    "add_months",
    "add_years",
    "all_of",
    "any_of",
    "bracket",
    "clamp",
    "count",
    "highest",
    "is_known",
    "longest_spell",
    "lowest",
    "marginal",
    "maximum",
    "minimum",
    "months_between",
    "months_in_a_row",
    "rank",
    "round_down",
    "round_half_up",
    "round_up",
    "select",
    "total",
    "where",
    "years_between",
]
