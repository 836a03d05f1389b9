"""Pages that belong to no face: the front door, signing in, language and display."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.policies import api as policies
from zhida.web.access import public
from zhida.web.context import ROLES, TEXT_SIZE_COOKIE, TEXT_SIZES, THEME_COOKIE, THEMES
from zhida.web.text import pick

_A_YEAR_S = 365 * 24 * 3600
_AT_DEPARTMENTS = ("department_officer", "department_lead")


@public
@require_GET
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "front.html", {"run": _newest_run()})


def _newest_run() -> Any | None:
    """The figures of the newest decided month, which the run itself keeps; None before the first."""
    try:
        return policies.latest_run()
    except policies.NoRun:
        return None


@public
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by choosing a ready identity (demonstration) or by username and password."""
    form = AuthenticationForm(request)
    if request.method == "POST":
        account = _demo_identity(request)
        form = form if account else AuthenticationForm(request, data=request.POST)
        if account or form.is_valid():
            return _signed_in(request, account or form.get_user())
    return render(request, "sign_in.html", {"form": form, "groups": _demo_groups(), "next": _next(request, "")})


def _demo_identity(request: HttpRequest) -> AbstractBaseUser | None:
    """Return the demonstration account asked for; outside the demonstration there is none."""
    account = access.account_named(request.POST.get("username", "")) if settings.DEMO else None
    return account if account and account.is_demo else None


def _signed_in(request: HttpRequest, account: AbstractBaseUser) -> HttpResponse:
    auth.login(request, account, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(_next(request, ROLES[account.role].home if account.role in ROLES else "/"))


def _demo_groups() -> list[dict[str, object]]:
    """The ready identities, grouped by the face they open; of a desk with several people the first, the others folded away."""
    if not settings.DEMO:
        return []
    faces = [("/my/", "居民端", "Resident"), ("/office/", "工作端", "Officer"), ("/cockpit/", "驾驶舱与审计", "Cockpit and audit")]
    people = [_person(account) for account in access.demo_accounts() if account.role in ROLES]
    first = {p["account"].department: p for p in reversed(people)}
    groups = []
    for home, zh, en in faces:
        inside = [p for p in people if _face(p["role"].home) == home]
        colleagues = [p for p in inside if p["account"].role in _AT_DEPARTMENTS and first[p["account"].department] is not p]
        groups.append({"label": pick(zh, en), "people": [p for p in inside if p not in colleagues], "colleagues": colleagues})
    return [group for group in groups if group["people"]]


def _person(account: Any) -> dict[str, Any]:
    department = cases.department_text(account.department) if account.role in _AT_DEPARTMENTS else None
    return {"account": account, "role": ROLES[account.role], "department": department}


def _face(home: str) -> str:
    """Return the face that a role's first page belongs to."""
    return "/office/" if home.startswith("/office/") else "/cockpit/" if home == "/audit/" else home


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("/")


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the reader's language and go back to the page they read."""
    response = redirect(_next(request, "/"))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=_A_YEAR_S, samesite="Lax", httponly=True)
    return response


@public
@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Remember text size and theme and go back to the page they read."""
    response = redirect(_next(request, "/"))
    for field, cookie, choices in (("theme", THEME_COOKIE, THEMES), ("text", TEXT_SIZE_COOKIE, TEXT_SIZES)):
        if request.POST.get(field) in choices:
            response.set_cookie(cookie, request.POST[field], max_age=_A_YEAR_S, samesite="Lax", httponly=True)
    return response


def _next(request: HttpRequest, otherwise: str) -> str:
    """Return where to go on, never to another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and safe else otherwise
