"""Taking in what the bank answers: a file whole or not at all, each row once, and no row lost.

A row that names a payment of ours, with its amount, and may follow its state, moves it and is posted. The same news again
changes nothing. Everything else becomes a problem with a next step (``rules.PROBLEMS``). All of it is set-based: the rows
go into a temporary table and a dozen statements do the rest, so five million answers are as many statements as five.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.adapters.bank_files import BankFileContents
from zhida.blocks.payments.adapters.iso20022 import BankRow, GroupStatus, payment_info_id
from zhida.blocks.payments.adapters.reading import ReadFile, read_file, read_files
from zhida.blocks.payments.commands import may, record
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import AccountStatement, BankFile, BankFileProblem, PaymentFile, PaymentInstruction, PaymentTotal
from zhida.blocks.payments.rules import ON_THE_WAY, BatchState, TransactionState
from zhida.blocks.payments.settling import ROW_COLUMNS, ROW_SCHEMA, apply_rows, judge_rows, listed, mark_doubled, match_rows
from zhida.blocks.payments.telling import tell_came_back
from zhida.blocks.payments.totals import STATE_SEEN
from zhida.kernel import clock
from zhida.kernel.files import content_hash
from zhida.kernel.progress import Progress
from zhida.kernel.warehouse import scratch_folder


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
    bulk.temporary_table("payments_bank_row", ROW_COLUMNS)
    with pa.OSFile(str(read.rows)) as stored, pa.ipc.open_file(stored) as told:
        rows = bulk.insert_batches("payments_bank_row", ROW_SCHEMA.names, _dated(told.get_batch(n) for n in range(told.num_record_batches)))
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
    mark_doubled()
    applied = repeated = 0
    for event in _events():
        match_rows(event)
        repeated += judge_rows(event)
        applied += apply_rows(event, bank_file.pk, f"file:{bank_file.pk}")
    applied += _accept_files(contents.groups)
    tell_came_back(bank_file)
    _keep_problems(bank_file, unknown)
    _keep_statements(bank_file, contents)
    problems = BankFileProblem.objects.filter(bank_file=bank_file).count()
    BankFile.objects.filter(pk=bank_file.pk).update(applied=applied, repeated=repeated, problem_count=problems)
    record(viewer, "payments.import", f"bank file {bank_file.pk}")
    bank_file.refresh_from_db()
    return bank_file


def _dated(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give a row without a day today's, and every batch the columns of ROW_SCHEMA."""
    today = clock.today().isoformat()
    for batch in batches:
        place = batch.schema.get_field_index("booked_on")
        filled = batch.set_column(place, "booked_on", pc.fill_null(batch["booked_on"], today))
        yield pa.RecordBatch.from_arrays([filled[name] for name in ROW_SCHEMA.names], schema=ROW_SCHEMA)


def _events() -> list[TransactionState]:
    """Return what a file reports, in the order in which it can have happened."""
    told = {row[0] for row in bulk.rows("SELECT DISTINCT event FROM payments_bank_row")}
    order = (TransactionState.ACCEPTED, TransactionState.PAID, TransactionState.REJECTED, TransactionState.RETURNED)
    return [event for event in order if event in told]


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
                    AND {STATE_SEEN} IN ({listed(ON_THE_WAY)})
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
        # Another process that takes the same file in may be quicker; then it lies there already.
        with suppress(FileNotFoundError):
            path.replace(bank / "archive" / f"{hashed[:12]}.{path.name}")
