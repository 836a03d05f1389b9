"""Mistakes about payments: each one sentence, with numbers of batches and transactions, never personal data."""

from datetime import date

from zhida.blocks.payments.rules import LEVEL_TEXT, Level
from zhida.blocks.places import api as places
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text


def _area(code: int) -> Text:
    """Return an area's name and code as they stand in a sentence; nothing where a level is the whole city's."""
    if not code:
        return Text("", "")
    try:
        name = places.area(code).name
    except places.UnknownArea:
        name = Text("", "")
    return Text(f" {name.zh}{code} ", f" {name.en} {code}".replace("  ", " "))


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
        where = _area(area_code)
        super().__init__(
            f"发放批次 {batch_id} 超出 {year} 年 {benefit} 的{zh}{where.zh}预算：需要 {format_yuan(needed_fen)} 元，"
            f"可用 {format_yuan(available_fen)} 元；请追加预算或退回批次。",
            f"Payment batch {batch_id} exceeds the {year} budget of {benefit} ({en}{where.en}): it needs {format_yuan(needed_fen)} yuan "
            f"and {format_yuan(available_fen)} are left. Raise the budget or refuse the batch.",
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


class DoubtWithoutNote(ZhidaError):
    def __init__(self, batch_id: int) -> None:
        super().__init__(
            f"标记发放批次 {batch_id} 的款项存疑需要写明疑点；请填写后再标记。",
            f"A doubt about a payment of batch {batch_id} needs a note. Write what is doubtful and mark it again.",
        )


class LimitsDoNotFit(ZhidaError):
    def __init__(self, problem: Text) -> None:
        super().__init__(
            f"审批金额分档没有保存：{problem.zh}；请改正后再保存。",
            f"The limits of approval were not saved: {problem.en}. Correct them and save again.",
        )


class SharesDoNotFit(ZhidaError):
    def __init__(self, benefit: str, sum_bp: int) -> None:
        super().__init__(
            f"{benefit or '各项待遇'} 的分担比例合计 {sum_bp / 100:g}%，应为 100% 且不为负；没有保存，请改正。",
            f"The shares of {benefit or 'all benefits'} add up to {sum_bp / 100:g}%, not to 100%, or one is negative. Correct them.",
        )


class ShareWithoutSource(ZhidaError):
    def __init__(self, benefit: str) -> None:
        super().__init__(
            f"{benefit or '各项待遇'} 的分担比例需要写明依据文件；请填写后再保存。",
            f"The shares of {benefit or 'all benefits'} need a source. Name the document that says so and save again.",
        )


class ShareInClosedMonth(ZhidaError):
    def __init__(self, benefit: str, month: str, first_open: str) -> None:
        super().__init__(
            f"{month} 的 {benefit or '待遇'} 已经发往银行，分担比例不能往回改；请从 {first_open} 起或更晚。",
            f"Payments of {benefit or 'benefits'} for {month} have left, so their shares stay. Choose {first_open} or a later day.",
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


class BankSettingInvalid(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "ZHIDA_BANK 不是银行文件通道；请写成 drop:<文件夹> 或 sftp://用户@主机:端口/发出文件夹|收取文件夹。",
            "ZHIDA_BANK names no way to the bank. Write drop:<folder> or sftp://user@host:port/out|in.",
        )


class BankUnreachable(ZhidaError):
    def __init__(self, where: str, detail: str) -> None:
        super().__init__(
            f"无法与银行 {where} 交换文件（{detail}）；没有丢失也没有重复任何文件，请检查网络和密钥后重试。",
            f"Files could not be exchanged with the bank at {where} ({detail}). None is lost or doubled; check network and keys, then "
            f"try again.",
        )


class CommandBusy(ZhidaError):
    def __init__(self) -> None:
        super().__init__(
            "另一个支付操作正在进行；没有任何改动，请稍后重试。",
            "Another payment command is at work. Nothing was changed; try again in a moment.",
        )


class LedgerBroken(ZhidaError):
    def __init__(self, entry_id: int, what: Text) -> None:
        super().__init__(
            f"总账第 {entry_id} 号过账有问题：{what.zh}；请停止发放，并从备份中查明是谁改动了数据库。",
            f"Posting {entry_id} of the ledger is broken: {what.en}. Stop payments, and find out from a backup who changed the database.",
        )


class CloseBroken(ZhidaError):
    def __init__(self, day: date, what: Text) -> None:
        super().__init__(
            f"{day.isoformat()} 的日结有问题：{what.zh}；请停止发放，并从备份中查明是谁改动了数据库。",
            f"The close of {day.isoformat()} is broken: {what.en}. Stop payments, and find out from a backup who changed the database.",
        )


class BooksDisagree(ZhidaError):
    def __init__(self, day: date, account: str, ledger_fen: int, other_fen: int, other: Text) -> None:
        apart = format_yuan(abs(ledger_fen - other_fen))
        super().__init__(
            f"{day.isoformat()} 没有日结：账户 {account} 总账为 {format_yuan(ledger_fen)} 元，{other.zh}为 {format_yuan(other_fen)} 元，"
            f"相差 {apart} 元；请运行 zhida pay audit 查明原因。",
            f"{day.isoformat()} was not closed: account {account} holds {format_yuan(ledger_fen)} yuan by the ledger and "
            f"{format_yuan(other_fen)} yuan by {other.en}, {apart} yuan apart. Find out why with zhida pay audit.",
        )


class DayCannotBeClosed(ZhidaError):
    def __init__(self, day: date, why: Text) -> None:
        super().__init__(
            f"{day.isoformat()} 不能日结：{why.zh}；请选择另一天。", f"{day.isoformat()} cannot be closed: {why.en}. Choose another day."
        )


class PaymentUnknown(ZhidaError):
    def __init__(self, transaction_id: int) -> None:
        super().__init__(
            f"您的辖区没有支付 {transaction_id}；请从列表中选择。",
            f"There is no payment {transaction_id} in your area. Choose one from the list.",
        )


class StepNotPossible(ZhidaError):
    def __init__(self, transaction_id: int, state: str, zh: str, en: str) -> None:
        super().__init__(
            f"支付 {transaction_id} 的状态是 {state}，不能{zh}；请刷新列表，按列出的下一步办理。",
            f"Payment {transaction_id} is {state}: it is not possible to {en}. Reload the list and take one of the next steps it names.",
        )


class ReceiptMissing(ZhidaError):
    def __init__(self, transaction_id: int) -> None:
        super().__init__(
            f"支付 {transaction_id} 入账需要凭证号；请填写收据号或银行书面确认的文号。",
            f"Booking payment {transaction_id} needs a document: write the number of the receipt, or of the bank's letter.",
        )


class ReceiptUsed(ZhidaError):
    def __init__(self, transaction_id: int, document_no: str) -> None:
        super().__init__(
            f"收据 {document_no} 已经用于另一笔支付，支付 {transaction_id} 没有入账；请核对收据号。",
            f"Receipt {document_no} belongs to another payment, so payment {transaction_id} was not booked. Check the number.",
        )


class DayNotPossible(ZhidaError):
    def __init__(self, transaction_id: int, day: str) -> None:
        super().__init__(
            f"支付 {transaction_id} 不能记在 {day}；请填写发放之日到今天之间的日期。",
            f"Payment {transaction_id} cannot be booked on {day}. Give a day from its release up to today.",
        )


class ReasonMissing(ZhidaError):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}需要写明原因；请填写后再提交。", f"Say why: {en} needs a reason.")


class BookingNotOpen(ZhidaError):
    def __init__(self, booking_id: int) -> None:
        super().__init__(
            f"您的辖区没有待复核的登记 {booking_id}，或者已经处理；请刷新列表。",
            f"Booking {booking_id} does not wait for a decision in your area. Reload the list to see who has decided it.",
        )


class SecondOfficerNeeded(ZhidaError):
    def __init__(self, what: str, account: str) -> None:
        super().__init__(
            f"{what} 由 {account} 提出，不能由同一人确认；请由另一名工作人员处理。",
            f"{what} was entered by {account}, who may not confirm it. Ask another officer.",
        )


class SharesAreNotAWhole(ZhidaError):
    def __init__(self, entity_no: int, total_bp: int) -> None:
        super().__init__(
            f"对象 {entity_no} 的收款份额合计为 {total_bp / 100:g}%，应为 100%；请修改后再提交。",
            f"The shares of entity {entity_no} add up to {total_bp / 100:g} %, not 100 %. Change them and enter them again.",
        )


class PayeeNotKnown(ZhidaError):
    def __init__(self, payee_key: str) -> None:
        super().__init__(
            f"没有收款人 {payee_key}：居民须在登记中，单位须有校验正确的统一社会信用代码；请核对后再填。",
            f"There is no payee {payee_key}: a resident must be on file, an organisation needs a valid social credit code. Check it.",
        )


class PayeeTwice(ZhidaError):
    def __init__(self, payee_key: str) -> None:
        super().__init__(
            f"收款人 {payee_key} 在同一安排中出现两次；请合并为一项。",
            f"Payee {payee_key} appears twice in one arrangement. Enter one share for it.",
        )


class ArrangementOverlaps(ZhidaError):
    def __init__(self, entity_no: int, arrangement_id: int) -> None:
        super().__init__(
            f"对象 {entity_no} 在这些日期已有收款安排 {arrangement_id}；请先结束它，或改从结束之后开始。",
            f"Entity {entity_no} has arrangement {arrangement_id} on these days. End it first, or begin after its end.",
        )


class ArrangementUnknown(ZhidaError):
    def __init__(self, arrangement_id: int) -> None:
        super().__init__(
            f"您的辖区没有收款安排 {arrangement_id}；请从居民页面选择。",
            f"There is no arrangement {arrangement_id} in your area. Choose one from the resident's page.",
        )


class ArrangementDaysWrong(ZhidaError):
    def __init__(self, begin: str, end: str) -> None:
        super().__init__(
            f"收款安排不能从 {begin} 到 {end}；结束日必须晚于开始日，请修改日期。",
            f"An arrangement cannot last from {begin} to {end}: it must end after it begins. Change the days.",
        )


class AccountChangeNotOpen(ZhidaError):
    def __init__(self, change_id: int) -> None:
        super().__init__(
            f"没有您可以处理的账户变更 {change_id}，或者已经处理；请刷新页面。",
            f"Account change {change_id} is not yours to decide, or was decided already. Reload the page.",
        )


class ProblemNotOpen(ZhidaError):
    def __init__(self, problem_id: int) -> None:
        super().__init__(
            f"银行文件问题 {problem_id} 不存在或已经关闭；请刷新列表查看是谁处理的。",
            f"Problem {problem_id} of a bank file does not exist or is closed. Reload the list to see who dealt with it.",
        )
