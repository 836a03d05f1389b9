"""Writes of payments, one transaction each: prepare, approve, refuse, cancel, release, settle, set a budget.

A command that is killed leaves the state before it; the same command again carries it out. Taking in the bank's answers is
in ``importing.py``, sending again in ``reissuing.py``, bringing back in ``recovery.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db.models import Max

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.adapters.iso20022 import PaymentBatches
from zhida.blocks.payments.adapters.pain001 import pain001_parts
from zhida.blocks.payments.approval import draw_sample, needed_checkers, require_sample_seen, sign
from zhida.blocks.payments.checking import checked_payments, hold_back
from zhida.blocks.payments.differences import NEW_COLUMNS, DecisionSource, Differences, forget_digests
from zhida.blocks.payments.errors import (
    BatchInWrongState,
    BatchStillOpen,
    BatchUnknown,
    BudgetBelowCommitted,
    CancelWithoutReason,
    RefusalWithoutReason,
    RunNotFinished,
)
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts, payee_facts
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import (
    BankAnswer,
    BudgetEnvelope,
    CreditTransferTransaction,
    PaymentFile,
    PaymentInstruction,
    PaymentTotal,
)
from zhida.blocks.payments.payees import note_account_changes
from zhida.blocks.payments.recovery import (
    book_deductions,
    debts_now,
    lower_to_what_stands,
    overpaid_with,
    plan_deductions,
    return_from_reissue,
    undo_deductions,
    write_overpayments,
)
from zhida.blocks.payments.recovery_notices import tell_arrears
from zhida.blocks.payments.rules import ON_THE_WAY, BatchState, Level, TransactionState, message_id_of
from zhida.blocks.payments.sharing import give_back, shares_on, take_from_budget
from zhida.blocks.payments.telling import tell_released
from zhida.blocks.payments.totals import envelopes_in, move_totals, recount, sums_of, totals_in, write_totals
from zhida.blocks.policies import api as policies
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress


def prepare_batch(
    viewer: access.Viewer, run_id: int, progress: Progress | None = None, facts: PayeeFacts | None = None
) -> PaymentInstruction | None:
    """Make a batch of what a finished run decided and was not yet instructed; None where there is nothing new.

    Raises: RunNotFinished, DecisionsUnreadable, PermissionMissing.
    """
    run = policies.run(run_id)
    if run.state != "finished":
        raise RunNotFinished(run_id, run.state)
    source = DecisionSource(run.id, str(run.month), str(policies.decisions_path(run_id)), run.snapshot_hash, run.law_name)
    return prepare_from(viewer, source, facts or RecordedFacts(run.snapshot_hash), progress)


def prepare_from(
    viewer: access.Viewer, source: DecisionSource, facts: PayeeFacts, progress: Progress | None = None
) -> PaymentInstruction | None:
    """Make a batch of the decisions in a folder: ``prepare_batch`` without the run's own row."""
    may(viewer, "payments.prepare")
    with Differences(source) as differences, one_command():
        differences.compare()
        overpaid_count, overpaid_fen = write_overpayments(source.run_id, source.month, differences)
        _cancel(differences.freed(), "payee_changed")
        _cancel(differences.dropped(), "not_due")
        to_pay = differences.count_to_pay()
        batch = None
        if to_pay:
            if progress:
                progress.total = to_pay
            origin = {"run_id": source.run_id, "law_name": source.law_name, "snapshot_hash": source.snapshot_hash}
            origin |= {"overpaid_count": overpaid_count, "overpaid_fen": overpaid_fen}
            batch = _write_batch(viewer, differences, facts, Month.parse(source.month), origin, progress)
        differences.keep_digests()
    return batch_row(batch.pk) if batch else None


def _write_batch(
    viewer: access.Viewer, differences: Differences, facts: PayeeFacts, month: Month, origin: dict[str, object], progress: Progress | None
) -> PaymentInstruction:
    """Write the payments that a comparison found due, with their totals, their sample and what is kept back of them."""
    known = payee_facts(facts, differences.payees(), differences.organisations(), clock.today())
    shares = shares_on(month.start, differences.benefits())
    differences.judge(known, shares, debts_now())
    version = facts.version()
    batch = new_batch(viewer, month, shares=shares, facts_version=version, risk_counts=differences.risk_counts(), **origin)
    first_id = next_id()
    count = _insert(differences.to_pay(batch.pk, first_id), progress)
    set_span(batch, first_id, count)
    note_account_changes(differences.account_changes())
    plan_deductions(batch, differences.deductions())
    write_totals(batch.pk, differences.sums(batch.pk))
    finish_batch(batch)
    record(viewer, "payments.prepare", f"batch {batch.pk}")
    return batch


def new_batch(viewer: access.Viewer, month: Month, **fields: object) -> PaymentInstruction:
    return PaymentInstruction.objects.create(
        month=month.text, budget_year=month.year, prepared_by=viewer.account, prepared_at=clock.now(), **fields
    )


def next_id() -> int:
    """Return the number of the next payment; numbers of refused ones are not used again."""
    highest = PaymentInstruction.objects.aggregate(last=Max("last_id"))["last"]
    return int(highest or 0) + 1


def set_span(batch: PaymentInstruction, first_id: int, count: int) -> None:
    batch.first_id, batch.last_id = first_id, first_id + count - 1
    PaymentInstruction.objects.filter(pk=batch.pk).update(first_id=batch.first_id, last_id=batch.last_id)


def finish_batch(batch: PaymentInstruction) -> None:
    """Say how many checkers a batch needs, and draw what they look at. Its totals must be written."""
    batch.refresh_from_db()
    PaymentInstruction.objects.filter(pk=batch.pk).update(needed_checkers=needed_checkers(batch.amount_fen))
    draw_sample(batch)


def _insert(rows: Iterator[pa.RecordBatch], progress: Progress | None) -> int:
    inserted = 0
    for rows_read in rows:
        inserted += bulk.insert_batches("payments_credittransfertransaction", NEW_COLUMNS, [rows_read])
        if progress:
            progress.step(rows_read.num_rows)
    return inserted


def _cancel(transaction_ids: list[int], reason_code: str) -> None:
    """Cancel stuck transactions: their period goes to another payee, or is not due any more."""
    for first in range(0, len(transaction_ids), 500):
        some = transaction_ids[first : first + 500]
        stuck = CreditTransferTransaction.objects.filter(pk__in=some)
        marks = ", ".join(["%s"] * len(some))
        source = f"""SELECT t.batch_id, t.benefit, t.district, t.state, t.amount_fen
                     FROM payments_credittransfertransaction t WHERE t.id IN ({marks})"""
        sums = sums_of(source, some, sorted(set(stuck.values_list("batch_id", flat=True))))
        undo_deductions(some)
        stuck.update(state=TransactionState.CANCELLED, reason_code=reason_code)
        move_totals(sums, TransactionState.CANCELLED)


def approve_batch(viewer: access.Viewer, batch_id: int, facts: PayeeFacts | None = None) -> PaymentInstruction:
    """Let a second officer sign. With the last signature payees are looked at again, and the budget takes the sum in.

    Raises: MakerIsChecker, AlreadySigned, SampleNotSeen, SampleDoubtful, BudgetExceeded, BatchInWrongState, BatchUnknown,
    PermissionMissing.
    """
    access.require(viewer, "payments.approve")
    with one_command():
        batch = batch_row(batch_id)
        _expect(batch, BatchState.PREPARED, "审批", "approved")
        signed = sign(viewer, batch)
        require_sample_seen(batch)
        record(viewer, "payments.approve", f"batch {batch_id}")
        if signed >= batch.needed_checkers:
            hold_back(batch, facts or RecordedFacts())
            take_from_budget(batch, envelopes_in(totals_in(batch_id, TransactionState.INSTRUCTED)))
            _change_state(batch, BatchState.APPROVED, "审批", "approved", approved_by=viewer.account, approved_at=clock.now())
    return batch_row(batch_id)


def refuse_batch(viewer: access.Viewer, batch_id: int, reason: str) -> PaymentInstruction:
    """Send a prepared batch back to its maker. Its transactions are removed, so that they can be prepared again.

    Raises: RefusalWithoutReason, BatchInWrongState, BatchUnknown, PermissionMissing.
    """
    access.require(viewer, "payments.approve")
    if not reason.strip():
        raise RefusalWithoutReason(batch_id)
    with one_command():
        batch = batch_row(batch_id)
        _change_state(batch, BatchState.REFUSED, "退回", "refused", refused_by=viewer.account, refusal_reason=reason.strip()[:300])
        _remove_transactions(batch)
        record(viewer, "payments.refuse", f"batch {batch_id}")
    return batch_row(batch_id)


def cancel_batch(viewer: access.Viewer, batch_id: int, reason: str) -> PaymentInstruction:
    """Withdraw a batch that has not left: its transactions are removed, its budget is free again. For its makers and checkers.

    Raises: CancelWithoutReason, BatchInWrongState, BatchUnknown, PermissionMissing.
    """
    if not access.purpose_of(viewer, "payments.approve"):
        may(viewer, "payments.prepare")
    if not reason.strip():
        raise CancelWithoutReason(batch_id)
    with one_command():
        batch = batch_row(batch_id)
        _change_state(batch, BatchState.CANCELLED, "撤销", "cancelled", cancelled_by=viewer.account, cancel_reason=reason.strip()[:300])
        if batch.state == BatchState.APPROVED:
            give_back(batch.budget_year, envelopes_in(totals_in(batch_id, TransactionState.INSTRUCTED)))
        _remove_transactions(batch)
        _clear_staged(batch)
        record(viewer, "payments.cancel", f"batch {batch_id}")
    return batch_row(batch_id)


def _remove_transactions(batch: PaymentInstruction) -> None:
    """Remove the payments of a batch that never left, and put back what it had taken over from others."""
    kinds = PaymentTotal.objects.filter(batch=batch).values_list("benefit", flat=True).distinct()
    periods = "SELECT DISTINCT benefit, period_key FROM payments_credittransfertransaction WHERE id BETWEEN %s AND %s AND batch_id = %s"
    span = [batch.first_id, batch.last_id, batch.pk]
    if kinds:
        forget_digests({(row[0], row[1]) for row in bulk.rows(periods, span)})
    _restore_reissued(batch)
    return_from_reissue(batch)
    undo_deductions([], batch)
    debts = overpaid_with(batch)
    bulk.execute("DELETE FROM payments_credittransfertransaction WHERE id BETWEEN %s AND %s AND batch_id = %s", span)
    lower_to_what_stands(debts)


def _restore_reissued(batch: PaymentInstruction) -> None:
    """Put the originals of a refused reissue back where they were; the bank's answers say how far each had come."""
    originals = """SELECT o.id, o.batch_id FROM payments_credittransfertransaction n
                   JOIN payments_credittransfertransaction o ON o.id = n.reissue_of_id WHERE n.id BETWEEN %s AND %s AND n.batch_id = %s"""
    rows = bulk.rows(originals, [batch.first_id, batch.last_id, batch.pk])
    ids = [row[0] for row in rows]
    for first in range(0, len(ids), 500):
        some = ids[first : first + 500]
        CreditTransferTransaction.objects.filter(pk__in=some).update(state=TransactionState.HELD)
        for state in (TransactionState.REJECTED, TransactionState.RETURNED):
            came_back = BankAnswer.objects.filter(transaction_id__in=some, event=state).values_list("transaction_id", flat=True)
            CreditTransferTransaction.objects.filter(pk__in=list(came_back)).update(state=state)
    for original_batch in sorted({row[1] for row in rows}):
        recount(original_batch)


def release_batch(viewer: access.Viewer, batch_id: int, facts: PayeeFacts | None = None) -> Path | None:
    """Write the pain.001 files of an approved batch, book the money in transit, and put the files into ``bank/out``; return the first.

    The files are whole on disk before the state changes and are put out after: killed in between, the batch is released and
    the same command again puts them out. None where every payment was held back meanwhile: nothing leaves, and the batch is
    settled.

    Raises: BatchInWrongState, BatchUnknown, PermissionMissing, DiskFull.
    """
    may(viewer, "payments.release")
    with one_command():
        batch = batch_row(batch_id)
        if batch.state == BatchState.RELEASED and staged_files(batch):
            return _put_out(batch)
        _expect(batch, BatchState.APPROVED, "发放", "released")
        batch.message_id = message_id_of(batch_id)
        numbers: list[np.ndarray] = []
        with checked_payments(batch, facts or RecordedFacts()) as (held, payments):
            give_back(batch.budget_year, envelopes_in(held))
            _clear_staged(batch)
            parts = pain001_parts(_staging(batch), batch.message_id, _noted(payments, numbers), clock.today())
        batch.refresh_from_db(fields=["count"])
        if batch.count == 0:
            _change_state(batch, BatchState.SETTLED, "发放", "released", settled_on=clock.today())
            return None
        PaymentFile.objects.bulk_create(
            PaymentFile(
                batch=batch, file_name=part.name, message_id=part.message_id, first_id=part.first_id, last_id=part.last_id,
                count=part.count, amount_fen=part.amount_fen,
            )
            for part in parts
        )  # fmt: skip
        detail = _detail(batch, numbers)
        reference = f"batch:{batch.pk}"
        ledger.post_payments("released", reference, batch.budget_year, totals_in(batch_id, TransactionState.INSTRUCTED), detail)
        book_deductions(viewer, batch)
        tell_arrears(viewer, batch)
        batch.file_name = parts[0].name if parts else ""
        fields = {"message_id": batch.message_id, "file_name": batch.file_name, "released_on": clock.today(), "released_by": viewer.account}
        _change_state(batch, BatchState.RELEASED, "发放", "released", **fields)
        tell_released(batch)
        record(viewer, "payments.release", f"batch {batch_id}")
    return _put_out(batch)


def _noted(payments: PaymentBatches, numbers: list[np.ndarray]) -> PaymentBatches:
    """Pass payments on and note the number and fen of each, for the posting's hash."""
    for batch in payments:
        numbers.append(np.stack([batch["id"].to_numpy(), batch["amount_fen"].to_numpy()]))
        yield batch


def _detail(batch: PaymentInstruction, numbers: list[np.ndarray]) -> str:
    """Return the hash over everything a batch sends: what went to the bank, and what is paid in cash."""
    cash = """SELECT id, amount_fen FROM payments_credittransfertransaction
              WHERE id BETWEEN %s AND %s AND batch_id = %s AND state = 'instructed' AND channel = 'cash' ORDER BY id"""
    paid_in_cash = np.array(bulk.rows(cash, [batch.first_id, batch.last_id, batch.pk]), np.int64).reshape(-1, 2).T
    ids, amounts = np.concatenate([*numbers, paid_in_cash], axis=1)
    return ledger.detail_hash(ids, amounts)


def _staging(batch: PaymentInstruction) -> Path:
    return Path(settings.HOME) / "bank" / "staged"


def _clear_staged(batch: PaymentInstruction) -> None:
    """Remove what a killed release wrote: nothing of a batch that has not left may lie about."""
    for pattern in (f"{message_id_of(batch.pk)}*", f".{message_id_of(batch.pk)}*.tmp"):
        for path in _staging(batch).glob(pattern):
            path.unlink(missing_ok=True)


def staged_files(batch: PaymentInstruction) -> list[Path]:
    """List a batch's files that are written but not put out yet."""
    names = PaymentFile.objects.filter(batch=batch).values_list("file_name", flat=True)
    return [path for name in names if (path := _staging(batch) / name).exists()]


def _put_out(batch: PaymentInstruction) -> Path:
    out = Path(settings.HOME) / "bank" / "out"
    out.mkdir(parents=True, exist_ok=True)
    for path in staged_files(batch):
        # Another process with the same command may be quicker.
        with suppress(FileNotFoundError):
            path.replace(out / path.name)
    return out / batch.file_name


def settle(viewer: access.Viewer, batch_id: int) -> PaymentInstruction:
    """Close a released batch whose every payment the bank has answered. Money that comes back later still finds its way.

    Raises: BatchStillOpen, BatchInWrongState, BatchUnknown, PermissionMissing.
    """
    may(viewer, "payments.release")
    with one_command():
        batch = batch_row(batch_id)
        _expect(batch, BatchState.RELEASED, "结清", "settled")
        open_count = sum(row[4] for state in ON_THE_WAY for row in totals_in(batch_id, state))
        if open_count:
            raise BatchStillOpen(batch_id, open_count)
        _change_state(batch, BatchState.SETTLED, "结清", "settled", settled_on=clock.today())
        record(viewer, "payments.settle", f"batch {batch_id}")
    return batch_row(batch_id)


def set_budget(
    viewer: access.Viewer, benefit: str, year: int, amount_fen: int, level: str = Level.CITY, area_code: int = 0
) -> BudgetEnvelope:
    """Set the envelope of a benefit for a year and a level of government; the change is booked from the treasury.

    Raises: BudgetBelowCommitted, PermissionMissing.
    """
    may(viewer, "payments.settings")
    with one_command():
        key = {"benefit": benefit, "year": year, "level": level, "area_code": area_code}
        envelope, _ = BudgetEnvelope.objects.get_or_create(**key, defaults={"amount_fen": 0})
        if amount_fen < envelope.committed_fen:
            raise BudgetBelowCommitted(benefit, year, envelope.committed_fen)
        ledger.post_budget(benefit, year, level, area_code, amount_fen - envelope.amount_fen)
        envelope.amount_fen = amount_fen
        envelope.save(update_fields=["amount_fen"])
        record(viewer, "payments.budget", f"budget {benefit} {year} {level} {area_code or ''}".strip())
    return envelope


def batch_row(batch_id: int) -> PaymentInstruction:
    """Return a batch as it is now.

    Raises: BatchUnknown.
    """
    batch = PaymentInstruction.objects.filter(pk=batch_id).first()
    if batch is None:
        raise BatchUnknown(batch_id)
    return batch


def _expect(batch: PaymentInstruction, state: BatchState, action_zh: str, action: str) -> None:
    if batch.state != state:
        raise BatchInWrongState(batch.pk, batch.state, action_zh, action)


_BEFORE = {
    BatchState.APPROVED: (BatchState.PREPARED,),
    BatchState.REFUSED: (BatchState.PREPARED,),
    BatchState.CANCELLED: (BatchState.PREPARED, BatchState.APPROVED),
    BatchState.RELEASED: (BatchState.APPROVED,),
    BatchState.SETTLED: (BatchState.RELEASED, BatchState.APPROVED),
}


def _change_state(batch: PaymentInstruction, state: BatchState, action_zh: str, action: str, **fields: object) -> None:
    """Move a batch on, only from a state it may move from: of two officers at once, one gets the error."""
    if not PaymentInstruction.objects.filter(pk=batch.pk, state__in=_BEFORE[state]).update(state=state, **fields):
        raise BatchInWrongState(batch.pk, batch_row(batch.pk).state, action_zh, action)


def may(viewer: access.Viewer, permission: str) -> None:
    """Let the night run through, and officers who hold the permission. Approval is not asked here: it needs a person."""
    if viewer != access.SYSTEM:
        access.require(viewer, permission)


def record(viewer: access.Viewer, action: str, subject: str) -> None:
    """Write a command into the audit log, inside its transaction."""
    access.record_access(viewer, access.Purpose.PAYMENT, action, subject)
