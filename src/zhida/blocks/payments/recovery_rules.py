"""Pure rules of overpayments: what may happen to one and when, limits, words. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.conf import settings

from zhida.blocks.payments.rules import OverpaymentState
from zhida.kernel import clock
from zhida.kernel.text import Text


class RecoveryEvent(StrEnum):
    """A step in the life of an overpayment."""

    CHANGED = "changed"
    NETTING = "netting"
    AGREED = "agreed"
    OBJECTED = "objected"
    ANSWERED = "answered"
    WAIVER_PROPOSED = "waiver_proposed"
    WAIVED = "waived"
    WAIVER_REFUSED = "waiver_refused"
    DEDUCTED = "deducted"
    UNDEDUCTED = "undeducted"
    LIFTED = "lifted"
    REPAID = "repaid"


# What an officer or the payee may do in which state.
MAY_HAPPEN: dict[RecoveryEvent, tuple[OverpaymentState, ...]] = {
    RecoveryEvent.NETTING: (OverpaymentState.FOUND, OverpaymentState.NETTING, OverpaymentState.AGREED),
    RecoveryEvent.AGREED: (OverpaymentState.FOUND, OverpaymentState.NETTING, OverpaymentState.AGREED, OverpaymentState.DISPUTED),
    RecoveryEvent.WAIVER_PROPOSED: (
        OverpaymentState.FOUND,
        OverpaymentState.NETTING,
        OverpaymentState.AGREED,
        OverpaymentState.DISPUTED,
    ),
    RecoveryEvent.WAIVED: (OverpaymentState.WAIVING,),
    RecoveryEvent.OBJECTED: (OverpaymentState.FOUND, OverpaymentState.NETTING, OverpaymentState.AGREED),
    RecoveryEvent.ANSWERED: (OverpaymentState.DISPUTED,),
    RecoveryEvent.REPAID: (
        OverpaymentState.FOUND,
        OverpaymentState.NETTING,
        OverpaymentState.AGREED,
        OverpaymentState.WAIVING,
        OverpaymentState.DISPUTED,
    ),
}

# Money is kept back for these; the ledger has a claim for them, also while they wait for an answer.
NETTED = (OverpaymentState.NETTING, OverpaymentState.AGREED)
PAUSED = (OverpaymentState.DISPUTED, OverpaymentState.WAIVING)
SETTLED = (OverpaymentState.WAIVED, OverpaymentState.CLOSED)

OVERPAYMENT_STATE_TEXT = {
    OverpaymentState.FOUND: Text("待处理", "Found, nothing done yet"),
    OverpaymentState.NETTING: Text("按比例扣回", "Kept back of coming payments"),
    OverpaymentState.AGREED: Text("协议分期", "Agreed instalments"),
    OverpaymentState.WAIVING: Text("免还待复核", "Waiver waits for a second officer"),
    OverpaymentState.WAIVED: Text("已免还", "Waived"),
    OverpaymentState.DISPUTED: Text("有异议，暂停扣回", "Objected to, on hold"),
    OverpaymentState.CLOSED: Text("已结清", "Closed"),
}

RECOVERY_EVENT_TEXT = {
    RecoveryEvent.CHANGED: Text("重新核算，金额有变", "Worked out again: the sum has changed"),
    RecoveryEvent.NETTING: Text("决定从以后的发放中扣回，已通知本人", "To be kept back of coming payments; the payee was told"),
    RecoveryEvent.AGREED: Text("与本人达成分期协议", "Instalments agreed"),
    RecoveryEvent.OBJECTED: Text("提出异议，暂停扣回", "Objected to; nothing is kept back"),
    RecoveryEvent.ANSWERED: Text("答复异议", "The objection was answered"),
    RecoveryEvent.WAIVER_PROPOSED: Text("提议免还", "A waiver was proposed"),
    RecoveryEvent.WAIVED: Text("批准免还", "Waived"),
    RecoveryEvent.WAIVER_REFUSED: Text("不同意免还", "The waiver was refused"),
    RecoveryEvent.DEDUCTED: Text("从一笔发放中扣回", "Kept back of a payment"),
    RecoveryEvent.UNDEDUCTED: Text("那笔发放没有发成，扣回作废", "That payment did not go out; nothing was kept back of it"),
    RecoveryEvent.LIFTED: Text("未发出的批次不再扣回", "No longer kept back of a batch that has not left"),
    RecoveryEvent.REPAID: Text("本人交回", "Paid back"),
}


def objection_end() -> date:
    """Return the day until which a payee who is told today may object; nothing is kept back before."""
    return clock.today() + timedelta(days=settings.OBJECTION_DAYS)


def standing(state: str, resume_state: str) -> str:
    """Return the state a debt is in, or goes back to when its objection or waiver is decided.

    >>> standing("disputed", "netting"), standing("netting", "")
    ('netting', 'netting')
    """
    return resume_state if state in PAUSED else state


def claim_of(state: str, resume_state: str, amount_fen: int, settled_fen: int) -> int:
    """Return what must stand posted as a claim: the whole debt while it is brought back, and never less than what came back.

    >>> claim_of("found", "", 900, 0), claim_of("netting", "", 900, 100), claim_of("disputed", "agreed", 50, 100)
    (0, 900, 100)
    """
    return max(amount_fen, settled_fen) if standing(state, resume_state) in NETTED else settled_fen


def instalments(open_fen: int, instalment_fen: int) -> int:
    """Return in how many instalments a sum comes back.

    >>> instalments(1_000, 300), instalments(900, 300)
    (4, 3)
    """
    return -(-open_fen // instalment_fen)


def kept_back(gross_fen: int, limit_bp: int, available_fen: int) -> int:
    """Return what is kept back of one payment: within its limit, no more than is owed, and at least one fen goes out.

    >>> kept_back(1_000, 2_000, 5_000), kept_back(1_000, 2_000, 120), kept_back(1, 10_000, 9)
    (200, 120, 0)
    """
    return max(min(gross_fen * limit_bp // 10_000, gross_fen - 1, available_fen), 0)


@dataclass(frozen=True)
class DebtPreview:
    """What one of the debtor's payments would keep back if it came again as it last did."""

    benefit: str
    entity_no: int
    period_key: str
    gross_fen: int
    kept_fen: int


@dataclass(frozen=True)
class DebtLine:
    """An overpayment as the person who owes it reads it. settled_on_way: what not yet released payments keep back."""

    overpayment_id: int
    benefit: str
    period_key: str
    entity_no: int
    state: str
    amount_fen: int
    recovered_fen: int
    open_fen: int
    limit_bp: int
    instalment_fen: int
    objection_until: date | None
    may_object: bool
