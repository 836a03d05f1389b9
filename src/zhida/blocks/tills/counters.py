"""What persons used of capped spans: read once for a request, counted in memory, written back at once.

Whoever uses these holds the locks of the persons (``locking.lock_persons``), so that what was read is what is written on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from zhida.blocks.tills import rows
from zhida.blocks.tills.rules import Terms, Used, capped_periods

# Person, programme, period.
Key = tuple[int, str, str]

_KEY_COLUMNS = {"person_no": "bigint", "programme": "text", "period": "text"}
_READ = """SELECT c.person_no, c.programme, c.period, c.times, c.fen FROM tills_usagecounter c
    JOIN {wanted} ON c.person_no = w.person_no AND c.programme = w.programme AND c.period = w.period"""
_COLUMNS = {**_KEY_COLUMNS, "times": "int", "fen": "bigint", "times_max": "int", "fen_max": "bigint"}
# What is added is added in the database, so that its constraints see the sum, whoever else counted meanwhile.
_ADD = """ON CONFLICT (person_no, programme, period) DO UPDATE SET times = tills_usagecounter.times + excluded.times,
    fen = tills_usagecounter.fen + excluded.fen, times_max = excluded.times_max, fen_max = excluded.fen_max"""
_GIVE_BACK = """UPDATE tills_usagecounter SET times = tills_usagecounter.times + r.times, fen = tills_usagecounter.fen + r.fen FROM {rows}
    WHERE tills_usagecounter.person_no = r.person_no AND tills_usagecounter.programme = r.programme
    AND tills_usagecounter.period = r.period"""


class Counters:
    def __init__(self, wanted: Iterable[tuple[int, str, Terms, date]]) -> None:
        """Read the counters of persons, programmes, wordings and days."""
        self._caps = {
            (person, programme, period): terms.caps[span]
            for person, programme, terms, day in wanted
            for span, period in capped_periods(terms, day)
        }
        self._before: dict[Key, tuple[int, int]] = self._read() if self._caps else {}
        self._used = {key: Used(*self._before.get(key, (0, 0))) for key in self._caps}

    def _read(self) -> dict[Key, tuple[int, int]]:
        found = rows.query(_READ.format(wanted=rows.unfolded("w", _KEY_COLUMNS)), json.dumps(list(self._caps)))
        return {(person, programme, period): (times, fen) for person, programme, period, times, fen in found}

    def of(self, person: int, programme: str, terms: Terms, day: date) -> dict[str, Used]:
        """Return what a person used, by span; counted on in place."""
        return {span: self._used[(person, programme, period)] for span, period in capped_periods(terms, day)}

    def add(self) -> None:
        """Write what was used more, in the order of the unique key; the database refuses what is above its cap."""
        rows.insert("tills_usagecounter", _COLUMNS, self._changes(), _ADD)

    def give_back(self) -> None:
        """Write what was used less. Caps stay as they are: one that was lowered since may still be below what was used."""
        rows.execute(_GIVE_BACK.format(rows=rows.unfolded("r", _COLUMNS)), json.dumps(self._changes()))

    def _changes(self) -> list[tuple[object, ...]]:
        """Return a row of _COLUMNS per counter that changed, with what was added to it."""
        found = []
        for key, used in sorted(self._used.items(), key=lambda each: each[0]):
            times, fen = self._before.get(key, (0, 0))
            if (used.times, used.fen) != (times, fen):
                found.append((*key, used.times - times, used.fen - fen, self._caps[key].times, self._caps[key].fen))
        return found
