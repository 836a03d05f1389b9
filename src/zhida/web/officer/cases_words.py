"""Cases in words: what happened, where a value is from, what an item brings about and has brought about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text
from zhida.web.officer.common import benefit_label
from zhida.web.templatetags.zhida import area, day
from zhida.web.text import counted, in_language, pick

# Numbers as long as a bank account's are shown by their end only.
_ACCOUNT = re.compile(r"^\d{15,}$")
# The block's words speak to residents; these speak of them.
CASE_TEXT = {
    **cases.CASE_TEXT,
    cases.CaseState.FOUND: Text("等居民确认", "Waits for the resident's word"),
    cases.CaseState.ASKING: Text("等居民补充", "Waits for the resident"),
    cases.CaseState.DECLINED: Text("居民谢绝", "Declined by the resident"),
}
_SOURCES = {
    "card": Text("人口登记", "Population register"),
    "fact": Text("本月核定的资料", "Facts of the month"),
    "asked": Text("居民填报", "Told by the resident"),
    "kept": Text("居民以前填报", "Told by the resident before"),
}
SEPARATOR = Text("、", ", ")


def source_text(source: str) -> Text:
    """Say where a value of a case is from: a register by its name, or who told it; nothing known, nothing said."""
    if not source:
        return Text("还没有", "Not known yet")
    if source in _SOURCES:
        return _SOURCES[source]
    contract = records.record_types().get(source)
    return (
        Text(f"{contract.label.zh}（{contract.department.zh}）", f"{contract.label.en} ({contract.department.en})")
        if contract
        else Text(source, source)
    )


def joined(texts: list[Text]) -> Text:
    return Text(SEPARATOR.zh.join(each.zh for each in texts), SEPARATOR.en.join(each.en for each in texts))


@dataclass(frozen=True)
class Outcome:
    """One thing an item has brought about or waits for. problem: why not yet; url: where it lies."""

    label: Text
    said: Text
    state: str
    problem: Text | None = None
    attempts: int = 0
    url: str = ""


def planned(declared: cases.LifeEventDeclaration, item: cases.Item) -> list[Text]:
    """Say what will happen when an item is done."""
    owner = cases.department_text(item.department or declared.leads)
    sent = Text(f"推送{owner.zh}的业务系统", f"Sent to the system of {owner.en}")
    return [sent if effect.kind == "system" else _PLANNED[effect.kind](effect.settings) for effect in item.effects]


def _benefits(settings: Mapping[str, Any]) -> Text:
    return joined([benefit_label(code) for code in settings.get("benefits", ())])


def _will_decide(settings: Mapping[str, Any]) -> Text:
    names = _benefits(settings)
    return Text(f"按现行政策核定：{names.zh}", f"The rules decide: {names.en}")


def _will_pay(settings: Mapping[str, Any]) -> Text:
    names = _benefits(settings)
    return Text(f"应发的钱交给发放经办编入批次：{names.zh}", f"What is due goes to the payment officers: {names.en}")


def _will_record(settings: Mapping[str, Any]) -> Text:
    label = _register(settings["record_type"])
    return Text(f"写入登记：{label.zh}", f"A row of a register is written: {label.en}")


def _register(record_type: str) -> Text:
    contract = records.record_types().get(record_type)
    return contract.label if contract else Text(record_type, record_type)


def _will_certify(settings: Mapping[str, Any]) -> Text:
    return Text(f"签发电子证照：{settings['title']['zh']}", f"A certificate is issued: {settings['title']['en']}")


_PLANNED: dict[str, Any] = {
    "decision": _will_decide,
    "payment": _will_pay,
    "record": _will_record,
    "certificate": _will_certify,
    "stop": lambda settings: Text("停发逝者的待遇，多发的依法追回", "Benefits of the dead end; what was overpaid is brought back"),
    "notice": lambda settings: Text("通知居民", "The resident is told"),
}
_KINDS = {
    "decision": Text("核定", "Decision"),
    "payment": Text("发放", "Payment"),
    "record": Text("登记", "Register"),
    "certificate": Text("证照", "Certificate"),
    "stop": Text("停发", "Stop"),
    "notice": Text("通知", "Notice"),
    "system": Text("部门系统", "System"),
}
_STATUS = {
    "entitled": Text("符合条件", "entitled"),
    "not_entitled": Text("不符合", "not entitled"),
    "unknown": Text("资料不全，待补", "unknown, a fact is missing"),
}
_MONEY = {
    "waiting": Text("待编入批次", "waits for a batch"),
    "handed": Text("已编入批次", "in a batch"),
    "withdrawing": Text("撤回中", "being withdrawn"),
    "withdrawn": Text("已撤回", "withdrawn"),
    "refused": Text("被退回", "refused"),
}


def outcomes(desk: cases.DeskItem) -> list[Outcome]:
    """Say what an item has brought about so far, in the order of its declaration."""
    return [_outcome(desk, effect) for effect in desk.effects]


def _outcome(desk: cases.DeskItem, effect: Any) -> Outcome:
    said, url = _SAID.get(effect.kind, _nothing)(desk, effect)
    problem = Text(effect.problem_zh, effect.problem_en) if effect.problem_zh else None
    return Outcome(_KINDS.get(effect.kind, Text(effect.kind, effect.kind)), said, effect.state, problem, effect.attempts, url)


def _nothing(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    return Text("", ""), ""


def decision_text(decision: Any) -> Text:
    """Say one decision in words: the benefit, what the rules said, the amount."""
    label, status = benefit_label(decision.benefit), _STATUS.get(decision.status, Text(decision.status, decision.status))
    money = decision.unit == "fen" and decision.status == "entitled" and decision.amount
    if money:
        amount = format_yuan(decision.amount)
        return Text(f"{label.zh}：{status.zh}，{amount} 元", f"{label.en}: {status.en}, ¥{amount}")
    return Text(f"{label.zh}：{status.zh}", f"{label.en}: {status.en}")


def _decided(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    said = [decision_text(each) for each in desk.view.decisions if each.effect_id == effect.pk]
    return (joined(said) if said else Text("没有可核定的待遇", "Nothing to decide")), ""


def payable_text(payable: Any) -> Text:
    label, state = benefit_label(payable.benefit), _MONEY[payable.state]
    amount = format_yuan(payable.amount_fen)
    batch = (f" {payable.batch_id}", f" {payable.batch_id}") if payable.batch_id else ("", "")
    return Text(f"{label.zh} {amount} 元，{state.zh}{batch[0]}", f"{label.en} ¥{amount}, {state.en}{batch[1]}")


def _paid(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    said = [payable_text(each) for each in desk.view.payables if each.effect_id == effect.pk]
    return (joined(said) if said else Text("没有应发的钱", "Nothing is due")), ""


_ROW_STATES = {
    "waiting": Text("待随部门数据提交", "waits for the department's feed"),
    "handed": Text("已提交", "delivered"),
    "withdrawing": Text("撤回中", "being withdrawn"),
    "withdrawn": Text("已撤回", "withdrawn"),
    "refused": Text("登记部门退回", "refused by the register"),
}


def _recorded(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    said = []
    for row in effect.records.all():
        label, state = _register(row.record_type), _ROW_STATES[row.state]
        said.append(Text(f"{label.zh}，{state.zh}", f"{label.en}, {state.en}"))
    return (joined(said) if said else Text("没有写入", "Nothing was written")), ""


def _certified(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    number = next(iter((effect.result.get("values") or {}).values()), "")
    url = (
        reverse("officer:case_certificate", args=[effect.item.case_id, effect.result["certificate"]])
        if effect.result.get("certificate")
        else ""
    )
    return Text(f"编号 {number}" if number else "待签发", f"Number {number}" if number else "To be issued"), url


def _sent(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    owner, reference = cases.department_text(desk.item.department), effect.result.get("reference", "")
    number = (f"，回执 {reference}", f", receipt {reference}") if reference else ("", "")
    return Text(f"{owner.zh}的业务系统{number[0]}", f"System of {owner.en}{number[1]}"), ""


def _stopped(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    names = joined([benefit_label(code) for code in effect.result.get("benefits", {})])
    overpaid = (effect.result.get("values") or {}).get("overpaid_fen", 0)
    since = effect.result.get("from", "")
    zh = f"{since} 起停发：{names.zh or '没有在发的待遇'}" + (f"；多发 {format_yuan(overpaid)} 元" if overpaid else "")
    en = f"From {since}: {names.en or 'nothing was being paid'}" + (f"; ¥{format_yuan(overpaid)} overpaid" if overpaid else "")
    return Text(zh, en), ""


def _told(desk: cases.DeskItem, effect: Any) -> tuple[Text, str]:
    return Text("已写给居民", "Written to the resident"), ""


_SAID: dict[str, Any] = {
    "decision": _decided,
    "payment": _paid,
    "record": _recorded,
    "certificate": _certified,
    "system": _sent,
    "stop": _stopped,
    "notice": _told,
}


def after_refusal(desk: cases.DeskItem) -> Text:
    """Say beforehand what follows when an item is refused."""
    item = desk.definition
    if item is None or item.on_refusal == "go_on":
        return Text("其他事项继续办，流程会按“不予办理”往下走。", "The other items go on; the process takes the way of a refusal.")
    done = [line.declared for line in desk.view.items if line.state == cases.ItemState.DONE]
    if isinstance(item.on_refusal, tuple):
        done = [each for each in done if each.key in item.on_refusal]
        names = joined([each.label for each in done])
        return Text(
            f"这些已办结的事项会被撤销：{names.zh or '目前没有'}；其余继续办。",
            f"These items are undone: {names.en or 'none yet'}. The others go on.",
        )
    names = joined([each.label for each in done])
    return Text(
        f"整件事终止，其他部门不再办理；已办结的会倒序撤销：{names.zh or '目前没有'}。",
        f"The whole case ends. What is done is undone, the last first: {names.en or 'nothing yet'}.",
    )


def wait_text(due_on: Any, days: int, light: str) -> Text:
    """Say how long is left in working days, or how long it is over."""
    if due_on is None:
        return Text("没有期限", "No deadline")
    if light == cases.Light.RED:
        return Text(f"超期 {days} 个工作日", f"{counted(days, 'working day')} late")
    return Text("今天到期", "Due today") if days == 0 else Text(f"还有 {days} 个工作日", f"{counted(days, 'working day')} left")


def value_text(field: cases.Field | None, value: Any) -> Text | str:
    """Write a value of a case as a page shows it: days as days, communities by name."""
    if field is not None and field.kind == "date" and value:
        return day(date.fromisoformat(value))
    if field is not None and field.source.get("card") == "community" and value:
        return area(value)
    said = cases.value_text(field, value)
    return Text(f"尾号 {said.zh[-4:]}", f"ending in {said.en[-4:]}") if _ACCOUNT.match(said.zh) else said


def evidence_rows(lines: list[cases.EvidenceLine]) -> list[dict[str, Any]]:
    """Return what a case knows, in words: what, its value, where it is from and of which day."""
    return [
        {
            "field": line.field,
            "value": value_text(line.field, line.value),
            "file": int(line.value) if line.field.kind == "file" and str(line.value).isdecimal() else 0,
            "is_known": line.value is not None,
            "source": source_text(line.source),
            "on": line.on,
        }
        for line in lines
    ]


def drawing_of(declared: cases.LifeEventDeclaration, states: Mapping[str, str], notes: Mapping[str, str]) -> Any:
    """Return the drawing of a life event in the reader's language: its file names everything in one."""
    names = {key: in_language(item.label) for key, item in declared.items.items()}
    return cases.diagram_of(declared.process, states, notes, names=names, language=pick("zh", "en"))
