"""Evaluates a program over a batch with NumPy: every node once, column by column, each freed after its last use.

A value is ``(data, known)``: data a column, or one Python int where the node is the same for all rows; known None where nothing is missing.
Under a gap, yes/no data is False (so | and & need no masking); other data there is arbitrary and never read.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.blame import Blame
from zhida.engine.column_values import Array, Value
from zhida.engine.entities import Kind
from zhida.engine.graph import Node, in_order
from zhida.engine.kernels import KERNELS
from zhida.engine.scalar import constant_values

if TYPE_CHECKING:
    from zhida.engine.batch import Batch
    from zhida.engine.program import Program

NOT_ENTITLED, ENTITLED, UNKNOWN = 0, 1, 2
Step = Callable[[list[Any], "Batch"], None]


@dataclass
class BenefitResult:
    """One benefit's decisions, a row per row of its entity.

    status: int8, 0 not entitled, 1 entitled, 2 unknown. amount: int64, whole fen where the unit is fen, 0 unless entitled.
    occasion: int64 (a date in days, or a number), None where the benefit has none. missing: for each unknown row, in row order, the names
    of the facts it waits for, joined by commas; a parameter without a value appears as ``law.<name>``.
    """

    code: str
    entity: str
    status: Array
    amount: Array
    occasion: Array | None = None
    occasion_kind: Kind | None = None
    missing: list[str] = field(default_factory=list)

    @property
    def unknown_rows(self) -> Array:
        """The rows that ``missing`` belongs to."""
        return np.flatnonzero(self.status == UNKNOWN)


@dataclass
class Evaluation:
    """What a program says of a batch, by benefit code; ``values``: the variables asked for, by name.

    A variable's value is ``(data, known)``: one row per row of its entity, a whole number of 10 ** -scale of its unit (days for dates,
    positions for codes); known is None where nothing is missing, and data under a gap means nothing.
    """

    results: dict[str, BenefitResult]
    values: dict[str, Value] = field(default_factory=dict)

    def __getitem__(self, code: str) -> BenefitResult:
        return self.results[code]

    def __iter__(self) -> Any:
        return iter(self.results.values())


class VectorProgram:
    """A program as a list of steps; made once, used for every chunk."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes = program.nodes
        self._position = {id(node): index for index, node in enumerate(self.nodes)}
        constants = constant_values(self.nodes)
        self._start: list[Any] = [constants.get(id(node)) for node in self.nodes]
        self._steps = [(index, node) for index, node in enumerate(self.nodes) if node.shape.entity]
        self._arguments = [tuple(self._position[id(arg)] for arg in node.args) for node in self.nodes]
        self._kernels = [KERNELS[node.op] for node in self.nodes]
        self._roots = self._root_positions()
        self._free = self._last_uses()

    def _roots_of(self, code: str) -> list[int]:
        benefit = self.program.benefits[code]
        return [self._position[id(node)] for node in (benefit.amount, benefit.occasion) if node is not None]

    def _root_positions(self) -> set[int]:
        wanted = {self._position[id(node)] for node in self.program.variables.values()}
        return wanted | {root for code in self.program.benefits for root in self._roots_of(code)}

    def _last_uses(self) -> list[tuple[int, ...]]:
        """For each step, the values that no later step needs."""
        last: dict[int, int] = {}
        for index, _ in self._steps:
            for argument in self._arguments[index]:
                last[argument] = index
        free: list[list[int]] = [[] for _ in self.nodes]
        for argument, index in last.items():
            if argument not in self._roots and self.nodes[argument].shape.entity:
                free[index].append(argument)
        return [tuple(indexes) for indexes in free]

    def run(self, batch: Batch, keep: bool = False, only: Set[int] | None = None) -> list[Any]:
        """Return the value of every node (``keep``) or at least of every benefit; ``only``: positions of the nodes to evaluate."""
        values = list(self._start)
        for index, node in self._steps:
            if only is not None and index not in only:
                continue
            values[index] = self._kernels[index](node, [values[argument] for argument in self._arguments[index]], batch)
            if not keep:
                for argument in self._free[index]:
                    values[argument] = None
        return values

    def evaluate(self, batch: Batch) -> Evaluation:
        batch.require(self.program.entities)
        values = self.run(batch)
        results: dict[str, BenefitResult] = {}
        for code, benefit in self.program.benefits.items():
            amount = values[self._position[id(benefit.amount)]]
            occasion = values[self._position[id(benefit.occasion)]] if benefit.occasion is not None else None
            results[code] = _result(code, benefit.amount, amount, benefit.occasion, occasion, batch)
        self.name_missing(results, batch)
        return Evaluation(results, {name: values[self._position[id(node)]] for name, node in self.program.variables.items()})

    def name_missing(self, results: dict[str, BenefitResult], batch: Batch) -> None:
        """Second pass, only over households (or other roots) with an unknown answer: which facts are missing."""
        unknown = {code: result.unknown_rows for code, result in results.items()}
        root = self.program.root.name
        chosen = np.zeros(batch.rows[root], dtype=bool)
        for code, rows in unknown.items():
            if len(rows):
                entity = results[code].entity
                chosen[rows if entity == root else batch.segments(entity, root).parent[rows]] = True
        if not chosen.any():
            return
        part = batch.take_roots(chosen)
        roots_of = {code: self._roots_of(code) for code, rows in unknown.items() if len(rows)}
        only = {self._position[id(node)] for node in in_order([self.nodes[root] for roots in roots_of.values() for root in roots])}
        blame = Blame(self.nodes, self._arguments, self.run(part, keep=True, only=only), part)
        for code, rows in unknown.items():
            if len(rows):
                roots = roots_of[code]
                results[code].missing = blame.names(roots, np.searchsorted(part.kept[results[code].entity], rows))


def _result(code: str, node: Node, amount: Value, occasion_node: Node | None, occasion: Value | None, batch: Batch) -> BenefitResult:
    entity = node.shape.entity
    data, known = amount
    entitled = data > 0
    status = entitled.astype(np.int8)
    unknown = None if known is None else ~known
    result = BenefitResult(code, entity, status, np.where(entitled, data, 0))
    if occasion_node is not None and occasion is not None:
        days, known_occasion = occasion
        result.occasion = np.broadcast_to(np.asarray(days, dtype=np.int64), data.shape).copy()
        result.occasion_kind = occasion_node.shape.kind
        if known_occasion is not None:
            unnamed = ~known_occasion & entitled
            unknown = unnamed if unknown is None else unknown | unnamed
    if unknown is not None:
        status[unknown] = UNKNOWN
        result.amount[unknown] = 0
    return result


__all__ = ["ENTITLED", "NOT_ENTITLED", "UNKNOWN", "BenefitResult", "Evaluation", "VectorProgram"]
