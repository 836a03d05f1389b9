"""Envelopes for a demonstration or a benchmark: large enough for the year. A real city's come from its finance bureau."""

from __future__ import annotations

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies

# Twelve months and some growth; a benefit that nobody gets yet has an envelope of 10,000 yuan a month.
BUDGET_MONTHS = 15
SMALLEST_MONTH_FEN = 1_000_000


def cover(run_id: int, year: int) -> None:
    """Raise the year's envelope of every paid benefit to what a run found due in one month, times the months."""
    known = {budget.benefit: budget.amount_fen for budget in payments.budgets(SYSTEM) if budget.year == year}
    for line in policies.run_benefits(run_id):
        wanted = max(line.amount, SMALLEST_MONTH_FEN) * BUDGET_MONTHS
        if line.unit == "fen" and known.get(line.benefit, 0) < wanted:
            payments.set_budget(SYSTEM, line.benefit, year, wanted)
