"""How cases begin: somebody asks, or the feeds know. What the city has is fetched; what is missing is asked once, for all items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases import undoing, uploads
from zhida.blocks.cases.declarations.installed import keep_version, life_event, life_events
from zhida.blocks.cases.declarations.model import Field, LifeEventDeclaration
from zhida.blocks.cases.errors import AnswersMissing, CannotBeOpened, CaseInWrongState, CaseNotFound, CaseOpenAlready
from zhida.blocks.cases.evidence import Person, Wanted, askable, gather, keep_answers, missing, persons, read_answers
from zhida.blocks.cases.models import Case, CaseEntry, LifeEventOptOut
from zhida.blocks.cases.moving import Moving, begin, held_case, move, resume_clock, save
from zhida.blocks.cases.rules import CLOSED, CaseState, ItemState, due_after
from zhida.blocks.cases.subjects import is_adult, require_fit
from zhida.blocks.cases.telling import said
from zhida.blocks.notices import api as notices
from zhida.blocks.records import api as records
from zhida.engine.feel import parse_expression
from zhida.kernel import clock

ASKED = "asked"
# So many cases are looked up and written at once.
FOUND_AT_ONCE = 500


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
        case = _new_case(declared, wanted, viewer, evidence, CaseState.OPEN, happened_on or _happened_on(evidence))
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


def _case_key(declared: LifeEventDeclaration, subject: Person) -> str:
    number = subject.household_no if declared.case_key == "household" else subject.resident_no
    return f"{declared.key}:{number}"


def _open_case(declared: LifeEventDeclaration, subject: Person) -> Case | None:
    return Case.objects.filter(case_key=_case_key(declared, subject)).exclude(state__in=CLOSED).first()


def _new_case(
    declared: LifeEventDeclaration, wanted: Wanted, viewer: Viewer, evidence: dict[str, Any], state: CaseState, happened_on: date | None
) -> Case:
    subject = wanted.subject
    return Case(
        event=declared.key, version=keep_version(declared), case_key=_case_key(declared, subject), subject_no=subject.resident_no,
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
def answer(viewer: Viewer, case_id: int, written: Mapping[str, Any], said: str = "") -> Case:
    """Answer what items of a running case still wait for; the items whose questions are answered go back to their desks.

    said: what the resident says to them beside the answers; it stands in the case's history.
    Raises: CaseNotFound, CaseInWrongState, AnswersMissing.
    """
    access.require(viewer, "cases.own")
    moving = Moving(held_case(case_id), viewer)
    require_resident_of(viewer, moving.case)
    if moving.case.state != CaseState.OPEN:
        raise CaseInWrongState(case_id, moving.case.state)
    case = moving.case
    moving.running.put(_come_forward(moving))
    fields = fields_waited_for(moving)
    answers, problems = read_answers(fields, written, {} if _was_returned(moving) else case.evidence)
    if problems:
        raise AnswersMissing(problems)
    _agree(moving, answers)
    moving.running.put(answers)
    labels = "、".join(field.label.zh for field in fields if field.key in answers)
    moving.note("answered", text="；".join(each for each in (said.strip(), labels) if each))
    for item in moving.items:
        if item.state == ItemState.RETURNED and not missing(moving.declared, case.evidence, [item.item]):
            item.state = ItemState.CLAIMED if item.assignee else ItemState.READY
            resume_clock(item, moving.today)
            item.save()
    move(moving)
    return case


def _come_forward(moving: Moving) -> dict[str, Any]:
    """Make the viewer the applicant of a case that has none, and return what the city knows by that and did not before."""
    case = moving.case
    if case.applicant_no:
        return {}
    before = case.evidence
    case.applicant_no = moving.viewer.resident_no or 0
    case.evidence = evidence_with(moving.declared, case, case.applicant_no)
    return {key: each["value"] for key, each in case.evidence.items() if key not in before}


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
    """Let a resident into a case of their own: as applicant, as subject, or as an adult of the household while nobody has applied.

    Raises: CaseNotFound, so that nobody learns whose cases exist.
    """
    if viewer.resident_no and viewer.resident_no in (case.applicant_no, case.subject_no):
        return
    if viewer.resident_no and not case.applicant_no:
        own = persons([viewer.resident_no]).get(viewer.resident_no)
        if own is not None and own.household_no == case.household_no and is_adult(own):
            return
    raise CaseNotFound(case.pk)


@dataclass
class Found:
    """What finding did for one life event. passed: left alone, because of an opt-out or an open case."""

    event: str
    rows: int = 0
    opened: int = 0
    passed: int = 0


def find_cases(events: Sequence[str] = (), limit: int | None = None, since: date | None = None) -> list[Found]:
    """Open a case for every event that the feeds tell of and nobody has yet; the same row opens one case, however often it is delivered.

    Residents who opted out are passed over, and those with an open case. Runs as the system; the look is in the audit log.
    since: the first day of events that count, by default as far back as each declaration says.
    """
    return [_find(declared, limit, since) for key, declared in life_events().items() if declared.feed and (not events or key in events)]


def _find(declared: LifeEventDeclaration, limit: int | None, since: date | None) -> Found:
    feed = declared.feed
    assert feed is not None
    since = since or clock.today() - timedelta(days=feed.within_days)
    rows = records.rows_since(feed.record_type, feed.happened_on, since, feed.subject)
    found = Found(declared.key, rows=len(rows))
    known = set(Case.objects.filter(event=declared.key).exclude(found_by="").values_list("found_by", flat=True))
    new = [row for row in rows if _found_by(feed.record_type, row) not in known][:limit]
    for first in range(0, len(new), FOUND_AT_ONCE):
        with transaction.atomic():
            _open_found(declared, new[first : first + FOUND_AT_ONCE], found)
    return found


def _found_by(record_type: str, row: records.RegisterRow) -> str:
    return f"{record_type}:{row.resident_no}"


def _open_found(declared: LifeEventDeclaration, rows: Sequence[records.RegisterRow], found: Found) -> None:
    feed = declared.feed
    assert feed is not None
    applicants = (
        records.residents_named([row.values[feed.applicant] for row in rows if row.values.get(feed.applicant)]) if feed.applicant else {}
    )
    numbers = [(row.resident_no, applicants.get(row.values.get(feed.applicant), 0)) for row in rows]
    people = persons(number for pair in numbers for number in pair if number)
    out = set(LifeEventOptOut.objects.filter(event=declared.key, resident_no__in=list(people)).values_list("resident_no", flat=True))
    wanted: list[tuple[records.RegisterRow, Wanted]] = []
    for row, (subject, applicant) in zip(rows, numbers, strict=True):
        if subject not in people or {subject, applicant} & out:
            found.passed += 1
        else:
            wanted.append((row, Wanted(people[subject], people.get(applicant))))
    _write_found(declared, wanted, found)


def _write_found(declared: LifeEventDeclaration, wanted: list[tuple[records.RegisterRow, Wanted]], found: Found) -> None:
    feed = declared.feed
    assert feed is not None
    keys = [_case_key(declared, each.subject) for _, each in wanted]
    open_now = set(Case.objects.filter(case_key__in=keys).exclude(state__in=CLOSED).values_list("case_key", flat=True))
    evidence = gather(declared, [each for _, each in wanted])
    new: list[Case] = []
    for (row, each), known in zip(wanted, evidence, strict=True):
        key = _case_key(declared, each.subject)
        if key in open_now:
            found.passed += 1
            continue
        open_now.add(key)
        case = _new_case(declared, each, SYSTEM, known, CaseState.FOUND, row.values[feed.happened_on])
        case.found_by = _found_by(feed.record_type, row)
        new.append(case)
    found.opened += len(new)
    _begin_found(declared, new)
    access.record_access(SYSTEM, Purpose.CASEWORK, "cases.find", f"{len(new)} {declared.key}")


def _begin_found(declared: LifeEventDeclaration, cases: Sequence[Case]) -> None:
    """Tell residents of the cases that were found for them, and begin those where the law asks nobody."""
    today, at = clock.today(), clock.now()
    if declared.consent == "confirm":
        until = today + timedelta(days=declared.confirm_within_days)
        for case in cases:
            case.agree_until = until
        Case.objects.bulk_create(cases)
        CaseEntry.objects.bulk_create(CaseEntry(case=case, at=at, account=SYSTEM.account, what="found") for case in cases)
        told = [each for case in cases for each in said(case, declared, "case_found", "", {"confirm_by": until})]
        notices.notify(SYSTEM, "case_found", told, Purpose.CASEWORK)
        return
    for case in cases:
        case.save()
        moving = Moving(case, SYSTEM)
        moving.note("found")
        if declared.consent == "notice":
            moving.tell("case_opened", promised_on=due_after(today, declared.promised_working_days))
        begin(moving)
