"""The desk's queue of joint cases: what waits, what is late, who takes it; questions of other departments; sharing work out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.cases_words import wait_text
from zhida.web.officer.common import back, csv_file, page_of
from zhida.web.text import in_language

TABS = {
    "open": Text("在办", "To do"),
    "mine": Text("我的", "Mine"),
    "free": Text("待认领", "Free"),
    "waiting": Text("等答复", "Waiting"),
    "late": Text("超期", "Late"),
    "over": Text("办结", "Finished"),
}
CSV_HEADS = (
    Text("办件编号", "Case"), Text("事件", "Life event"), Text("对象", "About"), Text("事项", "Item"), Text("状态", "State"),
    Text("灯", "Light"), Text("期限", "Due"), Text("经办人", "Officer"),
)  # fmt: skip


@requires("cases.handle")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show the viewer's desk; ``?format=csv`` gives the list as a file."""
    which = request.GET.get("which") if request.GET.get("which") in TABS else "open"
    event, text = request.GET.get("event", ""), request.GET.get("text", "").strip()
    found = cases.queue(request.viewer, which=which, event=event, text=text)
    if request.GET.get("format") == "csv":
        return csv_file(f"cases-{which}", CSV_HEADS, (_cells(row_of(item)) for item in found.iterator(chunk_size=1_000)))
    page = page_of(request, found)
    counts = cases.queue_counts(request.viewer)
    context = {
        "page": page,
        "rows": [row_of(item) for item in page.object_list],
        "which": which,
        "event": event,
        "text": text,
        "events": events(),
        "tabs": _tabs(which, event, counts),
        "file": _address(which, event, text, format="csv"),
        "free": counts["free"],
        "can_open": bool(access.purpose_of(request.viewer, "cases.open")),
        "department": cases.department_text(request.viewer.department),
        **_questions(request),
        **_sharing(request),
    }
    return render(request, "officer/cases/queue.html", context)


def events() -> list[tuple[str, Text]]:
    """List the installed life events by key, with their names."""
    return [(key, declared.label) for key, declared in sorted(cases.life_events().items())]


def _tabs(which: str, event: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": _address(name, event), "current": name == which, "count": counts.get(name)} for name, label in TABS.items()
    ]


def _address(which: str, event: str, text: str = "", **more: str) -> str:
    said = {"which": which, "event": event, "text": text, **more}
    return f"?{urlencode({name: value for name, value in said.items() if value})}"


def row_of(item: cases.CaseItem) -> dict[str, Any]:
    """Return an item as lists show it: in words, with its light and what is left of its time."""
    declared = cases.declaration_of(item.case)
    definition = declared.items.get(item.item)
    runs = item.state in (cases.ItemState.READY, cases.ItemState.CLAIMED, cases.ItemState.UNDO, cases.ItemState.STUCK)
    light = cases.light(item.due_on, clock.today()) if runs else None
    return {
        "item": item,
        "case": item.case,
        "event": declared.label,
        "label": definition.label if definition else Text("流程需要判断", "The process needs a decision"),
        "state": cases.ITEM_TEXT[cases.ItemState(item.state)],
        "badge": f"item_{item.state}",
        "light": light,
        "light_text": cases.LIGHT_TEXT[light] if light else None,
        "left": left(item.due_on, light) if light else None,
        "is_late": light == cases.Light.RED,
    }


def left(due_on: Any, light: str) -> Text:
    """Say how many working days are left until a deadline, or have passed since."""
    if due_on is None:
        return wait_text(None, 0, light)
    today = clock.today()
    days = cases.working_days_between(due_on, today) if light == cases.Light.RED else cases.working_days_between(today, due_on)
    return wait_text(due_on, days, light)


def _cells(row: dict[str, Any]) -> list[Any]:
    item = row["item"]
    case = row["case"]
    return [case.number, row["event"], case.subject_name, row["label"], row["state"], row["light_text"], item.due_on, item.assignee]


def _questions(request: HttpRequest) -> dict[str, Any]:
    rows = [(row_of(question.item), question) for question in cases.questions(request.viewer)]
    return {"questions": [{**row, "question": question, "asker": cases.department_text(row["item"].department)} for row, question in rows]}


def _sharing(request: HttpRequest) -> dict[str, Any]:
    """Return how full the desks of colleagues are, for who may share work out."""
    if not access.purpose_of(request.viewer, "cases.share"):
        return {"loads": None}
    loads = cases.loads(request.viewer)
    most = max(loads.values(), default=0) or 1
    return {"loads": [{"account": account, "count": count, "share": 100 * count / most} for account, count in loads.items()]}


@requires("cases.handle")
@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """Take on what is due first and open it."""
    item = cases.claim_next(request.viewer)
    if item is None:
        messages.info(request, in_language(Text("没有待认领的事项。", "Nothing waits to be claimed.")))
        return redirect("officer:cases")
    return redirect("officer:case_item", item.pk)


@requires("cases.share")
@require_POST
def share_out(request: HttpRequest) -> HttpResponse:
    """Hand out what nobody has claimed so that all desks are as full."""
    given = cases.share_out(request.viewer)
    count, people = sum(given.values()), sum(1 for each in given.values() if each)
    done = Text(f"已把 {count} 件分给 {people} 人，先到期的先分。", f"{count} items were handed to {people} people, those due first first.")
    return back(request, "officer:cases", done)


@requires("cases.handle")
@require_POST
def answer(request: HttpRequest, question_id: int) -> HttpResponse:
    """Answer another department's question. Raises: ReasonNeeded for an empty answer."""
    cases.answer_question(request.viewer, question_id, request.POST.get("answer", ""))
    return back(request, "officer:cases", Text("已答复，对方的事项继续办。", "Answered: their item goes on."))
