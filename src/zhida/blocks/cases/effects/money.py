"""Money: what a case found due, and what ends because of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, transaction

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.errors import EffectImpossible
from zhida.blocks.cases.models import CaseDecision, CasePayable
from zhida.blocks.cases.rules import HandOver
from zhida.blocks.payments import api as payments
from zhida.kernel.period import Month

FEN = "fen"


def make_due(making: Making) -> dict[str, Any]:
    """Write down what is due for payment officers to take into a batch: what was decided, or an amount that an officer entered.

    A period of a benefit that an earlier case has found due already is not written twice.
    """
    made = [each for each in _due(making) if _write(making, each)]
    total = sum(each.amount_fen for each in made)
    return {"values": {f"{making.item.item}_due_fen": total}, "payables": len(made), "amount_fen": total}


def _due(making: Making) -> Iterator[CasePayable]:
    if "amount" in making.settings:
        yield _entered(making)
        return
    decided = CaseDecision.objects.filter(case=making.case, benefit__in=making.settings["benefits"], replaced_by=None).order_by("id")
    # The rules may have been asked again with other facts: the last answer about somebody counts.
    for each in {(each.benefit, each.entity_no): each for each in decided}.values():
        if each.status == "entitled" and each.unit == FEN and each.amount > 0:
            yield payable(making, each)


def payable(making: Making, decision: CaseDecision) -> CasePayable:
    payee = making.case.applicant_no if making.settings.get("to") == "applicant" else decision.payee_no
    return CasePayable(
        effect=making.row, decision=decision, benefit=decision.benefit, period_key=decision.period_key, entity_no=decision.entity_no,
        payee_no=payee, amount_fen=decision.amount, district=making.case.community // 1_000_000, community=making.case.community,
        state=HandOver.WAITING,
    )  # fmt: skip


def _entered(making: Making) -> CasePayable:
    amount = making.value(making.settings["amount"])
    if not isinstance(amount, int) or amount <= 0:
        raise EffectImpossible(
            making.item.item, "payment", "还没有填写金额，请经办人补填", "no amount was entered; the officer must enter it"
        )
    case = making.case
    payee = case.applicant_no if making.settings.get("to") == "applicant" else case.subject_no
    (benefit,) = making.settings["benefits"]
    return CasePayable(
        effect=making.row, benefit=benefit, period_key=f"once:{case.subject_no}", entity_no=case.subject_no, payee_no=payee,
        amount_fen=amount, district=case.community // 1_000_000, community=case.community, state=HandOver.WAITING,
    )  # fmt: skip


def _write(making: Making, due: CasePayable) -> bool:
    if not due.payee_no:
        raise EffectImpossible(
            making.item.item, "payment", "还不知道发给谁，请先确定收款人", "nobody is known to receive it; name the payee first"
        )
    try:
        # Twins, or two cases at once: the constraint says which of them found it due first.
        with transaction.atomic():
            due.save()
    except IntegrityError:
        return False
    return True


def settle(making: Making, old: CaseDecision, new: CaseDecision, to_applicant: bool) -> int:
    """Bring the money of a case in line with a decision that took another's place; return the difference in fen.

    What no batch has taken is withdrawn; what is in one is made again with the new amount, and ``payments`` pays or takes back the rest.
    making: of the effect that the money belongs to.
    """
    before = CasePayable.objects.filter(decision=old, state__in=(HandOver.WAITING, HandOver.HANDED)).first()
    if before is not None:
        before.state = HandOver.WITHDRAWN if before.state == HandOver.WAITING else HandOver.WITHDRAWING
        before.save()
    amount = new.amount if new.status == "entitled" and new.unit == FEN else 0
    if amount > 0:
        due = payable(making, new)
        due.payee_no = making.case.applicant_no if to_applicant else due.payee_no
        due.effect = before.effect if before is not None else due.effect
        _write(making, due)
    return amount - (before.amount_fen if before is not None else 0)


def undo(making: Making) -> dict[str, Any]:
    """Withdraw what no batch has taken yet; what is in a batch is taken out or brought back when payment officers next make one.

    Before the batch is released it is cancelled there and made without this; after that it becomes an overpayment (handing.py).
    """
    rows = CasePayable.objects.filter(effect=making.row)
    handed = rows.filter(state=HandOver.HANDED)
    result = {"to_recover": handed.count(), "to_recover_fen": sum(handed.values_list("amount_fen", flat=True))}
    handed.update(state=HandOver.WITHDRAWING)
    rows.filter(state=HandOver.WAITING).update(state=HandOver.WITHDRAWN)
    return result


def stop(making: Making) -> dict[str, Any]:
    """Say what ends, from which month, and what has been paid for later months; runs stop it, and ``payments`` brings it back.

    A benefit is due for the month in which somebody died and not for later ones (effect ``from: next_month``).
    """
    case = making.case
    last = Month.of(case.happened_on) if case.happened_on else Month.of(making.moving.today).previous
    first_not_due = last.next if making.settings.get("from", "next_month") == "next_month" else last
    ended: dict[str, int] = {}
    for paid in payments.payments_of(SYSTEM, Purpose.CASEWORK, [case.subject_no]):
        if _is_month(paid.period_key):
            is_late = paid.period_key >= first_not_due.text and paid.state in ("instructed", "paid")
            ended[paid.benefit] = ended.get(paid.benefit, 0) + (paid.amount_fen if is_late else 0)
    overpaid = sum(ended.values())
    return {
        "values": {"stopped_from": first_not_due.start.isoformat(), "overpaid_fen": overpaid},
        "from": first_not_due.text,
        "benefits": ended,
    }


def _is_month(period_key: str) -> bool:
    return len(period_key) == 7 and period_key[5:].isdigit()


def undo_stop(making: Making) -> dict[str, Any]:
    """Nothing was written that could be taken back: the next run decides by the registers as they are then."""
    return {}
