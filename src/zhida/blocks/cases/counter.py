"""At the counter of a street: who may be the applicant of somebody else's case."""

from __future__ import annotations

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.declarations.installed import life_event
from zhida.blocks.cases.evidence import Person, persons
from zhida.blocks.cases.subjects import is_adult
from zhida.blocks.records import api as records


def possible_applicants(viewer: Viewer, event: str, subject_no: int) -> list[Person]:
    """List the subject, where adult, and the adults of the household; the subject last where the event cannot be its own, as a death.

    Raises: PermissionMissing, NotYours, UnknownLifeEvent.
    """
    feed = life_event(event).feed
    is_own = feed is None or bool(feed.applicant)
    purpose = access.require(viewer, "cases.open")
    subject = persons([subject_no]).get(subject_no)
    if subject is None:
        raise access.NotYours(viewer.account, f"resident {subject_no}")
    access.require_resident(viewer, subject.resident_no, subject.community)
    members = [number for number, _ in records.members_of(records.newest_snapshot().hash, subject.household_no)]
    access.record_access(viewer, purpose, "cases.applicants", f"resident {subject_no}")
    found = [each for each in persons([subject_no, *members]).values() if is_adult(each)]
    return found if is_own else sorted(found, key=lambda each: each.resident_no == subject_no)
