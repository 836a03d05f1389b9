"""What officers do with items at their desks: claim, do, return, ask, refuse, escalate. One transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import undoing, working
from zhida.blocks.cases.errors import (
    AnswersMissing,
    DepartmentUnknown,
    ItemInWrongState,
    ItemNotFound,
    ItemNotYours,
    ReasonNeeded,
)
from zhida.blocks.cases.evidence import read_answers
from zhida.blocks.cases.models import Case, CaseEffect, CaseItem, ItemQuestion
from zhida.blocks.cases.moving import CROSSROADS, Moving, finish, held_case, move, resume_clock, save
from zhida.blocks.cases.rules import (
    AT_A_DESK,
    QUESTION_WORKING_DAYS,
    STREET,
    CaseState,
    EffectState,
    ItemState,
    desk_area,
    due_after,
    level_of,
)
from zhida.blocks.cases.supervising import tell_captain
from zhida.blocks.records import api as records
from zhida.kernel.text import Text

HANDLE = "cases.handle"
# What a lead may hand out, or an officer take.
UNCLAIMED = (ItemState.READY, ItemState.UNDO)


def at_desk(viewer: Viewer) -> Q:
    """Return the condition for items of the viewer's department whose desk lies in the viewer's area; nothing for who has no desk."""
    low, high = viewer.community_span
    return Q(department=viewer.department or "-", area__gte=low, area__lt=high)


def held_item(viewer: Viewer, item_id: int, *states: ItemState) -> tuple[Moving, CaseItem]:
    """Return an item of the viewer's desk with its case held. Raises: PermissionMissing, ItemNotFound, ItemInWrongState."""
    access.require(viewer, HANDLE)
    its_case = CaseItem.objects.filter(at_desk(viewer), pk=item_id).values("case_id")
    case = Case.objects.select_for_update().filter(pk__in=its_case).first()
    if case is None:
        raise ItemNotFound(item_id)
    moving = Moving(case, viewer)
    item = next(each for each in moving.items if each.pk == item_id)
    if item.state not in states:
        raise ItemInWrongState(item_id, item.state)
    return moving, item


def _own_item(viewer: Viewer, item_id: int, *states: ItemState) -> tuple[Moving, CaseItem]:
    """Return an item that is the viewer's own, or nobody's: who acts on one that nobody has claimed has claimed it."""
    moving, item = held_item(viewer, item_id, *states)
    if item.assignee and item.assignee != viewer.account:
        raise ItemNotYours(item_id, item.assignee)
    item.assignee = viewer.account
    return moving, item


@transaction.atomic
def claim(viewer: Viewer, item_id: int) -> CaseItem:
    """Take an item on. Raises: ItemNotFound, ItemNotYours, ItemInWrongState."""
    moving, item = _own_item(viewer, item_id, *AT_A_DESK)
    _take_on(moving, item)
    return item


def _take_on(moving: Moving, item: CaseItem) -> None:
    item.assignee = moving.viewer.account
    if item.state == ItemState.READY:
        item.state = ItemState.CLAIMED
    item.save(update_fields=["assignee", "state"])
    moving.note("claimed", item.item)
    save(moving)


@transaction.atomic
def claim_next(viewer: Viewer) -> CaseItem | None:
    """Take on the item of the viewer's desk that is due first; None where none waits. Two officers never get the same one."""
    access.require(viewer, HANDLE)
    return take_first(viewer, free_items(viewer))


@transaction.atomic
def take_first(viewer: Viewer, rows: QuerySet[CaseItem]) -> CaseItem | None:
    """Return the first of some items that are the viewer's own or nobody's, taken on by the viewer; None where there is none."""
    # Item and case are held together, so neither waits for the other; what a colleague holds just now is theirs.
    item = rows.select_related("case").select_for_update(skip_locked=True, of=("self", "case")).first()
    if item is not None and item.assignee != viewer.account:
        _take_on(Moving(item.case, viewer), item)
    return item


def free_items(viewer: Viewer) -> QuerySet[CaseItem]:
    """Return what nobody at the viewer's desk has claimed, what is due first first."""
    rows = CaseItem.objects.filter(at_desk(viewer), state__in=UNCLAIMED, assignee="")
    return rows.order_by(F("due_on").asc(nulls_last=True), "pk")


@transaction.atomic
def give_back(viewer: Viewer, item_id: int) -> CaseItem:
    """Put a claimed item back into the queue. Raises: ItemNotFound, ItemNotYours, ItemInWrongState."""
    moving, item = _own_item(viewer, item_id, ItemState.CLAIMED, ItemState.UNDO)
    item.assignee = ""
    if item.state == ItemState.CLAIMED:
        item.state = ItemState.READY
    item.save()
    moving.note("given_back", item.item)
    save(moving)
    return item


def finish_item(viewer: Viewer, item_id: int, written: Mapping[str, Any]) -> CaseItem:
    """Say that an item is done, with what its form asks; its effects happen, and the case goes on.

    Messages to outside systems are tried at once, after the commit. Raises: ItemNotFound, ItemNotYours, ItemInWrongState, AnswersMissing.
    """
    with transaction.atomic():
        moving, item = _own_item(viewer, item_id, ItemState.READY, ItemState.CLAIMED, ItemState.STUCK)
        if item.is_automatic or item.item == CROSSROADS:
            raise ItemInWrongState(item_id, item.state)
        declared = moving.declared.items[item.item]
        entered, problems = read_answers(declared.enters, written, {})
        if problems:
            raise AnswersMissing(problems)
        if item.state == ItemState.STUCK:
            _asked_again(item, EffectState.WAITING, None)
        else:
            moving.untried.add(item.pk)
        item.entered, item.state, item.reason = entered, ItemState.CLAIMED, ""
        finish(moving, item, declared)
        move(moving)
    _ask_outside(moving)
    return item


@transaction.atomic
def return_item(viewer: Viewer, item_id: int, reason: str) -> CaseItem:
    """Give the word back to the resident: what is wrong or missing. The item's clock stands until they have answered.

    Raises: ItemNotFound, ItemNotYours, ItemInWrongState, ReasonNeeded.
    """
    moving, item = _own_item(viewer, item_id, ItemState.READY, ItemState.CLAIMED)
    item.reason = _reason(item_id, reason)
    item.state, item.clock_stopped_on = ItemState.RETURNED, moving.today
    item.save()
    moving.note("returned", item.item, item.reason)
    label, said = moving.declared.items[item.item].label, Text(item.reason, item.reason)
    moving.tell("case_returned", about=f"{item.pk}:{moving.at:%Y%m%d%H%M%S}", item=label, reason=said)
    save(moving)
    return item


def refuse_item(viewer: Viewer, item_id: int, reason: str) -> CaseItem:
    """Refuse an item with a reason; what follows is what its declaration says: the case goes on, or what was done is undone.

    Raises: ItemNotFound, ItemNotYours, ItemInWrongState, ReasonNeeded.
    """
    with transaction.atomic():
        moving, item = _own_item(viewer, item_id, ItemState.READY, ItemState.CLAIMED, ItemState.STUCK)
        said = _reason(item_id, reason)
        if item.item == CROSSROADS:
            raise ItemInWrongState(item_id, item.state)
        undoing.refuse(moving, item, said)
    _ask_outside(moving)
    return item


def undo_done(viewer: Viewer, item_id: int, note: str) -> CaseItem:
    """Say that what an item did has been undone by hand. Raises: ItemNotFound, ItemNotYours, ItemInWrongState, ReasonNeeded."""
    with transaction.atomic():
        moving, item = _own_item(viewer, item_id, ItemState.UNDO)
        undoing.undone_by_person(moving, item, _reason(item_id, note))
    _ask_outside(moving)
    return item


def take_back(viewer: Viewer, item_id: int, reason: str) -> CaseItem:
    """Take back what was done at one's own desk, also in a case that is closed: a birth certificate that turns out wrong.

    Where a refusal of the item would undo everything, so does this; else only the item itself is undone.
    Raises: ItemNotFound, ItemInWrongState, CaseOpenAlready, ReasonNeeded.
    """
    with transaction.atomic():
        moving, item = held_item(viewer, item_id, ItemState.DONE)
        said = _reason(item_id, reason)
        if moving.case.state not in (CaseState.OPEN, CaseState.DONE):
            raise ItemInWrongState(item_id, moving.case.state)
        undoing.take_back(moving, item, said)
    _ask_outside(moving)
    return item


def retry_item(viewer: Viewer, item_id: int) -> CaseItem:
    """Try again what a system refused or could not take, or take back, or what a gateway could not decide.

    Raises: ItemNotFound, ItemInWrongState.
    """
    with transaction.atomic():
        moving, item = held_item(viewer, item_id, ItemState.STUCK, ItemState.WORKING, ItemState.UNDO)
        moving.note("retried", item.item)
        if item.item == CROSSROADS:
            _past_crossroads(moving, item)
        elif item.state == ItemState.UNDO:
            moving.has_asked_outside = bool(_asked_again(item, EffectState.UNDOING, moving.at))
        else:
            _asked_again(item, EffectState.WAITING, None)
            item.state = ItemState.WORKING
            item.save()
            finish(moving, item, moving.declared.items[item.item])
        move(moving)
    _ask_outside(moving)
    return item


def _asked_again(item: CaseItem, state: EffectState, at: datetime | None) -> int:
    # Not 0: an effect that was never tried is one that never left.
    return CaseEffect.objects.filter(item=item, state=state).update(attempts=1, next_attempt_at=at)


def _past_crossroads(moving: Moving, item: CaseItem) -> None:
    moving.running.advance()
    if moving.running.stuck is None:
        item.state, item.done_at = ItemState.DONE, moving.at
        item.save()


@transaction.atomic
def ask_department(viewer: Viewer, item_id: int, department: str, text: str) -> ItemQuestion:
    """Ask another department about an item; the item's clock stands until it has answered.

    Raises: ItemNotFound, ItemNotYours, ItemInWrongState, DepartmentUnknown, ReasonNeeded.
    """
    moving, item = _own_item(viewer, item_id, ItemState.READY, ItemState.CLAIMED)
    if department not in {*records.departments(), STREET} or department == item.department:
        raise DepartmentUnknown(department)
    level = STREET if department == STREET else "district"
    question = ItemQuestion.objects.create(
        item=item, department=department, area=desk_area(moving.case.community, level), text=_reason(item_id, text),
        asked_by=viewer.account, asked_at=moving.at, due_on=due_after(moving.today, QUESTION_WORKING_DAYS),
    )  # fmt: skip
    item.state, item.clock_stopped_on = ItemState.ASKED, moving.today
    item.save()
    moving.note("question", item.item, text)
    save(moving)
    return question


@transaction.atomic
def answer_question(viewer: Viewer, question_id: int, text: str) -> ItemQuestion:
    """Answer what another department asked; its item goes on. Raises: ItemNotFound, ReasonNeeded."""
    access.require(viewer, HANDLE)
    open_now = ItemQuestion.objects.filter(at_desk(viewer), pk=question_id, answered_at=None)
    case_id = open_now.values_list("item__case_id", flat=True).first()
    moving = Moving(held_case(case_id), viewer) if case_id else None
    # Read once the case is held: a colleague may have answered just before.
    question = open_now.first()
    if moving is None or question is None:
        raise ItemNotFound(question_id)
    question.answer, question.answered_by, question.answered_at = _reason(question_id, text), viewer.account, moving.at
    question.save()
    item = next(each for each in moving.items if each.pk == question.item_id)
    if item.state == ItemState.ASKED and not ItemQuestion.objects.filter(item=item, answered_at=None).exists():
        item.state = ItemState.CLAIMED if item.assignee else ItemState.READY
        resume_clock(item, moving.today)
        item.save()
    moving.note("question_answered", item.item, text)
    save(moving)
    return question


@transaction.atomic
def escalate(viewer: Viewer, item_id: int, reason: str) -> CaseItem:
    """Ask the captain of one's level for help with an item, before any light turns red.

    Raises: ItemNotFound, ItemInWrongState, ReasonNeeded.
    """
    moving, item = held_item(viewer, item_id, *AT_A_DESK, ItemState.ASKED, ItemState.STUCK)
    item.escalated_to = "city" if level_of(item.area) == "city" or item.escalated_to else "district"
    item.save()
    moving.note("escalated", item.item, _reason(item_id, reason))
    tell_captain(moving, item)
    save(moving)
    return item


def _ask_outside(moving: Moving) -> None:
    """Ask the systems that a command wrote messages for, now that it is committed; what fails is asked again by workers."""
    if moving.has_asked_outside:
        working.work(moving.case.pk)


def _reason(number: int, text: str) -> str:
    if not text.strip():
        raise ReasonNeeded(number)
    return text.strip()[:500]
