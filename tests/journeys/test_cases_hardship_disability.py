"""A household in hardship, and living with a disability: two life events whole, on the faces of the family, the desks and the captain."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.journeys.cases_steps import begin, by_keyboard, choose, enter, finish, item_page, number_of, press, refuse, tab_to, type_in

pytestmark = pytest.mark.browser
TODAY = date(2025, 11, 5)


HARDSHIP = "困难群众救助一件事"
DISABILITY = "残疾人全周期服务一件事"
IN_NEED = {"授权核对与如实申报": True, "一起生活的人": "是", "现在最难的是什么": "没了工作", "这几天就过不下去吗": "否"}
FOUND_POOR = {"家庭月收入": "3000", "货币财产": "20000", "住房套数": "0", "住房建筑面积": "0", "有非居住类房屋": "否"}
VISITED = {"上门日期": "2025-11-05", "一起生活的人数": "6", "生活状况": "与申报不符", "见到的情况": "陈立夜里送货，每月另有五千元。"}
POSTED = {"公示开始": "2025-10-27", "公示结束": "2025-11-03", "有不同意见吗": "否"}
WANTED = {"要残疾人两项补贴": "是", "要公租房货币补贴": "是", "要就业援助补贴": "否", "要长护险参保资助": "是", "要电费、物业费减免": "否"}

APPLIED = {
    "哪方面有障碍": "肢体", "能自己去医院评定吗": "否", "要康复服务吗": "是", "要配辅助器具吗": "是", "要帮忙安排上学吗": "否",
    "要找工作或学手艺吗": "否", "白天要有人照看吗": "否", "家里要改得方便些吗": "是",
}  # fmt: skip
ASSESSED = {"残疾类别": "肢体", "残疾等级": "1", "需要长期照护": "是", "在机构托养": "否", "评定日期": TODAY}
OPENED = (
    ("康复服务", "康复机构", "三墩镇社区康复站，每周二、四上门"),
    ("辅助器具适配", "配发的器具", "护理床、轮椅"),
    ("家庭无障碍改造", "改造内容", "卫生间扶手，去掉门槛"),
)

HEARS_BADLY = {**APPLIED, "哪方面有障碍": "听力", "要康复服务吗": "否", "家里要改得方便些吗": "否"}


def test_a_household_in_hardship_applies_once_and_is_told_of_every_subsidy(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], shots: Callable[..., Any]
) -> None:
    """The check finds little income, the visit finds more: not dibao but near the minimum, and four subsidies that follow from it."""
    she = visit("/my/cases/", user="lin_xiaoman", width=360)
    she.get_by_role("link", name=re.compile(f"^开始办 ?{HARDSHIP}")).click()
    expect_clean(she)
    she.get_by_label(re.compile("^林小满")).check()
    she.get_by_role("button", name="下一步").click()
    expect(she.get_by_role("heading", level=1)).to_have_text(f"{HARDSHIP}（林小满）")
    expect(she.locator("main")).to_contain_text("330106999001")
    she.get_by_role("button", name="提交，一起办").click()
    expect(she.get_by_role("alert")).to_contain_text("授权核对与如实申报")
    shots(she, "hardship-form-360-zh")
    expect_clean(she)
    enter(she, IN_NEED)
    she.get_by_role("button", name="提交，一起办").click()
    number, address = number_of(she), she.url

    street = item_page(visit, "zhou_zhiqiang", number, "街道受理", width=360)
    expect(street.locator("main")).to_contain_text("没了工作")
    expect_clean(street)
    finish(street)
    desk = item_page(visit, "civil_affairs", number, "家庭经济状况核对", width=360)
    shots(desk, "hardship-item-360-zh")
    expect_clean(desk)
    finish(desk, FOUND_POOR)
    means_test = desk.url
    finish(item_page(visit, "zhou_zhiqiang", number, "入户调查", width=360), VISITED)
    finish(item_page(visit, "zhou_zhiqiang", number, "审核意见与公示", width=360), POSTED)
    refuse(item_page(visit, "civil_affairs", number, "低保确认", width=360), "入户见到家里每月另有5000元，人均超过低保标准。")
    captain = visit("/cockpit/cases/", user="captain", width=360)
    expect(captain.get_by_role("row", name=re.compile(HARDSHIP))).to_contain_text(re.compile(r"绿灯\s*1"))
    expect(captain.locator("main")).not_to_contain_text("林小满")
    expect_clean(captain)
    finish(
        item_page(visit, "civil_affairs_2", number, "低保边缘家庭认定", width=360), {"认定的家庭月收入": "8000", "认定的货币财产": "20000"}
    )
    finish(item_page(visit, "zhou_zhiqiang", number, "逐项告知并确认", width=360), WANTED)
    for user, label in (
        ("civil_affairs", "特困与儿童补贴"),
        ("disabled_federation", "残疾人两项补贴"),
        ("housing", "公租房货币补贴"),
        ("medical_insurance", "长护险参保资助"),
    ):
        finish(item_page(visit, user, number, label, width=360))

    she.goto(address)
    shots(she, "hardship-done-360-zh")
    expect(she.get_by_role("heading", level=1)).to_have_text("办完了，有 1 项没有办成。")
    due = she.get_by_role("region", name="发给您的钱")
    for name, amount in (("困境儿童", "368.00"), ("困难残疾人生活补贴", "390.30"), ("公租房", "1,200.00")):
        expect(due.get_by_role("listitem").filter(has_text=name).first).to_contain_text(amount)
    expect(she.get_by_role("region", name="一项一项看")).to_contain_text("入户见到家里每月另有5000元")
    expect_clean(she)

    desk.get_by_role("link", name=number).first.click()
    expect_clean(desk)
    there = visit(f"/office/cases/?text={number}", user="wu_jing", width=360)
    expect(there.locator(".empty")).to_contain_text("没有符合条件的事项")
    there.goto("/office/cases/all/?text=林小满")
    expect(there.locator("main")).not_to_contain_text(number)
    for hers in (street.url, means_test, desk.url, f"{desk.url}process.bpmn"):
        assert there.request.get(hers).status == 404, hers


def test_disability_is_handled_by_the_keyboard_alone_from_the_form_to_the_last_service(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], shots: Callable[..., Any]
) -> None:
    """陈国良's disability has become graver: the certificate, both allowances and three services follow without another form."""
    he = visit("/my/cases/", user="chen_guoliang")
    press(he, he.get_by_role("link", name=re.compile(f"^开始办 ?{DISABILITY}")))
    choose(he, "为谁办", "陈国良（我自己）")
    press(he, he.get_by_role("button", name="下一步"))
    expect_clean(he)
    type_in(he, APPLIED)
    press(he, he.get_by_role("button", name="提交，一起办"))
    number = number_of(he)

    by_keyboard(visit, "disabled_federation", number, "残联受理")
    by_keyboard(visit, "health", number, "残疾评定", ASSESSED)
    by_keyboard(
        visit, "zhou_zhiqiang", number, "社区公示", {"公示开始": date(2025, 10, 28), "公示结束": date(2025, 11, 3), "有不同意见吗": "否"}
    )
    by_keyboard(visit, "health", number, "自理能力评估", {"生活自理能力": "完全不能自理", "失能等级": "重度Ⅱ"})
    by_keyboard(visit, "disabled_federation", number, "核发残疾人证", {"残疾人证号": "33010619460226997711"})
    desk = visit(f"/office/cases/?text={number}", user="disabled_federation")
    expect(desk.get_by_role("rowheader")).to_have_count(len(OPENED))
    by_keyboard(visit, "civil_affairs", number, "两项补贴审定")
    for label, field, said in OPENED:
        done = by_keyboard(visit, "disabled_federation", number, label, {field: said})
    expect_clean(done)

    he.reload()
    shots(he, "disability-done-1440-zh")
    expect(he.get_by_role("heading", level=1)).to_have_text("全部办好了。")
    decided = he.get_by_role("region", name="算出来的待遇").get_by_role("listitem")
    expect(decided.filter(has_text="困难残疾人生活补贴")).to_contain_text("390.30")
    expect(decided.filter(has_text="重度残疾人护理补贴")).to_contain_text("500.00")
    expect(he.get_by_role("region", name="发给您的钱")).to_contain_text("重度残疾人护理补贴")
    expect_clean(he)
    he.goto("/my/certificates/")
    tab_to(he, he.get_by_role("link", name=re.compile("^下载 PDF ?残疾人证（电子）")))
    with he.expect_download() as file:
        he.keyboard.press("Enter")
    expect_clean(he)
    check = visit("/verify/")
    check.locator("input[type=file]").set_input_files(file.value.path())
    check.get_by_role("button", name="核验文件").click()
    expect(check.get_by_role("status")).to_contain_text("文件是真的，没有改动；现在有效")


def test_an_assessment_below_the_standard_ends_with_advice_and_is_made_again_after_an_appeal(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], shots: Callable[..., Any]
) -> None:
    she = visit("/my/cases/", user="wang_xiuying", width=360)
    number = begin(she, DISABILITY, "王秀英", HEARS_BADLY)
    address = she.url
    finish(item_page(visit, "disabled_federation", number, "残联受理", width=360))
    refuse(item_page(visit, "health", number, "残疾评定", width=360), "双耳平均听力损失40分贝，没有达到四级。")

    she.goto("/my/notices/")
    she.get_by_role("link", name="残疾评定没有办成").first.click()
    expect(she.locator("main")).to_contain_text("十个工作日内可以向市残联申请重新评定")
    shots(she, "advice-360-zh")
    she.goto(address)
    shots(she, "refused-360-zh")
    expect(she.get_by_role("listitem").filter(has_text="残疾评定")).to_contain_text("没有达到四级")
    she.get_by_role("link", name=re.compile("^我觉得不对 ?残疾评定")).click()
    she.get_by_role("button", name="提交").click()
    expect(she.get_by_role("alert")).to_be_visible()
    expect_clean(she)
    she.get_by_label("哪里不对").fill("评定那天戴着助听器，没摘下来测。")
    she.get_by_role("button", name="提交").click()
    expect(she.get_by_role("region", name="您提的异议")).to_contain_text("正在核对")

    head = visit("/office/cases/appeals/", user="health", width=360)
    expect_clean(head)
    head.get_by_role("row").filter(has_text=number).get_by_role("link").first.click()
    expect(head.locator("main")).to_contain_text("戴着助听器")
    shots(head, "appeal-360-zh")
    expect_clean(head)
    head.get_by_label(re.compile("^改变：")).check()
    head.get_by_label("给居民的答复").fill("评定应当不戴辅助器具，请再来一次，上门评也可以。")
    head.get_by_role("button", name="发出答复").click()
    expect(head.get_by_role("status")).to_contain_text("已答复")
    finish(
        item_page(visit, "health", number, "残疾评定", width=360),
        {"残疾类别": "听力", "残疾等级": "3", "需要长期照护": "否", "在机构托养": "否", "评定日期": "2025-11-05"},
    )
    item_page(visit, "zhou_zhiqiang", number, "社区公示", width=360)

    english = visit(address, user="wang_xiuying", width=360, language="en")
    expect(english.get_by_role("region", name="Your objections")).to_contain_text("Changed")
    shots(english, "appeal-answered-360-en")
    expect_clean(english)
