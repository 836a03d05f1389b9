"""What a FEEL expression is once it is read: a tree of a few kinds of nodes, and the kind of value each gives where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

ValueKind = Literal["number", "text", "bool", "date"]
Value = Decimal | str | bool | date
Sign = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; None is null."""

    value: Value | None


@dataclass(frozen=True, slots=True)
class Name:
    """``kind``: of its value, where somebody declared it."""

    name: str
    kind: ValueKind | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """All of the parts (``and``) or any of them (``or``); two or more."""

    sign: Literal["and", "or"]
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Tree


@dataclass(frozen=True, slots=True)
class IsUnknown:
    """``part = null``: always known."""

    part: Tree


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: Sign
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Arithmetic:
    sign: Literal["+", "-", "*", "/"]
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Choice:
    """``if … then … else …``."""

    condition: Tree
    then: Tree
    otherwise: Tree


Tree = Constant | Name | Logic | Not | IsUnknown | Comparison | Arithmetic | Choice
TRUE, FALSE, NULL = Constant(True), Constant(False), Constant(None)


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Logic(_, parts):
            return parts
        case Not(part) | IsUnknown(part):
            return (part,)
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return (left, right)
        case Choice(condition, then, otherwise):
            return (condition, then, otherwise)
    return ()


def every_part(tree: Tree) -> Iterator[Tree]:
    """Give the tree and all below it."""
    stack = [tree]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(reversed(parts_of(part)))


def names_in(tree: Tree) -> frozenset[str]:
    return frozenset(part.name for part in every_part(tree) if isinstance(part, Name))


def kind_of_value(value: object) -> ValueKind | None:
    """Return a value's kind; None for what is no value of FEEL's."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Decimal | int):
        return "number"
    if isinstance(value, str):
        return "text"
    return "date" if isinstance(value, date) else None


def kind_of(tree: Tree) -> ValueKind | None:
    """Return the kind of value a tree gives; None where that hangs on a name's value."""
    match tree:
        case Constant(value):
            return kind_of_value(value)
        case Logic() | Not() | IsUnknown() | Comparison():
            return "bool"
        case Name(_, kind):
            return kind
        case Arithmetic():
            return "number"
        case Choice(_, then, otherwise):
            return kind_of(then) or kind_of(otherwise)
    return None


KIND_WORDS: dict[ValueKind, tuple[str, str]] = {
    "number": ("数字", "a number"),
    "text": ("文字", "a text"),
    "bool": ("是否", "a yes/no value"),
    "date": ("日期", "a date"),
}
