"""How cases begin when somebody asks, and what residents answer. What the city has is fetched; what is missing is asked once for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import undoing, uploads
from zhida.blocks.cases.declarations.installed import keep_version, life_event
from zhida.blocks.cases.declarations.model import Field, LifeEventDeclaration
from zhida.blocks.cases.errors import AnswersMissing, CannotBeOpened, CaseInWrongState, CaseNotFound, CaseOpenAlready
from zhida.blocks.cases.evidence import Person, Wanted, askable, gather, keep_answers, missing, persons, read_answers
from zhida.blocks.cases.models import Case, CaseItem, LifeEventOptOut
from zhida.blocks.cases.moving import Moving, begin, held_case, move, resume_clock, save
from zhida.blocks.cases.rules import CLOSED, CaseState, ItemState
from zhida.blocks.cases.subjects import is_adult, require_fit
from zhida.blocks.parties import api as parties
from zhida.engine.feel import parse_expression
from zhida.kernel import clock

ASKED = "asked"


@dataclass(frozen=True)
class Preview:
    """What a case would begin with: what the city has, and the fields it would ask."""

    declared: LifeEventDeclaration
    subject: Person
    applicant: Person
    evidence: dict[str, Any]
    fields: list[Field]
    open_case: int | None = None


def preview(viewer: Viewer, event: str, subject_no: int, applicant_no: int = 0) -> Preview:
    """Return what a resident, or a street officer for them, sees before a case is opened; nothing is written but who looked.

    Raises: UnknownLifeEvent, CannotBeOpened, SubjectUnfit, PermissionMissing, NotYours.
    """
    declared, wanted = _asked_for(viewer, event, subject_no, applicant_no)
    assert wanted.applicant is not None
    evidence = gather(declared, [wanted])[0]
    open_case = _open_case(declared, wanted.subject)
    return Preview(declared, wanted.subject, wanted.applicant, evidence, askable(declared, evidence), open_case.pk if open_case else None)


def open_case(
    viewer: Viewer, event: str, subject_no: int, written: Mapping[str, Any], applicant_no: int = 0, happened_on: date | None = None
) -> Case:
    """Open a case with the answers to what the city does not know, and let it go as far as it goes.

    Raises: UnknownLifeEvent, CannotBeOpened, SubjectUnfit, CaseOpenAlready, AnswersMissing (nothing is written), PermissionMissing,
    NotYours.
    """
    declared, wanted = _asked_for(viewer, event, subject_no, applicant_no)
    evidence = gather(declared, [wanted])[0]
    answers = _answers(declared, evidence, written)
    with transaction.atomic():
        if already := _open_case(declared, wanted.subject):
            raise CaseOpenAlready(event, already.pk)
        case = new_case(declared, wanted, viewer, evidence, CaseState.OPEN, happened_on or _happened_on(evidence))
        try:
            with transaction.atomic():
                case.save()
        except IntegrityError as error:
            raise CaseOpenAlready(event, 0) from error
        moving = Moving(case, viewer)
        moving.note("opened")
        _agree(moving, answers)
        begin(moving)
    return case


def _asked_for(viewer: Viewer, event: str, subject_no: int, applicant_no: int) -> tuple[LifeEventDeclaration, Wanted]:
    """Return who a case would be about, once it is certain that the viewer may open it for them."""
    declared = life_event(event)
    purpose = access.require(viewer, "cases.own" if viewer.role == "resident" else "cases.open")
    applicant = (viewer.resident_no or 0) if viewer.role == "resident" else (applicant_no or subject_no)
    found = persons([subject_no, applicant])
    if subject_no not in found or applicant not in found:
        raise access.NotYours(viewer.account, f"resident {subject_no}")
    _require_may_open(viewer, declared, found[subject_no], found[applicant])
    access.record_access(viewer, purpose, "cases.evidence", f"resident {subject_no} {event}")
    return declared, Wanted(found[subject_no], found[applicant])


def _require_may_open(viewer: Viewer, declared: LifeEventDeclaration, subject: Person, applicant: Person) -> None:
    if viewer.role == "resident":
        if not declared.for_residents:
            raise CannotBeOpened(declared.key)
        if subject.household_no != applicant.household_no or not is_adult(applicant):
            raise access.NotYours(viewer.account, f"resident {subject.resident_no}")
    else:
        if not declared.at_the_counter:
            raise CannotBeOpened(declared.key)
        access.require_resident(viewer, subject.resident_no, subject.community)
    require_fit(declared, subject, viewer.resident_no or 0)


def case_key(declared: LifeEventDeclaration, subject: Person) -> str:
    number = subject.household_no if declared.case_key == "household" else subject.resident_no
    return f"{declared.key}:{number}"


def _open_case(declared: LifeEventDeclaration, subject: Person) -> Case | None:
    """Return the open case about a subject, also one that began under a number which has been merged into theirs since."""
    merged = [number for number, kept in parties.merged_numbers().items() if kept == subject.resident_no]
    keys = {case_key(declared, each) for each in (subject, *(replace(subject, resident_no=number) for number in merged))}
    return Case.objects.filter(case_key__in=keys).exclude(state__in=CLOSED).first()


def new_case(
    declared: LifeEventDeclaration, wanted: Wanted, viewer: Viewer, evidence: dict[str, Any], state: CaseState, happened_on: date | None
) -> Case:
    subject = wanted.subject
    return Case(
        event=declared.key, version=keep_version(declared), case_key=case_key(declared, subject), subject_no=subject.resident_no,
        subject_name=subject.name, applicant_no=wanted.applicant.resident_no if wanted.applicant else 0, household_no=subject.household_no,
        community=subject.community, happened_on=happened_on, opened_by=viewer.account, opened_at=clock.now(), state=state,
        evidence=evidence,
    )  # fmt: skip


def _happened_on(evidence: Mapping[str, Any]) -> date | None:
    written = evidence.get("happened_on")
    return date.fromisoformat(written["value"]) if written else None


def _answers(declared: LifeEventDeclaration, evidence: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    answers, problems = read_answers(askable(declared, evidence), written, evidence)
    if problems:
        raise AnswersMissing(problems)
    return answers


def _agree(moving: Moving, answers: Mapping[str, Any]) -> None:
    """Take answers into a case: as evidence, and kept for the next one."""
    case = moving.case
    today = moving.today.isoformat()
    case.evidence = {**case.evidence, **{key: {"value": value, "source": ASKED, "on": today} for key, value in answers.items()}}
    case.happened_on = case.happened_on or _happened_on(case.evidence)
    if case.agreed_at is None:
        case.agreed_by, case.agreed_at = moving.viewer.account, moving.at
    uploads.take_in(case, moving.viewer, moving.declared.evidence, answers)
    keep_answers(moving.declared, case, answers)


@transaction.atomic
def agree(viewer: Viewer, case_id: int, written: Mapping[str, Any]) -> Case:
    """Say yes to a case that was found, with what it still asks: the one confirmation.

    Raises: CaseNotFound, CaseInWrongState, AnswersMissing.
    """
    access.require(viewer, "cases.own")
    moving = Moving(held_case(case_id), viewer)
    require_resident_of(viewer, moving.case)
    if moving.case.state != CaseState.FOUND:
        raise CaseInWrongState(case_id, moving.case.state)
    _come_forward(moving)
    _agree(moving, _answers(moving.declared, moving.case.evidence, written))
    moving.note("agreed")
    begin(moving)
    return moving.case


@transaction.atomic
def decline(viewer: Viewer, case_id: int, never_again: bool = False) -> Case:
    """Say no to a case that was found; never_again keeps the event from being opened unasked for this resident.

    Raises: CaseNotFound, CaseInWrongState.
    """
    access.require(viewer, "cases.own")
    moving = Moving(held_case(case_id), viewer)
    require_resident_of(viewer, moving.case)
    if moving.case.state != CaseState.FOUND:
        raise CaseInWrongState(case_id, moving.case.state)
    moving.case.state, moving.case.closed_at = CaseState.DECLINED, moving.at
    moving.note("declined")
    if never_again:
        opt_out(viewer, moving.case.event)
    save(moving)
    return moving.case


def opt_out(viewer: Viewer, event: str, out: bool = True) -> None:
    """Keep, or take back, that cases of an event are not opened unasked for this resident. Raises: UnknownLifeEvent, PermissionMissing."""
    access.require(viewer, "cases.own")
    life_event(event)
    if out:
        LifeEventOptOut.objects.get_or_create(resident_no=viewer.resident_no, event=event, defaults={"since": clock.now()})
    else:
        LifeEventOptOut.objects.filter(resident_no=viewer.resident_no, event=event).delete()


def opted_out(viewer: Viewer) -> set[str]:
    access.require(viewer, "cases.own")
    return set(LifeEventOptOut.objects.filter(resident_no=viewer.resident_no).values_list("event", flat=True))


@transaction.atomic
def withdraw_case(viewer: Viewer, case_id: int, reason: str) -> None:
    """Let a resident take a running case back: what was done for it is undone. Raises: CaseNotFound, CaseInWrongState."""
    access.require(viewer, "cases.own")
    moving = Moving(held_case(case_id), viewer)
    require_resident_of(viewer, moving.case)
    if moving.case.state != CaseState.OPEN:
        raise CaseInWrongState(case_id, moving.case.state)
    undoing.begin(moving, reason.strip()[:500] or "申请人撤回")


@transaction.atomic
def answer(viewer: Viewer, case_id: int, written: Mapping[str, Any], said: str = "", added: str = "") -> Case:
    """Answer what items of a running case still wait for; the items whose questions are answered go back to their desks.

    said: what the resident says to them beside the answers; it stands in the case's history, for the items that asked.
    added: the number of a file kept as ``ADDED``, for the items that were sent back.
    Sent a second time, when nothing waits for it any more, it changes nothing.
    Raises: CaseNotFound, CaseInWrongState, AnswersMissing.
    """
    access.require(viewer, "cases.own")
    moving = Moving(held_case(case_id), viewer)
    require_resident_of(viewer, moving.case)
    if moving.case.state != CaseState.OPEN:
        raise CaseInWrongState(case_id, moving.case.state)
    case, returned = moving.case, [item for item in moving.items if item.state == ItemState.RETURNED]
    if not returned and not unknown_at_crossroads(moving):
        return case
    moving.running.put(_come_forward(moving))
    fields = fields_waited_for(moving)
    answers, problems = read_answers(fields, written, {} if _was_returned(moving) else case.evidence)
    if problems:
        raise AnswersMissing(problems)
    _agree(moving, answers)
    moving.running.put(answers)
    if added and returned:
        name = uploads.take_added(case, viewer, added, [item.item for item in returned])
        said = "；".join(each for each in (said.strip(), name) if each)
    _note_answers(moving, returned, [field for field in fields if field.key in answers], said)
    for item in returned:
        if not missing(moving.declared, case.evidence, [item.item]):
            item.state = ItemState.CLAIMED if item.assignee else ItemState.READY
            resume_clock(item, moving.today)
            item.save()
    move(moving)
    return case


def _note_answers(moving: Moving, returned: Sequence[CaseItem], answered: Sequence[Field], said: str) -> None:
    """Write what was said and answered to each item that asked: other desks do not read it."""
    for item in [each.item for each in returned] or [""]:
        labels = "、".join(field.label.zh for field in answered if not item or item in field.needed_by)
        moving.note("answered", item, "；".join(each for each in (said.strip(), labels) if each))


def _come_forward(moving: Moving) -> dict[str, Any]:
    """Make the viewer the applicant of a case that has none any more, and return what the city knows by that and did not before."""
    case, viewer = moving.case, moving.viewer
    if case.applicant_no and (viewer.resident_no in (case.applicant_no, case.subject_no) or not applicant_has_gone(case)):
        return {}
    before = case.evidence if not case.applicant_no else _without_applicant(moving.declared, case.evidence)
    case.applicant_no, case.evidence = viewer.resident_no or 0, before
    case.evidence = evidence_with(moving.declared, case, case.applicant_no)
    return {key: each["value"] for key, each in case.evidence.items() if key not in before}


def _without_applicant(declared: LifeEventDeclaration, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known without what registers said of an applicant whose place somebody else takes."""
    theirs = {field.key for field in declared.evidence if field.of == "applicant"}
    return {key: each for key, each in evidence.items() if key not in theirs or each["source"] == ASKED}


def evidence_with(declared: LifeEventDeclaration, case: Case, applicant_no: int) -> dict[str, Any]:
    """Return what a case knows with somebody as its applicant: what registers tell of them need not be asked. Nothing is written."""
    people = persons([case.subject_no, applicant_no])
    if case.subject_no not in people:
        return case.evidence
    of_applicant = {field.key for field in declared.evidence if field.of == "applicant"}
    known = gather(declared, [Wanted(people[case.subject_no], people.get(applicant_no))])[0]
    return {**{key: each for key, each in known.items() if key in of_applicant}, **case.evidence}


def fields_waited_for(moving: Moving) -> list[Field]:
    """List what the resident is asked now: what returned items need and registers do not tell, and what a crossroads lacks."""
    returned = {item.item for item in moving.items if item.state == ItemState.RETURNED}
    fields = [field for field in askable(moving.declared, moving.case.evidence) if returned & set(field.needed_by)]
    unknown = unknown_at_crossroads(moving)
    return fields + [field for field in moving.declared.evidence if field.key in unknown and field not in fields]


def unknown_at_crossroads(moving: Moving) -> set[str]:
    """Return the values that a gateway waits for; empty where none does."""
    stuck = moving.running.stuck if moving.case.process and moving.case.state == CaseState.OPEN else None
    if stuck is None:
        return set()
    values = moving.running.values
    return {name for name in parse_expression(stuck.condition, stuck.element).names if values.get(name) is None}


def _was_returned(moving: Moving) -> bool:
    return any(item.state == ItemState.RETURNED and item.reason for item in moving.items)


def require_resident_of(viewer: Viewer, case: Case) -> None:
    """Let a resident into a case of their own: as applicant, as subject, or as an adult of the household while nobody has applied,
    or who applied has died.

    Raises: CaseNotFound, so that nobody learns whose cases exist.
    """
    if viewer.resident_no and viewer.resident_no in (case.applicant_no, case.subject_no):
        return
    if viewer.resident_no and (not case.applicant_no or applicant_has_gone(case)):
        own = persons([viewer.resident_no]).get(viewer.resident_no)
        if own is not None and own.household_no == case.household_no and is_adult(own):
            return
    raise CaseNotFound(case.pk)


def applicant_has_gone(case: Case) -> bool:
    """Say whether a case that is not over has an applicant who is in the registers no more: has died, or left the city."""
    applicant = None if case.state in CLOSED else persons([case.applicant_no]).get(case.applicant_no)
    return applicant is not None and applicant.is_gone
