"""Writes of payments, one transaction each: prepare, approve, refuse, release, settle, send again, set a budget.

A command that is killed leaves the state before it; the same command again carries it out. Taking in the bank's answers is
in ``importing.py``.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import Count, F

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.adapters import iso20022
from zhida.blocks.payments.checking import hold_back
from zhida.blocks.payments.differences import NEW_COLUMNS, DecisionSource, Differences
from zhida.blocks.payments.errors import (
    BatchInWrongState,
    BatchStillOpen,
    BatchUnknown,
    BudgetBelowCommitted,
    BudgetExceeded,
    MakerIsChecker,
    RefusalWithoutReason,
    RunNotFinished,
)
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts, payee_accounts
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import BudgetEnvelope, CreditTransferTransaction, Overpayment, PaymentInstruction
from zhida.blocks.payments.rules import ON_THE_WAY, BatchState, TransactionState, message_id_of
from zhida.blocks.payments.totals import recount, sums_to_send
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
    with Differences(source) as differences:
        differences.use_accounts(payee_accounts(facts, differences.payees(), differences.organisations()))
        with one_command():
            differences.compare()
            overpaid_count, overpaid_fen = _write_overpayments(source, differences)
            to_pay = differences.count_to_pay()
            if not to_pay:
                return None
            origin = {"run_id": source.run_id, "law_name": source.law_name, "snapshot_hash": source.snapshot_hash}
            batch = new_batch(viewer, Month.parse(source.month), **origin)
            PaymentInstruction.objects.filter(pk=batch.pk).update(overpaid_count=overpaid_count, overpaid_fen=overpaid_fen)
            if progress:
                progress.total = to_pay
            _insert(differences, batch.pk, progress)
            _cancel(differences.freed())
            recount(batch.pk)
            record(viewer, "payments.prepare", f"batch {batch.pk}")
    return batch_row(batch.pk)


def new_batch(viewer: access.Viewer, month: Month, **fields: object) -> PaymentInstruction:
    return PaymentInstruction.objects.create(
        month=month.text, budget_year=month.year, prepared_by=viewer.account, prepared_at=clock.now(), **fields
    )


def _insert(differences: Differences, batch_id: int, progress: Progress | None) -> None:
    for batch in differences.to_pay(batch_id):
        inserted = bulk.insert_batches(CreditTransferTransaction._meta.db_table, NEW_COLUMNS, [batch])
        if progress:
            progress.step(inserted)


def _cancel(transaction_ids: list[int]) -> None:
    """Close stuck payments whose period goes to another payee now."""
    for first in range(0, len(transaction_ids), 500):
        stuck = CreditTransferTransaction.objects.filter(pk__in=transaction_ids[first : first + 500])
        batches = list(stuck.values_list("batch_id", flat=True).distinct())
        stuck.update(state=TransactionState.CANCELLED, reason_code="payee_changed")
        for batch_id in batches:
            recount(batch_id)


def _write_overpayments(source: DecisionSource, differences: Differences) -> tuple[int, int]:
    """Replace what stood overpaid in the compared periods; return count and sum."""
    for benefit, period_key in differences.scope():
        Overpayment.objects.filter(benefit=benefit, period_key=period_key).delete()
    rows = differences.overpaid().to_pylist()
    found = [Overpayment(run_id=source.run_id, found_on=clock.today(), **row) for row in rows]
    Overpayment.objects.bulk_create(found, batch_size=500)
    return len(found), sum(row.amount_fen for row in found)


def approve_batch(viewer: access.Viewer, batch_id: int, facts: PayeeFacts | None = None) -> PaymentInstruction:
    """Let a second officer approve: payees are looked at again, and the budget takes the sum in.

    Raises: MakerIsChecker, BudgetExceeded, BatchInWrongState, BatchUnknown, PermissionMissing.
    """
    access.require(viewer, "payments.approve")
    with one_command():
        batch = batch_row(batch_id)
        _expect(batch, BatchState.PREPARED, "审批", "approved")
        if batch.prepared_by == viewer.account:
            raise MakerIsChecker(batch_id, viewer.account)
        if hold_back(batch_id, facts or RecordedFacts()):
            recount(batch_id)
        _take_from_budget(batch)
        _change_state(batch, BatchState.APPROVED, "审批", "approved", approved_by=viewer.account, approved_at=clock.now())
        record(viewer, "payments.approve", f"batch {batch_id}")
    return batch_row(batch_id)


def _take_from_budget(batch: PaymentInstruction) -> None:
    for benefit, amount_fen in sums_to_send(batch.pk):
        envelope = BudgetEnvelope.objects.filter(benefit=benefit, year=batch.budget_year)
        enough = envelope.filter(amount_fen__gte=F("committed_fen") + amount_fen)
        if not enough.update(committed_fen=F("committed_fen") + amount_fen):
            left = envelope.first()
            raise BudgetExceeded(batch.pk, benefit, batch.budget_year, amount_fen, left.available_fen if left else 0)


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
        _restore_reissued(batch_id)
        bulk.execute("DELETE FROM payments_credittransfertransaction WHERE batch_id = %s", [batch_id])
        record(viewer, "payments.refuse", f"batch {batch_id}")
    return batch_row(batch_id)


def _restore_reissued(batch_id: int) -> None:
    """Put the originals of a refused reissue back where they were; the ledger knows how far each had come."""
    originals = CreditTransferTransaction.objects.filter(reissued_as__batch_id=batch_id)
    ids = list(originals.values_list("pk", flat=True))
    batches = list(originals.values_list("batch_id", flat=True).distinct())
    for first in range(0, len(ids), 500):
        rows = CreditTransferTransaction.objects.filter(pk__in=ids[first : first + 500])
        rows.update(state=TransactionState.HELD)
        for state in (TransactionState.REJECTED, TransactionState.RETURNED):
            came_back = list(rows.filter(postings__kind=state).values_list("pk", flat=True))
            CreditTransferTransaction.objects.filter(pk__in=came_back).update(state=state)
    for original_batch in batches:
        recount(original_batch)


def release_batch(viewer: access.Viewer, batch_id: int, facts: PayeeFacts | None = None) -> Path | None:
    """Write the pain.001 file of an approved batch, book the money in transit, and put the file into ``bank/out``.

    The file is whole on disk before the state changes and is put out after: killed in between, the batch is released and
    the same command again puts the file out. None where every payment was held back meanwhile: nothing leaves, and the
    batch is settled.

    Raises: BatchInWrongState, BatchUnknown, PermissionMissing, DiskFull.
    """
    may(viewer, "payments.release")
    with one_command():
        batch = batch_row(batch_id)
        if batch.state == BatchState.RELEASED and _staged(batch).exists():
            return _put_out(batch)
        _expect(batch, BatchState.APPROVED, "发放", "released")
        _give_back_held(batch, facts or RecordedFacts())
        batch.refresh_from_db()
        if batch.count == 0:
            _change_state(batch, BatchState.SETTLED, "发放", "released", settled_on=clock.today())
            return None
        batch.message_id = message_id_of(batch_id)
        batch.file_name = f"{batch.message_id}.pain.001.xml"
        iso20022.write_pain001(_staged(batch), batch.message_id, _payments_to_send(batch), _groups(batch), clock.today())
        _book_release(batch)
        fields = {"message_id": batch.message_id, "file_name": batch.file_name, "released_on": clock.today(), "released_by": viewer.account}
        _change_state(batch, BatchState.RELEASED, "发放", "released", **fields)
        record(viewer, "payments.release", f"batch {batch_id}")
    return _put_out(batch)


def _give_back_held(batch: PaymentInstruction, facts: PayeeFacts) -> None:
    before = dict(sums_to_send(batch.pk))
    if not hold_back(batch.pk, facts):
        return
    recount(batch.pk)
    after = dict(sums_to_send(batch.pk))
    for benefit, amount_fen in before.items():
        give_back(benefit, batch.budget_year, amount_fen - after.get(benefit, 0))


def give_back(benefit: str, year: int, amount_fen: int) -> None:
    """Make room in an envelope again for money that did not leave or came back."""
    BudgetEnvelope.objects.filter(benefit=benefit, year=year).update(committed_fen=F("committed_fen") - amount_fen)


def _groups(batch: PaymentInstruction) -> list[iso20022.PaymentGroup]:
    rows = CreditTransferTransaction.objects.filter(batch=batch, state=TransactionState.INSTRUCTED)
    counted = rows.values("benefit").annotate(count=Count("id")).order_by("benefit")
    counts = {row["benefit"]: row["count"] for row in counted}
    return [iso20022.PaymentGroup(benefit, counts[benefit], amount_fen) for benefit, amount_fen in sums_to_send(batch.pk)]


def _payments_to_send(batch: PaymentInstruction) -> iso20022.PaymentBatches:
    sql = """SELECT id, benefit, period_key, payee_key, amount_fen, account_no, bank_code FROM payments_credittransfertransaction
             WHERE batch_id = %s AND state = 'instructed' ORDER BY benefit, id"""
    return bulk.read_batches(sql, [batch.pk], iso20022.PAYMENT_SCHEMA)


def _book_release(batch: PaymentInstruction) -> None:
    ledger.ensure_accounts([(benefit, batch.budget_year) for benefit, _ in sums_to_send(batch.pk)])
    today = bulk.day_literal(clock.today())
    sql = f"""SELECT id AS transaction_id, benefit, {batch.budget_year} AS year, amount_fen, {today} AS booked_on,
                     CAST(NULL AS bigint) AS bank_file_id
              FROM payments_credittransfertransaction WHERE batch_id = %s AND state = 'instructed'"""
    ledger.post_transactions("released", sql, [batch.pk])


def _staged(batch: PaymentInstruction) -> Path:
    return Path(settings.HOME) / "bank" / "staged" / f"{message_id_of(batch.pk)}.pain.001.xml"


def _put_out(batch: PaymentInstruction) -> Path:
    path = Path(settings.HOME) / "bank" / "out" / batch.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    _staged(batch).replace(path)
    return path


def settle(viewer: access.Viewer, batch_id: int) -> PaymentInstruction:
    """Close a released batch whose every payment the bank has answered. Money that comes back later still finds its way.

    Raises: BatchStillOpen, BatchInWrongState, BatchUnknown, PermissionMissing.
    """
    may(viewer, "payments.release")
    with one_command():
        batch = batch_row(batch_id)
        _expect(batch, BatchState.RELEASED, "结清", "settled")
        open_count = CreditTransferTransaction.objects.filter(batch=batch, state__in=ON_THE_WAY).count()
        if open_count:
            raise BatchStillOpen(batch_id, open_count)
        _change_state(batch, BatchState.SETTLED, "结清", "settled", settled_on=clock.today())
        record(viewer, "payments.settle", f"batch {batch_id}")
    return batch_row(batch_id)


def set_budget(viewer: access.Viewer, benefit: str, year: int, amount_fen: int) -> BudgetEnvelope:
    """Set the envelope of a benefit for a year; the change is booked from the treasury.

    Raises: BudgetBelowCommitted, PermissionMissing.
    """
    may(viewer, "payments.approve")
    with one_command():
        envelope, _ = BudgetEnvelope.objects.get_or_create(benefit=benefit, year=year, defaults={"amount_fen": 0})
        if amount_fen < envelope.committed_fen:
            raise BudgetBelowCommitted(benefit, year, envelope.committed_fen)
        ledger.post_budget(benefit, year, amount_fen - envelope.amount_fen, clock.today())
        envelope.amount_fen = amount_fen
        envelope.save(update_fields=["amount_fen"])
        record(viewer, "payments.budget", f"budget {benefit} {year}")
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
