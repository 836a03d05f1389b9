"""The main job, stage by stage: feeds, register, snapshot, decisions, payments, observations.

Every stage is a command of a block that may be killed and started again: what is done already is found done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.project.measure import Stages

MAKER = Viewer("payment_maker", "payment_maker", "330100")
CHECKER = Viewer("payment_checker", "payment_checker", "330100")


@dataclass
class MonthResult:
    """What one month's job did, for the ten lines and the JSON."""

    month: str
    run: Any = None
    batch: Any = None
    figures: dict[str, int] = field(default_factory=dict)


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


def instruct(stages: Stages, run: Any, quiet: bool = False) -> Any:
    """Prepare, approve and release a run's payments; return the batch, or None where nothing is due."""
    with stages.stage("prepare"):
        batch = payments.prepare_batch(MAKER, run.id, progress=_progress("prepare", quiet)) or payments.open_batch(run.id)
    if batch is None:
        return None
    with stages.stage("approve"):
        if batch.state == "prepared":
            batch = payments.approve_batch(CHECKER, batch.id)
    with stages.stage("release"):
        if batch.state == "approved":
            payments.release_batch(MAKER, batch.id)
    return payments.batch(SYSTEM, batch.id)


def bank_and_settle(stages: Stages, batch: Any, home: Path) -> Any:
    """Let the demonstration bank answer, import what it says, settle; return the batch."""
    with stages.stage("settle"):
        answers = payments.demo_bank_answer(home / "bank" / "out" / batch.file_name, home / "bank" / "in")
        for path in sorted(answers):
            payments.import_bank_file(MAKER, path)
        payments.settle(MAKER, batch.id)
    return payments.batch(SYSTEM, batch.id)


def _progress(label: str, quiet: bool) -> Progress:
    return Progress(label, 1, quiet=quiet)
