"""The main job, stage by stage: feeds, register, snapshot, decisions, payments, observations.

Every stage is a command of a block that may be killed and started again: what is done already is found done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.indicators import api as indicators
from zhida.blocks.payments import api as payments
from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.project.measure import Stages

MAKER = Viewer("payment_maker", "payment_maker", "330100")
CHECKER = Viewer("payment_checker", "payment_checker", "330100")
# Large sums need more than one signature.
CHECKERS = (CHECKER, Viewer("payment_checker_2", "payment_checker", "330100"), Viewer("payment_checker_3", "payment_checker", "330100"))


def take_in(stages: Stages, feeds: Path, quiet: bool = False) -> list[Any]:
    """Receive every file of a month's folder and link residents; return the deliveries."""
    with stages.stage("receive"):
        deliveries = records.receive_folder(SYSTEM, feeds, progress=_progress("receive", quiet))
    with stages.stage("link"):
        records.link_residents(SYSTEM, progress=_progress("link", quiet))
    return deliveries


def decide(stages: Stages, month: Month, known_on: Any, quiet: bool = False) -> Any:
    """Freeze the month's snapshot and decide every policy on it; return the run."""
    with stages.stage("freeze"):
        snapshot = records.freeze_snapshot(SYSTEM, month, known_on, progress=_progress("freeze", quiet))
    with stages.stage("decide"):
        return policies.run_period(SYSTEM, month, snapshot=snapshot, progress=_progress("decide", quiet))


def decide_as_of(month: Month, law_as_of: date | None, known_on: date, quiet: bool = False) -> Any:
    """Decide a month by the law of one day on what was known on another; return the run. Facts that did not change since serve again."""
    try:
        snapshot = records.snapshot_for(month, known_on)
    except records.NoSnapshotThen:
        snapshot = records.freeze_snapshot(SYSTEM, month, known_on, progress=_progress("freeze", quiet))
    return policies.run_period(SYSTEM, month, law_as_of=law_as_of, snapshot=snapshot, progress=_progress("decide", quiet))


def instruct(stages: Stages, run: Any, quiet: bool = False) -> Any:
    """Prepare, approve and release a run's payments; return the batch, or None where nothing was due."""
    with stages.stage("prepare"):
        batch = batch_of(run) or payments.prepare_batch(MAKER, run.id, progress=_progress("prepare", quiet))
    if batch is None:
        return None
    with stages.stage("approve"):
        batch = approve(batch)
    with stages.stage("release"):
        if batch.state in (payments.BatchState.APPROVED, payments.BatchState.RELEASED):
            release(batch)
    return payments.batch(SYSTEM, batch.id)


def batch_of(run: Any) -> Any:
    """Return the batch that a run was prepared into, unless a checker refused it; None before."""
    made = [batch for batch in payments.batches(SYSTEM, run.month) if batch.run_id == run.id]
    return next((batch for batch in made if batch.state not in (payments.BatchState.REFUSED, payments.BatchState.CANCELLED)), None)


def approve(batch: Any) -> Any:
    """Look at the sample and sign, with as many officers as the sum needs; one who was killed in between has signed already."""
    for checker in CHECKERS:
        if batch.state != payments.BatchState.PREPARED:
            break
        payments.look_at(checker, batch.id)
        try:
            batch = payments.approve_batch(checker, batch.id)
        except payments.AlreadySigned:
            continue
    return batch


def release(batch: Any) -> None:
    """Send an approved batch out. One that is released already was perhaps killed before its file was put out: that is done now."""
    try:
        payments.release_batch(MAKER, batch.id)
    except payments.BatchInWrongState:
        if batch.state != payments.BatchState.RELEASED:
            raise


def bank_and_settle(stages: Stages, batch: Any, home: Path) -> Any:
    """Let the demonstration bank answer, import what it says, settle; return the batch."""
    with stages.stage("settle"):
        for part in payments.payment_files(MAKER, batch.id):
            for path in demo_bank.answer(home / "bank" / "out" / part.file_name, home / "bank" / "in"):
                payments.import_bank_file(MAKER, path)
        payments.settle(MAKER, batch.id)
    return payments.batch(SYSTEM, batch.id)


def count_casework(stages: Stages, months: Iterable[Month]) -> list[indicators.ObservedCasework]:
    """Count what joint cases came to in each month."""
    with stages.stage("casework"):
        return [indicators.observe_casework(SYSTEM, month) for month in months]


def _progress(label: str, quiet: bool) -> Progress:
    return Progress(label, 1, quiet=quiet)
