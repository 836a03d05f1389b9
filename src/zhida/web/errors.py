"""Mistakes as calm pages: what happened, to what, what to do next, and a way on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from zhida.blocks.access import api as access
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text

_TITLES = {
    400: Text("这一步没有完成", "This step was not done"),
    403: Text("您不能打开这一页", "You cannot open this page"),
    404: Text("没有找到", "Not found"),
    409: Text("现在还不能这样做", "This cannot be done now"),
    500: Text("系统出了问题", "Something broke on our side"),
}
_NOT_FOUND = Text(
    "这个网址没有对应的页面；请检查网址，或从首页重新进入。", "There is no page at this address. Check it, or start from the front page."
)
_BROKEN = Text(
    "出错的情况已记入日志；请稍后再试，您的资料和办理进度不受影响。",
    "The failure was written to the log. Try again later; your records and your case are not affected.",
)
_FORM_EXPIRED = Text(
    "为了安全，这张表单已过期，内容没有提交；请返回上一页刷新后再提交。",
    "For safety this form has expired and nothing was sent. Go back, reload the page and send it again.",
)


def status_of(mistake: ZhidaError) -> int:
    """Return the HTTP status of a mistake: 403 about access, 409 where something is missing or in the wrong state, else 400."""
    if isinstance(mistake, access.PermissionMissing | access.NotYours):
        return 403
    name = type(mistake).__name__
    if name.startswith("Unknown") or name.endswith("NotFound") or name == "NoSimulation":
        return 404
    return 400 if name.startswith(("Invalid", "Wrong")) else 409


def mistake_page(request: HttpRequest, mistake: ZhidaError) -> HttpResponse:
    return _page(request, status_of(mistake), mistake.text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, _NOT_FOUND)


def broken(request: HttpRequest) -> HttpResponse:
    return _page(request, 500, _BROKEN)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403, _FORM_EXPIRED, Text("表单已过期", "The form has expired"))


def _page(request: HttpRequest, status: int, sentence: Text, title: Text | None = None) -> HttpResponse:
    return render(request, "error.html", {"title": title or _TITLES[status], "sentence": sentence, "status": status}, status=status)
