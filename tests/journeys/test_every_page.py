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
    ("", "/there-is-no-such-page/", ""),
    ("captain", "/my/", ""),
    ("lin_xiaoman", "/my/", ""),
    ("lin_xiaoman", "/my/?q=低", ""),
    ("lin_xiaoman", "/my/", ".line--paid a, .line--coming a"),
    ("chen_guoliang", "/my/", ".line--unknown a"),
    ("lin_xiaoman", "/my/", ".line--not_entitled a"),
    ("lin_xiaoman", "/my/appeals/", ""),
    ("lin_xiaoman", "/my/history/", ""),
]
# Width, language, theme, text size: each value appears, and the narrow window gets the longest words in the largest letters.
DRESSES = [(360, "en", "dark", "large"), (1440, "zh", "light", "normal")]


@pytest.mark.parametrize(("width", "language", "theme", "text"), DRESSES)
@pytest.mark.parametrize(("user", "path", "then"), PAGES)
def test_page_is_clean_in_this_dress(
    visit: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    overflow: Callable[[Page], int],
    small_targets: Callable[[Page], list[str]],
    user: str,
    path: str,
    then: str,
    width: int,
    language: str,
    theme: str,
    text: str,
) -> None:
    page = visit(path, user=user, width=width, language=language, theme=theme, text=text)
    if then:
        page.goto(str(page.locator(then).first.get_attribute("href")))
    open_all(page)
    assert axe(page) == []
    assert overflow(page) == 0
    assert small_targets(page) == []


def open_all(page: Page) -> None:
    """Unfold what is folded, so that it is looked at too."""
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


def test_everything_comes_from_this_server(visit: Callable[..., Page], demo_city: Any) -> None:
    page = visit("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/sign-in/"):
        page.goto(path)
    assert asked and all(url.startswith(demo_city.base_url) for url in asked)
