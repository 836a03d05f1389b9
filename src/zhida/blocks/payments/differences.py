"""What a run decided minus what was already instructed, in DuckDB: the rows to pay, and what stands overpaid.

A period of an entity is compared as a whole: money instructed for it to an earlier payee counts too, because the household
has had it; what came back of it by recovery does not. Only money that is stuck with us (held, rejected, returned) for somebody
who is no longer the payee is set free.

Benefits and periods are numbered (``kinds``), because a payday has millions of rows and few of them. A kind whose decisions have
the digest of what stands instructed brings nothing new; of it only entities with stuck money are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from django.conf import settings

from zhida.blocks.payments import bulk
from zhida.blocks.payments import differences_sql as sql
from zhida.blocks.payments.errors import DecisionsUnreadable
from zhida.blocks.payments.history import fill_history
from zhida.blocks.payments.models import AccountChange, Overpayment, PayeeArrangement, PaymentInstruction, PaymentTotal, StandingDigest
from zhida.blocks.payments.rules import (
    CLOSED,
    ORGANISATION,
    STUCK,
    Risk,
    Share,
)
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
# What two officers gave up stands for its period: nobody is to be paid it again.
_INSTRUCTED = """t.id, t.batch_id, t.benefit, t.period_key, t.entity_no, t.payee_key, t.household_no, t.revision,
    t.amount_fen + t.deducted_fen AS gross_fen, CASE WHEN t.reason_code = 'given_up' THEN 'given_up' ELSE t.state END AS state, t.district,
    t.community"""

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
            # Of single decisions, nothing is one, too: what had been found due is due no more.
            self._db.execute(sql.READ.format(path=sql_text(source.path), least=0 if source.is_partial else 1))
            for statement in (sql.KINDS, sql.DECIDED):
                self._db.execute(statement)
            doubled = self._db.execute(sql.DOUBLED).fetchone()
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
        self._digests = {(benefit, period): digest for benefit, period, digest in self._db.execute(sql.DIGESTS).fetchall()}
        if not self._source.is_partial:
            self._add_ended_kinds()
            self._leave_out_unchanged()
        self._fill_arrangements()
        bulk.fill(self._db, "instructed", _INSTRUCTED_SCHEMA, self._instructed())
        if self._source.is_partial:
            self._db.execute(f"""DELETE FROM instructed WHERE (benefit, period_key, entity_no) NOT IN (
                SELECT benefit, {sql.KEY}, entity_no FROM decided JOIN kinds USING (kind))""")
        self._fill_recovered()
        self._fill_batches()
        self._fill_had()
        has_standing = self._count("instructed")
        self._fill_waiting()
        values = {str(state): str(state) for state in (*STUCK, *CLOSED)} | {"month": self._source.month}
        self._db.execute(sql.COMPARED, values) if has_standing else self._db.execute(sql.ALL_NEW)
        self._db.execute(sql.ANSWERED.format(month=sql_text(self._source.month)))
        self._db.execute("DROP TABLE decided; DROP TABLE instructed")
        self._db.execute(sql.DUE)

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
            CREATE TABLE suspects AS SELECT DISTINCT k.kind, {sql.occasion_of("s")} AS occasion,
                s.entity_no, s.benefit, s.period_key
            FROM suspect s JOIN kinds k ON {sql.kind_of("s")}
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
            once = f" OR t.period_key LIKE '{sql.ONCE}%%'" if has_once else ""
            query = f"SELECT {_INSTRUCTED} FROM payments_credittransfertransaction t WHERE t.benefit = %s AND ({named}{once})"
            yield from bulk.read_batches(query, [benefit, *keys], _INSTRUCTED_SCHEMA)
        if self._unchanged:
            names = sorted({benefit for benefit, _ in self._unchanged})
            marks = ", ".join(["%s"] * len(names))
            query = f"""SELECT {_INSTRUCTED} FROM ({_SUSPECT}) s JOIN payments_credittransfertransaction t ON t.benefit = s.benefit
                      AND t.period_key = s.period_key AND t.entity_no = s.entity_no WHERE s.benefit IN ({marks})"""
            unchanged = set(self._unchanged)
            for batch in bulk.read_batches(query, names, _INSTRUCTED_SCHEMA):
                kinds = zip(batch["benefit"].to_pylist(), batch["period_key"].to_pylist(), strict=True)
                yield batch.filter(pa.array([(benefit, _period_of(key)) in unchanged for benefit, key in kinds]))

    def _scope(self) -> list[tuple[str, list[str], bool]]:
        """List benefit, its period keys, and whether it has occasions, which are too many to name one by one."""
        scope: dict[str, tuple[list[str], bool]] = {}
        for benefit, period in sorted(set(self._digests) - set(self._unchanged)):
            keys, has_once = scope.setdefault(benefit, ([], False))
            scope[benefit] = (keys, True) if period == sql.ONCE else ([*keys, period], has_once)
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
            SELECT k.kind, {sql.occasion_of("i")} AS occasion, i.entity_no, i.payee_key,
                   sum(i.gross_fen) AS had_fen
            FROM instructed i JOIN kinds k ON {sql.kind_of("i")}
            SEMI JOIN arranged a ON a.kind = k.kind AND a.entity_no = i.entity_no
            WHERE i.state NOT IN ({closed}) GROUP BY ALL""")

    def _fill_recovered(self) -> None:
        names = ("benefit", "period_key", "entity_no", "recovered_fen", "debtor_key")
        rows = Overpayment.objects.filter(recovered_fen__gt=0).values_list(*names)
        kinds = (pa.string(), pa.string(), pa.int64(), pa.int64(), pa.string())
        add_table(self._db, "came_back", _table_of(rows, zip(names, kinds, strict=True)))
        self._db.execute(f"""
            CREATE TABLE recovered AS
            SELECT k.kind, {sql.occasion_of("b")} AS occasion, b.entity_no, b.recovered_fen, b.debtor_key
            FROM came_back b JOIN kinds k ON {sql.kind_of("b")}""")

    def _fill_batches(self) -> None:
        rows = PaymentInstruction.objects.values_list("pk", "month")
        add_table(self._db, "batches", _table_of(rows, [("batch_id", pa.int64()), ("month", pa.string())]))

    # ---- what comes of it ----------------------------------------------------------------------------------------------------------------

    def count_to_pay(self) -> int:
        return self._count("due")

    def payees(self) -> pa.Array:
        """Return the residents that are to be paid, each once, ascending."""
        table = self._db.execute("SELECT DISTINCT payee_no FROM due WHERE payee_no <> 0 ORDER BY 1").to_arrow_table()
        return table["payee_no"].combine_chunks()

    def organisations(self) -> pa.Array:
        """Return the keys of the organisations that are to be paid, each once, ascending."""
        query = f"SELECT DISTINCT '{ORGANISATION}' || organisation AS payee_key FROM due WHERE payee_no = 0 ORDER BY 1"
        return self._db.execute(query).to_arrow_table()["payee_key"].combine_chunks()

    def benefits(self) -> list[str]:
        """List the benefits that are to be paid."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT benefit FROM due JOIN kinds USING (kind) ORDER BY 1").fetchall()]

    def judge(self, facts: Mapping[str, pa.Table], shares: Mapping[str, Share], debts: pa.Table) -> None:
        """Make the payments (``new``): with accounts, what is kept back for debts, who is held, and what is worth a look.

        facts: ``accounts``, ``organisation_accounts``, ``died``, ``moved``, ``over_100`` as facts.payee_facts gives them.
        debts: payee_key, open_fen (what may be kept back of this batch), limit_bp.
        """
        has_history = fill_history(self._db, self._source.month)
        names, points = list(shares), list(shares.values())
        borne = {"benefit": pa.array(names, pa.string())} | {
            f"{level}_bp": pa.array([share[place] for share in points], pa.int64())
            for place, level in enumerate(("central", "province", "city", "district"))
        }
        for name, table in {**facts, "debts": debts, "account_changes": _account_changes(), "shares": pa.table(borne)}.items():
            add_table(self._db, name, _plain(table))
        self._db.execute(sql.NEW, {"has_history": has_history, "today": clock.today()})
        self._db.execute(sql.SHARED)
        self._db.execute("DROP TABLE due; DROP TABLE last_account; DROP TABLE last_amount")
        for name in _PEOPLE[:-1]:
            self._db.execute(f"DROP TABLE {name}")

    def to_pay(self, batch_id: int, first_id: int) -> Iterator[pa.RecordBatch]:
        """Stream new transactions in the order of the unique key, numbered from ``first_id``; columns as NEW_COLUMNS."""
        for rows in self._db.execute(sql.TO_PAY, {"batch": batch_id}).to_arrow_reader(bulk.ROWS_PER_COPY):
            yield rows.add_column(0, "id", pa.array(range(first_id, first_id + rows.num_rows), pa.int64()))
            first_id += rows.num_rows

    def sums(self, batch_id: int) -> list[tuple]:
        """Return the totals of the new payments, as totals.TotalRow."""
        return [(batch_id, *row) for row in self._db.execute(sql.SUMS).fetchall()]

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
        return self._db.execute(f"""SELECT payee_key, benefit, {sql.KEY}, entity_no, deducted_fen
            FROM new JOIN kinds USING (kind) WHERE deducted_fen > 0 ORDER BY ALL""").fetchall()

    def overpaid(self) -> pa.Table:
        """Return what stands overpaid: benefit, period_key, entity_no, payee_key, community, district, instructed_fen, decided_fen."""
        return self._db.execute("SELECT * FROM answered WHERE instructed_fen > decided_fen ORDER BY 1, 2, 3").to_arrow_table()

    def benefits_compared(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT DISTINCT benefit FROM kinds ORDER BY 1").fetchall()]

    def answered(self, keys: pa.Table) -> set[tuple[str, str, int]]:
        """Return those of some (benefit, period_key, entity_no) that money was instructed for and that this run has an answer for."""
        add_table(self._db, "asked", keys)
        key = "benefit, period_key, entity_no"
        return set(self._db.execute(f"SELECT {key} FROM answered SEMI JOIN asked USING ({key})").fetchall())

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
        return self._ids("freed")

    def dropped(self) -> list[int]:
        """List stuck transactions that are not due any more, or not in full: what still is, is paid anew."""
        return self._ids("dropped")

    def _ids(self, column: str) -> list[int]:
        rows = self._db.execute(f"SELECT unnest({column}) FROM compared WHERE {column} IS NOT NULL ORDER BY 1").fetchall()
        return [row[0] for row in rows]

    def keep_digests(self) -> None:
        """Remember that what stands is what was decided. Call it last in the transaction."""
        if self._source.is_partial:
            # What stands for these is more now than the last run decided.
            forget_digests(set(self._digests))
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


def _account_changes() -> pa.Table:
    names = ("payee_key", "account_before", "account_now", "state", "hold_until")
    kinds = (*[pa.string()] * 4, pa.date32())
    return _table_of(AccountChange.objects.values_list(*names), zip(names, kinds, strict=True))


def _table_of(rows: Iterable[tuple], columns: Iterable[tuple[str, pa.DataType]]) -> pa.Table:
    """Make a table of a query's rows, also of none."""
    found = list(rows)
    return pa.table({name: pa.array([row[place] for row in found], kind) for place, (name, kind) in enumerate(columns)})


def _plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries, whose joins DuckDB is quicker with."""
    fields = [(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema([(name, pa.string() if pa.types.is_null(kind) else kind) for name, kind in fields]))


def _period_of(period_key: str) -> str:
    return sql.ONCE if period_key.startswith(sql.ONCE) else period_key


def _benefits_paid_in(month: str) -> list[str]:
    """List the benefits that a run paid in this month: some may decide nobody any more. What tills called for is not a run's to end."""
    of_runs = PaymentTotal.objects.filter(batch__month=month, batch__run_id__isnull=False)
    return list(of_runs.values_list("benefit", flat=True).distinct())
