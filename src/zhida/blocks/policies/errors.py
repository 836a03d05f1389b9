"""Mistakes about law packages and runs."""

from __future__ import annotations

from datetime import date

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


class RunsDoNotCompare(ZhidaError):
    def __init__(self, run_id: int, base_run_id: int) -> None:
        super().__init__(
            f"核算 {run_id} 与 {base_run_id} 不能比较：须是同一个月、都已完成；请用 zhida run 重新核算该月。",
            f"Runs {run_id} and {base_run_id} do not compare: both must be finished and of one month. Decide the month with zhida run.",
        )


class UnknownLaw(ZhidaError):
    def __init__(self, words: str) -> None:
        super().__init__(
            f"不知道“{words}”是哪部法规；请写 installed、日期（2025-01-31）、run:核算编号，或改革文件的路径。",
            f"'{words}' names no law. Write installed, a day (2025-01-31), run:NUMBER, or the path of a reform file.",
        )


class LawEdited(ZhidaError):
    def __init__(self, run_id: int, law_name: str, law_as_of: date) -> None:
        super().__init__(
            f"核算 {run_id} 所用的法规 {law_name} 已被修改，现在的规则文件读不出来；请检出当时的版本，或改写日期 {law_as_of}。",
            f"The law of run {run_id} ({law_name}) has been edited since: the rule files no longer say it. Check out the version of that "
            f"time, or name the day {law_as_of} for the law as the files have it now.",
        )


class UnknownFact(ZhidaError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"规则里没有“{name}”这个事实；请改用数据目录里的名字。",
            f"The rules know no fact '{name}'. Use a name of the registers' contracts.",
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


class BenefitNotGranted(UnknownBenefit):
    """A benefit that the law does not grant in a month, or not yet."""

    def __init__(self, benefit: str, month: str, law_as_of: date) -> None:
        ZhidaError.__init__(
            self,
            f"截至 {law_as_of} 的法规在 {month} 没有“{benefit}”这项待遇；请换一个月份或 --law-as-of。",
            f"By the law as of {law_as_of} nobody gets '{benefit}' in {month}. Ask for another month, or another day of the law.",
        )


class SituationUnreadable(ZhidaError):
    def __init__(self, file: str, name: str, zh: str, en: str) -> None:
        super().__init__(
            f"情景 {file}“{name}”：{zh}；写法见 packs/README.md。",
            f"Situation '{name}' in {file}: {en}. packs/README.md says how to write it.",
        )


class NoSimulation(ZhidaError):
    def __init__(self, simulation_id: int) -> None:
        super().__init__(
            f"没有编号为 {simulation_id} 的模拟；请刷新列表。",
            f"There is no simulation {simulation_id}. Reload the list.",
        )


class ParameterUnused(ZhidaError):
    def __init__(self, parameter: str) -> None:
        super().__init__(
            f"没有一项发钱的待遇使用参数 {parameter}；请换一个待遇公式中出现的参数。",
            f"No benefit that pays money reads the parameter '{parameter}'. Choose one that stands in a benefit's formula.",
        )


class BudgetBelowBase(ZhidaError):
    def __init__(self, budget: str, base: str) -> None:
        super().__init__(
            f"预算 {budget} 元/年低于现行规定的支出 {base} 元/年；请提高预算。",
            f"The budget of {budget} yuan a year is below the {base} yuan that the law in force spends. Raise the budget.",
        )


class BudgetNotMet(ZhidaError):
    """No value of the parameter costs so little; or none costs so much (``is_short``)."""

    def __init__(self, parameter: str, budget: str, value: str, cost: str, is_short: bool) -> None:
        zh = "花不完" if is_short else "不够"
        en = "cannot be spent by" if is_short else "is too small for"
        super().__init__(
            f"预算 {budget} 元/年{zh}：{parameter} 取 {value} 时为 {cost} 元/年；请改预算或换一个参数。",
            f"The budget of {budget} yuan a year {en} '{parameter}': at {value} it costs {cost}. Change the budget, or the parameter.",
        )


class CostNotMonotone(ZhidaError):
    def __init__(self, parameter: str, first: str, second: str) -> None:
        super().__init__(
            f"支出并不随 {parameter} 一直增加（{first} 与 {second} 之间反而减少），无法按预算倒推；请换一个参数。",
            f"The cost does not keep rising with '{parameter}': it falls between {first} and {second}. Choose another parameter.",
        )
