"""Every page in every dress: clean by axe-core, fitting 360 pixels, with targets a thumb can hit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# Who opens what. A page that needs a number is reached from its list by the first link that matches.
PAGES: list[tuple[str, str, str]] = [
    ("", "/", ""),
    ("", "/sign-in/", ""),
    ("", "/verify/?code=2345", ""),
    ("", "/there-is-no-such-page/", ""),
    ("", "/services/?q=孩子生了能领什么", ""),
    ("", "/services/basic/?sector=support", ""),
    ("captain", "/my/", ""),
    ("lin_xiaoman", "/my/", ""),
    ("lin_xiaoman", "/my/?q=低", ""),
    ("lin_xiaoman", "/my/", ".line--paid a, .line--coming a"),
    ("chen_guoliang", "/my/", ".line--unknown a"),
    ("lin_xiaoman", "/my/", ".line--not_entitled a"),
    ("lin_xiaoman", "/my/appeals/", ""),
    ("lin_xiaoman", "/my/history/", ""),
    ("lin_xiaoman", "/my/eligible/", ""),
    ("lin_xiaoman", "/my/certificates/", ""),
    ("lin_xiaoman", "/my/cases/", ""),
    ("lin_xiaoman", "/my/cases/", "a[href^='/my/cases/']:not([href*='new'])"),
    ("lin_xiaoman", "/my/cases/new/disability/", ""),
]


@pytest.mark.parametrize(("user", "path", "then"), PAGES)
def test_page_is_clean_in_this_dress(
    visit: Callable[..., Page], expect_clean: Callable[[Page], None], dress: dict[str, Any], user: str, path: str, then: str
) -> None:
    page = visit(path, user=user, **dress)
    if then:
        page.goto(str(page.locator(then).first.get_attribute("href")))
    expect_clean(page)


def test_everything_comes_from_this_server(visit: Callable[..., Page], demo_city: Any) -> None:
    page = visit("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/sign-in/"):
        page.goto(path)
    assert asked and all(url.startswith(demo_city.base_url) for url in asked)
