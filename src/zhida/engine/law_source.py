"""A law as plain data: where its files are, or the files themselves on their way to another machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from zhida.engine.entities import FactDefinition
from zhida.engine.errors import EngineError
from zhida.engine.law import Law, load_law
from zhida.engine.reform import Reform
from zhida.engine.sources import Areas, PackSource


class LawDiffers(EngineError):
    """Another machine would decide by another law than the one that was asked for."""

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(
            f"这台机器装载出的法律包是 {found}，而要用的是 {wanted}；请在所有机器上安装同一版本后重新运行。",
            f"This machine makes law {found} of what should be {wanted}. Install the same version on every machine and run again.",
        )


@dataclass(frozen=True)
class LawSource:
    """All that ``load_law`` takes, and a reform where one is tried."""

    packs: tuple[PackSource, ...]
    facts: tuple[FactDefinition, ...]
    areas: Areas
    as_of: date | None = None
    reform: Reform | None = None

    def load(self) -> Law:
        """Raises: what load_law and Law.reformed refuse."""
        law = load_law(self.packs, self.facts, self.areas, self.as_of)
        return law if self.reform is None else law.reformed(self.reform)

    def packed(self) -> PackedLaw:
        """Return the law with the text of its files, which needs no folder of this machine. Raises: what ``load`` refuses."""
        files = tuple(tuple((path.relative_to(pack.folder).as_posix(), path.read_bytes()) for path in pack.paths()) for pack in self.packs)
        return PackedLaw(self.load().name, self, files)


@dataclass(frozen=True)
class PackedLaw:
    """A law that travels. ``name``: what it is called; ``files``: for each pack, path and content of every file."""

    name: str
    source: LawSource
    files: tuple[tuple[tuple[str, bytes], ...], ...]

    def load(self) -> Law:
        """Load the law from the files it carries. Raises: LawDiffers where they make another one here."""
        with TemporaryDirectory(prefix="zhida-law-") as folder:
            packs = tuple(replace(pack, folder=Path(folder) / pack.name) for pack in self.source.packs)
            for pack, files in zip(packs, self.files, strict=True):
                for name, content in files:
                    path = pack.folder / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
            law = replace(self.source, packs=packs).load()
        if law.name != self.name:
            raise LawDiffers(self.name, law.name)
        return law
