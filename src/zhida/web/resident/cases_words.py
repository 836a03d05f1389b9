"""A resident's case in plain words: where values are from, what happened, who does what by when."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.web.templatetags.zhida import area, day

# Numbers as long as an account's are shown by their end only.
_LONG_NUMBER = re.compile(r"^\d{13,}$")
_TAIL = 4
_SOURCES = {
    "card": Text("公安人口信息", "the police's population register"),
    "fact": Text("各部门汇总的资料", "the departments' records"),
    "asked": Text("您填的", "your own answer"),
    "kept": Text("您以前填过的", "what you told us before"),
}
_LEVELS = {"street": Text("街道", "street"), "district": Text("区里", "district"), "city": Text("市里", "city")}
_HAPPENED = {
    "found": Text("从部门数据得知，请您确认", "Found in the city's records; waits for your word"),
    "opened": Text("提交申请", "You applied"),
    "agreed": Text("您确认了", "You agreed"),
    "declined": Text("您谢绝了", "You declined"),
    "returned": Text("请您补充", "Returned to you"),
    "asked_resident": Text("请您补充", "You were asked for more"),
    "answered": Text("您补充了", "You answered"),
    "question": Text("部门之间核对", "Departments check with each other"),
    "question_answered": Text("核对完毕", "The check came back"),
    "late": Text("超过了期限，已上报督办", "Past its deadline; the city's leads were told"),
    "crossroads": Text("工作人员正在判断下一步", "An officer is deciding what comes next"),
    "item_done": Text("办好了", "Done"),
    "item_refused": Text("不予办理", "Refused"),
    "item_stuck": Text("工作人员正在处理", "An officer is looking into it"),
    "item_undo": Text("正在撤销", "Being undone"),
    "item_undone": Text("已撤销", "Undone"),
    "item_undone_by_hand": Text("已撤销", "Undone"),
    "record_refused": Text("数据核对中", "Being checked"),
    "record_left": Text("数据核对中", "Being checked"),
    "item_cancelled": Text("不再办理", "Not needed any more"),
    "case_done": Text("全部办完", "Finished"),
    "case_undoing": Text("开始撤销", "Everything is being undone"),
    "case_undone": Text("已全部撤销", "Everything has been undone"),
    "lapsed": Text("到期没有确认，没有办理", "Not confirmed in time; nothing was done"),
    "row_taken_back": Text("登记有更正，部门正在核实", "The register was corrected; departments are checking"),
    "appealed": Text("您提出了异议", "You objected"),
    "appeal_answered": Text("异议已答复", "Your objection was answered"),
    "reopened": Text("重新办理", "Taken up again"),
    "rated": Text("您评价了", "You rated it"),
}
# What a state of an item means to the one who waits for it.
_ITEM_STATES = {
    "": ("quiet", Text("还没轮到", "Not yet")),
    "ready": ("info", Text("等待办理", "In line")),
    "claimed": ("info", Text("正在办", "Under way")),
    "returned": ("wait", Text("等您补充", "Waits for you")),
    "asked": ("info", Text("部门核对中", "Being checked")),
    "working": ("info", Text("正在办", "Under way")),
    "stuck": ("info", Text("正在办", "Under way")),
    "done": ("good", Text("办好了", "Done")),
    "refused": ("bad", Text("不予办理", "Refused")),
    "undo": ("wait", Text("正在撤销", "Being undone")),
    "undone": ("quiet", Text("已撤销", "Undone")),
    "cancelled": ("quiet", Text("不再办理", "Not needed any more")),
}
CASE_TONES = {
    "found": "wait",
    "asking": "wait",
    "open": "info",
    "undoing": "wait",
    "done": "good",
    "undone": "quiet",
    "declined": "quiet",
    "lapsed": "quiet",
}


def source_text(source: str) -> Text:
    """Say where a value is from: a register by its name and department, or the resident."""
    if source in _SOURCES or not source:
        return _SOURCES.get(source, Text("", ""))
    contract = records.record_types().get(source)
    if contract is None:
        return Text(source, source)
    return Text(f"{contract.department.zh}的{contract.label.zh}", f"{contract.department.en}: {contract.label.en}")


def shown_value(line: cases.EvidenceLine) -> Text | str:
    """Write a value for its owner: options by label, money in yuan, days and areas by name, long numbers by their end."""
    if line.field.kind == "date" and line.value:
        return day(date.fromisoformat(str(line.value)))
    if line.field.source.get("card") == "community":
        return area(line.value)
    if line.field.kind == "file" and line.value:
        return Text("已添加", "Added")
    if line.field.kind == "statement" and line.value is True:
        return Text("已同意", "Agreed")
    said = cases.value_text(line.field, line.value)
    if _LONG_NUMBER.match(said.zh):
        return Text(f"尾号 {said.zh[-_TAIL:]}", f"ending in {said.zh[-_TAIL:]}")
    return said


def known_lines(lines: list[cases.EvidenceLine]) -> list[dict[str, Any]]:
    """Return what the city has by itself, with where from and of which day: nothing of it is asked."""
    known = [line for line in lines if line.value not in (None, "") and line.source != "asked"]
    return [{"field": line.field, "value": shown_value(line), "source": source_text(line.source), "on": line.on} for line in known]


def answered_lines(lines: list[cases.EvidenceLine]) -> list[dict[str, Any]]:
    """Return what the resident told, with the file to look at again where it is one."""
    told = [line for line in lines if line.source == "asked"]
    return [{"field": line.field, "value": shown_value(line), "on": line.on, "file": _file(line)} for line in told]


def _file(line: cases.EvidenceLine) -> int:
    return int(line.value) if line.field.kind == "file" and str(line.value).isdecimal() else 0


def happened(entries: list[Any], declared: cases.LifeEventDeclaration) -> list[dict[str, Any]]:
    """Return the history a resident reads, newest first: without what only desks do among themselves."""
    lines = []
    for entry in entries:
        item = declared.items.get(entry.item)
        if entry.what in _HAPPENED and not (item is not None and item.kind == "table"):
            lines.append({"at": entry.at, "what": _HAPPENED[entry.what], "item": item.label if item else None, "text": _said(entry)})
    return lines[::-1]


def _said(entry: Any) -> str | Text:
    """Reasons and answers are the resident's to read; a late item's text is a number of days and a crossroads' a condition."""
    if entry.what == "rated":
        return Text(f"{entry.text} 星", f"{entry.text} of 5 stars")
    return "" if entry.what in ("late", "crossroads") else entry.text


def item_lines(view: cases.CaseView) -> list[dict[str, Any]]:
    """Return every item as the resident follows it: who, by when, how it stands. What the process passed by is not needed."""
    is_over = view.case.closed_at is not None
    lines = []
    for line in view.items:
        if line.row is None and (is_over or only_tells(line.declared)):
            continue
        tone, said = _ITEM_STATES[line.state]
        lines.append(
            {
                "item": line.declared, "row": line.row, "tone": tone, "said": said, "who": who(line.declared, view.declared.leads),
                "due_on": _due(line), "is_late": line.light == cases.Light.RED, "can_appeal": line.state == "refused",
                "has_come": line.row is not None,
            }
        )  # fmt: skip
    return sorted(lines, key=lambda each: not each["has_come"])


def only_tells(item: cases.Item) -> bool:
    """Whether an item is a message and nothing else: nobody waits for it, and a refusal's would alarm before there is one."""
    return item.kind == "automatic" and bool(item.effects) and all(effect.kind == "notice" for effect in item.effects)


def _due(line: cases.ItemLine) -> date | None:
    return line.row.due_on if line.row is not None and line.state in ("ready", "claimed", "asked") else None


def who(item: cases.Item, leads: str) -> Text:
    if item.kind == "automatic":
        return Text("系统自动办", "Done by the system")
    department = cases.department_text(item.department or leads)
    if item.department == "street":
        return department
    level = _LEVELS.get(item.level, Text("", ""))
    return Text(f"{level.zh}{department.zh}", f"{department.en}, {level.en}")
