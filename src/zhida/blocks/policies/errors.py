"""Mistakes about law packages and runs."""

from __future__ import annotations

from zhida.kernel.errors import ZhidaError


class UnknownPack(ZhidaError):
    def __init__(self, pack: str) -> None:
        super().__init__(
            f"没有名为“{pack}”的场景包；请检查 ZHIDA_PACKS，或用 make new-pack 新建。",
            f"There is no pack named '{pack}'. Check ZHIDA_PACKS, or make one with make new-pack.",
        )


class NoRun(ZhidaError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"没有{what}的核算记录；请先运行 zhida run。",
            f"There is no finished run for {what}. Start one with zhida run.",
        )


class RunChanged(ZhidaError):
    def __init__(self, run_id: int) -> None:
        super().__init__(
            f"核算 {run_id} 的结果文件与记录的分片不符；请删除 runs/{run_id} 文件夹后重新运行。",
            f"The result files of run {run_id} do not match its record. Remove the folder runs/{run_id} and run the month again.",
        )


class UnknownBenefit(ZhidaError):
    def __init__(self, benefit: str) -> None:
        super().__init__(
            f"没有代码为“{benefit}”的待遇；请在待遇目录中查找代码。",
            f"There is no benefit with the code '{benefit}'. Look the code up in docs/law-coverage.md.",
        )


class AppealNotOpen(ZhidaError):
    def __init__(self, appeal_id: int) -> None:
        super().__init__(
            f"申诉 {appeal_id} 已答复或不存在；请刷新列表。",
            f"Appeal {appeal_id} is answered already or does not exist. Reload the list.",
        )


class AppealWithoutText(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "请用一句话说明哪里不对，再提交。",
            "Say in a sentence what is wrong, then send it.",
        )


class SituationUnreadable(ZhidaError):
    def __init__(self, file: str, name: str, zh: str, en: str) -> None:
        super().__init__(
            f"情景 {file}“{name}”：{zh}；写法见 packs/README.md。",
            f"Situation '{name}' in {file}: {en}. packs/README.md says how to write it.",
        )
