"""Columns in, machine code over them, answers out."""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.fused.assembly import BEYOND, LARGE
from zhida.engine.fused.machine import machine_code
from zhida.engine.fused.ranges import NARROW, WIDE, Limits
from zhida.engine.fused.writing import FLAG, Column, Fact, Output, Writer, Written
from zhida.engine.scalar import plain_constants
from zhida.engine.vector import BenefitResult, Evaluation, VectorProgram

if TYPE_CHECKING:
    from zhida.engine.batch import Batch
    from zhida.engine.fused.alignment import Alignment
    from zhida.engine.program import Program

Array = Any
_KINDS = {"bool": "b", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64"}
# What the buffers of one block may take: the better part of a processor's second-level cache.
_BLOCK_BYTES = 384 * 1024
_BLOCK_ROWS = (32, 4096)
# Ranks compare every member with every other.
_RANKED_MAX = 1024


class Kernel:
    """Machine code of a program for columns of one form."""

    def __init__(self, written: Written) -> None:
        self.written = written
        number = ctypes.c_int64
        self.run = machine_code(written.text).function("run", None, ctypes.c_void_p, number, number, number)
        self.bytes_by_entity: dict[str, int] = {}
        for entity, size in written.buffers.values():
            self.bytes_by_entity[entity] = self.bytes_by_entity.get(entity, 0) + size


class FusedProgram:
    """A program that runs as machine code; where it may not vouch for a chunk, the NumPy kernels decide the chunk."""

    def __init__(self, program: Program, vector: VectorProgram) -> None:
        self._program, self._vector, self.definitions = program, vector, program.facts
        self._constants = plain_constants(program.nodes)
        self.facts: list[Fact] = list(
            dict.fromkeys((str(node.payload[0]), str(node.payload[1])) for node in program.nodes if node.op == "fact")
        )
        self._outputs = _outputs_of(program)
        # Facts that were seen with gaps: from then on the kernel reckons with them.
        self._gaps: set[Fact] = set()
        # A fact was larger than narrow kernels take: other chunks will have such too.
        self._large = False
        self._kernels: dict[Hashable, Kernel] = {}
        # Tables the program reads, the root first.
        self.entities = [entity.name for entity in program.root.tree() if entity.name in program.entities | {program.root.name}]
        self._ranked = any(node.op == "rank" for node in program.nodes)

    def expect_gaps(self, gaps: Iterable[Fact]) -> None:
        """Reckon with gaps in some facts from the first batch on."""
        self._gaps |= set(gaps) & set(self.facts)

    def forms(self, gaps: Collection[Fact]) -> dict[str, tuple[str, bool]]:
        """Return for each variable the narrowest type that holds it in any batch, and whether it may be missing where ``gaps`` may be."""
        columns = {fact: Column("i64", fact in gaps) for fact in self.facts}
        answers = Writer(self._outputs, self.definitions, columns, self.entities, self._constants, WIDE).write().answers
        return {name: (kind, ("known", name) in answers) for (role, name), (_, kind) in answers.items() if role == "value"}

    def evaluate(self, batch: Batch, threads: int = 1, block: int = 0) -> Evaluation:
        """Decide a batch. threads: how many share it. block: roots decided together (0: as many as fit the cache)."""
        batch.require(self._program.entities)
        columns = {fact: batch.raw(*fact) for fact in self.facts}
        self._gaps |= {fact for fact, (_, known) in columns.items() if known is not None}
        aligned = batch.alignment
        if aligned is None or aligned.largest_group > (_RANKED_MAX if self._ranked else WIDE.group):
            return self._vector.evaluate(batch)
        for limits in (NARROW, WIDE):
            if aligned.largest_group > limits.group or (self._large and limits is NARROW):
                continue
            forms = {fact: Column(_KINDS[data.dtype.name], fact in self._gaps) for fact, (data, _) in columns.items()}
            call = _Call(self.kernel(forms, limits), batch, columns, aligned)
            given_back = call.run(threads, block)
            if not given_back:
                return self._answers(call, batch)
            if given_back != LARGE:
                break
            self._large = True
        return self._vector.evaluate(batch)

    def kernel(self, forms: Mapping[Fact, Column], limits: Limits) -> Kernel:
        """Return the machine code for columns of some forms; compiled once."""
        key = (limits, *forms.values())
        if key not in self._kernels:
            writer = Writer(self._outputs, self.definitions, forms, self.entities, self._constants, limits)
            self._kernels[key] = Kernel(writer.write())
        return self._kernels[key]

    def _answers(self, call: _Call, batch: Batch) -> Evaluation:
        results: dict[str, BenefitResult] = {}
        values: dict[str, Any] = {}
        for output in self._outputs:
            if output.is_benefit:
                status, amount = call.arrays[("status", output.name)], call.arrays[("amount", output.name)]
                occasion = call.arrays.get(("occasion", output.name))
                kind = output.occasion.shape.kind if output.occasion is not None else None
                results[output.name] = BenefitResult(output.name, output.node.shape.entity, status, amount, occasion, kind)
            else:
                known = call.arrays.get(("known", output.name))
                values[output.name] = call.arrays[("value", output.name)], None if known is None or bool(known.all()) else known
        self._vector.name_missing(results, batch)
        return Evaluation(results, values)


class _Call:
    """One batch brought before one kernel: the pointers it is called with, and the arrays they point to."""

    def __init__(self, kernel: Kernel, batch: Batch, columns: Mapping[Fact, tuple[Array, Array | None]], aligned: Alignment) -> None:
        self._kernel, self._batch, self._columns, self._aligned = kernel, batch, columns, aligned
        self._root = kernel.written.entities[0]
        self.arrays: dict[Hashable, Array] = {}
        self._is_whole = True
        self._pointers = np.zeros(len(kernel.written.slots.index), dtype=np.uint64)
        # Arrays that nothing else holds must live as long as the pointers to them.
        self._kept: list[Array] = []
        for slot, place in kernel.written.slots.index.items():
            array = self._array(slot)
            if array is not None:
                self._kept.append(array)
                self._pointers[place] = array.__array_interface__["data"][0]

    def _array(self, slot: Any) -> Array | None:
        """Return what a slot points to; None for what each thread has of its own."""
        written, rows = self._kernel.written, self._batch.rows
        if slot in written.buffers or slot == FLAG:
            return None
        if slot in written.slots.arrays:
            return written.slots.arrays[slot]
        match slot[0]:
            case "fact":
                return self._columns[slot[1:]][0]
            case "starts":
                return self._aligned.starts[slot[1]]
            case "parent":
                return self._parents(slot[1], slot[2])
        if slot in written.answers:
            entity, kind = written.answers[slot]
            self.arrays[slot] = np.empty(rows[entity], dtype=kind)
            return self.arrays[slot]
        (_, *fact), _ = slot
        known = self._columns[(fact[0], fact[1])][1]
        return np.ones(rows[fact[0]], dtype=bool) if known is None else known

    def _parents(self, lower: str, higher: str) -> Array:
        found = self._aligned.parents(self._batch, lower, higher)
        self._is_whole &= found is not None
        return np.zeros(0, dtype=np.int32) if found is None else found

    def run(self, threads: int, block: int) -> int:
        """Run the kernel over all roots. 0: it vouches for what it found; else why not (LARGE, BEYOND)."""
        if not self._is_whole:
            return BEYOND
        count = self._batch.rows[self._root]
        size = block or self._block_size(count)
        parts = max(1, min(threads, -(-count // size)))
        step = -(-count // parts // size) * size
        spans = [(first, min(first + step, count)) for first in range(0, count, step)] if count else []
        if len(spans) < 2:
            return sum(self._run_span(first, last, size) for first, last in spans)
        with ThreadPoolExecutor(len(spans)) as pool:
            found = list(pool.map(lambda span: self._run_span(span[0], span[1], size), spans))
        return max(found)

    def _block_size(self, count: int) -> int:
        """How many roots at a time, so that their buffers fit the cache."""
        needed = sum(
            size * (self._batch.rows[entity] / max(count, 1) if entity != self._root else 1)
            for entity, size in self._kernel.bytes_by_entity.items()
        )
        low, high = _BLOCK_ROWS
        return max(low, min(high, int(_BLOCK_BYTES / max(needed, 1))))

    def _run_span(self, first: int, last: int, size: int) -> int:
        """Run one thread's share, with buffers and a flag of its own."""
        pointers, flag = self._pointers.copy(), np.zeros(1, dtype=np.int64)
        index = self._kernel.written.slots.index
        pointers[index[FLAG]] = flag.__array_interface__["data"][0]
        rows = {entity: self._rows_in_a_block(entity, first, last, size) for entity in self._kernel.written.entities}
        buffers = np.empty(sum(_padded(rows[entity] * width) for entity, width in self._kernel.written.buffers.values()), dtype=np.uint8)
        at = buffers.__array_interface__["data"][0]
        for slot, (entity, width) in self._kernel.written.buffers.items():
            pointers[index[slot]] = at
            at += _padded(rows[entity] * width)
        self._kernel.run(pointers.__array_interface__["data"][0], first, last, size)
        return int(flag[0])

    def _rows_in_a_block(self, entity: str, first: int, last: int, size: int) -> int:
        """The most rows of an entity that a block of a span has."""
        if entity == self._root:
            return min(size, last - first)
        cuts = self._aligned.starts[entity][np.append(np.arange(first, last, size), last)]
        return int(np.diff(cuts).max())


def _padded(size: int) -> int:
    return -(-size // 64) * 64


def _outputs_of(program: Program) -> list[Output]:
    benefits = [Output(code, benefit.amount, True, benefit.occasion) for code, benefit in program.benefits.items()]
    return benefits + [Output(name, node, False) for name, node in program.variables.items()]
