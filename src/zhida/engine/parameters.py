"""Numbers of the law: dated, by area or any code, each with its source. parameter_files.py reads them from a pack's ``parameters/*.yaml``.

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

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zhida.engine.entities import Kind
from zhida.engine.errors import ParameterWithoutValue, Place
from zhida.engine.units import NUMBER, Unit
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

# A key as written: an area code, a whole number, a code or true/false. None covers every key.
Key = int | str | None


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
    line: int = 1
    is_scale: bool = False
    threshold_unit: Unit = NUMBER
    threshold_scale: int = 0
    default: int | None = None
    codes: tuple[str, ...] = ()
    # The units as the file writes them: yuan, where ``unit`` is fen.
    written_unit: str = "1"
    written_threshold_unit: str = "1"

    @property
    def written_at(self) -> str:
        return f"{self.file}:{self.line}"

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

    def refuse_gaps(self, day: date, districts: Sequence[int], use: Place, rule: str) -> None:
        """Raise ParameterWithoutValue unless there is a value on the day: for every district where the parameter is by area.

        use, rule: the line of a formula that needs it, and whose formula that is.
        """
        if self.default is not None:
            return
        area = self.by.index("area") if "area" in self.by else None
        fitting = [entry for entry in self.entries if entry.since <= day < entry.until]
        for district in districts if area is not None else [None]:
            if not any(area is None or not entry.keys[area] or district in entry.keys[area] for entry in fitting):
                raise ParameterWithoutValue(use, self.name, self.written_at, day.isoformat(), str(district or ""), rule)


def key_number(key: Key, codes: tuple[str, ...]) -> int:
    """Return the whole number by which a written key meets the values of a formula: a code's position, else the number itself."""
    if isinstance(key, str):
        return 0 if key == "none" else codes.index(key) + 1
    return int(key or 0)
