"""Reads ``parameters/*.yaml``: text from outside, of which every mistake is refused by file, line and what to write instead.

parameters.py says what a file may hold. Reading is bounded: no anchors, no decimals without end, no more keys than a table can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import prod
from pathlib import Path
from typing import Any

from zhida.engine.entities import Kind
from zhida.engine.errors import ParameterUnreadable, nearest
from zhida.engine.graph import MAX_SCALE
from zhida.engine.parameter_yaml import read_text, written_parameters
from zhida.engine.parameters import Entry, Key, Parameter, Scale
from zhida.engine.units import BASES, NUMBER, Unit, edge_unit
from zhida.kernel.period import NEVER, days_since_epoch
from zhida.kernel.text import Text

# What a pack writes for a value that exists but that we have no source for.
NOT_FOUND = "not_found"
# Combinations of keys times values: what a program looks through to lay a parameter out. A value for each of 3,000 counties is 9 million.
PLACES_MAX = 10_000_000
# With two decimals of yuan and six more, as many digits before the point stay within 64 bits.
_DIGITS_MAX = 9
_BODY_WORDS = ("label", "unit", "by", "values", "law", "clause", "default", "threshold_unit")
_ROW_WORDS = ("from", "until", "known_from", "value", "scale", "grade", "source", "law", "clause")


def read_folder(folder: Path, areas: Mapping[str, Sequence[int]]) -> Iterator[Parameter]:
    """Read every parameter of a pack. areas: group name -> district codes. Raises: ParameterUnreadable."""
    for path in sorted(folder.glob("*.yaml")):
        yield from read_parameters(read_text(path), "/".join(path.parts[-3:]), areas)


def read_parameters(text: str, file: str, areas: Mapping[str, Sequence[int]]) -> Iterator[Parameter]:
    """Read the text of a file of parameters. file: what sentences call it. Raises: ParameterUnreadable."""
    for written in written_parameters(text, file):
        yield _Reading(file, written.name, areas, written.line, written.row_lines).parameter(written.body)


def read_parameter(file: str, name: str, body: Any, areas: Mapping[str, Sequence[int]], line: int = 1) -> Parameter:
    """Read one parameter as a pack's file would hold it. Raises: ParameterUnreadable, which names ``file``, ``line`` and ``name``."""
    return _Reading(file, name, areas, line, ()).parameter(body)


# ---- one parameter ----------------------------------------------------------------------------------------------------------------------


class _Reading:
    """Reads one parameter; every mistake names its file, its line and its name."""

    def __init__(self, file: str, name: str, areas: Mapping[str, Sequence[int]], line: int, row_lines: Sequence[int]) -> None:
        self.file, self.name, self.areas, self.line, self._row_lines = file, name, areas, line, row_lines
        self._at = line

    def fail(self, zh: str, en: str) -> ParameterUnreadable:
        return ParameterUnreadable(f"{self.file}:{self._at}", self.name, zh, en)

    def parameter(self, body: Any) -> Parameter:
        if not isinstance(body, dict) or not isinstance(body.get("values"), list) or not body["values"]:
            raise self.fail("缺少 values 列表；请列出带 from 的数值。", "it has no list of 'values'. List them, each with 'from'.")
        self._refuse_unknown(body, _BODY_WORDS)
        by = self._by(body.get("by", []))
        rows = [(line, *row) for line, raw in self._lined(body["values"]) for row in self._rows(raw, by)]
        self._at = self.line
        self._refuse_wide(by, [keys for _, keys, _ in rows])
        common: dict[str, Any] = {
            "name": self.name,
            "label": self._label(body.get("label", self.name)),
            "written_unit": str(body.get("unit", "1")),
            "by": by,
            "law": str(body.get("law", "")),
            "clause": str(body.get("clause", "")),
            "file": self.file,
            "line": self.line,
        }
        kind, unit, shift = self._unit(common["written_unit"])
        if any("scale" in row for _, _, row in rows):
            return self._scale_parameter(body, rows, unit, shift, common)
        return self._plain_parameter(body.get("default"), rows, (kind, unit, shift), common)

    def _lined(self, rows: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield rows with their lines, at which mistakes are reported from then on."""
        for position, row in enumerate(rows):
            self._at = self._row_lines[position] if position < len(self._row_lines) else self.line
            yield self._at, row

    def _plain_parameter(self, default: Any, rows: _Rows, unit: tuple[Kind, Unit, int], common: dict[str, Any]) -> Parameter:
        kind, base, shift = unit
        written = [(line, row["value"]) for line, _, row in rows if row["value"] != NOT_FOUND]
        if default is not None:
            written.append((self.line, default))
        codes = tuple(dict.fromkeys(str(value) for _, value in written if value != "none")) if kind == "code" else ()
        scale = self._decimals(written, shift) if kind == "number" else 0
        entries = []
        for line, keys, row in rows:
            self._at = line
            entries.append(self._entry(keys, row, self._value(row["value"], kind, shift, scale, codes)))
        self._refuse_twice(rows, entries)
        self._at = self.line
        fallback = None if default is None else self._value(default, kind, shift, scale, codes)
        return Parameter(kind=kind, unit=base, scale=scale, entries=tuple(entries), default=fallback, codes=codes, **common)

    def _scale_parameter(self, body: Any, rows: _Rows, unit: Unit, shift: int, common: dict[str, Any]) -> Parameter:
        bodies = [self._scale_body(line, row) for line, _, row in rows]
        has_rates = "rates" in rows[0][2]["scale"]
        self._at = self.line
        written_threshold = str(body.get("threshold_unit", "yuan" if has_rates and not unit.powers else body.get("unit", "1")))
        _, threshold_unit, threshold_shift = self._unit(written_threshold)
        if has_rates:
            unit, shift = NUMBER, 0
        amount_scale = self._decimals([(row[0], value) for row, (_, amounts) in zip(rows, bodies, strict=True) for value in amounts], shift)
        thresholds = [(row[0], value) for row, (starts, _) in zip(rows, bodies, strict=True) for value in starts]
        threshold_scale = self._decimals(thresholds, threshold_shift)
        entries = []
        for (line, keys, row), (starts, amounts) in zip(rows, bodies, strict=True):
            self._at = line
            scale = Scale(
                tuple(self._number(value, threshold_shift, threshold_scale) for value in starts),
                tuple(self._number(value, shift, amount_scale) for value in amounts),
            )
            entries.append(self._entry(keys, row, scale))
        self._refuse_twice(rows, entries)
        return Parameter(
            kind="number",
            unit=unit,
            scale=amount_scale,
            entries=tuple(entries),
            is_scale=True,
            threshold_unit=threshold_unit,
            threshold_scale=threshold_scale,
            written_threshold_unit=written_threshold,
            **common,
        )

    def _scale_body(self, line: int, row: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
        """Return thresholds and rates or amounts of one row."""
        self._at = line
        scale = row.get("scale")
        thresholds, amounts = (
            (scale.get("thresholds"), scale.get("rates", scale.get("amounts"))) if isinstance(scale, dict) else (None, None)
        )
        lists = isinstance(thresholds, list) and isinstance(amounts, list) and len(thresholds) == len(amounts) > 0
        if not lists or [self._as_decimal(value) for value in thresholds or []] != sorted(map(self._as_decimal, thresholds or [])):
            raise self.fail(
                "scale 的 thresholds 须递增，且与 rates/amounts 一样多。",
                "a scale needs rising 'thresholds' and as many 'rates' or 'amounts'.",
            )
        return list(thresholds or []), list(amounts or [])

    # -- the parts --

    def _refuse_unknown(self, body: Mapping[Any, Any], known: Sequence[str]) -> None:
        """A word that is misspelt would be left out: its value would apply to everybody, or never."""
        for word in body:
            if word not in known:
                near, listed = nearest(str(word), list(known)), ", ".join(known)
                raise self.fail(
                    f"不认识“{word}”" + (f"；是否想写 {near}？" if near else f"；可用的是 {listed}。"),
                    f"'{word}' is not known there." + (f" Did you mean '{near}'?" if near else f" These are: {listed}."),
                )

    def _by(self, written: Any) -> tuple[str, ...]:
        if not isinstance(written, list) or len(set(map(str, written))) != len(written):
            raise self.fail("by 须是键的列表，例如 [area]。", "'by' must be a list of different keys, as [area].")
        return tuple(map(str, written))

    def _label(self, written: Any) -> Text:
        if not isinstance(written, str) and not (isinstance(written, dict) and {"zh", "en"} <= written.keys()):
            raise self.fail("label 须写成 {zh: 中文, en: English}。", "'label' must be {zh: 中文, en: English}.")
        return Text.parse(written)

    def _unit(self, written: str) -> tuple[Kind, Unit, int]:
        if written in ("bool", "date", "code"):
            return written, NUMBER, 0  # type: ignore[return-value]
        try:
            unit, shift = edge_unit(written)
        except ValueError as error:
            known = ", ".join(("yuan", *BASES, "1"))
            raise self.fail(
                f"单位“{written}”不认识；可用的是 {known}。", f"'{written}' is not a unit; use {known}, or their products and quotients."
            ) from error
        return "number", unit, shift

    def _rows(self, row: Any, by: tuple[str, ...]) -> list[tuple[tuple[tuple[Key, ...], ...], dict[str, Any]]]:
        """Spread one written row over the codes its value (or scale) is a map of."""
        if not isinstance(row, dict) or "from" not in row or len({"value", "scale"} & row.keys()) != 1:
            raise self.fail("每个数值都要写 from 和 value（或 scale）。", "every value needs 'from' and 'value' (or 'scale').")
        self._refuse_unknown(row, (*_ROW_WORDS, *by))
        given = tuple(key for key in by if key in row)
        left = tuple(key for key in by if key not in row)
        field = "scale" if "scale" in row else "value"
        spread = self._spread(row[field], left, field)
        return [
            (tuple(self._keys(key, row[key]) if key in given else found[key] for key in by), {**row, field: value})
            for found, value in spread
        ]

    def _spread(self, value: Any, left: tuple[str, ...], field: str) -> list[tuple[dict[str, tuple[Key, ...]], Any]]:
        """Follow nested maps: one level for each of the last keys that the row itself does not name; keys without a level cover all."""
        depth = _depth(value) - (1 if field == "scale" else 0)
        if depth > len(left) or depth < 0:
            raise self.fail("value 的层数多于 by 中未写的键。", "its value is a map of more levels than 'by' has keys left.")
        open_keys, map_keys = left[: len(left) - depth], left[len(left) - depth :]
        found: list[tuple[dict[str, tuple[Key, ...]], Any]] = [({key: () for key in open_keys}, value)]
        for key in map_keys:
            if not all(isinstance(values, dict) for _, values in found):
                raise self.fail("value 各处的层数不同；请写成一样深的表。", "its value is a map that is not equally deep everywhere.")
            found = [({**keys, key: self._keys(key, code)}, inner) for keys, values in found for code, inner in values.items()]
        return found

    def _keys(self, name: str, written: Any) -> tuple[Key, ...]:
        """Return the alternatives one key of a row stands for; a group of areas becomes its districts."""
        items = written if isinstance(written, list) else [written]
        if not items or any(not isinstance(item, str | int) for item in items):
            raise self.fail(f"{name} 须是代码或整数。", f"'{name}' must be a code or a whole number, or a list of such.")
        if name != "area":
            return tuple(int(item) if isinstance(item, bool | int) else str(item) for item in items)
        districts = self.areas.get("city", ())
        codes: list[Key] = []
        for item in items:
            if isinstance(item, str) and item not in self.areas:
                known = ", ".join(self.areas)
                raise self.fail(
                    f"区域“{item}”不认识；可用的是 {known} 或区县代码。", f"the area '{item}' is unknown; use {known} or district codes."
                )
            found = self.areas[item] if isinstance(item, str) else [int(item)]
            if districts and any(code not in districts for code in found):
                raise self.fail(f"“{item}”不是区县代码；请改正。", f"'{item}' is none of the districts. Correct the code.")
            codes.extend(found)
        return tuple(dict.fromkeys(codes))

    def _refuse_wide(self, by: Sequence[str], keys: Sequence[tuple[tuple[Key, ...], ...]]) -> None:
        """A program lays all combinations of keys out in a table: there must be room for it."""
        places = prod(1 + len({key for row in keys for key in row[position]}) for position in range(len(by)))
        if places * len(keys) > PLACES_MAX:
            raise self.fail(
                f"键的组合与数值超过 {PLACES_MAX:,}；请分成几个参数。",
                f"its keys have more than {PLACES_MAX:,} combinations with its values. Split it into several parameters.",
            )

    def _entry(self, keys: tuple[tuple[Key, ...], ...], row: dict[str, Any], value: int | Scale | None) -> Entry:
        since = self._day(row["from"])
        until = self._day(row["until"]) if row.get("until") else NEVER
        known = self._day(row["known_from"]) if row.get("known_from") else since
        if until <= since:
            raise self.fail(
                f"until {until} 不晚于 from {since}；请改正。", f"'until' {until} is not after 'from' {since}. Correct one of them."
            )
        notes = {field: str(row.get(field, "")) for field in ("grade", "source", "law", "clause")}
        return Entry(since, until, known, keys, value, **notes)

    def _refuse_twice(self, rows: _Rows, entries: Sequence[Entry]) -> None:
        """Two values from one day for one key, both known on one day: nobody could say which applies."""
        taken: set[Any] = set()
        for (line, _, _), entry in zip(rows, entries, strict=True):
            self._at = line
            key = (entry.since, entry.known_from, entry.keys)
            if key in taken:
                raise self.fail(
                    f"同一键从 {entry.since} 起有两个数值；请只留一个。", f"it has two values from {entry.since} for one key. Keep one."
                )
            taken.add(key)

    # -- values --

    def _day(self, written: Any) -> date:
        try:
            return written if isinstance(written, date) else date.fromisoformat(str(written))
        except ValueError as error:
            raise self.fail(f"日期“{written}”须写成 2025-01-23。", f"'{written}' is not a date; write it as 2025-01-23.") from error

    def _decimals(self, values: Sequence[tuple[int, Any]], shift: int) -> int:
        """Return the decimals that hold all values, each given with its line."""
        most = 0
        for line, value in values:
            self._at = line
            most = max(most, _places(self._as_decimal(value).scaleb(shift)))
            if most > MAX_SCALE:
                raise self.fail(f"小数超过 {MAX_SCALE} 位。", f"it has more than {MAX_SCALE} decimals.")
        return most

    def _number(self, value: Any, shift: int, scale: int) -> int:
        return int(self._as_decimal(value).scaleb(shift + scale))

    def _as_decimal(self, value: Any) -> Decimal:
        try:
            number = value if isinstance(value, Decimal) else Decimal(str(value))
        except ArithmeticError as error:
            raise self.fail(f"“{value}”不是数字。", f"'{value}' is not a number.") from error
        if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
            raise self.fail(f"“{value}”太大或太小。", f"'{value}' is too large or too small a number.")
        return number

    def _value(self, value: Any, kind: Kind, shift: int, scale: int, codes: tuple[str, ...]) -> int | None:
        if value == NOT_FOUND:
            return None
        if kind == "number":
            return self._number(value, shift, scale)
        if kind == "date":
            return days_since_epoch(self._day(value))
        if kind == "code":
            return 0 if value == "none" else codes.index(str(value)) + 1
        if not isinstance(value, bool):
            raise self.fail(f"“{value}”须是 true 或 false。", f"'{value}' must be true or false.")
        return int(value)


# Of each value: its line, its keys and what is written there.
_Rows = list[tuple[int, tuple[tuple[Key, ...], ...], dict[str, Any]]]


def _depth(value: Any) -> int:
    return 1 + max((_depth(inner) for inner in value.values()), default=0) if isinstance(value, dict) else 0


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
