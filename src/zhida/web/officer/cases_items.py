"""One item of a case at its desk: what is to be done, what is known, what the officer enters, and everything they may do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.case_forms import form_fields, written
from zhida.web.errors import status_of
from zhida.web.officer.cases import row_of
from zhida.web.officer.cases_history import entry_rows
from zhida.web.officer.cases_through import go_on, through_context, through_of
from zhida.web.officer.cases_words import after_refusal, evidence_rows, outcomes, planned, value_text
from zhida.web.officer.common import back
from zhida.web.text import in_language

Act = Callable[[Viewer, int, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Action:
    """One thing an officer may do with an item. states: where it may be done; stays: the page is shown again afterwards."""

    act: Act
    done: Text
    states: tuple[cases.ItemState, ...]
    stays: bool = True


@dataclass
class Typed:
    """What was sent and not taken: the action, its fields, and why."""

    action: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, Text] = field(default_factory=dict)
    error: ZhidaError | None = None


_S = cases.ItemState
_OPEN = (_S.READY, _S.CLAIMED)
ACTIONS: dict[str, Action] = {
    "claim": Action(lambda v, n, p: cases.claim(v, n), Text("已认领。", "It is yours now."), (_S.READY, _S.UNDO)),
    "finish": Action(cases.finish_item, Text("已办结，流程继续往下走。", "Done: the case goes on."), (*_OPEN, _S.STUCK)),
    "return": Action(
        lambda v, n, p: cases.return_item(v, n, p.get("reason", "")),
        Text("已退回居民补正，期限停表。", "Returned to the resident; the clock stands."), _OPEN,
    ),
    "refuse": Action(
        lambda v, n, p: cases.refuse_item(v, n, p.get("reason", "")), Text("已写明不予办理。", "Refused, with your reason."),
        (*_OPEN, _S.STUCK),
    ),
    "ask": Action(
        lambda v, n, p: cases.ask_department(v, n, p.get("department", ""), p.get("question", "")),
        Text("已发给对方部门，答复前停表。", "Sent; the clock stands until they answer."), _OPEN,
    ),
    "escalate": Action(
        lambda v, n, p: cases.escalate(v, n, p.get("reason", "")), Text("已上报。", "The captain was told."),
        (*_OPEN, _S.UNDO, _S.ASKED, _S.STUCK),
    ),
    "give_back": Action(
        lambda v, n, p: cases.give_back(v, n), Text("已退回队列。", "Back in the queue."), (_S.CLAIMED, _S.UNDO), stays=False
    ),
    "retry": Action(lambda v, n, p: cases.retry_item(v, n), Text("已重试。", "Tried again."), (_S.STUCK, _S.WORKING, _S.UNDO)),
    "undo": Action(
        lambda v, n, p: cases.undo_done(v, n, p.get("reason", "")), Text("已记录撤销，其余继续。", "Written as undone; the rest goes on."),
        (_S.UNDO,),
    ),
    "take_back": Action(
        lambda v, n, p: cases.take_back(v, n, p.get("reason", "")), Text("已收回，正在撤销。", "Taken back; it is being undone."),
        (_S.DONE,),
    ),
    "assign": Action(
        lambda v, n, p: cases.assign(v, n, p.get("account", "")), Text("已改派。", "Reassigned."), (*_OPEN, _S.UNDO)
    ),
}  # fmt: skip
# Actions that end something for good are ticked first.
CONFIRMED = ("finish", "refuse", "take_back")
# After these nothing is left to do with the item for now: who works a queue through gets the next one.
LEAVES = ("finish", "return", "refuse", "ask", "give_back", "undo")
NOT_TICKED = Text("请先勾选确认，再提交。", "Tick the confirmation first, then send it again.")


@requires("cases.handle")
@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show an item; take what the officer does with it. What is not taken is shown again as it was typed."""
    if request.method == "GET":
        return _page(request, item_id, Typed())
    desk = cases.desk_item(request.viewer, item_id)
    name, through = request.POST.get("action", ""), through_of(request)
    if name == "skip" and through is not None:
        return go_on(request, through, desk.item)
    action = ACTIONS.get(name)
    if action is None:
        return _page(request, item_id, Typed())
    enters = desk.definition.enters if desk.definition and name == "finish" else ()
    said: dict[str, Any] = {**written(request, enters), **_texts(request)}
    if name in CONFIRMED and needs_tick(desk, name) and not request.POST.get("sure"):
        return _page(request, item_id, Typed(name, said, {"sure": NOT_TICKED}), status=400)
    try:
        action.act(request.viewer, item_id, said)
    except cases.AnswersMissing as error:
        return _page(request, item_id, Typed(name, said, error.problems, error), status=400)
    except (cases.ReasonNeeded, cases.DepartmentUnknown, cases.OfficerUnknown, cases.ItemInWrongState, cases.ItemNotYours) as error:
        return _page(request, item_id, Typed(name, said, {}, error), status=status_of(error))
    if through is not None and name in LEAVES:
        said, about = row_of(desk.item)["label"], f"{desk.case.subject_name} {desk.case.number}"
        messages.success(request, in_language(Text(f"{said.zh}，{about}：{action.done.zh}", f"{said.en}, {about}: {action.done.en}")))
        return go_on(request, through, desk.item)
    return back(request, "officer:case_item", action.done, item_id) if action.stays else back(request, "officer:cases", action.done)


def _texts(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST[name] for name in ("reason", "department", "question", "account") if name in request.POST}


def needs_tick(desk: cases.DeskItem, name: str) -> bool:
    """Say whether an action cannot be taken back: a refusal that undoes others, an item whose effects stay."""
    item = desk.definition
    if item is None:
        return False
    if name == "take_back":
        return True
    if name == "refuse":
        return item.on_refusal != "go_on"
    return bool(item.effects) and item.undo_by != "effects"


def _page(request: HttpRequest, item_id: int, typed: Typed, status: int = 200) -> HttpResponse:
    desk = cases.desk_item(request.viewer, item_id)
    row, definition, viewer = row_of(desk.item), desk.definition, request.viewer
    is_mine = desk.item.assignee in ("", viewer.account)
    known = {line.field.key: line.value for line in desk.view.evidence if line.value is not None}
    may = _may(desk, is_mine, viewer)
    others = [line for line in desk.view.items if line.declared.key != desk.item.item]
    needed = {each.key for each in desk.declared.evidence_for(desk.item.item)}
    context = {
        **row,
        "desk": desk,
        "definition": definition,
        "leads": cases.department_text(desk.declared.leads),
        "evidence": evidence_rows([line for line in desk.view.evidence if line.field.key in needed]),
        "fields": form_fields(
            definition.enters if definition else (),
            {**desk.item.entered, **typed.values},
            typed.problems,
            known=known,
            all_fields=desk.declared.fields,
        ),
        "added": cases.added_files(viewer, desk.case.pk, desk.item.item),
        "entered": entered_rows(desk),
        "planned": planned(desk.declared, definition) if definition else [],
        "outcomes": outcomes(desk),
        "refusal": after_refusal(desk),
        "takes_all": definition is not None and definition.on_refusal == "undo",
        "ticks": {name: needs_tick(desk, name) for name in CONFIRMED},
        "may": may,
        "is_mine": is_mine,
        "is_over": not (row["light"] or may["finish"] or may["retry"]),
        "typed": typed,
        "through": through_context(request, desk.item),
        "arrived_on": localtime(desk.item.ready_at).date(),
        "departments": _departments(desk),
        "colleagues": cases.colleagues(viewer, desk.item.area) if access.purpose_of(viewer, "cases.share") else [],
        "entries": entry_rows(desk.declared, [each for each in desk.view.entries if each.item == desk.item.item]),
        "others": [line for line in others if line.row is not None],
        "ahead": sum(1 for line in others if line.row is None) if desk.case.state == cases.CaseState.OPEN else 0,
        "questions": [(each, cases.department_text(each.department)) for each in desk.questions],
        "trail": [
            {"label": Text("一件事", "Joint cases"), "url": reverse("officer:cases")},
            {"label": Text(desk.case.number, desk.case.number), "url": reverse("officer:case", args=[desk.case.pk])},
            {"label": row["label"]},
        ],
    }
    return render(request, "officer/cases/item.html", context, status=status)


def _may(desk: cases.DeskItem, is_mine: bool, viewer: Viewer) -> dict[str, bool]:
    """Say which actions this item's state and this viewer allow; what only its owner may is left to them."""
    state, has_definition = desk.item.state, desk.definition is not None
    may = {name: state in action.states for name, action in ACTIONS.items()}
    for name in ("claim", "finish", "return", "refuse", "ask", "give_back", "undo"):
        may[name] = may[name] and is_mine
    may["claim"] = may["claim"] and not desk.item.assignee
    may["give_back"] = may["give_back"] and desk.item.assignee == viewer.account
    may["refuse"] = may["refuse"] and has_definition
    may["finish"] = may["finish"] and has_definition and not desk.item.is_automatic
    # What a person undoes is written down; what a system is still to undo is asked for again.
    may["undo"] = may["undo"] and has_definition and desk.definition.undo_by == "person"
    may["retry"] = may["retry"] and (state != _S.UNDO or any(effect.state == "undoing" for effect in desk.effects))
    may["take_back"] = may["take_back"] and desk.case.state in ("open", "done")
    may["assign"] = may["assign"] and bool(access.purpose_of(viewer, "cases.share"))
    return may


def entered_rows(desk: cases.DeskItem) -> list[tuple[Text, Text | str]]:
    """Return what the officer of an item entered, in words."""
    fields = desk.definition.enters if desk.definition else ()
    entered = desk.item.entered
    return [(each.label, value_text(each, entered[each.key])) for each in fields if each.key in entered]


def _departments(desk: cases.DeskItem) -> list[tuple[str, Text]]:
    """List whom a question may go to: those of the case first, then everybody else."""
    of_case = [each for each in desk.declared.departments if each != desk.item.department]
    others = [each for each in (*records.departments(), "street") if each not in of_case and each != desk.item.department]
    return [(key, cases.department_text(key)) for key in (*of_case, *others)]
