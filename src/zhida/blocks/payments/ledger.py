"""Postings. Money stands in ``budget``, ``in_transit``, ``paid_out`` or ``receivable`` of an envelope; it comes from ``treasury``.

The ledger keeps control accounts: one command posts each envelope's sum once, with how many payments it stands for and a hash
over them. The payments themselves are the subsidiary ledger; ``audit`` proves that both agree (decision 0024).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from zhida.blocks.payments.errors import LedgerBroken
from zhida.blocks.payments.models import LedgerAccount, LedgerClose, LedgerEntry
from zhida.blocks.payments.rules import Level
from zhida.blocks.payments.sharing import Envelopes
from zhida.blocks.payments.totals import TotalRow
from zhida.kernel import clock
from zhida.kernel.text import Text

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


@dataclass(frozen=True)
class Chain:
    """A chain of postings that was verified: how many, the number of the last, and its hash."""

    count: int
    last_id: int
    head: str


def post(
    kind: str, reference: str, debit: LedgerAccount, credit: LedgerAccount, amount_fen: int, count: int = 1, detail: str = "",
    booked_on: date | None = None,
) -> LedgerEntry:  # fmt: skip
    """Append one posting to the chain. Call it inside ``locking.one_command``.

    A day that is closed books to the first that is not, and ``reference`` says which day it was, as "file:12@2025-11-03": so the
    days of one bank file stay apart, and an auditor finds the answers behind each posting.
    """
    last = LedgerEntry.objects.order_by("-id").values_list("entry_hash", flat=True).first() or ""
    day = booked_on or clock.today()
    open_on = open_day(day)
    entry = LedgerEntry(
        kind=kind, reference=reference if open_on == day else f"{reference}@{day.isoformat()}", debit_account=debit, credit_account=credit,
        amount_fen=amount_fen, count=count, detail_hash=detail, booked_on=open_on, posted_at=clock.now(), previous_hash=last,
    )  # fmt: skip
    entry.entry_hash = entry_hash(
        last, kind, entry.reference, debit.code, credit.code, amount_fen, count, detail, open_on.isoformat()
    )  # fmt: skip
    entry.save(force_insert=True)
    return entry


def entry_hash(
    previous_hash: str, kind: str, reference: str, debit: str, credit: str, amount_fen: int, count: int, detail: str, booked_on: str
) -> str:
    """Return the hash of a posting: over what it says, accounts by their codes, and the hash before it."""
    said = (previous_hash, kind, reference, debit, credit, amount_fen, count, detail, booked_on)
    return hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()


def verify_chain(after: Chain | None = None) -> Chain:
    """Recompute the chain posting by posting and return where it ends; ``after``: only what follows a part verified before.

    What it cannot see, postings taken away at the end, the daily closes show (closing.verify_closes).

    Raises: LedgerBroken at the first posting that is not what was posted, or does not follow from the one before.
    """
    codes = {account.pk: account.code for account in LedgerAccount.objects.all()}
    verified = after or Chain(0, 0, "")
    count, last_id, head = verified.count, verified.last_id, verified.head
    for number, previous, hashed, debit, credit, day, *said in _chained(last_id):
        kind, reference, amount_fen, units, detail = said
        if previous != head:
            zh, en = f"它前面、{last_id} 号之后的过账被删除或改动", f"a posting before it, after number {last_id}, was removed or changed"
            raise LedgerBroken(number, Text(zh, en))
        if hashed != entry_hash(head, kind, reference, codes[debit], codes[credit], amount_fen, units, detail, day.isoformat()):
            raise LedgerBroken(number, Text("它的内容与过账时不同", "it does not say what it said when it was posted"))
        count, last_id, head = count + 1, number, hashed
    return Chain(count, last_id, head)


def _chained(after_id: int) -> Iterator[tuple]:
    columns = ("id", "previous_hash", "entry_hash", "debit_account_id", "credit_account_id", "booked_on")
    rows = LedgerEntry.objects.filter(pk__gt=after_id).order_by("id")
    return rows.values_list(*columns, "kind", "reference", "amount_fen", "count", "detail_hash").iterator(5_000)


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
