"""Who may open a page: every view says which permission it needs, or that it is open to all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from zhida.blocks.access import api as access

View = Callable[..., HttpResponseBase]


def requires(*permissions: str) -> Callable[[View], View]:
    """Let a view be opened with any one of the permissions; the first the viewer holds gives the purpose.

    Sets on the request: ``viewer`` (access.Viewer), ``purpose`` (access.Purpose), ``permission`` (str).
    Sets on the view: ``permission``, the first one, and ``permissions``, all of them: the architecture test reads them.
    Nobody signed in: off to the sign-in page and back. Signed in without the permission: PermissionMissing, shown as 403.
    """
    unknown = set(permissions) - access.ALL_PERMISSIONS
    assert permissions and not unknown, f"no role grants {sorted(unknown)}"

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            _admit(request, permissions)
            return view(request, *args, **kwargs)

        guarded.permission, guarded.permissions = permissions[0], permissions
        return guarded

    return decorate


def public(view: View) -> View:
    """Mark a view that needs nobody signed in and shows no personal data."""
    view.permission = "public"
    return view


def _admit(request: HttpRequest, permissions: tuple[str, ...]) -> None:
    viewer = access.viewer_of(request.user)
    held = next((name for name in permissions if access.purpose_of(viewer, name)), permissions[0])
    request.purpose = access.require(viewer, held)
    request.viewer = viewer
    request.permission = held
