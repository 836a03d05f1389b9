"""One household's facts, as the counter has them; or those of one employer, building, course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zhida.engine.entities import Entity
from zhida.engine.errors import BatchDisordered, ColumnMissing, FactUnusable, RowOfAnother, TableMissing
from zhida.engine.fact_values import Reader


@dataclass
class RootFacts:
    """One row of a tree's root and everything below it, by entity: fact -> values in row order (for the root: the value itself will do).

    Values are as in the snapshot: whole numbers, booleans, dates (``date`` or days), code positions, organisation numbers as text; None is
    unknown (for organisations: none). A row below the root's own rows holds its parent's number, and whoever has rows below him his own.
    """

    tables: Mapping[str, Mapping[str, Any]]


@dataclass
class HouseholdFacts:
    """RootFacts of the tree of residents. person and claim: fact -> values in row order; household: fact -> value (or a list of one).

    person must hold ``resident_no``; claim too, where there are claims.
    """

    person: Mapping[str, Sequence[Any]]
    household: Mapping[str, Any]
    claim: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        return {"person": _length(self.person), "household": 1, "claim": _length(self.claim)}


def _length(columns: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(columns.values()), ()))


def tables_of(facts: Any) -> dict[str, Mapping[str, Any]]:
    """Return facts by entity, as they were given."""
    if hasattr(facts, "tables"):
        return dict(facts.tables)
    return {"person": facts.person, "household": facts.household, "claim": getattr(facts, "claim", None) or {}}


class Rows:
    """A household ready for the scalar evaluator: plain ints, bools and None, and which row belongs to which.

    facts: RootFacts, or anything with the fields of HouseholdFacts. needed: entities whose tables must be there.
    Raises: TableMissing, RowOfAnother.
    """

    def __init__(self, facts: Any, readers: Mapping[tuple[str, str], Reader], root: Entity, needed: Iterable[str] = ()) -> None:
        self.tables = tables_of(facts)
        for entity in (root.name, *needed):
            if entity not in self.tables:
                raise TableMissing(entity)
        self.counts = {name: 1 if name == root.name else _length(table) for name, table in self.tables.items()}
        self._root, self._readers = root, readers
        self._parents: dict[tuple[str, str], list[int]] = {}
        self._refuse_rows_of_another()

    def _refuse_rows_of_another(self) -> None:
        """Raise RowOfAnother for a row below the root that names another one as its own."""
        key = self._root.key
        for own in _listed(self.tables[self._root.name].get(key, ())):
            for entity, table in self.tables.items():
                for number in table.get(key, ()) if entity != self._root.name else ():
                    if number != own:
                        raise RowOfAnother(entity, key, number, own)

    def values(self, entity: str, name: str) -> Sequence[Any]:
        """Return a fact's values, one per row. Raises: ColumnMissing, FactUnusable."""
        table = self.tables[entity]
        if name not in table:
            if not self.counts[entity]:
                return []
            raise ColumnMissing(entity, name)
        listed = _listed(table[name])
        if len(listed) != self.counts[entity]:
            rows, found = self.counts[entity], len(listed)
            raise FactUnusable(name, f"{entity} 有 {rows} 行，它有 {found} 个值。", f"{entity} has {rows} rows and it has {found} values.")
        return self._readers[(entity, name)](listed)

    def parents(self, lower: str, higher: str) -> list[int]:
        """For each row of ``lower`` its row of ``higher``."""
        key = (lower, higher)
        if key not in self._parents:
            self._parents[key] = self._find_parents(lower, higher)
        return self._parents[key]

    def _find_parents(self, lower: str, higher: str) -> list[int]:
        if higher == self._root.name:
            return [0] * self.counts[lower]
        entities = {entity.name: entity for entity in self._root.tree()}
        parent = entities[lower].parent
        if parent is not None and parent.name != higher:
            above = self.parents(parent.name, higher)
            return [above[row] for row in self.parents(lower, parent.name)]
        key = entities[higher].key
        position = {number: row for row, number in enumerate(self.tables[higher].get(key, ()))}
        numbers = self.tables[lower].get(key, ())
        if len(position) != self.counts[higher] or len(numbers) != self.counts[lower] or not position.keys() >= set(numbers):
            raise BatchDisordered(lower, key)
        return [position[number] for number in numbers]


def _listed(found: Any) -> Sequence[Any]:
    if found.__class__ is list:
        return found
    return list(found) if isinstance(found, tuple) or hasattr(found, "tolist") else [found]
