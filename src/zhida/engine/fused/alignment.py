"""Finds which rows belong to which, in machine code: one step along both tables, where batch.Batch searches.

spans   starts[r] .. starts[r + 1] are the rows of a lower entity that belong to row r of the root
parents for each row of a lower entity, its row of the root or of an entity in between
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.fused.machine import machine_code

if TYPE_CHECKING:
    from zhida.engine.batch import Batch

Array = Any

# Both functions return how many rows they placed; fewer than there are means that a key is missing or out of order.
_TEXT = """
define i64 @spans(ptr %mine, i64 %n, ptr %theirs, i64 %m, ptr %starts, ptr %parent) {
entry:
  %some = icmp sgt i64 %m, 0
  br i1 %some, label %root, label %exit
root:
  %r = phi i64 [ 0, %entry ], [ %rn, %after ]
  %j = phi i64 [ 0, %entry ], [ %jr, %after ]
  %before = phi i64 [ -9223372036854775808, %entry ], [ %key, %after ]
  %kp = getelementptr i64, ptr %theirs, i64 %r
  %key = load i64, ptr %kp
  %sp = getelementptr i64, ptr %starts, i64 %r
  store i64 %j, ptr %sp
  %rising = icmp sgt i64 %key, %before
  br i1 %rising, label %row, label %disorder
row:
  %jr = phi i64 [ %j, %root ], [ %jn, %take ]
  %left = icmp slt i64 %jr, %n
  br i1 %left, label %look, label %after
look:
  %mp = getelementptr i64, ptr %mine, i64 %jr
  %own = load i64, ptr %mp
  %same = icmp eq i64 %own, %key
  br i1 %same, label %take, label %after
take:
  %pp = getelementptr i32, ptr %parent, i64 %jr
  %r32 = trunc i64 %r to i32
  store i32 %r32, ptr %pp
  %jn = add i64 %jr, 1
  br label %row
after:
  %rn = add i64 %r, 1
  %more = icmp slt i64 %rn, %m
  br i1 %more, label %root, label %exit
disorder:
  ret i64 -1
exit:
  %placed = phi i64 [ 0, %entry ], [ %jr, %after ]
  %ep = getelementptr i64, ptr %starts, i64 %m
  store i64 %placed, ptr %ep
  ret i64 %placed
}

define i64 @parents(ptr %mine, ptr %mine_starts, ptr %theirs, ptr %their_starts, i64 %m, ptr %parent) {
entry:
  %some = icmp sgt i64 %m, 0
  br i1 %some, label %root, label %none
root:
  %r = phi i64 [ 0, %entry ], [ %rn, %next ]
  %placed = phi i64 [ 0, %entry ], [ %pj, %next ]
  %rn = add i64 %r, 1
  %ap = getelementptr i64, ptr %mine_starts, i64 %r
  %a = load i64, ptr %ap
  %bp = getelementptr i64, ptr %mine_starts, i64 %rn
  %b = load i64, ptr %bp
  %cp = getelementptr i64, ptr %their_starts, i64 %r
  %c = load i64, ptr %cp
  %dp = getelementptr i64, ptr %their_starts, i64 %rn
  %d = load i64, ptr %dp
  br label %row
row:
  %j = phi i64 [ %a, %root ], [ %jn, %found ]
  %pj = phi i64 [ %placed, %root ], [ %pn, %found ]
  %left = icmp slt i64 %j, %b
  br i1 %left, label %start, label %next
start:
  %mp = getelementptr i64, ptr %mine, i64 %j
  %own = load i64, ptr %mp
  br label %look
look:
  %k = phi i64 [ %c, %start ], [ %kn, %other ]
  %within = icmp slt i64 %k, %d
  br i1 %within, label %compare, label %lost
compare:
  %tp = getelementptr i64, ptr %theirs, i64 %k
  %their = load i64, ptr %tp
  %same = icmp eq i64 %own, %their
  br i1 %same, label %found, label %other
other:
  %kn = add i64 %k, 1
  br label %look
found:
  %pp = getelementptr i32, ptr %parent, i64 %j
  %k32 = trunc i64 %k to i32
  store i32 %k32, ptr %pp
  %jn = add i64 %j, 1
  %pn = add i64 %pj, 1
  br label %row
next:
  %more = icmp slt i64 %rn, %m
  br i1 %more, label %root, label %done
done:
  ret i64 %pj
lost:
  ret i64 -1
none:
  ret i64 0
}
"""
_POINTER, _INT = ctypes.c_void_p, ctypes.c_int64


class Alignment:
    """Spans and parents of a batch's entities. ``is_sound`` is False where the tables need the careful search of batch.Batch.

    It holds no reference to the batch that holds it: the two go as soon as nobody needs them.
    """

    def __init__(self, batch: Batch, entities: list[str]) -> None:
        self._root = entities[0]
        self._keys = {entity.name: entity.key for entity in batch.root.tree()}
        self._above = {entity.name: entity.above for entity in batch.root.tree()}
        self._parents: dict[tuple[str, str], Array] = {}
        self.starts: dict[str, Array] = {}
        self.is_sound = all(self._span(batch, entity) for entity in entities[1:])

    @property
    def largest_group(self) -> int:
        """Return the most rows of one entity that belong to one root."""
        return max((int(np.diff(starts).max(initial=0)) for starts in self.starts.values()), default=0)

    def _span(self, batch: Batch, entity: str) -> bool:
        key = self._keys[self._root]
        mine, theirs = _numbers(batch, entity, key), _numbers(batch, self._root, key)
        starts, parent = np.empty(len(theirs) + 1, dtype=np.int64), np.empty(len(mine), dtype=np.int32)
        placed = _functions()["spans"](_at(mine), len(mine), _at(theirs), len(theirs), _at(starts), _at(parent))
        self.starts[entity], self._parents[(entity, self._root)] = starts, parent
        return bool(placed == len(mine))

    def parents(self, batch: Batch, lower: str, higher: str) -> Array | None:
        """Return for each lower row its higher row (int32), or None where one has none."""
        if (lower, higher) not in self._parents:
            key = self._keys[higher]
            steps = self._above[lower][: self._above[lower].index(higher) + 1]
            if len(steps) > 1:
                upper, own = self.parents(batch, steps[0], higher), self.parents(batch, lower, steps[0])
                return None if upper is None or own is None else upper[own]
            mine, theirs = _numbers(batch, lower, key), _numbers(batch, higher, key)
            parent = np.empty(len(mine), dtype=np.int32)
            spans = _at(self.starts[lower]), _at(theirs), _at(self.starts[higher])
            placed = _functions()["parents"](_at(mine), *spans, batch.rows[self._root], _at(parent))
            if placed != len(mine):
                return None
            self._parents[(lower, higher)] = parent
        return self._parents[(lower, higher)]


def _numbers(batch: Batch, entity: str, key: str) -> Array:
    return np.ascontiguousarray(batch.raw(entity, key)[0], dtype=np.int64)


def _at(array: Array) -> int:
    place: int = array.__array_interface__["data"][0]
    return place


@cache
def _functions() -> dict[str, Any]:
    code = machine_code(_TEXT)
    return {
        "spans": code.function("spans", _INT, _POINTER, _INT, _POINTER, _INT, _POINTER, _POINTER),
        "parents": code.function("parents", _INT, _POINTER, _POINTER, _POINTER, _POINTER, _INT, _POINTER),
    }
