"""Where a law comes from: packs on disk, the areas of the city, and the name that their content gives the law."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType

from zhida.engine.definitions import Definition
from zhida.engine.entities import FactDefinition

CITY = "city"
# Part of every law's name: raised when the same rules would give other amounts (rounding, dates, choice of values).
SEMANTICS = 1


@dataclass(frozen=True)
class PackSource:
    """Where a pack's rules are: modules that declare them, and the folder whose ``parameters/`` holds their numbers."""

    name: str
    folder: Path
    modules: tuple[str | ModuleType, ...] = ()

    @classmethod
    def from_package(cls, package: str | ModuleType) -> PackSource:
        """Describe an importable package: every module of it but tests declares rules."""
        module = importlib.import_module(package) if isinstance(package, str) else package
        folder = Path(str(module.__file__)).parent
        names = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "conftest"))
        return cls(module.__name__.rsplit(".", 1)[-1], folder, tuple(f"{module.__name__}.{name}" for name in names))

    def loaded_modules(self) -> list[ModuleType]:
        return [importlib.import_module(module) if isinstance(module, str) else module for module in self.modules]

    def files(self) -> list[Path]:
        """Return every file whose content is the law."""
        sources = {Path(str(module.__file__)) for module in self.loaded_modules() if getattr(module, "__file__", None)}
        return sorted(sources | set((self.folder / "parameters").glob("*.yaml")))


@dataclass(frozen=True)
class Areas:
    """Groups of districts (``city``, ``city_proper`` …) and all districts there are."""

    groups: Mapping[str, Sequence[int]] = field(default_factory=dict)
    districts: Sequence[int] = ()

    @property
    def names(self) -> dict[str, Sequence[int]]:
        return {CITY: tuple(self.districts), **{name: tuple(codes) for name, codes in self.groups.items()}}


def definitions_of(pack: PackSource) -> list[Definition]:
    found: dict[int, Definition] = {}
    for module in pack.loaded_modules():
        for value in vars(module).values():
            if isinstance(value, Definition) and value.module == module.__name__:
                value.pack = pack.name
                found[id(value)] = value
    return list(found.values())


def content_name(packs: Sequence[PackSource], facts: Sequence[FactDefinition], areas: Areas, as_of: date | None) -> str:
    digest = hashlib.sha256()
    for pack in packs:
        for path in pack.files():
            digest.update(f"{pack.name}/{path.name}\0".encode() + path.read_bytes() + b"\0")
    for fact in sorted(facts, key=lambda fact: (fact.entity, fact.name)):
        digest.update(f"{fact.entity}.{fact.name} {fact.dtype} {fact.unit} {fact.scale} {fact.codes}\n".encode())
    digest.update(f"{sorted(areas.names.items())} {as_of} {SEMANTICS}".encode())
    return digest.hexdigest()[:16]
