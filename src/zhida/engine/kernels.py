"""What each operation does to columns. ``KERNELS[op](node, values of its arguments, batch)`` gives the value of the node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.calendar import add_months_columns, calendar_months_columns, months_between_columns
from zhida.engine.column_values import Kernel, Value, as_float, both, guard, largest, masked, tidy
from zhida.engine.graph import SPELL_MONTHS, Node
from zhida.engine.member_kernels import MEMBER_KERNELS

if TYPE_CHECKING:
    from zhida.engine.batch import Batch

# ---- reading ----------------------------------------------------------------------------------------------------------------------------


def _fact(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    entity, name = node.payload
    return batch.column(str(entity), str(name))


def _fill(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = args[0]
    rows = batch.rows[node.shape.entity]
    dtype = np.bool_ if node.shape.kind == "bool" else np.int64
    return np.full(rows, data, dtype=dtype), None if known is None else np.zeros(rows, dtype=bool)


def _same(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    return args[0]


def _lookup(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    table: Any = node.payload
    position = table.flat_positions([data for data, _ in args])
    known = None
    for _, other in args:
        known = both(known, other)
    if not table.complete:
        known = both(known, table.present.take(position))
    data = table.values.take(position)
    if node.shape.kind == "bool":
        data = data.astype(bool)
    return tidy(data, known) if node.shape.kind != "bool" else masked(data, known)


# ---- numbers ----------------------------------------------------------------------------------------------------------------------------


def _numbers(function: Callable[[Any, Any], Any]) -> Kernel:
    def kernel(node: Node, args: Sequence[Value], batch: Batch) -> Value:
        (a, known_a), (b, known_b) = args
        guard(node, largest(a) + largest(b))
        return function(a, b), both(known_a, known_b)

    return kernel


def _extreme(function: Callable[[Any, Any], Any]) -> Kernel:
    def kernel(node: Node, args: Sequence[Value], batch: Batch) -> Value:
        (a, known_a), (b, known_b) = args
        return function(a, b), both(known_a, known_b)

    return kernel


def _multiply(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (a, known_a), (b, known_b) = args
    guard(node, largest(a) * largest(b), lambda: as_float(a) * as_float(b))
    product = a * b
    return shrink(product, int(node.payload or 0), "half"), both(known_a, known_b)


def shrink(data: Any, decimals: int, mode: str, multiple: int = 1) -> Any:
    """Drop decimals and give a multiple: half (up), up or down."""
    divisor = 10**decimals * multiple
    if divisor == 1:
        return data
    if mode == "half":
        data = data + divisor // 2
    quotient = data // divisor if mode != "up" else -(-data // divisor)
    return quotient * multiple if multiple != 1 else quotient


def _divide(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    """Half up at the sixth decimal. A divisor of 0 stands only where the quotient is not used (guards.py): it counts as 1."""
    (a, known_a), (b, known_b) = args
    factor = 10 ** int(node.payload)
    guard(node, largest(a) * factor)
    divisor: Any = np.where(b == 0, 1, b) if isinstance(b, np.ndarray) else b or 1
    dividend = a * factor
    quotient = dividend // divisor
    rest = dividend - quotient * divisor
    # The rest has the divisor's sign; half of it or more rounds up.
    up = abs(rest) >= abs(divisor) - abs(rest)
    return quotient + up, both(known_a, known_b)


def _widen(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = args[0]
    factor = 10 ** int(node.payload)
    guard(node, largest(data) * factor)
    return data * factor, known


def _round(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    mode, decimals, multiple = node.payload
    data, known = args[0]
    return shrink(data, int(decimals), str(mode), int(multiple)), known


def _flag(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    return args[0][0].astype(np.int64), args[0][1]


def _marginal(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (scale, surplus), rows, base, known = _scale_rows(node, args)
    guard(node, largest(base) * max(largest(scale.amounts), 1))
    result: Any = 0
    width = scale.thresholds.shape[1]
    for column in range(width):
        low = scale.thresholds[:, column].take(rows)
        part = base - low
        if column + 1 < width:
            part = np.minimum(part, scale.thresholds[:, column + 1].take(rows) - low)
        result = result + np.maximum(part, 0) * scale.amounts[:, column].take(rows)
    return shrink(result, int(surplus), "half"), known


def _bracket(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (scale, _), rows, base, known = _scale_rows(node, args)
    result: Any = 0
    for column in range(scale.thresholds.shape[1]):
        result = np.where(base >= scale.thresholds[:, column].take(rows), scale.amounts[:, column].take(rows), result)
    return result, known


def _scale_rows(node: Node, args: Sequence[Value]) -> tuple[Any, Any, Any, Any]:
    scale = node.payload[0]
    base, known = args[0]
    for _, other in args[1:]:
        known = both(known, other)
    rows = scale.table.flat_positions([data for data, _ in args[1:]])
    if not scale.table.complete:
        known = both(known, scale.table.present.take(rows))
    return node.payload, rows, np.asarray(base) * 10**scale.widen, known


# ---- yes and no -------------------------------------------------------------------------------------------------------------------------


def _compare(function: Callable[[Any, Any], Any]) -> Kernel:
    def kernel(node: Node, args: Sequence[Value], batch: Batch) -> Value:
        (a, known_a), (b, known_b) = args
        known = both(known_a, known_b)
        data = function(a, b)
        return (data, None) if known is None else (data & known, known)

    return kernel


def _and(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (a, known_a), (b, known_b) = args
    data = a & b
    if known_a is None and known_b is None:
        return data, None
    # logical_not, not ~: a value that is the same for all rows is a plain Python bool, and ~True is -2.
    no_a = np.logical_not(a) if known_a is None else known_a & np.logical_not(a)
    no_b = np.logical_not(b) if known_b is None else known_b & np.logical_not(b)
    return tidy(data, data | no_a | no_b)


def _or(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (a, known_a), (b, known_b) = args
    data = a | b
    if known_a is None and known_b is None:
        return data, None
    return tidy(data, data | both(known_a, known_b))


def _not(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = args[0]
    return ~data if known is None else known & ~data, known


def _isin(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = args[0]
    found: Any = False
    for position in node.payload:
        found = found | (data == position)
    return found if known is None else found & known, known


def _known(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    known = args[0][1]
    rows = batch.rows[node.shape.entity]
    return np.ones(rows, dtype=bool) if known is None else np.broadcast_to(known, rows).copy(), None


def _where(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (test, known_test), (yes, known_yes), (no, known_no) = args
    data = np.where(test, yes, no)
    if known_test is None and known_yes is None and known_no is None:
        return data, None
    taken = None
    if known_yes is not None or known_no is not None:
        taken = np.where(test, True if known_yes is None else known_yes, True if known_no is None else known_no)
    if known_test is not None:
        # An undecided condition does no harm where both branches are known and agree.
        agree = (yes == no) if both(known_yes, known_no) is None else (yes == no) & both(known_yes, known_no)
        taken = agree | (known_test if taken is None else known_test & taken)
    data, known = tidy(data, taken)
    return (data & known, known) if known is not None and node.shape.kind == "bool" else (data, known)


def _recode(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = args[0]
    return np.asarray(node.payload, dtype=np.int64).take(data), known


# ---- dates ------------------------------------------------------------------------------------------------------------------------------


def _between(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (a, known_a), (b, known_b) = args
    months = months_between_columns(a, b)
    size = int(node.payload)
    return months // size if size != 1 else months, both(known_a, known_b)


def _shift(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (a, known_a), (b, known_b) = args
    return add_months_columns(a, b * int(node.payload)), both(known_a, known_b)


def _date_difference(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (a, known_a), (b, known_b) = args
    return np.subtract(a, b, dtype=np.int64), both(known_a, known_b)


def _date_move(sign: int) -> Kernel:
    def kernel(node: Node, args: Sequence[Value], batch: Batch) -> Value:
        (day, known_day), (days, known_days) = args
        return np.add(day, np.multiply(days, sign), dtype=np.int64), both(known_day, known_days)

    return kernel


# ---- spells: months as bits of a number, the lowest bit the month before ``until`` ------------------------------------------------------


def _month_bit(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    (day, known_day), (until, known_until) = args
    back = calendar_months_columns(day, until) - 1
    inside = (back >= 0) & (back < SPELL_MONTHS)
    return np.where(inside, np.left_shift(1, np.where(inside, back, 0)), 0), both(known_day, known_until)


def _run(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = args[0]
    # Adding 1 turns the ones at the end, and the zero before them, over.
    return np.bitwise_count(data ^ (data + 1)).astype(np.int64) - 1, known


def _longest(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    """Each round shortens every run by one; as many rounds as bits are left is the longest run."""
    data, known = args[0]
    length: Any = np.zeros(len(data), dtype=np.int64)
    while data.any():
        length += data != 0
        data = data & (data >> 1)
    return length, known


KERNELS: dict[str, Kernel] = {
    "fact": _fact,
    "const": _same,
    "number": _same,
    "variable": _same,
    "fill": _fill,
    "lookup": _lookup,
    "add": _numbers(np.add),
    "sub": _numbers(np.subtract),
    "mul": _multiply,
    "div": _divide,
    "widen": _widen,
    "round": _round,
    "flag": _flag,
    "marginal": _marginal,
    "bracket": _bracket,
    "min": _extreme(np.minimum),
    "max": _extreme(np.maximum),
    "lt": _compare(np.less),
    "le": _compare(np.less_equal),
    "gt": _compare(np.greater),
    "ge": _compare(np.greater_equal),
    "eq": _compare(np.equal),
    "ne": _compare(np.not_equal),
    "and": _and,
    "or": _or,
    "not": _not,
    "isin": _isin,
    "known": _known,
    "where": _where,
    "recode": _recode,
    "between": _between,
    "shift": _shift,
    "datediff": _date_difference,
    "dateadd": _date_move(1),
    "datesub": _date_move(-1),
    "monthbit": _month_bit,
    "run": _run,
    "longest": _longest,
    **MEMBER_KERNELS,
}
