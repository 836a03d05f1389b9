"""Writes a program's scalar evaluation as one Python function, a line per node: what scalar.evaluate_node does, without its calls.

Only the common cell operations are written out; the rest call the node's cell or evaluate_node. Unknown is None throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zhida.engine.errors import NumberTooLarge
from zhida.engine.graph import Node
from zhida.engine.household import Rows

Cell = Callable[..., Any]
_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "datediff": "-", "dateadd": "+", "datesub": "-"}
_CHECKED = {"add": "+", "sub": "-"}
_LIMIT = 2**63 - 1


def _too_large(node: Node) -> Any:
    raise NumberTooLarge(node.place)


def compiled(
    nodes: Sequence[Node], cells: Sequence[Cell | None], constants: dict[int, Any], root: str, evaluate: Callable[..., Any]
) -> Callable[[Rows], list[Any]]:
    """Return a function from a household's rows to the values of every node, in the order of ``nodes``."""
    names = {id(node): f"v{index}" for index, node in enumerate(nodes)}
    lines = ["def run(rows):"]
    for index, node in enumerate(nodes):
        if node.shape.entity:
            lines += [f"    {line}" for line in _lines(index, node, cells[index], names, constants, root)]
        else:
            lines.append(f"    v{index} = {constants[id(node)]!r}")
    lines.append(f"    return [{', '.join(f'v{index}' for index in range(len(nodes)))}]")
    space: dict[str, Any] = {"N": nodes, "C": cells, "evaluate": evaluate, "too_large": _too_large}
    exec(compile("\n".join(lines), "<scalar program>", "exec"), space)
    run: Callable[[Rows], list[Any]] = space["run"]
    return run


def _lines(index: int, node: Node, cell: Cell | None, names: dict[int, str], constants: dict[int, Any], root: str) -> list[str]:
    if cell is None:
        return [f"v{index} = {_moved(index, node, names)}"]
    # Columns get a letter each; what is the same for all rows stands as a literal.
    letters = {id(arg): "abcdef"[place] for place, arg in enumerate({id(a): a for a in node.args if a.shape.entity}.values())}
    words = [letters[id(arg)] if arg.shape.entity else repr(constants[id(arg)]) for arg in node.args]
    columns = {letters[id(arg)]: names[id(arg)] for arg in node.args if arg.shape.entity}
    written = _cell(index, node, words, list(columns))
    if node.shape.entity == root:
        # The root has one row: no loop.
        return [*(f"{letter} = {column}[0]" for letter, column in columns.items()), f"v{index} = [{written}]"]
    if len(columns) == 1:
        return [f"v{index} = [{written} for {next(iter(columns))} in {next(iter(columns.values()))}]"]
    return [f"v{index} = [{written} for {', '.join(columns)} in zip({', '.join(columns.values())})]"]


def _moved(index: int, node: Node, names: dict[int, str]) -> str:
    """Write an operation that is no cell: facts, variables, what goes from row to row."""
    args, entity = [names[id(arg)] for arg in node.args], node.shape.entity
    match node.op:
        case "variable":
            return args[0]
        case "fact":
            return f"rows.values({node.payload[0]!r}, {node.payload[1]!r})"
        case "fill":
            return f"[{args[0]}] * rows.counts[{entity!r}]"
        case "project":
            return f"[{args[0]}[p] for p in rows.parents({entity!r}, {node.args[0].shape.entity!r})]"
    return f"evaluate(N[{index}], None, [{', '.join(args)}], rows)"


def _cell(index: int, node: Node, words: list[str], columns: list[str]) -> str:
    """Write one row of a cell operation."""
    unknown = " or ".join(f"{letter} is None" for letter in columns)
    strict = f"None if {unknown} else "
    if "None" in words and node.op not in ("and", "or", "where", "known"):
        return "None"
    if node.op in _SIGNS:
        return f"{strict}{words[0]} {_SIGNS[node.op]} {words[1]}"
    if node.op in _CHECKED:
        return f"{strict}(r if -{_LIMIT} <= (r := {words[0]} {_CHECKED[node.op]} {words[1]}) <= {_LIMIT} else too_large(N[{index}]))"
    if node.op in ("mul", "widen", "round"):
        return strict + _exact(index, node, words)
    if node.op in ("min", "max"):
        sign = "<=" if node.op == "min" else ">="
        return f"{strict}({words[0]} if {words[0]} {sign} {words[1]} else {words[1]})"
    a, *more = words
    match node.op:
        case "not":
            return f"{strict}not {a}"
        case "and":
            return f"False if {a} is False or {more[0]} is False else (None if {a} is None or {more[0]} is None else True)"
        case "or":
            return f"True if {a} is True or {more[0]} is True else (None if {a} is None or {more[0]} is None else False)"
        case "where":
            yes, no = more
            return f"({yes} if {yes} == {no} else None) if {a} is None else ({yes} if {a} else {no})"
        case "isin":
            return f"{strict}{a} in {node.payload!r}"
        case "known":
            return f"{a} is not None"
        case "flag":
            return f"{strict}int({a})"
    return f"C[{index}]({', '.join(words)})"


def _exact(index: int, node: Node, words: list[str]) -> str:
    """Write a product, more decimals, or a rounding; the first two refuse what leaves int64."""
    payload: Any = node.payload
    if node.op == "round":
        mode, decimals, multiple = payload
        return _shrunk(words[0], int(decimals), str(mode), int(multiple))
    product = f"{words[0]} * {words[1]}" if node.op == "mul" else f"{words[0]} * {10 ** int(payload)}"
    checked = f"(r if -{_LIMIT} <= (r := {product}) <= {_LIMIT} else too_large(N[{index}]))"
    return _shrunk(checked, int(payload or 0), "half", 1) if node.op == "mul" else checked


def _shrunk(word: str, decimals: int, mode: str, multiple: int) -> str:
    """Write what scalar.shrink does."""
    divisor: int = 10**decimals * multiple
    if divisor == 1:
        return word
    quotient = f"-(-{word} // {divisor})" if mode == "up" else f"({word} + {divisor // 2 if mode == 'half' else 0}) // {divisor}"
    return f"{quotient} * {multiple}" if multiple != 1 else quotient
