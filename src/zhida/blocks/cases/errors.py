"""Mistakes about cases: each one sentence, with numbers and codes, never personal data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text


class LifeEventInvalid(ZhidaError):
    """A folder does not declare a life event. problems: everything that was found, each with its place."""

    def __init__(self, name: str, problems: Sequence[Any]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more_zh = f"（另有 {len(problems) - 1} 处）" if len(problems) > 1 else ""
        more_en = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            f"事件“{name}”不能安装：{first.place}：{first.text.zh}{more_zh}；请改正后用 zhida life-event check 再查一遍。",
            f"Life event '{name}' was not installed: {first.place}: {first.text.en}{more_en}. Correct it and run `zhida life-event check`.",
        )


class UnknownLifeEvent(ZhidaError):
    def __init__(self, event: str) -> None:
        super().__init__(
            f"没有安装“{event}”这件事；请从列表中选择。",
            f"There is no life event '{event}'. Choose one from the list.",
        )


class CaseNotFound(ZhidaError):
    """Also for a case that is somebody else's: nobody learns which numbers exist."""

    def __init__(self, case_id: int) -> None:
        super().__init__(
            f"没有编号为 {case_id} 的办件，或不归您查看；请从列表中打开。",
            f"There is no case {case_id} that you may see. Open it from your list.",
        )


class ItemNotFound(ZhidaError):
    def __init__(self, item_id: int) -> None:
        super().__init__(
            f"没有编号为 {item_id} 的事项，或不归您的部门和辖区；请从队列中打开。",
            f"There is no item {item_id} at your desk. Open it from your queue.",
        )


class ItemNotYours(ZhidaError):
    def __init__(self, item_id: int, assignee: str) -> None:
        super().__init__(
            f"事项 {item_id} 已由 {assignee} 认领；请先请其退回，或请部门负责人改派。",
            f"Item {item_id} is claimed by {assignee}. Ask them to give it back, or the head of the desk to reassign it.",
        )


class ItemInWrongState(ZhidaError):
    def __init__(self, item_id: int, state: str) -> None:
        super().__init__(
            f"事项 {item_id} 现在是“{state}”，不能这样处理；请刷新页面看最新情况。",
            f"Item {item_id} is {state} now, so this cannot be done. Reload the page.",
        )


class CaseInWrongState(ZhidaError):
    def __init__(self, case_id: int, state: str) -> None:
        super().__init__(
            f"办件 {case_id} 现在是“{state}”，不能这样处理；请刷新页面看最新情况。",
            f"Case {case_id} is {state} now, so this cannot be done. Reload the page.",
        )


class CaseOpenAlready(ZhidaError):
    def __init__(self, event: str, case_id: int) -> None:
        self.case_id = case_id
        super().__init__(
            f"这件事已经在办（办件 {case_id}），不用再申请；请打开它看进度。",
            f"This is already under way as case {case_id}. Open it to see how it stands.",
        )


class CannotBeOpened(ZhidaError):
    def __init__(self, event: str) -> None:
        super().__init__(
            f"“{event}”不能这样发起；请看这件事的说明里写的办理渠道。",
            f"'{event}' cannot be opened this way. Its description says how it begins.",
        )


class SubjectUnfit(ZhidaError):
    """The event cannot be about the one who was chosen. why: a sentence that says what to do."""

    def __init__(self, event: Text, why: Text) -> None:
        super().__init__(f"“{event.zh}”没有受理：{why.zh}", f"'{event.en}' was not opened: {why.en}")


class AnswersMissing(ZhidaError):
    """problems: field key -> what is wrong with its answer; nothing was written."""

    def __init__(self, problems: dict[str, Any]) -> None:
        self.problems = problems
        super().__init__(
            f"还有 {len(problems)} 处没有填对，什么都没有提交；请按提示改好再交一次。",
            f"{len(problems)} answers are missing or wrong, so nothing was sent. Correct them and send again.",
        )


class ReasonNeeded(ZhidaError):
    def __init__(self, item_id: int) -> None:
        super().__init__(
            f"事项 {item_id} 没有改动：要写明原因，居民和其他部门会看到；请写上再提交。",
            f"Item {item_id} was not changed: a reason is needed, which the resident and other departments read. Write one and send again.",
        )


class DepartmentUnknown(ZhidaError):
    def __init__(self, department: str) -> None:
        super().__init__(
            f"没有“{department}”这个部门；请从列表中选择。",
            f"There is no department '{department}'. Choose one from the list.",
        )


class OfficerUnknown(ZhidaError):
    def __init__(self, account: str) -> None:
        super().__init__(
            f"“{account}”不在您的部门和辖区；请从列表中选择。",
            f"'{account}' does not work at your desk. Choose somebody from the list.",
        )


class SystemDown(ZhidaError):
    """An outside system did not take a message; it is sent again by itself, with the same key."""

    def __init__(self, system: str, detail: str) -> None:
        super().__init__(
            f"部门系统“{system}”暂时不通（{detail[:120]}），稍后会自动再发，不会重复办理。",
            f"The department's system '{system}' did not answer ({detail[:120]}). It is asked again by itself; nothing happens twice.",
        )


class SystemRefused(ZhidaError):
    def __init__(self, system: str, detail: str) -> None:
        super().__init__(
            f"部门系统“{system}”拒收：{detail[:200]}；请经办人核对后重试或退回。",
            f"The department's system '{system}' refused: {detail[:200]}. An officer must check and try again, or return it.",
        )


class EffectImpossible(ZhidaError):
    def __init__(self, item: str, kind: str, zh: str, en: str) -> None:
        super().__init__(
            f"事项“{item}”的结果（{kind}）没有生成：{zh}。",
            f"The {kind} of item '{item}' was not made: {en}.",
        )


class AppealNotOpen(ZhidaError):
    def __init__(self, appeal_id: int) -> None:
        super().__init__(
            f"没有待处理的异议 {appeal_id}，或不归您的部门；请从列表中打开。",
            f"There is no open appeal {appeal_id} at your desk. Open it from your list.",
        )


class AppealImpossible(ZhidaError):
    def __init__(self, case_id: int, zh: str, en: str) -> None:
        super().__init__(f"异议没有提交：{zh}。", f"Your objection was not sent: {en}.")
        self.case_id = case_id


class AppealUnchanged(ZhidaError):
    def __init__(self, appeal_id: int) -> None:
        super().__init__(
            f"异议 {appeal_id} 没有改动：按现在的事实重新计算，结果和原来一样；请更正不对的事实，或选择维持。",
            f"Appeal {appeal_id} was not changed: with the facts as they are the answer stays the same. Correct a fact, or uphold it.",
        )


class WrongFact(ZhidaError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}”的新值不能用；请按登记册的写法填写，金额填元，日期写成 2025-10-31。",
            f"The new value of '{name}' cannot be used. Write it as its register does: money in yuan, days as 2025-10-31.",
        )


class RatingRefused(ZhidaError):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"评价没有提交：{zh}。", f"The rating was not sent: {en}.")


class FileRefused(ZhidaError):
    def __init__(self, name: str, zh: str, en: str) -> None:
        super().__init__(f"文件“{name[:60]}”没有收下：{zh}。", f"The file '{name[:60]}' was not taken: {en}.")


class SituationUnreadable(ZhidaError):
    def __init__(self, file: str, name: str, what: str) -> None:
        super().__init__(
            f"{file} 里的情形“{name}”写得不对：{what}；请对照其他事件的 tests/。",
            f"Situation '{name}' of {file} is not written as it should be: {what}. Compare the tests/ of another life event.",
        )


class SimulationInvalid(ZhidaError):
    """What a simulation would assume cannot be, or is not written as it should be."""

    def __init__(self, place: str, zh: str, en: str) -> None:
        super().__init__(
            f"没有模拟：{place}：{zh}；请改正后再试。",
            f"Nothing was simulated: {place}: {en}. Correct it and try again.",
        )


class LifeEventNotMade(ZhidaError):
    """A life event could not be copied or drawn; nothing was written."""

    def __init__(self, name: str, zh: str, en: str) -> None:
        super().__init__(
            f"事件“{name}”没有改动：{zh}；请改正后再试。",
            f"Nothing was written for life event '{name}': {en}. Correct it and try again.",
        )
