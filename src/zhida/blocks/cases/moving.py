"""Moves a case along its process: makes the items that have become due, carries out what is automatic, closes what is finished.

Everything here runs inside the transaction of a command that holds the case's row, so two people, or a person and a worker, never
move one case at once. What reaches outside the house is only written down here; ``working.py`` carries it out afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases import effects
from zhida.blocks.cases.declarations.installed import declared_as
from zhida.blocks.cases.declarations.model import Item, LifeEventDeclaration
from zhida.blocks.cases.errors import CaseNotFound
from zhida.blocks.cases.evidence import Person, missing, persons, values_of
from zhida.blocks.cases.models import Case, CaseEffect, CaseEntry, CaseItem
from zhida.blocks.cases.process import Running
from zhida.blocks.cases.rules import OVER, CaseState, ItemState, desk_area, due_after, moved_on, working_days_between
from zhida.blocks.cases.telling import said
from zhida.blocks.notices import api as notices
from zhida.engine.dmn import DecisionTable
from zhida.kernel import clock
from zhida.kernel.text import Text

DONE, REFUSED, UNDONE = "done", "refused", "undone"
# The item of a gateway that could not decide: a person of the leading department is told.
CROSSROADS = "crossroads"
# The token of an item that an appeal brought back to its desk; the process knows nothing of it.
REOPENED = "appeal:"
# The value by which a process knows that items up to this one were done before it was turned back.
REOPENED_AFTER = "reopened_after"
ENTRY_MAX = 500


@dataclass
class Moving:
    """A case whose row is held, with who moves it. entries, notices: what happened and who hears of it, written together at the end."""

    case: Case
    viewer: access.Viewer
    entries: list[CaseEntry] = field(default_factory=list)
    # Kind -> recipients.
    notices: defaultdict[str, list[notices.Recipient]] = field(default_factory=lambda: defaultdict(list))
    # The case's columns as they stand in the database.
    kept: dict[str, Any] = field(default_factory=dict)
    # Items none of whose effects was tried before this command.
    untried: set[int] = field(default_factory=set)
    at: datetime = field(default_factory=clock.now)
    today: date = field(default_factory=clock.today)
    # A worker should look at the case after the commit: a system outside is to be asked.
    has_asked_outside: bool = False

    def __post_init__(self) -> None:
        self.kept = _columns(self.case)

    @cached_property
    def declared(self) -> LifeEventDeclaration:
        return declared_as(self.case.event, self.case.version)

    @cached_property
    def running(self) -> Running:
        return Running.restore(self.declared.process, self.case.process)

    @cached_property
    def items(self) -> list[CaseItem]:
        """Every item so far, oldest first; new ones are appended as they are made."""
        return list(CaseItem.objects.filter(case=self.case))

    @cached_property
    def people(self) -> dict[int, Person]:
        """The subject and the applicant, as registers know them."""
        return persons([number for number in (self.case.subject_no, self.case.applicant_no) if number])

    def note(self, what: str, item: str = "", text: str = "") -> None:
        self.entries.append(
            CaseEntry(
                case=self.case, at=self.at, account=self.viewer.account, department=self.viewer.department, what=what, item=item,
                text=text[:ENTRY_MAX],
            )
        )  # fmt: skip

    def tell(self, kind: str, *, about: str = "", **parameters: Any) -> None:
        """Tell whoever the case is for one thing about it; the same thing once. Written with everything else, in ``save``.

        about: what makes this notice another than the last of its kind, such as an item. parameters: what a template may want to say.
        Raises: WrongParameters.
        """
        applicant = self.people.get(self.case.applicant_no)
        is_gone = applicant is not None and applicant.is_gone
        recipients = list(said(self.case, self.declared, kind, about, parameters, is_gone))
        notices.check(kind, recipients)
        self.notices[kind] += recipients

    def values(self) -> dict[str, Any]:
        """What conditions and effects may read: evidence, what officers entered, outcomes, decisions."""
        return dict(self.running.values)


def held_case(case_id: int) -> Case:
    """Return a case and hold its row until the transaction ends. Raises: CaseNotFound."""
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise CaseNotFound(case_id)
    return case


def begin(moving: Moving) -> None:
    """Start the process of a case that somebody has agreed to, and move it as far as it goes."""
    case = moving.case
    case.state, case.due_on = CaseState.OPEN, _promised(moving)
    moving.running = Running.start(moving.declared.process, start_values(moving))
    move(moving)


def start_values(moving: Moving) -> dict[str, Any]:
    """Return what a process knows when it begins."""
    case, values = moving.case, values_of(moving.case.evidence)
    if case.happened_on:
        values |= {"happened_on": case.happened_on.isoformat(), "days_since": (moving.today - case.happened_on).days}
    return values


def _promised(moving: Moving) -> date | None:
    days = moving.declared.promised_working_days
    return due_after(moving.today, days) if days else None


def move(moving: Moving) -> None:
    """Move a case until everything that is left waits for a person, a system or a day; then write it."""
    while moving.case.state == CaseState.OPEN:
        moving.running.advance()
        known = {item.token for item in moving.items}
        new = [waiting for waiting in moving.running.waiting if waiting.token not in known]
        if not new:
            break
        for waiting in new:
            arrive(moving, waiting.token, waiting.element)
    if moving.case.state == CaseState.OPEN:
        _close_or_tell(moving)
    save(moving)


def _close_or_tell(moving: Moving) -> None:
    if moving.running.stuck is None:
        _leave_crossroads(moving)
    # What an appeal brought back, or what is being taken back, is a part of the case until it is over.
    if any(item.state == ItemState.UNDO or (item.token.startswith(REOPENED) and item.state not in OVER) for item in moving.items):
        return
    if moving.running.is_done:
        close(moving, CaseState.DONE)
    elif moving.running.stuck is not None:
        _tell_crossroads(moving)


def close(moving: Moving, state: CaseState) -> None:
    moving.case.state, moving.case.closed_at = state, moving.at
    moving.note("case_" + state)
    if state == CaseState.DONE:
        moving.tell("case_done")
    else:
        moving.tell("case_undone", reason=Text(moving.case.undone_because, moving.case.undone_because))


def save(moving: Moving) -> None:
    """Write what changed in the case's row, what happened, and who hears of it.

    Notices come last: their entry in the audit log holds the log's head until the commit, for everybody.
    """
    case = moving.case
    if "running" in moving.__dict__:
        case.process, case.wake_at = moving.running.state(), moving.running.next_wake
    if case.state != CaseState.OPEN:
        case.wake_at = None
    now = _columns(case)
    if changed := [name for name, value in now.items() if value != moving.kept[name]]:
        case.save(update_fields=changed)
        moving.kept = now
    CaseEntry.objects.bulk_create(moving.entries)
    moving.entries.clear()
    for kind, recipients in moving.notices.items():
        notices.notify(SYSTEM, kind, recipients, Purpose.CASEWORK)
    moving.notices.clear()


def _columns(case: Case) -> dict[str, Any]:
    return {each.attname: getattr(case, each.attname) for each in Case._meta.concrete_fields}


def arrive(moving: Moving, token: str, element: str) -> None:
    """Make the item of a task that the process has come to; carry it out where nobody is needed."""
    declared = moving.declared.items[element]
    before = _done_before(moving, element)
    item = _new_item(moving, declared, token)
    if before is not None and declared.kind == "person":
        _as_before(moving, item, before)
        return
    if before is not None and declared.kind == "automatic":
        effects.undo_effects(moving, before, declared)
        before.state = ItemState.UNDONE
        before.save()
    if declared.kind == "table":
        _decide_by_table(moving, declared, item)
    elif declared.kind == "automatic":
        finish(moving, item, declared)
    elif wanted := missing(moving.declared, moving.case.evidence, [declared.key]):
        _wait_for_answers(moving, item, [each.label for each in wanted])


def _done_before(moving: Moving, element: str) -> CaseItem | None:
    """Return the turn of an item that was done before an appeal brought an earlier one back; what people did then holds."""
    until = moving.running.values.get(REOPENED_AFTER, 0)
    turns = [item for item in moving.items if item.item == element and item.state == ItemState.DONE and item.pk <= until]
    return turns[-1] if turns else None


def _as_before(moving: Moving, item: CaseItem, before: CaseItem) -> None:
    """Take over what was done: nobody does it twice, and its effects stay those of its first turn."""
    item.entered, item.assignee = before.entered, before.assignee
    said = [effect.result.get("values", {}) for effect in CaseEffect.objects.filter(item=before)]
    values = {key: value for each in said for key, value in each.items()}
    complete(moving, item, {**before.entered, **values, f"{item.item}_outcome": DONE})


def _new_item(moving: Moving, declared: Item, token: str) -> CaseItem:
    """Make an item. One that nobody is needed for is written as done at once; where it is not, ``finish`` says so."""
    is_automatic = declared.kind != "person"
    item = CaseItem.objects.create(
        case=moving.case, item=declared.key, token=token, department=declared.department or moving.declared.leads,
        area=desk_area(moving.case.community, declared.level), is_automatic=is_automatic,
        state=ItemState.DONE if is_automatic else ItemState.READY, ready_at=moving.at, done_at=moving.at if is_automatic else None,
        due_on=due_after(moving.today, declared.working_days) if declared.working_days else None,
    )  # fmt: skip
    moving.items.append(item)
    moving.untried.add(item.pk)
    return item


def _wait_for_answers(moving: Moving, item: CaseItem, labels: list[Text]) -> None:
    item.state, item.clock_stopped_on = ItemState.RETURNED, moving.today
    item.save()
    moving.note("asked_resident", item.item, "、".join(label.zh for label in labels))
    asked = Text("、".join(label.zh for label in labels), ", ".join(label.en for label in labels))
    moving.tell("case_asked", about=item.item, missing=asked)


def _decide_by_table(moving: Moving, declared: Item, item: CaseItem) -> None:
    """Let a decision table say what follows. What it cannot say stays unknown, and the gateway behind it tells a person."""
    outputs = table_outputs(moving.declared.tables[declared.table], moving.values())
    complete(moving, item, {**outputs, f"{item.item}_outcome": DONE})


def table_outputs(table: DecisionTable, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a decision table says, as a case keeps it.

    A table that gives a list gives each of its outputs as the list of what its rules said, in their order.
    """
    found = table.decide(typed(values))
    outputs: dict[str, Any] = {name: plain_value(value) for name, value in found.values.items()}
    for name in table.outputs if found.rows else ():
        outputs[name] = [plain_value(row[name]) for row in found.rows]
    return outputs


def finish(moving: Moving, item: CaseItem, declared: Item) -> None:
    """Bring about an item's effects; once all are there the process goes on. What fails is tried again, or needs a person."""
    made = effects.carry_out(moving, item, declared)
    if made.is_whole:
        complete(moving, item, {**item.entered, **made.values, f"{item.item}_outcome": DONE})
    else:
        item.state, item.done_at = ItemState.WORKING if made.is_retried else ItemState.STUCK, None
        if item.state == ItemState.STUCK and item.due_on is None:
            item.due_on = due_after(moving.today, 1)
        item.save()
        moving.note("item_" + item.state, item.item)


def complete(moving: Moving, item: CaseItem, values: Mapping[str, Any]) -> None:
    """Write an item as over and let the process go on from it with new values."""
    is_refused = values.get(f"{item.item}_outcome") == REFUSED
    if item.state != ItemState.DONE or is_refused:
        item.state = ItemState.REFUSED if is_refused else ItemState.DONE
        item.done_at, item.clock_stopped_on = moving.at, None
        item.save(update_fields=["state", "done_at", "clock_stopped_on", "entered", "assignee", "reason"])
    moving.note("item_" + item.state, item.item, item.reason)
    if item.token.startswith(REOPENED):
        # The process has been here before: it learns the new values, its tokens are elsewhere.
        moving.running.put(dict(values))
    else:
        moving.running.complete(item.token, dict(values))


def resume_clock(item: CaseItem, today: date) -> None:
    """Let an item's clock run on from where it stood, and count the working days that others had the word."""
    if item.clock_stopped_on is None:
        return
    item.stood_days += working_days_between(item.clock_stopped_on, today)
    item.due_on = moved_on(item.due_on, item.clock_stopped_on, today) if item.due_on else None
    item.clock_stopped_on = None


def _tell_crossroads(moving: Moving) -> None:
    """Tell the leading department that a condition could not be decided, and why."""
    element, condition = moving.running.stuck or ("", "")
    if any(item.item == CROSSROADS and item.state not in OVER for item in moving.items):
        return
    item = CaseItem.objects.create(
        case=moving.case, item=CROSSROADS, token=f"{CROSSROADS}:{element}:{len(moving.items)}", department=moving.declared.leads,
        area=desk_area(moving.case.community, "district"), state=ItemState.STUCK, ready_at=moving.at, due_on=due_after(moving.today, 1),
        reason=f"{element}: {condition}"[:ENTRY_MAX],
    )  # fmt: skip
    moving.items.append(item)
    moving.note("crossroads", item.item, item.reason)


def _leave_crossroads(moving: Moving) -> None:
    """Take the question of a gateway off its desk once the process has gone on, whoever brought what was missing."""
    for item in moving.items:
        if item.item == CROSSROADS and item.state not in OVER:
            item.state, item.done_at = ItemState.DONE, moving.at
            item.save()


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with days as dates, as decision tables compare them."""
    return {name: _as_date(value) for name, value in values.items()}


def _as_date(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def plain_value(value: Any) -> Any:
    """Return what a table decided as a JSON scalar."""
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if hasattr(value, "as_tuple") and value == int(value) else value
