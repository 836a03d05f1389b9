"""What runs and batches do to overpayments: found by a run, kept back of a batch, booked when it leaves, undone when it does not.

What officers and payees do is in ``recovering.py``. Both move the books through ``Books``: one posting for each envelope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.differences import Differences, forget_digests
from zhida.blocks.payments.errors import BudgetExceeded
from zhida.blocks.payments.models import CreditTransferTransaction, Deduction, Overpayment, PaymentInstruction, RecoveryStep
from zhida.blocks.payments.recovery_notices import tell_found, tell_netted
from zhida.blocks.payments.recovery_rules import NETTED, SETTLED, RecoveryEvent, claim_of, objection_end, standing
from zhida.blocks.payments.rules import CLOSED, STUCK, BatchState, OverpaymentState, split_fen
from zhida.blocks.payments.sharing import SHARE_COLUMNS, Envelopes, envelopes_of, give_back, shares_on, take_from_budget
from zhida.blocks.payments.totals import recount
from zhida.kernel import clock
from zhida.kernel.period import Month

# ---- books ------------------------------------------------------------------------------------------------------------------------------

# Where rounding takes a fen from one level and gives it to another, that fen is posted the other way round.
_REVERSE = {"claimed": "unclaimed", "unclaimed": "claimed", "recovered": "unrecovered", "unrecovered": "recovered", "waived": "claimed"}


class Books:
    """Moves of debts' money, added up, so that a command posts each envelope of a kind and year once.

    What a level bears of a debt is the share of the sum up to then minus the share before (rules.split_fen), so a debt that is
    settled in many parts leaves nothing behind on any level.
    """

    def __init__(self, reference: str) -> None:
        self._reference = reference
        self._sums: dict[tuple[str, int], Envelopes] = {}
        self._details: dict[tuple[str, int], list[tuple[int, int]]] = {}

    def settle(self, debt: Overpayment, recovered: int = 0, waived: int = 0) -> None:
        """Count what came back of a debt (below 0: did not, after all) or was waived; post it, and its claim as its state wants it.

        Changes the row, does not save it.
        """
        before = debt.settled_fen
        debt.recovered_fen += recovered
        debt.waived_fen += waived
        kind = "waived" if waived else "recovered" if recovered > 0 else "unrecovered"
        self.claim(debt)
        if debt.settled_fen != before:
            low, high = sorted((before, debt.settled_fen))
            self._add(kind, debt, low, high)

    def claim(self, debt: Overpayment) -> None:
        """Bring the posted claim in line with the debt's state and amount."""
        if not debt.share:
            debt.share = list(shares_on(_first_day(debt), [debt.benefit])[debt.benefit])
        wanted = claim_of(debt.state, debt.resume_state, debt.amount_fen, debt.settled_fen)
        if wanted > debt.claimed_fen:
            self._add("claimed", debt, debt.claimed_fen, wanted)
        elif wanted < debt.claimed_fen:
            self._add("unclaimed", debt, wanted, debt.claimed_fen)
        debt.claimed_fen = wanted

    def keep_back(self, kind: str, batch: PaymentInstruction, paid: CreditTransferTransaction, amount_fen: int) -> None:
        """Count what a payment's benefit has paid by keeping it back (``deducted``), or has not after all (``undeducted``)."""
        parts = split_fen(amount_fen, tuple(batch.shares[paid.benefit]))
        self._merge((kind, batch.budget_year), paid.benefit, paid.district, parts, paid.pk, amount_fen)

    def _add(self, kind: str, debt: Overpayment, low: int, high: int) -> None:
        share = tuple(debt.share)
        parts = [b - a for a, b in zip(split_fen(low, share), split_fen(high, share), strict=True)]
        self._merge((kind, debt.budget_year), debt.benefit, debt.district, parts, debt.pk, high - low)

    def _merge(self, key: tuple[str, int], benefit: str, district: int, parts: Sequence[int], number: int, amount_fen: int) -> None:
        sums = self._sums.setdefault(key, {})
        for envelope, fen in envelopes_of([(benefit, district, dict(zip(SHARE_COLUMNS, parts, strict=True)))]).items():
            sums[envelope] = sums.get(envelope, 0) + fen
        self._details.setdefault(key, []).append((number, amount_fen))

    def post(self, batch: PaymentInstruction | None = None) -> None:
        """Post everything and move the envelopes' room; what came back makes room before something else takes it.

        batch: whose payments keep back, or did not. Raises: BudgetExceeded.
        """
        for (kind, year), sums in self._sums.items():
            numbers, amounts = np.array(sorted(self._details[kind, year]), np.int64).T
            detail = ledger.detail_hash(numbers, amounts)
            for posted, reference, part in (
                (kind, self._reference, {key: fen for key, fen in sums.items() if fen > 0}),
                (_REVERSE.get(kind, kind), f"{self._reference}:{kind}:rest", {key: -fen for key, fen in sums.items() if fen < 0}),
            ):
                if part:
                    ledger.post_envelopes(posted, reference, year, part, len(numbers), detail)
        for (kind, year), sums in self._sums.items():
            if kind in ("recovered", "undeducted"):
                give_back(year, sums)
        for (kind, year), sums in self._sums.items():
            if kind in ("deducted", "unrecovered") and batch:
                take_from_budget(batch, sums, year)


def _first_day(debt: Overpayment) -> Any:
    is_month = len(debt.period_key) == 7 and debt.period_key[5:].isdigit()
    return Month.parse(debt.period_key).start if is_month else clock.today().replace(year=debt.budget_year, month=1, day=1)


def note_step(debt: Overpayment, event: RecoveryEvent, account: str, amount_fen: int = 0, text: str = "") -> RecoveryStep:
    """Write a step down; its number names its postings."""
    return RecoveryStep.objects.create(
        overpayment=debt, event=event, amount_fen=amount_fen, text=text.strip()[:2000], account=account, at=clock.now()
    )


def close_if_settled(debt: Overpayment) -> None:
    """Close a debt of which nothing is open any more; one that was waived keeps saying so."""
    if not debt.open_fen and debt.state != OverpaymentState.WAIVED:
        debt.state, debt.resume_state, debt.objection_until = OverpaymentState.CLOSED, "", None


# ---- found by a run ---------------------------------------------------------------------------------------------------------------------


def write_overpayments(run_id: int | None, month: str, differences: Differences) -> tuple[int, int]:
    """Bring what stands overpaid in the compared periods up to date; return count and sum of what is open.

    A debt that nothing was done about goes when the run decides as much again; one that is being recovered stays, lower or closed.
    """
    found = {(row["benefit"], row["period_key"], row["entity_no"]): row for row in differences.overpaid().to_pylist()}
    known = _known(differences)
    fresh = [_found(run_id, month, row) for key, row in found.items() if key not in known]
    Overpayment.objects.bulk_create(fresh, batch_size=500)
    risen = [debt for key, debt in known.items() if _renew(debt, run_id, found.get(key))]
    tell_found(access.SYSTEM, risen)
    still = [*fresh, *(debt for key, debt in known.items() if key in found and debt.open_fen)]
    return len(still), sum(debt.open_fen for debt in still)


def _known(differences: Differences) -> dict[tuple[str, str, int], Overpayment]:
    """Return the debts on file that this run has an answer for."""
    rows = {
        (row.benefit, row.period_key, row.entity_no): row for row in Overpayment.objects.filter(benefit__in=differences.benefits_compared())
    }
    if not rows:
        return {}
    benefits, periods, entities = zip(*rows, strict=True)
    keys = pa.table({"benefit": benefits, "period_key": periods, "entity_no": pa.array(entities, pa.int64())})
    answered = differences.answered(keys)
    return {key: row for key, row in rows.items() if key in answered}


def _found(run_id: int | None, month: str, row: dict[str, Any]) -> Overpayment:
    is_month = len(row["period_key"]) == 7 and row["period_key"][5:].isdigit()
    year = Month.parse(row["period_key"]).year if is_month else Month.parse(month).year
    return Overpayment(run_id=run_id, found_on=clock.today(), budget_year=year, debtor_key=row["payee_key"], **row)


def _renew(debt: Overpayment, run_id: int | None, row: dict[str, Any] | None) -> bool:
    """Set a known debt to what the run says; return whether it has risen for somebody of whom it is being brought back.

    One that nothing was done about and that is gone is removed.
    """
    instructed, decided = (row["instructed_fen"], row["decided_fen"]) if row else (debt.instructed_fen, debt.instructed_fen)
    if (instructed, decided) == (debt.instructed_fen, debt.decided_fen):
        return False
    before = debt.amount_fen
    if row is None and not debt.settled_fen and not debt.steps.exists() and not debt.deductions.exists():
        debt.delete()
        return False
    debt.run_id, debt.instructed_fen, debt.decided_fen = run_id, instructed, decided
    if debt.state in SETTLED and debt.open_fen:
        _begin_anew(debt)
    lift_planned(debt, debt.open_fen)
    has_risen = debt.amount_fen > before and standing(debt.state, debt.resume_state) in NETTED
    if has_risen:
        # What is new in it was never said: the payee is told, and may object, before any more is kept back.
        debt.objection_until = objection_end()
    close_if_settled(debt)
    step = note_step(debt, RecoveryEvent.CHANGED, access.SYSTEM.account, debt.amount_fen)
    books = Books(f"recovery:{step.pk}")
    books.claim(debt)
    books.post()
    debt.save()
    return has_risen


def overpaid_with(batch: PaymentInstruction) -> list[int]:
    """List the debts of periods that a batch has payments of."""
    sql = """SELECT DISTINCT o.id FROM payments_overpayment o JOIN payments_credittransfertransaction t
             ON t.benefit = o.benefit AND t.period_key = o.period_key AND t.entity_no = o.entity_no
             WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s ORDER BY o.id"""
    return [row[0] for row in bulk.rows(sql, [batch.first_id, batch.last_id, batch.pk])]


def lower_to_what_stands(overpayment_ids: Sequence[int]) -> None:
    """Set debts down to what is still instructed for their periods, after payments were removed: they never left, and nobody had them."""
    for some in _pieces(overpayment_ids):
        for debt in Overpayment.objects.filter(pk__in=some).order_by("id"):
            rows = CreditTransferTransaction.objects.filter(benefit=debt.benefit, period_key=debt.period_key, entity_no=debt.entity_no)
            standing = rows.exclude(state__in=CLOSED).aggregate(fen=Sum(F("amount_fen") + F("deducted_fen"), default=0))["fen"]
            if standing < debt.instructed_fen:
                row = {"instructed_fen": standing, "decided_fen": debt.decided_fen} if standing > debt.decided_fen else None
                _renew(debt, debt.run_id, row)


def _begin_anew(debt: Overpayment) -> None:
    """Something is open of a debt that was settled: an officer decides again what to do about it."""
    debt.state, debt.proposed_by, debt.decided_by, debt.limit_bp, debt.instalment_fen = OverpaymentState.FOUND, "", "", 0, 0


# ---- kept back of a batch ---------------------------------------------------------------------------------------------------------------


def debts_now() -> pa.Table:
    """Return what may be kept back of a batch that is prepared today: payee_key, open_fen, limit_bp; one row for each debtor."""
    sums: dict[str, list[int]] = {}
    for debt, available in _netted():
        owed = sums.setdefault(debt.debtor_key, [0, debt.limit_bp])
        owed[0] += available
        owed[1] = min(owed[1], debt.limit_bp)
    columns = {name: pa.array([owed[place] for owed in sums.values()], pa.int64()) for place, name in enumerate(("open_fen", "limit_bp"))}
    return pa.table({"payee_key": pa.array(sums, pa.string()), **columns})


def _netted(new_batch: PaymentInstruction | None = None) -> list[tuple[Overpayment, int]]:
    """List the debts that something is kept back for today, the oldest first, with how much: at most what is open and the instalment.

    new_batch: its payments were written after the debts were first asked for, and change nothing of the answer.
    """
    today = clock.today()
    planned = Q(deductions__state="planned")
    this_month = ~Q(deductions__state="undone") & Q(deductions__planned_on__gte=today.replace(day=1))
    rows = Overpayment.objects.filter(state__in=NETTED).exclude(objection_until__gt=today)
    rows = rows.annotate(
        planned_fen=Sum("deductions__amount_fen", filter=planned, default=0),
        month_fen=Sum("deductions__amount_fen", filter=this_month, default=0),
    )
    stuck = _stuck_periods(new_batch)
    found = []
    for debt in rows.order_by("id"):
        available = debt.open_fen - debt.planned_fen
        if debt.instalment_fen:
            available = min(available, debt.instalment_fen - debt.month_fen)
        if available > 0 and (debt.benefit, debt.period_key, debt.entity_no) not in stuck:
            found.append((debt, available))
    return found


def _stuck_periods(new_batch: PaymentInstruction | None) -> set[tuple[str, str, int]]:
    """Return the periods whose money came back to us: the next run of the month lowers the debt."""
    rows = CreditTransferTransaction.objects.filter(state__in=STUCK)
    rows = rows.exclude(pk__range=(new_batch.first_id, new_batch.last_id)) if new_batch else rows
    debts = Overpayment.objects.filter(state__in=NETTED)
    return set(rows.filter(benefit__in=debts.values("benefit")).values_list("benefit", "period_key", "entity_no"))


def plan_deductions(batch: PaymentInstruction, deducted: Sequence[tuple[str, str, str, int, int]]) -> None:
    """Write down for which debts something is kept back: payee_key, benefit, period_key, entity_no, fen. The oldest debt comes first."""
    if not deducted:
        return
    paid = CreditTransferTransaction.objects.filter(pk__range=(batch.first_id, batch.last_id), batch=batch, deducted_fen__gt=0)
    columns = ("payee_key", "benefit", "period_key", "entity_no", "pk")
    numbers = {tuple(row[:4]): row[4] for row in paid.values_list(*columns)}
    debts: dict[str, list[list[Any]]] = {}
    for debt, available in _netted(batch):
        debts.setdefault(debt.debtor_key, []).append([debt, available])
    planned = []
    for *key, fen in deducted:
        for owed in debts[key[0]]:
            part = min(fen, owed[1])
            if part:
                planned.append(Deduction(overpayment=owed[0], transaction_id=numbers[tuple(key)], amount_fen=part))
                owed[1] -= part
                fen -= part
    Deduction.objects.bulk_create(planned, batch_size=500)
    total = sum(row[-1] for row in deducted)
    PaymentInstruction.objects.filter(pk=batch.pk).update(deducted_fen=total)


def book_deductions(viewer: access.Viewer, batch: PaymentInstruction) -> None:
    """Count what a released batch kept back as recovered, and post it: its benefit is paid by it, the debt's budget has it again.

    What is kept back of a payment that is held waits with it.
    """
    planned = list(_of_batch(batch, "planned").order_by("id"))
    if not planned:
        return
    paid = _payments_of(planned)
    leaving = [row for row in planned if paid[row.transaction_id].state == "instructed"]
    debts = _debts_of(leaving)
    books = Books(f"batch:{batch.pk}")
    told = []
    for row in leaving:
        debt, payment = debts[row.overpayment_id], paid[row.transaction_id]
        books.keep_back("deducted", batch, payment, row.amount_fen)
        books.settle(debt, recovered=row.amount_fen)
        close_if_settled(debt)
        told.append((row, payment, debt.open_fen))
    books.post(batch)
    _mark(leaving, "booked", batch.pk)
    _save(debts.values())
    steps = [
        RecoveryStep(
            overpayment_id=row.overpayment_id, event=RecoveryEvent.DEDUCTED, amount_fen=row.amount_fen, account=viewer.account,
            at=clock.now(), text=f"{payment.benefit} {payment.period_key}",
        )
        for row, payment, _ in told
    ]  # fmt: skip
    RecoveryStep.objects.bulk_create(steps, batch_size=500)
    tell_netted(viewer, told)
    forget_digests({(debt.benefit, debt.period_key) for debt in debts.values()})


def undo_deductions(transaction_ids: list[int], batch: PaymentInstruction | None = None) -> None:
    """Take back what was kept back of payments that do not go to their payee: some by number, or all of a batch that never left."""
    rows = _of_batch(batch, "planned") if batch else Deduction.objects.filter(transaction_id__in=transaction_ids).exclude(state="undone")
    found = list(rows.order_by("id"))
    _mark([row for row in found if row.state == "planned"], "undone")
    for row in found:
        if row.state == "booked":
            _unbook(row)


def _unbook(row: Deduction) -> None:
    """Post the reverse of a deduction whose payment came back and goes to somebody else: the debt is as it was."""
    debt = Overpayment.objects.get(pk=row.overpayment_id)
    payment = CreditTransferTransaction.objects.get(pk=row.transaction_id)
    batch = PaymentInstruction.objects.get(pk=row.booked_in)
    step = note_step(debt, RecoveryEvent.UNDEDUCTED, access.SYSTEM.account, row.amount_fen, f"{payment.benefit} {payment.period_key}")
    if debt.state in SETTLED and debt.amount_fen > debt.settled_fen - row.amount_fen:
        _begin_anew(debt)
    books = Books(f"recovery:{step.pk}")
    books.keep_back("undeducted", batch, payment, row.amount_fen)
    books.settle(debt, recovered=-row.amount_fen)
    books.post(batch)
    debt.save()
    _mark([row], "undone")
    forget_digests({(debt.benefit, debt.period_key)})


def follow_reissue(batch: PaymentInstruction) -> None:
    """Let what a payment keeps back go with it when it is sent again."""
    bulk.execute(
        """UPDATE payments_deduction SET transaction_id = (
               SELECT t.id FROM payments_credittransfertransaction t WHERE t.reissue_of_id = payments_deduction.transaction_id)
           WHERE transaction_id IN (
               SELECT reissue_of_id FROM payments_credittransfertransaction WHERE id BETWEEN %s AND %s AND reissue_of_id IS NOT NULL)""",
        [batch.first_id, batch.last_id],
    )


def return_from_reissue(batch: PaymentInstruction) -> None:
    """Give it back to the payment it was kept back of, when sending again is refused or cancelled."""
    bulk.execute(
        """UPDATE payments_deduction SET transaction_id = (
               SELECT t.reissue_of_id FROM payments_credittransfertransaction t WHERE t.id = payments_deduction.transaction_id)
           WHERE transaction_id IN (
               SELECT id FROM payments_credittransfertransaction WHERE id BETWEEN %s AND %s AND reissue_of_id IS NOT NULL)""",
        [batch.first_id, batch.last_id],
    )


def lift_planned(debt: Overpayment, down_to_fen: int = 0) -> int:
    """Keep no more than ``down_to_fen`` back of payments that have not left; they go out in full again. Return what was lifted.

    What a budget has no room for stays as it is: it is recovered, and paid out by the next batch where it is not owed.
    """
    rows = list(debt.deductions.filter(state="planned").order_by("-id"))
    excess = sum(row.amount_fen for row in rows) - down_to_fen
    lifted = 0
    for row in rows:
        part = min(row.amount_fen, excess - lifted)
        if part > 0 and _pay_out_again(row, part):
            lifted += part
    if lifted:
        note_step(debt, RecoveryEvent.LIFTED, access.SYSTEM.account, lifted)
    return lifted


def _pay_out_again(row: Deduction, part: int) -> bool:
    """Move a part of what is kept back into the payment itself, while it is with us; False where its budget has no room."""
    payment = CreditTransferTransaction.objects.select_related("batch").get(pk=row.transaction_id)
    batch = payment.batch
    try:
        with transaction.atomic():
            if batch.state == BatchState.APPROVED and payment.state == "instructed":
                before, after = (split_fen(payment.amount_fen + fen, tuple(batch.shares[payment.benefit])) for fen in (0, part))
                more = dict(zip(SHARE_COLUMNS, (b - a for a, b in zip(before, after, strict=True)), strict=True))
                take_from_budget(batch, envelopes_of([(payment.benefit, payment.district, more)]))
            sums = {"amount_fen": payment.amount_fen + part, "deducted_fen": payment.deducted_fen - part}
            CreditTransferTransaction.objects.filter(pk=payment.pk).update(**sums)
            rest = row.amount_fen - part
            Deduction.objects.filter(pk=row.pk).update(**({"amount_fen": rest} if rest else {"state": "undone"}))
            PaymentInstruction.objects.filter(pk=batch.pk).update(deducted_fen=batch.deducted_fen - part)
            recount(batch.pk)
    except BudgetExceeded:
        return False
    return True


def _of_batch(batch: PaymentInstruction, state: str) -> QuerySet[Deduction]:
    return Deduction.objects.filter(transaction_id__gte=batch.first_id, transaction_id__lte=batch.last_id, state=state)


_SOME = 500


def _pieces(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[first : first + _SOME] for first in range(0, len(values), _SOME))


def _payments_of(rows: Sequence[Deduction]) -> dict[int, CreditTransferTransaction]:
    found: dict[int, CreditTransferTransaction] = {}
    for some in _pieces(sorted({row.transaction_id for row in rows})):
        found |= CreditTransferTransaction.objects.in_bulk(list(some))
    return found


def _debts_of(rows: Sequence[Deduction]) -> dict[int, Overpayment]:
    found: dict[int, Overpayment] = {}
    for some in _pieces(sorted({row.overpayment_id for row in rows})):
        found |= Overpayment.objects.in_bulk(list(some))
    return found


def _mark(rows: Sequence[Deduction], state: str, batch_id: int | None = None) -> None:
    for some in _pieces([row.pk for row in rows]):
        Deduction.objects.filter(pk__in=some).update(state=state, booked_in=batch_id)


def _save(debts: Iterable[Overpayment]) -> None:
    fields = ["recovered_fen", "claimed_fen", "share", "state", "resume_state", "objection_until"]
    Overpayment.objects.bulk_update(debts, fields, batch_size=200)
