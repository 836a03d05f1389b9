"""The range of whole numbers that each node can take, from the ranges of facts and of the law's numbers.

A range is ``(low, high)``, both included. Facts are assumed to lie in the range of their kind; the kernel checks that they do and gives
the chunk back if one does not. Where a result could leave 64 bits, the kernel watches it row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from zhida.engine.calendar import NEVER_DAY
from zhida.engine.entities import FactDefinition
from zhida.engine.graph import Node

Range = tuple[int, int]
SMALLEST, LARGEST = -(2**63), 2**63 - 1
WHOLE: Range = (SMALLEST, LARGEST)
_AREA: Range = (0, 2**40 - 1)
_DATE: Range = (-(2**22), 2**22 - 1)
# Numbers that only name something: compared, never reckoned with.
_NAMING = ("resident", "household_no", "digits")
_BOOL: Range = (0, 1)


@dataclass(frozen=True)
class Limits:
    """What a kernel takes facts to be: numbers of at most so many bits, groups of at most so many rows."""

    bits: int
    group: int


# Twenty million yuan and a family: what nearly every chunk of a register is, and then most results have 32 bits.
NARROW = Limits(31, 64)
# Ten thousand million yuan and an institution of tens of thousands; beyond it, the NumPy kernels.
WIDE = Limits(40, 2**16)


def of_fact(fact: FactDefinition, limits: Limits) -> Range:
    """Return the range that a fact is assumed to lie in; 0 stands under a gap."""
    if fact.kind == "bool":
        return _BOOL
    if fact.kind == "code":
        return 0, max(len(fact.codes), 1)
    if fact.kind == "date":
        return _DATE
    if fact.dtype in _NAMING:
        return WHOLE
    return _AREA if fact.dtype.startswith("area") else (-(2**limits.bits), 2**limits.bits - 1)


def of_node(node: Node, args: Sequence[Range], limits: Limits) -> Range:
    """Return the range of a node that is no fact, from its arguments' ranges. It may pass 64 bits: then the kernel watches it."""
    if node.shape.kind == "bool":
        return _BOOL
    payload: Any = node.payload
    match node.op:
        case "const":
            return int(payload[1]), int(payload[1])
        case "add":
            return args[0][0] + args[1][0], args[0][1] + args[1][1]
        case "sub" | "datediff" | "datesub":
            return args[0][0] - args[1][1], args[0][1] - args[1][0]
        case "dateadd":
            return args[0][0] + args[1][0], args[0][1] + args[1][1]
        case "mul":
            return shrunk(multiplied(args[0], args[1]), int(payload or 0))
        case "widen":
            return args[0][0] * 10 ** int(payload), args[0][1] * 10 ** int(payload)
        case "div":
            bound = max(abs(end) for end in args[0]) * 10 ** int(payload) + 1
            return -bound if args[0][0] < 0 or args[1][0] < 0 else 0, bound
        case "round":
            low, high = shrunk(args[0], int(payload[1]), int(payload[2]))
            return low - int(payload[2]), high + int(payload[2])
        case "min":
            return min(args[0][0], args[1][0]), min(args[0][1], args[1][1])
        case "max":
            return max(args[0][0], args[1][0]), max(args[0][1], args[1][1])
        case "where":
            return min(args[1][0], args[2][0]), max(args[1][1], args[2][1])
        case "number" | "lookup":
            return of_array(payload.values)
        case "bracket":
            return of_array(payload[0].amounts)
        case "marginal":
            return shrunk(slices(payload[0], args[0]), int(payload[1]))
        case "recode":
            return 0, max(payload)
        case "between":
            return -(2**18) // int(payload), 2**18
        case "shift":
            return _DATE[0], NEVER_DAY
        case "flag":
            return _BOOL
        case "total":
            return min(args[0][0], 0) * limits.group, max(args[0][1], 0) * limits.group
        case "highest" | "lowest":
            return min(args[0][0], args[-1][0]), max(args[0][1], args[-1][1])
        case "count" | "rank" | "size":
            return 0, limits.group
        case "monthbit" | "union":
            return 0, 2**62 - 1
        case "run" | "longest":
            return 0, 62
        case "project" | "fill":
            return args[0]
    raise KeyError(node.op)


def multiplied(a: Range, b: Range) -> Range:
    corners = [one * other for one, other in product(a, b)]
    return min(corners), max(corners)


def shrunk(wide: Range, decimals: int, multiple: int = 1) -> Range:
    divisor = 10**decimals * multiple
    return wide[0] // divisor * multiple, -(-wide[1] // divisor) * multiple


def slices(scale: Any, base: Range) -> Range:
    """The range of a sum over the slices of a scale: no longer in all than from the lowest threshold to the base."""
    finite = scale.thresholds[scale.thresholds < LARGEST]
    reach = max((abs(int(end)) for end in finite), default=0) + max(abs(end) for end in base) * 10**scale.widen
    low, high = of_array(scale.amounts)
    return low * reach, high * reach


def of_array(values: Any) -> Range:
    """The range of a table's values; 0 stands where it has none."""
    return (min(int(values.min()), 0), max(int(values.max()), 0)) if values.size else (0, 0)


def fits(wide: Range) -> bool:
    """Say whether every value of a range has 64 bits."""
    return wide[0] >= -LARGEST and wide[1] <= LARGEST


def clipped(wide: Range) -> Range:
    return max(wide[0], SMALLEST), min(wide[1], LARGEST)
