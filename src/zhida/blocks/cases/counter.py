"""At the counter of a street: who may be the applicant of somebody else's case."""

from __future__ import annotations

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.evidence import Person, persons
from zhida.blocks.cases.opening import is_adult
from zhida.blocks.records import api as records


def possible_applicants(viewer: Viewer, subject_no: int) -> list[Person]:
    """List the subject, where adult, and the adults of the household. Raises: PermissionMissing, NotYours."""
    purpose = access.require(viewer, "cases.open")
    subject = persons([subject_no]).get(subject_no)
    if subject is None:
        raise access.NotYours(viewer.account, f"resident {subject_no}")
    access.require_resident(viewer, subject.resident_no, subject.community)
    members = [number for number, _ in records.members_of(records.newest_snapshot().hash, subject.household_no)]
    access.record_access(viewer, purpose, "cases.applicants", f"resident {subject_no}")
    return [each for each in persons([subject_no, *members]).values() if is_adult(each)]
