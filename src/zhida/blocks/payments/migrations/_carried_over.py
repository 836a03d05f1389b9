"""Payments of the earlier layout, carried over into the new one (0003). Frozen: it must not import what may change later.

Before the new tables are made, each old one is copied aside without its keys, so that no name of an index or constraint is
taken; after, the rows go over set by set. Of the ledger, single postings become control accounts (decision 0024): one posting
per batch or bank file, benefit and year, chained, with the hash over its payments.
"""

import hashlib
import struct
from datetime import date

from django.core.management.color import no_style
from django.utils import timezone

TABLES = (
    "bankfile", "bankfileproblem", "budgetenvelope", "credittransfertransaction", "ledgeraccount", "ledgerentry", "overpayment",
    "paymentinstruction", "paymenttotal",
)  # fmt: skip
# What happens to money -> (account that receives, account that gives).
MOVES = {
    "released": ("in_transit", "budget"),
    "paid": ("paid_out", "in_transit"),
    "rejected": ("budget", "in_transit"),
    "returned": ("budget", "paid_out"),
}
WHOLE_CITY = [0, 0, 10_000, 0]

BATCH = (
    "id", "run_id", "month", "law_name", "snapshot_hash", "is_reissue", "budget_year", "state", "count", "amount_fen", "held_count",
    "held_fen", "overpaid_count", "overpaid_fen", "prepared_by", "prepared_at", "approved_by", "approved_at", "refused_by",
    "refusal_reason", "message_id", "file_name", "released_by", "released_on", "settled_on",
)  # fmt: skip
PAYMENT = (
    "id", "batch_id", "benefit", "period_key", "entity_no", "payee_key", "revision", "payee_no", "household_no", "amount_fen", "account_no",
    "bank_code", "reason_code", "district", "community", "reissue_of_id",
)  # fmt: skip
BANK_FILE = (
    "id", "content_hash", "file_name", "message_name", "message_id", "imported_by", "imported_on", "rows", "applied", "repeated",
    "problem_count",
)  # fmt: skip
PROBLEM = ("id", "bank_file_id", "position", "event", "reference", "amount_fen", "bank_reason", "booked_on", "problem")
OVERPAYMENT = (
    "id", "run_id", "benefit", "period_key", "entity_no", "payee_key", "community", "instructed_fen", "decided_fen", "found_on",
)  # fmt: skip
TOTAL = ("id", "batch_id", "benefit", "district", "state", "count", "amount_fen")
ENVELOPE = ("id", "benefit", "year", "amount_fen", "committed_fen")


def set_aside(apps, schema_editor):
    for name in TABLES:
        schema_editor.execute(f"CREATE TABLE payments_old_{name} AS SELECT * FROM payments_{name}")


def carry_over(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        _copy_batches(apps, connection, cursor)
        _copy_payments(cursor)
        _copy_the_rest(cursor)
        _post_again(apps, connection, cursor)
        for name in TABLES:
            cursor.execute(f"DROP TABLE payments_old_{name}")
        models = [apps.get_model("payments", name) for name in ("BankFile", "BankFileProblem", "BudgetEnvelope", "Overpayment")]
        models += [apps.get_model("payments", name) for name in ("PaymentInstruction", "PaymentTotal")]
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def _copy(cursor, name, columns, **more):
    """Copy columns of an old table as they are; ``more`` gives SQL for columns that are new."""
    names = ", ".join(f'"{column}"' for column in (*columns, *more))
    values = ", ".join([*(f'"{column}"' for column in columns), *more.values()])
    cursor.execute(f"INSERT INTO payments_{name} ({names}) SELECT {values} FROM payments_old_{name}")


def _copy_batches(apps, connection, cursor):
    """Copy batches with their spans, who bears them, their signatures and their files."""
    empty = "CAST('{}' AS jsonb)" if connection.vendor == "postgresql" else "'{}'"
    _copy(
        cursor, "paymentinstruction", BATCH, first_id="0", last_id="0", deducted_fen="0", risk_counts=empty, shares=empty,
        facts_version="''", needed_checkers="1", cancelled_by="''", cancel_reason="''",
    )  # fmt: skip
    batches = apps.get_model("payments", "PaymentInstruction").objects.using(connection.alias)
    cursor.execute("SELECT batch_id, min(id), max(id) FROM payments_old_credittransfertransaction GROUP BY batch_id")
    for batch_id, first_id, last_id in cursor.fetchall():
        batches.filter(pk=batch_id).update(first_id=first_id, last_id=last_id)
    cursor.execute("SELECT DISTINCT batch_id, benefit FROM payments_old_paymenttotal ORDER BY batch_id, benefit")
    shares = {}
    for batch_id, benefit in cursor.fetchall():
        shares.setdefault(batch_id, {})[benefit] = WHOLE_CITY
    for batch_id, borne in shares.items():
        batches.filter(pk=batch_id).update(shares=borne)
    cursor.execute("""
        INSERT INTO payments_batchapproval (batch_id, account, on_behalf_of, approved_at)
        SELECT id, approved_by, '', approved_at FROM payments_old_paymentinstruction WHERE approved_by <> '' AND approved_at IS NOT NULL""")
    cursor.execute("""
        INSERT INTO payments_paymentfile (batch_id, file_name, message_id, first_id, last_id, count, amount_fen)
        SELECT id, file_name, message_id, first_id, last_id, count, amount_fen FROM payments_paymentinstruction
        WHERE message_id IS NOT NULL AND file_name <> ''""")


def _copy_payments(cursor):
    """Copy payments; what the bank said of each goes beside it, from its postings."""
    stays = "CASE WHEN state IN ('paid', 'accepted') THEN 'instructed' ELSE state END"
    _copy(cursor, "credittransfertransaction", PAYMENT, state=stays, deducted_fen="0", channel="'bank'", risk="0")
    cursor.execute("""
        INSERT INTO payments_bankanswer (transaction_id, event, bank_file_id, booked_on, reason_code)
        SELECT e.transaction_id, e.kind, coalesce(e.bank_file_id, 0), e.booked_on, CASE WHEN e.kind = 'paid' THEN '' ELSE t.reason_code END
        FROM payments_old_ledgerentry e JOIN payments_old_credittransfertransaction t ON t.id = e.transaction_id
        WHERE e.kind IN ('paid', 'rejected', 'returned')""")
    # No file is known of an acceptance; it came after the batch had left.
    cursor.execute("""
        INSERT INTO payments_bankanswer (transaction_id, event, bank_file_id, booked_on, reason_code)
        SELECT t.id, 'accepted', 0, p.released_on, '' FROM payments_old_credittransfertransaction t
        JOIN payments_old_paymentinstruction p ON p.id = t.batch_id WHERE t.state = 'accepted'""")


def _copy_the_rest(cursor):
    _copy(cursor, "bankfile", BANK_FILE)
    _copy(cursor, "bankfileproblem", PROBLEM, closed_by="''", closing_note="''")
    _copy(cursor, "budgetenvelope", ENVELOPE, level="'city'", area_code="0")
    _copy(cursor, "paymenttotal", TOTAL, central_fen="0", province_fen="0", city_fen="amount_fen", district_fen="0")
    found_in = "substr(CAST(found_on AS varchar(10)), 1, 4)"
    year = f"CAST(CASE WHEN length(period_key) = 7 THEN substr(period_key, 1, 4) ELSE {found_in} END AS integer)"
    _copy(
        cursor, "overpayment", OVERPAYMENT, district="community / 1000000", budget_year=year, recovered_fen="0", waived_fen="0",
        state="'found'", limit_bp="0", instalment_fen="0", proposed_by="''", decided_by="''", note="''",
    )  # fmt: skip


# ---- the ledger -------------------------------------------------------------------------------------------------------------------------

_BUDGETS = """
SELECT e.id, e.amount_fen, e.booked_on, d.kind, coalesce(nullif(d.benefit, ''), c.benefit),
       CASE WHEN d.year <> 0 THEN d.year ELSE c.year END
FROM payments_old_ledgerentry e JOIN payments_old_ledgeraccount d ON d.id = e.debit_account_id
JOIN payments_old_ledgeraccount c ON c.id = e.credit_account_id WHERE e.kind = 'budget' ORDER BY e.id
"""
_SUMS = """
SELECT min(e.id), e.kind, {source}, e.booked_on, t.benefit, p.budget_year, count(*), sum(e.amount_fen)
FROM payments_old_ledgerentry e JOIN payments_old_credittransfertransaction t ON t.id = e.transaction_id
JOIN payments_old_paymentinstruction p ON p.id = t.batch_id
WHERE {kinds} GROUP BY e.kind, {source}, e.booked_on, t.benefit, p.budget_year ORDER BY 1
"""
_DETAIL = """
SELECT t.id, e.amount_fen FROM payments_old_ledgerentry e JOIN payments_old_credittransfertransaction t ON t.id = e.transaction_id
WHERE e.kind = %s AND {source} = %s AND e.booked_on = %s ORDER BY t.id
"""


def _post_again(apps, connection, cursor):
    """Write the ledger anew as control accounts, in the order in which things were posted."""
    ledger = _Ledger(apps, connection.alias)
    cursor.execute(_BUDGETS)
    moves = [
        (number, "budget", f"budget:{place}", day, benefit, year, 1, fen, "", debit)
        for place, (number, fen, day, debit, benefit, year) in enumerate(cursor.fetchall(), start=1)
    ]
    of_batches, of_files = ("t.batch_id", "e.kind = 'released'", "batch"), ("coalesce(e.bank_file_id, 0)", "e.kind <> 'released'", "file")
    for source, kinds, name in (of_batches, of_files):
        cursor.execute(_SUMS.format(source=source, kinds=kinds))
        for number, kind, source_id, day, benefit, year, count, fen in cursor.fetchall():
            detail = _detail_hash(cursor, _DETAIL.format(source=source), [kind, source_id, day])
            moves.append((number, kind, f"{name}:{source_id}", day, benefit, year, count, int(fen), detail, MOVES[kind][0]))
    for move in sorted(moves):
        ledger.post(*move[1:])


def _detail_hash(cursor, sql, parameters):
    """Return the SHA-256 over payments in the order of their numbers: number and fen of each as 64-bit little-endian integers."""
    hashed = hashlib.sha256()
    cursor.execute(sql, parameters)
    while rows := cursor.fetchmany(20_000):
        hashed.update(b"".join(struct.pack("<qq", number, fen) for number, fen in rows))
    return hashed.hexdigest()


class _Ledger:
    """The new ledger while it is written: the last hash, and the accounts by what they are."""

    def __init__(self, apps, alias):
        self._entries = apps.get_model("payments", "LedgerEntry").objects.using(alias)
        self._accounts = apps.get_model("payments", "LedgerAccount").objects.using(alias)
        self._head, self._posted_at = "", timezone.now()

    def post(self, kind, reference, day, benefit, year, count, amount_fen, detail, debit_kind):
        receives, gives = MOVES.get(kind) or (("budget", "treasury") if debit_kind == "budget" else ("treasury", "budget"))
        (debit, debit_code), (credit, credit_code) = (self._account(side, benefit, year) for side in (receives, gives))
        booked_on = date.fromisoformat(day) if isinstance(day, str) else day
        said = (self._head, kind, reference, debit_code, credit_code, amount_fen, count, detail, booked_on.isoformat())
        hashed = hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()
        self._entries.create(
            kind=kind, reference=reference, debit_account=debit, credit_account=credit, amount_fen=amount_fen, count=count,
            detail_hash=detail, booked_on=booked_on, posted_at=self._posted_at, previous_hash=self._head, entry_hash=hashed,
        )  # fmt: skip
        self._head = hashed

    def _account(self, kind, benefit, year):
        key = {"kind": kind, "benefit": "", "year": 0, "level": "", "area_code": 0}
        if kind != "treasury":
            key |= {"benefit": benefit, "year": year, "level": "city"}
        account = self._accounts.get_or_create(**key)[0]
        return account, kind if kind == "treasury" else f"{kind}:{benefit}:{year}:city"
