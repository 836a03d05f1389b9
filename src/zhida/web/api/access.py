"""Who may call the machine interface: a till with its secret. The counterpart of ``web.access.requires`` for devices."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from zhida.blocks.access import api as access
from zhida.blocks.tills import api as tills
from zhida.kernel.errors import ZhidaError
from zhida.web.api import problems
from zhida.web.api.problems import Problem, problem

View = Callable[..., HttpResponse]
PERMISSION = "tills.use"
_WINDOW_SECONDS = 60
_log = logging.getLogger(__name__)


def requires_till(*methods: str) -> Callable[[View], View]:
    """Let a view be called by an active till; whatever goes wrong is answered as a problem.

    Sets on the request: ``till`` (with its provider), ``viewer``, ``purpose``. Sets on the view: ``permission``.
    """
    assert PERMISSION in access.ALL_PERMISSIONS

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            return answered(lambda: _call(view, request, methods, *args, **kwargs))

        guarded.permission, guarded.permissions = PERMISSION, (PERMISSION,)
        return csrf_exempt(guarded)

    return decorate


def answered(call: Callable[[], HttpResponse]) -> HttpResponse:
    """Return what a call returns, and a problem where it raises: the outermost loop of a request."""
    try:
        return call()
    except Problem as told:
        return problems.answer(told)
    except tills.EventNotFound as mistake:
        return problems.answer(Problem(404, mistake.code, "No such event", mistake.text))
    except tills.TillError as mistake:
        return problems.answer(Problem(409, mistake.code, "This was not done", mistake.text))
    except ZhidaError as mistake:
        return problems.answer(Problem(409, "refused", "This was not done", mistake.text))
    except OperationalError:
        _log.warning("the database did not take a request of a till", exc_info=True)
        return problems.answer(problem("busy"))
    except Exception:
        _log.exception("a request of a till broke")
        return problems.answer(problem("broken"))


def _call(view: View, request: HttpRequest, methods: tuple[str, ...], *args: object, **kwargs: object) -> HttpResponse:
    if request.method not in methods:
        raise problem("wrong_method")
    till = tills.till_of(_token(request))
    if till is None:
        raise problem("no_token")
    if not tills.is_active(till):
        raise problem("till_off")
    if _asks_too_often(till.pk):
        raise problem("too_many")
    request.till = till
    request.viewer = access.Viewer(f"till:{till.pk}", "till", str(till.provider.community))
    request.purpose = access.require(request.viewer, PERMISSION)
    return view(request, *args, **kwargs)


def _token(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise problem("no_token")
    return token.strip()


# Till -> the window it asks in and how often it did. Each server process counts for itself: a brake, not a ledger.
_asked: dict[int, tuple[int, int]] = {}


def _asks_too_often(till_id: int) -> bool:
    window = int(time.monotonic()) // _WINDOW_SECONDS
    begun, count = _asked.get(till_id, (window, 0))
    count = count + 1 if begun == window else 1
    _asked[till_id] = (window, count)
    return count > settings.TILL_REQUESTS_PER_MINUTE
