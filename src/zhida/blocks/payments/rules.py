"""Pure rules of payments: states and what they mean, references, texts. No database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import IntFlag, StrEnum

from zhida.kernel.calendar import working_days_after
from zhida.kernel.text import Text


class BatchState(StrEnum):
    PREPARED = "prepared"
    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    RELEASED = "released"
    SETTLED = "settled"


class TransactionState(StrEnum):
    """``instructed`` and ``accepted`` are on their way; the others are where a payment rests.

    ::

        held ─────────────────────────────────┐
        instructed ─► accepted ─► paid ─► returned ──reissue──► reissued (a new transaction carries the money)
             │            ├────► rejected ────┤
             └────────────┴────► unanswered ──┘ (the bank is late: asked for; an answer that comes still counts)
        held, rejected, returned ──payee changed──► cancelled

    A row of CreditTransferTransaction says ``instructed`` for accepted and paid, too: that is in its BankAnswer rows.
    """

    HELD = "held"
    INSTRUCTED = "instructed"
    ACCEPTED = "accepted"
    PAID = "paid"
    REJECTED = "rejected"
    RETURNED = "returned"
    UNANSWERED = "unanswered"
    REISSUED = "reissued"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """How money reaches a payee: by the bank, or in cash at the street office against a receipt."""

    BANK = "bank"
    CASH = "cash"


class Level(StrEnum):
    """Who bears a share of a payment."""

    CENTRAL = "central"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"


class PayeeKind(StrEnum):
    """Why somebody else is paid than the decision names."""

    GUARDIAN = "guardian"
    INSTITUTION = "institution"
    HEAD = "head"
    MEMBER = "member"


class HandBookingKind(StrEnum):
    """What a person books instead of the bank."""

    CASH = "cash"
    GIVEN_UP = "given_up"
    LOST = "lost"


class ReturnNoteKind(StrEnum):
    """What came of looking for a payee."""

    CALLED = "called"
    VISITED = "visited"
    NO_ONE_HOME = "no_one_home"
    PROMISED = "promised"
    OTHER = "other"


class NextStep(StrEnum):
    """What can be done about money that has not reached its payee."""

    RETRY = "retry"
    OTHER_ACCOUNT = "other_account"
    CASH = "cash"
    HAND_OUT = "hand_out"
    CONFIRM_ACCOUNT = "confirm_account"
    ASK_BANK = "ask_bank"
    DECLARE_LOST = "declare_lost"
    GIVE_UP = "give_up"


class OverpaymentState(StrEnum):
    """What becomes of money that was paid too much.

    ::

        found ──┬─ netting (kept back of coming payments within a limit) ──┐
                ├─ agreed (instalments the payee agreed to) ───────────────┼─► closed
                └─ waiving ──a checker──► waived ──────────────────────────┘
        netting, agreed ──the payee objects──► disputed ──answered──► back, or closed
    """

    FOUND = "found"
    NETTING = "netting"
    AGREED = "agreed"
    WAIVING = "waiving"
    WAIVED = "waived"
    DISPUTED = "disputed"
    CLOSED = "closed"


class Risk(IntFlag):
    """What makes a payment worth a look before it leaves."""

    NEW_PAYEE = 1
    BIG_CHANGE = 2
    SHARED_ACCOUNT = 4
    OVER_100 = 8
    DIFFERENCE = 16


# Half as much again or less than half of what the last period brought.
BIG_CHANGE_TIMES = 1.5
# A family of so many on one card is usual; more is looked at.
ACCOUNT_SHARED_BY = 4
COOLING_OFF_DAYS = 7
# Working days after which a payment without the bank's answer goes to the work list.
ANSWER_DAYS = 5

# Cash that nobody fetched in so many days is taken back.
CASH_DAYS = 60
# From so many days on, stuck money is the district's business, too.
ESCALATE_DAYS = 30
# The bank had trouble, not the account: the same account may be tried again.
BANK_TROUBLE = ("AC06", "AM05", "MS03", "declared_lost", "cash_not_collected")
# How old stuck money is, in days: up to a week, a month, a quarter, and beyond.
AGES = (("0-7", 0, 7), ("8-30", 8, 30), ("31-90", 31, 90), ("90+", 91, None))

ON_THE_WAY = (TransactionState.INSTRUCTED, TransactionState.ACCEPTED, TransactionState.UNANSWERED)
# Money that is still with us and waits for a person: the street office's list.
STUCK = (TransactionState.HELD, TransactionState.REJECTED, TransactionState.RETURNED)
# ... and what is not known to be anywhere yet.
WORK_LIST = (*STUCK, TransactionState.UNANSWERED)
# States whose amount no longer stands for its period: another transaction does, or nobody is paid.
CLOSED = (TransactionState.REISSUED, TransactionState.CANCELLED)

# What the bank may report -> from which states a transaction follows, so that files may come late, twice or out of order.
MAY_FOLLOW: dict[TransactionState, tuple[TransactionState, ...]] = {
    TransactionState.ACCEPTED: (TransactionState.INSTRUCTED, TransactionState.UNANSWERED),
    TransactionState.PAID: ON_THE_WAY,
    TransactionState.REJECTED: ON_THE_WAY,
    TransactionState.RETURNED: (TransactionState.PAID,),
}
# The same news again, or older news that later news has overtaken: changes nothing and is no problem.
IS_OLD_NEWS: dict[TransactionState, tuple[TransactionState, ...]] = {
    TransactionState.ACCEPTED: (TransactionState.ACCEPTED, TransactionState.PAID, TransactionState.RETURNED),
    TransactionState.PAID: (TransactionState.PAID, TransactionState.RETURNED),
    TransactionState.REJECTED: (TransactionState.REJECTED,),
    TransactionState.RETURNED: (TransactionState.RETURNED,),
}

BATCH_STATE_TEXT = {
    BatchState.PREPARED: Text("待审批", "Waiting for approval"),
    BatchState.APPROVED: Text("已审批，待发放", "Approved, waiting for release"),
    BatchState.REFUSED: Text("已退回", "Refused"),
    BatchState.CANCELLED: Text("已撤销", "Cancelled"),
    BatchState.RELEASED: Text("已发往银行", "Sent to the bank"),
    BatchState.SETTLED: Text("已结清", "Settled"),
}

TRANSACTION_STATE_TEXT = {
    TransactionState.HELD: Text("暂缓发放", "Held back"),
    TransactionState.INSTRUCTED: Text("已发往银行", "Sent to the bank"),
    TransactionState.ACCEPTED: Text("银行已受理", "Accepted by the bank"),
    TransactionState.PAID: Text("已到账", "Paid"),
    TransactionState.REJECTED: Text("银行拒付", "Rejected by the bank"),
    TransactionState.RETURNED: Text("银行退回", "Returned by the bank"),
    TransactionState.UNANSWERED: Text("银行逾期未回复", "The bank is late with its answer"),
    TransactionState.REISSUED: Text("已重新发放", "Sent again"),
    TransactionState.CANCELLED: Text("已取消", "Cancelled"),
}

# Why a payment is held, rejected or returned, and what to do. Four-character codes: ISO 20022 external code sets.
REASONS = {
    "no_account": Text("没有收款账户；请办理社会保障卡金融账户。", "No account to pay to. Open the account of the social-security card."),
    "no_organisation_account": Text("没有单位收款账户；请单位登记对公账户。", "No account of the organisation. Ask it to register one."),
    "account_closed": Text("收款账户已注销；请登记新账户。", "The account was closed. Register a new one."),
    "account_changed": Text("收款账户已变更；将按新账户重新发放。", "The account has changed. It goes out again to the new one."),
    "account_cooling_off": Text(
        "收款账户刚刚变更，正在核实；核实后自动补发。", "The account was changed just now and is being checked; it goes out after that."
    ),
    "account_refused": Text("收款人否认更换账户；请登记正确账户。", "The payee denies the new account. Register the right one."),
    "payee_moved": Text(
        "收款人户籍已迁出；请核实是否仍应发放。", "The payee's household registration has left the city. Check the entitlement."
    ),
    "no_answer": Text("银行没有在期限内答复；请向银行查询。", "The bank has not answered in time. Ask it what became of this payment."),
    "payee_died": Text(
        "收款人已登记死亡；请核实后由继承人或新户主办理。", "The payee is registered as dead. Check, then name the new payee."
    ),
    "cash_not_collected": Text(
        "现金超过六十天没有领取，已退回预算；请联系本人后重新发放。",
        "The cash was not collected within sixty days and went back to the budget. Reach the payee, then send it again.",
    ),
    "declared_lost": Text(
        "银行书面确认这笔钱没有付出；可以向原账户重发。",
        "The bank has confirmed in writing that it did not pay. It may go out again to the same account.",
    ),
    "given_up": Text(
        "经两人核定不再发放，款项留在预算。", "Two officers decided that it is not paid any more; the money stays in the budget."
    ),
    "not_due": Text("重新核算后不再应发，没有发出。", "Not due any more; it did not go out."),
    "payee_changed": Text("收款人已变更，由新收款人领取。", "The payee has changed; the new one is paid."),
    "AC01": Text("账号有误；请核对后登记正确账号。", "The account number is wrong. Check it and register the right one."),
    "AC04": Text("账户已销户；请登记新账户。", "The account is closed. Register a new one."),
    "AC06": Text("账户被冻结；请联系开户银行。", "The account is blocked. Ask the bank that keeps it."),
    "AM05": Text("银行认为重复；请与银行核对。", "The bank takes it for a repeat. Check with the bank."),
    "MS03": Text("银行未说明原因；请联系银行。", "The bank gave no reason. Ask the bank."),
}

PROBLEMS = {
    "unknown_reference": Text("本系统没有这个支付编号；请与银行核对。", "This reference is not ours. Check it with the bank."),
    "not_released": Text("该笔支付尚未发往银行；请立即与银行核对。", "This payment was never sent. Check with the bank at once."),
    "wrong_amount": Text("金额与指令不符；请与银行核对后更正。", "The amount is not the one instructed. Have the bank correct it."),
    "wrong_currency": Text("币种不是人民币；请与银行核对。", "The currency is not CNY. Check it with the bank."),
    "doubled": Text("同一文件中重复出现；请确认银行没有重复付款。", "Twice in one file. Make sure that the bank did not pay twice."),
    "contradicts": Text("与已登记的状态矛盾；请与银行核对。", "Contradicts what is booked already. Check it with the bank."),
    "unknown_message": Text("本系统没有发过这个批次；请与银行核对。", "We never sent this message. Check it with the bank."),
    "unknown_event": Text("无法判断银行的意思；请人工处理。", "It is not clear what the bank reports. Handle it by hand."),
}

RETURN_NOTE_TEXT = {
    ReturnNoteKind.CALLED: Text("已电话联系", "Called"),
    ReturnNoteKind.VISITED: Text("已上门", "Visited"),
    ReturnNoteKind.NO_ONE_HOME: Text("家中无人", "No one home"),
    ReturnNoteKind.PROMISED: Text("答应去开户", "Promised to open an account"),
    ReturnNoteKind.OTHER: Text("其他", "Other"),
}

PAYEE_KIND_TEXT = {
    PayeeKind.GUARDIAN: Text("监护人", "Guardian"),
    PayeeKind.INSTITUTION: Text("供养机构", "Institution"),
    PayeeKind.HEAD: Text("户主", "Head of the household"),
    PayeeKind.MEMBER: Text("家庭成员", "Member of the household"),
}

NEXT_STEP_TEXT = {
    NextStep.RETRY: Text("向原账户重发", "Send again to the same account"),
    NextStep.OTHER_ACCOUNT: Text("请本人登记新账户，登记后重发", "Have another account registered; then it goes out again"),
    NextStep.CASH: Text("改为街道现金发放", "Pay in cash at the street office"),
    NextStep.HAND_OUT: Text("在街道领取现金，凭收据入账", "Hand out the cash and book the receipt"),
    NextStep.CONFIRM_ACCOUNT: Text("核实新账户", "Check the new account"),
    NextStep.ASK_BANK: Text("向银行查询", "Ask the bank"),
    NextStep.DECLARE_LOST: Text("凭银行书面确认登记为未付", "Book as not paid, with the bank's letter"),
    NextStep.GIVE_UP: Text("不再发放，退回预算", "Give up; the money stays in the budget"),
}

HAND_BOOKING_TEXT = {
    HandBookingKind.CASH: Text("现金发放", "Cash handed out"),
    HandBookingKind.GIVEN_UP: Text("不再发放", "Given up"),
    HandBookingKind.LOST: Text("银行确认未付", "Not paid, by the bank's letter"),
}

LEVEL_TEXT = {
    Level.CENTRAL: Text("中央", "central government"),
    Level.PROVINCE: Text("省级", "province"),
    Level.CITY: Text("市级", "city"),
    Level.DISTRICT: Text("区县", "district"),
}

RISK_TEXT = {
    Risk.NEW_PAYEE: Text("第一次领取的收款人", "A payee who was never paid before"),
    Risk.BIG_CHANGE: Text("金额与上一期相差一半以上", "The amount differs from the last period by more than half"),
    Risk.SHARED_ACCOUNT: Text("多人共用一个收款账户", "Many payees share one account"),
    Risk.OVER_100: Text("收款人年满一百周岁", "The payee is a hundred years old or more"),
    Risk.DIFFERENCE: Text("这个周期已经发过，这是差额或补发", "This period was paid before: a difference, or sent again"),
}

# Working days a bank needs from the file to the account; what the resident is told until the bank has answered.
DAYS_TO_ACCOUNT = 2

# How the key of a payee begins that is an organisation; the unified social credit code follows.
ORGANISATION = "org:"

_REFERENCE = re.compile(r"ZD(\d{16})")
_BATCH_MESSAGE = re.compile(r"ZHIDA-(\d{8})(?:-\d{3})?")


def end_to_end_id(transaction_id: int) -> str:
    """Return the reference of a transaction as it stands in bank files.

    >>> end_to_end_id(42)
    'ZD0000000000000042'
    """
    return f"ZD{transaction_id:016d}"


def transaction_id_of(reference: str) -> int:
    """Return the transaction that a bank's reference names; 0 where it is not one of ours.

    >>> transaction_id_of("ZD0000000000000042"), transaction_id_of("PAYROLL 7")
    (42, 0)
    """
    match = _REFERENCE.fullmatch(reference)
    return int(match[1]) if match else 0


def message_id_of(batch_id: int) -> str:
    """Return the name under which a batch travels.

    >>> message_id_of(7)
    'ZHIDA-00000007'
    """
    return f"ZHIDA-{batch_id:08d}"


def batch_of_message(message_id: str) -> int:
    """Return the batch that a message carries, or a part of; 0 where it is not one of ours.

    >>> batch_of_message("ZHIDA-00000007"), batch_of_message("ZHIDA-00000007-012"), batch_of_message("PAYROLL-7")
    (7, 7, 0)
    """
    match = _BATCH_MESSAGE.fullmatch(message_id)
    return int(match[1]) if match else 0


def reason_text(code: str) -> Text | None:
    """Return what a reason code means; a bank's code that we do not know is shown as it is."""
    if not code:
        return None
    return REASONS.get(code, Text(f"银行原因代码 {code}；请联系银行。", f"Reason code {code} of the bank. Ask the bank."))


def next_steps(state: str, reason_code: str, channel: str, is_organisation: bool = False) -> list[NextStep]:
    """List what can be done about a payment that has not reached its payee, the usual step first. Organisations get no cash.

    >>> [str(step) for step in next_steps("returned", "AC04", "bank")]
    ['other_account', 'cash', 'give_up']
    """
    if state == TransactionState.UNANSWERED:
        return [NextStep.ASK_BANK, NextStep.DECLARE_LOST]
    if state in ON_THE_WAY:
        return [NextStep.HAND_OUT] if channel == Channel.CASH else []
    if state not in STUCK:
        return []
    first = [NextStep.CONFIRM_ACCOUNT] if reason_code == "account_cooling_off" else []
    if reason_code == "payee_died":
        return [NextStep.GIVE_UP]
    if state != TransactionState.HELD and reason_code in BANK_TROUBLE:
        first = [NextStep.RETRY]
    cash = [] if is_organisation else [NextStep.CASH]
    return [*first, NextStep.OTHER_ACCOUNT, *cash, NextStep.GIVE_UP]


def state_text(state: str, batch_state: str) -> Text:
    """Return a payment's state in plain words: until its batch is released, the batch's state is what counts."""
    if state == TransactionState.INSTRUCTED and batch_state in (BatchState.PREPARED, BatchState.APPROVED):
        return Text("准备发放", "Being prepared")
    return TRANSACTION_STATE_TEXT[TransactionState(state)]


def expected_on(state: str, released_on: date | None) -> date | None:
    """Return the day the money should arrive, while it is on its way; none once the bank is late."""
    if released_on is None or state not in ON_THE_WAY or state == TransactionState.UNANSWERED:
        return None
    return working_days_after(released_on, DAYS_TO_ACCOUNT)


@dataclass(frozen=True)
class PaymentLine:
    """One payment as a resident or officer reads it."""

    transaction_id: int
    batch_id: int
    benefit: str
    period_key: str
    entity_no: int
    payee_no: int
    amount_fen: int
    # What was kept back of it for an earlier overpayment.
    deducted_fen: int
    channel: str
    revision: int
    state: str
    state_text: Text
    instructed_on: date | None
    settled_on: date | None
    expected_on: date | None
    reason: Text | None
    reason_code: str = ""


@dataclass(frozen=True)
class TrialBalanceRow:
    """What one ledger account received (debit), gave (credit) and holds (debit minus credit)."""

    kind: str
    benefit: str
    year: int
    debit_fen: int
    credit_fen: int
    level: str = ""
    area_code: int = 0

    @property
    def balance_fen(self) -> int:
        return self.debit_fen - self.credit_fen

    @property
    def code(self) -> str:
        """The account's name in files and hashes, as LedgerAccount.code."""
        return ":".join(str(part) for part in (self.kind, self.benefit, self.year, self.level, self.area_code) if part)


@dataclass(frozen=True)
class TotalsRow:
    """Count and sum of one group; ``key`` holds the group's values in the order asked for."""

    key: tuple[str | int, ...]
    count: int
    amount_fen: int


Share = tuple[int, int, int, int]
WHOLE_CITY: Share = (0, 0, 10_000, 0)


def split_fen(amount_fen: int, share: Share) -> Share:
    """Split a payment between central, province, city and district, each rounded down; the last that bears any takes the rest.

    share: basis points that add up to 10,000. ``sharing.share_columns`` says the same in SQL.

    >>> split_fen(101, (5_000, 0, 2_500, 2_500)), split_fen(100, (3_333, 6_667, 0, 0))
    ((50, 0, 25, 26), (33, 67, 0, 0))
    """
    parts = [amount_fen * points // 10_000 for points in share]
    last = max(place for place, points in enumerate(share) if points)
    parts[last] += amount_fen - sum(parts)
    return (parts[0], parts[1], parts[2], parts[3])


def checkers_needed(amount_fen: int, limits: list[tuple[int, int]]) -> int:
    """Return how many checkers a sum needs: limits are (from fen, checkers), in any order; one where none applies.

    >>> checkers_needed(500, [(0, 1), (1_000, 2)]), checkers_needed(1_000, [(0, 1), (1_000, 2)]), checkers_needed(7, [])
    (1, 2, 1)
    """
    return max((checkers for from_fen, checkers in limits if amount_fen >= from_fen), default=1)


def limits_problem(limits: list[tuple[int, int]]) -> Text | None:
    """Say what keeps (from fen, checkers) from being limits of approval; None where they are: the first from 0, more money never fewer.

    >>> limits_problem([(0, 1), (100, 2)]), limits_problem([(0, 2), (100, 1)]).en
    (None, 'a larger sum may not need fewer checkers')
    """
    ordered = sorted(limits)
    sums, checkers = [fen for fen, _ in ordered], [count for _, count in ordered]
    if not ordered or sums[0] != 0:
        return Text("第一档要从 0 元起", "the first limit begins at 0 yuan")
    if len(set(sums)) < len(sums):
        return Text("两档金额相同", "two limits begin at the same sum")
    if checkers[0] < 1 or checkers != sorted(checkers):
        return Text("金额更大，人数不能更少，至少一人", "a larger sum may not need fewer checkers")
    return None
