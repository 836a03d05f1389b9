"""Where one may go: groups by task, in one order for everybody; each viewer is shown what it may open, and how much waits there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.notices import api as notices
from zhida.blocks.parties import api as parties
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text

# With no more entries than these, names of groups only take room.
FLAT_MAX = 5
# The inbox is reached from the header's own link, not from the navigation.
INBOX_URLS = ("/my/notices/", "/office/notices/mine/")


@dataclass(frozen=True)
class Waiting:
    """How much waits behind an entry; is_late: some of it is past its deadline."""

    count: int
    is_late: bool = False


@dataclass(frozen=True)
class Place:
    """One entry: shown to whoever holds any of the permissions, which are those of its page (an architecture test looks).

    waiting: counts what waits there; it must be quick and read nobody's data, for it is asked on every page.
    """

    label: Text
    url: str
    permissions: tuple[str, ...]
    waiting: Callable[[Viewer], Waiting] | None = None


@dataclass(frozen=True)
class Group:
    """Entries of one kind of work. label: empty where the entries need no name."""

    key: str
    label: Text
    places: tuple[Place, ...]


def _items(viewer: Viewer) -> Waiting:
    counts = cases.desk_counts(viewer)
    return Waiting(counts.items + counts.questions, counts.late > 0)


def _payees(viewer: Viewer) -> Waiting:
    """Count arrangements, however many payees one names."""
    rows = payments.waiting_arrangements(viewer)
    return Waiting(len({(row.entity_no, row.benefit, row.begin, row.end, row.made_at) for row in rows}))


def _undelivered(viewer: Viewer) -> Waiting:
    return Waiting(notices.count_undelivered(viewer, required=True))


def _counted(count: Callable[[Viewer], int]) -> Callable[[Viewer], Waiting]:
    return lambda viewer: Waiting(count(viewer))


NAVIGATION = (
    Group(
        "resident",
        Text("", ""),
        (
            Place(Text("幸福清单", "My list"), "/my/", ("entitlements.view_own",)),
            Place(Text("我的办事", "My cases"), "/my/cases/", ("cases.own",)),
            Place(Text("电子证照", "Certificates"), "/my/certificates/", ("certificates.own",)),
            Place(Text("我能享受什么", "Am I eligible"), "/my/eligible/", ("entitlements.view_own",)),
            # The list of services is open to all; officers have no use for it here.
            Place(Text("服务目录", "Services"), "/services/", ("entitlements.view_own",)),
            Place(Text("我的异议", "My appeals"), "/my/appeals/", ("entitlements.appeal",)),
            Place(Text("联系方式", "How to reach me"), "/my/contact/", ("notices.contact",)),
        ),
    ),
    Group(
        "work",
        Text("", ""),
        (Place(Text("工作台", "Work"), "/office/", ("feeds.view", "quarantine.view", "payments.view", "appeals.handle")),),
    ),
    Group(
        "cases",
        Text("办件", "Cases"),
        (
            Place(Text("一件事", "Joint cases"), "/office/cases/", ("cases.handle",), _items),
            Place(Text("办件异议", "Case appeals"), "/office/cases/appeals/", ("cases.answer",), _counted(cases.count_case_appeals)),
            Place(Text("好差评", "Ratings"), "/office/cases/ratings/", ("cases.answer",), _counted(cases.count_ratings_waiting)),
        ),
    ),
    Group(
        "residents",
        Text("居民", "Residents"),
        (
            Place(Text("居民异议", "Appeals"), "/office/appeals/", ("appeals.handle",), _counted(policies.count_open_appeals)),
            Place(
                Text("未送达", "Undelivered"),
                "/office/notices/",
                ("notices.undelivered",),
                _undelivered,
            ),
            Place(Text("查找居民", "Residents"), "/office/residents/", ("entitlements.view_area",)),
        ),
    ),
    Group(
        "payments",
        Text("发放", "Payments"),
        (
            Place(Text("发放批次", "Batches"), "/office/batches/", ("payments.view",)),
            Place(
                Text("一件事付款", "Case money"),
                "/office/cases/money/",
                ("payments.prepare",),
                _counted(cases.count_payables),
            ),
            Place(
                Text("待复核登记", "To confirm"),
                "/office/returns/decisions/",
                ("payments.approve",),
                _counted(payments.count_waiting_bookings),
            ),
            Place(Text("银行往来", "Bank"), "/office/bank/", ("payments.view",)),
            Place(Text("银行退票", "Returns"), "/office/returns/", ("payments.returns",), _counted(payments.count_returns)),
            Place(Text("多发款项", "Overpayments"), "/office/overpayments/", ("payments.overpayments",)),
            Place(
                Text("收款核实", "Payees"),
                "/office/payees/",
                ("payees.confirm",),
                _payees,
            ),
            Place(Text("刷卡补贴", "Tills"), "/office/tills/", ("tills.view",)),
        ),
    ),
    Group(
        "accounts",
        Text("账务", "Accounts"),
        (
            Place(Text("预算", "Budgets"), "/office/budgets/", ("payments.view",)),
            Place(Text("总账", "Ledger"), "/office/ledger/", ("payments.view",)),
            Place(Text("签批委托", "Delegations"), "/office/delegations/", ("delegations.view",)),
        ),
    ),
    Group(
        "rules",
        Text("规则", "Rules"),
        (
            Place(Text("改革模拟", "Reforms"), "/office/reforms/", ("reforms.simulate",)),
            Place(Text("一件事清单", "Life events"), "/office/life-events/", ("cases.declare",)),
        ),
    ),
    Group(
        "oversight",
        Text("监督", "Oversight"),
        (
            Place(Text("驾驶舱", "Cockpit"), "/cockpit/", ("statistics.view",)),
            Place(Text("红黄灯", "Lights"), "/cockpit/cases/", ("cases.supervise",)),
            Place(Text("办件指标", "Casework"), "/cockpit/casework/", ("cases.supervise",)),
            Place(Text("质量", "Quality"), "/cockpit/quality/", ("statistics.view",)),
            Place(Text("审计", "Audit"), "/audit/", ("audit.view",)),
        ),
    ),
    Group(
        "data",
        Text("数据和核定", "Data and runs"),
        (
            Place(Text("部门数据", "Feeds"), "/office/feeds/", ("feeds.view",)),
            # No count: what waits in an area is found by reading every quarantined file. The desk's front page says it.
            Place(Text("隔离数据", "Quarantine"), "/office/quarantine/", ("quarantine.view",)),
            Place(Text("重复人员", "Duplicates"), "/office/merges/", ("merges.review",), _counted(parties.count_proposed_merges)),
            Place(Text("月度核定", "Runs"), "/office/runs/", ("runs.view",)),
        ),
    ),
)


def places_for(viewer: Viewer) -> list[tuple[Group, list[Place]]]:
    """Return the groups of which a viewer may open anything, each with what it may open."""
    found = [(group, [place for place in group.places if _may_open(viewer, place)]) for group in NAVIGATION]
    return [(group, places) for group, places in found if places]


def _may_open(viewer: Viewer, place: Place) -> bool:
    return any(access.purpose_of(viewer, name) for name in place.permissions)


def navigation(viewer: Viewer, path: str) -> dict[str, Any]:
    """Return what components/site_navigation.html draws; the deepest entry that holds the present path is marked as current.

    groups: key, label, places with label, url, current, waiting; here: the current entry's label; waiting: all counts together;
    is_grouped: whether the groups are named, and folded away on narrow screens.
    """
    shown = places_for(viewer)
    here = _current(path, [place.url for _, places in shown for place in places])
    groups = [
        {"key": group.key, "label": group.label, "places": [_entry(viewer, each, here) for each in places]} for group, places in shown
    ]
    entries = [entry for group in groups for entry in group["places"]]
    return {
        "groups": groups,
        "here": next((entry["label"] for entry in entries if entry["current"]), None),
        "waiting": sum(entry["waiting"].count for entry in entries if entry["waiting"]),
        "is_grouped": len(entries) > FLAT_MAX and any(group["label"].zh for group in groups),
    }


def _current(path: str, urls: list[str]) -> str:
    if path.startswith(INBOX_URLS):
        return ""
    return max((url for url in urls if path.startswith(url)), key=len, default="")


def _entry(viewer: Viewer, place: Place, here: str) -> dict[str, Any]:
    return {
        "label": place.label,
        "url": place.url,
        "current": place.url == here,
        "waiting": place.waiting(viewer) if place.waiting else None,
    }
