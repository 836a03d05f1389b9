"""What a reform does to parameters: entries added as a new notice would, one value for all, or every value times or plus something.

Which value applies on a day stays the rule of parameters.py: the newest ``from``, then the one that names fewest areas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import floor
from typing import TYPE_CHECKING, Any

from zhida.engine.errors import nearest
from zhida.engine.graph import MAX_SCALE
from zhida.engine.parameter_files import read_parameter
from zhida.engine.parameters import Entry, Parameter, Scale
from zhida.engine.reform import ParameterChange, Reform, ReformRefused
from zhida.engine.units import edge_unit
from zhida.kernel.period import NEVER

if TYPE_CHECKING:
    from zhida.engine.law import Law

# Money is rounded to whole fen unless the reform says otherwise: in yuan, as people write it.
_FEN = Decimal("0.01")
# Sums over a city must stay whole numbers of 64 bits.
_LARGEST = 10**16
# What a row of values may say beside its keys.
_ROW_WORDS = ("from", "until", "known_from", "value", "scale", "grade", "source", "law", "clause")
# Stands for every key that no entry names.
_OTHER = object()


def changed_parameters(law: Law, reform: Reform) -> list[Parameter]:
    """Return all parameters of a law as a reform leaves them. Raises: ReformRefused, ParameterUnreadable."""
    parameters = dict(law.published)
    for change in reform.parameters:
        parameters[change.name] = changed_parameter(law, reform, change)
    return list(parameters.values())


def changed_parameter(law: Law, reform: Reform, change: ParameterChange) -> Parameter:
    """Return one parameter as a reform leaves it; a name the law does not have is a new parameter, written in full."""
    known = law.published.get(change.name)
    if known is None:
        return _new(law, reform, change)
    if surplus := sorted({"unit", "threshold_unit", "by", "default", "label"} & change.forms.keys()):
        words = ", ".join(surplus)
        raise ReformRefused(
            change.place,
            f"参数 {change.name} 已有 {words}，改革不能改；请删去，或用新名称另立参数。",
            f"the law has '{change.name}' with its {words}, which a reform keeps. Leave that out, or add a parameter of another name.",
        )
    if "values" in change.forms or "value" in change.forms:
        return _with_entries(law, reform, change, known)
    return _recalculated(law, reform, change, known)


# ---- new numbers ------------------------------------------------------------------------------------------------------------------------


def _new(law: Law, reform: Reform, change: ParameterChange) -> Parameter:
    if "values" not in change.forms or "unit" not in change.forms:
        near = nearest(change.name, list(law.published))
        raise ReformRefused(
            change.place,
            f"没有参数 {change.name}" + (f"；是否想写 {near}？" if near else "；新增参数请写全 unit、label 和 values。"),
            f"there is no parameter '{change.name}'."
            + (f" Did you mean '{near}'?" if near else " Write a new one in full: unit, label and values."),
        )
    by = change.forms.get("by", [])
    if not isinstance(by, list):
        raise ReformRefused(change.place, f"参数 {change.name} 的 by 请写成列表。", f"write the 'by' of '{change.name}' as a list.")
    body = {**change.forms, "values": _rows(reform, change, change.forms["values"], [str(key) for key in by])}
    return _attributed(law, reform, _read(law, change, body))


def _with_entries(law: Law, reform: Reform, change: ParameterChange, known: Parameter) -> Parameter:
    """Add entries to a parameter. One value for all, and ``replace: true``, end the law's own values on the reform's first day."""
    one_value = "value" in change.forms
    written = [{"value": change.forms["value"]}] if one_value else change.forms["values"]
    values = _rows(reform, change, written, known.by)
    body = {"unit": known.written_unit, "by": list(known.by), "label": {"zh": known.label.zh, "en": known.label.en}, "values": values}
    if known.is_scale:
        body["threshold_unit"] = known.written_threshold_unit
    fresh = _attributed(law, reform, _read(law, change, body))
    if fresh.is_scale != known.is_scale:
        word = "scale" if known.is_scale else "value"
        raise ReformRefused(
            change.place, f"参数 {change.name} 的数值须用 {word}。", f"the values of '{change.name}' must be written with '{word}'."
        )
    kept = known.entries
    if one_value or change.forms.get("replace"):
        kept = tuple(_until(entry, reform.since) for entry in kept if entry.since < reform.since)
    return _together(known, kept, fresh)


def _rows(reform: Reform, change: ParameterChange, values: Any, by: Sequence[str]) -> Any:
    """Return the rows of values as a pack would write them: from the reform's first day where they do not say.

    A misspelt word is refused: a key that is not read would let the value apply to everybody.
    """
    if not isinstance(values, list):
        return values
    known = [*_ROW_WORDS, *by]
    for word in (word for row in values if isinstance(row, dict) for word in row if word not in known):
        near, listed = nearest(str(word), known), ", ".join(known)
        raise ReformRefused(
            change.place,
            f"参数 {change.name} 的数值里不认识“{word}”" + (f"；是否想写 {near}？" if near else f"；可用的是 {listed}。"),
            f"'{word}' is not known among the values of '{change.name}'."
            + (f" Did you mean '{near}'?" if near else f" These are: {listed}."),
        )
    return [{"from": reform.since, **row} if isinstance(row, dict) else row for row in values]


def _read(law: Law, change: ParameterChange, body: dict[str, Any]) -> Parameter:
    file, line = change.place
    try:
        return read_parameter(file, change.name, body, law.areas.names, line)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A pack's author is told by a traceback; a reform is written by anybody.
        raise ReformRefused(
            change.place,
            f"参数 {change.name} 的写法不对（{error}）；请照 packs 中的 parameters/*.yaml 写。",
            f"'{change.name}' is not written as a parameter is ({error}). Write it as in a pack's parameters/*.yaml.",
        ) from error


def _attributed(law: Law, reform: Reform, parameter: Parameter) -> Parameter:
    """Write the reform down as the source of every entry, and let the law of the day know of it."""
    return replace(parameter, entries=tuple(_attributed_entry(law, reform, entry) for entry in parameter.entries))


def _attributed_entry(law: Law, reform: Reform, entry: Entry) -> Entry:
    return replace(entry, source=_source(reform, entry.source), known_from=min(entry.since, law.as_of or entry.since))


def _source(reform: Reform, written: str) -> str:
    return f"{reform.source}；{written}" if written else reform.source


def _until(entry: Entry, day: date) -> Entry:
    return replace(entry, until=min(entry.until, day))


def _together(known: Parameter, kept: Sequence[Entry], fresh: Parameter) -> Parameter:
    """Join a parameter's own entries and new ones, on the same decimals and the same list of codes."""
    scale, threshold_scale = max(known.scale, fresh.scale), max(known.threshold_scale, fresh.threshold_scale)
    codes = (*known.codes, *(code for code in fresh.codes if code not in known.codes))
    entries = [_rescaled(entry, known, scale, threshold_scale) for entry in kept]
    for entry in fresh.entries:
        if fresh.codes and isinstance(entry.value, int) and entry.value:
            entry = replace(entry, value=codes.index(fresh.codes[entry.value - 1]) + 1)
        entries.append(_rescaled(entry, fresh, scale, threshold_scale))
    default = None if known.default is None else known.default * 10 ** (scale - known.scale)
    return replace(known, entries=tuple(entries), scale=scale, threshold_scale=threshold_scale, codes=codes, default=default)


def _rescaled(entry: Entry, parameter: Parameter, scale: int, threshold_scale: int) -> Entry:
    factor, threshold_factor = 10 ** (scale - parameter.scale), 10 ** (threshold_scale - parameter.threshold_scale)
    if isinstance(entry.value, Scale):
        thresholds = tuple(threshold * threshold_factor for threshold in entry.value.thresholds)
        return replace(entry, value=Scale(thresholds, tuple(amount * factor for amount in entry.value.amounts)))
    return entry if entry.value is None or factor == 1 else replace(entry, value=entry.value * factor)


# ---- numbers recalculated ---------------------------------------------------------------------------------------------------------------


def _recalculated(law: Law, reform: Reform, change: ParameterChange, known: Parameter) -> Parameter:
    """Multiply and add to every value that applies on the reform's first day or later; what applied before stays."""
    if known.kind != "number":
        raise ReformRefused(
            change.place,
            f"参数 {change.name} 不是数字，不能乘或加；请写 values。",
            f"'{change.name}' is no number to multiply or add to. Write its values.",
        )
    calculate = _calculation(change, known)
    entries = list(_in_force(law.parameters[change.name], reform.since))
    exact = [number for entry in entries for number in _numbers(entry, known, calculate)]
    scale = max([known.scale, *(_decimals(change, number) for number in exact)])
    if max(exact, default=Fraction(0)) * 10**scale >= _LARGEST:
        raise ReformRefused(
            change.place,
            f"参数 {change.name} 会大得无法计算；请改小倍数。",
            f"'{change.name}' would be too large to reckon with. Multiply by less.",
        )
    if min(exact, default=Fraction(0)) < 0:
        raise ReformRefused(
            change.place, f"参数 {change.name} 会变成负数；请改小减少的数。", f"'{change.name}' would be below 0. Take less away."
        )
    changed = [_attributed_entry(law, reform, _calculated(entry, known, calculate, scale)) for entry in entries]
    before = tuple(_until(entry, reform.since) for entry in known.entries if entry.since < reform.since)
    fresh = replace(known, entries=tuple(changed), scale=scale, codes=())
    return _together(known, before, fresh)


def _calculation(change: ParameterChange, known: Parameter) -> Callable[[int], Fraction]:
    """Return what turns a value, a whole number of the parameter's scale, into the exact new value in fen (or its own unit)."""
    times, plus = Fraction(change.forms.get("multiply", 1)), Fraction(change.forms.get("add", 0))
    edge: int = 10 ** edge_unit(known.written_unit)[1]
    step = change.forms.get("round_to", _FEN if known.unit.power("fen") else None)

    def calculate(value: int) -> Fraction:
        written = Fraction(value, 10**known.scale * edge) * times + plus
        if step is not None:
            written = floor(written / Fraction(step) + Fraction(1, 2)) * Fraction(step)
        return written * edge

    return calculate


def _numbers(entry: Entry, known: Parameter, calculate: Callable[[int], Fraction]) -> list[Fraction]:
    if entry.value is None:
        return []
    return [calculate(value) for value in (entry.value.amounts if isinstance(entry.value, Scale) else (entry.value,))]


def _decimals(change: ParameterChange, number: Fraction) -> int:
    """Return the decimals a number needs. Raises: ReformRefused where it has more than a rule can carry."""
    for decimals in range(MAX_SCALE + 1):
        if (number * 10**decimals).denominator == 1:
            return decimals
    raise ReformRefused(
        change.place,
        f"参数 {change.name} 会多于 {MAX_SCALE} 位小数；请加 round_to（例如 0.01）。",
        f"'{change.name}' would have more than {MAX_SCALE} decimals. Add round_to, as 0.01.",
    )


def _calculated(entry: Entry, known: Parameter, calculate: Callable[[int], Fraction], scale: int) -> Entry:
    numbers = tuple(int(number * 10**scale) for number in _numbers(entry, known, calculate))
    if isinstance(entry.value, Scale):
        return replace(entry, value=Scale(entry.value.thresholds, numbers))
    return replace(entry, value=numbers[0] if numbers else None)


def _in_force(parameter: Parameter, day: date) -> Iterator[Entry]:
    """Yield what applies from a day on, spelled out: one entry for each set of keys and each span between two changes.

    Spelled out, because an old entry for a district and a newer one for the city cannot both be made to begin on the day: which of them
    applies hangs on which is newer.
    """
    days = [day, *(start for start in parameter.starts() if start > day)]
    named: list[list[Any]] = [[_OTHER, *parameter.named_keys(position)] for position in range(len(parameter.by))]
    for start, end in zip(days, [*days[1:], NEVER], strict=True):
        for combination in product(*named):
            found = parameter.entry_on(start, combination)
            if found is not None:
                yield replace(found, since=start, until=end, keys=tuple(() if key is _OTHER else (key,) for key in combination))
