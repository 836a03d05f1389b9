"""Random small worlds: rows of a tree's root with all below them and gaps in the facts, as Arrow tables and root by root."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from zhida.engine.api import HOUSE_FACTS, Batch, Entity, FactDefinition, RootFacts
from zhida.engine.entities import identity_facts
from zhida.engine.tests.sample.entities import CITY, FACTS, Household
from zhida.kernel.period import NEVER, Month, days_since_epoch

_TYPES = {"bool": pa.bool_(), "date": pa.date32(), "month": pa.date32(), "code": pa.int8(), "organisation": pa.string()}
_NEVER = days_since_epoch(NEVER)
_PERIOD = Month(2025, 10)
# How many rows a row has below it: near the root, and further down.
_NEAR, _FAR, _MONTHLY = (0, 1, 1, 2, 3, 4), (0, 0, 0, 1, 2), (0, 1, 4, 9)


class World:
    """Some rows of a root (households, unless said otherwise). The same seed gives the same world."""

    def __init__(self, seed: int, roots: int, gaps: float, root: Entity = Household, facts: Sequence[FactDefinition] = FACTS) -> None:
        self._random, self._gaps, self.root = random.Random(seed), gaps, root
        house = HOUSE_FACTS if root.name == "household" else ()
        identities = [fact for entity in root.tree() for fact in identity_facts(entity)]
        self._always = {(fact.entity, fact.name) for fact in (*identities, *house)}
        self.facts = {(fact.entity, fact.name): fact for fact in (*identities, *house, *facts)}
        self.root_nos = [330106000000 + 3 * number for number in range(roots)]
        self.columns: dict[str, dict[str, list[Any]]] = {}
        for entity in root.tree():
            self.columns[entity.name] = self._identities(entity)
        for fact in self.facts.values():
            columns = self.columns[fact.entity]
            if fact.name not in columns:
                columns[fact.name] = [self._value(fact) for _ in columns[root.key]]

    def _identities(self, entity: Entity) -> dict[str, list[Any]]:
        """Number the rows and say what each belongs to: sorted by root, in no order inside one."""
        draw, parent = self._random, entity.parent
        if parent is None:
            return {entity.key: self.root_nos}
        above = self.columns[parent.name]
        monthly = any(fact.dtype == "month" for (owner, _), fact in self.facts.items() if owner == entity.name)
        choices = _MONTHLY if monthly else _NEAR if parent is self.root else _FAR
        owners = list(zip(above[self.root.key], above[parent.key], strict=True))
        rows = sorted((root, draw.random(), owner) for root, owner in owners for _ in range(draw.choice(choices)))
        numbers = draw.sample(range(1, 10 * len(rows) + 10), len(rows))
        return {self.root.key: [row[0] for row in rows], parent.key: [row[2] for row in rows], entity.key: numbers}

    def _value(self, fact: FactDefinition) -> Any:
        draw = self._random
        if (fact.entity, fact.name) not in self._always and draw.random() < self._gaps:
            return None
        match fact.dtype:
            case "bool":
                return draw.random() < 0.5
            case "date":
                return draw.choice((_NEVER, 19417, draw.randint(-20000, 20500), draw.randint(20300, 20400)))
            case "month":
                back = draw.choice((draw.randint(1, 6), draw.randint(-1, 16), draw.randint(55, 70)))
                return days_since_epoch(_PERIOD.shifted(-back).start)
            case "code":
                return draw.randint(0, len(fact.codes))
            case "organisation":
                return draw.choice((None, "91330100MA2TEST001"))
            case "area6" | "area" | "area12":
                return draw.choice((*CITY, 110105))
            case "integer":
                return draw.randint(0, 5)
            case "resident":
                return draw.randint(1, 2)
        return draw.choice((0, 1, draw.randint(0, 10**6), draw.randint(-1000, 10**7)))

    def _table(self, entity: str, first: int, last: int) -> pa.Table:
        """Return the rows of the roots from one position to another."""
        chosen = set(self.root_nos[first:last])
        columns = self.columns[entity]
        keep = [row for row, number in enumerate(columns[self.root.key]) if number in chosen]
        arrays = {}
        for fact in self.facts.values():
            if fact.entity == entity:
                kind = _TYPES.get(fact.dtype, pa.int64())
                values = [columns[fact.name][row] for row in keep]
                arrays[fact.name] = pa.array(values, pa.int32()).cast(kind) if kind == pa.date32() else pa.array(values, kind)
        return pa.table(arrays)

    def batch(self, first: int = 0, last: int | None = None) -> Batch:
        end = len(self.root_nos) if last is None else last
        return Batch.from_tables({name: self._table(name, first, end) for name in self.columns}, self.root, self.facts.values())

    def alone(self, position: int) -> RootFacts:
        """Return one root and all below it."""
        return RootFacts({name: self._table(name, position, position + 1).to_pydict() for name in self.columns})

    def rows(self, entity: str, position: int) -> list[int]:
        number = self.root_nos[position]
        return [row for row, owner in enumerate(self.columns[entity][self.root.key]) if owner == number]
