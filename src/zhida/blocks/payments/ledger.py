"""Postings. Money stands in ``budget``, ``in_transit`` or ``paid_out`` of a benefit and year; it comes from ``treasury``."""

from __future__ import annotations

from datetime import date

from zhida.blocks.payments import bulk
from zhida.blocks.payments.models import LedgerAccount, LedgerEntry

TREASURY, BUDGET, IN_TRANSIT, PAID_OUT = "treasury", "budget", "in_transit", "paid_out"

# What happens to a payment -> (account that receives, account that gives).
MOVES = {
    "released": (IN_TRANSIT, BUDGET),
    "paid": (PAID_OUT, IN_TRANSIT),
    "rejected": (BUDGET, IN_TRANSIT),
    "returned": (BUDGET, PAID_OUT),
}


def account(kind: str, benefit: str = "", year: int = 0) -> LedgerAccount:
    return LedgerAccount.objects.get_or_create(kind=kind, benefit=benefit, year=year)[0]


def post_budget(benefit: str, year: int, change_fen: int, booked_on: date) -> None:
    """Bring a change of an envelope from the treasury, or give it back."""
    if change_fen == 0:
        return
    pair = account(BUDGET, benefit, year), account(TREASURY)
    debit, credit = pair if change_fen > 0 else pair[::-1]
    LedgerEntry.objects.create(kind="budget", debit_account=debit, credit_account=credit, amount_fen=abs(change_fen), booked_on=booked_on)


def ensure_accounts(benefits_and_years: list[tuple[str, int]]) -> None:
    """Open the three accounts of each benefit and year that has none yet."""
    for benefit, year in benefits_and_years:
        for kind in (BUDGET, IN_TRANSIT, PAID_OUT):
            account(kind, benefit, year)


def post_transactions(event: str, source_sql: str, parameters: list[object]) -> int:
    """Post one move for each row of ``source_sql``: transaction_id, benefit, year, amount_fen, booked_on, bank_file_id.

    The rows are inserted by one statement; UNIQUE(transaction, kind) makes a second posting of the same event impossible.
    """
    debit, credit = MOVES[event]
    return bulk.execute(
        f"""
        INSERT INTO payments_ledgerentry (transaction_id, kind, debit_account_id, credit_account_id, amount_fen, booked_on, bank_file_id)
        SELECT s.transaction_id, '{event}', d.id, c.id, s.amount_fen, s.booked_on, s.bank_file_id
        FROM ({source_sql}) s
        JOIN payments_ledgeraccount d ON d.kind = '{debit}' AND d.benefit = s.benefit AND d.year = s.year
        JOIN payments_ledgeraccount c ON c.kind = '{credit}' AND c.benefit = s.benefit AND c.year = s.year
        """,
        parameters,
    )
