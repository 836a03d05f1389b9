"""Envelopes and shares for a demonstration or a benchmark. A real city's come from its finance bureau and its documents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.conf import settings

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.payments import api as payments
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.blocks.tills import api as tills
from zhida.kernel.period import Month
from zhida.kernel.warehouse import scratch_folder, warehouse

# Twelve months and some growth; a benefit that nobody gets yet has an envelope of 10,000 yuan a month.
BUDGET_MONTHS = 15
SMALLEST_MONTH_FEN = 1_000_000

# Basis points of central, province, city and district. Made up for the demonstration, of the kind that such documents set.
ASSUMED_SHARES: dict[str, tuple[int, int, int, int]] = {
    "dibao": (1_000, 3_000, 2_500, 3_500),
    "yanglao_jichu": (2_500, 2_500, 2_000, 3_000),
    "guojia_yuer_2025": (5_000, 2_000, 1_500, 1_500),
    "canji_huli": (0, 3_000, 3_500, 3_500),
    "gaoling": (0, 0, 4_000, 6_000),
}
ASSUMED_SOURCE = "演示假定，不是现行文件 (assumed for the demonstration; no document in force)"


def assume_shares(year: int) -> None:
    """Split some benefits between four levels of government from the year's first day; shares that were set already stay."""
    known = {row.benefit for row in payments.cost_shares(SYSTEM)}
    for benefit, share in ASSUMED_SHARES.items():
        if benefit not in known:
            payments.set_cost_share(SYSTEM, benefit, date(year, 1, 1), share, ASSUMED_SOURCE)


def cover(run_id: int, year: int) -> None:
    """Raise the year's envelopes of every paid benefit, at each level that bears it, to what a run found due, times the months."""
    known = {(row.benefit, row.level, row.area_code): row.amount_fen for row in payments.budgets(SYSTEM) if row.year == year}
    paid = {line.benefit: max(line.amount, SMALLEST_MONTH_FEN) for line in policies.run_benefits(run_id) if line.unit == "fen"}
    shares = payments.shares_on(Month.parse(str(policies.run(run_id).month)).start, paid)
    by_district = _by_district(run_id) if any(share[-1] for share in shares.values()) else {}
    for benefit, month_fen in paid.items():
        for level, points in zip(payments.Level, shares[benefit], strict=True):
            sums = _district_sums(benefit, by_district) if level == payments.Level.DISTRICT else {0: month_fen}
            for area_code, fen in sums.items():
                # A part is rounded up, so that many small payments cannot exceed it by their rests.
                wanted = -(-fen * points // 10_000) * BUDGET_MONTHS
                if known.get((benefit, level.value, area_code), 0) < wanted:
                    payments.set_budget(SYSTEM, benefit, year, wanted, level, area_code)


def cover_programmes(year: int) -> None:
    """Give every programme of benefits by event an envelope of the smallest size that has none yet."""
    known = {row.benefit for row in payments.budgets(SYSTEM) if row.year == year}
    for code in tills.programmes():
        if code not in known:
            payments.set_budget(SYSTEM, code, year, SMALLEST_MONTH_FEN * BUDGET_MONTHS)


def _district_sums(benefit: str, by_district: dict[tuple[str, int], int]) -> dict[int, int]:
    """Return what each district's residents get of a benefit in a month, at least the smallest: people move."""
    codes = {area.code for area in places.districts()} | {code for name, code in by_district if name == benefit}
    return {code: max(by_district.get((benefit, code), 0), SMALLEST_MONTH_FEN) for code in sorted(codes)}


def _by_district(run_id: int) -> dict[tuple[str, int], int]:
    """Add up a run's decisions in money by benefit and district."""
    sql = "SELECT benefit, district, sum(amount) FROM read_parquet($path) WHERE status = 1 AND unit = 'fen' GROUP BY ALL"
    with scratch_folder(Path(settings.HOME)) as scratch, warehouse(scratch) as duck:
        rows = duck.execute(sql, {"path": policies.decisions_path(run_id)}).fetchall()
    return {(str(benefit), int(district)): int(fen) for benefit, district, fen in rows}
