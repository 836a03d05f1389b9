"""Fingerprints of lowered nodes: equal where two programs compute the same thing in the same way, whatever it is called or cited from.

A fingerprint covers a node's operation, type, arguments and payload with the values of its parameters; it leaves out the file and line, the
names of variables (they cost nothing and change nothing), and the sources of numbers. Two tables that answer every key alike are alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhida.engine.graph import Node, in_order
from zhida.engine.program import CompiledBenefit, Program
from zhida.engine.tables import KeyIndex, ScaleTable, Table

if TYPE_CHECKING:
    from zhida.engine.law import Law

Array = Any


def fingerprints(roots: Sequence[Node]) -> dict[int, str]:
    """Return the fingerprint of every node below the roots, by ``id(node)``."""
    found: dict[int, str] = {}
    for node in in_order(roots):
        if node.op == "variable":
            found[id(node)] = found[id(node.args[0])]
            continue
        shape = node.shape
        kind = (shape.kind, shape.entity, str(shape.unit), shape.scale, shape.codes)
        told = repr((node.op, kind, _payload(node.payload), [found[id(argument)] for argument in node.args]))
        found[id(node)] = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
    return found


def benefit_fingerprints(program: Program) -> dict[str, str]:
    """Return the fingerprint of every benefit of a program by code: its amount, its occasion, and how it is granted and paid."""
    benefits = program.benefits.values()
    found = fingerprints([node for benefit in benefits for node in _roots(benefit)])
    told = {}
    for benefit in benefits:
        definition = benefit.definition
        granted = (definition.entity.name, definition.every, definition.unit, definition.payee)
        told[definition.code] = repr((granted, [found[id(node)] for node in _roots(benefit)]))
    return told


def changed_benefits(base: Program, reform: Program) -> list[str]:
    """List the codes that two programs decide in different ways, or that only one of them grants, in alphabetical order.

    A benefit that is not listed has the same graph in both, and so the same decision for every household.
    """
    before, after = benefit_fingerprints(base), benefit_fingerprints(reform)
    return sorted(code for code in before.keys() | after.keys() if before.get(code) != after.get(code))


def changed_variables(base: Program, reform: Program) -> list[str]:
    """List the variables asked for in both programs that they compute in different ways."""
    before = fingerprints(list(base.variables.values()))
    after = fingerprints(list(reform.variables.values()))
    common = [name for name in base.variables if name in reform.variables]
    return [name for name in common if before[id(base.variables[name])] != after[id(reform.variables[name])]]


def program_of_changes(base: Program, law: Law) -> Program:
    """Return what another law changes of a program, and nothing else.

    The variables that ``base`` was asked for and that do not change are given: they are read from the base's answers where a changed one
    needs them (``evaluate_files(…, given=)``).
    """
    whole = law.program(base.period, list(base.benefits), list(base.variables), base.root)
    codes, names = changed_benefits(base, whole), changed_variables(base, whole)
    kept = [name for name in base.variables if name not in names]
    return law.program(base.period, [code for code in codes if code in law.benefits], names, base.root, kept)


def _roots(benefit: CompiledBenefit) -> list[Node]:
    return [node for node in (benefit.amount, benefit.occasion) if node is not None]


def _payload(payload: Any) -> Any:
    """Return what a payload says, as something that ``repr`` writes out. Raises TypeError for what nobody has thought of here."""
    if payload is None or isinstance(payload, str | int):
        return payload
    if isinstance(payload, tuple):
        return tuple(_payload(part) for part in payload)
    if isinstance(payload, Table):
        plain = [(int(value),) if known else None for value, known in zip(payload.values, payload.present, strict=True)]
        return "table", _cells(payload, plain)
    if isinstance(payload, ScaleTable):
        return "scale", payload.widen, _cells(payload.table, _brackets(payload))
    raise TypeError(f"a payload of {type(payload).__name__} has no fingerprint")


def _brackets(scale: ScaleTable) -> list[Any]:
    """Return each position's (threshold, amount) pairs without brackets that hold nothing; None where the law has no value."""
    rows = zip(scale.table.present, scale.thresholds.tolist(), scale.amounts.tolist(), strict=True)
    return [_filled(ts, amounts) if known else None for known, ts, amounts in rows]


def _filled(thresholds: list[int], amounts: list[int]) -> tuple[tuple[int, int], ...]:
    pairs = zip(thresholds, amounts, [*thresholds[1:], None], strict=True)
    return tuple((low, amount) for low, amount, high in pairs if low != high)


def _cells(table: Table, cells: Sequence[Any]) -> Any:
    """Return a table's keys and cells, without the keys that say nothing: whose cells are those of any key that is not named.

    Where a cell has no value the parameter's name is told too: it is what an unknown answer waits for.
    """
    numbers: dict[Any, int] = {}
    grid = np.array([numbers.setdefault(cell, len(numbers)) for cell in cells]).reshape([index.size for index in table.indexes])
    axes = []
    for axis, index in enumerate(table.indexes):
        kept = _telling(grid, axis, index)
        grid = grid.take([0, *kept], axis)
        axes.append([(index.numbers if isinstance(index, KeyIndex) else index.days)[position - 1] for position in kept])
    values = list(numbers)
    told = [values[number] for number in grid.ravel()]
    return table.parameter.name if None in told else "", axes, told


def _telling(grid: Array, axis: int, index: Any) -> list[int]:
    """Return the positions of an axis whose cells differ from what they would be without them: the first's, or for days the last day's."""
    return [
        position
        for position in range(1, index.size)
        if not np.array_equal(grid.take(position, axis), grid.take(0 if isinstance(index, KeyIndex) else position - 1, axis))
    ]
