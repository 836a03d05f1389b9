"""How this month differs from last month, and why: so many new, ended, higher, lower, by reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ENTITY_KINDS
from zhida.blocks.policies.models import Run, RunDifference
from zhida.blocks.records import api as records
from zhida.kernel.period import Month
from zhida.kernel.text import Text

# Reasons that are not a fact's name.
ARRIVED, LEFT, LAW_CHANGED, TIME_PASSED, SETTLED = "arrived", "left", "law_changed", "time_passed", "settled"
REASONS = {
    ARRIVED: Text("新出生或迁入", "Born or moved in"),
    LEFT: Text("死亡或迁出", "Died or moved away"),
    LAW_CHANGED: Text("标准调整", "The law changed"),
    TIME_PASSED: Text("年龄或期限到了", "An age or a term was reached"),
    SETTLED: Text("按结算单发放，每月不同", "Paid by the bill, other bills every month"),
}


@dataclass(frozen=True)
class DifferenceRow:
    """So many decisions of one benefit that are new, ended, more or less than in the run compared with, for one reason."""

    benefit: str
    kind: str
    reason: Text
    count: int
    amount_fen: int


def difference(viewer: Viewer, run_id: int, base_run_id: int | None = None) -> list[DifferenceRow]:
    """Return how a run differs from another, last month's newest by default; empty where there is none. Computed once, then kept.

    Raises: PermissionMissing, NoRun.
    """
    access.require(viewer, "runs.view")
    run = runs.run(run_id)
    base = runs.run(base_run_id) if base_run_id else _base_of(run)
    if base is None:
        return []
    kept = RunDifference.objects.filter(run=run, base_run=base).order_by("benefit", "kind", "-count")
    if not kept.exists():
        _keep(run, base)
    return [DifferenceRow(row.benefit, row.kind, reason_text(row.reason), row.count, row.amount_fen) for row in kept.all()]


def reason_text(reason: str) -> Text:
    """Return a reason as people read it: one of the four, or the fact that changed."""
    if reason in REASONS:
        return REASONS[reason]
    label = records.facts()[reason].label
    return Text(f"{label.zh}有变化", f"{label.en} changed")


def _base_of(run: Run) -> Run | None:
    return runs.newest_run(Month.parse(run.month).previous)


@transaction.atomic
def _keep(run: Run, base: Run) -> None:
    month, before = Month.parse(run.month), Month.parse(base.month)
    new, old = laws.installed_law(run.law_as_of).program(month), laws.installed_law(base.law_as_of).program(before)
    facts_of = {code: new.facts_of(code) for code in new.benefits}
    both = [code for code in new.benefits if code in old.benefits]
    changed = {code for code in both if new.parameters_of(code) != old.parameters_of(code)}
    rows = compute_difference(
        run,
        base,
        {run.id: runs.decisions_path(run.id), base.id: runs.decisions_path(base.id)},
        {run.id: records.snapshot_path(run.snapshot_hash), base.id: records.snapshot_path(base.snapshot_hash)},
        facts_of,
        changed,
    )
    RunDifference.objects.filter(run=run, base_run=base).delete()
    RunDifference.objects.bulk_create(rows)


_DIFFERENCES = """
CREATE TEMP TABLE differing AS
WITH new AS (SELECT benefit::VARCHAR AS benefit, entity_kind, entity_no, household_no, amount, unit::VARCHAR AS unit
             FROM read_parquet($new) WHERE status = 1 AND period_key NOT LIKE 'once:%'),
     old AS (SELECT benefit::VARCHAR AS benefit, entity_kind, entity_no, household_no, amount, unit::VARCHAR AS unit
             FROM read_parquet($old) WHERE status = 1 AND period_key NOT LIKE 'once:%')
SELECT benefit, entity_kind, entity_no, coalesce(new.household_no, old.household_no) AS household_no,
       CASE WHEN old.amount IS NULL THEN 'new' WHEN new.amount IS NULL THEN 'ended'
            WHEN new.amount > old.amount THEN 'more' ELSE 'less' END AS kind,
       CASE WHEN coalesce(new.unit, old.unit) = 'fen' THEN coalesce(new.amount, 0) - coalesce(old.amount, 0) ELSE 0 END AS change_fen
FROM new FULL JOIN old USING (benefit, entity_kind, entity_no)
WHERE new.amount IS DISTINCT FROM old.amount
"""


def compute_difference(
    run: Run,
    base: Run,
    decisions: dict[int, str],
    snapshots: dict[int, Path],
    facts_of: dict[str, list[tuple[str, str]]],
    law_changed: set[str],
) -> list[RunDifference]:
    """Return the differences between two runs, grouped by benefit, direction and reason (unsaved rows).

    decisions: glob of decision files by run id. snapshots: folder by run id. facts_of: per benefit its (entity, fact) pairs
    in the order the law names them. law_changed: benefits whose parameters have another value this month.
    The reason is the first fact of the benefit that changed in the household; without one, arrival or departure, then law, then time.
    """
    with duckdb.connect() as db:
        db.execute("SET threads=2; SET memory_limit='2GB'")
        db.execute(_DIFFERENCES, {"new": decisions[run.id], "old": decisions[base.id]})
        db.execute("CREATE TEMP TABLE homes AS SELECT DISTINCT household_no FROM differing")
        changed: dict[tuple[str, str], str] = {}
        for entity in ("person", "household"):
            changed |= _changed_facts(db, entity, snapshots[run.id], snapshots[base.id], facts_of)
        rows = []
        for benefit in [row[0] for row in db.execute("SELECT DISTINCT benefit FROM differing ORDER BY 1").fetchall()]:
            reason = _reason_sql(facts_of.get(benefit, []), changed, benefit in law_changed)
            rows += db.execute(
                f"SELECT benefit, kind, {reason} AS reason, count(*), sum(change_fen) FROM differing "
                "LEFT JOIN change_person USING (household_no) LEFT JOIN change_household USING (household_no) "
                "WHERE benefit = ? GROUP BY ALL ORDER BY 2, 4 DESC, 3",
                [benefit],
            ).fetchall()
    return [RunDifference(run=run, base_run=base, benefit=b, kind=k, reason=r, count=c, amount_fen=a) for b, k, r, c, a in rows]


def _changed_facts(
    db: duckdb.DuckDBPyConnection, entity: str, new: Path, old: Path, facts_of: dict[str, list[tuple[str, str]]]
) -> dict[tuple[str, str], str]:
    """Make the table ``change_<entity>``: per household and fact, whether any member's value changed; return its columns by fact."""
    key = "resident_no" if entity == "person" else "household_no"
    files = {"new": str(new / f"{entity}.parquet"), "old": str(old / f"{entity}.parquet")}
    available = set(pq.read_schema(files["new"]).names) & set(pq.read_schema(files["old"]).names)
    facts = sorted({fact for pairs in facts_of.values() for kind, fact in pairs if kind == entity and fact in available})
    columns = {(entity, fact): f"{entity}_{fact}_changed" for fact in facts}
    flags = "".join(f', bool_or(n."{fact}" IS DISTINCT FROM o."{fact}") AS "{columns[entity, fact]}"' for fact in facts)
    db.execute(
        f"CREATE TEMP TABLE change_{entity} AS "
        f"SELECT coalesce(n.household_no, o.household_no) AS household_no, bool_or(o.{key} IS NULL) AS {entity}_arrived, "
        f"bool_or(n.{key} IS NULL) AS {entity}_left{flags} "
        f"FROM (SELECT * FROM read_parquet($new) WHERE household_no IN (SELECT household_no FROM homes)) n "
        f"FULL JOIN (SELECT * FROM read_parquet($old) WHERE household_no IN (SELECT household_no FROM homes)) o USING ({key}) GROUP BY 1",
        files,
    )
    return columns


def _reason_sql(facts: list[tuple[str, str]], columns: dict[tuple[str, str], str], law_changed: bool) -> str:
    """Write the CASE that names the first changed fact. Column and fact names come from our own contracts."""
    branches = [f"WHEN entity_kind = {ENTITY_KINDS['claim']} THEN '{SETTLED}'"]
    branches += [f"WHEN coalesce(person_arrived, household_arrived, false) AND kind IN ('new', 'more') THEN '{ARRIVED}'"]
    branches += [f"WHEN coalesce(person_left, household_left, false) AND kind IN ('ended', 'less') THEN '{LEFT}'"]
    branches += [f"WHEN \"{columns[pair]}\" THEN '{pair[1]}'" for pair in facts if pair in columns]
    return f"CASE {' '.join(branches)} ELSE '{LAW_CHANGED if law_changed else TIME_PASSED}' END"
