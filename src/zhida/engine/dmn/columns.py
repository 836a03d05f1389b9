"""A decision table over whole columns: the engine's kernels, chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.engine.column_values import Array, Value
from zhida.engine.dmn.errors import DmnRefused
from zhida.engine.dmn.lowering import ROW, LoweredTable, Lowering
from zhida.engine.graph import MAX_SCALE, Node, Shape, in_order
from zhida.engine.kernels import KERNELS

if TYPE_CHECKING:
    from zhida.engine.dmn.table import DecisionTable

NO_RULE, DECIDED, UNKNOWN = 0, 1, 2
# Rows at a time: small enough that a table's many yes/no columns stay in the processor's cache.
CHUNK = 1 << 16


@dataclass(frozen=True)
class TableColumns:
    """What a table says of every row.

    outputs: an arrow array per output, null where it is unknown or no rule fired; a list per row for policies that give lists. status:
    int8, 0 no rule, 1 decided, 2 unknown. rule: int32, the number of the rule that fired, 0 for the default or none, -1 where several may
    have; None for sums and lists.
    """

    table: DecisionTable
    inputs: Mapping[str, Any]
    outputs: dict[str, Any]
    status: Array
    rule: Array | None

    @property
    def unknown_rows(self) -> Array:
        """The rows whose answer is unknown."""
        return np.flatnonzero(self.status == UNKNOWN)

    def missing(self, row: int) -> tuple[str, ...]:
        """Name the inputs that a row's unknown answer waits for."""
        values = {name: pa.array(column)[row].as_py() for name, column in self.inputs.items()}
        return self.table.decide(values).missing


class _Texts:
    """Numbers every text that a table or a column has, from 1."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers) + 1)


class _Rows:
    """The columns of one chunk, as the kernels ask a batch for them."""

    def __init__(self, columns: Mapping[str, Value], start: int, rows: int) -> None:
        self.rows = {ROW: rows}
        self._columns, self._span = columns, slice(start, start + rows)

    def column(self, entity: str, name: str) -> Value:
        data, known = self._columns[name]
        return data[self._span], None if known is None else known[self._span]


def decide_columns(table: DecisionTable, inputs: Mapping[str, Any]) -> TableColumns:
    """Decide every row. Raises: DmnRefused for columns that differ in length or kind."""
    given = {name: _arrow(table, name, column) for name, column in inputs.items() if name in table.inputs}
    lengths = {len(column) for column in [*given.values(), *(pa.array(column) for column in inputs.values() if not given)]}
    if len(lengths) != 1:
        raise DmnRefused(
            table.place,
            "各列长度不同或没有列；请给出等长的列",
            "the columns differ in length, or there are none. Give columns of equal length",
        )
    (rows,) = lengths
    known = dict(given)
    for name, other in table.requires.items():
        answer = decide_columns(other, given or inputs)
        for output, column in answer.outputs.items():
            known[name if len(other.outputs) == 1 else f"{name}.{output}"] = column
    outputs, status, rule = _decide(table, known, rows)
    return TableColumns(table, given, outputs, status, rule)


def _decide(table: DecisionTable, given: Mapping[str, Any], rows: int) -> tuple[dict[str, Any], Array, Array | None]:
    texts = _Texts()
    columns: dict[str, Value] = {}
    shapes: dict[str, Shape] = {}
    for name in table.own_names:
        if name in given:
            columns[name], shapes[name] = _column(table, name, given[name], texts)
            _check_kind(table, name, shapes[name])
    lowered = Lowering(table, shapes, texts.number).lower()
    starts = range(0, max(rows, 1), CHUNK)
    chunks = [_chunk(lowered, _Rows(columns, start, min(CHUNK, rows - start))) for start in starts]
    names = list(texts.numbers)
    if table.gives_list:
        return _lists(table, lowered, chunks, names)
    matched = _joined([chunk[id(lowered.matched)] for chunk in chunks])
    no_rule = ~matched[0] & _mask(matched)
    status = np.where(no_rule, NO_RULE, DECIDED).astype(np.int8)
    outputs = {}
    for output, (node,) in zip(table.outputs, lowered.answers, strict=True):
        data, known = _joined([chunk[id(node)] for chunk in chunks])
        said = _mask((data, known)) & ~no_rule
        status[~said & ~no_rule] = UNKNOWN
        outputs[output] = _answer(node, data, said, names)
    status[~_mask(matched)] = UNKNOWN
    if lowered.number is None:
        return outputs, status, None
    number = _joined([chunk[id(lowered.number)] for chunk in chunks])
    return outputs, status, np.where(_mask(number), number[0], -1).astype(np.int32)


def _check_kind(table: DecisionTable, name: str, shape: Shape) -> None:
    found = "text" if shape.kind == "code" else shape.kind
    for column in table.columns_in:
        if column.expression.text == name and column.kind not in (None, found):
            zh, en = (
                f"列 {name} 声明为 {column.kind}，给出的是 {found}；请换列",
                f"the column {name} is declared {column.kind}, not {found}. Convert it",
            )
            raise DmnRefused(table.place, zh, en)


def _chunk(lowered: LoweredTable, rows: _Rows) -> dict[int, Value]:
    """Evaluate every node over one chunk; a constant is a column too, so that kernels see one kind of value."""
    roots = [*lowered.fires, lowered.matched, *(node for nodes in lowered.answers for node in nodes)]
    roots += [lowered.number] if lowered.number is not None else []
    values: dict[int, Value] = {}
    for node in in_order(roots):
        values[id(node)] = (
            _constant(node, rows.rows[ROW])
            if node.op == "const"
            else KERNELS[node.op](node, [values[id(arg)] for arg in node.args], cast(Any, rows))
        )
    return {id(node): values[id(node)] for node in roots}


def _constant(node: Node, rows: int) -> Value:
    value: Any = node.payload
    data: Any = np.full(rows, value or 0, dtype=np.bool_ if node.shape.kind == "bool" else np.int64)
    return data, np.zeros(rows, dtype=bool) if value is None else None


def _joined(parts: Sequence[Value]) -> Value:
    known = None
    if any(part[1] is not None for part in parts):
        known = np.concatenate([_mask(part) for part in parts])
    return np.concatenate([part[0] for part in parts]), known


def _mask(value: Value) -> Any:
    data, known = value
    return np.ones(len(data), dtype=bool) if known is None else np.asarray(known)


# ---- arrow to numbers and back ----------------------------------------------------------------------------------------------------------


def _arrow(table: DecisionTable, name: str, column: Any) -> Any:
    found = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else pa.array(column)
    if isinstance(found, pa.ChunkedArray):
        found = pa.concat_arrays(found.chunks)
    if pa.types.is_floating(found.type):
        zh, en = f"列 {name} 是浮点数；请改为整数或 decimal", f"the column {name} has floats. Give whole numbers or decimals"
        raise DmnRefused(table.place, zh, en)
    return found


def _column(table: DecisionTable, name: str, column: Any, texts: _Texts) -> tuple[Value, Shape]:
    kind = column.type
    known = None if column.null_count == 0 else np.asarray(pc.is_valid(column))
    if pa.types.is_boolean(kind):
        return (np.asarray(column.fill_null(False)), known), Shape("bool", ROW)
    if pa.types.is_integer(kind):
        return (np.asarray(column.fill_null(0).cast(pa.int64())), known), Shape("number", ROW)
    if pa.types.is_decimal(kind) and 0 <= kind.scale <= MAX_SCALE:
        return (_whole_numbers(table, name, column), known), Shape("number", ROW, scale=kind.scale)
    if pa.types.is_date(kind):
        days = column.cast(pa.date32()).cast(pa.int32()).fill_null(0)
        return (np.asarray(days).astype(np.int64), known), Shape("date", ROW)
    if pa.types.is_null(kind):
        return (np.zeros(len(column), dtype=bool), np.zeros(len(column), dtype=bool)), Shape(*_unknown_shape(table, name))
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return (_codes(column, texts), known), Shape("code", ROW)
    zh = f"列 {name} 的类型 {kind} 不能用；请给整数、最多 {MAX_SCALE} 位小数、文字、日期或是否"
    en = f"the column {name} is of type {kind}. Give whole numbers, at most {MAX_SCALE} decimals, texts, dates or yes/no"
    raise DmnRefused(table.place, zh, en)


def _unknown_shape(table: DecisionTable, name: str) -> tuple[Any, str]:
    """The kind of a column without a single value is the declared one."""
    kinds = [column.kind for column in table.columns_in if column.expression.text == name and column.kind]
    return ("code" if kinds[0] == "text" else kinds[0], ROW) if kinds else ("number", ROW)


def _whole_numbers(table: DecisionTable, name: str, column: Any) -> Any:
    """A decimal's digits as int64: the lower half of the 128 bits, where the upper half only repeats its sign."""
    wide = column.fill_null(0).cast(pa.decimal128(38, column.type.scale))
    words = np.frombuffer(wide.buffers()[1], dtype=np.int64).reshape(-1, 2)[wide.offset : wide.offset + len(wide)]
    low = np.ascontiguousarray(words[:, 0])
    if not np.array_equal(words[:, 1], low >> 63):
        raise DmnRefused(table.place, f"列 {name} 的数字太大；请检查", f"the column {name} has numbers that are too large. Check them")
    return low


def _codes(column: Any, texts: _Texts) -> Any:
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    numbers = np.array([texts.number(text) for text in coded.dictionary.to_pylist()] or [0], dtype=np.int64)
    return numbers.take(np.asarray(coded.indices.fill_null(0)))


def _answer(node: Node, data: Any, known: Any, texts: Sequence[str]) -> Any:
    """Turn a node's column into arrow: whole numbers int64, others decimals, texts from their dictionary."""
    mask = ~known
    match node.shape.kind:
        case "bool":
            return pa.array(data, mask=mask)
        case "date":
            return pa.array(np.where(known, data, 0).astype(np.int32), mask=mask).cast(pa.date32())
        case "code":
            indices = pa.array(np.where(known, data, 1) - 1, mask=mask)
            return pa.DictionaryArray.from_arrays(indices, pa.array(list(texts) or [""], pa.string())).cast(pa.string())
    scale = node.shape.scale
    whole = pa.array(np.where(known, data, 0), mask=mask)
    if not scale:
        return whole
    words = np.stack([np.where(known, data, 0), np.where(known, data, 0) >> 63], axis=1).astype(np.int64)
    validity = pa.array(known).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(38, scale), len(data), [validity, pa.py_buffer(words.tobytes())])


def _lists(
    table: DecisionTable, lowered: LoweredTable, chunks: list[dict[int, Value]], texts: Sequence[str]
) -> tuple[dict[str, Any], Array, None]:
    """Lay the outputs of the rules that fire one after another, row by row."""
    fires = [_joined([chunk[id(node)] for chunk in chunks]) for node in lowered.fires]
    hits = np.stack([data & _mask((data, known)) for data, known in fires], axis=1)
    unknown = ~np.logical_and.reduce([_mask(value) for value in fires])
    said = [[_joined([chunk[id(node)] for chunk in chunks]) for node in nodes] for nodes in lowered.answers]
    for nodes in said:
        unknown |= np.logical_or.reduce([hits[:, index] & ~_mask(value) for index, value in enumerate(nodes)])
    hits[unknown] = False
    matched = _joined([chunk[id(lowered.matched)] for chunk in chunks])
    status = np.where(unknown, UNKNOWN, np.where(matched[0] & _mask(matched), DECIDED, NO_RULE)).astype(np.int8)
    rows, rules = np.nonzero(hits)
    offsets = np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int32)
    outputs = {}
    for output, (first, *_), columns in zip(table.outputs, lowered.answers, said, strict=True):
        data = np.stack([value[0] for value in columns], axis=1)[rows, rules]
        answer = _answer(first, data, np.ones(len(data), dtype=bool), texts)
        outputs[output] = pa.ListArray.from_arrays(pa.array(offsets), answer, mask=pa.array(unknown))
    return outputs, status, None
