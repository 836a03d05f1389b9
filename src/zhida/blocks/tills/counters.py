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
_ADD = "ON CONFLICT (person_no, programme, period) DO UPDATE SET times = excluded.times, fen = excluded.fen"
_ADD_UP_TO_CAP = _ADD + ", times_max = excluded.times_max, fen_max = excluded.fen_max"


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

    def write(self, holds_caps: bool = True) -> None:
        """Write what changed, in the order of the unique key; the database refuses what is above its cap.

        holds_caps: false where something is given back, which may leave more than a cap that was lowered since.
        """
        changed = sorted(key for key, used in self._used.items() if (used.times, used.fen) != self._before.get(key, (0, 0)))
        written = [(*key, self._used[key].times, self._used[key].fen, self._caps[key].times, self._caps[key].fen) for key in changed]
        rows.insert("tills_usagecounter", _COLUMNS, written, _ADD_UP_TO_CAP if holds_caps else _ADD)
