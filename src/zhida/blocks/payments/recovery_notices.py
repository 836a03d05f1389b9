"""What residents are told about back payments and about money that was paid too much. Organisations are written to by people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from zhida.blocks.access import api as access
from zhida.blocks.notices import api as notices
from zhida.blocks.payments import bulk
from zhida.blocks.payments.models import CreditTransferTransaction, Deduction, Overpayment, PaymentInstruction
from zhida.blocks.payments.recovery_rules import instalments
from zhida.blocks.payments.rules import CLOSED, Risk, expected_on
from zhida.kernel import clock
from zhida.kernel.money import format_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text


def tell_found(viewer: access.Viewer, debts: Iterable[Overpayment]) -> None:
    """Tell who is asked to give money back: how much and why, and until when nothing is kept back so that they may object."""
    _notify(viewer, "overpayment_found", (
        (debt, {"reason": why_overpaid(debt), "object_by": debt.objection_until, **_about(debt, debt.open_fen)}) for debt in debts
    ))  # fmt: skip


def tell_agreed(viewer: access.Viewer, debt: Overpayment) -> None:
    """Confirm what was agreed."""
    count = instalments(debt.open_fen, debt.instalment_fen)
    about = {"benefit": debt.benefit, "amount": debt.open_fen, "instalment": debt.instalment_fen, "instalments": count}
    _notify(viewer, "recovery_agreed", [(debt, about | {"first": Month.of(clock.today()).text})])


def tell_waived(viewer: access.Viewer, debt: Overpayment, waived_fen: int) -> None:
    _notify(viewer, "overpayment_waived", [(debt, _about(debt, waived_fen))])


def tell_answered(viewer: access.Viewer, debt: Overpayment, answer: str) -> None:
    """Answer an objection."""
    _notify(viewer, "overpayment_answered", [(debt, _about(debt, debt.open_fen) | {"answer": answer})])


def tell_netted(viewer: access.Viewer, kept: Iterable[tuple[Deduction, CreditTransferTransaction, int]]) -> None:
    """Tell payees what was kept back of a payment that leaves: the deduction, its payment, and what is open after it."""
    notices.notify(viewer, "overpayment_netted", (
        notices.Recipient(
            f"deduction:{row.pk}",
            {"benefit": payment.benefit, "amount": row.amount_fen, "period": payment.period_key, "left": left},
            payment.payee_no, community=payment.community,
        )
        for row, payment, left in kept if payment.payee_no
    ), access.Purpose.PAYMENT)  # fmt: skip


def why_overpaid(debt: Overpayment) -> Text:
    """Say in one sentence what was worked out anew."""
    had, due = format_yuan(debt.instructed_fen), format_yuan(debt.decided_fen)
    return Text(f"应发 {due} 元，已发 {had} 元。", f"{due} yuan were due and {had} yuan were paid.")


def _about(debt: Overpayment, amount_fen: int) -> dict[str, object]:
    return {"benefit": debt.benefit, "amount": amount_fen, "period": debt.period_key}


def _notify(viewer: access.Viewer, kind: str, told: Iterable[tuple[Overpayment, dict[str, object]]]) -> None:
    """Tell each debt's debtor; the last step names the notice, so that every step is told once."""
    notices.notify(viewer, kind, (
        notices.Recipient(f"recovery:{_last_step(debt)}", parameters, int(debt.debtor_key), community=debt.community)
        for debt, parameters in told if debt.debtor_key.isdigit()
    ), access.Purpose.PAYMENT)  # fmt: skip


def _last_step(debt: Overpayment) -> int:
    return int(debt.steps.order_by("-id").values_list("pk", flat=True).first() or 0)


# ---- back payments ----------------------------------------------------------------------------------------------------------------------

_ARREARS_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("benefit", pa.string()),
        ("period_key", pa.string()),
        ("payee_no", pa.int64()),
        ("amount_fen", pa.int64()),
        ("community", pa.int64()),
    ]
)
# A difference is a back payment where something stands for the period already; money that only changed its payee or account is none.
_ARREARS = f"""
SELECT t.id, t.benefit, t.period_key, t.payee_no, t.amount_fen, t.community FROM payments_credittransfertransaction t
WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s AND t.revision > 0 AND t.state = 'instructed' AND t.payee_no <> 0
AND EXISTS (SELECT 1 FROM payments_credittransfertransaction e WHERE e.benefit = t.benefit AND e.period_key = t.period_key
            AND e.entity_no = t.entity_no AND e.revision < t.revision AND e.state NOT IN ({", ".join(f"'{state}'" for state in CLOSED)}))
"""


def tell_arrears(viewer: access.Viewer, batch: PaymentInstruction) -> int:
    """Tell payees of a batch that leaves that they are paid what an earlier payment of the period lacked; return how many."""
    if batch.is_reissue or not batch.risk_counts.get(str(Risk.DIFFERENCE.name).lower()):
        return 0
    return notices.notify(viewer, "payment_paid_arrears", _arrears(batch), access.Purpose.PAYMENT)


def _arrears(batch: PaymentInstruction) -> Iterator[notices.Recipient]:
    day = expected_on("instructed", clock.today()) or clock.today()
    table = bulk.read_table(_ARREARS, [batch.first_id, batch.last_id, batch.pk], _ARREARS_SCHEMA)
    for some in table.to_batches():
        for number, benefit, period, payee_no, fen, community in zip(*(column.to_pylist() for column in some.columns), strict=True):
            about = {"benefit": benefit, "amount": fen, "period": period, "day": day}
            yield notices.Recipient(f"payment:{number}", about, payee_no, community=community)
