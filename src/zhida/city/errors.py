"""Mistakes in what is asked of the city."""

from __future__ import annotations

from pathlib import Path

from zhida.kernel.errors import ZhidaError


class CitySize(ZhidaError):
    def __init__(self, residents: int, smallest: int, largest: int) -> None:
        super().__init__(
            f"不能生成 {residents} 人的城市；请把人数定在 {smallest} 与 {largest} 之间。",
            f"A city of {residents} residents cannot be built. Ask for {smallest} to {largest}.",
        )


class CitySeed(ZhidaError):
    def __init__(self, seed: int) -> None:
        super().__init__(
            f"种子 {seed} 不可用；请给出 0 以上的整数。",
            f"Seed {seed} cannot be used. Give a whole number of 0 or more.",
        )


class CityMonth(ZhidaError):
    def __init__(self, month: str, first: str, last: str) -> None:
        super().__init__(
            f"不能生成 {month} 的部门数据；请选 {first} 至 {last} 之间的月份。",
            f"The departments' files of {month} cannot be built. Choose a month from {first} to {last}.",
        )


class FolderNotACity(ZhidaError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"文件夹 {folder} 里有并非由本程序生成的文件，因此没有覆盖；请另选 --out，或先移走这些文件。",
            f"{folder} holds files that this program did not build, so it was left alone. Choose another --out or move them away.",
        )


class TruthUnknown(ZhidaError):
    def __init__(self, truth: str) -> None:
        super().__init__(
            f"不认识“{truth}”这种真值；请写 full 或 defects。",
            f"'{truth}' is no kind of truth. Write full or defects.",
        )
