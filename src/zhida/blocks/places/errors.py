"""Mistakes about areas."""

from __future__ import annotations

from zhida.kernel.errors import ZhidaError


class UnknownArea(ZhidaError):
    def __init__(self, code: int) -> None:
        super().__init__(
            f"区划代码 {code} 不在杭州市 2021 年后的区划中；请核对 places/data 下的区划表。",
            f"Area code {code} is not one of Hangzhou's since 2021. Look it up in the tables under places/data.",
        )
