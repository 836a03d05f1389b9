"""The certificates that a case brought, for who may see the case: its residents all of them, a department those of its own items."""

from __future__ import annotations

from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases.errors import CaseNotFound
from zhida.blocks.cases.models import CaseEffect
from zhida.blocks.cases.queries import my_case, office_case
from zhida.blocks.credentials import api as credentials


def case_certificates(viewer: Viewer, case_id: int) -> list[credentials.IssuedCertificate]:
    """List a case's certificates, also those of a newborn or of somebody who died. Raises: PermissionMissing, CaseNotFound."""
    effects = CaseEffect.objects.filter(item__case=case_id, kind="certificate")
    if viewer.role == "resident":
        my_case(viewer, case_id)
    else:
        office_case(viewer, case_id)
        effects = effects.filter(item__department=viewer.department)
    numbers = [result["certificate"] for result in effects.values_list("result", flat=True) if "certificate" in result]
    return [credentials.certificate_of(SYSTEM, Purpose.CASEWORK, number) for number in numbers]


def case_certificate_pdf(viewer: Viewer, case_id: int, certificate_id: int) -> tuple[str, bytes]:
    """Return the number and the signed PDF of a certificate of a case. Raises: PermissionMissing, CaseNotFound, PdfToolsMissing."""
    found = next((each for each in case_certificates(viewer, case_id) if each.pk == certificate_id), None)
    if found is None:
        raise CaseNotFound(case_id)
    return found.number, credentials.certificate_pdf(SYSTEM, Purpose.CASEWORK, certificate_id)
