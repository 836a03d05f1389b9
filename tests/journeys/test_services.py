"""A resident without an account finds a service in her own words, by keyboard alone; signed in, she sees what her family may claim."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element is reached, as somebody without a mouse does."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached by Tab on {page.url}")


def test_a_service_is_found_and_read_by_keyboard(visit: Callable[..., Page], expect_clean: Callable[[Page], None]) -> None:
    page = visit("/services/", width=360)
    tab_to(page, "#q")
    page.keyboard.type("没钱交房租")
    page.keyboard.press("Enter")
    expect(page.locator(".services__one").first).to_contain_text("公租房货币补贴")
    tab_to(page, ".services__one a")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("公租房货币补贴")
    expect_clean(page)


def test_a_family_sees_what_it_may_claim_and_why(visit: Callable[..., Page]) -> None:
    page = visit("/my/eligible/", user="lin_xiaoman")
    entitled = page.locator(".list-group--entitled")
    expect(entitled).to_contain_text("育儿补贴")
    entitled.get_by_role("link", name="国家育儿补贴").first.click()
    expect(page.locator("h1")).to_contain_text("3,600.00 元")
