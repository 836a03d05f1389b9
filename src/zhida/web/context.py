"""What every page knows: language, display preferences, who is signed in and where they may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from zhida.blocks.access import api as access
from zhida.blocks.notices import api as notices
from zhida.kernel.text import Text

THEMES = ("auto", "light", "dark")
TEXT_SIZES = ("normal", "large")
THEME_COOKIE, TEXT_SIZE_COOKIE = "zhida_theme", "zhida_text"


@dataclass(frozen=True)
class Role:
    """What a role is called, and in one sentence what it does here."""

    label: Text
    does: Text
    home: str


ROLES = {
    "resident": Role(
        Text("居民", "Resident"),
        Text(
            "查看自己和家人的幸福清单，看懂每一笔的依据，觉得不对就提出来。",
            "Sees the household's list, understands every line, says when one is wrong.",
        ),
        "/my/",
    ),
    "street_officer": Role(
        Text("街道专员", "Street officer"),
        Text(
            "负责本街道：更正被隔离的数据，答复居民的异议，处理银行退票。",
            "Looks after one street: corrects records, answers residents, handles returned payments.",
        ),
        "/office/",
    ),
    "department_officer": Role(
        Text("部门经办", "Department officer"),
        Text("办理本部门、本辖区“一件事”里轮到自己的事项。", "Does the department's own items of joint cases in its area."),
        "/office/cases/",
    ),
    "department_lead": Role(
        Text("部门负责人", "Department lead"),
        Text("给本部门分派事项，复核异议，答复差评。", "Shares the department's work out, decides appeals, answers bad ratings."),
        "/office/cases/",
    ),
    "data_officer": Role(
        Text("数据专员", "Data officer"),
        Text(
            "接收部门数据，复核疑似重复的人，启动每月核定。", "Receives the departments' feeds, reviews duplicates, starts the monthly run."
        ),
        "/office/",
    ),
    "payment_maker": Role(
        Text("发放经办", "Payment maker"),
        Text("编制发放批次，批准后发往银行。", "Prepares the payment batch and releases it once approved."),
        "/office/",
    ),
    "payment_checker": Role(
        Text("发放复核", "Payment checker"),
        Text(
            "抽样核对，批准或退回批次。经办和复核必须是两个人。",
            "Checks a sample, then approves or refuses. Never the one who prepared it.",
        ),
        "/office/",
    ),
    "policy_staff": Role(
        Text("政策专员", "Policy staff"),
        Text(
            "在规则改动之前先算：要花多少钱，谁多了、谁少了，贫困和差距怎么变。",
            "Works a reform out before it is law: what it costs, who gains and who loses, what it does to poverty.",
        ),
        "/office/reforms/",
    ),
    "captain": Role(
        Text("城市负责人", "City lead"),
        Text("看全市：钱给了谁、谁还没拿到、晚了几天。", "Sees the whole city: who was reached, who was missed, how many days late."),
        "/cockpit/",
    ),
    "auditor": Role(
        Text("审计员", "Auditor"),
        Text(
            "查看谁在何时、为何查阅过个人数据，核对日志是否完整。",
            "Sees who looked at personal data, when and why, and checks that the log is whole.",
        ),
        "/audit/",
    ),
}


@dataclass(frozen=True)
class Place:
    """One entry of the main navigation: shown to whoever holds any of the permissions."""

    label: Text
    url: str
    permissions: tuple[str, ...]


# The inbox is reached from the header's own link, not from the navigation.
INBOX_URLS = ("/my/notices/", "/office/notices/mine/")
NAVIGATION = (
    Place(Text("幸福清单", "My list"), "/my/", ("entitlements.view_own",)),
    Place(Text("我的办事", "My cases"), "/my/cases/", ("cases.own",)),
    Place(Text("电子证照", "Certificates"), "/my/certificates/", ("certificates.own",)),
    Place(Text("我能享受什么", "Am I eligible"), "/my/eligible/", ("entitlements.view_own",)),
    Place(Text("服务目录", "Services"), "/services/", ("entitlements.view_own",)),
    Place(Text("我的异议", "My appeals"), "/my/appeals/", ("entitlements.appeal",)),
    Place(Text("联系方式", "How to reach me"), "/my/contact/", ("notices.contact",)),
    Place(Text("工作台", "Work"), "/office/", ("feeds.view", "quarantine.view", "payments.view", "appeals.handle")),
    Place(Text("一件事", "Joint cases"), "/office/cases/", ("cases.handle",)),
    Place(Text("办件异议", "Case appeals"), "/office/cases/appeals/", ("cases.answer",)),
    Place(Text("好差评", "Ratings"), "/office/cases/ratings/", ("cases.answer",)),
    Place(Text("红黄灯", "Lights"), "/cockpit/cases/", ("cases.supervise",)),
    Place(Text("部门数据", "Feeds"), "/office/feeds/", ("feeds.view",)),
    Place(Text("隔离数据", "Quarantine"), "/office/quarantine/", ("quarantine.view",)),
    Place(Text("重复人员", "Duplicates"), "/office/merges/", ("merges.review",)),
    Place(Text("月度核定", "Runs"), "/office/runs/", ("runs.view",)),
    Place(Text("发放批次", "Batches"), "/office/batches/", ("payments.view",)),
    Place(Text("一件事付款", "Case money"), "/office/cases/money/", ("payments.prepare",)),
    Place(Text("预算", "Budgets"), "/office/budgets/", ("payments.view",)),
    Place(Text("总账", "Ledger"), "/office/ledger/", ("payments.view",)),
    Place(Text("签批委托", "Delegations"), "/office/delegations/", ("delegations.view",)),
    Place(Text("刷卡补贴", "Tills"), "/office/tills/", ("tills.view",)),
    Place(Text("银行退票", "Returns"), "/office/returns/", ("payments.returns",)),
    Place(Text("多发款项", "Overpayments"), "/office/overpayments/", ("payments.overpayments",)),
    Place(Text("待复核登记", "To confirm"), "/office/returns/decisions/", ("payments.approve",)),
    Place(Text("银行往来", "Bank"), "/office/bank/", ("payments.view",)),
    Place(Text("收款核实", "Payees"), "/office/payees/", ("payees.confirm",)),
    Place(Text("居民异议", "Appeals"), "/office/appeals/", ("appeals.handle",)),
    Place(Text("未送达", "Undelivered"), "/office/notices/", ("notices.undelivered",)),
    Place(Text("查找居民", "Residents"), "/office/residents/", ("entitlements.view_area",)),
    Place(Text("改革模拟", "Reforms"), "/office/reforms/", ("reforms.simulate",)),
    Place(Text("一件事清单", "Life events"), "/office/life-events/", ("cases.declare",)),
    Place(Text("驾驶舱", "Cockpit"), "/cockpit/", ("statistics.view",)),
    Place(Text("质量", "Quality"), "/cockpit/quality/", ("statistics.view",)),
    Place(Text("审计", "Audit"), "/audit/", ("audit.view",)),
)


def page(request: HttpRequest) -> dict[str, Any]:
    """Give every template: language, html_lang, html_class, theme, text_size, demo, viewer, viewer_name, role, navigation, inbox.

    inbox_url, unread: where the viewer's messages are, and how many were never opened.
    """
    language = get_language() or "zh-hans"
    theme = _choice(request, THEME_COOKIE, THEMES)
    text_size = _choice(request, TEXT_SIZE_COOKIE, TEXT_SIZES)
    user = getattr(request, "user", None)
    viewer = access.viewer_of(user) if user is not None and user.is_authenticated else None
    return {
        "language": "en" if language.startswith("en") else "zh",
        "html_lang": "en" if language.startswith("en") else "zh-Hans",
        "html_class": f"theme-{theme} text-{text_size}",
        "theme": theme,
        "text_size": text_size,
        "demo": settings.DEMO,
        "viewer": viewer,
        "viewer_name": (user.display_name or user.username) if viewer else "",
        "role": ROLES.get(viewer.role) if viewer else None,
        "navigation": navigation(viewer, request.path) if viewer else [],
        **_inbox(viewer),
    }


def _inbox(viewer: access.Viewer | None) -> dict[str, Any]:
    """Where the viewer's messages are and how many were never opened; nothing for nobody."""
    if viewer is None or not access.purpose_of(viewer, "notices.own"):
        return {"inbox_url": "", "unread": 0}
    return {"inbox_url": INBOX_URLS[0] if viewer.role == "resident" else INBOX_URLS[1], "unread": notices.unread_count(viewer)}


def navigation(viewer: access.Viewer, path: str) -> list[dict[str, Any]]:
    """List the places a viewer may go, the deepest one that holds the present path marked as current."""
    places = [place for place in NAVIGATION if any(access.purpose_of(viewer, name) for name in place.permissions)]
    elsewhere = path.startswith(INBOX_URLS)
    here = "" if elsewhere else max((place.url for place in places if path.startswith(place.url)), key=len, default="")
    return [{"label": place.label, "url": place.url, "current": place.url == here} for place in places]


def _choice(request: HttpRequest, cookie: str, choices: tuple[str, ...]) -> str:
    chosen = request.COOKIES.get(cookie, "")
    return chosen if chosen in choices else choices[0]
