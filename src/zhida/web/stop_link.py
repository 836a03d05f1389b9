"""The link at the end of a message: stop this kind, without signing in.

Opening it changes nothing, for mail programs look at links by themselves; the button does, and so does a mail program's own
"unsubscribe" (RFC 8058), which sends the same form from elsewhere. The token says all and shows nobody's data.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from zhida.blocks.notices import api as notices
from zhida.web.access import public


@public
@csrf_exempt
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    kind = notices.kind_to_stop(token)
    if request.method == "POST":
        notices.stop_by_link(token)
    return render(request, "stop_link.html", {"kind": kind, "is_stopped": request.method == "POST"})
