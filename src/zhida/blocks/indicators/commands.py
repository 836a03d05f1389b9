"""Writes of the indicators block: observe a month and its casework, compare it with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.indicators import casework, observe, quality
from zhida.blocks.indicators.errors import MonthAhead, NoTruth
from zhida.blocks.indicators.models import CaseworkMonth, CaseworkObservation
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel import clock
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


@dataclass(frozen=True)
class ObservedCasework:
    """What counting a month's casework gave. is_changed: other figures than the month had before; is_whole: the month is over."""

    month: str
    opened: int
    done: int
    ratings: int
    observations: int
    withheld: int
    is_changed: bool
    is_whole: bool


def observe_casework(viewer: Viewer, month: Month) -> ObservedCasework:
    """Count a month's joint cases, ratings and appeals; a month that was counted before is replaced whole, or left where nothing changed.

    Raises: MonthAhead, PermissionMissing.
    """
    today = clock.today()
    if month.start > today:
        raise MonthAhead(month.text)
    with transaction.atomic():
        # Holds the month against a second counter, so that what was counted last stands.
        CaseworkMonth.objects.get_or_create(month=month.text, defaults={"counted_on": today})
        kept = CaseworkMonth.objects.select_for_update().get(month=month.text)
        figures = casework.figures_of(cases.casework_of(viewer, Purpose.STATISTICS, month))
        is_changed = _replace_casework(month.text, figures)
        if kept.counted_on != today:
            kept.counted_on = today
            kept.save()
    city = {f.measure: f.value for f in figures if f.place.level == "city" and not (f.place.event or f.place.department or f.reason)}
    return ObservedCasework(
        month=month.text, opened=city.get("opened", 0), done=city.get("done", 0), ratings=city.get("ratings", 0),
        observations=len(figures), withheld=sum(f.is_withheld for f in figures), is_changed=is_changed, is_whole=month.end <= today,
    )  # fmt: skip


_CASEWORK = ("measure", "reason", "event", "department", "level", "area", "parent", "value", "base", "is_withheld")


def _replace_casework(month: str, figures: list[casework.Figure]) -> bool:
    """Write a month's figures in place of those it had, in the transaction around it; say whether they differ."""
    before = CaseworkObservation.objects.filter(month=month)
    rows = {figure.as_row() for figure in figures}
    if set(before.values_list(*_CASEWORK)) == rows:
        return False
    before.delete()
    marks = ", ".join(["%s"] * (len(_CASEWORK) + 1))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {CaseworkObservation._meta.db_table} (month, {', '.join(_CASEWORK)}) VALUES ({marks})",
            [(month, *row) for row in sorted(rows)],
        )
    return True


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
