"""What persons used of capped spans: read once for a request, counted in memory, written back at once.

Whoever uses these holds the locks of the persons (``locking.lock_persons``), so that what was read is what is written on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from zhida.blocks.tills.models import UsageCounter
from zhida.blocks.tills.rules import Terms, Used, capped_periods

# Person, programme, period.
Key = tuple[int, str, str]


class Counters:
    def __init__(self, wanted: Iterable[tuple[int, str, Terms, date]]) -> None:
        """Read the counters of persons, programmes, wordings and days."""
        self._caps = {
            (person, programme, period): terms.caps[span]
            for person, programme, terms, day in wanted
            for span, period in capped_periods(terms, day)
        }
        self._used: dict[Key, Used] = {key: Used() for key in self._caps}
        self._before: dict[Key, tuple[int, int]] = {}
        if self._caps:
            self._read()

    def _read(self) -> None:
        persons, programmes, periods = (set(column) for column in zip(*self._caps, strict=True))
        # More than was asked for, by few rows: every person with every one of these programmes and periods.
        found = UsageCounter.objects.filter(person_no__in=persons, programme__in=programmes, period__in=periods)
        for person, programme, period, times, fen in found.values_list("person_no", "programme", "period", "times", "fen"):
            if (person, programme, period) in self._used:
                self._used[(person, programme, period)] = Used(times, fen)
        self._before = {key: (used.times, used.fen) for key, used in self._used.items()}

    def of(self, person: int, programme: str, terms: Terms, day: date) -> dict[str, Used]:
        """Return what a person used, by span; counted on in place."""
        return {span: self._used[(person, programme, period)] for span, period in capped_periods(terms, day)}

    def write(self, holds_caps: bool = True) -> None:
        """Write what changed, in the order of the unique key; the database refuses what is above its cap.

        holds_caps: false where something is given back, which may leave more than a cap that was lowered since.
        """
        changed = sorted(key for key, used in self._used.items() if (used.times, used.fen) != self._before[key])
        rows = [UsageCounter(person_no=key[0], programme=key[1], period=key[2], **self._fields(key)) for key in changed]
        fields = ["times", "fen", "times_max", "fen_max"] if holds_caps else ["times", "fen"]
        unique = ["person_no", "programme", "period"]
        UsageCounter.objects.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=fields)

    def _fields(self, key: Key) -> dict[str, int | None]:
        used, cap = self._used[key], self._caps[key]
        return {"times": used.times, "fen": used.fen, "times_max": cap.times, "fen_max": cap.fen}
