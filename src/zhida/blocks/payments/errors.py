"""Mistakes about payments: each one sentence, with numbers of batches and transactions, never personal data."""

from zhida.blocks.payments.rules import LEVEL_TEXT, Level
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text


class BatchUnknown(ZhidaError):
    def __init__(self, batch_id: int) -> None:
        super().__init__(
            f"没有发放批次 {batch_id}；请从批次列表中选择。",
            f"There is no payment batch {batch_id}. Choose one from the list of batches.",
        )


class BatchInWrongState(ZhidaError):
    def __init__(self, batch_id: int, state: str, action_zh: str, action: str) -> None:
        super().__init__(
            f"发放批次 {batch_id} 的状态是 {state}，不能{action_zh}；请刷新页面查看是谁已处理。",
            f"Payment batch {batch_id} is {state} and cannot be {action}. Reload the page to see who has handled it.",
        )


class MakerIsChecker(ZhidaError):
    def __init__(self, batch_id: int, account: str) -> None:
        super().__init__(
            f"发放批次 {batch_id} 由 {account} 编制，不能由同一人审批；请由另一名审批人处理。",
            f"Payment batch {batch_id} was prepared by {account}, who may not approve it. Ask another checker.",
        )


class RefusalWithoutReason(ZhidaError):
    def __init__(self, batch_id: int) -> None:
        super().__init__(
            f"退回发放批次 {batch_id} 需要写明原因；请填写后再退回。",
            f"Refusing payment batch {batch_id} needs a reason. Write one for its maker and refuse again.",
        )


class RunNotFinished(ZhidaError):
    def __init__(self, run_id: int, state: str) -> None:
        super().__init__(
            f"测算 {run_id} 的状态是 {state}，不能编制发放批次；请等它完成后再编制。",
            f"Run {run_id} is {state}, so no batch can be prepared from it. Wait until it has finished, or start it again.",
        )


class DecisionsUnreadable(ZhidaError):
    def __init__(self, run_id: int | None, detail: str) -> None:
        super().__init__(
            f"测算 {run_id} 的决定文件无法读取（{detail}）；请重新运行该月测算。",
            f"The decisions of run {run_id} cannot be read ({detail}). Run that month again.",
        )


class BudgetExceeded(ZhidaError):
    def __init__(self, batch_id: int, benefit: str, year: int, level: str, area_code: int, needed_fen: int, available_fen: int) -> None:
        zh, en = LEVEL_TEXT[Level(level)].zh, LEVEL_TEXT[Level(level)].en
        where = f" {area_code}" if area_code else ""
        super().__init__(
            f"发放批次 {batch_id} 超出 {year} 年 {benefit} 的{zh}{where}预算：需要 {format_yuan(needed_fen)} 元，"
            f"可用 {format_yuan(available_fen)} 元；请追加预算或退回批次。",
            f"Payment batch {batch_id} exceeds the {year} budget of {benefit} ({en}{where}): it needs {format_yuan(needed_fen)} yuan and "
            f"{format_yuan(available_fen)} are left. Raise the budget or refuse the batch.",
        )


class CancelWithoutReason(ZhidaError):
    def __init__(self, batch_id: int) -> None:
        super().__init__(
            f"撤销发放批次 {batch_id} 需要写明原因；请填写后再撤销。",
            f"Cancelling payment batch {batch_id} needs a reason. Write one and cancel again.",
        )


class AlreadySigned(ZhidaError):
    def __init__(self, batch_id: int, account: str, needed: int) -> None:
        super().__init__(
            f"{account} 已经批准过发放批次 {batch_id}；该批次共需 {needed} 人批准，请由另一名复核人处理。",
            f"{account} has signed payment batch {batch_id} already; it needs {needed} checkers. Ask another one.",
        )


class SampleNotSeen(ZhidaError):
    def __init__(self, batch_id: int, unseen: int) -> None:
        super().__init__(
            f"发放批次 {batch_id} 的抽样还有 {unseen} 笔没有核对；请先打开抽样核对，再批准。",
            f"{unseen} payments of the sample of payment batch {batch_id} were not looked at. Open the sample first, then approve.",
        )


class SampleDoubtful(ZhidaError):
    def __init__(self, batch_id: int, doubtful: int) -> None:
        super().__init__(
            f"发放批次 {batch_id} 的抽样中有 {doubtful} 笔存疑；请核实后改为无误，或退回批次。",
            f"{doubtful} payments of the sample of payment batch {batch_id} are in doubt. Clear them, or refuse the batch.",
        )


class BudgetBelowCommitted(ZhidaError):
    def __init__(self, benefit: str, year: int, committed_fen: int) -> None:
        super().__init__(
            f"{year} 年 {benefit} 预算不能低于已使用的 {format_yuan(committed_fen)} 元；请填写更大的金额。",
            f"The {year} budget of {benefit} cannot be less than the {format_yuan(committed_fen)} yuan already used. Enter more.",
        )


class BatchStillOpen(ZhidaError):
    def __init__(self, batch_id: int, open_count: int) -> None:
        super().__init__(
            f"发放批次 {batch_id} 还有 {open_count} 笔没有银行的最终结果，不能结清；请先导入银行回执。",
            f"Payment batch {batch_id} cannot be settled: the bank has not answered {open_count} payments. Import its files first.",
        )


class BankFileUnreadable(ZhidaError):
    def __init__(self, file_name: str, detail: Text | str) -> None:
        why = Text.parse(detail) if isinstance(detail, str) else detail
        super().__init__(
            f"银行文件 {file_name} 无法导入：{why.zh}；没有导入任何内容，请向银行索取正确的文件。",
            f"Bank file {file_name} was not imported, not even in part: {why.en}. Ask the bank for a correct file.",
        )


class CommandBusy(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "另一个支付操作正在进行；没有任何改动，请稍后重试。",
            "Another payment command is at work. Nothing was changed; try again in a moment.",
        )
