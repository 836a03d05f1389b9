"""What rules may name: the engine's own words, the entities of a site, and what packs declare themselves with."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from typing import Any

from zhida.engine import functions
from zhida.engine.definitions import benefit, variable
from zhida.engine.entities import Entity
from zhida.kernel.period import NEVER

DECORATORS: dict[str, Callable[..., Any]] = {"variable": variable, "benefit": benefit}
# The engine's own words; every rule file has them.
LANGUAGE: dict[str, Any] = {name: getattr(functions, name) for name in functions.__all__} | {"NEVER": NEVER} | DECORATORS


@dataclass(frozen=True)
class Words:
    """What rules may name: the engine's words, entities, and frozen dataclasses that declare something (Text, Pack …).

    doors: the modules that an import line of a rule file may name.
    """

    names: Mapping[str, Any] = field(default_factory=lambda: dict(LANGUAGE))
    doors: tuple[str, ...] = ("zhida.engine.api",)

    @classmethod
    def of_entities(cls, entities: Iterable[Entity]) -> Words:
        """Return the engine's words and entities, named as their classes would be: Person, Household."""
        return cls(LANGUAGE | {entity.name.title().replace("_", ""): entity for entity in entities})


@cache
def words_of(module: str) -> Words:
    """Return what a module of words offers: of the names in its ``__all__`` the entities and the frozen dataclasses, nothing else.

    Its package's ``api`` is a door to it.
    """
    found = importlib.import_module(module)
    own = {name: getattr(found, name) for name in found.__all__}
    offered = {name: value for name, value in own.items() if isinstance(value, Entity) or is_maker(value)}
    return Words(LANGUAGE | offered, ("zhida.engine.api", module, f"{module.rpartition('.')[0]}.api"))


def is_maker(value: Any) -> bool:
    """Say whether a name declares something when it is called: Text, Pack, LifeEvent …"""
    return isinstance(value, type) and is_dataclass(value) and value.__dataclass_params__.frozen and value is not Entity  # type: ignore[attr-defined]
