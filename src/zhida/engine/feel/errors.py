"""What is refused in a condition or a cell."""

from __future__ import annotations

from zhida.engine.errors import EngineError


class FeelError(EngineError):
    """``place`` is the file and element as the caller names it; ``column`` counts characters from 1, 0: the whole text."""

    def __init__(self, place: str, column: int, zh: str, en: str) -> None:
        self.place, self.column = place, column
        where_zh = f"{place} 第 {column} 列" if column else place
        where_en = f"{place}, column {column}" if column else place
        super().__init__(f"{where_zh}：{zh}。", f"{where_en}: {en}.")
