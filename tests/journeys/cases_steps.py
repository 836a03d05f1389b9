"""What people do with joint cases in a browser: fill the one form, find an item at a desk, end it; also by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from playwright.sync_api import Locator, Page, expect

# More presses than any page has things to stop at.
TABS_MAX = 120


def begin(page: Page, event: str, whom: str, answers: Mapping[str, str | bool]) -> str:
    """From the list of what one can begin to the sent form, as a resident; return the case's number."""
    page.get_by_role("link", name=re.compile(f"^开始办 ?{event}")).click()
    page.get_by_label(re.compile(f"^{whom}")).check()
    page.get_by_role("button", name="下一步").click()
    enter(page, answers)
    page.get_by_role("button", name="提交，一起办").click()
    return number_of(page)


def number_of(page: Page) -> str:
    """Return the number of the case that a resident's page shows."""
    return page.locator(".eyebrow .nowrap").inner_text()


def enter(page: Page, answers: Mapping[str, str | bool]) -> None:
    """Fill fields by the words people see: True ticks, a word is chosen among radio buttons, everything else is typed."""
    for label, value in answers.items():
        group = page.get_by_role("group", name=label)
        if value is True:
            page.get_by_label(label).check()
        elif group.count():
            group.get_by_label(str(value), exact=True).check()
        else:
            page.get_by_label(label).fill(str(value))


def item_page(visit: Callable[..., Page], user: str, number: str, label: str, **how: object) -> Page:
    """Open an item as its officer finds it: in the queue, by the case's number."""
    page = visit(f"/office/cases/?text={number}", user=user, **how)
    page.get_by_role("rowheader").get_by_role("link", name=label, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(label)
    return page


def finish(page: Page, entered: Mapping[str, str | bool] | None = None) -> Page:
    """End an item with what the officer enters."""
    enter(page, entered or {})
    tick = page.locator("#sure-finish")
    if tick.count():
        tick.check()
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已办结")
    return page


def refuse(page: Page, reason: str) -> Page:
    """Refuse an item with a reason."""
    page.locator("summary", has_text="不予办理").click()
    page.get_by_label("原因和依据").fill(reason)
    tick = page.locator("#sure-refuse")
    if tick.count():
        tick.check()
    page.get_by_role("button", name="不予办理").click()
    expect(page.get_by_role("status")).to_contain_text("不予办理")
    return page


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until a thing in the content has the focus, past the navigation by the link that leads there.

    Of radio buttons the first one of the group is where Tab stops.
    """
    if page.evaluate("document.activeElement === document.body"):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    wanted = target.element_handle()
    for _ in range(TABS_MAX):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {target}")


def press(page: Page, target: Locator) -> None:
    """Go to a link or a button with Tab and press Enter; return once the next page is there."""
    tab_to(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def type_in(page: Page, answers: Mapping[str, str | date]) -> None:
    """Fill fields by Tab, Space, arrows and letters alone."""
    for label, value in answers.items():
        group = page.get_by_role("group", name=label)
        if isinstance(value, date):
            _type_date(page, page.get_by_label(label), value)
        elif group.count():
            choose(page, label, str(value))
        else:
            tab_to(page, page.get_by_label(label))
            page.keyboard.type(value)


def _type_date(page: Page, field: Locator, day: date) -> None:
    """Type a date into its three parts, in the order of the language that the browser itself speaks."""
    tab_to(page, field)
    for parts in (("%m", "%d", "%Y"), ("%Y", "%m", "%d"), ("%d", "%m", "%Y")):
        for part in parts:
            page.keyboard.type(day.strftime(part))
            if part == "%Y":
                page.keyboard.press("ArrowRight")
        if field.input_value() == day.isoformat():
            return
        for _ in parts:
            page.keyboard.press("ArrowLeft")
    raise AssertionError(f"{day} could not be typed into {field}")


def choose(page: Page, label: str, value: str) -> None:
    """Choose one of a group of radio buttons with Space and arrows."""
    group = page.get_by_role("group", name=label)
    tab_to(page, group.get_by_role("radio").first)
    page.keyboard.press("Space")
    wanted = group.get_by_label(value, exact=True)
    for _ in range(group.get_by_role("radio").count()):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no choice {value} in {group}")


def by_keyboard(visit: Callable[..., Page], user: str, number: str, label: str, entered: Mapping[str, str | date] | None = None) -> Page:
    """Find an item in the queue, enter what is asked and end it, without a mouse."""
    page = visit("/office/cases/", user=user)
    tab_to(page, page.get_by_label("办件编号或姓名"))
    page.keyboard.type(number)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press(page, page.get_by_role("rowheader").get_by_role("link", name=label, exact=True))
    expect(page.get_by_role("heading", level=1)).to_contain_text(label)
    type_in(page, entered or {})
    tick = page.locator("#sure-finish")
    if tick.count():
        tab_to(page, tick)
        page.keyboard.press("Space")
    press(page, page.get_by_role("button", name="办结", exact=True))
    expect(page.get_by_role("status")).to_contain_text("已办结")
    return page
