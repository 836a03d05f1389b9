"""Postings. Money stands in ``budget``, ``in_transit``, ``paid_out`` or ``receivable`` of an envelope; it comes from ``treasury``.

The ledger keeps control accounts: one command posts each envelope's sum once, with how many payments it stands for and a hash
over them. The payments themselves are the subsidiary ledger; ``audit`` proves that both agree (decision 0024).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from zhida.blocks.payments.models import LedgerAccount, LedgerClose, LedgerEntry
from zhida.blocks.payments.rules import Level
from zhida.blocks.payments.sharing import Envelopes
from zhida.blocks.payments.totals import TotalRow
from zhida.kernel import clock

TREASURY, BUDGET, IN_TRANSIT, PAID_OUT, RECEIVABLE = "treasury", "budget", "in_transit", "paid_out", "receivable"

# What happens to money -> (account that receives, account that gives).
MOVES = {
    "released": (IN_TRANSIT, BUDGET),
    "paid": (PAID_OUT, IN_TRANSIT),
    "rejected": (BUDGET, IN_TRANSIT),
    "returned": (BUDGET, PAID_OUT),
    # An overpayment is found: what was paid out is a claim now; it is withdrawn where a later run decides more again.
    "claimed": (RECEIVABLE, PAID_OUT),
    "unclaimed": (PAID_OUT, RECEIVABLE),
    # A claim is settled: out of a later payment (whose benefit has so been paid), in money, or given up.
    "deducted": (PAID_OUT, BUDGET),
    "recovered": (BUDGET, RECEIVABLE),
    "waived": (PAID_OUT, RECEIVABLE),
    # The later payment did not reach its payee and goes to somebody else: the claim is as it was.
    "undeducted": (BUDGET, PAID_OUT),
    "unrecovered": (RECEIVABLE, BUDGET),
}


def account(kind: str, benefit: str = "", year: int = 0, level: str = "", area_code: int = 0) -> LedgerAccount:
    return LedgerAccount.objects.get_or_create(kind=kind, benefit=benefit, year=year, level=level, area_code=area_code)[0]


def detail_hash(transaction_ids: np.ndarray, amounts_fen: np.ndarray) -> str:
    """Return the SHA-256 over payments in the order of their numbers: number and fen of each as 64-bit little-endian integers."""
    order = np.argsort(transaction_ids, kind="stable")
    pairs = np.stack([transaction_ids[order], amounts_fen[order]], axis=1).astype("<i8")
    return hashlib.sha256(pairs.tobytes()).hexdigest()


def post(
    kind: str, reference: str, debit: LedgerAccount, credit: LedgerAccount, amount_fen: int, count: int = 1, detail: str = "",
    booked_on: date | None = None,
) -> LedgerEntry:  # fmt: skip
    """Append one posting to the chain. Call it inside ``locking.one_command``; a day that is closed books to the day after."""
    last = LedgerEntry.objects.order_by("-id").values_list("entry_hash", flat=True).first() or ""
    entry = LedgerEntry(
        kind=kind, reference=reference, debit_account=debit, credit_account=credit, amount_fen=amount_fen, count=count, detail_hash=detail,
        booked_on=open_day(booked_on or clock.today()), posted_at=clock.now(), previous_hash=last,
    )  # fmt: skip
    entry.entry_hash = entry_hash(entry)
    entry.save(force_insert=True)
    return entry


def entry_hash(entry: LedgerEntry) -> str:
    """Return the hash of a posting: over what it says and the hash before it."""
    said = (
        entry.previous_hash, entry.kind, entry.reference, entry.debit_account.code, entry.credit_account.code, entry.amount_fen,
        entry.count, entry.detail_hash, entry.booked_on.isoformat(),
    )  # fmt: skip
    return hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()


def open_day(day: date) -> date:
    """Return the day, or the first that is not closed where it is."""
    closed = LedgerClose.objects.order_by("-day").values_list("day", flat=True).first()
    return max(day, closed + timedelta(days=1)) if closed else day


def post_budget(benefit: str, year: int, level: str, area_code: int, change_fen: int) -> None:
    """Bring a change of an envelope from the treasury, or give it back."""
    if change_fen == 0:
        return
    pair = account(BUDGET, benefit, year, level, area_code), account(TREASURY)
    debit, credit = pair if change_fen > 0 else pair[::-1]
    count = LedgerEntry.objects.filter(kind="budget").count() + 1
    post("budget", f"budget:{count}", debit, credit, abs(change_fen))


def post_envelopes(
    kind: str, reference: str, year: int, sums: Envelopes, count: int, detail: str = "", booked_on: date | None = None
) -> None:
    """Post one move for each envelope. count: of the payments behind them all."""
    receives, gives = MOVES[kind]
    for (benefit, level, area_code), amount_fen in sorted(sums.items()):
        debit, credit = (account(side, benefit, year, level, area_code) for side in (receives, gives))
        post(kind, reference, debit, credit, amount_fen, count, detail, booked_on)


def post_payments(kind: str, reference: str, year: int, rows: Sequence[TotalRow], detail: str, booked_on: date | None = None) -> None:
    """Post what happened to payments: total rows of one budget year, each envelope once, with the count of its payments."""
    receives, gives = MOVES[kind]
    summed: dict[tuple[str, str, int], tuple[int, int]] = {}
    for row in rows:
        for level, amount_fen in zip(Level, row[6:], strict=True):
            key = (row[1], level.value, row[2] if level == Level.DISTRICT else 0)
            count, fen = summed.get(key, (0, 0))
            summed[key] = (count + row[4], fen + amount_fen)
    for (benefit, level, area_code), (count, amount_fen) in sorted(summed.items()):
        if amount_fen:
            debit, credit = (account(side, benefit, year, level, area_code) for side in (receives, gives))
            post(kind, reference, debit, credit, amount_fen, count, detail, booked_on)
