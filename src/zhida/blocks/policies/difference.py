"""How this month differs from last month, and why: so many new, ended, higher, lower, by reason."""

from __future__ import annotations

from pathlib import Path

import duckdb

from zhida.blocks.policies.models import Run, RunDifference

# Reasons that are not a fact's name.
ARRIVED, LEFT, LAW_CHANGED, TIME_PASSED = "arrived", "left", "law_changed", "time_passed"

_DIFFERENCES = """
CREATE TEMP TABLE differing AS
WITH new AS (SELECT benefit::VARCHAR AS benefit, entity_no, household_no, amount, unit::VARCHAR AS unit
             FROM read_parquet($new) WHERE status = 1 AND period_key NOT LIKE 'once:%'),
     old AS (SELECT benefit::VARCHAR AS benefit, entity_no, household_no, amount, unit::VARCHAR AS unit
             FROM read_parquet($old) WHERE status = 1 AND period_key NOT LIKE 'once:%')
SELECT benefit, entity_no, coalesce(new.household_no, old.household_no) AS household_no,
       CASE WHEN old.amount IS NULL THEN 'new' WHEN new.amount IS NULL THEN 'ended'
            WHEN new.amount > old.amount THEN 'more' ELSE 'less' END AS kind,
       CASE WHEN coalesce(new.unit, old.unit) = 'fen' THEN coalesce(new.amount, 0) - coalesce(old.amount, 0) ELSE 0 END AS change_fen
FROM new FULL JOIN old USING (benefit, entity_no)
WHERE new.amount IS DISTINCT FROM old.amount
"""


def compute_difference(
    run: Run, base: Run, decisions: dict[int, str], snapshots: dict[int, Path], facts_of: dict[str, list[tuple[str, str]]], law_changed: set[str]
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
    available = set(db.execute("SELECT * FROM read_parquet($new) LIMIT 0", {"new": files["new"]}).fetch_arrow_table().column_names)
    available &= set(db.execute("SELECT * FROM read_parquet($old) LIMIT 0", {"old": files["old"]}).fetch_arrow_table().column_names)
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
    branches = [f"WHEN coalesce(person_arrived, household_arrived, false) AND kind IN ('new', 'more') THEN '{ARRIVED}'"]
    branches += [f"WHEN coalesce(person_left, household_left, false) AND kind IN ('ended', 'less') THEN '{LEFT}'"]
    branches += [f"WHEN \"{columns[pair]}\" THEN '{pair[1]}'" for pair in facts if pair in columns]
    return f"CASE {' '.join(branches)} ELSE '{LAW_CHANGED if law_changed else TIME_PASSED}' END"
