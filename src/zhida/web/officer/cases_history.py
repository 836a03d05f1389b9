"""What happened to a case, in words: for officers, who read it under each item and under the whole case."""

from __future__ import annotations

from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.kernel.text import Text
from zhida.web.templatetags.zhida import person
from zhida.web.text import in_language

ENTRY_TEXT: dict[str, Text] = {
    "found": Text("从部门数据里发现", "Found in the departments' data"),
    "opened": Text("提出申请", "Opened"),
    "agreed": Text("居民确认", "The resident agreed"),
    "declined": Text("居民谢绝", "The resident declined"),
    "lapsed": Text("逾期没有确认", "Nobody agreed in time"),
    "row_taken_back": Text("登记册收回了开办依据", "The register took back the row that began it"),
    "claimed": Text("认领", "Claimed"),
    "given_back": Text("退回队列", "Given back to the queue"),
    "assigned": Text("分派给", "Assigned to"),
    "returned": Text("退回居民补正", "Returned to the resident"),
    "asked_resident": Text("请居民补充", "The resident was asked for"),
    "answered": Text("居民补充了", "The resident answered"),
    "question": Text("请其他部门核对", "Asked another department"),
    "question_answered": Text("部门答复", "A department answered"),
    "escalated": Text("上报求助", "Asked the captain for help"),
    "late": Text("超期，已上报；超期工作日", "Late, the captain was told; working days late"),
    "retried": Text("重试", "Tried again"),
    "crossroads": Text("流程不能自动判断", "The process could not decide by itself"),
    "taken_back": Text("收回", "Taken back"),
    "reopened": Text("重新办理", "Opened again"),
    "appealed": Text("居民提出异议", "The resident objected"),
    "appeal_answered": Text("答复异议", "The objection was answered"),
    "rated": Text("居民评价", "The resident rated it"),
    "rating_answered": Text("答复评价", "The rating was answered"),
    "item_done": Text("办结", "Done"),
    "item_refused": Text("不予办理", "Refused"),
    "item_working": Text("系统办理中", "A system is at work"),
    "item_stuck": Text("需要人工处理", "Needs a person"),
    "item_undo": Text("需要人工撤销", "Must be undone by a person"),
    "item_undone": Text("已撤销", "Undone"),
    "item_undone_by_hand": Text("经办人已撤销", "Undone by an officer"),
    "record_refused": Text("数据未能写入登记册", "The register did not take the row"),
    "record_left": Text("登记册须由部门更正", "Left to its department to correct"),
    "item_cancelled": Text("无需办理", "Not needed any more"),
    "case_done": Text("全部办结", "The case is done"),
    "case_undoing": Text("开始撤销全部事项", "Everything is being undone"),
    "case_undone": Text("全部撤销完毕", "Everything is undone"),
}
# Entries whose text is an account, not a sentence.
NAMES_AN_ACCOUNT = ("assigned",)


def entry_text(entry: Any) -> Text:
    return ENTRY_TEXT.get(entry.what, Text(entry.what, entry.what))


def entry_rows(declared: cases.LifeEventDeclaration, entries: list[Any]) -> list[dict[str, Any]]:
    """Return a case's history in words, the newest last."""
    return [
        {
            "entry": entry,
            "what": entry_text(entry),
            "item": declared.items[entry.item].label if entry.item in declared.items else None,
            "department": cases.department_text(entry.department) if entry.department else None,
            "names_account": entry.what in NAMES_AN_ACCOUNT,
            "by": _by(entry),
        }
        for entry in entries
    ]


def _by(entry: Any) -> str:
    """Write who did it; of a family whose account is gone, that it was the family."""
    is_known = entry.department or entry.account == access.SYSTEM.account or access.account_named(entry.account)
    return person(entry.account) if is_known else in_language(Text("居民", "The resident"))
