"""What a tree says for given values. None is unknown; it makes unknown only what it can change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from zhida.engine.feel.errors import FeelError
from zhida.engine.feel.tree import Arithmetic, Choice, Comparison, Constant, IsUnknown, Logic, Name, Not, Tree, Value, kind_of_value

DECIMALS = 6
_ONE = 10**DECIMALS
_LIMIT = 2**63 - 1
_COMPARE = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def evaluate(tree: Tree, values: Mapping[str, Any], place: str) -> Value | None:
    """Answer a tree. ``place`` is for sentences. Raises: FeelError for a value that is no text, number, date or yes/no."""
    match tree:
        case Constant(value):
            return value
        case Name(name, _):
            return known_value(name, values.get(name), place)
        case Logic(sign, parts):
            return _logic(sign == "or", (evaluate(part, values, place) for part in parts))
        case Not(part):
            answer = evaluate(part, values, place)
            return not answer if isinstance(answer, bool) else None
        case IsUnknown(part):
            return evaluate(part, values, place) is None
        case Comparison(sign, left, right):
            return compare(sign, evaluate(left, values, place), evaluate(right, values, place))
        case Arithmetic(sign, left, right):
            return _calculate(sign, evaluate(left, values, place), evaluate(right, values, place), place)
        case Choice(condition, then, otherwise):
            return _choose(evaluate(condition, values, place), evaluate(then, values, place), evaluate(otherwise, values, place))


def known_value(name: str, value: Any, place: str) -> Value | None:
    """Return a given value as FEEL has it: whole numbers as Decimals."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return _exact(name, value, place)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise FeelError(
        place,
        0,
        f"{name} 的值是 {type(value).__name__}，条件里只能用文字、整数、Decimal、日期和是否；请先换成其中一种",
        f"the value of {name} is a {type(value).__name__}; write a text, whole number, Decimal, date or yes/no",
    )


def _exact(name: str, value: Decimal, place: str) -> Decimal:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and value.adjusted() < 30 and (exponent >= -DECIMALS or value == round(value, DECIMALS)):
        return value
    raise FeelError(
        place,
        0,
        f"{name} 的小数超过 {DECIMALS} 位或数字太大；请先舍入",
        f"{name} has more than {DECIMALS} decimals or is too large. Round it first",
    )


def _logic(decides: bool, answers: Iterable[Value | None]) -> bool | None:
    """One part that ``decides`` is enough (true for or, false for and); else one that is no yes/no leaves it open."""
    is_open = False
    for answer in answers:
        if answer is decides:
            return decides
        is_open = is_open or not isinstance(answer, bool)
    return None if is_open else not decides


def compare(sign: str, left: Value | None, right: Value | None) -> bool | None:
    """Compare two values of one kind; only numbers and dates have an order."""
    kind = kind_of_value(left)
    if left is None or right is None or kind != kind_of_value(right):
        return None
    if kind in ("text", "bool") and sign not in ("=", "!="):
        return None
    return bool(_COMPARE[sign](left, right))


def _calculate(sign: str, left: Value | None, right: Value | None, place: str) -> Decimal | None:
    if kind_of_value(left) != "number" or kind_of_value(right) != "number":
        return None
    a, b = _units(left), _units(right)
    if sign == "/" and not b:
        return None
    match sign:
        case "+":
            result = a + b
        case "-":
            result = a - b
        case "*":
            result = (a * b + _ONE // 2) // _ONE
        case _:
            quotient, rest = divmod(a * _ONE, b)
            result = quotient + (2 * abs(rest) >= abs(b))
    if abs(result) > _LIMIT:
        raise FeelError(place, 0, "计算结果太大；请检查数值", "a result is too large. Check the values")
    return Decimal(result).scaleb(-DECIMALS)


def _units(value: Any) -> int:
    """A number in millionths."""
    return int(Decimal(value).scaleb(DECIMALS))


def _choose(condition: Value | None, then: Value | None, otherwise: Value | None) -> Value | None:
    if isinstance(condition, bool):
        return then if condition else otherwise
    return then if compare("=", then, otherwise) else None
