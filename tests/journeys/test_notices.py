"""林小满 is told that a payment came back, gives her e-mail address, and chooses; 周志强 works through what did not arrive."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TELL = """
import django; django.setup()
from zhida.blocks.access import api as access
from zhida.blocks.notices import api as notices
from zhida.blocks.records import api as records
lin = access.account_named("lin_xiaoman").resident_no
community = records.checked_card(access.SYSTEM, lin).community
def tell(kind, subject, **values):
    notices.notify(access.SYSTEM, kind, [notices.Recipient(subject, values, resident_no=lin, community=community)])
tell("payment_returned", "journey:1", benefit="dibao", amount=777700, period="2025-10", reason="账户已销户。")
tell("payment_first", "journey:2", benefit="dibao", amount=777700, period="2025-10", day="2025-11-07")
tell("overpayment_found", "journey:3", benefit="dibao", amount=5000, period="2025-09", reason="家里有人上班了。", object_by="2025-12-05")
"""


@pytest.fixture(scope="module")
def told(demo_city: Any) -> Callable[[], list[Path]]:
    """Tell 林小满 three things; return a function that sends what is due and lists the letters that left the house."""
    environment = {**demo_city.environment, "DJANGO_SETTINGS_MODULE": "zhida.project.settings"}
    subprocess.run([sys.executable, "-c", TELL], env=environment, check=True)

    def send() -> list[Path]:
        subprocess.run([sys.executable, "-m", "zhida", "notices", "deliver", "--quiet"], env=environment, check=True)
        return sorted((demo_city.home / "outbox" / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)

    return send


def test_zhou_zhiqiang_sees_what_did_not_arrive_and_tells_her_wu_jing_sees_nothing(told: Callable, visit: Callable[..., Page]) -> None:
    page = visit("/office/notices/", user="zhou_zhiqiang")
    row = page.get_by_role("row").filter(has_text="多发给您").filter(has_text="林小满")
    expect(row).to_contain_text("林小满")
    expect(row).to_contain_text("请电话或上门告知")
    assert "林小满" in page.request.get("/office/notices/?format=csv").text()
    row.get_by_role("button", name="已告知").click()
    expect(page.get_by_text("已记下")).to_be_visible()
    expect(row).to_have_count(0)
    expect(visit("/office/notices/", user="wu_jing").get_by_text("林小满")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_she_gives_an_address_proves_it_and_what_waited_is_sent(told: Callable, visit: Callable[..., Page], scripts: bool) -> None:
    address = f"lin.{scripts}@example.com".lower()
    page = visit("/my/contact/", user="lin_xiaoman", width=360, scripts=scripts)
    if page.get_by_text("更换").count():
        page.get_by_text("更换").click()
    mail = page.locator("section", has=page.get_by_role("heading", name="电子邮件"))
    mail.get_by_label("邮箱地址").fill("not an address")
    mail.get_by_role("button", name="发送验证码").click()
    expect(page.get_by_role("alert")).to_contain_text("这不像邮箱地址")
    mail.get_by_label("邮箱地址").fill(address)
    mail.get_by_role("button", name="发送验证码").click()
    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in told()]
    newest = next(letter for letter in reversed(letters) if letter["To"] == address)
    mail.get_by_label("收到的验证码").fill("000000x")
    mail.get_by_role("button", name="确认", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("验证码不对")
    mail.get_by_label("收到的验证码").fill(re.search(r"\d{6}", newest["Subject"])[0])
    mail.get_by_role("button", name="确认", exact=True).click()
    expect(mail.get_by_text(address)).to_be_visible()
    expect(mail.get_by_text("已确认")).to_be_visible()
    if scripts:
        sent = [message_from_bytes(path.read_bytes(), policy=default)["Subject"] for path in told()]
        assert any("7,777.00" in subject and "退回" in subject for subject in sent)


def test_she_opens_a_message_and_it_is_read(told: Callable, visit: Callable[..., Page], shots: Callable[..., Any]) -> None:
    page = visit("/my/", user="lin_xiaoman", width=360)
    unread = int(re.search(r"\d+", page.get_by_role("link", name="消息").inner_text())[0])
    page.get_by_role("link", name="消息").click()
    page.get_by_label("在消息里找").fill("7,777.00 退回")
    page.get_by_role("button", name="查找").click()
    expect(page.locator(".inbox__message--unread")).to_have_count(1)
    shots(page, "notices-inbox-360-zh")
    page.locator(".inbox a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("被银行退回来了")
    expect(page.get_by_text("现在怎么办")).to_be_visible()
    expect(page.locator(".site-header__link")).to_have_text(f"消息 {unread - 1}条未读")
    page.goto("/my/notices/?q=7,777.00")
    expect(page.locator(".inbox__message")).to_have_count(2)
    page.goto("/my/notices/?q=没有这个词")
    expect(page.get_by_text("换一个词")).to_be_visible()


def test_she_chooses_by_keyboard_what_is_sent(told: Callable, visit: Callable[..., Page]) -> None:
    page = visit("/my/contact/", user="lin_xiaoman")
    box = page.get_by_label("新待遇第一次发钱")
    box.focus()
    was = box.is_checked()
    page.keyboard.press("Space")
    page.get_by_role("button", name="保存").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已保存您的选择")).to_be_visible()
    assert page.get_by_label("新待遇第一次发钱").is_checked() is not was
    expect(page.get_by_label("多发了")).to_have_count(0)


@pytest.mark.parametrize(
    ("user", "path", "then"),
    [
        ("lin_xiaoman", "/my/notices/", ""),
        ("lin_xiaoman", "/my/notices/", ".inbox a"),
        ("lin_xiaoman", "/my/contact/", ""),
        ("zhou_zhiqiang", "/office/notices/?show=others", ""),
        ("auditor", "/office/notices/mine/", ""),
    ],
)
def test_page_is_clean_in_this_dress(
    told: Callable, visit: Callable[..., Page], expect_clean: Callable[[Page], None], dress: dict[str, Any], user: str, path: str, then: str
) -> None:
    page = visit(path, user=user, **dress)
    if then:
        page.goto(str(page.locator(then).first.get_attribute("href")))
    expect_clean(page)
