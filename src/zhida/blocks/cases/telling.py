"""What residents are told about a case. Nothing is sent here: ``notices`` writes it in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.models import Case
from zhida.blocks.cases.rules import grown_up_by
from zhida.blocks.notices import api as notices
from zhida.blocks.records import api as records
from zhida.kernel import clock


def said(
    case: Case, declared: LifeEventDeclaration, kind: str, about: str, parameters: Mapping[str, Any], applicant_is_gone: bool = False
) -> Iterator[notices.Recipient]:
    """Give the notice about a case for each who should have it. applicant_is_gone: has died, or left the city, while it runs."""
    offered = {"event": declared.label, "subject": case.subject_name, "number": case.number, "done_on": clock.today(), **parameters}
    wanted = notices.templates()[kind].parameters
    for resident_no in recipients_of(case, applicant_is_gone):
        yield notices.Recipient(
            subject=f"case:{case.pk}:{about}" if about else f"case:{case.pk}",
            parameters={name: offered[name] for name in wanted if name in offered},
            resident_no=resident_no,
            community=case.community,
        )


def recipients_of(case: Case, applicant_is_gone: bool = False) -> list[int]:
    """Return who hears of a case: the applicant; where there is none the adults who live with the subject, else the subject."""
    if case.applicant_no and not applicant_is_gone:
        return [case.applicant_no]
    try:
        members = records.members_of(records.newest_snapshot().hash, case.household_no)
    except records.HouseholdNotFound:
        return [case.subject_no]
    born_by = grown_up_by(clock.today())
    grown_up = [number for number, born in members if number != case.subject_no and born is not None and born <= born_by]
    return grown_up or [case.subject_no]
