"""What a run decided minus what was already instructed, in DuckDB: the rows to pay, and what stands overpaid.

A period of an entity is compared as a whole: money instructed for it to an earlier payee counts too, because the household
has had it; what came back of it by recovery does not. Only money that is stuck with us (held, rejected, returned) for somebody
who is no longer the payee is set free.

Benefits and periods are numbered (``kinds``), because a payday has millions of rows and few of them. A kind whose decisions have
the digest of what stands instructed brings nothing new; of it only entities with stuck money are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
from django.conf import settings

from zhida.blocks.payments import bulk
from zhida.blocks.payments.errors import DecisionsUnreadable
from zhida.blocks.payments.history import fill_history
from zhida.blocks.payments.models import AccountChange, Overpayment, PayeeArrangement, PaymentInstruction, PaymentTotal, StandingDigest
from zhida.blocks.payments.rules import (
    ACCOUNT_SHARED_BY,
    BIG_CHANGE_TIMES,
    CLOSED,
    ORGANISATION,
    STUCK,
    OverpaymentState,
    Risk,
    Share,
)
from zhida.blocks.payments.sharing import share_columns
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.warehouse import add_table, scratch_folder, sql_text, warehouse

# The columns of a new transaction, in the order in which they are inserted.
NEW_COLUMNS = (
    "id", "batch_id", "benefit", "period_key", "entity_no", "payee_key", "revision", "payee_no", "household_no", "amount_fen",
    "deducted_fen", "channel", "account_no", "bank_code", "state", "reason_code", "risk", "district", "community",
)  # fmt: skip
MEMORY_MB = 1_000
ONCE = "once:"

_INSTRUCTED_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("batch_id", pa.int64()),
        ("benefit", pa.string()),
        ("period_key", pa.string()),
        ("entity_no", pa.int64()),
        ("payee_key", pa.string()),
        ("household_no", pa.int64()),
        ("revision", pa.int32()),
        ("gross_fen", pa.int64()),
        ("state", pa.string()),
        ("district", pa.int32()),
        ("community", pa.int64()),
    ]
)
_INSTRUCTED = """t.id, t.batch_id, t.benefit, t.period_key, t.entity_no, t.payee_key, t.household_no, t.revision,
    t.amount_fen + t.deducted_fen AS gross_fen, t.state, t.district, t.community"""

# period: all occasions of a benefit that is paid once are one kind; the occasion itself stays with the row.
_READ = f"""
CREATE VIEW read AS
SELECT CAST(benefit AS VARCHAR) AS benefit, CASE WHEN period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE period_key END AS period,
       CASE WHEN period_key LIKE '{ONCE}%' THEN period_key ELSE '' END AS occasion, entity_no, household_no, payee_no,
       CASE WHEN payee_no = 0 THEN coalesce(payee_organisation, '') ELSE '' END AS organisation,
       CASE WHEN status = 1 THEN amount ELSE 0 END AS amount_fen, status = 2 AS is_unknown, district, community
FROM read_parquet({{path}})
WHERE unit = 'fen' AND (status = 2 OR (status = 1 AND amount > 0))
"""
_KINDS = """
CREATE TABLE kinds AS SELECT CAST(row_number() OVER (ORDER BY benefit, period) AS INTEGER) AS kind, benefit, period
FROM (SELECT DISTINCT benefit, period FROM read)
"""
_DECIDED = """
CREATE TABLE decided AS SELECT kind, occasion, entity_no, household_no, payee_no, organisation, amount_fen, is_unknown, district, community
FROM read JOIN kinds USING (benefit, period)
"""
_DOUBLED = """
SELECT benefit, CASE WHEN occasion = '' THEN period ELSE occasion END, entity_no FROM decided JOIN kinds USING (kind)
GROUP BY ALL HAVING count(*) > 1 LIMIT 1
"""
_DIGESTS = """
SELECT benefit, period, concat_ws(':', count(*), sum(amount_fen), sum(hash(occasion, entity_no, payee_no, organisation, amount_fen, is_unknown)),
       sum(hash(amount_fen, organisation, is_unknown, occasion, payee_no, entity_no)))
FROM decided JOIN kinds USING (kind) GROUP BY ALL
"""

# Money that stands for a period: everything but what was closed, and what is stuck for somebody who is no longer the payee.
_COMPARED = f"""
CREATE TABLE compared AS
WITH numbered AS (
    SELECT i.* EXCLUDE (benefit, period_key), k.kind, CASE WHEN i.period_key LIKE '{ONCE}%' THEN i.period_key ELSE '' END AS occasion
    FROM instructed i JOIN kinds k ON k.benefit = i.benefit
    AND k.period = CASE WHEN i.period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE i.period_key END
), arranged_entity AS (
    SELECT DISTINCT kind, entity_no FROM arranged
), standing AS (
    SELECT i.*, i.state IN ($held, $rejected, $returned) AND d.entity_no IS NOT NULL AND NOT d.is_unknown AND d.payee_key <> i.payee_key
                AND a.entity_no IS NULL AS is_freed, b.month
    FROM numbered i
    LEFT JOIN (SELECT *, CASE WHEN payee_no = 0 THEN '{ORGANISATION}' || organisation ELSE CAST(payee_no AS VARCHAR) END AS payee_key
               FROM decided) d USING (kind, occasion, entity_no)
    LEFT JOIN arranged_entity a USING (kind, entity_no) LEFT JOIN batches b USING (batch_id)
), sums AS (
    SELECT kind, occasion, entity_no, max(revision) AS revision, max_by(payee_key, id) AS payee_key, max_by(community, id) AS community,
           max_by(district, id) AS district, max_by(household_no, id) AS household_no, max_by(month, id) AS month,
           CAST(coalesce(sum(gross_fen) FILTER (NOT is_freed AND state NOT IN ($reissued, $cancelled)), 0) AS BIGINT) AS instructed_fen,
           list(id) FILTER (is_freed) AS freed
    FROM standing GROUP BY ALL
)
SELECT coalesce(d.kind, s.kind) AS kind, coalesce(d.occasion, s.occasion) AS occasion, coalesce(d.entity_no, s.entity_no) AS entity_no,
       d.payee_no, d.organisation, coalesce(d.household_no, s.household_no) AS household_no, s.payee_key AS paid_payee_key,
       coalesce(d.district, s.district) AS district, coalesce(d.community, s.community) AS community, s.month,
       coalesce(d.amount_fen, 0) AS decided_fen, coalesce(s.instructed_fen, 0) AS instructed_fen, coalesce(r.recovered_fen, 0) AS recovered_fen,
       coalesce(s.revision + 1, 0) AS revision, coalesce(d.is_unknown, FALSE) AS is_unknown, d.kind IS NULL AS is_ended, s.freed
FROM decided d FULL JOIN sums s USING (kind, occasion, entity_no)
LEFT JOIN recovered r ON r.kind = coalesce(d.kind, s.kind) AND r.occasion = coalesce(d.occasion, s.occasion)
          AND r.entity_no = coalesce(d.entity_no, s.entity_no)
"""
# Where nothing of these periods was instructed before, which is every payday's common case, there is nothing to join.
_ALL_NEW = """
CREATE TABLE compared AS
SELECT kind, occasion, entity_no, payee_no, organisation, household_no, CAST(NULL AS VARCHAR) AS paid_payee_key, district, community,
       CAST(NULL AS VARCHAR) AS month, amount_fen AS decided_fen, CAST(0 AS BIGINT) AS instructed_fen, CAST(0 AS BIGINT) AS recovered_fen,
       CAST(0 AS INTEGER) AS revision, is_unknown, FALSE AS is_ended, CAST(NULL AS BIGINT[]) AS freed
FROM decided
"""

# What each payee is due: whom the decision names, or those of an arrangement by their shares, less what each has had.
_DUE = f"""
CREATE TABLE due AS
WITH owed AS (
    SELECT c.*, decided_fen - instructed_fen + recovered_fen AS due_fen FROM compared c WHERE decided_fen > instructed_fen - recovered_fen
), single AS (
    SELECT kind, occasion, entity_no, payee_no, organisation, household_no, due_fen AS gross_fen, revision, district, community
    FROM owed ANTI JOIN arranged USING (kind, entity_no)
), shared AS (
    SELECT o.*, a.payee_key AS to_key, a.place,
           CASE WHEN a.is_last THEN decided_fen - coalesce(sum(decided_fen * a.share_bp // 10000) OVER before, 0)
                ELSE decided_fen * a.share_bp // 10000 END AS target_fen
    FROM owed o JOIN arranged a USING (kind, entity_no)
    WINDOW before AS (PARTITION BY kind, occasion, o.entity_no ORDER BY a.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), wanted AS (
    SELECT s.*, greatest(target_fen - coalesce(h.had_fen, 0), 0) AS wanted_fen
    FROM shared s LEFT JOIN had h ON h.kind = s.kind AND h.occasion = s.occasion AND h.entity_no = s.entity_no AND h.payee_key = s.to_key
), given AS (
    SELECT *, least(wanted_fen, greatest(due_fen - coalesce(sum(wanted_fen) OVER (
        PARTITION BY kind, occasion, entity_no ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), 0)) AS given_fen
    FROM wanted
)
SELECT * FROM single WHERE gross_fen > 0
UNION ALL
SELECT kind, occasion, entity_no, CASE WHEN to_key LIKE '{ORGANISATION}%' THEN 0 ELSE CAST(to_key AS BIGINT) END,
       CASE WHEN to_key LIKE '{ORGANISATION}%' THEN substr(to_key, {len(ORGANISATION) + 1}) ELSE '' END, household_no,
       CAST(given_fen AS BIGINT), revision, district, community
FROM given WHERE given_fen > 0
"""

# One row per payment to be. A debt keeps back a share of each payment to its payee, until it is paid.
_NEW = f"""
CREATE TABLE new AS
WITH keyed AS (
    SELECT d.*, CASE WHEN payee_no = 0 THEN '{ORGANISATION}' || organisation ELSE CAST(payee_no AS VARCHAR) END AS payee_key FROM due d
), with_account AS (
    SELECT k.*, coalesce(a.account_no, o.account_no, '') AS account_no, coalesce(a.bank_code, o.bank_code, '') AS bank_code,
           x.resident_no IS NOT NULL AS has_died, m.resident_no IS NOT NULL AS has_moved, h.resident_no IS NOT NULL AS is_over_100,
           l.payee_no IS NULL AND $has_history AS is_new, l.account_no AS last_account_no, e.amount_fen AS last_fen
    FROM keyed k LEFT JOIN accounts a ON a.resident_no = k.payee_no LEFT JOIN organisation_accounts o ON o.payee_key = k.payee_key
    LEFT JOIN died x ON x.resident_no = k.payee_no LEFT JOIN moved m ON m.resident_no = k.payee_no
    LEFT JOIN over_100 h ON h.resident_no = k.payee_no LEFT JOIN last_account l ON l.payee_no = k.payee_no AND k.payee_no <> 0
    LEFT JOIN last_amount e ON e.kind_benefit = k.kind AND e.entity_no = k.entity_no
), capped AS (
    SELECT w.*, CASE WHEN b.payee_key IS NULL THEN 0 ELSE least(gross_fen * b.limit_bp // 10000,
                CASE WHEN b.instalment_fen > 0 THEN b.instalment_fen ELSE gross_fen END, gross_fen - 1) END AS cap_fen, b.open_fen
    FROM with_account w LEFT JOIN debts b ON b.payee_key = w.payee_key
), deducted AS (
    SELECT *, CASE WHEN open_fen IS NULL THEN 0 ELSE greatest(least(cap_fen, open_fen - coalesce(sum(cap_fen) OVER (
        PARTITION BY payee_key ORDER BY kind, occasion, entity_no, revision ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)), 0) END
        AS deducted_fen
    FROM capped WHERE open_fen IS NOT NULL
    UNION ALL SELECT *, 0 FROM capped WHERE open_fen IS NULL
), judged AS (
    SELECT d.*, CASE WHEN has_died THEN 'payee_died' WHEN has_moved THEN 'payee_moved'
        WHEN d.account_no = '' THEN CASE WHEN payee_no = 0 THEN 'no_organisation_account' ELSE 'no_account' END
        WHEN c.state = 'refused' THEN 'account_refused'
        WHEN last_account_no <> d.account_no AND (c.state IS NULL OR (c.state = 'waiting' AND c.hold_until > $today)) THEN 'account_cooling_off'
        ELSE '' END AS reason_code
    FROM deducted d LEFT JOIN account_changes c
    ON c.payee_key = d.payee_key AND c.account_before = d.last_account_no AND c.account_now = d.account_no
)
SELECT kind, occasion, entity_no, payee_key, revision, payee_no, household_no, CAST(gross_fen - deducted_fen AS BIGINT) AS amount_fen,
       CAST(deducted_fen AS BIGINT) AS deducted_fen, last_account_no, account_no AS account_now,
       CASE WHEN reason_code IN ('', 'payee_died') THEN account_no ELSE '' END AS account_no, bank_code,
       CASE WHEN reason_code = '' THEN 'instructed' ELSE 'held' END AS state, reason_code,
       CAST(CASE WHEN is_new THEN {int(Risk.NEW_PAYEE)} ELSE 0 END + CASE WHEN revision = 0 AND last_fen IS NOT NULL
            AND (gross_fen > last_fen * {BIG_CHANGE_TIMES} OR gross_fen * {BIG_CHANGE_TIMES} < last_fen) THEN {int(Risk.BIG_CHANGE)} ELSE 0 END
            + CASE WHEN is_over_100 THEN {int(Risk.OVER_100)} ELSE 0 END
            + CASE WHEN revision > 0 THEN {int(Risk.DIFFERENCE)} ELSE 0 END AS SMALLINT) AS risk,
       CAST(district AS INTEGER) AS district, community
FROM judged
"""
_SHARED = f"""
UPDATE new SET risk = risk + {int(Risk.SHARED_ACCOUNT)} WHERE state = 'instructed' AND payee_no <> 0 AND account_no IN (
    SELECT account_no FROM new WHERE state = 'instructed' AND payee_no <> 0 AND hash(account_no) IN (
        SELECT h FROM (SELECT DISTINCT hash(account_no) AS h, payee_no FROM new WHERE state = 'instructed' AND payee_no <> 0)
        GROUP BY h HAVING count(*) >= {ACCOUNT_SHARED_BY}))
"""
_TO_PAY = """
SELECT CAST($first + row_number() OVER (ORDER BY kind, occasion, entity_no, payee_key) - 1 AS BIGINT) AS id,
       CAST($batch AS BIGINT) AS batch_id, benefit, CASE WHEN occasion = '' THEN period ELSE occasion END AS period_key, entity_no, payee_key,
       CAST(revision AS INTEGER) AS revision, payee_no, household_no, amount_fen, deducted_fen, 'bank' AS channel, account_no, bank_code,
       state, reason_code, risk, district, community
FROM new JOIN kinds USING (kind) ORDER BY kind, occasion, entity_no, payee_key
"""
_SUMS = f"""
SELECT benefit, district, state, count(*), CAST(sum(amount_fen) AS BIGINT), CAST(sum(central_fen) AS BIGINT), CAST(sum(province_fen) AS BIGINT),
       CAST(sum(city_fen) AS BIGINT), CAST(sum(district_fen) AS BIGINT)
FROM (SELECT benefit, district, state, amount_fen, {share_columns("amount_fen", "//")} FROM new JOIN kinds USING (kind) JOIN shares USING (benefit))
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
# A one-off that an earlier month's run found is not decided again by this one; of the same month it was taken away.
_OVERPAID = f"""
SELECT benefit, CASE WHEN occasion = '' THEN period ELSE occasion END AS period_key, entity_no, paid_payee_key AS payee_key, community, district,
       instructed_fen, decided_fen
FROM compared JOIN kinds USING (kind) ANTI JOIN waiting USING (household_no)
WHERE instructed_fen > decided_fen AND NOT is_unknown AND NOT (is_ended AND occasion LIKE '{ONCE}%' AND month <> $month)
UNION ALL
SELECT benefit, CASE WHEN occasion = '' THEN period ELSE occasion END, entity_no, paid_payee_key, community, district, instructed_fen, decided_fen
FROM compared JOIN kinds USING (kind) SEMI JOIN waiting USING (household_no)
WHERE instructed_fen > decided_fen AND NOT is_unknown AND NOT is_ended
ORDER BY 1, 2, 3
"""
_PEOPLE = ("accounts", "organisation_accounts", "died", "moved", "over_100", "debts", "account_changes", "shares")


@dataclass(frozen=True)
class DecisionSource:
    """The decisions of one finished run: a glob of Parquet files and what they were computed from.

    is_partial: only the periods and entities of these decisions are compared; others of the month are none of its business.
    """

    run_id: int | None
    month: str
    path: str
    snapshot_hash: str = ""
    law_name: str = ""
    is_partial: bool = False


class Differences:
    """The comparison of one run's decisions with the payments of the same periods. Use as a context manager."""

    def __init__(self, source: DecisionSource) -> None:
        self._source = source
        self._closing = ExitStack()
        scratch = self._closing.enter_context(scratch_folder(settings.HOME))
        self._db = self._closing.enter_context(warehouse(scratch, MEMORY_MB, keep_order=False))
        self._unchanged: list[tuple[str, str]] = []
        try:
            self._db.execute(_READ.format(path=sql_text(source.path)))
            for statement in (_KINDS, _DECIDED):
                self._db.execute(statement)
            doubled = self._db.execute(_DOUBLED).fetchone()
        except duckdb.Error as error:
            self._closing.close()
            raise DecisionsUnreadable(source.run_id, str(error).split("\n")[0]) from error
        if doubled:
            self._closing.close()
            raise DecisionsUnreadable(source.run_id, f"{doubled[0]} {doubled[1]} of entity {doubled[2]} is decided twice")

    def __enter__(self) -> Differences:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    # ---- comparing: inside the transaction that inserts ----------------------------------------------------------------------------------

    def compare(self) -> None:
        """Compare with what was instructed for the same periods, and find what each payee is due (``due``)."""
        self._digests = {(benefit, period): digest for benefit, period, digest in self._db.execute(_DIGESTS).fetchall()}
        if not self._source.is_partial:
            self._add_ended_kinds()
            self._leave_out_unchanged()
        self._fill_arrangements()
        bulk.fill(self._db, "instructed", _INSTRUCTED_SCHEMA, self._instructed())
        if self._source.is_partial:
            self._db.execute("""DELETE FROM instructed WHERE (benefit, period_key, entity_no) NOT IN (
                SELECT benefit, CASE WHEN occasion = '' THEN period ELSE occasion END, entity_no FROM decided JOIN kinds USING (kind))""")
        self._fill_recovered()
        self._fill_batches()
        self._fill_had()
        has_standing = self._count("instructed")
        states = {str(state): str(state) for state in (*STUCK, *CLOSED)}
        self._db.execute(_COMPARED, states) if has_standing else self._db.execute(_ALL_NEW)
        self._db.execute("DROP TABLE decided; DROP TABLE instructed")
        self._db.execute(_DUE)

    def _add_ended_kinds(self) -> None:
        """Number the kinds that were paid in this month and that the run decides for nobody any more."""
        known = {benefit for benefit, _ in self._digests}
        month = self._source.month
        ended = [benefit for benefit in _benefits_paid_in(month) if benefit not in known or (benefit, month) not in self._digests]
        for benefit in ended:
            self._db.execute("INSERT INTO kinds SELECT max(kind) + 1, ?, ? FROM kinds HAVING max(kind) IS NOT NULL", [benefit, month])
            if not self._count("kinds"):
                self._db.execute("INSERT INTO kinds VALUES (1, ?, ?)", [benefit, month])
            self._digests[benefit, month] = ""

    def _leave_out_unchanged(self) -> None:
        """Drop the decisions of kinds whose digest says that they stand as they are, but for entities with stuck money."""
        stored = {(row.benefit, row.period_key): row.digest for row in StandingDigest.objects.all()} if self._digests else {}
        self._unchanged = [key for key, digest in self._digests.items() if stored.get(key) == digest]
        if not self._unchanged:
            return
        bulk.fill(self._db, "suspect", _SUSPECT_SCHEMA, bulk.read_batches(_SUSPECT, [], _SUSPECT_SCHEMA))
        pairs = pa.table({"benefit": [pair[0] for pair in self._unchanged], "period": [pair[1] for pair in self._unchanged]})
        add_table(self._db, "unchanged", pairs)
        self._db.execute(f"""
            CREATE TABLE suspects AS SELECT DISTINCT k.kind, CASE WHEN s.period_key LIKE '{ONCE}%' THEN s.period_key ELSE '' END AS occasion,
                s.entity_no, s.benefit, s.period_key
            FROM suspect s JOIN kinds k ON k.benefit = s.benefit
            AND k.period = CASE WHEN s.period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE s.period_key END
            JOIN unchanged u ON u.benefit = k.benefit AND u.period = k.period""")
        self._db.execute("""
            CREATE OR REPLACE TABLE decided AS
            SELECT * FROM decided WHERE kind NOT IN (SELECT kind FROM kinds JOIN unchanged USING (benefit, period))
            UNION ALL SELECT d.* FROM decided d SEMI JOIN suspects USING (kind, occasion, entity_no)""")

    def _instructed(self) -> Iterator[pa.RecordBatch]:
        """Yield the payments of every changed kind of this run and of its own month, and those of unchanged kinds that have stuck money."""
        for benefit, keys, has_once in self._scope():
            marks = ", ".join(["%s"] * len(keys))
            named = f"t.period_key IN ({marks})" if keys else "1 = 0"
            once = f" OR t.period_key LIKE '{ONCE}%%'" if has_once else ""
            sql = f"SELECT {_INSTRUCTED} FROM payments_credittransfertransaction t WHERE t.benefit = %s AND ({named}{once})"
            yield from bulk.read_batches(sql, [benefit, *keys], _INSTRUCTED_SCHEMA)
        if self._unchanged:
            names = sorted({benefit for benefit, _ in self._unchanged})
            marks = ", ".join(["%s"] * len(names))
            sql = f"""SELECT {_INSTRUCTED} FROM ({_SUSPECT}) s JOIN payments_credittransfertransaction t ON t.benefit = s.benefit
                      AND t.period_key = s.period_key AND t.entity_no = s.entity_no WHERE s.benefit IN ({marks})"""
            unchanged = set(self._unchanged)
            for batch in bulk.read_batches(sql, names, _INSTRUCTED_SCHEMA):
                kinds = zip(batch["benefit"].to_pylist(), batch["period_key"].to_pylist(), strict=True)
                yield batch.filter(pa.array([(benefit, _period_of(key)) in unchanged for benefit, key in kinds]))

    def _scope(self) -> list[tuple[str, list[str], bool]]:
        """List benefit, its period keys, and whether it has occasions, which are too many to name one by one."""
        scope: dict[str, tuple[list[str], bool]] = {}
        for benefit, period in sorted(set(self._digests) - set(self._unchanged)):
            keys, has_once = scope.setdefault(benefit, ([], False))
            scope[benefit] = (keys, True) if period == ONCE else ([*keys, period], has_once)
        return [(benefit, keys, has_once) for benefit, (keys, has_once) in sorted(scope.items())]

    def _fill_arrangements(self) -> None:
        """Make ``arranged``: kind, entity_no, payee_key, share_bp, place, is_last, of arrangements that hold on the month's first day."""
        first = Month.parse(self._source.month).start
        rows = PayeeArrangement.objects.exclude(confirmed_by="").filter(begin__lte=first).order_by("entity_no", "id")
        rows = [row for row in rows if row.end is None or row.end > first]
        table = pa.table(
            {
                "benefit": pa.array([row.benefit for row in rows], pa.string()),
                "entity_no": pa.array([row.entity_no for row in rows], pa.int64()),
                "payee_key": pa.array([row.payee_key for row in rows], pa.string()),
                "share_bp": pa.array([row.share_bp for row in rows], pa.int64()),
                "place": pa.array([row.pk for row in rows], pa.int64()),
            }
        )
        add_table(self._db, "arrangement", table)
        # An arrangement for one benefit goes before one for all of them.
        self._db.execute("""
            CREATE TABLE arranged AS
            SELECT k.kind, a.entity_no, a.payee_key, a.share_bp, a.place,
                   a.place = max(a.place) OVER (PARTITION BY k.kind, a.entity_no) AS is_last
            FROM arrangement a JOIN kinds k ON a.benefit = k.benefit OR (a.benefit = '' AND NOT EXISTS (
                SELECT 1 FROM arrangement b WHERE b.entity_no = a.entity_no AND b.benefit = k.benefit))""")

    def _fill_had(self) -> None:
        """Make ``had``: what each payee of an arranged entity has had of a period."""
        closed = ", ".join(f"'{state}'" for state in CLOSED)
        self._db.execute(f"""
            CREATE TABLE had AS
            SELECT k.kind, CASE WHEN i.period_key LIKE '{ONCE}%' THEN i.period_key ELSE '' END AS occasion, i.entity_no, i.payee_key,
                   sum(i.gross_fen) AS had_fen
            FROM instructed i JOIN kinds k ON k.benefit = i.benefit
            AND k.period = CASE WHEN i.period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE i.period_key END
            SEMI JOIN arranged a ON a.kind = k.kind AND a.entity_no = i.entity_no
            WHERE i.state NOT IN ({closed}) GROUP BY ALL""")

    def _fill_recovered(self) -> None:
        rows = list(Overpayment.objects.filter(recovered_fen__gt=0).values_list("benefit", "period_key", "entity_no", "recovered_fen"))
        names = (("benefit", pa.string()), ("period_key", pa.string()), ("entity_no", pa.int64()), ("recovered_fen", pa.int64()))
        columns = {name: pa.array([row[place] for row in rows], kind) for place, (name, kind) in enumerate(names)}
        add_table(self._db, "came_back", pa.table(columns))
        self._db.execute(f"""
            CREATE TABLE recovered AS
            SELECT k.kind, CASE WHEN b.period_key LIKE '{ONCE}%' THEN b.period_key ELSE '' END AS occasion, b.entity_no, b.recovered_fen
            FROM came_back b JOIN kinds k ON k.benefit = b.benefit
            AND k.period = CASE WHEN b.period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE b.period_key END""")

    def _fill_batches(self) -> None:
        rows = list(PaymentInstruction.objects.values_list("pk", "month"))
        batches = {"batch_id": pa.array([row[0] for row in rows], pa.int64()), "month": pa.array([row[1] for row in rows], pa.string())}
        add_table(self._db, "batches", pa.table(batches))

    # ---- what comes of it ----------------------------------------------------------------------------------------------------------------

    def count_to_pay(self) -> int:
        return self._count("due")

    def payees(self) -> pa.Array:
        """Return the residents that are to be paid, each once, ascending."""
        table = self._db.execute("SELECT DISTINCT payee_no FROM due WHERE payee_no <> 0 ORDER BY 1").to_arrow_table()
        return table["payee_no"].combine_chunks()

    def organisations(self) -> pa.Array:
        """Return the keys of the organisations that are to be paid, each once, ascending."""
        sql = f"SELECT DISTINCT '{ORGANISATION}' || organisation AS payee_key FROM due WHERE payee_no = 0 ORDER BY 1"
        return self._db.execute(sql).to_arrow_table()["payee_key"].combine_chunks()

    def benefits(self) -> list[str]:
        """List the benefits that are to be paid."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT benefit FROM due JOIN kinds USING (kind) ORDER BY 1").fetchall()]

    def judge(self, facts: Mapping[str, pa.Table], shares: Mapping[str, Share], debts: pa.Table) -> None:
        """Make the payments (``new``): with accounts, what is kept back for debts, who is held, and what is worth a look.

        facts: ``accounts``, ``organisation_accounts``, ``died``, ``moved``, ``over_100`` as facts.payee_facts gives them.
        debts: payee_key, open_fen, limit_bp, instalment_fen.
        """
        has_history = fill_history(self._db, self._source.month)
        names, points = list(shares), list(shares.values())
        borne = {"benefit": pa.array(names, pa.string())} | {
            f"{level}_bp": pa.array([share[place] for share in points], pa.int64())
            for place, level in enumerate(("central", "province", "city", "district"))
        }
        for name, table in {**facts, "debts": debts, "account_changes": _account_changes(), "shares": pa.table(borne)}.items():
            add_table(self._db, name, _plain(table))
        self._db.execute(_NEW, {"has_history": has_history, "today": clock.today()})
        self._db.execute(_SHARED)
        self._db.execute("DROP TABLE due; DROP TABLE last_account; DROP TABLE last_amount")
        for name in _PEOPLE[:-1]:
            self._db.execute(f"DROP TABLE {name}")

    def to_pay(self, batch_id: int, first_id: int) -> pa.RecordBatchReader:
        """Stream new transactions in the order of the unique key, columns as NEW_COLUMNS."""
        return self._db.execute(_TO_PAY, {"batch": batch_id, "first": first_id}).to_arrow_reader(bulk.ROWS_PER_COPY)

    def sums(self, batch_id: int) -> list[tuple]:
        """Return the totals of the new payments, as totals.TotalRow."""
        return [(batch_id, *row) for row in self._db.execute(_SUMS).fetchall()]

    def risk_counts(self) -> dict[str, int]:
        """Count the payments to send by what makes them worth a look."""
        counts = ", ".join(f"count(*) FILTER (risk & {int(flag)} > 0)" for flag in Risk)
        row = self._db.execute(f"SELECT {counts} FROM new WHERE state = 'instructed'").fetchone() or ()
        return {str(flag.name).lower(): int(count) for flag, count in zip(Risk, row, strict=True) if count}

    def account_changes(self) -> list[tuple[str, str, str, int]]:
        """List payee_key, the account paid to before, the one of now, and the community, of payments that wait for the change."""
        return self._db.execute("""SELECT payee_key, last_account_no, account_now, min(community) FROM new
            WHERE reason_code = 'account_cooling_off' GROUP BY ALL ORDER BY 1""").fetchall()

    def deductions(self) -> list[tuple[str, str, str, int, int]]:
        """List payee_key, benefit, period_key, entity_no and fen of payments that a debt keeps something back of."""
        return self._db.execute("""SELECT payee_key, benefit, CASE WHEN occasion = '' THEN period ELSE occasion END, entity_no, deducted_fen
            FROM new JOIN kinds USING (kind) WHERE deducted_fen > 0 ORDER BY ALL""").fetchall()

    def overpaid(self) -> pa.Table:
        """Return what stands overpaid: benefit, period_key, entity_no, payee_key, community, district, instructed_fen, decided_fen."""
        self._fill_waiting()
        return self._db.execute(_OVERPAID, {"month": self._source.month}).to_arrow_table()

    def compared_keys(self) -> set[tuple[str, str, int]]:
        """Return benefit, period_key and entity_no of what was compared and had been instructed."""
        return set(
            self._db.execute("""SELECT benefit, CASE WHEN occasion = '' THEN period ELSE occasion END, entity_no
            FROM compared JOIN kinds USING (kind) WHERE instructed_fen > 0""").fetchall()
        )

    def _fill_waiting(self) -> None:
        """Make ``waiting``: households with a member whose row waits to be corrected. Nobody of them is known to have ended."""
        self._db.execute("CREATE TABLE waiting (household_no BIGINT)")
        if self._source.snapshot_hash:
            path = sql_text(records.snapshot_path(self._source.snapshot_hash) / "household.parquet")
            self._db.execute(
                f"INSERT INTO waiting SELECT household_no FROM read_parquet({path}) WHERE NOT coalesce(members_complete, FALSE)"
            )

    def freed(self) -> list[int]:
        """List stuck transactions whose period goes to another payee now."""
        return [row[0] for row in self._db.execute("SELECT unnest(freed) FROM compared WHERE freed IS NOT NULL ORDER BY 1").fetchall()]

    def keep_digests(self) -> None:
        """Remember that what stands is what was decided. Call it last in the transaction."""
        if self._source.is_partial:
            return
        changed = [key for key in self._digests if key not in set(self._unchanged)]
        for benefit, period in changed:
            StandingDigest.objects.update_or_create(benefit=benefit, period_key=period, defaults={"digest": self._digests[benefit, period]})

    def _count(self, table: str) -> int:
        row = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(row[0]) if row else 0


_SUSPECT = (
    "SELECT DISTINCT benefit, period_key, entity_no FROM payments_credittransfertransaction WHERE state IN ('held', 'rejected', 'returned')"
)
_SUSPECT_SCHEMA = pa.schema([("benefit", pa.string()), ("period_key", pa.string()), ("entity_no", pa.int64())])


def forget_digests(benefits_and_periods: set[tuple[str, str]]) -> None:
    """Say that what stands for these was changed by something else than a run; the next run reads it anew."""
    for benefit, period_key in benefits_and_periods:
        StandingDigest.objects.filter(benefit=benefit, period_key=_period_of(period_key)).delete()


def debts_now(today: date) -> pa.Table:
    """Return what payees owe and is kept back from today on: payee_key, open_fen, limit_bp, instalment_fen."""
    sums: dict[str, list[int]] = {}
    netted = Overpayment.objects.filter(state__in=[OverpaymentState.NETTING, OverpaymentState.AGREED])
    for row in netted.exclude(objection_until__gt=today).order_by("id"):
        planned = sum(row.deductions.filter(state="planned").values_list("amount_fen", flat=True))
        if row.open_fen > planned:
            owed = sums.setdefault(row.payee_key, [0, row.limit_bp, 0])
            owed[0] += row.open_fen - planned
            owed[1] = min(owed[1], row.limit_bp)
            owed[2] += row.instalment_fen
    return pa.table(
        {
            "payee_key": pa.array(sums, pa.string()),
            **{
                name: pa.array([owed[place] for owed in sums.values()], pa.int64())
                for place, name in enumerate(("open_fen", "limit_bp", "instalment_fen"))
            },
        }
    )


def _account_changes() -> pa.Table:
    rows = list(AccountChange.objects.values_list("payee_key", "account_before", "account_now", "state", "hold_until"))
    names = ("payee_key", "account_before", "account_now", "state", "hold_until")
    return pa.table(
        {name: pa.array([row[place] for row in rows], _CHANGE_TYPES.get(name, pa.string())) for place, name in enumerate(names)}
    )


_CHANGE_TYPES = {"hold_until": pa.date32()}


def _plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries, whose joins DuckDB is quicker with."""
    fields = [(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema([(name, pa.string() if pa.types.is_null(kind) else kind) for name, kind in fields]))


def _period_of(period_key: str) -> str:
    return ONCE if period_key.startswith(ONCE) else period_key


def _benefits_paid_in(month: str) -> list[str]:
    """List the benefits that have a total in a batch of this month: some may decide nobody any more."""
    return list(PaymentTotal.objects.filter(batch__month=month).values_list("benefit", flat=True).distinct())
