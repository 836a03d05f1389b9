"""The power to sign, lent for a time: who lent it to whom, until when, and why."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from zhida.blocks.access import api as access
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.context import ROLES
from zhida.web.officer.common import back, page_of
from zhida.web.officer.forms import DelegationForm
from zhida.web.text import in_language

SIGN = "payments.approve"


@requires("delegations.view")
@require_http_methods(["GET", "POST"])
def delegations(request: HttpRequest) -> HttpResponse:
    """List delegations; who may sign may lend that power to another officer."""
    form = _form(request) if access.purpose_of(request.viewer, "delegations.make") else None
    if request.method == "POST":
        access.require(request.viewer, "delegations.make")
        if form is not None and form.is_valid() and (saved := _make(request, form)):
            return saved
    rows, today = access.delegations(request.viewer), clock.today()
    shown = [
        {
            "row": row,
            "last_day": row.end - timedelta(days=1),
            "in_force": access.is_in_force(row.begin, row.end, row.ended_on, today),
            "to_come": row.ended_on is None and row.begin > today,
        }
        for row in rows
    ]
    context = {
        "page": page_of(request, shown),
        "in_force": sum(one["in_force"] for one in shown),
        "may_end": bool(access.own_purpose(request.viewer, SIGN)),
        "form": form,
    }
    return render(request, "officer/delegations.html", context, status=400 if form is not None and form.errors else 200)


def _form(request: HttpRequest) -> DelegationForm:
    officers = [
        (account.username, f"{account.display_name or account.username} · {in_language(ROLES[account.role].label)}")
        for account in access.possible_delegates(request.viewer, SIGN)
        if account.role in ROLES
    ]
    return DelegationForm(request.POST or None, officers=officers, initial={"begin": clock.today().isoformat()})


def _make(request: HttpRequest, form: DelegationForm) -> HttpResponse | None:
    """Make a delegation; None where it may not be, which the form then says."""
    said = form.cleaned_data
    try:
        access.delegate(request.viewer, said["to_account"], SIGN, said["begin"], said["last_day"] + timedelta(days=1), said["reason"])
    except access.DelegationRefused as mistake:
        form.add_error(None, in_language(mistake.text))
        return None
    return back(request, "officer:delegations", Text("委托已生效，记入日志。", "The delegation is made and stands in the audit log."))


@requires("delegations.make")
@require_POST
def end(request: HttpRequest, delegation_id: int) -> HttpResponse:
    """End a delegation at once."""
    access.end_delegation(request.viewer, delegation_id)
    return back(request, "officer:delegations", Text("委托已结束。", "The delegation has ended."))
