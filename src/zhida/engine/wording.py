"""Values and steps in words people read, in both languages. Formatting only: nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhida.engine.calendar import NEVER_DAY, day_of
from zhida.engine.graph import Shape
from zhida.engine.units import Unit, edge_unit
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text

UNKNOWN_TEXT = Text("未知", "unknown")
_YES, _NO, _NONE, _NEVER = Text("是", "yes"), Text("否", "no"), Text("无", "none"), Text("从未", "never")
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
SIGNS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
# What is said of a comparison that does not hold.
OPPOSITES = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
ARITHMETIC = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "datediff": "−", "dateadd": "+", "datesub": "−"}
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
    "rank": Text("排序", "rank of"),
    "known": Text("已知", "is known:"),
}


def value_text(value: Any, shape: Shape, code_labels: Sequence[Text] = ()) -> Text:
    """Write a value with its unit.

    >>> value_text(130100, Shape("number", unit=Unit.parse("fen/month"))).en
    '1,301.00 yuan/month'
    """
    if value is None:
        return UNKNOWN_TEXT
    if shape.kind == "bool":
        return _YES if value else _NO
    if shape.kind == "date":
        return _NEVER if value >= NEVER_DAY else _both(day_of(value).isoformat())
    if shape.kind == "code":
        return _code_text(int(value), shape.codes, code_labels)
    unit = unit_text(shape.unit)
    number = _number(int(value), shape)
    separator = " " if unit.en and not unit.en.startswith("/") else ""
    return Text(f"{number} {unit.zh}".rstrip(), f"{number}{separator}{unit.en}".rstrip())


def granted_text(amount: int | None, unit: str) -> Text:
    """Write what a benefit grants in its declared unit; a status is granted or not.

    >>> granted_text(130100, "fen").zh, granted_text(1, "status").en
    ('1,301.00 元', 'yes')
    """
    return value_text(amount, Shape("bool") if unit == "status" else Shape("number", unit=edge_unit(unit)[0]))


def _code_text(position: int, codes: Sequence[str], labels: Sequence[Text]) -> Text:
    if position == 0:
        return _NONE
    return labels[position - 1] if len(labels) >= position else _both(codes[position - 1].replace("_", " "))


def _number(value: int, shape: Shape) -> str:
    if shape.unit.power("fen") == 1:
        return format_yuan(value) if not shape.scale else _decimal(value, shape.scale + 2)
    return _decimal(value, shape.scale)


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


def joined(first: Text, sign: str, second: Text) -> Text:
    return Text(f"{first.zh} {sign} {second.zh}", f"{first.en} {sign} {second.en}")


def called(function: Text, args: Sequence[Text]) -> Text:
    return Text(f"{function.zh}（{'，'.join(a.zh for a in args)}）", f"{function.en} ({', '.join(a.en for a in args)})")
