"""A child is born, and somebody dies: two life events whole, on the faces of the family, the desks and the captain."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.journeys.cases_steps import by_keyboard, enter, finish, item_page, number_of, press, tab_to, type_in

pytestmark = pytest.mark.browser
BIRTH, DEATH = "出生一件事", "身后一件事"
PDF = {"name": "单据.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 paid in full"}

TOLD = {
    "孩子的户口随谁": "随母亲", "孩子的民族": "畲族", "社保卡怎么领": "寄到家里",
    "生孩子的住院费，出院时医保直接结算了吗": "没有，自己全付了",
}  # fmt: skip
VACCINATION = {"接种门诊": "三墩镇社区卫生服务中心", "下一次接种日期": "2025-11-18", "出生时的乙肝第1剂和卡介苗": "都打了"}
# Who does what of a birth after the certificate, and what they enter.
BIRTH_ITEMS = (
    ("health", "预防接种证和儿童健康档案", VACCINATION),
    ("medical_insurance", "生育医疗费和生育津贴", {"报销的医疗费": "6200.00", "生育津贴": "31500.00"}),
    ("police", "户口登记", {"户口登记编号": "HZ-2025-8818"}),
    ("medical_insurance", "城乡居民医保参保", {"同时参加长护险": "是"}),
    ("human_resources", "社会保障卡", {"社会保障卡号": "A88230017"}),
)


def pick(page: Page, select: Locator, wanted: str) -> None:
    """Choose in a list with arrows alone."""
    tab_to(page, select)
    for key in ("ArrowUp", "ArrowDown"):
        for _ in range(select.locator("option").count()):
            if wanted in select.locator("option:checked").inner_text():
                return
            page.keyboard.press(key)
    raise AssertionError(f"no {wanted} in {select}")


def test_a_birth_is_confirmed_once_and_done_by_four_departments(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], shots: Callable[..., Any]
) -> None:
    she = visit("/my/cases/", user="lin_xiaoman", width=360)
    expect_clean(she)
    she.get_by_role("link", name=re.compile("陈曦|确认")).first.click()
    expect(she.get_by_role("heading", level=1)).to_have_text(f"{BIRTH}（陈曦）")
    address = she.url
    she.get_by_role("button", name="确认，一起办").click()
    expect(she.get_by_role("alert")).to_contain_text("孩子的户口随谁")
    expect_clean(she)
    enter(she, TOLD)
    she.get_by_label("住院发票和费用清单").set_input_files(PDF)
    shots(she, "birth-form-360-zh")
    she.get_by_role("button", name="确认，一起办").click()
    number = number_of(she)
    expect_clean(she)

    elsewhere = visit(address.replace("/my/", "/office/"), user="wu_jing")
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("没有找到")
    elsewhere.goto(f"/office/cases/all/?text={number}")
    expect(elsewhere.locator("main")).not_to_contain_text("陈曦")

    finish(item_page(visit, "health", number, "出生医学证明", width=360), {"出生医学证明编号": "A330106881"})
    for user, label, entered in BIRTH_ITEMS:
        desk = item_page(visit, user, number, label, width=360)
        assert ("畲族" in desk.locator("main").inner_text()) == (user == "police"), "ethnicity is for the register only"
        finish(desk, entered)

    she.goto(address)
    shots(she, "birth-done-360-zh")
    expect(she.get_by_role("heading", level=1)).to_have_text("全部办好了。")
    expect(she.get_by_role("region", name="发给您的钱")).to_contain_text(re.compile(r"[1-9][\d,]*\.\d\d"))
    expect_clean(she)
    with she.expect_download() as file:
        she.get_by_role("link", name="出生一件事办理结果").click()
    assert file.value.path().read_bytes().startswith(b"%PDF-")

    she.get_by_role("group", name="打几颗星").get_by_label(re.compile("^2 星")).check()
    she.get_by_label("还想说的（可以不填）").fill("门诊的电话一直没人接。")
    she.get_by_role("button", name="提交评价").click()
    expect(she.get_by_role("status")).to_contain_text("牵头部门会答复您")
    lead = visit("/office/cases/ratings/", user="health", width=360)
    expect_clean(lead)
    lead.get_by_label("答复").first.fill("电话已经换成总机，对不起。")
    lead.get_by_role("button", name="发出答复").first.click()
    expect(lead.get_by_role("status")).to_contain_text("已答复")
    she.goto(address)
    expect(she.get_by_role("region", name="您的评价")).to_contain_text("电话已经换成总机")

    captain = visit("/cockpit/cases/", user="captain", width=360)
    expect(captain.locator("main")).not_to_contain_text("陈曦")
    expect_clean(captain)


def test_a_death_is_handled_by_the_keyboard_and_a_dispute_holds_up_the_payout_alone(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], shots: Callable[..., Any]
) -> None:
    counter = visit("/office/cases/open/", user="zhou_zhiqiang")
    pick(counter, counter.get_by_label("办什么事"), DEATH)
    tab_to(counter, counter.get_by_label("关于谁：姓名或身份号码"))
    counter.keyboard.type("王秀英")
    with counter.expect_navigation():
        counter.keyboard.press("Enter")
    expect_clean(counter)
    press(counter, counter.get_by_role("rowheader").get_by_role("link", name="王秀英"))
    pick(counter, counter.get_by_label("申请人", exact=True), "林小满")
    press(counter, counter.get_by_role("button", name="换申请人"))
    told = {
        "死亡日期": date(2025, 11, 1), "您来领取这些钱吗": "我来领", "其他继承人同意由您领吗": "还没说定",
        "是否已经按工伤或者失业保险领丧葬补助": "没有",
    }  # fmt: skip
    type_in(counter, told)
    for label in ("我保证以上属实", "已核对申请人的身份证"):
        tab_to(counter, counter.get_by_role("checkbox", name=re.compile(label)))
        counter.keyboard.press("Space")
    counter.get_by_label(re.compile("^亲属关系的材料")).set_input_files(PDF)
    shots(counter, "death-counter-1440-zh")
    expect_clean(counter)
    press(counter, counter.get_by_role("button", name="受理", exact=True))
    expect(counter.get_by_role("status")).to_contain_text("已受理")
    number = re.search(r"\d{8}-\d{6}", counter.get_by_role("status").inner_text())[0]
    address = counter.url
    expect_clean(counter)

    by_keyboard(visit, "health", number, "死亡医学证明", {"死亡医学证明编号": "S3301060071"})
    by_keyboard(visit, "police", number, "户口注销", {"户口注销编号": "X-2025-331"})
    by_keyboard(visit, "zhou_zhiqiang", number, "家属申领")
    by_keyboard(visit, "police", number, "核对亲属关系", {"申领人是去世的人的": "子女"})
    by_keyboard(visit, "human_resources", number, "养老待遇清算", {"最后应发的月份": "2025-11", "多发的月数": "0"})
    by_keyboard(visit, "civil_affairs", number, "民政待遇复核", {"其余家人的待遇": "本来没有"})

    counter.goto(address)
    shots(counter, "death-dispute-1440-zh")
    expect(counter.locator("main")).to_contain_text("争议等待处理")
    family = visit("/my/cases/", user="lin_xiaoman")
    family.get_by_role("listitem").filter(has_text="王秀英").get_by_role("link").first.click()
    expect(family.get_by_role("region", name="电子证照")).to_contain_text("身后一件事办理结果")
    expect(family.get_by_role("region", name="发给您的钱")).to_have_count(0)

    by_keyboard(visit, "zhou_zhiqiang", number, "争议等待处理", {"怎么说定的": "调解书"})
    by_keyboard(visit, "human_resources", number, "人工核定丧葬补助", {"核定的丧葬补助": "4000.00"})
    by_keyboard(visit, "human_resources", number, "养老账户余额和抚恤金", {"养老个人账户余额": "0.00", "抚恤金": "0.00"})
    family.reload()
    shots(family, "death-done-1440-zh")
    expect(family.get_by_role("heading", level=1)).to_have_text("全部办好了。")
    expect_clean(family)
    elsewhere = visit(address, user="wu_jing")
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("没有找到")
