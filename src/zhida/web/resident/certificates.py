"""A resident's electronic certificates: their own, and those that came of the household's cases."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.cases import api as cases
from zhida.web.access import requires
from zhida.web.certificates import pdf_file, row, rows
from zhida.web.resident.cases import own_cases


@requires("certificates.own")
@require_GET
def certificates(request: HttpRequest) -> HttpResponse:
    """List the viewer's own certificates, newest first; then those of a child or a parent whose case they may see."""
    own = rows(request, request.viewer.resident_no)
    family = _of_cases(request, {each["certificate"].pk for each in own})
    return render(request, "resident/certificates.html", {"rows": own, "family": family})


def _of_cases(request: HttpRequest, shown: set[int]) -> list[dict[str, Any]]:
    found = []
    for case in own_cases(request):
        for each in cases.case_certificates(request.viewer, case.pk):
            if each.pk not in shown:
                found.append(row(each, reverse("resident:case_certificate", args=[case.pk, each.pk])))
    return found


@requires("certificates.own")
@require_GET
def certificate(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Hand out one of the viewer's own, as a signed PDF."""
    return pdf_file(request, certificate_id)
