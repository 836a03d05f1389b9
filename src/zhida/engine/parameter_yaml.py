"""YAML of the law: numbers as they are written, the line of every parameter and value, and nothing that grows while it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from zhida.engine.errors import ParameterUnreadable
from zhida.kernel.yaml_files import SafeLoader, refuse_wild

CHARACTERS_MAX = 1_000_000
# Digits of a whole number; a key of 12 names a community.
_WRITTEN_MAX = 18
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")


def read_text(path: Path) -> str:
    """Return the text of a file, no more of it than a file of parameters may hold. Raises: ParameterUnreadable."""
    file = "/".join(path.parts[-3:])
    try:
        # A pipe or a device would be read without end.
        if not path.is_file():
            raise FileNotFoundError(f"{path.name} is not a file")
        with path.open("rb") as opened:
            raw = opened.read(4 * CHARACTERS_MAX + 1)
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"无法读取（{error}）；请另存为 UTF-8 文本。", f"the file cannot be read ({error}). Save it as UTF-8 text."
        raise ParameterUnreadable(f"{file}:1", path.stem, *reason) from None


class WrittenLoader(SafeLoader):  # type: ignore[misc, valid-type]
    """Keeps numbers as they are written: 0.3 is three tenths, not a float; 010 and 1:30 are refused, not read as 8 and 90."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    written = str(loader.construct_scalar(node))
    try:
        number = Decimal(written)
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise yaml.constructor.ConstructorError(None, None, f"'{written}' is not a decimal number", node.start_mark)
    return number


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    written = str(loader.construct_scalar(node))
    if not _WHOLE.fullmatch(written) or len(written) > _WRITTEN_MAX:
        raise yaml.constructor.ConstructorError(None, None, f"'{written[:40]}' is not written as a whole number", node.start_mark)
    return int(written)


def _as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


WrittenLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
WrittenLoader.add_constructor("tag:yaml.org,2002:int", _whole)
# Dates are read by the parameter they belong to, so that an impossible one is refused by its name.
WrittenLoader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)


@dataclass(frozen=True)
class Written:
    """One parameter as YAML gives it, with its line and those of its values."""

    name: str
    line: int
    body: Any
    row_lines: tuple[int, ...]


def written_parameters(text: str, file: str) -> Iterator[Written]:
    """Yield what a file says of each parameter. file: what sentences call it. Raises: ParameterUnreadable."""
    name = file.rpartition("/")[2]
    if len(text) > CHARACTERS_MAX:
        reason = f"文件超过 {CHARACTERS_MAX:,} 个字符；请分成几个文件。", f"the file has more than {CHARACTERS_MAX:,} characters. Split it."
        raise ParameterUnreadable(f"{file}:1", name, *reason)
    try:
        refuse_wild(text)
        loader = WrittenLoader(text)
        root = loader.get_single_node()
        if root is None:
            return
        _refuse_twice(root, file)
        for key, value in root.value:
            yield Written(str(key.value), _line(key), loader.construct_object(value, deep=True), _row_lines(value))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, said = (mark.line + 1 if mark else 1), getattr(error, "problem", None) or str(error)
        zh, en = f"YAML 有误（{said}）；请检查缩进和引号。", f"the YAML is wrong ({said}). Check indents and quotes."
        raise ParameterUnreadable(f"{file}:{line}", name, zh, en) from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _row_lines(body: yaml.Node) -> tuple[int, ...]:
    for key, value in body.value if isinstance(body, yaml.MappingNode) else ():
        if key.value == "values" and isinstance(value, yaml.SequenceNode):
            return tuple(_line(row) for row in value.value)
    return ()


def _refuse_twice(root: yaml.Node, file: str) -> None:
    """Refuse what is no map of names, and words written twice, of which the last would silently win."""
    if not isinstance(root, yaml.MappingNode):
        zh, en = "文件须是“名称: 内容”。", "the file must be a map: name: {unit: …, values: […]}."
        raise ParameterUnreadable(f"{file}:{_line(root)}", file.rpartition("/")[2], zh, en)
    left: list[tuple[yaml.Node, str]] = [(root, "?")]
    while left:
        node, name = left.pop()
        if isinstance(node, yaml.SequenceNode):
            left.extend((item, name) for item in node.value)
        keys: set[str] = set()
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            named = str(key.value) if node is root else name
            if not isinstance(key, yaml.ScalarNode) or key.value in keys:
                zh, en = "有写了两次或不是名称的键；请只留一个。", "a key is no name or stands there twice. Keep one."
                raise ParameterUnreadable(f"{file}:{_line(key)}", named, zh, en)
            keys.add(key.value)
            left.append((value, named))
