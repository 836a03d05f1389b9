"""What a resident's own pages need beside ``my_case``: how far each case is, and why a decision says what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.errors import CaseNotFound
from zhida.blocks.cases.models import Case, CaseEffect, CaseItem
from zhida.blocks.cases.queries import EvidenceLine, my_case
from zhida.blocks.cases.rules import OVER, ItemState
from zhida.blocks.credentials import api as credentials


@dataclass(frozen=True)
class Progress:
    """How far a case is. items: those its process has come to; waits: one of them waits for the resident."""

    items: int = 0
    over: int = 0
    waits: bool = False


def progress(viewer: Viewer, cases: Sequence[Case]) -> dict[int, Progress]:
    """Return how far cases are that ``my_cases`` gave, by number. Raises: PermissionMissing."""
    access.require(viewer, "cases.own")
    states: dict[int, list[str]] = {case.pk: [] for case in cases}
    for case_id, state in CaseItem.objects.filter(case__in=cases, is_automatic=False).values_list("case_id", "state"):
        if state != ItemState.CANCELLED:
            states[case_id].append(state)
    return {
        case_id: Progress(len(each), sum(state in OVER for state in each), ItemState.RETURNED in each) for case_id, each in states.items()
    }


def known_evidence(declared: LifeEventDeclaration, evidence: Mapping[str, Any]) -> list[EvidenceLine]:
    """Return what is known before a case is opened, as ``preview`` gave it, in the order of the declaration."""
    return [
        EvidenceLine(field, known["value"], known["source"], date.fromisoformat(known["on"]))
        for field in declared.evidence
        if (known := evidence.get(field.key)) is not None
    ]


def case_certificates(viewer: Viewer, case_id: int) -> list[credentials.IssuedCertificate]:
    """List the certificates that a resident's case brought, also those of a newborn or of somebody who died.

    Raises: PermissionMissing, CaseNotFound.
    """
    my_case(viewer, case_id)
    results = CaseEffect.objects.filter(item__case=case_id, kind="certificate").values_list("result", flat=True)
    numbers = [result["certificate"] for result in results if "certificate" in result]
    return [credentials.certificate_of(SYSTEM, Purpose.CASEWORK, number) for number in numbers]


def case_certificate_pdf(viewer: Viewer, case_id: int, certificate_id: int) -> tuple[str, bytes]:
    """Return the number and the signed PDF of a certificate of a resident's case.

    Raises: PermissionMissing, CaseNotFound, PdfToolsMissing.
    """
    found = next((each for each in case_certificates(viewer, case_id) if each.pk == certificate_id), None)
    if found is None:
        raise CaseNotFound(case_id)
    return found.number, credentials.certificate_pdf(SYSTEM, Purpose.CASEWORK, certificate_id)
