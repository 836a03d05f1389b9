"""Taking in what the bank answers: a file whole or not at all, each row once, and no row lost.

A row that names a payment of ours, with its amount, and may follow its state, moves it and is posted. The same news again
changes nothing. Everything else becomes a problem with a next step (``rules.PROBLEMS``). All of it is set-based: the rows
go into a temporary table and a dozen statements do the rest, so five million answers are as many statements as five.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.adapters.iso20022 import BankFileReader, BankRow, GroupStatus, payment_info_id
from zhida.blocks.payments.commands import give_back, may, record
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import BankFile, BankFileProblem, PaymentInstruction, PaymentTotal
from zhida.blocks.payments.rules import IS_OLD_NEWS, MAY_FOLLOW, ON_THE_WAY, BatchState, TransactionState, transaction_id_of
from zhida.blocks.payments.totals import recount
from zhida.kernel import clock
from zhida.kernel.files import content_hash

ROWS_PER_INSERT = 20_000
_SCHEMA = pa.schema(
    [
        ("position", pa.int32()),
        ("transaction_id", pa.int64()),
        ("reference", pa.string()),
        ("event", pa.string()),
        ("amount_fen", pa.int64()),
        ("reason", pa.string()),
        ("booked_on", pa.string()),
        ("problem", pa.string()),
    ]
)
_COLUMNS = """position integer, transaction_id bigint, reference varchar(35), event varchar(12), amount_fen bigint,
              reason varchar(35), booked_on date, problem varchar(24)"""
_SENT = f"'{BatchState.RELEASED}', '{BatchState.SETTLED}'"


def import_bank_file(viewer: access.Viewer, path: Path) -> BankFile:
    """Take in a pain.002 or camt.054 file; one that was taken in before changes nothing and returns its first row.

    A file that lies in ``bank/in`` goes to ``bank/archive`` afterwards.

    Raises: BankFileUnreadable (nothing imported), PermissionMissing.
    """
    may(viewer, "payments.release")
    path = Path(path)
    if not path.is_file():
        raise BankFileUnreadable(path.name, "there is no such file")
    hashed = content_hash(path)
    with one_command():
        known = BankFile.objects.filter(content_hash=hashed).first()
        bank_file = known or _take_in(viewer, path, hashed)
    _archive(path, hashed)
    return bank_file


def import_folder(viewer: access.Viewer, folder: Path | None = None) -> tuple[list[BankFile], list[BankFileUnreadable]]:
    """Take in every file of a folder, ``bank/in`` when none is named, in the order of their names; return files and problems."""
    files, problems = [], []
    for path in sorted((folder or Path(settings.HOME) / "bank" / "in").glob("*.xml")):
        try:
            files.append(import_bank_file(viewer, path))
        except BankFileUnreadable as error:
            problems.append(error)
    return files, problems


def _take_in(viewer: access.Viewer, path: Path, hashed: str) -> BankFile:
    reader = BankFileReader(path)
    bulk.temporary_table("payments_bank_row", _COLUMNS)
    rows = bulk.insert_batches("payments_bank_row", _SCHEMA.names, _arrow(reader.rows()))
    bank_file = BankFile.objects.create(
        content_hash=hashed,
        file_name=path.name[:120],
        message_name=reader.message_name,
        message_id=reader.message_id,
        imported_by=viewer.account,
        imported_on=clock.today(),
        rows=rows,
    )
    _mark_problems()
    unknown = _spread_rejections(reader.groups)
    repeated = applied = 0
    for event in (TransactionState.ACCEPTED, TransactionState.PAID, TransactionState.REJECTED, TransactionState.RETURNED):
        repeated += _mark_old_news(event)
        applied += _apply(event, bank_file)
    applied += _accept_groups(reader.groups)
    _keep_problems(bank_file, unknown)
    _recount_touched(reader.groups)
    problems = BankFileProblem.objects.filter(bank_file=bank_file).count()
    BankFile.objects.filter(pk=bank_file.pk).update(applied=applied, repeated=repeated, problem_count=problems)
    record(viewer, "payments.import", f"bank file {bank_file.pk}")
    bank_file.refresh_from_db()
    return bank_file


def _arrow(rows: Iterator[BankRow]) -> Iterator[pa.RecordBatch]:
    chunk: list[BankRow] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_PER_INSERT:
            yield _batch(chunk)
            chunk = []
    if chunk:
        yield _batch(chunk)


def _batch(rows: list[BankRow]) -> pa.RecordBatch:
    position, reference, event, amount_fen, reason, booked_on, problem = zip(*rows, strict=True)
    today = clock.today()
    columns = [
        position,
        [transaction_id_of(written) for written in reference],
        reference,
        event,
        amount_fen,
        reason,
        [(day or today).isoformat() for day in booked_on],
        problem,
    ]
    return pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)


def _mark_problems() -> None:
    """Say what is wrong with rows that cannot be applied, whatever the state of their payment."""
    bulk.execute("""
        UPDATE payments_bank_row AS b SET problem = 'doubled'
        FROM (SELECT transaction_id, event, min(position) AS first FROM payments_bank_row
              WHERE transaction_id <> 0 GROUP BY transaction_id, event HAVING count(*) > 1) AS d
        WHERE b.transaction_id = d.transaction_id AND b.event = d.event AND b.position > d.first AND b.problem = ''""")
    bulk.execute("""
        UPDATE payments_bank_row SET problem = 'unknown_reference' WHERE problem = ''
        AND NOT EXISTS (SELECT 1 FROM payments_credittransfertransaction t WHERE t.id = payments_bank_row.transaction_id)""")
    bulk.execute(f"""
        UPDATE payments_bank_row AS b
        SET problem = CASE WHEN p.state IN ({_SENT}) AND t.state <> 'held' THEN 'wrong_amount' ELSE 'not_released' END
        FROM payments_credittransfertransaction t JOIN payments_paymentinstruction p ON p.id = t.batch_id
        WHERE t.id = b.transaction_id AND b.problem = ''
        AND (p.state NOT IN ({_SENT}) OR t.state = 'held' OR b.amount_fen <> t.amount_fen)""")


def _mark_old_news(event: TransactionState) -> int:
    """Mark what contradicts the books; return how many rows say what is known already."""
    expected = _listed(MAY_FOLLOW[event] + IS_OLD_NEWS[event])
    bulk.execute(f"""
        UPDATE payments_bank_row AS b SET problem = 'contradicts' FROM payments_credittransfertransaction t
        WHERE t.id = b.transaction_id AND b.event = '{event}' AND b.problem = '' AND t.state NOT IN ({expected})""")
    row = bulk.rows(f"""
        SELECT count(*) FROM payments_bank_row b JOIN payments_credittransfertransaction t ON t.id = b.transaction_id
        WHERE b.event = '{event}' AND b.problem = '' AND t.state IN ({_listed(IS_OLD_NEWS[event])})""")
    return row[0][0]


def _apply(event: TransactionState, bank_file: BankFile) -> int:
    """Move the payments that an event applies to, and the money with them."""
    applies = f"""
        FROM payments_bank_row b JOIN payments_credittransfertransaction t ON t.id = b.transaction_id
        JOIN payments_paymentinstruction p ON p.id = t.batch_id
        WHERE b.event = '{event}' AND b.problem = '' AND t.state IN ({_listed(MAY_FOLLOW[event])})"""
    if event in ledger.MOVES:
        sql = f"SELECT t.id AS transaction_id, t.benefit, p.budget_year AS year, t.amount_fen, b.booked_on, {bank_file.pk} AS bank_file_id"
        ledger.post_transactions(event, sql + applies, [])
    if event in (TransactionState.REJECTED, TransactionState.RETURNED):
        sums = f"SELECT t.benefit, p.budget_year, sum(t.amount_fen) {applies} GROUP BY t.benefit, p.budget_year"
        for benefit, year, amount_fen in bulk.rows(sums):
            give_back(benefit, year, int(amount_fen))
    settled = "NULL" if event == TransactionState.ACCEPTED else "b.booked_on"
    return bulk.execute(f"""
        UPDATE payments_credittransfertransaction AS t SET state = '{event}', reason_code = substr(b.reason, 1, 24), settled_on = {settled}
        FROM payments_bank_row b WHERE t.id = b.transaction_id AND b.event = '{event}' AND b.problem = ''
        AND t.state IN ({_listed(MAY_FOLLOW[event])})""")


def _spread_rejections(groups: list[GroupStatus]) -> list[BankRow]:
    """Write a rejection of a whole message or group as a row per payment; return the groups that are not ours."""
    unknown = []
    for number, group in enumerate(groups):
        scope = _scope(group)
        if scope is None or not group.event:
            unknown.append(BankRow(-number - 1, (group.payment_info_id or group.message_id), group.event, None, group.reason, None,
                                   "unknown_message" if scope is None else "unknown_event"))  # fmt: skip
        elif group.event == TransactionState.REJECTED:
            batch_id, benefit = scope
            bulk.execute(
                f"""INSERT INTO payments_bank_row (position, transaction_id, reference, event, amount_fen, reason, booked_on, problem)
                    SELECT 0, t.id, '', 'rejected', t.amount_fen, %s, {bulk.day_literal(clock.today())}, ''
                    FROM payments_credittransfertransaction t
                    WHERE t.batch_id = %s AND (%s = '' OR t.benefit = %s) AND t.state IN ({_listed(ON_THE_WAY)})
                    AND t.id NOT IN (SELECT transaction_id FROM payments_bank_row)""",
                [group.reason, batch_id, benefit, benefit],
            )
    return unknown


def _accept_groups(groups: list[GroupStatus]) -> int:
    """Accept the payments of accepted messages and groups that the file does not name by themselves."""
    applied = 0
    for group in groups:
        scope = _scope(group)
        if scope is not None and group.event == TransactionState.ACCEPTED:
            batch_id, benefit = scope
            applied += bulk.execute(
                """UPDATE payments_credittransfertransaction SET state = 'accepted'
                   WHERE batch_id = %s AND state = 'instructed' AND (%s = '' OR benefit = %s)""",
                [batch_id, benefit, benefit],
            )
    return applied


def _scope(group: GroupStatus) -> tuple[int, str] | None:
    """Return the batch and benefit (empty: all of them) that a status speaks of; None where we never sent it."""
    batch = PaymentInstruction.objects.filter(message_id=group.message_id).first()
    if batch is None:
        return None
    if not group.payment_info_id:
        return batch.pk, ""
    benefits = PaymentTotal.objects.filter(batch=batch).values_list("benefit", flat=True).distinct()
    named = [benefit for benefit in benefits if payment_info_id(group.message_id, benefit) == group.payment_info_id]
    return (batch.pk, named[0]) if named else None


def _keep_problems(bank_file: BankFile, unknown_groups: list[BankRow]) -> None:
    bulk.execute(
        """INSERT INTO payments_bankfileproblem (bank_file_id, position, event, reference, amount_fen, bank_reason, booked_on, problem)
           SELECT %s, position, event, reference, amount_fen, reason, booked_on, problem FROM payments_bank_row WHERE problem <> ''""",
        [bank_file.pk],
    )
    for row in unknown_groups:
        BankFileProblem.objects.create(
            bank_file=bank_file, position=0, event=row.event, reference=row.reference, bank_reason=row.reason, problem=row.problem
        )


def _recount_touched(groups: list[GroupStatus]) -> None:
    rows = bulk.rows("""
        SELECT DISTINCT t.batch_id FROM payments_bank_row b JOIN payments_credittransfertransaction t ON t.id = b.transaction_id""")
    touched = {row[0] for row in rows} | {scope[0] for scope in map(_scope, groups) if scope}
    for batch_id in sorted(touched):
        recount(batch_id)


def _archive(path: Path, hashed: str) -> None:
    bank = Path(settings.HOME) / "bank"
    if path.resolve().parent == bank / "in":
        (bank / "archive").mkdir(parents=True, exist_ok=True)
        path.replace(bank / "archive" / f"{hashed[:12]}.{path.name}")


def _listed(states: tuple[TransactionState, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)
