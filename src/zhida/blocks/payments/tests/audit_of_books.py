"""Are the books right? What must hold at any moment, counted anew in Python from the rows themselves; for tests that break off commands."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.payments.ledger import MOVES
from zhida.blocks.payments.models import (
    BankAnswer,
    BudgetEnvelope,
    CreditTransferTransaction,
    Deduction,
    LedgerEntry,
    Overpayment,
    PaymentFile,
    PaymentInstruction,
    PaymentTotal,
)
from zhida.blocks.payments.rules import CLOSED, ON_THE_WAY, Level, split_fen

GONE = ("released", "settled")
COMMITTED = ("approved", "released", "settled")
Envelope = tuple[str, int, str, int]


def faults() -> list[str]:
    """Say what is wrong with the books; nothing, where all is right."""
    return [fault for check in (_totals, _ledger, _chain, _deductions, _reissued) for fault in check()]


def states_seen() -> dict[int, str]:
    """Return the state of each payment as people see it."""
    answers = set(BankAnswer.objects.values_list("transaction_id", "event"))
    seen = {}
    for number, state in CreditTransferTransaction.objects.values_list("id", "state"):
        if state == "instructed":
            state = next((event for event in ("paid", "accepted") if (number, event) in answers), state)
        seen[number] = state
    return seen


def _counted() -> dict[tuple[int, str, int, str], list[int]]:
    seen, shares = states_seen(), dict(PaymentInstruction.objects.values_list("id", "shares"))
    counted: dict[tuple[int, str, int, str], list[int]] = {}
    rows = CreditTransferTransaction.objects.values_list("id", "batch_id", "benefit", "district", "amount_fen")
    for number, batch_id, benefit, district, amount_fen in rows:
        sums = counted.setdefault((batch_id, benefit, district, seen[number]), [0] * 6)
        for place, value in enumerate((1, amount_fen, *split_fen(amount_fen, tuple(shares[batch_id][benefit])))):
            sums[place] += value
    return counted


def _totals() -> Iterator[str]:
    names = ("batch_id", "benefit", "district", "state", "count", "amount_fen", "central_fen", "province_fen", "city_fen", "district_fen")
    # A batch that was sent back keeps what it was, on its own row and in its totals; its payments are gone.
    standing = PaymentTotal.objects.exclude(batch__state__in=["refused", "cancelled"])
    stored = {tuple(row[:4]): list(row[4:]) for row in standing.values_list(*names)}
    counted = _counted()
    for key in sorted(stored.keys() | counted.keys()):
        if stored.get(key) != counted.get(key):
            yield f"totals of {key} say {stored.get(key)}, the payments {counted.get(key)}"
    for batch in PaymentInstruction.objects.filter(state__in=["prepared", "approved"]):
        to_send = [sums for key, sums in counted.items() if key[0] == batch.pk and key[3] == "instructed"]
        if (batch.count, batch.amount_fen) != (sum(sums[0] for sums in to_send), sum(sums[1] for sums in to_send)):
            yield f"batch {batch.pk} says {batch.count} payments of {batch.amount_fen} fen"


def _envelopes_of_totals(batch_states: tuple[str, ...], states: tuple[str, ...]) -> Counter[Envelope]:
    sums: Counter[Envelope] = Counter()
    for row in PaymentTotal.objects.filter(batch__state__in=batch_states, state__in=states).select_related("batch"):
        parts = (row.central_fen, row.province_fen, row.city_fen, row.district_fen)
        for level, fen in zip(Level, parts, strict=True):
            sums[row.benefit, row.batch.budget_year, level.value, row.district if level == Level.DISTRICT else 0] += fen
    return sums


def _ledger() -> Iterator[str]:
    """Every account of every envelope holds what payments and deductions say."""
    balances: dict[str, Counter[Envelope]] = {kind: Counter() for kind in ("budget", "in_transit", "paid_out", "receivable", "treasury")}
    posted: Counter[tuple[str, Envelope]] = Counter()
    for entry in LedgerEntry.objects.select_related("debit_account", "credit_account"):
        if entry.kind in MOVES:
            receives, gives = MOVES[entry.kind]
            if (entry.debit_account.kind, entry.credit_account.kind) != (receives, gives):
                yield f"posting {entry.pk} {entry.kind} goes from {entry.credit_account.code} to {entry.debit_account.code}"
        for side, sign in ((entry.debit_account, 1), (entry.credit_account, -1)):
            balances[side.kind][side.benefit, side.year, side.level, side.area_code] += sign * entry.amount_fen
        of = entry.debit_account
        posted[entry.kind, (of.benefit, of.year, of.level, of.area_code)] += entry.amount_fen
    on_the_way = _envelopes_of_totals(GONE, tuple(map(str, ON_THE_WAY)))
    paid = _envelopes_of_totals(GONE, ("paid",))
    live = _envelopes_of_totals(COMMITTED, (*map(str, ON_THE_WAY), "paid"))
    waits = _envelopes_of_totals(("approved",), ("instructed",))
    if sum(sum(sums.values()) for sums in balances.values()):
        yield "the trial balance is not zero"
    envelopes = {(row.benefit, row.year, row.level, row.area_code): row for row in BudgetEnvelope.objects.all()}
    used = {key for sums in (on_the_way, paid, live, *balances.values()) for key in sums if sums[key]} | set(envelopes)
    for key in sorted(used - {("", 0, "", 0)}):

        def net(kind: str, back: str, key: Envelope = key) -> int:
            return posted[kind, key] - posted[back, key]

        deducted, recovered = net("deducted", "undeducted"), net("recovered", "unrecovered")
        claimed, waived = net("claimed", "unclaimed"), posted["waived", key]
        envelope = envelopes.get(key)
        amount, committed = (envelope.amount_fen, envelope.committed_fen) if envelope else (0, 0)
        wanted = {
            "in_transit": (balances["in_transit"][key], on_the_way[key]),
            "paid_out": (balances["paid_out"][key], paid[key] + deducted - claimed + waived),
            "receivable": (balances["receivable"][key], claimed - recovered - waived),
            "committed": (committed, live[key] + deducted - recovered),
            "budget": (balances["budget"][key], amount - committed + waits[key]),
        }
        for name, (has, should) in wanted.items():
            if has != should:
                yield f"{name} of {key} is {has}, the payments say {should}"


def _chain() -> Iterator[str]:
    before = ""
    for entry in LedgerEntry.objects.select_related("debit_account", "credit_account").order_by("id"):
        said = (
            before, entry.kind, entry.reference, entry.debit_account.code, entry.credit_account.code, entry.amount_fen, entry.count,
            entry.detail_hash, entry.booked_on.isoformat(),
        )  # fmt: skip
        if hashlib.sha256("|".join(map(str, said)).encode()).hexdigest() != entry.entry_hash:
            yield f"the chain breaks at posting {entry.pk}"
        before = entry.entry_hash


def _deductions() -> Iterator[str]:
    """What payments say was kept back is what debts say came back."""
    of_payment = {row.pk: (row.benefit, row.period_key, row.entity_no, row.payee_key) for row in CreditTransferTransaction.objects.all()}
    kept: Counter[tuple[str, str, int, str]] = Counter()
    for row in CreditTransferTransaction.objects.exclude(state__in=CLOSED):
        kept[of_payment[row.pk]] += row.deducted_fen
    written: Counter[tuple[str, str, int, str]] = Counter()
    booked: Counter[int] = Counter()
    for deduction in Deduction.objects.exclude(state="undone"):
        if deduction.transaction_id not in of_payment:
            yield f"deduction {deduction.pk} is of payment {deduction.transaction_id}, which there is not"
            continue
        written[of_payment[deduction.transaction_id]] += deduction.amount_fen
        booked[deduction.overpayment_id] += deduction.amount_fen if deduction.state == "booked" else 0
    for key in sorted(kept.keys() | written.keys()):
        if kept[key] != written[key]:
            yield f"{kept[key]} fen are kept back of {key}, {written[key]} fen are written down"
    for debt in Overpayment.objects.all():
        repaid = sum(debt.repayments.values_list("amount_fen", flat=True))
        if debt.recovered_fen != booked[debt.pk] + repaid:
            yield f"{debt.recovered_fen} fen of debt {debt.pk} came back, deductions and repayments say {booked[debt.pk]} and {repaid}"


def _reissued() -> Iterator[str]:
    """Exactly the payments that were sent again have another in their place."""
    again = set(CreditTransferTransaction.objects.exclude(reissue_of=None).values_list("reissue_of_id", flat=True))
    reissued = set(CreditTransferTransaction.objects.filter(state="reissued").values_list("id", flat=True))
    if again != reissued:
        yield f"payments {sorted(again ^ reissued)} are reissued without another, or the other way round"


def file_faults() -> list[str]:
    """Say what is wrong with the files for the bank: each released batch is out once and whole, and nothing else lies about."""
    bank = Path(settings.HOME) / "bank"
    files = list(PaymentFile.objects.filter(batch__state__in=GONE))
    found = {str(path.relative_to(bank)) for folder in ("out", "staged") for path in (bank / folder).glob("*")}
    wanted = {f"out/{row.file_name}" for row in files}
    faults = [f"{name} is {'missing' if name in wanted else 'too many'}" for name in sorted(found ^ wanted)]
    for row in files if not faults else []:
        message_id, ordered = demo_bank.orders(bank / "out" / row.file_name)
        ids = [int(reference[2:]) for reference in ordered["end_to_end_id"].to_pylist()]
        payments = dict(CreditTransferTransaction.objects.filter(batch_id=row.batch_id).values_list("id", "amount_fen"))
        told = dict(zip(ids, ordered["amount_fen"].to_pylist(), strict=True))
        if message_id != row.message_id or len(ids) != row.count or any(payments[number] != fen for number, fen in told.items()):
            faults.append(f"{row.file_name} does not say what batch {row.batch_id} sends")
    return faults
