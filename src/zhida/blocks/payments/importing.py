"""Taking in what the bank answers: a file whole or not at all, each row once, and no row lost.

A row that names a payment of ours, with its amount, and may follow its state, moves it and is posted. The same news again
changes nothing. Everything else becomes a problem with a next step (``rules.PROBLEMS``). All of it is set-based: the rows
go into a temporary table and a dozen statements do the rest, so five million answers are as many statements as five.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.adapters.bank_files import BankFileContents
from zhida.blocks.payments.adapters.iso20022 import BankRow, GroupStatus, payment_info_id
from zhida.blocks.payments.adapters.reading import ReadFile, read_file, read_files
from zhida.blocks.payments.commands import may, record
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import AccountStatement, BankFile, BankFileProblem, PaymentFile, PaymentInstruction, PaymentTotal
from zhida.blocks.payments.rules import IS_OLD_NEWS, MAY_FOLLOW, ON_THE_WAY, BatchState, TransactionState
from zhida.blocks.payments.sharing import give_back
from zhida.blocks.payments.totals import STATE_SEEN, envelopes_in, move_totals, sums_of
from zhida.kernel import clock
from zhida.kernel.files import content_hash
from zhida.kernel.progress import Progress
from zhida.kernel.warehouse import scratch_folder

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
    """Take in a pain.002, camt.053 or camt.054 file; one that was taken in before changes nothing and returns its first row.

    A file that lies in ``bank/in`` goes to ``bank/archive`` afterwards.

    Raises: BankFileUnreadable (nothing imported), PermissionMissing, DiskFull.
    """
    may(viewer, "payments.release")
    path = Path(path)
    if not path.is_file():
        raise BankFileUnreadable(path.name, "there is no such file")
    known = BankFile.objects.filter(content_hash=(hashed := content_hash(path))).first()
    if known:
        _archive(path, hashed)
        return known
    # Read before anybody is made to wait: what a file says does not depend on the books.
    with scratch_folder(settings.HOME) as scratch:
        return _book(viewer, read_file(path, scratch))


def import_folder(
    viewer: access.Viewer, folder: Path | None = None, progress: Progress | None = None
) -> tuple[list[BankFile], list[BankFileUnreadable]]:
    """Take in every file of a folder, ``bank/in`` when none is named, in the order of their names; return files and problems."""
    may(viewer, "payments.release")
    paths = sorted((folder or Path(settings.HOME) / "bank" / "in").glob("*.xml"))
    if progress:
        progress.total = max(len(paths), 1)
    files: list[BankFile] = []
    problems: list[BankFileUnreadable] = []
    with scratch_folder(settings.HOME) as scratch:
        for read in read_files(paths, scratch):
            if isinstance(read, BankFileUnreadable):
                problems.append(read)
            else:
                files.append(_book(viewer, read))
                read.rows.unlink(missing_ok=True)
            if progress:
                progress.step()
    return files, problems


def _book(viewer: access.Viewer, read: ReadFile) -> BankFile:
    """Write what a file says into the books, once."""
    with one_command():
        known = BankFile.objects.filter(content_hash=read.content_hash).first()
        bank_file = known or _take_in(viewer, read)
    _archive(read.path, read.content_hash)
    return bank_file


def _take_in(viewer: access.Viewer, read: ReadFile) -> BankFile:
    contents = read.contents
    bulk.temporary_table("payments_bank_row", _COLUMNS)
    with pa.OSFile(str(read.rows)) as stored, pa.ipc.open_file(stored) as told:
        rows = bulk.insert_batches("payments_bank_row", _SCHEMA.names, _dated(told.get_batch(n) for n in range(told.num_record_batches)))
    bank_file = BankFile.objects.create(
        content_hash=read.content_hash,
        file_name=read.path.name[:120],
        message_name=contents.message_name,
        message_id=contents.message_id,
        imported_by=viewer.account,
        imported_on=clock.today(),
        rows=rows,
    )
    unknown = _spread_rejections(contents.groups)
    bulk.execute("CREATE INDEX payments_bank_row_of ON payments_bank_row (transaction_id)")
    bulk.analyse("payments_bank_row")
    _mark_doubled()
    applied = repeated = 0
    for event in _events():
        _match(event)
        repeated += _judge(event)
        applied += _apply(event, bank_file)
    applied += _accept_files(contents.groups)
    _keep_problems(bank_file, unknown)
    _keep_statements(bank_file, contents)
    problems = BankFileProblem.objects.filter(bank_file=bank_file).count()
    BankFile.objects.filter(pk=bank_file.pk).update(applied=applied, repeated=repeated, problem_count=problems)
    record(viewer, "payments.import", f"bank file {bank_file.pk}")
    bank_file.refresh_from_db()
    return bank_file


def _dated(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give a row without a day today's, and every batch the columns of _SCHEMA."""
    today = clock.today().isoformat()
    for batch in batches:
        place = batch.schema.get_field_index("booked_on")
        filled = batch.set_column(place, "booked_on", pc.fill_null(batch["booked_on"], today))
        yield pa.RecordBatch.from_arrays([filled[name] for name in _SCHEMA.names], schema=_SCHEMA)


def _events() -> list[TransactionState]:
    """Return what a file reports, in the order in which it can have happened."""
    told = {row[0] for row in bulk.rows("SELECT DISTINCT event FROM payments_bank_row")}
    order = (TransactionState.ACCEPTED, TransactionState.PAID, TransactionState.REJECTED, TransactionState.RETURNED)
    return [event for event in order if event in told]


def _mark_doubled() -> None:
    bulk.execute("""
        UPDATE payments_bank_row AS b SET problem = 'doubled'
        FROM (SELECT transaction_id, event, min(position) AS first FROM payments_bank_row
              WHERE transaction_id <> 0 GROUP BY transaction_id, event HAVING count(*) > 1) AS d
        WHERE b.transaction_id = d.transaction_id AND b.event = d.event AND b.position > d.first AND b.problem = ''""")


def _match(event: TransactionState) -> None:
    """Make ``payments_bank_match``: the rows of one event with the payments they name, as these stand now."""
    bulk.temporary_table(
        "payments_bank_match",
        """position integer, transaction_id bigint, booked_on date, reason varchar(35), told_fen bigint, amount_fen bigint, batch_id bigint,
           benefit varchar(64), district integer, raw_state varchar(12), state varchar(12), batch_state varchar(12), problem varchar(24)""",
    )
    # The span lets the database read a file's neighbouring payments in one go, whatever it knows of the tables' sizes.
    span = bulk.rows(
        "SELECT coalesce(min(transaction_id), 0), coalesce(max(transaction_id), 0) FROM payments_bank_row WHERE transaction_id <> 0"
    )[0]
    bulk.execute(
        f"""
        INSERT INTO payments_bank_match
        SELECT b.position, b.transaction_id, b.booked_on, b.reason, b.amount_fen, t.amount_fen, t.batch_id, t.benefit, t.district, t.state,
               {STATE_SEEN}, p.state, b.problem
        FROM payments_bank_row b
        LEFT JOIN payments_credittransfertransaction t ON t.id = b.transaction_id AND t.id BETWEEN %s AND %s
        LEFT JOIN payments_paymentinstruction p ON p.id = t.batch_id
        WHERE b.event = '{event}'""",
        list(span),
    )


def _judge(event: TransactionState) -> int:
    """Say what is wrong with rows that cannot be applied; return how many say what is known already."""
    old, follows = _listed(IS_OLD_NEWS[event]), _listed(MAY_FOLLOW[event])
    bulk.execute(f"""
        UPDATE payments_bank_match SET problem = CASE
            WHEN batch_id IS NULL THEN 'unknown_reference'
            WHEN batch_state NOT IN ({_SENT}) OR raw_state = 'held' THEN 'not_released'
            WHEN told_fen <> amount_fen THEN 'wrong_amount'
            WHEN state IN ({old}) THEN 'known' WHEN state NOT IN ({follows}) THEN 'contradicts' ELSE '' END
        WHERE problem = ''""")
    bulk.execute(f"""
        UPDATE payments_bank_row AS b SET problem = m.problem FROM payments_bank_match m
        WHERE m.position = b.position AND m.transaction_id = b.transaction_id AND b.event = '{event}' AND m.problem NOT IN ('', 'known')
        AND b.problem = ''""")
    return int(bulk.rows("SELECT count(*) FROM payments_bank_match WHERE problem = 'known'")[0][0])


def _apply(event: TransactionState, bank_file: BankFile) -> int:
    """Write the answers that apply, and move totals, budgets and the ledger with them."""
    applied = bulk.execute(f"""
        INSERT INTO payments_bankanswer (transaction_id, event, bank_file_id, booked_on, reason_code)
        SELECT transaction_id, '{event}', {bank_file.pk}, booked_on, substr(reason, 1, 35) FROM payments_bank_match WHERE problem = ''
        ORDER BY transaction_id""")
    if not applied:
        return 0
    if event in (TransactionState.REJECTED, TransactionState.RETURNED):
        bulk.execute(f"""
            UPDATE payments_credittransfertransaction AS t SET state = '{event}', reason_code = substr(m.reason, 1, 24)
            FROM payments_bank_match m WHERE t.id = m.transaction_id AND m.problem = ''""")
    else:
        bulk.execute("""
            UPDATE payments_credittransfertransaction AS t SET state = 'instructed', reason_code = '' FROM payments_bank_match m
            WHERE t.id = m.transaction_id AND m.problem = '' AND m.raw_state = 'unanswered'""")
    _move_money(event, f"file:{bank_file.pk}")
    return applied


def _move_money(event: TransactionState, reference: str) -> None:
    touched = [row[0] for row in bulk.rows("SELECT DISTINCT batch_id FROM payments_bank_match WHERE problem = ''")]
    days = [row[0] for row in bulk.rows("SELECT DISTINCT booked_on FROM payments_bank_match WHERE problem = '' ORDER BY 1")]
    by_state = "SELECT m.batch_id, m.benefit, m.district, m.state, m.amount_fen FROM payments_bank_match m WHERE m.problem = ''"
    moved = sums_of(by_state, [], touched)
    years = dict(PaymentInstruction.objects.filter(pk__in=touched).values_list("pk", "budget_year"))
    if event in ledger.MOVES:
        for day in days:
            of_day = f"{by_state} AND m.booked_on = {bulk.day_literal(_as_day(day))}"
            rows = moved if len(days) == 1 else sums_of(of_day, [], touched)
            detail = _detail(_as_day(day))
            for year in sorted(set(years.values())):
                ours = [row for row in rows if years[row[0]] == year]
                ledger.post_payments(event, reference, year, ours, detail, _as_day(day))
    if event in (TransactionState.REJECTED, TransactionState.RETURNED):
        for year in sorted(set(years.values())):
            give_back(year, envelopes_in([row for row in moved if years[row[0]] == year]))
    move_totals(moved, event)


def _as_day(day: date | str) -> date:
    """SQLite keeps days as texts."""
    return date.fromisoformat(day) if isinstance(day, str) else day


_DETAIL = pa.schema([("transaction_id", pa.int64()), ("amount_fen", pa.int64())])


def _detail(day: date) -> str:
    sql = f"""SELECT transaction_id, amount_fen FROM payments_bank_match WHERE problem = '' AND booked_on = {bulk.day_literal(day)}
              ORDER BY transaction_id"""
    table = bulk.read_table(sql, [], _DETAIL)
    return ledger.detail_hash(table["transaction_id"].to_numpy(), table["amount_fen"].to_numpy())


def _spread_rejections(groups: list[GroupStatus]) -> list[BankRow]:
    """Write a rejection of a whole message or group as a row per payment; return the groups that are not ours."""
    unknown = []
    for number, group in enumerate(groups):
        scope = _scope(group)
        if scope is None or not group.event:
            unknown.append(BankRow(-number - 1, (group.payment_info_id or group.message_id), group.event, None, group.reason, None,
                                   "unknown_message" if scope is None else "unknown_event"))  # fmt: skip
        elif group.event == TransactionState.REJECTED:
            first_id, last_id, batch_id, benefit = scope
            bulk.execute(
                f"""INSERT INTO payments_bank_row (position, transaction_id, reference, event, amount_fen, reason, booked_on, problem)
                    SELECT 0, t.id, '', 'rejected', t.amount_fen, %s, {bulk.day_literal(clock.today())}, ''
                    FROM payments_credittransfertransaction t
                    WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s AND (%s = '' OR t.benefit = %s) AND t.channel = 'bank'
                    AND {STATE_SEEN} IN ({_listed(ON_THE_WAY)})
                    AND t.id NOT IN (SELECT transaction_id FROM payments_bank_row)""",
                [group.reason, first_id, last_id, batch_id, benefit, benefit],
            )
    return unknown


def _accept_files(groups: list[GroupStatus]) -> int:
    """Note which of our files the bank has taken in as a whole; that alone moves no payment."""
    accepted = [group.message_id for group in groups if group.event == TransactionState.ACCEPTED and not group.payment_info_id]
    files = PaymentFile.objects.filter(accepted_on__isnull=True)
    whole = files.filter(message_id__in=accepted) | files.filter(batch__message_id__in=accepted)
    return PaymentFile.objects.filter(pk__in=list(whole.values_list("pk", flat=True))).update(accepted_on=clock.today())


def _scope(group: GroupStatus) -> tuple[int, int, int, str] | None:
    """Return the span of payments, the batch and (for a group of one benefit) the benefit that a group status speaks of."""
    part = PaymentFile.objects.filter(message_id=group.message_id, batch__state__in=[BatchState.RELEASED, BatchState.SETTLED]).first()
    batch = PaymentInstruction.objects.filter(message_id=group.message_id, state__in=[BatchState.RELEASED, BatchState.SETTLED]).first()
    if part is None and batch is None:
        return None
    span = (part.first_id, part.last_id, part.batch_id) if part else (batch.first_id, batch.last_id, batch.pk)
    if not group.payment_info_id:
        return *span, ""
    benefits = PaymentTotal.objects.filter(batch_id=span[2]).values_list("benefit", flat=True).distinct()
    named = [benefit for benefit in benefits if payment_info_id(group.message_id, benefit) == group.payment_info_id]
    return (*span, named[0]) if named else None


def _keep_problems(bank_file: BankFile, unknown_groups: list[BankRow]) -> None:
    bulk.execute(
        """INSERT INTO payments_bankfileproblem (bank_file_id, position, event, reference, amount_fen, bank_reason, booked_on, problem,
                                                 closed_by, closing_note)
           SELECT %s, position, event, reference, amount_fen, reason, booked_on, problem, '', ''
           FROM payments_bank_row WHERE problem <> ''""",
        [bank_file.pk],
    )
    for row in unknown_groups:
        BankFileProblem.objects.create(
            bank_file=bank_file, position=0, event=row.event, reference=row.reference, bank_reason=row.reason, problem=row.problem
        )


def _keep_statements(bank_file: BankFile, contents: BankFileContents) -> None:
    AccountStatement.objects.bulk_create(
        AccountStatement(
            bank_file=bank_file, account_no=told.account, begin=told.first_on, end=told.last_on, opening_fen=told.opening_fen,
            closing_fen=told.closing_fen,
        )
        for told in contents.statements
    )  # fmt: skip


def _archive(path: Path, hashed: str) -> None:
    bank = Path(settings.HOME) / "bank"
    if path.resolve().parent == bank / "in":
        (bank / "archive").mkdir(parents=True, exist_ok=True)
        path.replace(bank / "archive" / f"{hashed[:12]}.{path.name}")


def _listed(states: tuple[TransactionState, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)
