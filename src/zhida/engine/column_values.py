"""Columns with gaps, as the kernels pass them on: ``(data, known)``, and the checks they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.errors import NumberTooLarge
from zhida.engine.graph import Node

if TYPE_CHECKING:
    from zhida.engine.batch import Batch

Array = Any
Value = tuple[Any, Any]
Kernel = Callable[[Node, Sequence[Value], "Batch"], Value]
LIMIT = 2**63 - 1


def both(first: Any, second: Any) -> Any:
    """Known where both are."""
    if first is None:
        return second
    return first if second is None else first & second


def as_columns(value: Value, rows: int) -> Value:
    """Give every row its own cell where a value, or whether it is known, is the same for all."""
    data, known = value
    return np.broadcast_to(data, rows), None if known is None else np.broadcast_to(known, rows)


def tidy(data: Any, known: Any) -> Value:
    """Drop a mask that masks nothing."""
    return (data, None) if known is None or bool(np.all(known)) else (data, known)


def largest(data: Any) -> int:
    if not isinstance(data, np.ndarray):
        return abs(int(data))
    return max(abs(int(data.max())), abs(int(data.min()))) if data.size else 0


def guard(node: Node, size: int, exact: Callable[[], Any] | None = None) -> None:
    """Raise NumberTooLarge where a bound over the whole column passes int64 and, row by row in floating point, so does some row."""
    if size > LIMIT and (exact is None or bool(np.any(np.abs(exact()) > float(LIMIT)))):
        raise NumberTooLarge(node.place)


def as_float(data: Any) -> Any:
    return np.asarray(data, dtype=np.float64)


def masked(data: Any, known: Any) -> Value:
    """Yes/no data is False under a gap."""
    data, known = tidy(data, known)
    return (data, None) if known is None else (data & known, known)
