"""Overpayments and what is kept back for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from zhida.blocks.payments import ledger
from zhida.blocks.payments.differences import Differences, forget_digests
from zhida.blocks.payments.models import CreditTransferTransaction, Deduction, Overpayment, PaymentInstruction
from zhida.blocks.payments.rules import OverpaymentState, split_fen
from zhida.blocks.payments.sharing import SHARE_COLUMNS, Envelopes, envelopes_of, give_back, shares_on, take_from_budget
from zhida.kernel import clock
from zhida.kernel.period import Month


def write_overpayments(run_id: int | None, month: str, differences: Differences) -> tuple[int, int]:
    """Bring what stands overpaid in the compared periods up to date; return count and sum.

    A debt that nothing was done about goes when the run decides as much again; one that is being recovered stays, lower or closed.
    """
    found = {(row["benefit"], row["period_key"], row["entity_no"]): row for row in differences.overpaid().to_pylist()}
    known: dict[tuple[str, str, int], Overpayment] = {}
    compared = differences.compared_keys() if Overpayment.objects.exists() else set()
    for row in Overpayment.objects.filter(benefit__in={key[0] for key in compared}):
        if (key := (row.benefit, row.period_key, row.entity_no)) in compared:
            known[key] = row
    fresh = [_found(run_id, month, row) for key, row in found.items() if key not in known]
    Overpayment.objects.bulk_create(fresh, batch_size=500)
    for key, debt in known.items():
        _renew(debt, run_id, found.get(key))
    return len(found), sum(row["instructed_fen"] - row["decided_fen"] for row in found.values())


def _found(run_id: int | None, month: str, row: dict[str, Any]) -> Overpayment:
    year = Month.parse(row["period_key"]).year if len(row["period_key"]) == 7 else Month.parse(month).year
    return Overpayment(run_id=run_id, found_on=clock.today(), budget_year=year, **row)


def _renew(debt: Overpayment, run_id: int | None, row: dict[str, Any] | None) -> None:
    """Set a known debt to what the run says; one that is gone is removed, or closed where money has moved."""
    if row is not None:
        debt.run_id, debt.instructed_fen, debt.decided_fen = run_id, row["instructed_fen"], row["decided_fen"]
        debt.save(update_fields=["run_id", "instructed_fen", "decided_fen"])
    elif debt.state == OverpaymentState.FOUND and not debt.recovered_fen and not debt.deductions.exists():
        debt.delete()
    else:
        debt.run_id, debt.decided_fen, debt.state = run_id, debt.instructed_fen, OverpaymentState.CLOSED
        debt.save(update_fields=["run_id", "decided_fen", "state"])


def plan_deductions(batch: PaymentInstruction, deducted: Iterable[tuple[str, str, str, int, int]]) -> None:
    """Write down for which debts something is kept back: payee_key, benefit, period_key, entity_no, fen. The oldest debt comes first."""
    total = 0
    for payee_key, benefit, period_key, entity_no, fen in deducted:
        key = {"batch": batch, "benefit": benefit, "period_key": period_key, "entity_no": entity_no, "payee_key": payee_key}
        transaction_id = CreditTransferTransaction.objects.filter(**key).values_list("pk", flat=True).get()
        total += fen
        for debt in _netted(payee_key):
            planned = sum(debt.deductions.filter(state="planned").values_list("amount_fen", flat=True))
            part = min(fen, debt.open_fen - planned)
            if part > 0:
                Deduction.objects.create(overpayment=debt, transaction_id=transaction_id, amount_fen=part)
                fen -= part
    PaymentInstruction.objects.filter(pk=batch.pk).update(deducted_fen=total)


def _netted(payee_key: str) -> list[Overpayment]:
    rows = Overpayment.objects.filter(payee_key=payee_key, state__in=[OverpaymentState.NETTING, OverpaymentState.AGREED])
    return list(rows.exclude(objection_until__gt=clock.today()).order_by("id"))


def book_deductions(batch: PaymentInstruction) -> None:
    """Count what a released batch kept back as recovered, and post it: its benefit is paid by it, the debt's budget has it again."""
    for deduction in _of_batch(batch, "planned").select_related("overpayment"):
        state = CreditTransferTransaction.objects.filter(pk=deduction.transaction_id).values_list("state", flat=True).get()
        if state == "instructed":
            _book(deduction, batch, 1)


def _book(deduction: Deduction, batch: PaymentInstruction, sign: int) -> None:
    """Post a deduction (sign 1) or take it back (-1)."""
    debt = deduction.overpayment
    paid = CreditTransferTransaction.objects.get(pk=deduction.transaction_id)
    share = batch.shares[paid.benefit]
    used = envelopes_of([(paid.benefit, paid.district, _parts(deduction.amount_fen, share))])
    freed = _debt_envelopes(debt, deduction.amount_fen)
    reference = f"deduction:{deduction.pk}"
    if sign > 0:
        take_from_budget(batch, used)
        ledger.post_envelopes("deducted", reference, batch.budget_year, used, 1)
        ledger.post_envelopes("recovered", reference, debt.budget_year, freed, 1)
        give_back(debt.budget_year, freed)
    else:
        ledger.post_envelopes("undeducted", reference, batch.budget_year, used, 1)
        ledger.post_envelopes("unrecovered", reference, debt.budget_year, freed, 1)
        give_back(batch.budget_year, used)
        take_from_budget(batch, freed, debt.budget_year)
    Deduction.objects.filter(pk=deduction.pk).update(state="booked" if sign > 0 else "undone")
    Overpayment.objects.filter(pk=debt.pk).update(recovered_fen=debt.recovered_fen + sign * deduction.amount_fen)
    debt.refresh_from_db()
    if sign > 0 and not debt.open_fen:
        Overpayment.objects.filter(pk=debt.pk).update(state=OverpaymentState.CLOSED)
    forget_digests({(debt.benefit, debt.period_key)})


def _debt_envelopes(debt: Overpayment, amount_fen: int) -> Envelopes:
    first = (
        Month.parse(debt.period_key).start
        if len(debt.period_key) == 7
        else clock.today().replace(year=debt.budget_year, month=1, day=1)
    )
    return envelopes_of([(debt.benefit, debt.district, _parts(amount_fen, shares_on(first, [debt.benefit])[debt.benefit]))])


def _parts(amount_fen: int, share: Any) -> dict[str, int]:
    return dict(zip(SHARE_COLUMNS, split_fen(amount_fen, tuple(share)), strict=True))


def undo_deductions(transaction_ids: list[int], batch: PaymentInstruction | None = None) -> None:
    """Take back what was kept back of payments that do not go to their payee: some by number, or all of a batch that never left."""
    rows = _of_batch(batch, "planned") if batch else Deduction.objects.filter(transaction_id__in=transaction_ids).exclude(state="undone")
    for deduction in rows.select_related("overpayment"):
        if deduction.state == "booked":
            paid = CreditTransferTransaction.objects.select_related("batch").get(pk=deduction.transaction_id)
            _book(deduction, paid.batch, -1)
        else:
            Deduction.objects.filter(pk=deduction.pk).update(state="undone")


def _of_batch(batch: PaymentInstruction, state: str) -> QuerySet[Deduction]:
    return Deduction.objects.filter(transaction_id__gte=batch.first_id, transaction_id__lte=batch.last_id, state=state)
