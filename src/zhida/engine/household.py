"""One household's facts, as the counter has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from zhida.engine.errors import BatchDisordered, ColumnMissing
from zhida.kernel.period import days_since_epoch


@dataclass
class HouseholdFacts:
    """person and claim: fact -> values in row order; household: fact -> value (or a list of one).

    Values are as in the snapshot: whole numbers, booleans, dates (``date`` or days), code positions, organisation numbers as text; None is
    unknown (for organisations: none). person must hold ``resident_no``; claim too, where there are claims.
    """

    person: Mapping[str, Sequence[Any]]
    household: Mapping[str, Any]
    claim: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        return {"person": _length(self.person), "household": 1, "claim": _length(self.claim)}


def _length(columns: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(columns.values()), ()))


class Rows:
    """A household ready for the scalar evaluator: plain ints, bools and None, and which row belongs to which."""

    def __init__(self, facts: Any, dtypes: Mapping[tuple[str, str], str]) -> None:
        claims = getattr(facts, "claim", None) or {}
        self.tables: dict[str, Mapping[str, Any]] = {"person": facts.person, "household": facts.household, "claim": claims}
        self.counts = {"person": _length(facts.person), "household": 1, "claim": _length(claims)}
        self._dtypes = dtypes
        self._parents: dict[tuple[str, str], list[int]] = {}

    def values(self, entity: str, name: str) -> list[Any]:
        table = self.tables[entity]
        if name not in table:
            if not self.counts[entity]:
                return []
            raise ColumnMissing(entity, name)
        found = table[name]
        listed = list(found) if isinstance(found, list | tuple) or hasattr(found, "tolist") else [found]
        if self._dtypes.get((entity, name)) == "organisation":
            return [int(value is not None and value != 0) for value in listed]
        return [_plain(value) for value in listed]

    def parents(self, lower: str, higher: str) -> list[int]:
        """For each row of ``lower`` its row of ``higher``."""
        key = (lower, higher)
        if key not in self._parents:
            if higher == "household":
                self._parents[key] = [0] * self.counts[lower]
            else:
                position = {number: row for row, number in enumerate(self.tables[higher]["resident_no"])}
                numbers = self.tables[lower].get("resident_no", ())
                if not position.keys() >= set(numbers):
                    raise BatchDisordered(lower)
                self._parents[key] = [position[number] for number in numbers]
        return self._parents[key]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return days_since_epoch(value) if isinstance(value, date) else int(value)
