"""Which missing facts an unknown answer waits for, for a batch in which every household has an unknown answer.

Each fact with gaps is one bit of 64-bit words; an unknown value's bits are those of the operands that left it undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.column_values import as_columns
from zhida.engine.graph import GATHERS, Node
from zhida.engine.member_kernels import parts

if TYPE_CHECKING:
    from zhida.engine.batch import Batch

Array = Any
_WORD = 63


class Blame:
    """nodes, arguments and values as in a VectorProgram's run that kept everything."""

    def __init__(self, nodes: Sequence[Node], arguments: Sequence[tuple[int, ...]], values: Sequence[Any], batch: Batch) -> None:
        self._nodes, self._arguments, self._values, self._batch = nodes, arguments, values, batch
        self._names: list[str] = []
        self._bits: dict[int, Array] = {}
        self._sources = [
            index for index, node in enumerate(nodes) if _is_source(node) and values[index] is not None and values[index][1] is not None
        ]
        self._names = list(dict.fromkeys(self._name(index) for index in self._sources))
        self._words = max(1, -(-len(self._names) // _WORD))

    def names(self, roots: Sequence[int], rows: Array) -> list[str]:
        """Return, for some rows of the roots' entity, the names of the missing facts joined by commas."""
        bits = self._union(roots)
        found, inverse = np.unique(bits[rows], axis=0, return_inverse=True)
        texts = [
            ",".join(name for place, name in enumerate(self._names) if word[place // _WORD] >> (place % _WORD) & 1)
            for word in found.tolist()
        ]
        return [texts[place] for place in inverse.reshape(-1).tolist()]

    def _union(self, roots: Sequence[int]) -> Array:
        result = self._of(roots[0]).copy()
        for root in roots[1:]:
            result |= self._of(root)
        return result

    def _name(self, index: int) -> str:
        node = self._nodes[index]
        return str(node.payload[1]) if node.op == "fact" else f"law.{_parameter_name(node)}"

    def _of(self, index: int) -> Array:
        """Bits (rows x words) of a node; zero where its value is known."""
        if index not in self._bits:
            node = self._nodes[index]
            rows = self._batch.rows[node.shape.entity] if node.shape.entity else 1
            known = self._values[index][1]
            if known is None:
                self._bits[index] = np.zeros((rows, self._words), dtype=np.int64)
            else:
                bits = self._compute(index, node, rows)
                self._bits[index] = bits * np.broadcast_to(~np.asarray(known), rows)[:, None]
        return self._bits[index]

    def _compute(self, index: int, node: Node, rows: int) -> Array:
        arguments = self._arguments[index]
        if node.op == "project":
            segments = self._batch.segments(node.shape.entity, node.args[0].shape.entity)
            return self._of(arguments[0])[segments.parent]
        if node.op == "rank":
            return self._ranked(node, arguments)
        if node.op in GATHERS:
            return self._gathered(node, arguments)
        if node.op == "where":
            return self._where(arguments, rows)
        result = np.zeros((rows, self._words), dtype=np.int64)
        for argument in arguments:
            result |= self._of(argument)
        if index in self._sources:
            result |= self._own(index, arguments, rows)
        return result

    def _own(self, index: int, arguments: tuple[int, ...], rows: int) -> Array:
        """The bit of a fact, or of a parameter that has no value although its keys are known."""
        place = self._names.index(self._name(index))
        bits = np.zeros((rows, self._words), dtype=np.int64)
        bits[:, place // _WORD] = 1 << (place % _WORD)
        for argument in arguments:
            known = self._values[argument][1]
            if known is not None:
                bits = bits * np.broadcast_to(known, rows)[:, None]
        return bits

    def _where(self, arguments: tuple[int, ...], rows: int) -> Array:
        test, yes, no = arguments
        data, known = self._values[test]
        taken = np.where(np.broadcast_to(data, rows)[:, None], self._of(yes), self._of(no))
        if known is None:
            return taken
        return np.where(np.broadcast_to(known, rows)[:, None], taken, self._of(test))

    def _gathered(self, node: Node, arguments: tuple[int, ...]) -> Array:
        entity, filtered = node.payload
        segments = self._batch.segments(str(entity), node.shape.entity)
        return _or_segments(self._taking_part(arguments[: 2 if filtered else 1]), segments)

    def _taking_part(self, arguments: Sequence[int]) -> Array:
        """Bits of the members' values and of their filter, of all that the filter does not surely leave out."""
        bits = self._of(arguments[0])
        for test in arguments[1:]:
            bits = (bits | self._of(test)) * self._maybe(test, len(bits))[:, None]
        return bits

    def _maybe(self, test: int, rows: int) -> Array:
        """Where a condition holds, or may."""
        data, known = as_columns(self._values[test], rows)
        return data if known is None else data | ~known

    def _ranked(self, node: Node, arguments: tuple[int, ...]) -> Array:
        group, filtered, keyed = node.payload
        segments = self._batch.segments(node.shape.entity, str(group))
        bits = self._taking_part(arguments[: 2 if filtered else 1])
        if not keyed:
            return _or_segments(bits, segments)[segments.parent]
        columns = [as_columns(self._values[key], len(bits)) for key in arguments[-keyed:]]
        own, named = np.zeros_like(bits), np.ones(len(bits), dtype=bool)
        for key, (_, known) in zip(arguments[-keyed:], columns, strict=True):
            own |= self._of(key)
            named &= True if known is None else known
        # Somebody who takes part with an unknown key may belong to any part of the group.
        lost = ~named & self._maybe(arguments[1], len(bits)) if filtered else ~named
        everywhere = _or_segments((bits | own) * lost[:, None], segments)[segments.parent]
        part = parts(segments, [data for data, _ in columns])
        alike = np.zeros_like(bits)
        np.bitwise_or.at(alike, part, bits * named[:, None])
        return own | everywhere | alike[part] * named[:, None]


def _or_segments(bits: Array, segments: Any) -> Array:
    ordered = bits if segments.order is None else bits[segments.order]
    result = np.zeros((len(segments.starts), bits.shape[1]), dtype=np.int64)
    filled = segments.ends > segments.starts
    if len(ordered):
        result[filled] = np.bitwise_or.reduceat(ordered, segments.starts[filled], axis=0)
    return result


def _is_source(node: Node) -> bool:
    return node.op in ("fact", "number", "lookup", "marginal", "bracket")


def _parameter_name(node: Node) -> str:
    payload: Any = node.payload
    return str(payload.parameter.name if node.op in ("lookup", "number") else payload[0].table.parameter.name)
