"""Bringing back what was paid too much, step by step: what officers and payees do about an overpayment, one transaction each.

Every step is written down (RecoveryStep), posted under its number, and told to who owes the money. An officer sees and handles the
overpayments of its area, a resident those kept back of their own payments.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.payments.commands import record
from zhida.blocks.payments.differences import forget_digests
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import CreditTransferTransaction, Overpayment, Repayment
from zhida.blocks.payments.recovery import Books, close_if_settled, lift_planned, note_step
from zhida.blocks.payments.recovery_errors import (
    MoneyNotOut,
    OverpaymentInWrongState,
    OverpaymentUnknown,
    PayeeHasDied,
    ProposerDecides,
    ReceiptBookedAlready,
    RecoveryLimitWrong,
    RecoveryWithoutReason,
    RepaymentTooMuch,
)
from zhida.blocks.payments.recovery_notices import tell_agreed, tell_answered, tell_found, tell_waived
from zhida.blocks.payments.recovery_rules import MAY_HAPPEN, RecoveryEvent, objection_end, standing
from zhida.blocks.payments.rules import CLOSED, STUCK, BatchState, OverpaymentState
from zhida.kernel.money import format_yuan

_WORDS: dict[RecoveryEvent, tuple[str, str]] = {
    RecoveryEvent.NETTING: ("从发放中扣回", "kept back of payments"),
    RecoveryEvent.AGREED: ("约定分期", "agreed on"),
    RecoveryEvent.OBJECTED: ("提出异议", "objected to"),
    RecoveryEvent.ANSWERED: ("答复异议", "answered"),
    RecoveryEvent.WAIVER_PROPOSED: ("提议免还", "proposed for a waiver"),
    RecoveryEvent.WAIVED: ("决定免还", "waived"),
    RecoveryEvent.REPAID: ("登记还款", "paid back"),
}


def start_netting(
    viewer: access.Viewer, overpayment_ids: int | Iterable[int], limit_bp: int | None = None, facts: PayeeFacts | None = None
) -> list[Overpayment]:
    """Keep a share of each coming payment of the payee back, at most ``limit_bp`` (settings.RECOVERY_LIMIT_BP where it is not said).

    The payee is told, and may object for settings.OBJECTION_DAYS days; nothing is kept back before. For one overpayment or many.
    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, RecoveryLimitWrong, PayeeHasDied, MoneyNotOut.
    """
    limit = settings.RECOVERY_LIMIT_BP if limit_bp is None else limit_bp
    ids = [overpayment_ids] if isinstance(overpayment_ids, int) else sorted(set(overpayment_ids))
    dead = {str(number) for number in (facts or RecordedFacts()).died().tolist()}
    with one_command():
        debts = [_open_for(viewer, "payments.recover", number, RecoveryEvent.NETTING) for number in ids]
        for debt in debts:
            if not 0 < limit <= 10_000:
                raise RecoveryLimitWrong(debt.pk)
            if debt.payee_key in dead:
                raise PayeeHasDied(debt.pk)
            _require_out(debt)
            debt.debtor_key = debt.payee_key
            debt.state, debt.limit_bp, debt.instalment_fen = OverpaymentState.NETTING, limit, 0
            debt.objection_until = objection_end()
            _take_step(viewer, debt, RecoveryEvent.NETTING, debt.open_fen, f"{limit / 100:g}%")
        tell_found(viewer, debts)
    return debts


def agree(
    viewer: access.Viewer, overpayment_id: int, instalment_fen: int, note: str, debtor_key: str | None = None,
    facts: PayeeFacts | None = None,
) -> Overpayment:  # fmt: skip
    """Note the signed agreement that so many fen a month are kept back, from the next payment on.

    debtor_key: whose payments, where it is not the payee: somebody of the household, or an heir. ``note`` names the paper that was signed.
    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, RecoveryWithoutReason, RecoveryLimitWrong,
    PayeeHasDied, MoneyNotOut.
    """
    dead = {str(number) for number in (facts or RecordedFacts()).died().tolist()}
    with one_command():
        debt = _open_for(viewer, "payments.recover", overpayment_id, RecoveryEvent.AGREED)
        _require_words(debt, note)
        if instalment_fen <= 0:
            raise RecoveryLimitWrong(debt.pk)
        debt.debtor_key = debtor_key or debt.payee_key
        if debt.debtor_key in dead:
            raise PayeeHasDied(debt.pk)
        _require_out(debt)
        debt.state, debt.resume_state, debt.objection_until = OverpaymentState.AGREED, "", None
        debt.limit_bp, debt.instalment_fen, debt.note = 10_000, instalment_fen, note.strip()[:300]
        debt.proposed_by = debt.decided_by = ""
        _take_step(viewer, debt, RecoveryEvent.AGREED, instalment_fen, note)
        tell_agreed(viewer, debt)
    return debt


def propose_waiver(viewer: access.Viewer, overpayment_id: int, reason: str) -> Overpayment:
    """Propose that what is open need not come back; nothing is kept back until a second officer has decided.

    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, RecoveryWithoutReason.
    """
    with one_command():
        debt = _open_for(viewer, "payments.recover", overpayment_id, RecoveryEvent.WAIVER_PROPOSED)
        _require_words(debt, reason)
        _propose(viewer, debt, reason)
        _take_step(viewer, debt, RecoveryEvent.WAIVER_PROPOSED, debt.open_fen, reason)
    return debt


def _propose(viewer: access.Viewer, debt: Overpayment, reason: str) -> None:
    debt.resume_state = standing(debt.state, debt.resume_state)
    debt.state, debt.proposed_by, debt.decided_by, debt.note = OverpaymentState.WAIVING, viewer.account, "", reason.strip()[:300]
    lift_planned(debt)


def decide_waiver(viewer: access.Viewer, overpayment_id: int, accept: bool, reason: str = "") -> Overpayment:
    """Waive what is open, or refuse to: then it is brought back as before. Whoever proposed it may not decide.

    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, ProposerDecides.
    """
    with one_command():
        debt = _open_for(viewer, "payments.waive", overpayment_id, RecoveryEvent.WAIVED)
        if viewer.account == debt.proposed_by:
            raise ProposerDecides(debt.pk, viewer.account)
        if not accept:
            debt.state, debt.resume_state, debt.proposed_by = debt.resume_state or OverpaymentState.FOUND, "", ""
            _take_step(viewer, debt, RecoveryEvent.WAIVER_REFUSED, debt.open_fen, reason)
            return debt
        open_fen = debt.open_fen
        debt.state, debt.resume_state, debt.decided_by = OverpaymentState.WAIVED, "", viewer.account
        debt.limit_bp = debt.instalment_fen = 0
        _take_step(viewer, debt, RecoveryEvent.WAIVED, open_fen, reason, waived=open_fen)
        tell_waived(viewer, debt, open_fen)
    return debt


def object_to(viewer: access.Viewer, overpayment_id: int, text: str) -> Overpayment:
    """Note that the payee holds an overpayment for wrong, themself or through an officer: nothing more is kept back until it is answered.

    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, RecoveryWithoutReason.
    """
    with one_command():
        debt = _open_for(viewer, _objection_permission(viewer), overpayment_id, RecoveryEvent.OBJECTED)
        _require_words(debt, text)
        debt.state, debt.resume_state = OverpaymentState.DISPUTED, debt.state
        lift_planned(debt)
        _take_step(viewer, debt, RecoveryEvent.OBJECTED, debt.open_fen, text)
    return debt


def _objection_permission(viewer: access.Viewer) -> str:
    return "entitlements.appeal" if viewer.role == "resident" else "payments.recover"


def answer_objection(viewer: access.Viewer, overpayment_id: int, answer: str, upheld: bool = False) -> Overpayment:
    """Answer an objection. Where it is right, what is open is proposed for a waiver, which a second officer decides; else it goes on.

    Where the decision itself was wrong, the month is decided again from right facts, and the debt goes by itself.
    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, RecoveryWithoutReason.
    """
    with one_command():
        debt = _open_for(viewer, "payments.recover", overpayment_id, RecoveryEvent.ANSWERED)
        _require_words(debt, answer)
        if upheld:
            _propose(viewer, debt, answer)
        else:
            debt.state, debt.resume_state = debt.resume_state or OverpaymentState.FOUND, ""
        _take_step(viewer, debt, RecoveryEvent.ANSWERED, debt.open_fen, answer)
        tell_answered(viewer, debt, answer)
    return debt


def book_repayment(viewer: access.Viewer, overpayment_id: int, amount_fen: int, receipt_no: str, received_on: date) -> Overpayment:
    """Book money that was brought back, with the number of its receipt; a receipt is booked once.

    Raises: PermissionMissing, NotYours, OverpaymentUnknown, OverpaymentInWrongState, RecoveryWithoutReason, RecoveryLimitWrong,
    RepaymentTooMuch, ReceiptBookedAlready.
    """
    with one_command():
        debt = _open_for(viewer, "payments.recover", overpayment_id, RecoveryEvent.REPAID)
        _require_words(debt, receipt_no)
        if amount_fen <= 0:
            raise RecoveryLimitWrong(debt.pk)
        if amount_fen > debt.open_fen:
            raise RepaymentTooMuch(debt.pk, debt.open_fen)
        receipt = receipt_no.strip()[:60]
        if Repayment.objects.filter(receipt_no=receipt).exists():
            raise ReceiptBookedAlready(receipt)
        _require_out(debt)
        lift_planned(debt, debt.open_fen - amount_fen)
        repayment = {"amount_fen": amount_fen, "receipt_no": receipt, "received_on": received_on, "booked_by": viewer.account}
        Repayment.objects.create(overpayment=debt, **repayment)
        text = f"{format_yuan(amount_fen)} ({receipt}, {received_on})"
        _take_step(viewer, debt, RecoveryEvent.REPAID, amount_fen, text, recovered=amount_fen)
        forget_digests({(debt.benefit, debt.period_key)})
    return debt


def _open_for(viewer: access.Viewer, permission: str, overpayment_id: int, event: RecoveryEvent) -> Overpayment:
    """Return an overpayment that the viewer may handle and of which this may happen now."""
    access.require(viewer, permission)
    debt = Overpayment.objects.filter(pk=overpayment_id).first()
    if debt is None:
        raise OverpaymentUnknown(overpayment_id)
    require_debt(viewer, debt)
    if debt.state not in MAY_HAPPEN[event]:
        raise OverpaymentInWrongState(debt.pk, debt.state, *_WORDS[event])
    return debt


def require_debt(viewer: access.Viewer, debt: Overpayment) -> None:
    """Let an officer handle the debts of its area, a resident those they owe themself. Raises: NotYours."""
    owes = int(debt.debtor_key) if debt.debtor_key.isdigit() else 0
    if viewer.role == "resident" and (not owes or viewer.resident_no != owes):
        raise access.NotYours(viewer.account, f"overpayment {debt.pk}")
    access.require_resident(viewer, owes, debt.community)


def _require_words(debt: Overpayment, text: str) -> None:
    if not text.strip():
        raise RecoveryWithoutReason(debt.pk)


def _require_out(debt: Overpayment) -> None:
    """Nobody is asked to give back what has not left, or what the bank has returned."""
    rows = CreditTransferTransaction.objects.filter(benefit=debt.benefit, period_key=debt.period_key, entity_no=debt.entity_no)
    rows = rows.exclude(state__in=CLOSED)
    waiting = rows.filter(state__in=STUCK) | rows.filter(batch__state__in=[BatchState.PREPARED, BatchState.APPROVED])
    if waiting.exists():
        raise MoneyNotOut(debt.pk)


def _take_step(
    viewer: access.Viewer, debt: Overpayment, event: RecoveryEvent, amount_fen: int, text: str, recovered: int = 0, waived: int = 0
) -> None:
    """Write a step down, post what it moves, save the debt."""
    step = note_step(debt, event, viewer.account, amount_fen, text)
    books = Books(f"recovery:{step.pk}")
    books.settle(debt, recovered, waived)
    books.post()
    close_if_settled(debt)
    debt.save()
    record(viewer, f"payments.recovery.{event}", f"overpayment {debt.pk}")
