"""A sentence in the two languages people read on screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """Chinese first, English beside it, so that neither can go stale unseen."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh

    def in_language(self, language: str) -> str:
        """Return the wording for a language tag such as ``zh-hans`` or ``en``; Chinese for any other tag."""
        return self.en if language.startswith("en") else self.zh

    @classmethod
    def parse(cls, value: Any) -> Text:
        """Read ``{zh: ..., en: ...}`` as packs and contracts write it; a bare string serves both languages."""
        if isinstance(value, str):
            return cls(value, value)
        return cls(str(value["zh"]), str(value["en"]))
