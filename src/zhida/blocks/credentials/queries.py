"""Reads of credentials: one's own certificates, those of an area's residents, and what a code stands for."""

from __future__ import annotations

import hashlib

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.credentials.errors import CertificateNotFound
from zhida.blocks.credentials.models import IssuedCertificate
from zhida.blocks.credentials.rendering import render_certificate
from zhida.blocks.credentials.rules import Verified, masked_name, plain_code
from zhida.blocks.credentials.signing import signer_of
from zhida.kernel import clock

# Characters of a masked id number that the check of a code shows.
_ID_TAIL = 4


def certificate_of(viewer: Viewer, purpose: Purpose, certificate_id: int) -> IssuedCertificate:
    """Return a certificate of the viewer's own or of the viewer's area. Raises: CertificateNotFound, NotYours."""
    row = IssuedCertificate.objects.filter(pk=certificate_id).first()
    if row is None:
        raise CertificateNotFound(certificate_id)
    access.require_resident(viewer, row.resident_no, row.community)
    access.record_access(viewer, purpose, "certificates.view", f"certificate {certificate_id}")
    return row


def certificates_of(viewer: Viewer, purpose: Purpose, resident_no: int) -> list[IssuedCertificate]:
    """List a resident's certificates, newest first: to the resident all, to an officer those issued in the officer's area.

    Raises: NotYours for another resident.
    """
    rows = IssuedCertificate.objects.filter(resident_no=resident_no)
    if viewer.role == "resident":
        access.require_resident(viewer, resident_no, 0)
    elif viewer.role != "system":
        first, end = viewer.community_span
        rows = rows.filter(community__gte=first, community__lt=end)
    access.record_access(viewer, purpose, "certificates.of_resident", f"resident {resident_no}")
    return list(rows)


def certificate_pdf(viewer: Viewer, purpose: Purpose, certificate_id: int) -> bytes:
    """Return a certificate's signed PDF, always the same bytes; the first call makes it.

    Raises: CertificateNotFound, NotYours, CertificateAltered, PdfLost, SigningKeyUnusable, PdfToolsMissing, DiskFull.
    """
    return render_certificate(certificate_of(viewer, purpose, certificate_id))


def verify_code(written: str) -> Verified | None:
    """Return what anybody may know who holds a code; None for every other code, however it is wrong. Open to all."""
    code = plain_code(written)
    row = IssuedCertificate.objects.filter(verification_code=code).first() if code else None
    return _verified(row) if row else None


def verify_pdf(data: bytes) -> Verified | None:
    """Return what anybody may know who holds a certificate's file; None where it is not, to the byte, one that we made and signed.

    A file we do not know by its hash is never read: whoever makes up a PDF to break its reader does not reach ours. Open to all.
    """
    row = IssuedCertificate.objects.filter(pdf_sha256=hashlib.sha256(data).hexdigest()).exclude(pdf_sha256="").first()
    return _verified(row) if row and row.says() == row.content_hash and signer_of(data) == row.signer_sha256 else None


def _verified(row: IssuedCertificate) -> Verified:
    return Verified(
        certificate=row.certificate,
        title=row.title,
        number=row.number,
        holder=f"{masked_name(row.holder_name)} {row.masked_id[-_ID_TAIL:]}".strip(),
        issued_on=row.issued_on,
        state=row.state_on(clock.today()),
    )
