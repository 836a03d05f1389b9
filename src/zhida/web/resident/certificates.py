"""A resident's electronic certificates."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from zhida.web.access import requires
from zhida.web.certificates import pdf_file, rows


@requires("certificates.own")
@require_GET
def certificates(request: HttpRequest) -> HttpResponse:
    """List the viewer's own certificates, newest first."""
    return render(request, "resident/certificates.html", {"rows": rows(request, request.viewer.resident_no)})


@requires("certificates.own")
@require_GET
def certificate(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Hand out one of the viewer's own, as a signed PDF."""
    return pdf_file(request, certificate_id)
