"""Mistakes about overpayments: each one sentence, with numbers, never personal data."""

from zhida.blocks.payments.recovery_rules import OVERPAYMENT_STATE_TEXT
from zhida.blocks.payments.rules import OverpaymentState
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import format_yuan


class OverpaymentUnknown(ZhidaError):
    def __init__(self, overpayment_id: int) -> None:
        super().__init__(
            f"没有多发款项 {overpayment_id}；请从多发款项列表中选择。",
            f"There is no overpayment {overpayment_id}. Choose one from the list of overpayments.",
        )


class OverpaymentInWrongState(ZhidaError):
    def __init__(self, overpayment_id: int, state: str, action_zh: str, action: str) -> None:
        told = OVERPAYMENT_STATE_TEXT[OverpaymentState(state)]
        super().__init__(
            f"多发款项 {overpayment_id} 的状态是“{told.zh}”，不能{action_zh}；请刷新页面查看是谁已处理。",
            f"Overpayment {overpayment_id} is '{told.en}' and cannot be {action}. Reload the page to see who has handled it.",
        )


class RecoveryWithoutReason(ZhidaError):
    def __init__(self, overpayment_id: int) -> None:
        super().__init__(
            f"处理多发款项 {overpayment_id} 需要写明理由；请填写后再提交。",
            f"What is done about overpayment {overpayment_id} needs a reason in words. Write one and send it again.",
        )


class RecoveryLimitWrong(ZhidaError):
    def __init__(self, overpayment_id: int) -> None:
        super().__init__(
            f"多发款项 {overpayment_id} 的扣回比例要大于 0、不超过 100%，分期金额要大于 0；请更正。",
            f"Overpayment {overpayment_id}: a limit is above 0 and at most 100 per cent, an instalment above 0. Correct it.",
        )


class PayeeHasDied(ZhidaError):
    def __init__(self, overpayment_id: int) -> None:
        super().__init__(
            f"多发款项 {overpayment_id} 的领款人已登记死亡，不能从其发放中扣回；请与家庭成员或继承人协商，或提议免还。",
            f"The payee of overpayment {overpayment_id} is registered as dead; nothing can be kept back of their payments. "
            "Agree with the household or the heirs, or propose a waiver.",
        )


class MoneyNotOut(ZhidaError):
    def __init__(self, overpayment_id: int) -> None:
        super().__init__(
            f"多发款项 {overpayment_id} 所属周期还有款项没有发出或被退回；请先退回该批次或重新核算该月，再追回。",
            f"Money of the period of overpayment {overpayment_id} has not left, or came back. Refuse that batch, or recompute the month.",
        )


class RepaymentTooMuch(ZhidaError):
    def __init__(self, overpayment_id: int, open_fen: int) -> None:
        super().__init__(
            f"多发款项 {overpayment_id} 只剩 {format_yuan(open_fen)} 元未还；请按此金额以内登记。",
            f"Of overpayment {overpayment_id} only {format_yuan(open_fen)} yuan are open. Book no more than that.",
        )


class ReceiptBookedAlready(ZhidaError):
    def __init__(self, receipt_no: str) -> None:
        super().__init__(
            f"收据号 {receipt_no} 已登记过；请核对收据号。",
            f"Receipt {receipt_no} was booked before. Check the number of the receipt.",
        )


class ProposerDecides(ZhidaError):
    def __init__(self, overpayment_id: int, account: str) -> None:
        super().__init__(
            f"多发款项 {overpayment_id} 的免还由 {account} 提议，不能由同一人决定；请由另一名复核人处理。",
            f"The waiver of overpayment {overpayment_id} was proposed by {account}, who may not decide it. Ask another checker.",
        )
