"""Mistakes about processes: which file, which element, what to do next. Never personal data."""

from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text


class ProcessRefused(ZhidaError):
    """A BPMN file that does not run here. ``element`` is the id of the element the sentence names, or empty."""

    element: str = ""

    def __init__(self, place: str, why: Text, element: str = "") -> None:
        super().__init__(f"流程文件 {place}：{why.zh}", f"Process file {place}: {why.en}")
        self.element = element


class StateOfAnotherProcess(ZhidaError):
    def __init__(self, name: str, wanted: str, found: str) -> None:
        super().__init__(
            f"流程“{name}”的版本是 {wanted}，事项状态属于版本 {found}；请用事项开始时的流程版本恢复。",
            f"Process '{name}' is version {wanted}, but the state was kept under version {found}. Use the version it began with.",
        )


class TokenUnknown(ZhidaError):
    def __init__(self, token: str) -> None:
        super().__init__(
            f"没有等待处理的步骤 {token}，它可能已经完成或取消；请刷新页面查看当前步骤。",
            f"No step {token} is waiting; it may be done or cancelled. Reload the page to see the current steps.",
        )


class ProcessRanAway(ZhidaError):
    def __init__(self, name: str, element: str, limit: int) -> None:
        super().__init__(
            f"流程“{name}”在 {element} 处超过 {limit} 步或同时分支过多，已停止；请检查该处的循环和并行分支。",
            f"Process '{name}' took more than {limit} steps or branches at {element} and was stopped. Check the loops there.",
        )


class ValueNotKept(ZhidaError):
    def __init__(self, key: str, kind: str) -> None:
        super().__init__(
            f"事项数据 {key} 的类型 {kind} 无法保存；请改为文字、整数、小数、是否、日期、时间或它们的列表。",
            f"Value {key} has type {kind}, which cannot be kept. Use text, integer, decimal, boolean, date, time or lists of these.",
        )
