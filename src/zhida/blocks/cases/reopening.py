"""A refusal that did not hold: its item comes back to its desk, in the same case or, where all was undone, in one that begins again."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from zhida.blocks.cases.errors import CaseOpenAlready
from zhida.blocks.cases.models import Case, CaseItem
from zhida.blocks.cases.moving import REOPENED, REOPENED_AFTER, Moving, begin, save
from zhida.blocks.cases.rules import OVER, CaseState, ItemState, due_after


def bring_back(moving: Moving, item: str, mark: str) -> None:
    """Put a refused item before its department again, with those that were undone because of it. mark: what tells its turn apart.

    A case that was undone as a whole stays as it is; one with the same people and evidence begins. Raises: CaseOpenAlready.
    """
    if moving.case.state in (CaseState.UNDONE, CaseState.UNDOING):
        _begin_again(moving)
        return
    declared = moving.declared.items[item]
    turns = [each for each in moving.items if each.item == item]
    if turns and turns[-1].state == ItemState.REFUSED and not moving.declared.process.elements[item].scope:
        _turn_back(moving, turns[-1])
    for name in (item, *(declared.on_refusal if isinstance(declared.on_refusal, tuple) else ())):
        turns = [each for each in moving.items if each.item == name]
        if turns and turns[-1].state in (ItemState.REFUSED, ItemState.UNDONE):
            _new_turn(moving, turns[-1], f"{REOPENED}{mark}:{name}"[:60])
    _open_again(moving)
    save(moving)


def _turn_back(moving: Moving, refused: CaseItem) -> None:
    """Let the process stand before the refused item again: what lies behind it comes anew, what people did there is taken over."""
    last = max(each.pk for each in moving.items)
    _new_turn(moving, refused, moving.running.reopen(refused.item))
    moving.running.put({REOPENED_AFTER: last})
    waiting = {each.token for each in moving.running.waiting}
    for each in moving.items:
        if each.state not in OVER and each.token not in waiting and not each.token.startswith(REOPENED):
            each.state, each.done_at = ItemState.CANCELLED, moving.at
            each.save()
            moving.note("item_cancelled", each.item)


def _new_turn(moving: Moving, before: CaseItem, token: str) -> None:
    days = moving.declared.items[before.item].working_days
    row = CaseItem.objects.create(
        case=moving.case, item=before.item, token=token, department=before.department, area=before.area, state=ItemState.READY,
        ready_at=moving.at, due_on=due_after(moving.today, days) if days else None,
    )  # fmt: skip
    moving.items.append(row)
    moving.note("reopened", before.item)


def _open_again(moving: Moving) -> None:
    case = moving.case
    if case.state == CaseState.DONE:
        case.state, case.closed_at = CaseState.OPEN, None
        _save_as_open(case)


def _save_as_open(case: Case) -> None:
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError as error:
        raise CaseOpenAlready(case.event, 0) from error


def _begin_again(moving: Moving) -> None:
    old = moving.case
    case = Case(
        event=old.event, version=old.version, case_key=old.case_key, subject_no=old.subject_no, subject_name=old.subject_name,
        applicant_no=old.applicant_no, household_no=old.household_no, community=old.community, happened_on=old.happened_on,
        opened_by=moving.viewer.account, opened_at=moving.at, state=CaseState.OPEN, agreed_by=old.agreed_by, agreed_at=old.agreed_at,
        evidence=old.evidence,
    )  # fmt: skip
    _save_as_open(case)
    again = Moving(case, moving.viewer)
    again.note("reopened", text=old.number)
    begin(again)
    moving.note("reopened", text=case.number)
