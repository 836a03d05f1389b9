"""The desk's queue of joint cases: what waits, what is late, who takes it; questions of other departments; sharing work out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import BarList, Item
from zhida.web.officer.cases_through import Kind, kind_of
from zhida.web.officer.cases_words import wait_text
from zhida.web.officer.common import back, csv_file, page_of
from zhida.web.templatetags.zhida import person
from zhida.web.text import counted, pick

Who = Callable[[str], str]
_FORK = Text("流程需要判断", "The process needs a decision")

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
    Text("灯", "Light"), Text("到达", "Arrived"), Text("期限", "Due"), Text("经办人", "Officer"), Text("超期在哪里", "Why late"),
)  # fmt: skip


SORTS = {
    "due": Text("先到期的在前", "Due first"),
    "arrived": Text("先到达的在前", "Arrived first"),
    "item": Text("同类事项在一起", "By item"),
    "case": Text("同一办件在一起", "By case"),
}
# Parts of a queue whose items can be claimed, given back or reassigned.
TO_ACT_ON = ("open", "mine", "free", "late")


@dataclass(frozen=True)
class Wanted:
    """Which part of a queue, of what kind, whose, in which order: what the address says, as far as it is sense."""

    which: str
    kind: Kind
    text: str
    officer: str
    sort: str

    @classmethod
    def of(cls, request: HttpRequest) -> Wanted:
        said = request.GET
        which = said["which"] if said.get("which") in TABS else "open"
        sort = said["sort"] if said.get("sort") in SORTS else "due"
        return cls(which, kind_of(request), said.get("text", "").strip(), said.get("officer", ""), sort)

    def query(self, **other: str) -> str:
        """Return the address of this list, or of one like it: ``?which=late&event=birth``."""
        sort = self.sort if self.sort != "due" else ""
        said = {"which": self.which, "event": self.kind.written, "officer": self.officer, "text": self.text, "sort": sort, **other}
        return f"?{urlencode({name: value for name, value in said.items() if value})}"


@requires("cases.handle")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show the viewer's desk; ``?format=csv`` gives the list as a file."""
    wanted, viewer = Wanted.of(request), request.viewer
    # Few officers hold many items: each is looked up once.
    who = cache(person)
    kind = wanted.kind
    found = cases.queue(
        viewer, which=wanted.which, event=kind.event, item=kind.item, text=wanted.text, officer=wanted.officer, sort=wanted.sort
    )
    if request.GET.get("format") == "csv":
        return csv_file(f"cases-{wanted.which}", CSV_HEADS, (_cells(row_of(item, who)) for item in found.iterator(chunk_size=1_000)))
    page = page_of(request, found)
    counts = cases.queue_counts(viewer, kind.event, kind.item, wanted.officer)
    may_share = bool(access.purpose_of(viewer, "cases.share"))
    context = {
        "page": page,
        "rows": [row_of(item, who) for item in page.object_list],
        "wanted": wanted,
        "is_filtered": bool(kind.event or wanted.text or wanted.officer),
        "kinds": _kinds(viewer),
        "sorts": SORTS.items(),
        "tabs": _tabs(wanted, counts),
        "file": wanted.query(format="csv"),
        "many_url": reverse("officer:cases_many") + wanted.query(),
        "picks": wanted.which in TO_ACT_ON,
        "through_url": reverse("officer:case_claim_next") + "?" + urlencode({"through": 1, "event": kind.written}),
        "to_do": cases.to_work_through(viewer, kind.event, kind.item).count(),
        "late": counts["late"],
        "free": counts["free"],
        "can_open": bool(access.purpose_of(viewer, "cases.open")),
        "department": cases.department_text(viewer.department),
        "colleagues": cases.colleagues(viewer) if may_share else [],
        "loads": _loads(wanted, cases.workloads(viewer)) if may_share else None,
        **_questions(request),
    }
    return render(request, "officer/cases/queue.html", context)


def _kinds(viewer: access.Viewer) -> list[tuple[str, Text, int, list[tuple[str, Text, int]]]]:
    """List what stands at the desk: each life event with how many, and its items; events with nothing too, to look for what is over."""
    here: dict[str, list[tuple[str, int]]] = {}
    for event, item, count in cases.queue_kinds(viewer):
        here.setdefault(event, []).append((item, count))
    found = []
    for key, label in events():
        items = here.get(key, [])
        declared = cases.life_events()[key].items
        rows = [(f"{key}.{item}", declared[item].label if item in declared else _FORK, count) for item, count in items]
        found.append((key, label, sum(count for _, count in items), rows))
    return found


def events() -> list[tuple[str, Text]]:
    """List the installed life events by key, with their names."""
    return [(key, declared.label) for key, declared in sorted(cases.life_events().items())]


def _tabs(wanted: Wanted, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": wanted.query(which=name), "current": name == wanted.which, "count": counts.get(name)}
        for name, label in TABS.items()
    ]


def row_of(item: cases.CaseItem, who: Who = person) -> dict[str, Any]:
    """Return an item as lists show it: in words, with its light and what is left of its time. who: writes an account's holder."""
    declared = cases.declaration_of(item.case)
    definition = declared.items.get(item.item)
    runs = item.state in (cases.ItemState.READY, cases.ItemState.CLAIMED, cases.ItemState.UNDO, cases.ItemState.STUCK)
    light = cases.light(item.due_on, clock.today()) if runs else None
    return {
        "item": item,
        "case": item.case,
        "event": declared.label,
        "label": definition.label if definition else _FORK,
        "state": cases.ITEM_TEXT[cases.ItemState(item.state)],
        "badge": f"item_{item.state}",
        "light": light,
        "light_text": cases.LIGHT_TEXT[light] if light else None,
        "left": left(item.due_on, light) if light else None,
        "is_late": light == cases.Light.RED,
        "why": why_late(item, who) if light == cases.Light.RED else None,
        "officer": who(item.assignee),
        "limit": definition.working_days if definition else 0,
    }


def why_late(item: cases.CaseItem, who: Who = person) -> Text:
    """Say what a late item waits for: a person, its officer, or somebody to mend what a system could not do."""
    since = cases.working_days_between(localtime(item.ready_at).date(), clock.today())
    if item.state == cases.ItemState.STUCK:
        return Text("系统没有办成，等人处理", "a system failed; it waits for a person")
    if not item.assignee:
        return Text(f"到达 {since} 个工作日，没有人认领", f"here for {counted(since, 'working day')}, claimed by nobody")
    name = who(item.assignee)
    return Text(f"到达 {since} 个工作日，{name}已认领", f"here for {counted(since, 'working day')}, claimed by {name}")


def left(due_on: Any, light: str) -> Text:
    """Say how many working days are left until a deadline, or have passed since."""
    if due_on is None:
        return wait_text(None, 0, light)
    today = clock.today()
    days = cases.working_days_between(due_on, today) if light == cases.Light.RED else cases.working_days_between(today, due_on)
    return wait_text(due_on, days, light)


def _cells(row: dict[str, Any]) -> list[Any]:
    item, case = row["item"], row["case"]
    arrived = localtime(item.ready_at).date()
    about = [case.number, row["event"], case.subject_name, row["label"], row["state"]]
    return [*about, row["light_text"], arrived, item.due_on, item.assignee, row["why"]]


def _questions(request: HttpRequest) -> dict[str, Any]:
    rows = [(row_of(question.item), question) for question in cases.questions(request.viewer)]
    return {"questions": [{**row, "question": question, "asker": cases.department_text(row["item"].department)} for row, question in rows]}


def _loads(wanted: Wanted, loads: list[cases.Workload]) -> dict[str, Any]:
    """Return how full the desks of colleagues are, as a chart with its finding and as rows that lead to each desk."""
    desks = [each for each in loads if each.account]
    busy = [each for each in desks if each.items]
    chart = None
    if busy:
        name, count, late = person(busy[0].account), busy[0].items, sum(each.late for each in loads)
        title = pick(
            f"手上最多的是{name}：{count} 件" + (f"；全部门超期 {late} 件" if late else "；没有超期"),
            f"{name} has the most: {count}" + (f"; {late} late in all" if late else "; nothing is late"),
        )
        items = [Item(person(each.account), each.items, f"{each.items:,}", tone="bad" if each.late else "") for each in desks]
        chart = BarList(title=title, items=items)
    rows = [{"load": each, "url": wanted.query(which="open" if each.account else "free", officer=each.account, text="")} for each in loads]
    return {"chart": chart, "rows": rows}


@requires("cases.share")
@require_POST
def share_out(request: HttpRequest) -> HttpResponse:
    """Hand out what nobody has claimed so that all desks are as full."""
    given = cases.share_out(request.viewer)
    count, people = sum(given.values()), sum(1 for each in given.values() if each)
    shared = counted(count, "item")
    done = Text(f"已把 {count} 件分给 {people} 人，先到期的先分。", f"{shared} handed out to {people}, those due first first.")
    return back(request, "officer:cases", done)


@requires("cases.handle")
@require_POST
def answer(request: HttpRequest, question_id: int) -> HttpResponse:
    """Answer another department's question. Raises: ReasonNeeded for an empty answer."""
    cases.answer_question(request.viewer, question_id, request.POST.get("answer", ""))
    return back(request, "officer:cases", Text("已答复，对方的事项继续办。", "Answered: their item goes on."))
