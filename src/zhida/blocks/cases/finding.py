"""How the city begins cases by itself: a birth, a death, a certificate in the feeds. What a register takes back is seen too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.declarations.installed import life_events
from zhida.blocks.cases.declarations.model import Feed, LifeEventDeclaration
from zhida.blocks.cases.evidence import Wanted, gather, persons
from zhida.blocks.cases.models import Case, CaseEntry, LifeEventOptOut
from zhida.blocks.cases.moving import Moving, begin
from zhida.blocks.cases.opening import case_key, new_case
from zhida.blocks.cases.rules import CLOSED, CaseState, due_after
from zhida.blocks.cases.taken_back import cases_without_row, let_go
from zhida.blocks.cases.telling import said
from zhida.blocks.notices import api as notices
from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records
from zhida.kernel import clock

# So many cases are looked up and written at once.
FOUND_AT_ONCE = 500


@dataclass
class Found:
    """What finding did for one life event. passed: left alone, because of an opt-out or an open case. gone: the register took it back."""

    event: str
    rows: int = 0
    opened: int = 0
    passed: int = 0
    gone: int = 0


def find_cases(events: Sequence[str] = (), limit: int | None = None, since: date | None = None) -> list[Found]:
    """Open a case for every event that the feeds tell of and nobody has yet; the same row opens one case, however often it is delivered.

    Residents who opted out are passed over, and those with an open case, or one about the same day that is done. A case whose row the
    register has taken back (somebody is not dead after all) lapses, or its leading department is asked. Runs as the system; the look is
    in the audit log.
    since: the first day of events that count, by default as far back as each declaration says.
    """
    return [_find(declared, limit, since) for key, declared in life_events().items() if declared.feed and (not events or key in events)]


def _find(declared: LifeEventDeclaration, limit: int | None, since: date | None) -> Found:
    feed = declared.feed
    assert feed is not None
    since = since or clock.today() - timedelta(days=feed.within_days)
    rows = records.rows_since(feed.record_type, feed.happened_on, since, feed.subject)
    found = Found(declared.key, rows=len(rows))
    here = {found_by(feed, row.resident_no) for row in rows}
    found.gone = sum(let_go(case_id) for case_id in cases_without_row(declared, feed, since, here))
    known = _known(declared, feed)
    new = [row for row in rows if found_by(feed, row.resident_no) not in known][:limit]
    for first in range(0, len(new), FOUND_AT_ONCE):
        part = new[first : first + FOUND_AT_ONCE]
        try:
            opened, passed = _open_found(declared, part)
        except IntegrityError:
            # Somebody opened one of them at the same moment: now it is seen, and passed over.
            known = _known(declared, feed)
            opened, passed = _open_found(declared, [row for row in part if found_by(feed, row.resident_no) not in known])
        found.opened, found.passed = found.opened + opened, found.passed + passed
    return found


def found_by(feed: Feed, resident_no: int) -> str:
    return f"{feed.record_type}:{resident_no}"


def _known(declared: LifeEventDeclaration, feed: Feed) -> set[str]:
    """Return what cases were found by; a number that has been merged since counts as the one that took its place."""
    known = set(Case.objects.filter(event=declared.key).exclude(found_by="").values_list("found_by", flat=True))
    return known | {found_by(feed, kept) for merged, kept in parties.merged_numbers().items() if found_by(feed, merged) in known}


@transaction.atomic
def _open_found(declared: LifeEventDeclaration, rows: Sequence[records.RegisterRow]) -> tuple[int, int]:
    """Open cases for rows; return how many were opened and how many passed over. Raises: IntegrityError where somebody was faster."""
    feed = declared.feed
    assert feed is not None
    applicants = (
        records.residents_named([row.values[feed.applicant] for row in rows if row.values.get(feed.applicant)]) if feed.applicant else {}
    )
    numbers = [(row.resident_no, applicants.get(row.values.get(feed.applicant), 0)) for row in rows]
    people = persons(number for pair in numbers for number in pair if number)
    out = set(LifeEventOptOut.objects.filter(event=declared.key, resident_no__in=list(people)).values_list("resident_no", flat=True))
    wanted = [
        (row, Wanted(people[subject], people.get(applicant)))
        for row, (subject, applicant) in zip(rows, numbers, strict=True)
        if subject in people and not {subject, applicant} & out
    ]
    cases = _cases_of(declared, feed, wanted)
    _begin_found(declared, cases)
    access.record_access(SYSTEM, Purpose.CASEWORK, "cases.find", f"{len(cases)} {declared.key}")
    return len(cases), len(rows) - len(cases)


def _cases_of(declared: LifeEventDeclaration, feed: Feed, wanted: list[tuple[records.RegisterRow, Wanted]]) -> list[Case]:
    keys = [case_key(declared, each.subject) for _, each in wanted]
    open_now = set(Case.objects.filter(case_key__in=keys).exclude(state__in=CLOSED).values_list("case_key", flat=True))
    # What a family applied for themselves, before the register knew of it, and is done.
    done = set(Case.objects.filter(case_key__in=keys, state=CaseState.DONE).values_list("case_key", "happened_on"))
    new: list[Case] = []
    for (row, each), known in zip(wanted, gather(declared, [each for _, each in wanted]), strict=True):
        key = case_key(declared, each.subject)
        if key not in open_now and (key, row.values[feed.happened_on]) not in done:
            open_now.add(key)
            case = new_case(declared, each, SYSTEM, known, CaseState.FOUND, row.values[feed.happened_on])
            case.found_by = found_by(feed, row.resident_no)
            new.append(case)
    return new


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
