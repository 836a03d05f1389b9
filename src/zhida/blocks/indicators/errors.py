"""Mistakes about observations."""

from zhida.kernel.errors import ZhidaError


class NotObserved(ZhidaError):
    def __init__(self, month: str) -> None:
        super().__init__(
            f"{month} 还没有统计结果；请在核算和支付之后运行 zhida observe。",
            f"There are no figures for {month} yet. Run zhida observe after the month was decided and paid.",
        )


class NoTruth(ZhidaError):
    def __init__(self, month: str) -> None:
        super().__init__(
            f"{month} 没有真值文件；请用 zhida city build 并带上真值重新生成城市。",
            f"There is no truth for {month}. Build the city again with its truth: zhida city build.",
        )


class MonthAhead(ZhidaError):
    def __init__(self, month: str) -> None:
        super().__init__(
            f"{month} 还没有开始，没有办件可统计；请选本月或以前的月份。",
            f"{month} has not begun, so there is no casework to count. Choose this month or an earlier one.",
        )


class CaseworkNotObserved(ZhidaError):
    def __init__(self, month: str) -> None:
        super().__init__(
            f"{month} 的办件还没有统计；请运行 zhida cases observe --month {month}。",
            f"The casework of {month} has not been counted. Run zhida cases observe --month {month}.",
        )
