"""One row's operations in assembly: the counterparts of kernels.py, op by op, with the same answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zhida.engine import calendar
from zhida.engine.calendar import NEVER_DAY
from zhida.engine.fused.assembly import Body, Value
from zhida.engine.fused.ranges import LARGEST, Range, fits, multiplied, slices
from zhida.engine.graph import SPELL_MONTHS, Node
from zhida.engine.tables import KeyIndex

# Whole numbers below this have an exact quotient in floating point: v / d rounds up to a whole k only if k * d passes 2 ** 53.
_EXACT = 2**52
Cell = Callable[[Body, Node, Sequence[Value], Sequence[Range]], Value]


def is_literal(name: str) -> bool:
    return not name.startswith("%")


# ---- division ---------------------------------------------------------------------------------------------------------------------------


def floor_divide(body: Body, value: str, divisor: str, ranges: tuple[Range, Range]) -> tuple[str, str]:
    """Return quotient and rest of whole numbers, the rest with the divisor's sign. The divisor is not 0."""
    wide, by = ranges
    if max(abs(wide[0]), abs(wide[1]), abs(by[0]), abs(by[1])) < _EXACT:
        a, b = body.let(f"sitofp i64 {value} to double"), body.let(f"sitofp i64 {divisor} to double")
        quotient = body.let(f"fptosi double {body.let(f'fdiv double {a}, {b}')} to i64")
    else:
        quotient = body.let(f"sdiv i64 {value}, {divisor}")
    rest = body.let(f"sub i64 {value}, {body.let(f'mul i64 {quotient}, {divisor}')}")
    if wide[0] >= 0 and by[0] >= 0:
        return quotient, rest
    # Toward zero became too large where the signs differ and something is left over.
    differ = body.let(f"icmp slt i64 {body.let(f'xor i64 {rest}, {divisor}')}, 0")
    low = body.let(f"and i1 {differ}, {body.let(f'icmp ne i64 {rest}, 0')}")
    quotient = body.let(f"sub i64 {quotient}, {body.let(f'zext i1 {low} to i64')}")
    return quotient, body.let(f"add i64 {rest}, {body.let(f'select i1 {low}, i64 {divisor}, i64 0')}")


def shrink(body: Body, value: str, wide: Range, decimals: int, mode: str, multiple: int = 1) -> str:
    """Drop decimals and give a multiple: half (up), up or down; kernels.shrink in assembly."""
    divisor = 10**decimals * multiple
    if divisor == 1:
        return value
    if mode == "half":
        value, wide = body.let(f"add i64 {value}, {divisor // 2}"), (wide[0] + divisor // 2, wide[1] + divisor // 2)
    if mode == "up":
        value, wide = body.let(f"sub i64 0, {value}"), (-wide[1], -wide[0])
    quotient, _ = floor_divide(body, value, str(divisor), (wide, (divisor, divisor)))
    if mode == "up":
        quotient = body.let(f"sub i64 0, {quotient}")
    return quotient if multiple == 1 else body.let(f"mul i64 {quotient}, {multiple}")


def watch_float(body: Body, sign: str, a: str, b: str) -> None:
    """Watch a result that may pass 64 bits, in floating point: too careful near the edge, never too careless."""
    one, other = (body.let(f"sitofp i64 {each} to double") for each in (a, b))
    size = body.let(f"call double @llvm.fabs.f64(double {body.let(f'{sign} double {one}, {other}')})")
    body.watch(body.let(f"fcmp ogt double {size}, 9.0e18"))


# ---- numbers ----------------------------------------------------------------------------------------------------------------------------


def _known(body: Body, args: Sequence[Value]) -> str | None:
    known = None
    for arg in args:
        known = body.both(known, arg.known)
    return known


def _linear(sign: str) -> Cell:
    def cell(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
        (low, high), (other_low, other_high) = ranges
        wide = (low + other_low, high + other_high) if sign == "add" else (low - other_high, high - other_low)
        if not fits(wide):
            watch_float(body, f"f{sign}", args[0].data, args[1].data)
        return Value(body.let(f"{sign} i64 {args[0].data}, {args[1].data}"), _known(body, args))

    return cell


def _multiply(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    a, b = args
    wide = multiplied(ranges[0], ranges[1])
    if not fits(wide):
        watch_float(body, "fmul", a.data, b.data)
    product = body.let(f"mul i64 {a.data}, {b.data}")
    return Value(shrink(body, product, wide, int(node.payload or 0), "half"), _known(body, args))


def _divide(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    """Half up at the sixth decimal; a divisor of 0 counts as 1 (guards.py)."""
    a, b = args
    factor = 10 ** int(node.payload)
    wide = multiplied(ranges[0], (factor, factor))
    if not fits(wide):
        watch_float(body, "fmul", a.data, str(factor))
    dividend = body.let(f"mul i64 {a.data}, {factor}")
    divisor, by = b.data, ranges[1]
    if by[0] <= 0 <= by[1]:
        divisor = body.let(f"select i1 {body.let(f'icmp eq i64 {b.data}, 0')}, i64 1, i64 {b.data}")
        by = (min(by[0], 1) if by[0] else 1, max(by[1], 1))
    quotient, rest = floor_divide(body, dividend, divisor, (wide, by))
    if by[0] < 0:
        rest, divisor = (body.let(f"call i64 @llvm.abs.i64(i64 {each}, i1 false)") for each in (rest, divisor))
    up = body.let(f"icmp sge i64 {rest}, {body.let(f'sub i64 {divisor}, {rest}')}")
    return Value(body.let(f"add i64 {quotient}, {body.let(f'zext i1 {up} to i64')}"), _known(body, args))


def _widen(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    factor = 10 ** int(node.payload)
    if not fits(multiplied(ranges[0], (factor, factor))):
        watch_float(body, "fmul", args[0].data, str(factor))
    return Value(body.let(f"mul i64 {args[0].data}, {factor}"), args[0].known)


def _round(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    mode, decimals, multiple = node.payload
    return Value(shrink(body, args[0].data, ranges[0], int(decimals), str(mode), int(multiple)), args[0].known)


def _flag(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    return Value(body.let(f"zext i1 {args[0].data} to i64"), args[0].known)


def _extreme(comparison: str) -> Cell:
    def cell(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
        a, b = args[0].data, args[1].data
        test = body.let(f"icmp {comparison} i64 {a}, {b}")
        return Value(body.let(f"select i1 {test}, i64 {a}, i64 {b}"), _known(body, args))

    return cell


# ---- numbers of the law -----------------------------------------------------------------------------------------------------------------


def key_position(body: Body, index: Any, key: str) -> str:
    """Find a key's position among those that a table names: tables.KeyIndex and StepIndex in assembly."""
    if isinstance(index, KeyIndex):
        if index.dense is not None:
            offset = body.let(f"sub i64 {key}, {index.low}")
            place = body.let(f"call i64 @llvm.umin.i64(i64 {offset}, i64 {len(index.dense) - 1})")
            return body.load(body.array(index.dense), "i64", place)
        last = body.let(f"sub i64 {_at_most(body, index.sorted, key)}, 1")
        place = body.let(f"call i64 @llvm.smax.i64(i64 {last}, i64 0)")
        found = body.let(f"icmp eq i64 {body.load(body.array(index.sorted), 'i64', place)}, {key}")
        return body.let(f"select i1 {found}, i64 {body.let(f'add i64 {place}, 1')}, i64 0")
    return _at_most(body, index.starts, key)


def _at_most(body: Body, ordered: Any, key: str) -> str:
    """Count the elements of a sorted array that are at most ``key``; halves the array, without branches."""
    place, size = "0", len(ordered)
    slot = body.array(ordered)
    while size:
        half = size - size // 2
        middle = body.let(f"add i64 {place}, {half - 1}")
        below = body.let(f"icmp sle i64 {body.load(slot, 'i64', middle)}, {key}")
        place = body.let(f"add i64 {place}, {body.let(f'select i1 {below}, i64 {half}, i64 0')}")
        size -= half
    return place


def table_row(body: Body, table: Any, keys: Sequence[Value]) -> str:
    """Return the flat position of a table's value for some keys."""
    position = "0"
    for index, key in zip(table.indexes, keys, strict=True):
        found = key_position(body, index, key.data)
        position = body.let(f"add i64 {body.let(f'mul i64 {position}, {index.size}')}, {found}")
    return position


def numbers(body: Body, node: Node, args: Sequence[Value]) -> list[Value]:
    """Yes/no keys as whole numbers."""
    return [
        Value(body.let(f"zext i1 {arg.data} to i64"), arg.known) if of.shape.kind == "bool" else arg
        for arg, of in zip(args, node.args, strict=True)
    ]


def _lookup(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    table: Any = node.payload
    keys = numbers(body, node, args)
    row, known = table_row(body, table, keys), _known(body, keys)
    if not table.complete:
        known = body.both(known, body.load_flag(body.array(table.present), row))
    data = body.load(body.array(table.values), "i64", row)
    if node.shape.kind != "bool":
        return Value(data, known)
    flag = body.let(f"icmp ne i64 {data}, 0")
    return Value(flag if known is None else body.let(f"and i1 {flag}, {known}"), known)


def _scale_row(body: Body, node: Node, args: Sequence[Value]) -> tuple[Any, str, str, str | None]:
    """Return the scale, its row for the keys, the base with the thresholds' decimals, and known."""
    scale = node.payload[0]
    values = numbers(body, node, args)
    row, known = table_row(body, scale.table, values[1:]), _known(body, values)
    if not scale.table.complete:
        known = body.both(known, body.load_flag(body.array(scale.table.present), row))
    base = values[0].data
    return scale, row, base if not scale.widen else body.let(f"mul i64 {base}, {10**scale.widen}"), known


def _bracket_of(body: Body, scale: Any, row: str, column: int) -> tuple[str, str]:
    """Threshold and amount of one bracket: literals where there is one row only."""
    width = scale.thresholds.shape[1]
    if len(scale.thresholds) == 1:
        return str(int(scale.thresholds[0, column])), str(int(scale.amounts[0, column]))
    place = body.let(f"add i64 {body.let(f'mul i64 {row}, {width}')}, {column}")
    return tuple(body.load(body.array(each), "i64", place) for each in (scale.thresholds, scale.amounts))  # type: ignore[return-value]


def _marginal(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    scale, row, base, known = _scale_row(body, node, args)
    wide = slices(scale, ranges[0])
    if not fits(wide):
        largest = max(abs(int(scale.amounts.max())), abs(int(scale.amounts.min())), 1)
        watch_float(body, "fmul", args[0].data, str(min(largest * 10 ** (scale.widen + 1), LARGEST)))
    total = "0"
    width = scale.thresholds.shape[1]
    brackets = [_bracket_of(body, scale, row, column) for column in range(width)]
    for column, (low, amount) in enumerate(brackets):
        part = body.let(f"sub i64 {base}, {low}")
        if column + 1 < width:
            length = body.let(f"sub i64 {brackets[column + 1][0]}, {low}")
            part = body.let(f"call i64 @llvm.smin.i64(i64 {part}, i64 {length})")
        part = body.let(f"call i64 @llvm.smax.i64(i64 {part}, i64 0)")
        total = body.let(f"add i64 {total}, {body.let(f'mul i64 {part}, {amount}')}")
    return Value(shrink(body, total, wide, int(node.payload[1]), "half"), known)


def _bracket(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    scale, row, base, known = _scale_row(body, node, args)
    if not fits(multiplied(ranges[0], (10**scale.widen, 10**scale.widen))):
        watch_float(body, "fmul", args[0].data, str(10**scale.widen))
    result = "0"
    for column in range(scale.thresholds.shape[1]):
        low, amount = _bracket_of(body, scale, row, column)
        reached = body.let(f"icmp sge i64 {base}, {low}")
        result = body.let(f"select i1 {reached}, i64 {amount}, i64 {result}")
    return Value(result, known)


# ---- yes and no -------------------------------------------------------------------------------------------------------------------------


def _compare(predicate: str) -> Cell:
    def cell(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
        kind = "i1" if node.args[0].shape.kind == "bool" else "i64"
        data, known = body.let(f"icmp {predicate} {kind} {args[0].data}, {args[1].data}"), _known(body, args)
        return Value(data if known is None else body.let(f"and i1 {data}, {known}"), known)

    return cell


def _and(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    a, b = args
    data = body.let(f"and i1 {a.data}, {b.data}")
    if a.known is None and b.known is None:
        return Value(data)
    no_a, no_b = (_surely_not(body, each) for each in args)
    return Value(data, body.either(data, body.either(no_a, no_b)))


def _surely_not(body: Body, value: Value) -> str:
    no = body.negated(value.data)
    return no if value.known is None else body.let(f"and i1 {no}, {value.known}")


def _or(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    data, known = body.let(f"or i1 {args[0].data}, {args[1].data}"), _known(body, args)
    return Value(data, None if known is None else body.let(f"or i1 {data}, {known}"))


def _not(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    return Value(_surely_not(body, args[0]), args[0].known)


def _isin(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    found = "false"
    for position in node.payload:
        found = body.let(f"or i1 {found}, {body.let(f'icmp eq i64 {args[0].data}, {position}')}")
    known = args[0].known
    return Value(found if known is None else body.let(f"and i1 {found}, {known}"), known)


def _is_known(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    return Value(args[0].known or "true")


def _where(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    test, yes, no = args
    kind = "i1" if node.shape.kind == "bool" else "i64"
    data = body.let(f"select i1 {test.data}, {kind} {yes.data}, {kind} {no.data}")
    known = None
    if yes.known is not None or no.known is not None:
        known = body.let(f"select i1 {test.data}, i1 {yes.known or 'true'}, i1 {no.known or 'true'}")
    if test.known is not None:
        # An undecided condition does no harm where both branches are known and agree.
        agree = body.both(body.let(f"icmp eq {kind} {yes.data}, {no.data}"), body.both(yes.known, no.known))
        known = body.either(agree, body.both(test.known, known))
    masks = known is not None and kind == "i1"
    return Value(body.let(f"and i1 {data}, {known}") if masks else data, known)


def _recode(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    found = "0"
    for position, code in enumerate(node.payload):
        if position:
            same = body.let(f"icmp eq i64 {args[0].data}, {position}")
            found = body.let(f"select i1 {same}, i64 {code}, i64 {found}")
    return Value(found, args[0].known)


# ---- dates ------------------------------------------------------------------------------------------------------------------------------

PACKED = calendar.PACKED.astype(np.int32)
STARTS = calendar.STARTS.astype(np.int32)


def _parts(body: Body, day: str) -> tuple[str, str, str]:
    """Return month index, day of the month and is-last-day of a date; watch days outside the calendar's table other than NEVER."""
    if is_literal(day):
        index, ordinal, last = calendar.month_index(int(day))
        return str(index), str(ordinal), str(last).lower()
    size = calendar.HIGH - calendar.LOW
    offset = body.let(f"sub i64 {day}, {calendar.LOW}")
    beyond = body.let(f"icmp uge i64 {offset}, {size}")
    other = body.let(f"icmp ne i64 {day}, {NEVER_DAY}")
    body.watch(body.let(f"and i1 {beyond}, {other}"))
    place = body.let(f"call i64 @llvm.umin.i64(i64 {offset}, i64 {size})")
    packed = body.let(f"sext i32 {body.load(body.array(PACKED), 'i32', place)} to i64")
    in_month = body.let(f"and i64 {body.let(f'lshr i64 {packed}, 1')}, 31")
    return body.let(f"lshr i64 {packed}, 6"), in_month, body.let(f"trunc i64 {packed} to i1")


def _between(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    start_month, start_day, _ = _parts(body, args[0].data)
    end_month, end_day, end_is_last = _parts(body, args[1].data)
    before = body.let(f"icmp slt i64 {end_day}, {start_day}")
    short = body.let(f"and i1 {before}, {body.negated(end_is_last)}")
    months = body.let(f"sub i64 {end_month}, {start_month}")
    months = body.let(f"sub i64 {months}, {body.let(f'zext i1 {short} to i64')}")
    size = int(node.payload)
    if size != 1:
        months, _ = floor_divide(body, months, str(size), ((-(2**18), 2**18), (size, size)))
    return Value(months, _known(body, args))


def _shift(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    day, count = args[0].data, args[1].data
    month, in_month, _ = _parts(body, day)
    if int(node.payload) != 1:
        count = body.let(f"mul i64 {count}, {int(node.payload)}")
    offset = body.let(f"sub i64 {body.let(f'add i64 {month}, {count}')}, {calendar.LOW_MONTH}")
    span = calendar.HIGH_MONTH - calendar.LOW_MONTH
    never = body.let(f"icmp sge i64 {day}, {NEVER_DAY}")
    far = body.let(f"icmp ugt i64 {offset}, {span}")
    body.watch(body.let(f"and i1 {far}, {body.negated(never)}"))
    place = body.let(f"call i64 @llvm.umin.i64(i64 {offset}, i64 {span})")
    start = body.let(f"sext i32 {body.load(body.array(STARTS), 'i32', place)} to i64")
    following = body.load(body.array(STARTS), "i32", body.let(f"add i64 {place}, 1"))
    length = body.let(f"sub i64 {body.let(f'sext i32 {following} to i64')}, {start}")
    kept = body.let(f"call i64 @llvm.smin.i64(i64 {in_month}, i64 {length})")
    moved = body.let(f"sub i64 {body.let(f'add i64 {start}, {kept}')}, 1")
    return Value(body.let(f"select i1 {never}, i64 {NEVER_DAY}, i64 {moved}"), _known(body, args))


# ---- spells -----------------------------------------------------------------------------------------------------------------------------


def _month_bit(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    months = [_parts(body, arg.data)[0] for arg in args]
    back = body.let(f"sub i64 {body.let(f'sub i64 {months[1]}, {months[0]}')}, 1")
    inside = body.let(f"icmp ult i64 {back}, {SPELL_MONTHS}")
    bit = body.let(f"shl i64 1, {body.let(f'select i1 {inside}, i64 {back}, i64 0')}")
    return Value(body.let(f"select i1 {inside}, i64 {bit}, i64 0"), _known(body, args))


def _run(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    zeros = body.let(f"xor i64 {args[0].data}, -1")
    return Value(body.let(f"call i64 @llvm.cttz.i64(i64 {zeros}, i1 false)"), args[0].known)


def _longest(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    """Find the longest run by halving: ``runs[k]`` has a bit where a run of 2 ** k ones begins."""
    runs = [args[0].data]
    while 2 ** len(runs) <= SPELL_MONTHS:
        before = runs[-1]
        runs.append(body.let(f"and i64 {before}, {body.let(f'lshr i64 {before}, {2 ** (len(runs) - 1)}')}"))
    # left: where runs of the length found so far begin; every bit that can be added is.
    left, length = "-1", "0"
    for power in reversed(range(len(runs))):
        shifted = body.let(f"lshr i64 {runs[power]}, {length}")
        longer = body.let(f"and i64 {left}, {shifted}")
        fits_in = body.let(f"icmp ne i64 {longer}, 0")
        left = body.let(f"select i1 {fits_in}, i64 {longer}, i64 {left}")
        length = body.let(f"add i64 {length}, {body.let(f'select i1 {fits_in}, i64 {2**power}, i64 0')}")
    return Value(length, args[0].known)


def _plain(instruction: str) -> Cell:
    def cell(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
        return Value(body.let(f"{instruction} i64 {args[0].data}, {args[1].data}"), _known(body, args))

    return cell


def _same(body: Body, node: Node, args: Sequence[Value], ranges: Sequence[Range]) -> Value:
    return args[0]


CELLS: dict[str, Cell] = {
    "fill": _same,
    "variable": _same,
    "lookup": _lookup,
    "add": _linear("add"),
    "sub": _linear("sub"),
    "mul": _multiply,
    "div": _divide,
    "widen": _widen,
    "round": _round,
    "flag": _flag,
    "marginal": _marginal,
    "bracket": _bracket,
    "min": _extreme("slt"),
    "max": _extreme("sgt"),
    "lt": _compare("slt"),
    "le": _compare("sle"),
    "gt": _compare("sgt"),
    "ge": _compare("sge"),
    "eq": _compare("eq"),
    "ne": _compare("ne"),
    "and": _and,
    "or": _or,
    "not": _not,
    "isin": _isin,
    "known": _is_known,
    "where": _where,
    "recode": _recode,
    "between": _between,
    "shift": _shift,
    "monthbit": _month_bit,
    "run": _run,
    "longest": _longest,
    "datediff": _plain("sub"),
    "dateadd": _plain("add"),
    "datesub": _plain("sub"),
}
