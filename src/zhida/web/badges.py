"""States and the words people read for them. Tone: good, info, wait, bad, quiet."""

from __future__ import annotations

from zhida.blocks.cases import api as cases
from zhida.kernel.text import Text

_BADGES: dict[str, tuple[str, Text]] = {
    # entitlements
    "entitled": ("good", Text("符合条件", "Entitled")),
    "not_entitled": ("quiet", Text("不符合", "Not entitled")),
    "unknown": ("wait", Text("待补信息", "Needs a fact")),
    # payments of one person
    "held": ("wait", Text("暂缓发放", "On hold")),
    "instructed": ("info", Text("已送银行", "Sent to the bank")),
    "accepted": ("info", Text("银行已受理", "Accepted by the bank")),
    "paid": ("good", Text("已到账", "Paid")),
    "rejected": ("bad", Text("银行拒付", "Rejected by the bank")),
    "returned": ("bad", Text("银行退回", "Returned by the bank")),
    "unanswered": ("wait", Text("银行逾期未回复", "The bank is late")),
    "reissued": ("quiet", Text("已重新发放", "Sent again")),
    "cancelled": ("quiet", Text("已取消", "Cancelled")),
    "attention": ("bad", Text("没有到账", "Did not arrive")),
    "in_kind": ("good", Text("正在享受", "In force")),
    "coming": ("info", Text("即将发放", "Coming")),
    # batches
    "prepared": ("wait", Text("待复核", "Waits for approval")),
    "approved": ("info", Text("已批准", "Approved")),
    "refused": ("bad", Text("已退回", "Refused")),
    "released": ("info", Text("已发往银行", "Released")),
    "settled": ("good", Text("已结清", "Settled")),
    # feeds
    "received": ("good", Text("已接收", "Received")),
    "duplicate": ("quiet", Text("重复文件", "Same file again")),
    "superseded": ("quiet", Text("已被更新", "Superseded")),
    "quarantined": ("wait", Text("已隔离", "Quarantined")),
    # runs
    "running": ("info", Text("进行中", "Running")),
    "finished": ("good", Text("已完成", "Finished")),
    "failed": ("bad", Text("失败", "Failed")),
    # simulations that were asked for
    "waiting": ("wait", Text("排队中", "In line")),
    "stopped": ("quiet", Text("已停止", "Stopped")),
    "left": ("bad", Text("中断", "Interrupted")),
    # merges
    "proposed": ("wait", Text("待确认", "Proposed")),
    "merged": ("good", Text("已合并", "Merged")),
    "undone": ("quiet", Text("已撤销", "Undone")),
    # deliveries of notices
    "sent": ("good", Text("已发出", "Sent")),
    "given_up": ("bad", Text("多次未送达", "Given up")),
    "unread": ("info", Text("未读", "Unread")),
    # tills
    "till_active": ("good", Text("在用", "In use")),
    "till_revoked": ("quiet", Text("已停用", "Revoked")),
    "till_expired": ("wait", Text("已过期", "Expired")),
    # certificates
    "certificate_valid": ("good", Text("有效", "Valid")),
    "certificate_expired": ("wait", Text("已过期", "Expired")),
    "certificate_revoked": ("bad", Text("已撤销", "Revoked")),
    # appeals
    "open": ("wait", Text("处理中", "Open")),
    "answered": ("good", Text("已答复", "Answered")),
}

# Items of cases say "returned" and "done" of other things than payments do: their badges begin with item_ and case_.
_ITEM_TONES = {
    "ready": "info", "claimed": "info", "returned": "wait", "asked": "wait", "working": "info", "stuck": "bad", "done": "good",
    "refused": "bad", "undo": "bad", "undone": "quiet", "cancelled": "quiet",
}  # fmt: skip
_CASE_TONES = {
    "found": "wait", "asking": "wait", "open": "info", "undoing": "bad", "done": "good", "undone": "quiet", "declined": "quiet",
    "lapsed": "quiet",
}  # fmt: skip
_BADGES |= {f"item_{state}": (_ITEM_TONES[state], text) for state, text in cases.ITEM_TEXT.items()}
_BADGES |= {f"case_{state}": (_CASE_TONES[state], text) for state, text in cases.CASE_TEXT.items()}


def badge(state: str) -> tuple[str, Text]:
    """Return tone and wording of a state; a state nobody named yet is shown as it is written."""
    return _BADGES.get(state, ("quiet", Text(state, state)))
