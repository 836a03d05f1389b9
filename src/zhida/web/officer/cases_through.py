"""Working a queue off: one item after the other without going back to the list, and one action for many items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.text import counted, in_language

# What was not done is named so many times, then counted.
NAMED_MAX = 5
_OVER = Text("这一轮办到头了。", "That was the last one of this round.")
_NOTHING = Text("没有待认领的事项。", "Nothing waits to be claimed.")
_NONE_TICKED = Text("请先勾选事项。", "Tick items first.")


@dataclass(frozen=True)
class Kind:
    """Which items: of a life event, of one item of it, or all. Written in addresses as ``birth`` or ``birth.vaccination``."""

    event: str = ""
    item: str = ""

    @property
    def written(self) -> str:
        return f"{self.event}.{self.item}" if self.item else self.event


def kind_of(request: HttpRequest) -> Kind:
    event, _, item = request.GET.get("event", "").partition(".")
    return Kind(event, item)


def through_of(request: HttpRequest) -> Kind | None:
    """Return what the viewer works through; None for who looks at one item alone."""
    return kind_of(request) if request.GET.get("through") else None


def through_context(request: HttpRequest, item: cases.CaseItem) -> dict[str, Any] | None:
    """Return what the page of an item shows of the round it is in: how many come after it, where the list is."""
    kind = through_of(request)
    if kind is None:
        return None
    left = cases.to_work_through(request.viewer, kind.event, kind.item, item).count()
    return {"left": left, "list": list_url(kind)}


def list_url(kind: Kind) -> str:
    address = reverse("officer:cases")
    return f"{address}?{urlencode({'event': kind.written})}" if kind.event else address


def go_on(request: HttpRequest, kind: Kind, after: cases.CaseItem | None) -> HttpResponse:
    """Open the next item of a round, or the list behind its last."""
    item = cases.take_following(request.viewer, kind.event, kind.item, after)
    if item is None:
        messages.info(request, in_language(_OVER if after else _NOTHING))
        return redirect(list_url(kind))
    query = urlencode({"through": 1, **({"event": kind.written} if kind.event else {})})
    return redirect(f"{reverse('officer:case_item', args=[item.pk])}?{query}#item")


@requires("cases.handle")
@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """Take on what is due first and open it; ``?through=1``: as the first of a round."""
    kind = through_of(request)
    if kind is not None:
        return go_on(request, kind, None)
    item = cases.claim_next(request.viewer)
    if item is None:
        messages.info(request, in_language(_NOTHING))
        return redirect("officer:cases")
    return redirect("officer:case_item", item.pk)


@dataclass(frozen=True)
class Many:
    """One action for many items: what it does, how it is called when it was done, and the permission it needs."""

    act: Callable[[HttpRequest, int], Any]
    done: Text
    permission: str = "cases.handle"


MANY = {
    "claim": Many(lambda request, number: cases.claim(request.viewer, number), Text("认领", "taken")),
    "give_back": Many(lambda request, number: cases.give_back(request.viewer, number), Text("退回队列", "given back")),
    "assign": Many(
        lambda request, number: cases.assign(request.viewer, number, request.POST.get("account", "")),
        Text("改派", "reassigned"),
        "cases.share",
    ),
}


@requires("cases.handle")
@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Do one thing with every ticked item of the list; say how many, and of each that was left why."""
    action = MANY.get(request.POST.get("action", ""))
    numbers = [int(each) for each in request.POST.getlist("item") if each.isdecimal() and len(each) < 18]
    where = redirect(f"{reverse('officer:cases')}?{request.GET.urlencode()}")
    if action is None or not numbers:
        messages.info(request, in_language(_NONE_TICKED))
        return where
    access.require(request.viewer, action.permission)
    acted = cases.act_on_many(numbers, lambda number: action.act(request, number))
    count, zh, en = len(acted.done), action.done.zh, action.done.en
    if count:
        messages.success(request, in_language(Text(f"已{zh} {count} 件。", f"{counted(count, 'item')} {en}.")))
    if acted.problems:
        messages.warning(request, in_language(_left(acted, action.done)))
    return where


def _left(acted: cases.Acted, done: Text) -> Text:
    """Say which items were left and why, the first few by name."""
    said = [problem.text for _, problem in acted.problems]
    more = len(said) - NAMED_MAX
    zh = "".join(text.zh for text in said[:NAMED_MAX]) + (f"另有 {more} 件。" if more > 0 else "")
    en = " ".join(text.en for text in said[:NAMED_MAX]) + (f" And {more} more." if more > 0 else "")
    return Text(f"{len(said)} 件没有{done.zh}：{zh}", f"{counted(len(said), 'item')} not {done.en}: {en}")
