"""What a run decided minus what was already instructed, in DuckDB: the rows to pay, and what stands overpaid.

A period of an entity is compared as a whole: money instructed for it to an earlier payee counts too, because the household
has had it. Only money that is stuck with us (held, rejected, returned) for somebody who is no longer the payee is set free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from zhida.blocks.payments import bulk
from zhida.blocks.payments.errors import DecisionsUnreadable
from zhida.blocks.payments.models import PaymentTotal
from zhida.blocks.payments.rules import CLOSED, ORGANISATION, STUCK

# The columns of a new transaction, in the order in which they are inserted.
NEW_COLUMNS = (
    "batch_id", "benefit", "period_key", "entity_no", "payee_key", "revision", "payee_no", "household_no", "amount_fen",
    "account_no", "bank_code", "state", "reason_code", "district", "community",
)  # fmt: skip

_INSTRUCTED_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("benefit", pa.string()),
        ("period_key", pa.string()),
        ("entity_no", pa.int64()),
        ("payee_key", pa.string()),
        ("revision", pa.int32()),
        ("amount_fen", pa.int64()),
        ("state", pa.string()),
        ("community", pa.int64()),
    ]
)

_DECIDED = f"""
CREATE TABLE decided AS
SELECT CAST(benefit AS VARCHAR) AS benefit, period_key, entity_no, household_no, payee_no,
       CASE WHEN payee_no = 0 THEN '{ORGANISATION}' || coalesce(payee_organisation, '') ELSE CAST(payee_no AS VARCHAR) END AS payee_key,
       CASE WHEN status = 1 THEN amount ELSE 0 END AS amount_fen, status = 2 AS is_unknown, district, community
FROM read_parquet(?)
WHERE unit = 'fen' AND (status = 2 OR (status = 1 AND amount > 0))
"""

_DOUBLED = "SELECT benefit, period_key, entity_no FROM decided GROUP BY ALL HAVING count(*) > 1 LIMIT 1"

# Money that stands for a period: everything but what was closed, and what is stuck for somebody who is no longer the payee.
_COMPARED = """
CREATE TABLE compared AS
WITH standing AS (
    SELECT i.*, i.state IN ($held, $rejected, $returned) AND d.payee_key IS NOT NULL AND d.payee_key <> i.payee_key
                AND NOT d.is_unknown AS is_freed
    FROM instructed i LEFT JOIN decided d USING (benefit, period_key, entity_no)
), sums AS (
    SELECT benefit, period_key, entity_no, max(revision) AS revision, any_value(payee_key) AS payee_key, any_value(community) AS community,
           CAST(coalesce(sum(amount_fen) FILTER (NOT is_freed AND state NOT IN ($reissued, $cancelled)), 0) AS BIGINT) AS instructed_fen,
           list(id) FILTER (is_freed) AS freed
    FROM standing GROUP BY ALL
)
SELECT coalesce(d.benefit, s.benefit) AS benefit, coalesce(d.period_key, s.period_key) AS period_key,
       coalesce(d.entity_no, s.entity_no) AS entity_no, coalesce(d.payee_key, s.payee_key) AS payee_key,
       d.payee_no, d.household_no, d.district, coalesce(d.community, s.community) AS community,
       coalesce(d.amount_fen, 0) AS decided_fen, coalesce(s.instructed_fen, 0) AS instructed_fen,
       coalesce(s.revision + 1, 0) AS revision, coalesce(d.is_unknown, FALSE) AS is_unknown, d.benefit IS NULL AS is_ended, s.freed
FROM decided d FULL JOIN sums s USING (benefit, period_key, entity_no)
"""

_TO_PAY = """
SELECT CAST($batch AS BIGINT) AS batch_id, benefit, period_key, entity_no, payee_key, CAST(revision AS INTEGER) AS revision,
       payee_no, household_no, CAST(decided_fen - instructed_fen AS BIGINT) AS amount_fen,
       coalesce(a.account_no, o.account_no, '') AS account_no, coalesce(a.bank_code, o.bank_code, '') AS bank_code,
       CASE WHEN coalesce(a.account_no, o.account_no, '') = '' THEN 'held' ELSE 'instructed' END AS state,
       CASE WHEN coalesce(a.account_no, o.account_no, '') <> '' THEN '' WHEN payee_no = 0 THEN 'no_organisation_account'
            ELSE 'no_account' END AS reason_code,
       CAST(district AS INTEGER) AS district, community
FROM compared LEFT JOIN accounts a ON a.resident_no = payee_no LEFT JOIN organisation_accounts o USING (payee_key)
WHERE decided_fen > instructed_fen
ORDER BY benefit, period_key, entity_no
"""

_OVERPAID = """
SELECT benefit, period_key, entity_no, payee_key, community, instructed_fen, decided_fen FROM compared
WHERE instructed_fen > decided_fen AND NOT is_unknown AND NOT (is_ended AND period_key LIKE 'once:%')
ORDER BY benefit, period_key, entity_no
"""


@dataclass(frozen=True)
class DecisionSource:
    """The decisions of one finished run: a glob of Parquet files and what they were computed from."""

    run_id: int | None
    month: str
    path: str
    snapshot_hash: str = ""
    law_name: str = ""


class Differences:
    """The comparison of one run's decisions with the payments of the same periods. Use as a context manager."""

    def __init__(self, source: DecisionSource, memory_limit: str = "700MB") -> None:
        self._source = source
        self._db = bulk.open_duckdb(memory_limit)
        try:
            self._db.execute(_DECIDED, [source.path])
            doubled = self._db.execute(_DOUBLED).fetchone()
        except duckdb.Error as error:
            self._db.close()
            raise DecisionsUnreadable(source.run_id, str(error).split("\n")[0]) from error
        if doubled:
            self._db.close()
            raise DecisionsUnreadable(source.run_id, f"{doubled[0]} {doubled[1]} of entity {doubled[2]} is decided twice")

    def __enter__(self) -> Differences:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def payees(self) -> pa.Array:
        """Return the residents that the decisions pay, each once, ascending."""
        table = self._db.execute("SELECT DISTINCT payee_no FROM decided WHERE payee_no <> 0 AND NOT is_unknown ORDER BY 1").to_arrow_table()
        return table["payee_no"].combine_chunks()

    def organisations(self) -> pa.Array:
        """Return the keys of the organisations that the decisions pay, each once, ascending."""
        table = self._db.execute("SELECT DISTINCT payee_key FROM decided WHERE payee_no = 0 AND NOT is_unknown ORDER BY 1").to_arrow_table()
        return table["payee_key"].combine_chunks()

    def use_accounts(self, accounts: Mapping[str, pa.Table]) -> None:
        """Take the accounts of the payees as ``facts.payee_accounts`` gives them; a payee without one is absent."""
        for name, table in accounts.items():
            self._db.register("accounts_given", table)
            columns = f"{table.column_names[0]}, CAST(account_no AS VARCHAR) AS account_no, CAST(bank_code AS VARCHAR) AS bank_code"
            self._db.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM accounts_given")
            self._db.unregister("accounts_given")

    def compare(self) -> None:
        """Read what was instructed for the same periods and compare. Call it inside the transaction that inserts."""
        bulk.fill(self._db, "instructed", _INSTRUCTED_SCHEMA, self._instructed(self._scope()))
        states = {str(state): str(state) for state in (*STUCK, *CLOSED)}
        self._db.execute(_COMPARED, states)
        self._db.execute("DROP TABLE decided; DROP TABLE instructed")

    def _instructed(self, scope: list[tuple[str, list[str], bool]]) -> Iterator[pa.RecordBatch]:
        """Yield the payments of every benefit and period that this run decides, and of the run's own month.

        DuckDB pulls this from a thread of its own, so it must not ask the same connection anything.
        """
        columns = ", ".join(_INSTRUCTED_SCHEMA.names)
        for benefit, keys, has_once in scope:
            marks = ", ".join(["%s"] * len(keys))
            once = " OR period_key LIKE 'once:%%'" if has_once else ""
            sql = f"SELECT {columns} FROM payments_credittransfertransaction WHERE benefit = %s AND (period_key IN ({marks}){once})"
            yield from bulk.read_batches(sql, [benefit, *keys], _INSTRUCTED_SCHEMA)

    def _scope(self) -> list[tuple[str, list[str], bool]]:
        """List benefit, its period keys, and whether it has occasions, which are too many to name one by one."""
        decided = self._db.execute("""
            SELECT benefit, list(DISTINCT period_key) FILTER (period_key NOT LIKE 'once:%') AS keys, bool_or(period_key LIKE 'once:%')
            FROM decided GROUP BY benefit ORDER BY benefit""").fetchall()
        scope = {benefit: (sorted(set(keys or []) | {self._source.month}), has_once) for benefit, keys, has_once in decided}
        for benefit in _benefits_paid_in(self._source.month):
            scope.setdefault(benefit, ([self._source.month], False))
        return [(benefit, keys, has_once) for benefit, (keys, has_once) in sorted(scope.items())]

    def scope(self) -> list[tuple[str, str]]:
        """List the pairs of benefit and period that were compared."""
        return self._db.execute("SELECT DISTINCT benefit, period_key FROM compared ORDER BY 1, 2").fetchall()

    def to_pay(self, batch_id: int) -> pa.RecordBatchReader:
        """Stream new transactions in the order of the unique key, columns as NEW_COLUMNS."""
        return self._db.execute(_TO_PAY, {"batch": batch_id}).to_arrow_reader(bulk.ROWS_PER_READ)

    def count_to_pay(self) -> int:
        row = self._db.execute("SELECT count(*) FROM compared WHERE decided_fen > instructed_fen").fetchone()
        return int(row[0]) if row else 0

    def overpaid(self) -> pa.Table:
        """Return what stands overpaid: benefit, period_key, entity_no, payee_key, community, instructed_fen, decided_fen."""
        return self._db.execute(_OVERPAID).to_arrow_table()

    def freed(self) -> list[int]:
        """List stuck transactions whose period goes to another payee now."""
        return [row[0] for row in self._db.execute("SELECT unnest(freed) FROM compared WHERE freed IS NOT NULL ORDER BY 1").fetchall()]


def _benefits_paid_in(month: str) -> list[str]:
    """List the benefits that have a total in a batch of this month: some may decide nobody any more."""
    return list(PaymentTotal.objects.filter(batch__month=month).values_list("benefit", flat=True).distinct())
