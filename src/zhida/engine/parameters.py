"""Numbers of the law: dated, by area or any code, each with its source. Read from a pack's ``parameters/*.yaml``.

    dibao_standard:
      label: {zh: 最低生活保障标准, en: Minimum living standard}
      unit: yuan/month                      # yuan becomes fen on reading
      by: [area]                            # area, any code, any whole number; several are allowed
      values:
        - {from: 2021-01-01, known_from: 2021-01-05, area: [330127], value: 955, grade: A, source: ...}
        - {from: 2022-10-01, area: city, value: 1216}
        - {from: 2023-01-01, until: 2024-01-01, value: {tertiary: 800, other_hospital: 500}}     # the last keys may be spelled as a map
        - {from: 2023-01-01, scale: {thresholds: [0, 40000], rates: [0.82, 0.88]}}                # or amounts: [...]

**Which value applies** on a day to a key: of the entries that cover it (``from <= day < until``, the area listed directly or through a
group), the newest ``from``; of equally new ones, the one that names the fewest areas, so a district's own value beats the city's.
A later city-wide value therefore ends a district's older one, as 全市统一 notices do. ``known_from`` (default: ``from``) is the day of
publication: a law as of an earlier day does not contain the entry. ``default:`` gives keys that no entry names a value; without it their
value is unknown, and the answer names ``law.<parameter>``; so it is where the written value is ``not_found``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from zhida.engine.entities import Kind
from zhida.engine.errors import ParameterUnreadable, ParameterWithoutValue
from zhida.engine.graph import MAX_SCALE
from zhida.engine.units import NUMBER, Unit, edge_unit
from zhida.kernel.period import NEVER, days_since_epoch
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import SafeLoader

# A key as written: an area code, a whole number, a code or true/false. None covers every key.
Key = int | str | None
# What a pack writes for a value that exists but that we have no source for.
NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Scale:
    """Thresholds and what applies from each of them on, as whole numbers of the parameter's scales."""

    thresholds: tuple[int, ...]
    amounts: tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One dated value for one set of keys. ``keys`` has one tuple of alternatives per key; an empty one covers all.

    value None: there is a value, but it was not found (``value: not_found``); who needs it is unknown.
    """

    since: date
    until: date
    known_from: date
    keys: tuple[tuple[Key, ...], ...]
    value: int | Scale | None
    grade: str = ""
    source: str = ""
    law: str = ""
    clause: str = ""

    @property
    def breadth(self) -> int:
        return sum(len(key) or 10**6 for key in self.keys)

    def covers(self, keys: Sequence[Key]) -> bool:
        return all(not own or key in own for own, key in zip(self.keys, keys, strict=True))


@dataclass(frozen=True)
class Parameter:
    """A number of the law with all its values. ``scale``: decimals of every value; ``threshold_*`` for scales."""

    name: str
    label: Text
    kind: Kind
    unit: Unit
    scale: int
    by: tuple[str, ...]
    entries: tuple[Entry, ...]
    law: str = ""
    clause: str = ""
    file: str = ""
    is_scale: bool = False
    threshold_unit: Unit = NUMBER
    threshold_scale: int = 0
    default: int | None = None
    codes: tuple[str, ...] = ()
    # The units as the file writes them: yuan, where ``unit`` is fen.
    written_unit: str = "1"
    written_threshold_unit: str = "1"

    def entry_on(self, day: date, keys: Sequence[Key] = ()) -> Entry | None:
        """Return the entry that applies on a day to keys, or None."""
        fitting = [entry for entry in self.entries if entry.since <= day < entry.until and entry.covers(keys)]
        return max(fitting, key=lambda entry: (entry.since, -entry.breadth), default=None)

    def known_on(self, day: date) -> Parameter:
        """Return the parameter as the law of that day had it."""
        return Parameter(**{**self.__dict__, "entries": tuple(entry for entry in self.entries if entry.known_from <= day)})

    def named_keys(self, position: int) -> list[Key]:
        """List the keys that any entry names at a position, in order of appearance."""
        return list(dict.fromkeys(key for entry in self.entries for key in entry.keys[position]))

    def starts(self) -> list[date]:
        """List the days on which some value begins or ends."""
        days = {entry.since for entry in self.entries} | {entry.until for entry in self.entries if entry.until < NEVER}
        return sorted(days)

    def refuse_gaps(self, day: date, districts: Sequence[int], where: str) -> None:
        """Raise ParameterWithoutValue unless there is a value on the day: for every district where the parameter is by area."""
        if self.default is not None:
            return
        area = self.by.index("area") if "area" in self.by else None
        for district in districts if area is not None else [None]:
            fitting = (e for e in self.entries if e.since <= day < e.until)
            if not any(area is None or not e.keys[area] or district in e.keys[area] for e in fitting):
                raise ParameterWithoutValue(self.name, day.isoformat(), str(district or ""), where)


# ---- reading ----------------------------------------------------------------------------------------------------------------------------


def read_folder(folder: Path, areas: Mapping[str, Sequence[int]]) -> Iterator[Parameter]:
    """Read every parameter of a pack. areas: group name -> district codes. Raises: ParameterUnreadable."""
    for path in sorted(folder.glob("*.yaml")):
        place = "/".join(path.parts[-3:])
        try:
            raw = yaml.load(path.read_text(encoding="utf-8"), WrittenLoader)
        except yaml.YAMLError as error:
            raise ParameterUnreadable(place, path.stem, f"YAML 有误（{error}）", f"the YAML is wrong ({error})") from error
        for name, body in (raw or {}).items():
            yield _Reading(place, str(name), areas).parameter(body)


def read_parameter(file: str, name: str, body: Any, areas: Mapping[str, Sequence[int]]) -> Parameter:
    """Read one parameter as a pack's file would hold it. Raises: ParameterUnreadable, which names ``file`` and ``name``."""
    return _Reading(file, name, areas).parameter(body)


class WrittenLoader(SafeLoader):  # type: ignore[misc, valid-type]
    """Keeps decimals as they are written: 0.3 is three tenths, not a float."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)))


def _written(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


WrittenLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
# Dates are read by the parameter they belong to, so that an impossible one is refused by its name.
WrittenLoader.add_constructor("tag:yaml.org,2002:timestamp", _written)


class _Reading:
    """Reads one parameter; every mistake names its file and name."""

    def __init__(self, file: str, name: str, areas: Mapping[str, Sequence[int]]) -> None:
        self.file, self.name, self.areas = file, name, areas

    def fail(self, zh: str, en: str) -> ParameterUnreadable:
        return ParameterUnreadable(self.file, self.name, zh, en)

    def parameter(self, body: Any) -> Parameter:
        if not isinstance(body, dict) or not isinstance(body.get("values"), list) or not body["values"]:
            raise self.fail("缺少 values 列表；请列出带 from 的数值。", "it has no list of 'values'. List them, each with 'from'.")
        by = tuple(str(key) for key in body.get("by", ()))
        rows = [row for raw in body["values"] for row in self._rows(raw, by)]
        is_scale = any("scale" in row for _, row in rows)
        kind, unit, shift = self._unit(str(body.get("unit", "1")))
        common: dict[str, Any] = {
            "name": self.name,
            "written_unit": str(body.get("unit", "1")),
            "by": by,
            "law": str(body.get("law", "")),
            "clause": str(body.get("clause", "")),
            "file": self.file,
        }
        label = Text.parse(body.get("label", self.name))
        if is_scale:
            return self._scale_parameter(body, rows, unit, shift, {**common, "label": label})
        codes = tuple(dict.fromkeys(str(row["value"]) for _, row in rows if row["value"] != NOT_FOUND)) if kind == "code" else ()
        default = body.get("default")
        written = [row["value"] for _, row in rows if row["value"] != NOT_FOUND] + ([default] if default is not None else [])
        scale = self._decimals(written, shift) if kind == "number" else 0
        entries = tuple(self._entry(keys, row, self._value(row["value"], kind, shift, scale, codes)) for keys, row in rows)
        fallback = None if default is None else self._value(default, kind, shift, scale, codes)
        return Parameter(kind=kind, unit=unit, scale=scale, entries=entries, default=fallback, codes=codes, label=label, **common)

    def _scale_parameter(self, body: Any, rows: Any, unit: Unit, shift: int, common: dict[str, Any]) -> Parameter:
        bodies = [row["scale"] for _, row in rows]
        has_rates = "rates" in bodies[0]
        written = str(body.get("threshold_unit", "yuan" if has_rates and not unit.powers else body.get("unit", "1")))
        _, threshold_unit, threshold_shift = self._unit(written)
        if has_rates:
            unit, shift = NUMBER, 0
        amounts = [scale.get("rates", scale.get("amounts")) for scale in bodies]
        thresholds = [scale.get("thresholds") for scale in bodies]
        if any(not t or not a or len(t) != len(a) or list(t) != sorted(t) for t, a in zip(thresholds, amounts, strict=True)):
            raise self.fail(
                "scale 的 thresholds 须递增，且与 rates/amounts 一样多。",
                "a scale needs rising 'thresholds' and as many 'rates' or 'amounts'.",
            )
        amount_scale = self._decimals([value for values in amounts for value in values], shift)
        threshold_scale = self._decimals([value for values in thresholds for value in values], threshold_shift)
        entries = []
        for (keys, row), t, a in zip(rows, thresholds, amounts, strict=True):
            scale = Scale(
                tuple(self._number(value, threshold_shift, threshold_scale) for value in t),
                tuple(self._number(value, shift, amount_scale) for value in a),
            )
            entries.append(self._entry(keys, row, scale))
        return Parameter(
            kind="number",
            unit=unit,
            scale=amount_scale,
            entries=tuple(entries),
            is_scale=True,
            threshold_unit=threshold_unit,
            threshold_scale=threshold_scale,
            written_threshold_unit=written,
            **common,
        )

    def _unit(self, written: str) -> tuple[Kind, Unit, int]:
        if written in ("bool", "date", "code"):
            return written, NUMBER, 0  # type: ignore[return-value]
        try:
            unit, shift = edge_unit(written)
        except ValueError as error:
            raise self.fail(
                f"单位“{written}”不认识。", f"'{written}' is not a unit; use yuan, fen, month, year, day, m2, hour, kWh, bp or 1."
            ) from error
        return "number", unit, shift

    def _rows(self, row: Any, by: tuple[str, ...]) -> list[tuple[tuple[tuple[Key, ...], ...], dict[str, Any]]]:
        """Spread one written row over the codes its value (or scale) is a map of."""
        if not isinstance(row, dict) or "from" not in row or not ({"value", "scale"} & row.keys()):
            raise self.fail("每个数值都要写 from 和 value（或 scale）。", "every value needs 'from' and 'value' (or 'scale').")
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
            found = [({**keys, key: self._keys(key, code)}, inner) for keys, values in found for code, inner in values.items()]
        return found

    def _keys(self, name: str, written: Any) -> tuple[Key, ...]:
        """Return the alternatives one key of a row stands for; a group of areas becomes its districts."""
        items = written if isinstance(written, list) else [written]
        if name != "area":
            return tuple(int(item) if isinstance(item, bool | int) else str(item) for item in items)
        codes: list[Key] = []
        for item in items:
            if isinstance(item, str) and item not in self.areas:
                known = ", ".join(self.areas)
                raise self.fail(
                    f"区域“{item}”不认识；可用的是 {known} 或区县代码。", f"the area '{item}' is unknown; use {known} or district codes."
                )
            codes.extend(self.areas[item] if isinstance(item, str) else [int(item)])
        return tuple(dict.fromkeys(codes))

    def _entry(self, keys: tuple[tuple[Key, ...], ...], row: dict[str, Any], value: int | Scale | None) -> Entry:
        since = self._day(row["from"])
        until = self._day(row["until"]) if row.get("until") else NEVER
        known = self._day(row["known_from"]) if row.get("known_from") else since
        notes = {field: str(row.get(field, "")) for field in ("grade", "source", "law", "clause")}
        return Entry(since, until, known, keys, value, **notes)

    def _day(self, written: Any) -> date:
        try:
            return written if isinstance(written, date) else date.fromisoformat(str(written))
        except ValueError as error:
            raise self.fail(f"日期“{written}”须写成 2025-01-23。", f"'{written}' is not a date; write it as 2025-01-23.") from error

    def _decimals(self, values: Sequence[Any], shift: int) -> int:
        scale = max((_places(self._as_decimal(value).scaleb(shift)) for value in values), default=0)
        if scale > MAX_SCALE:
            raise self.fail(f"小数超过 {MAX_SCALE} 位。", f"it has more than {MAX_SCALE} decimals.")
        return scale

    def _number(self, value: Any, shift: int, scale: int) -> int:
        return int(self._as_decimal(value).scaleb(shift + scale))

    def _as_decimal(self, value: Any) -> Decimal:
        try:
            return value if isinstance(value, Decimal) else Decimal(str(value))
        except ArithmeticError as error:
            raise self.fail(f"“{value}”不是数字。", f"'{value}' is not a number.") from error

    def _value(self, value: Any, kind: Kind, shift: int, scale: int, codes: tuple[str, ...]) -> int | None:
        if value == NOT_FOUND:
            return None
        if kind == "number":
            return self._number(value, shift, scale)
        if kind == "date":
            return days_since_epoch(self._day(value))
        if kind == "code":
            return codes.index(str(value)) + 1
        return int(bool(value))


def _depth(value: Any) -> int:
    return 1 + max((_depth(inner) for inner in value.values()), default=0) if isinstance(value, dict) else 0


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def key_number(key: Key, codes: tuple[str, ...]) -> int:
    """Return the whole number by which a written key meets the values of a formula: a code's position, else the number itself."""
    if isinstance(key, str):
        return 0 if key == "none" else codes.index(key) + 1
    return int(key or 0)
