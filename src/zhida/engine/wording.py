"""Values and steps in words people read, in both languages. Formatting only: nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from zhida.engine.calendar import NEVER_DAY, day_of
from zhida.engine.graph import Shape
from zhida.engine.units import Unit, edge_unit
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text

UNKNOWN_TEXT = Text("未知", "unknown")
_YES, _NO, _NONE = Text("是", "yes"), Text("否", "no"), Text("无", "none")
# What is said of a day that never came: no register holds it.
_NEVER, _NO_DEATH = Text("没有登记", "none registered"), Text("没有死亡登记", "no death registered")
_ON_RECORD, _NOT_ON_RECORD = Text("有登记", "on record"), Text("没有登记", "not on record")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
# Decimals that people read; a number of the law is written to its last decimal.
_READ_DECIMALS = 2
_KEPT_NUMBERS = 128
_AREAS, _NUMBERED = ("area", "area6", "area12"), ("household_no", "digits")
_UNIT_WORDS = {
    "fen": Text("元", "yuan"),
    "month": Text("个月", "months"),
    "year": Text("年", "years"),
    "quarter": Text("季", "quarters"),
    "day": Text("天", "days"),
    "m2": Text("平方米", "m²"),
    "hour": Text("小时", "hours"),
    "kWh": Text("千瓦时", "kWh"),
    "bp": Text("基点", "bp"),
    "id": Text("", ""),
}
_PER = {"month": Text("月", "month"), "year": Text("年", "year"), "day": Text("天", "day"), "hour": Text("小时", "hour")}
SIGNS = {
    "lt": Text("低于", "below"),
    "le": Text("不高于", "at most"),
    "gt": Text("高于", "above"),
    "ge": Text("不低于", "at least"),
    "eq": Text("是", "is"),
    "ne": Text("不是", "is not"),
}
DATE_SIGNS = SIGNS | {
    "lt": Text("早于", "before"),
    "le": Text("不晚于", "on or before"),
    "gt": Text("晚于", "after"),
    "ge": Text("不早于", "on or after"),
}
ONE_OF = Text("属于", "is one of")
# What is said of a comparison that does not hold.
OPPOSITES = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
_SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "datediff": "−", "dateadd": "+", "datesub": "−"}
ARITHMETIC = {op: Text(f" {sign} ", sign) for op, sign in _SYMBOLS.items()}
FUNCTIONS = {
    "min": Text("较小者", "smaller of"),
    "max": Text("较大者", "larger of"),
    "between": Text("间隔", "time between"),
    "shift": Text("推后", "moved date"),
    "total": Text("合计", "total of"),
    "count": Text("人数", "count of"),
    "any": Text("任一", "any of"),
    "all": Text("全部", "all of"),
    "highest": Text("最大", "highest of"),
    "lowest": Text("最小", "lowest of"),
    "rank": Text("家中次序", "place in the household by"),
    "run": Text("连续月数", "months in a row of"),
    "longest": Text("最长连续月数", "longest spell in months of"),
    "known": Text("已知", "is known:"),
}


@dataclass(frozen=True)
class Names:
    """How a reader calls what the engine only numbers; None where there is no name for it.

    area: by code. member: by entity and row of the household. department: who delivers a record type.
    """

    area: Callable[[int], Text | None] = lambda code: None
    member: Callable[[str, int], Text | None] = lambda entity, row: None
    department: Callable[[str], Text | None] = lambda record_type: None


# Writes a value for a reader who knows these names; None is unknown.
Writer = Callable[[Any, Names], Text]


def fact_text(value: Any, shape: Shape, fact: Any, names: Names) -> Text:
    """Write the value of a fact (entities.FactDefinition) as people say it: an area by name, a day that never came as such."""
    return fact_writer(shape, fact)(value, names)


def fact_writer(shape: Shape, fact: Any) -> Writer:
    """Return what ``fact_text`` does for one fact."""
    if fact.dtype in _AREAS:
        return lambda value, names: UNKNOWN_TEXT if value is None else names.area(int(value)) or _both(str(value))
    if fact.dtype in ("resident", "organisation"):
        return lambda value, names: UNKNOWN_TEXT if value is None else _ON_RECORD if value else _NOT_ON_RECORD
    if fact.dtype in _NUMBERED:
        return lambda value, names: UNKNOWN_TEXT if value is None else _both(str(value))
    write = value_writer(shape, fact.code_labels)
    if fact.name == "died_on":
        return lambda value, names: _NO_DEATH if value is not None and value >= NEVER_DAY else write(value, names)
    return write


def value_text(value: Any, shape: Shape, code_labels: Sequence[Text] = (), *, exact: bool = False, is_age: bool = False) -> Text:
    """Write a value with its unit. exact: to the last decimal. is_age: years of somebody's life.

    >>> value_text(130100, Shape("number", unit=Unit.parse("fen/month"))).en
    '1,301.00 yuan/month'
    """
    return value_writer(shape, code_labels, exact=exact, is_age=is_age)(value, Names())


def value_writer(shape: Shape, code_labels: Sequence[Text] = (), *, exact: bool = False, is_age: bool = False) -> Writer:
    """Return what ``value_text`` does for one shape, with all that does not depend on the value worked out."""
    if shape.kind == "number":
        return _number_writer(shape, exact, is_age)
    if shape.kind == "code":
        codes = [_NONE, *(_code_text(position, shape.codes, code_labels) for position in range(1, len(shape.codes) + 1))]
        return lambda value, names: UNKNOWN_TEXT if value is None else codes[int(value)]
    if shape.kind == "date":
        return lambda value, names: UNKNOWN_TEXT if value is None else _NEVER if value >= NEVER_DAY else _day_text(day_of(value))
    return lambda value, names: UNKNOWN_TEXT if value is None else _YES if value else _NO


def _number_writer(shape: Shape, exact: bool, is_age: bool) -> Writer:
    unit = unit_text(shape.unit)
    zh = f" {'岁' if is_age else unit.zh}".rstrip()
    separator = " " if unit.en and not unit.en.startswith("/") else ""
    many, one = f"{separator}{unit.en}".rstrip(), f"{separator}{unit.en.removesuffix('s')}".rstrip()
    decimals = _decimals_writer(shape, exact)

    # The same amounts come again and again: standards, nothing, ages.
    @lru_cache(_KEPT_NUMBERS)
    def number_text(value: int) -> Text:
        number = decimals(value)
        return Text(number + zh, number + (one if number == "1" else many))

    return lambda value, names: UNKNOWN_TEXT if value is None else number_text(value)


def _day_text(day: date) -> Text:
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")


def percent_text(value: int, scale: int) -> Text:
    """Write a share as people read it.

    >>> percent_text(3, 1).zh, percent_text(125, 3).zh
    ('30%', '12.5%')
    """
    return _both(_decimal(value * 100, scale) + "%")


def granted_text(amount: int | None, unit: str) -> Text:
    """Write what a benefit grants in its declared unit; a status is granted or not.

    >>> granted_text(130100, "fen").zh, granted_text(1, "status").en
    ('1,301.00 元', 'yes')
    """
    return granted_writer(unit)(amount, Names())


def granted_writer(unit: str) -> Writer:
    return value_writer(Shape("bool") if unit == "status" else Shape("number", unit=edge_unit(unit)[0]))


def _code_text(position: int, codes: Sequence[str], labels: Sequence[Text]) -> Text:
    return labels[position - 1] if len(labels) >= position else _both(codes[position - 1].replace("_", " "))


def _decimals_writer(shape: Shape, exact: bool) -> Callable[[int], str]:
    """Money has two decimals; other numbers have as many as they need, at most two unless they are exact or below one."""
    scale = shape.scale
    if shape.unit.power("fen") == 1:
        if not scale:
            return format_yuan

        def money(value: int) -> str:
            rounded = _rounded(value, scale)
            return _decimal(value, scale + 2) if exact and rounded * 10**scale != value else format_yuan(rounded)

        return money
    if not scale:
        return lambda value: f"{value:,}"

    def number(value: int) -> str:
        if exact or scale <= _READ_DECIMALS or abs(value) < 10**scale:
            kept = scale if exact else min(scale, 2 * _READ_DECIMALS)
        else:
            kept = _READ_DECIMALS
        return _decimal(_rounded(value, scale - kept), kept)

    return number


def _rounded(value: int, decimals: int) -> int:
    """Drop decimals of a whole number, half up."""
    size: int = 10**decimals
    return (abs(value) * 2 + size) // (2 * size) * (-1 if value < 0 else 1)


def _decimal(value: int, scale: int) -> str:
    """Write a fixed-point number without needless zeros, with thousands separated."""
    sign, (whole, rest) = "-" if value < 0 else "", divmod(abs(value), 10**scale)
    decimals = f"{rest:0{scale}d}".rstrip("0") if scale else ""
    return f"{sign}{whole:,}" + (f".{decimals}" if decimals else "")


def unit_text(unit: Unit) -> Text:
    above = [_UNIT_WORDS[base] for base, power in unit.powers if power > 0]
    below = [_PER.get(base, _UNIT_WORDS[base]) for base, power in unit.powers if power < 0]
    zh = "·".join(word.zh for word in above) + "".join(f"/{word.zh}" for word in below)
    en = "·".join(word.en for word in above) + "".join(f"/{word.en}" for word in below)
    return Text(zh, en)


def _both(written: str) -> Text:
    return Text(written, written)


def joined(first: Text, sign: Text, second: Text) -> Text:
    return Text(f"{first.zh}{sign.zh}{second.zh}", f"{first.en} {sign.en} {second.en}")


def called(function: Text, args: Sequence[Text]) -> Text:
    return Text(f"{function.zh}（{'，'.join(a.zh for a in args)}）", f"{function.en} ({', '.join(a.en for a in args)})")
