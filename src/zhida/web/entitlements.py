"""How a happiness list is laid out: decisions beside their payments, in the order a family asks about them.

Nothing is decided here. The block policies says what is due, payments says where it is; this module puts the two side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from zhida.kernel.text import Text

# Order is the order on the page. Keys are also the states that badges know.
GROUPS = {
    "attention": Text("没有到账，需要处理", "Did not arrive: needs attention"),
    "paid": Text("已到账", "Paid"),
    "coming": Text("即将发放", "Coming"),
    "in_kind": Text("减免、服务和资格", "Reductions, services and recognitions"),
    "unknown": Text("待补信息", "Needs a fact"),
    "not_entitled": Text("这个月不符合的", "Not entitled this month"),
}
_STUCK = ("held", "rejected", "returned", "unanswered")
_CLOSED = ("reissued", "cancelled")
# What a resident can do, where the officers' words (payments.REASONS) speak of what the office does. By reason, else by state.
_ADVICE = {
    "no_answer": Text(
        "银行还没有答复，我们正在追查；您不用做什么。", "The bank has not answered yet and we are asking it; there is nothing to do."
    ),
    "unanswered": Text(
        "银行还没有答复，我们正在追查；您不用做什么。", "The bank has not answered yet and we are asking it; there is nothing to do."
    ),
    "cash_not_collected": Text(
        "现金没有领取，钱替您留着；请与街道联系。", "The cash was not collected. The money is kept for you: contact your street office."
    ),
    "declared_lost": Text(
        "银行没有付出这笔钱，我们会重新发放；您不用做什么。", "The bank did not pay this; it is sent again and there is nothing to do."
    ),
    "AM05": Text("银行把它当成了重复的付款，我们正在与银行核对。", "The bank took it for a repeat; we are settling that with the bank."),
    "MS03": Text("银行没有说明原因，我们正在与银行核对。", "The bank gave no reason; we are asking it."),
    "no_account": Text(
        "我们没有您的收款账户，钱替您留着；请带身份证到银行开通社会保障卡金融账户。",
        "We have no account of yours; the money is kept for you. Take your identity card to a bank and open the account "
        "of your social security card.",
    ),
    "account_refused": Text(
        "您说新账户不是您的，钱没有发出；请到街道登记正确的账户。",
        "You said that the new account is not yours, so nothing was sent. Register the right one.",
    ),
}


@dataclass(frozen=True)
class Row:
    """One line of the list: policies.EntitlementLine, its payments (newest last), and whom it is for."""

    line: Any
    payments: list[Any]
    who: Text

    @property
    def group(self) -> str:
        if self.line.status != "entitled":
            return self.line.status
        if not self.to_household:
            return "in_kind"
        states = {payment.state for payment in self.payments}
        if states & set(_STUCK):
            return "attention"
        return "paid" if states == {"paid"} else "coming"

    @property
    def advice(self) -> Text | None:
        """Why money did not arrive and what to do."""
        return advice(self.payment) if self.payment else None

    @property
    def to_household(self) -> bool:
        """Whether money reaches the family's own account: not a service's provider, not a discount on a bill."""
        return self.line.unit == "fen" and bool(self.line.payee_no)

    @property
    def payment(self) -> Any | None:
        """The payment that tells where the money is: a stuck one before one on its way, that before one that arrived."""
        order = {"paid": 0, "instructed": 1, "accepted": 1} | dict.fromkeys(_STUCK, 2)
        return max(self.payments, key=lambda payment: order.get(payment.state, 0), default=None)


def advice(payment: Any) -> Text | None:
    """Say to a resident why money did not arrive and what to do; None where nothing is wrong."""
    if payment.state not in _STUCK:
        return None
    return _ADVICE.get(payment.reason_code) or payment.reason or _ADVICE.get(payment.state)


@dataclass(frozen=True)
class Group:
    key: str
    label: Text
    rows: list[Row]

    @property
    def amount_fen(self) -> int:
        return sum(row.line.amount for row in self.rows if row.to_household)


@dataclass(frozen=True)
class Overview:
    """A month of one household, ready to show."""

    groups: list[Group] = field(default_factory=list)

    def group(self, key: str) -> Group:
        return next((group for group in self.groups if group.key == key), Group(key, GROUPS[key], []))

    @property
    def open_groups(self) -> list[Group]:
        return [group for group in self.groups if group.rows and group.key != "not_entitled"]

    @property
    def not_entitled(self) -> list[list[Row]]:
        """Lines that came to nothing, those of one benefit together: a family of six has six answers to each."""
        by_benefit: dict[str, list[Row]] = {}
        for row in self.group("not_entitled").rows:
            by_benefit.setdefault(row.line.benefit.code, []).append(row)
        return list(by_benefit.values())

    @property
    def monthly_fen(self) -> int:
        """What this month brings by itself."""
        return sum(row.line.amount for row in self._money if row.line.benefit.every == "MONTH")

    @property
    def other_fen(self) -> int:
        """What comes once, or for a quarter or a year, and may have been paid with an earlier month."""
        return sum(row.line.amount for row in self._money if row.line.benefit.every != "MONTH")

    @property
    def _money(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows if row.line.status == "entitled" and row.to_household]

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]


def overview(lines: Iterable[Any], payments: Iterable[Any], resident_no: int) -> Overview:
    """Put decisions and payments side by side.

    lines: policies.EntitlementLine. payments: payments.PaymentLine, those of other lines are left out. resident_no: the reader.
    """
    paid: dict[tuple[str, str, int], list[Any]] = {}
    for payment in sorted(payments, key=lambda each: each.revision):
        if payment.state not in _CLOSED:
            paid.setdefault((payment.benefit, payment.period_key, payment.entity_no), []).append(payment)
    rows = [Row(line, paid.get((line.benefit.code, line.period_key, line.entity_no), []), who(line, resident_no)) for line in lines]
    return Overview([Group(key, label, [row for row in rows if row.group == key]) for key, label in GROUPS.items()])


def who(line: Any, resident_no: int) -> Text:
    """Say whom a line is for, in the family's own words."""
    if line.entity_kind == "household":
        return Text("全家", "The household")
    if line.entity_kind == "claim":
        return Text(f"{line.who}的看病费用", f"{line.who}, medical bill")
    if line.entity_no == resident_no:
        return Text(f"{line.who}（本人）", f"{line.who} (you)")
    return Text(line.who, line.who)


def matching(rows: Iterable[Row], words: str) -> list[Row]:
    """Keep the rows whose benefit or person contains the words, in either language, case ignored."""
    wanted = words.strip().casefold()
    return [row for row in rows if wanted in _words(row)]


def _words(row: Row) -> str:
    label = row.line.benefit.label
    return f"{label.zh} {label.en} {row.who.zh} {row.who.en}".casefold()
