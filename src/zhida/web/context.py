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
from zhida.web.navigation import INBOX_URLS, navigation

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
        "navigation": navigation(viewer, request.path) if viewer else None,
        **_inbox(viewer),
    }


def _inbox(viewer: access.Viewer | None) -> dict[str, Any]:
    """Where the viewer's messages are and how many were never opened; nothing for nobody."""
    if viewer is None or not access.purpose_of(viewer, "notices.own"):
        return {"inbox_url": "", "unread": 0}
    return {"inbox_url": INBOX_URLS[0] if viewer.role == "resident" else INBOX_URLS[1], "unread": notices.unread_count(viewer)}


def _choice(request: HttpRequest, cookie: str, choices: tuple[str, ...]) -> str:
    chosen = request.COOKIES.get(cookie, "")
    return chosen if chosen in choices else choices[0]
