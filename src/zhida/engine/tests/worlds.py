"""Random small worlds: households of the sample facts with gaps, as Arrow tables and household by household."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

from zhida.engine.api import HOUSE_FACTS, Batch, FactDefinition, HouseholdFacts
from zhida.engine.tests.sample.entities import CITY, FACTS
from zhida.kernel.period import NEVER, days_since_epoch

_TYPES = {"bool": pa.bool_(), "date": pa.date32(), "code": pa.int8(), "organisation": pa.string()}
_NEVER = days_since_epoch(NEVER)
_KEYS = {(fact.entity, fact.name) for fact in HOUSE_FACTS}


class World:
    """Some households, each with 0 to 4 persons and some claims. The same seed gives the same world."""

    def __init__(self, seed: int, households: int, gaps: float) -> None:
        self._random, self._gaps = random.Random(seed), gaps
        self.columns: dict[str, dict[str, list[Any]]] = {entity: {} for entity in ("person", "household", "claim")}
        self.household_nos = [330106000000 + 3 * number for number in range(households)]
        owners = [number for number in self.household_nos for _ in range(self._random.choice((0, 1, 1, 2, 3, 4)))]
        residents = self._random.sample(range(1, 10 * len(owners) + 10), len(owners))
        pairs = sorted((owners[i], residents[i]) for i in range(len(owners)) for _ in range(self._random.choice((0, 0, 0, 1, 2))))
        self.columns["household"] = {"household_no": self.household_nos}
        self.columns["person"] = {"household_no": owners, "resident_no": residents}
        self.columns["claim"] = {
            "household_no": [p[0] for p in pairs],
            "resident_no": [p[1] for p in pairs],
            "claim_no": list(range(len(pairs))),
        }
        for fact in (*HOUSE_FACTS, *FACTS):
            columns = self.columns[fact.entity]
            if fact.name not in columns:
                columns[fact.name] = [self._value(fact) for _ in columns["household_no"]]

    def _value(self, fact: FactDefinition) -> Any:
        draw = self._random
        if (fact.entity, fact.name) not in _KEYS and draw.random() < self._gaps:
            return None
        match fact.dtype:
            case "bool":
                return draw.random() < 0.5
            case "date":
                return draw.choice((_NEVER, 19417, draw.randint(-20000, 20500), draw.randint(20300, 20400)))
            case "code":
                return draw.randint(0, len(fact.codes))
            case "organisation":
                return draw.choice((None, "91330100MA2TEST001"))
            case "area6" | "area" | "area12":
                return draw.choice((*CITY, 110105))
            case "integer":
                return draw.randint(0, 5)
        return draw.choice((0, 1, draw.randint(0, 10**6), draw.randint(-1000, 10**7)))

    def _table(self, entity: str, first: int, last: int) -> pa.Table:
        """Return the rows of the households from one position to another."""
        chosen = set(self.household_nos[first:last])
        columns = self.columns[entity]
        keep = [row for row, number in enumerate(columns["household_no"]) if number in chosen]
        arrays = {}
        for fact in (*HOUSE_FACTS, *FACTS):
            if fact.entity == entity:
                kind = _TYPES.get(fact.dtype, pa.int64())
                values = [columns[fact.name][row] for row in keep]
                arrays[fact.name] = pa.array(values, pa.int32()).cast(kind) if kind == pa.date32() else pa.array(values, kind)
        return pa.table(arrays)

    def batch(self, first: int = 0, last: int | None = None) -> Batch:
        end = len(self.household_nos) if last is None else last
        person, household, claim = (self._table(entity, first, end) for entity in ("person", "household", "claim"))
        return Batch.from_arrow(person, household, claim, FACTS)

    def household(self, position: int) -> HouseholdFacts:
        tables = [self._table(entity, position, position + 1).to_pydict() for entity in ("person", "household", "claim")]
        return HouseholdFacts(tables[0], {name: values[0] for name, values in tables[1].items()}, tables[2])

    def rows(self, entity: str, position: int) -> list[int]:
        number = self.household_nos[position]
        return [row for row, owner in enumerate(self.columns[entity]["household_no"]) if owner == number]
