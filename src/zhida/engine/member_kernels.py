"""What operations between entities do to columns: values going down to members, and members gathered into their group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.column_values import LIMIT, Array, Kernel, Value, as_columns, both, guard, largest, masked, tidy
from zhida.engine.graph import Node

if TYPE_CHECKING:
    from zhida.engine.batch import Batch, Segments


def _project(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    data, known = as_columns(args[0], batch.rows[node.args[0].shape.entity])
    parent = batch.segments(node.shape.entity, node.args[0].shape.entity).parent
    return data.take(parent), None if known is None else known.take(parent)


def sums(data: Array, segments: Segments) -> Array:
    """Add up each segment; exact in int64."""
    if segments.order is not None:
        data = data.take(segments.order)
    running = np.zeros(len(data) + 1, dtype=np.int64)
    np.cumsum(data, out=running[1:], dtype=np.int64)
    return running.take(segments.ends) - running.take(segments.starts)


def _gathered(node: Node, args: Sequence[Value], batch: Batch) -> tuple[Segments, Any, Any, Any, Any]:
    """Return segments, values and their mask, and the filter and its mask (None without a filter)."""
    entity, filtered = node.payload
    segments, rows = batch.segments(str(entity), node.shape.entity), batch.rows[str(entity)]
    data, known = as_columns(args[0], rows)
    test, known_test = as_columns(args[1], rows) if filtered else (None, None)
    return segments, data, known, test, known_test


def _unknown_somewhere(segments: Segments, undecided: Any) -> Any:
    """Known where no member is undecided."""
    return None if undecided is None else ~(sums(undecided, segments) > 0)


def _total(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    segments, data, known, test, known_test = _gathered(node, args, batch)
    if test is None:
        counted, undecided = (data, None) if known is None else (np.where(known, data, 0), ~known)
    else:
        usable = test if known is None else test & known
        counted, undecided = np.where(usable, data, 0), _undecided(test, known_test, data != 0, known)
    guard(node, largest(counted) * max(len(counted), 1) if largest(counted) > LIMIT >> 32 else 0)
    return tidy(sums(counted, segments), _unknown_somewhere(segments, undecided))


def _undecided(test: Any, known_test: Any, matters: Any, known: Any) -> Any:
    """Rows whose part in a sum is unknown: counted but unknown, or maybe counted and not plainly nothing."""
    found = None if known is None else test & ~known
    if known_test is None:
        return found
    maybe = ~known_test & (matters if known is None else matters | ~known)
    return maybe if found is None else found | maybe


def _count(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    segments, data, known, test, known_test = _gathered(node, args, batch)
    yes, undecided = data, None if known is None else ~known
    if test is not None:
        yes, undecided = data & test, _undecided(test, known_test, data, known)
    return tidy(sums(yes, segments), _unknown_somewhere(segments, undecided))


def _any(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    found, undecided = _counts(node, args, batch, False)
    data = found > 0
    return (data, None) if undecided is None else tidy(data, data | ~(undecided > 0))


def _all(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    against, undecided = _counts(node, args, batch, True)
    no = against > 0
    return (~no, None) if undecided is None else masked(~no & ~(undecided > 0), no | ~(undecided > 0))


def _counts(node: Node, args: Sequence[Value], batch: Batch, negate: bool) -> tuple[Any, Any]:
    """Count the members that are surely so (or surely not so), and the undecided ones."""
    segments, data, known, test, known_test = _gathered(node, args, batch)
    if negate:
        data = ~data if known is None else known & ~data
    undecided = None if known is None else ~known
    if test is not None:
        undecided = _undecided(test, known_test, data, known)
        data = data & test
    return sums(data, segments), None if undecided is None else sums(undecided, segments)


def _most(function: Any, neutral: int) -> Kernel:
    def kernel(node: Node, args: Sequence[Value], batch: Batch) -> Value:
        segments, data, known, test, known_test = _gathered(node, args, batch)
        default, known_default = args[-1]
        used = data if test is None else np.where(test, data, neutral)
        found = _reduce(function, used.astype(np.int64, copy=False), segments, neutral)
        members = segments.ends - segments.starts if test is None else sums(test, segments)
        undecided = None if known is None else ~known
        if test is not None:
            undecided = _undecided(test, known_test, np.True_, known)
        return tidy(np.where(members > 0, found, default), both(_unknown_somewhere(segments, undecided), known_default))

    return kernel


def _reduce(function: Any, data: Array, segments: Segments, neutral: int) -> Array:
    if segments.order is not None:
        data = data.take(segments.order)
    result = np.full(len(segments.starts), neutral, dtype=np.int64)
    filled = slice(None) if segments.full else segments.ends > segments.starts
    if len(data):
        result[filled] = function.reduceat(data, segments.starts[filled])
    return result


def _union(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    """Every bit that some member has."""
    segments, data, known, test, known_test = _gathered(node, args, batch)
    if test is None:
        counted, undecided = (data, None) if known is None else (np.where(known, data, 0), ~known)
    else:
        usable = test if known is None else test & known
        counted, undecided = np.where(usable, data, 0), _undecided(test, known_test, data != 0, known)
    return tidy(_reduce(np.bitwise_or, counted, segments, 0), _unknown_somewhere(segments, undecided))


def _rank(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    group, filtered, keyed = node.payload
    segments, rows = batch.segments(node.shape.entity, str(group)), batch.rows[node.shape.entity]
    data, known = as_columns(args[0], rows)
    test, known_test = as_columns(args[1], rows) if filtered else (np.ones(rows, dtype=bool), None)
    undecided = _undecided(test, known_test, np.True_, known)
    if keyed:
        keys = [as_columns(key, rows) for key in args[-keyed:]]
        return _rank_by_keys(segments, data, test, undecided, keys, test if known_test is None else test | ~known_test)
    # Members that take part first, by value; equal ones in row order.
    order = np.lexsort((data, ~test, segments.parent))
    place = np.empty(len(data), dtype=np.int64)
    place[order] = np.arange(len(data)) - segments.starts[segments.parent[order]] + 1
    sure = _unknown_somewhere(segments, undecided)
    return tidy(np.where(test, place, 0), None if sure is None else sure.take(segments.parent))


def _rank_by_keys(segments: Segments, data: Any, test: Any, undecided: Any, keys: Sequence[Value], maybe: Any) -> Value:
    """Ranks among the members of a group whose keys are equal. maybe: members that are not surely left out."""
    columns, known = [], None
    for key, known_key in keys:
        columns.append(key)
        known = both(known, known_key)
    part = parts(segments, columns)
    order = np.lexsort((data, ~test, part))
    place = np.empty(len(data), dtype=np.int64)
    place[order] = np.arange(len(data)) - np.searchsorted(part[order], part[order]) + 1
    sure = None if undecided is None else np.bincount(part, undecided, len(data)).take(part) == 0
    if known is not None:
        # Whoever takes part with an unknown key may belong to any of the group's parts.
        lost = sums(maybe & ~known, segments) > 0
        sure = both(sure, known & ~lost.take(segments.parent))
    return tidy(np.where(test, place, 0), sure)


def parts(segments: Segments, keys: Sequence[Array]) -> Array:
    """Number the parts of all groups: members of one group with equal keys are one part."""
    columns = [*keys, segments.parent]
    order = np.lexsort(columns)
    begins = np.zeros(len(order), dtype=bool)
    for column in columns:
        ordered = column[order]
        begins[1:] |= ordered[1:] != ordered[:-1]
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.cumsum(begins)
    return found


def _every(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    return np.ones(batch.rows[node.shape.entity], dtype=bool), None


def _size(node: Node, args: Sequence[Value], batch: Batch) -> Value:
    segments = batch.segments(str(node.payload), node.shape.entity)
    return segments.ends - segments.starts, None


MEMBER_KERNELS: dict[str, Kernel] = {
    "every": _every,
    "size": _size,
    "project": _project,
    "total": _total,
    "count": _count,
    "any": _any,
    "all": _all,
    "highest": _most(np.maximum, -LIMIT),
    "lowest": _most(np.minimum, LIMIT),
    "union": _union,
    "rank": _rank,
}
