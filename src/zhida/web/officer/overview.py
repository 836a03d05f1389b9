"""What waits for whom: one page that each role opens in the morning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.notices import api as notices
from zhida.blocks.parties import api as parties
from zhida.blocks.payments import api as payments
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.access import requires


@dataclass(frozen=True)
class Task:
    """Something that waits: how many, where to go, and what to do there."""

    label: Text
    count: int
    url: str
    note: Text
    tone: str = "wait"


@requires("feeds.view", "quarantine.view", "payments.view", "appeals.handle")
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    tasks = [ask(request.viewer, purpose) for permission, ask in _TASKS if (purpose := access.purpose_of(request.viewer, permission))]
    waiting = sum(task.count for task in tasks)
    run = next(iter(policies.runs(request.viewer)), None) if access.purpose_of(request.viewer, "runs.view") else None
    context = {
        "tasks": sorted(tasks, key=lambda task: task.count == 0),
        "waiting": waiting,
        "place": _place(request.viewer),
        "month_run": run,
        "month_steps": _month_steps(request.viewer, run) if run else [],
    }
    return render(request, "officer/overview.html", context)


def _place(viewer: Viewer) -> places.Area | None:
    return places.area(int(viewer.area_code)) if viewer.area_code else None


def _appeals(viewer: Viewer, purpose: Purpose) -> Task:
    count = len(policies.appeals(viewer, purpose, "open"))
    return Task(Text("居民异议", "Appeals"), count, reverse("officer:appeals"), Text("等您答复", "wait for your answer"))


def _quarantine(viewer: Viewer, purpose: Purpose) -> Task:
    count = records.rows_waiting(viewer, purpose)
    return Task(Text("隔离数据", "Quarantined rows"), count, reverse("officer:quarantine"), Text("等待更正", "wait to be corrected"))


def _returns(viewer: Viewer, purpose: Purpose) -> Task:
    note = Text("没有到人手里", "did not reach their payee")
    return Task(Text("退票和暂缓", "Returned or on hold"), payments.count_returns(viewer), reverse("officer:returns"), note, "bad")


def _undelivered(viewer: Viewer, purpose: Purpose) -> Task:
    note = Text("必须让居民知道，请电话或上门", "must reach the resident: call or visit")
    return Task(
        Text("未送达的通知", "Undelivered notices"), notices.count_undelivered(viewer, required=True), reverse("officer:undelivered"), note
    )


def _refused(viewer: Viewer, purpose: Purpose) -> Task:
    count = sum(delivery.state == "refused" for delivery in records.deliveries(viewer, purpose))
    note = Text("整份没有接收，请确认列名或请部门重发", "refused whole: confirm the columns, or ask for a new file")
    return Task(Text("未接收的文件", "Refused files"), count, reverse("officer:feeds") + "?state=refused", note, "bad")


def _merges(viewer: Viewer, purpose: Purpose) -> Task:
    count = len(parties.merges(viewer, purpose, "proposed"))
    return Task(Text("疑似重复的人", "Likely duplicates"), count, reverse("officer:merges"), Text("等您判断", "wait for your judgement"))


def _batches(state: str, label: Text, note: Text) -> Callable[[Viewer, Purpose], Task]:
    def ask(viewer: Viewer, purpose: Purpose) -> Task:
        return _task_of([batch for batch in payments.batches(viewer) if batch.state == state], label, note)

    return ask


def _to_sign(viewer: Viewer, purpose: Purpose) -> Task:
    """Batches that this viewer's signature would bring on; what it has signed already waits for others."""
    found = [batch for batch in payments.batches(viewer) if payments.may_sign(viewer, batch)]
    return _task_of(found, Text("待复核的批次", "Batches to check"), Text("等您复核", "wait for your approval"))


def _stopped(viewer: Viewer, purpose: Purpose) -> Task:
    """Batches that a checker sent back and whose run has not been prepared again."""
    rows = payments.batches(viewer)
    last = {batch.run_id: batch for batch in reversed(rows) if batch.run_id}
    found = [batch for batch in last.values() if batch.state == payments.BatchState.REFUSED]
    return _task_of(found, Text("被退回的批次", "Batches sent back"), Text("看原因，改好再编制", "see why, mend it, prepare again"), "bad")


def _task_of(found: Sequence[Any], label: Text, note: Text, tone: str = "wait") -> Task:
    url = reverse("officer:batch", args=[found[0].id]) if len(found) == 1 else reverse("officer:batches")
    return Task(label, len(found), url, note, tone)


def _items(viewer: Viewer, purpose: Purpose) -> Task:
    """Items of joint cases at the viewer's desk; bad where one is late."""
    counts = cases.queue_counts(viewer)
    note = Text(f"其中超期 {counts['late']} 件", f"{counts['late']} of them late") if counts["late"] else Text("轮到您办", "your turn")
    return Task(Text("一件事的事项", "Joint cases"), counts["open"], reverse("officer:cases"), note, "bad" if counts["late"] else "wait")


def _questions(viewer: Viewer, purpose: Purpose) -> Task:
    url = reverse("officer:cases") + "#questions"
    return Task(
        Text("部门来问", "Questions"), len(cases.questions(viewer)), url, Text("其他部门等您答复", "other departments wait for your answer")
    )


def _case_money(viewer: Viewer, purpose: Purpose) -> Task:
    count = cases.payables_waiting(viewer).count() + cases.payables_waiting(viewer, cases.HandOver.WITHDRAWING).count()
    return Task(Text("一件事付款", "Money of cases"), count, reverse("officer:case_money"), Text("等您编制批次", "wait for a batch"))


# Permission -> what waits for whoever holds it, in the order of the day.
_TASKS: tuple[tuple[str, Callable[[Viewer, Purpose], Task]], ...] = (
    ("cases.handle", _items),
    ("cases.handle", _questions),
    ("appeals.handle", _appeals),
    ("feeds.receive", _refused),
    ("merges.review", _merges),
    ("payments.approve", _to_sign),
    ("payments.prepare", _stopped),
    ("payments.prepare", _case_money),
    (
        "payments.release",
        _batches("approved", Text("待发送的批次", "Batches to send"), Text("已批准，可发往银行", "approved, ready for the bank")),
    ),
    (
        "payments.release",
        _batches("released", Text("等银行回执的批次", "Batches at the bank"), Text("等回执后结清", "settle when it has answered")),
    ),
    ("payments.returns", _returns),
    ("notices.undelivered", _undelivered),
    ("quarantine.correct", _quarantine),
)


def _month_steps(viewer: Viewer, run: Any) -> list[dict[str, Any]]:
    """Return how far the newest month has come, from decided to settled."""
    done = [("收到部门数据", "Feeds received", True), ("核定", "Decided", run.state == "finished")]
    if access.purpose_of(viewer, "payments.view"):
        states = {batch.state for batch in payments.batches(viewer, run.month) if not batch.is_reissue}
        done += [
            ("编制", "Prepared", bool(states - {"refused", "cancelled"})),
            ("批准", "Approved", bool(states & {"approved", "released", "settled"})),
            ("发往银行", "Sent", bool(states & {"released", "settled"})),
            ("结清", "Settled", "settled" in states),
        ]
    first = next((i for i, (_, _, is_done) in enumerate(done) if not is_done), len(done))
    return [
        {"label": Text(zh, en), "state": "done" if is_done else "current" if i == first else "todo"}
        for i, (zh, en, is_done) in enumerate(done)
    ]
