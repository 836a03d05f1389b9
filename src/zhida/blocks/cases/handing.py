"""Handing over what cases collected: money due as one batch, rows of registers to ``records``; taking back what was undone since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases.effects.money import FEN
from zhida.blocks.cases.models import CaseEntry, CasePayable, CaseRecord
from zhida.blocks.cases.rules import HandOver
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.engine.api import ENTITLED
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text

NOT_LEFT, GONE = ("prepared", "approved"), ("refused", "cancelled")


@dataclass(frozen=True)
class HandedPayables:
    """What went into a batch. batch_id: None where everything had been instructed before.

    cancelled: batches that were cancelled because something in them is not due any more. to_recover: what has left and is to come back.
    """

    count: int
    amount_fen: int
    batch_id: int | None
    cancelled: tuple[int, ...] = ()
    to_recover: int = 0
    to_recover_fen: int = 0


@transaction.atomic
def prepare_case_payments(viewer: Viewer) -> HandedPayables:
    """Make one batch of all that cases found due; it is checked, approved and sent like any other.

    A batch that has not left and holds money of a case that was undone is cancelled, and made again without it. Money that has left
    becomes an overpayment, which payment officers bring back, as far as the run that stands for its period does not say that it is due.
    What a checker refused, or somebody cancelled, is due again.
    A killed call leaves everything waiting; ``payments`` never instructs the same benefit, period and entity twice.
    Raises: PermissionMissing.
    """
    if viewer.role != SYSTEM.role:
        access.require(viewer, "payments.prepare")
    cancelled = _cancel_undone(viewer)
    _take_up_again(viewer)
    withdrawing = CasePayable.objects.select_for_update(of=("self",)).filter(state=HandOver.WITHDRAWING)
    undone = list(withdrawing.select_related("effect__item__case").order_by("pk"))
    rows = list(CasePayable.objects.select_for_update().filter(state=HandOver.WAITING).order_by("pk"))
    due = {_what(row): _payable(row, row.amount_fen) for row in rows}
    # The same may have been found due anew by a later case: then that is what is due.
    over = {_what(row): _by_the_run(row) or _payable(row, 0) for row in undone if _what(row) not in due}
    wanted = [*due.values(), *over.values()]
    batch = payments.prepare_payables(viewer, Month.of(clock.today()).text, wanted) if wanted else None
    batch_id = batch.pk if batch else None
    CasePayable.objects.filter(pk__in=[row.pk for row in rows]).update(state=HandOver.HANDED, batch_id=batch_id)
    CasePayable.objects.filter(pk__in=[row.pk for row in undone]).update(state=HandOver.WITHDRAWN)
    back = [fen for row in undone if _what(row) in over and (fen := row.amount_fen - over[_what(row)].amount_fen) > 0]
    return HandedPayables(len(rows), sum(row.amount_fen for row in rows), batch_id, cancelled, len(back), sum(back))


def _what(row: CasePayable) -> tuple[str, str, int]:
    return row.benefit, row.period_key, row.entity_no


def _payable(row: CasePayable, amount_fen: int) -> payments.Payable:
    return payments.Payable(row.benefit, row.period_key, row.entity_no, str(row.payee_no), amount_fen, row.district, row.community)


def _by_the_run(row: CasePayable) -> payments.Payable | None:
    """Return what is due for the same by the run that stands for its period, which no case has to undo; None where it is not due."""
    is_month = len(row.period_key) == 7 and row.period_key[5:].isdigit()
    try:
        run = policies.latest_run(Month.parse(row.period_key) if is_month else None)
        decisions = policies.decisions_of(run, row.effect.item.case.household_no)
    except (policies.NoRun, records.HouseholdNotFound):
        return None
    for each in decisions:
        if (each["benefit"], each["period_key"], each["entity_no"]) == _what(row) and each["status"] == ENTITLED and each["unit"] == FEN:
            payee = f"org:{each['payee_organisation']}" if each["payee_organisation"] else str(each["payee_no"])
            return payments.Payable(*_what(row), payee, each["amount"], row.district, row.community)
    return None


def _states(viewer: Viewer, *states: HandOver) -> dict[int, str]:
    """Return the state of every batch that holds payables in some states, by its number."""
    numbers = CasePayable.objects.filter(state__in=states).exclude(batch_id=None).values_list("batch_id", flat=True).distinct().order_by()
    return {number: payments.batch(viewer, number).state for number in numbers}


def _cancel_undone(viewer: Viewer) -> tuple[int, ...]:
    """Cancel the batches that have not left and hold money of cases that were undone; what else is in them is made again."""
    cancelled = tuple(number for number, state in _states(viewer, HandOver.WITHDRAWING).items() if state in NOT_LEFT)
    for number in cancelled:
        payments.cancel_batch(viewer, number, "办件已撤销，批次重新生成（a joint case was undone）")
    return cancelled


def _take_up_again(viewer: Viewer) -> None:
    """Let what batches that went nowhere held wait again, or be over where its case was undone."""
    gone = [number for number, state in _states(viewer, HandOver.HANDED, HandOver.WITHDRAWING).items() if state in GONE]
    rows = CasePayable.objects.filter(batch_id__in=gone)
    rows.filter(state=HandOver.HANDED).update(state=HandOver.WAITING, batch_id=None)
    rows.filter(state=HandOver.WITHDRAWING).update(state=HandOver.WITHDRAWN)


@dataclass
class HandedRecords:
    """What became of rows of registers: put in force, refused by contracts, taken back, and what only its department can take back."""

    added: int = 0
    refused: int = 0
    withdrawn: int = 0
    left_to_departments: int = 0
    deliveries: tuple[int, ...] = ()


def hand_over_records(viewer: Viewer, progress: Progress | None = None) -> HandedRecords:
    """Put the rows that cases made in force in their registers, and take back those of cases that were undone since.

    One register and area at a time, each in a transaction; a killed call is carried on by the next. A row that its contract refuses is
    kept with the reason, which the case's desks see. Raises: PermissionMissing, DiskFull.
    """
    if viewer.role != SYSTEM.role:
        access.require(viewer, "feeds.receive")
    done = HandedRecords()
    deliveries = _deliveries_to_shorten()
    groups = _groups()
    if progress:
        progress.total = max(1, len(deliveries) + len(groups))
    for delivery_id in deliveries:
        _take_back(viewer, delivery_id, done)
        if progress:
            progress.step(note=f"delivery {delivery_id}")
    for record_type, area in groups:
        _add(viewer, record_type, area, done)
        if progress:
            progress.step(note=record_type)
    return done


def _deliveries_to_shorten() -> list[int]:
    rows = CaseRecord.objects.filter(state=HandOver.WITHDRAWING).order_by("delivery_id")
    return list(rows.values_list("delivery_id", flat=True).distinct())


def _groups() -> list[tuple[str, int]]:
    rows = CaseRecord.objects.filter(state=HandOver.WAITING).order_by("record_type", "area")
    return list(rows.values_list("record_type", "area").distinct())


@transaction.atomic
def _take_back(viewer: Viewer, delivery_id: int, done: HandedRecords) -> None:
    rows = list(_held(CaseRecord.objects.filter(state=HandOver.WITHDRAWING, delivery_id=delivery_id)))
    if not rows:
        return
    is_taken_back = records.withdraw_rows(viewer, delivery_id, [row.values for row in rows])
    for row in rows:
        row.state = HandOver.WITHDRAWN
        if not is_taken_back:
            _say(row, LEFT_TO_DEPARTMENT, "record_left")
        row.save()
    done.withdrawn += len(rows) if is_taken_back else 0
    done.left_to_departments += 0 if is_taken_back else len(rows)


LEFT_TO_DEPARTMENT = Text(
    "部门此后已报送整份登记，只能由部门在下一份里更正这一行",
    "its department has delivered the whole register since, so it corrects this row in its next file",
)


@transaction.atomic
def _add(viewer: Viewer, record_type: str, area: int, done: HandedRecords) -> None:
    rows = list(_held(CaseRecord.objects.filter(state=HandOver.WAITING, record_type=record_type, area=area)))
    for part in _without_doubles(rows, records.record_type(record_type).key):
        added = records.add_rows(viewer, record_type, area, [row.values for row in part])
        problems = {problem.row: problem.text for problem in added.problems}
        for place, row in enumerate(part):
            if place in problems:
                row.state = HandOver.REFUSED
                _say(row, problems[place], "record_refused")
            else:
                assert added.delivery is not None
                row.state, row.delivery_id, row.problem_zh, row.problem_en = HandOver.HANDED, added.delivery.pk, "", ""
            row.save()
        done.added += len(part) - len(problems)
        done.refused += len(problems)
        done.deliveries += (added.delivery.pk,) if added.delivery else ()


def _held(rows: QuerySet[CaseRecord]) -> QuerySet[CaseRecord]:
    return rows.select_for_update(of=("self",)).select_related("effect__item").order_by("pk")


def _without_doubles(rows: Sequence[CaseRecord], key: tuple[str, ...]) -> Iterator[list[CaseRecord]]:
    """Give rows in parts in which no key comes twice, in their order: the later of two about the same is the one in force."""
    part: list[CaseRecord] = []
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        about = tuple(str(row.values.get(name)) for name in key)
        if about in seen:
            yield part
            part, seen = [], set()
        part.append(row)
        seen.add(about)
    if part:
        yield part


def _say(row: CaseRecord, problem: Text, what: str) -> None:
    """Keep why a row is not as it should be where its desk looks: at the row, at its effect, and in the case's history."""
    row.problem_zh, row.problem_en = problem.zh[:300], problem.en[:300]
    effect, item = row.effect, row.effect.item
    effect.problem_zh, effect.problem_en = row.problem_zh, row.problem_en
    effect.save(update_fields=["problem_zh", "problem_en"])
    CaseEntry.objects.create(
        case_id=item.case_id, at=clock.now(), account=SYSTEM.account, what=what, item=item.item, text=row.problem_zh
    )  # fmt: skip
