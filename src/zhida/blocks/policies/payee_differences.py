"""What two runs of the same month owe each payee differently: arrears to pay, and what was paid too much.

The later run knows more - a raise that was published late, a death that was registered late. Both are compared per benefit, entity and
period, as payments are (decision 0010): whoever the payee was, the household has had the money. So

- the change is what the new run decided minus what the old one did; it goes to the payee of the new decision, or comes back from that
  of the old one where nothing is decided any more;
- an answer that has become unknown takes nothing back: such rows stand apart, with what is missing, and so do rows of somebody who is in
  no snapshot while a row of their household waits to be corrected;
- one that was unknown and is decided now is paid in full;
- numbers that were merged in between are one person: what both had is compared with what the one gets.

Sums agree to the fen: the changes are the new total minus the old one, plus what is held for unknown answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.parties import api as parties
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ENTITLED, ENTITY_KINDS, ONE_OFF, UNKNOWN
from zhida.blocks.policies.errors import RunsDoNotCompare
from zhida.blocks.policies.models import Run
from zhida.blocks.records import api as records
from zhida.kernel.warehouse import add_table, scratch_folder, sql_text, warehouse

_ROWS_PER_BATCH = 65_536
_TABLES = {"person": "resident_no", "household": "household_no", "claim": "claim_no"}
# benefit .. period_key name what is paid; payee_no 0: an organisation. kind: new, more, less, ended, left (is in no snapshot any more).
CHANGES = (
    "benefit", "entity_kind", "entity_no", "household_no", "period_key", "payee_no", "payee_organisation", "before_payee_no",
    "before_fen", "after_fen", "change_fen", "kind",
)  # fmt: skip
UNDECIDED = ("benefit", "entity_kind", "entity_no", "household_no", "period_key", "payee_no", "before_fen", "missing")


@dataclass(frozen=True)
class PayeeTotal:
    """What the runs differ by for one benefit, whole fen. held: what the old run decided of answers that are unknown now."""

    benefit: str
    arrears: int
    arrears_fen: int
    recoveries: int
    recovery_fen: int
    undecided: int
    held_fen: int

    @property
    def change_fen(self) -> int:
        return self.arrears_fen + self.recovery_fen


class PayeeDifferences:
    """The comparison of one pair of runs, or of several months at once; see ``payee_differences``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._db = connection

    def changes(self) -> pa.RecordBatchReader:
        """Stream what each payee gets more (change_fen above 0) or has had too much (below 0); columns as CHANGES."""
        columns = ", ".join(CHANGES)
        query = f"SELECT {columns} FROM compared WHERE NOT is_undecided AND change_fen <> 0 ORDER BY benefit, period_key, entity_no"
        return self._db.cursor().execute(query).to_arrow_reader(_ROWS_PER_BATCH)

    def undecided(self) -> pa.RecordBatchReader:
        """Stream the answers that are unknown now and were not before: nothing is taken back; columns as UNDECIDED."""
        query = f"SELECT {', '.join(UNDECIDED)} FROM compared WHERE is_undecided ORDER BY benefit, period_key, entity_no"
        return self._db.cursor().execute(query).to_arrow_reader(_ROWS_PER_BATCH)

    def totals(self) -> list[PayeeTotal]:
        """Return the sums by benefit."""
        rows = self._db.execute("""
            SELECT benefit, count(*) FILTER (NOT is_undecided AND change_fen > 0),
                   coalesce(sum(change_fen) FILTER (NOT is_undecided AND change_fen > 0), 0)::BIGINT,
                   count(*) FILTER (NOT is_undecided AND change_fen < 0),
                   coalesce(sum(change_fen) FILTER (NOT is_undecided AND change_fen < 0), 0)::BIGINT,
                   count(*) FILTER (is_undecided), coalesce(sum(before_fen) FILTER (is_undecided), 0)::BIGINT
            FROM compared GROUP BY benefit ORDER BY benefit""").fetchall()
        return [PayeeTotal(*row) for row in rows]


@contextmanager
def payee_differences(viewer: Viewer, run_id: int, base_run_id: int, more: Sequence[tuple[int, int]] = ()) -> Iterator[PayeeDifferences]:
    """Compare a run with an earlier one of the same month, per payee and period.

    more: further pairs (run, earlier run), of other months. What several months decide under one key (a yearly benefit) counts once,
    as the last of them decided. Raises: PermissionMissing, NoRun, RunsDoNotCompare, DiskFull.
    """
    if viewer.role != "system":
        access.require(viewer, "payments.view")
    pairs = [(runs.run(new), runs.run(old)) for new, old in ((run_id, base_run_id), *more)]
    for new, old in pairs:
        if new.month != old.month or {new.state, old.state} != {Run.State.FINISHED}:
            raise RunsDoNotCompare(new.id, old.id)
    with scratch_folder(settings.HOME) as scratch, warehouse(scratch, keep_order=False) as db:
        for number, (new, old) in enumerate(sorted(pairs, key=lambda pair: pair[0].month)):
            _compare(db, number, new, old)
        parts = " UNION ALL ".join(f"SELECT * FROM pair_{number}" for number in range(len(pairs)))
        newest = "QUALIFY row_number() OVER (PARTITION BY benefit, period_key, entity_kind, entity_no ORDER BY place DESC) = 1"
        db.execute(f"CREATE TABLE compared AS SELECT * FROM ({parts}) {newest if len(pairs) > 1 else ''}")
        yield PayeeDifferences(db)


def _compare(db: duckdb.DuckDBPyConnection, place: int, new: Run, old: Run) -> None:
    """Make the table ``pair_<place>``: every decision of money that one of two runs of a month took."""
    merged = parties.merged_numbers(new.known_on)
    numbers, kept = pa.array(merged.keys(), pa.int64()), pa.array(merged.values(), pa.int64())
    add_table(db, "merged", pa.table({"number": numbers, "kept": kept}))
    _decided(db, "old", old)
    _decided(db, "new", new)
    _views_of(db, records.snapshot_path(new.snapshot_hash))
    db.execute(_JOINED)
    db.execute(f"CREATE TABLE pair_{place} AS SELECT {place} AS place, * FROM ({_COMPARED})")
    db.execute("DROP VIEW here; DROP VIEW homes; DROP TABLE joined; DROP TABLE new; DROP TABLE old; DROP TABLE merged")


_JOINED = """
CREATE TABLE joined AS
SELECT coalesce(n.benefit, o.benefit) AS benefit, coalesce(n.period_key, o.period_key) AS period_key,
       coalesce(n.entity_kind, o.entity_kind)::TINYINT AS entity_kind, coalesce(n.entity_no, o.entity_no) AS entity_no,
       coalesce(n.household_no, o.household_no) AS household_no, coalesce(n.payee_no, o.payee_no) AS payee_no,
       coalesce(n.payee_organisation, o.payee_organisation) AS payee_organisation, o.payee_no AS before_payee_no,
       coalesce(o.fen, 0) AS before_fen, coalesce(n.fen, 0) AS after_fen, n.benefit IS NULL AS is_ended,
       coalesce(n.is_unknown, false) AS is_unknown, coalesce(o.is_unknown, false) AS was_unknown, n.missing
FROM new n FULL JOIN old o USING (benefit, period_key, entity_kind, entity_no)
"""

# once: what is paid once ever and is unknown has no occasion yet, so it stands for every occasion of its entity.
_COMPARED = f"""
WITH once AS (
    SELECT benefit, entity_kind, entity_no, any_value(missing) AS missing
    FROM new WHERE is_unknown AND period_key = '{ONE_OFF}' GROUP BY ALL
), ended AS MATERIALIZED (
    SELECT DISTINCT entity_kind, entity_no, household_no FROM joined WHERE is_ended
), gone AS MATERIALIZED (
    SELECT e.*, e.household_no IN (SELECT household_no FROM homes WHERE NOT is_complete) AS waits
    FROM ended e ANTI JOIN here h ON h.entity_kind = e.entity_kind AND h.entity_no = e.entity_no
), told AS (
    SELECT j.* EXCLUDE (missing), is_ended AND g.entity_no IS NOT NULL AS is_gone,
           CASE WHEN is_unknown THEN j.missing WHEN is_ended AND o.benefit IS NOT NULL THEN o.missing
                WHEN is_ended AND g.waits THEN 'members_complete' END AS missing
    FROM joined j LEFT JOIN once o USING (benefit, entity_kind, entity_no) LEFT JOIN gone g USING (entity_kind, entity_no)
)
SELECT *, missing IS NOT NULL AND (before_fen > 0 OR NOT was_unknown) AS is_undecided, after_fen - before_fen AS change_fen,
       CASE WHEN before_fen = 0 THEN 'new' WHEN is_gone THEN 'left' WHEN is_ended THEN 'ended'
            WHEN after_fen > before_fen THEN 'more' ELSE 'less' END AS kind
FROM told
"""


def _decided(db: duckdb.DuckDBPyConnection, name: str, run: Run) -> None:
    """Make a table of a run's decisions of money; a merged number's stand under the number that is kept."""
    db.execute(f"""CREATE TABLE {name} AS
        SELECT benefit::VARCHAR AS benefit, period_key, entity_kind, coalesce(e.kept, entity_no) AS entity_no,
               min(household_no) AS household_no, max(coalesce(p.kept, payee_no)) AS payee_no,
               max(payee_organisation) AS payee_organisation, sum(CASE WHEN status = {ENTITLED} THEN amount ELSE 0 END)::BIGINT AS fen,
               bool_or(status = {UNKNOWN}) AS is_unknown, min(missing) FILTER (status = {UNKNOWN}) AS missing
        FROM read_parquet({sql_text(runs.decisions_path(run.id))})
        LEFT JOIN merged e ON entity_kind = {ENTITY_KINDS["person"]} AND e.number = entity_no
        LEFT JOIN merged p ON p.number = payee_no
        WHERE unit = 'fen' AND (status = {UNKNOWN} OR (status = {ENTITLED} AND amount > 0)) GROUP BY 1, 2, 3, 4""")


def _views_of(db: duckdb.DuckDBPyConnection, snapshot: Path) -> None:
    """Make views of who is in a snapshot, and of its households with whether all their members are."""
    files = {entity: sql_text(snapshot / f"{entity}.parquet") for entity in _TABLES}
    parts = [
        f"SELECT {ENTITY_KINDS[entity]}::TINYINT AS entity_kind, {key} AS entity_no FROM read_parquet({files[entity]})"
        for entity, key in _TABLES.items()
    ]
    db.execute(f"CREATE VIEW here AS {' UNION ALL '.join(parts)}")
    complete = f"SELECT household_no, coalesce(members_complete, false) AS is_complete FROM read_parquet({files['household']})"
    db.execute(f"CREATE VIEW homes AS {complete}")
