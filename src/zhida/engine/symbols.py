"""What a formula is called with: entities, their members, the period."""

from __future__ import annotations

from typing import Any, NoReturn

from zhida.engine.entities import Entity
from zhida.engine.errors import MembersNotGathered, NotMembers, NotSymbolic, Place, UnknownName
from zhida.engine.expressions import ACTIVE, Expression, Symbol, here, lift, make, project
from zhida.engine.graph import Shape
from zhida.engine.units import Unit

PERIOD_NAMES = ("start", "end", "months")


class EntitySymbol(Symbol):
    """``person``, ``household`` or ``claim`` inside a formula; also what ``person.household`` gives."""

    def __init__(self, entity: Entity, home: Entity) -> None:
        self._entity, self._home = entity, home

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        entity = self._entity
        if entity.parent is not None and name == entity.parent.name:
            return EntitySymbol(entity.parent, self._home)
        if (child := entity.child(name)) is not None:
            return MembersSymbol(child, entity, self._home)
        if name == "size" and (member := entity.child("members")) is not None:
            # Who has members has at least one: a household, which may be divided by its size.
            return Expression(project(make("size", (), member.name, Shape("number", entity.name)), self._home.name))
        return Expression(project(ACTIVE.get().value_named(entity, name), self._home.name))

    def __bool__(self) -> NoReturn:
        raise NotSymbolic(here(), "if / and / or / not", "where(condition, a, b), &, |, ~")


class MembersSymbol(Symbol):
    """``household.members``: each attribute holds the members' values, to be gathered by total(), count() …"""

    def __init__(self, entity: Entity, over: Entity, home: Entity) -> None:
        self._entity, self._over, self._home = entity, over, home

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._entity.child(name) is not None:
            raise NotSymbolic(here(), f"{self._over.name}.{self._entity.plural}.{name}", f"a @variable of {self._entity.name} first")
        if self._entity.parent is not None and name == self._entity.parent.name:
            raise NotSymbolic(
                here(), f".{self._entity.plural}.{name}", f"{self._over.name}.x: a group's value meets its members' by itself"
            )
        node = ACTIVE.get().value_named(self._entity, name)
        return Expression(node, self._over.name, self._home.name)

    def as_expression(self) -> Expression:
        """``count(household.members)``: every member, whatever is known of it."""
        return Expression(make("every", (), None, Shape("bool", self._entity.name)), self._over.name, self._home.name)

    def __iter__(self) -> NoReturn:
        raise NotSymbolic(here(), "for", "total(), count(), any_of()")


class PeriodSymbol(Symbol):
    """``period``: its first day, the day after its last, and how many months it has."""

    def __init__(self, every: str) -> None:
        self._every = every

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in PERIOD_NAMES:
            raise UnknownName(here(), "period", name, list(PERIOD_NAMES))
        shape = Shape("number", unit=Unit.parse("month")) if name == "months" else Shape("date")
        return Expression(make("period", (), (name, self._every), shape))


def finished(value: Any, name: str, place: Place) -> Expression:
    """Check what a formula returned: one value per row, with nothing left to gather."""
    result = lift(value)
    if result.over:
        raise MembersNotGathered(place, name)
    return result


def members_only(value: Any, function: str) -> Expression:
    result = lift(value)
    if not result.over:
        raise NotMembers(here(), function, result.shape.entity or "no entity")
    return result
