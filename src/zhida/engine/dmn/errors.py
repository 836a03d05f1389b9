"""What is refused in a decision table."""

from __future__ import annotations

from zhida.engine.errors import EngineError


class DmnRefused(EngineError):
    """``place`` is the file as the caller names it, with the element's id and line."""

    def __init__(self, place: str, zh: str, en: str) -> None:
        self.place = place
        super().__init__(f"{place}：{zh}。", f"{place}: {en}.")
