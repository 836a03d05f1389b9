"""Writes of the indicators block: observe a month, compare it with the truth."""

from __future__ import annotations

from pathlib import Path

from zhida.blocks.access.api import Viewer
from zhida.blocks.indicators import observe, quality
from zhida.blocks.indicators.errors import NoTruth
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.period import Month

# Benefits that a department keeps a roster of, and the roster's word for them.
ROSTERS = {"dibao": "dibao", "dibian": "dibian"}


def observe_month(viewer: Viewer, month: Month) -> int:
    """Count the newest run of a month, and what the bank confirmed of it; return how many observations that made."""
    run = policies.latest_run(month)
    decisions = policies.decisions_path(run.id)
    snapshot = records.snapshot_path(run.snapshot_hash)
    codes = records.facts()["certified_kind"].codes
    rosters = {benefit: codes.index(kind) + 1 for benefit, kind in ROSTERS.items() if benefit in policies.benefits()}
    with observe.open_facts() as db:
        observe.load_decisions(db, decisions)
        observe.load_population(db, snapshot, month.start.isoformat(), policies.AGE_BANDS)
        observe.load_roster(db, decisions, snapshot, rosters)
        observe.load_paid(db, decisions, payments.confirmed_payments(policies.recurring_keys(month)))
        rows = observe.count_rows(db)
    return observe.replace_observations(month.text, rows)


def compare_with_truth(viewer: Viewer, month: Month, truth_run: quality.Evidence, defects: Path) -> tuple[float, float]:
    """Compare the newest run of a month with a run on the true facts; return (recall, precision) over all benefits.

    Raises: NoTruth when the defects file is missing.
    """
    if not defects.exists():
        raise NoTruth(month.text)
    run = policies.latest_run(month)
    delivered = quality.Evidence(policies.decisions_path(run.id), records.snapshot_path(run.snapshot_hash))
    figures, costs = quality.compare(month.text, delivered, truth_run, defects, policies.record_types_of(month))
    quality.replace_quality(month.text, figures, costs)
    total = next(figure for figure in figures if not figure.benefit)
    return total.matched_count / max(total.true_count, 1), total.matched_count / max(total.found_count, 1)
