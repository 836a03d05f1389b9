"""What the faces share of certificates: their lines on a page, and the file to take home."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from zhida.blocks.credentials import api as credentials
from zhida.kernel import clock


def rows(request: HttpRequest, resident_no: int) -> list[dict[str, Any]]:
    """List a resident's certificates for components/certificates.html. Raises: NotYours."""
    return [row(each) for each in credentials.certificates_of(request.viewer, request.purpose, resident_no)]


def row(certificate: credentials.IssuedCertificate, url: str = "") -> dict[str, Any]:
    """Return the line of a certificate. url: of its file, where the page's own view of files does not hand it out."""
    state = certificate.state_on(clock.today())
    return {
        "certificate": certificate, "state": f"certificate_{state}", "is_valid": state == credentials.CertificateState.VALID,
        "last_day": last_day(certificate.valid_until), "url": url,
    }  # fmt: skip


def last_day(valid_until: date | None) -> date | None:
    """Return the last day on which a certificate holds; people count inclusively."""
    return valid_until - timedelta(days=1) if valid_until else None


def pdf_file(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Return a certificate's signed PDF. Raises: CertificateNotFound, NotYours."""
    certificate = credentials.certificate_of(request.viewer, request.purpose, certificate_id)
    return pdf_response(certificate.number, credentials.certificate_pdf(request.viewer, request.purpose, certificate_id))


def pdf_response(number: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="certificate-{number}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
