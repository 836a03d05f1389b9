"""Electronic certificates of a resident of one's own area."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhida.web.access import requires
from zhida.web.certificates import pdf_file, rows


@requires("certificates.view")
@require_GET
def certificates(request: HttpRequest, resident_no: int) -> HttpResponse:
    """List what was certified to a resident in the viewer's area, newest first; nothing from elsewhere."""
    return render(request, "officer/certificates.html", {"rows": rows(request, resident_no), "resident_no": resident_no})


@requires("certificates.view")
@require_GET
def certificate(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Hand out one, as a signed PDF. Raises: NotYours for another area."""
    return pdf_file(request, certificate_id)
