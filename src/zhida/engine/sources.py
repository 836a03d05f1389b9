"""Where a law comes from: packs on disk, the areas of the city, and the name that their content gives the law."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from zhida.engine.definitions import Definition
from zhida.engine.entities import FactDefinition
from zhida.engine.rule_files import RuleFile, read_rule_file
from zhida.engine.rule_syntax import read_text
from zhida.engine.rule_words import words_of

CITY = "city"
# Part of every law's name: raised when the same rules would give other amounts (rounding, dates, choice of values).
SEMANTICS = 1


@dataclass(frozen=True)
class PackSource:
    """Where a pack's rules are: rule files, and the folder whose ``parameters/`` holds their numbers. Plain data, for any process to load.

    words: the module that offers the entities and declaring words of the rules (rule_words.words_of).
    files: names of the rule files in the folder; by itself every ``*.py`` but ``__init__`` and ``conftest``.
    """

    name: str
    folder: Path
    words: str
    files: tuple[str, ...] = ()

    @classmethod
    def from_package(cls, package: str, words: str) -> PackSource:
        """Describe a package by its dotted name, without running any of its code. Raises: ModuleNotFoundError."""
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError(package)
        return cls(package.rpartition(".")[2], Path(spec.submodule_search_locations[0]), words)

    def rule_paths(self) -> list[Path]:
        if self.files:
            return [self.folder / name for name in self.files]
        return sorted(path for path in self.folder.glob("*.py") if path.stem not in ("__init__", "conftest"))

    def paths(self) -> list[Path]:
        """Return every file whose content is the law."""
        return sorted([*self.rule_paths(), *(self.folder / "parameters").glob("*.yaml")])

    def read(self) -> list[RuleFile]:
        """Read and check every rule file. Raises: FormulaRefused."""
        words = words_of(self.words)
        return [read_rule_file(read_text(path), str(path), f"{self.name}.{path.stem}", words) for path in self.rule_paths()]


@dataclass(frozen=True)
class Areas:
    """Groups of districts (``city``, ``city_proper`` …) and all districts there are."""

    groups: Mapping[str, Sequence[int]] = field(default_factory=dict)
    districts: Sequence[int] = ()

    @property
    def names(self) -> dict[str, Sequence[int]]:
        return {CITY: tuple(self.districts), **{name: tuple(codes) for name, codes in self.groups.items()}}


def definitions_of(pack: PackSource) -> list[Definition]:
    found = [definition for file in pack.read() for definition in file.definitions]
    for definition in found:
        definition.pack = pack.name
    return found


def content_name(packs: Sequence[PackSource], facts: Sequence[FactDefinition], areas: Areas, as_of: date | None) -> str:
    digest = hashlib.sha256()
    for pack in packs:
        for path in pack.paths():
            digest.update(f"{pack.name}/{path.name}\0".encode() + path.read_bytes() + b"\0")
    for fact in sorted(facts, key=lambda fact: (fact.entity, fact.name)):
        digest.update(f"{fact.entity}.{fact.name} {fact.dtype} {fact.unit} {fact.scale} {fact.codes}\n".encode())
    digest.update(f"{sorted(areas.names.items())} {as_of} {SEMANTICS}".encode())
    return digest.hexdigest()[:16]
