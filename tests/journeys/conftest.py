"""A real browser for the journeys: Debian's Chromium, driven by Playwright, against the served demonstration."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def chromium_path() -> str:
    """Return the browser, best the one without a window around it; a machine without any fails with a sentence, it does not skip."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    found = os.environ.get("CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)
    if not found:
        pytest.fail("Chromium is missing, so no page was tried in a browser. Install it (apt-get install chromium) or set CHROMIUM to it.")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser per file: Playwright's loop must not outlive the file, or Django would refuse its database to other tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """The cookies of everyone who signed in during this file: each signs in once."""
    return {}


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[dict[tuple[Any, ...], BrowserContext]]:
    """The browser's windows of this file, by who looks and how: what one page loaded, the next of the same window has."""
    opened: dict[tuple[Any, ...], BrowserContext] = {}
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(
    browser: Browser, demo_city: Any, sessions: dict[str, Any], windows: dict[tuple[Any, ...], BrowserContext]
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page as somebody: ``visit("/my/", user="lin_xiaoman", width=360, language="en")``.

    Every console error fails the test: with our security policy, one means that a page asks for something from elsewhere.
    """
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(path: str, user: str = "", width: int = 1440, language: str = "zh", **display: Any) -> Page:
        scripts = display.pop("scripts", True)
        window = (user, width, language, scripts)
        if window not in windows:
            windows[window] = browser.new_context(
                viewport={"width": width, "height": 900},
                locale=LOCALES[language],
                base_url=demo_city.base_url,
                java_script_enabled=scripts,
                storage_state=sessions.get(user),
            )
        context = windows[window]
        context.clear_cookies(name=re.compile("^zhida_|^django_language"))
        context.add_cookies([{"name": f"zhida_{name}", "value": value, "url": demo_city.base_url} for name, value in display.items()])
        page = context.new_page()
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
        if user and user not in sessions:
            sign_in(page, user)
            sessions[user] = context.storage_state()
        page.goto(path)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


def _is_complaint(message: Any) -> bool:
    # The browser reports every 4xx page of ours as a failed load; those are pages we mean to show.
    return message.type == "error" and "Failed to load resource" not in message.text


def sign_in(page: Page, user: str) -> None:
    """Choose a ready identity on the sign-in page, as a visitor would."""
    page.goto("/sign-in/")
    button = page.locator(f'button[name="username"][value="{user}"]')
    button.evaluate("button => { const fold = button.closest('details'); if (fold) fold.open = true; }")
    button.click()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Return a function that lists what axe-core holds against a page: rule, element, and what to do."""

    def check(page: Page) -> list[str]:
        page.evaluate(AXE_SCRIPT)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", AXE_RULES)["violations"]
        return [f"{each['id']}: {node['html'][:200]} — {each['help']}" for each in found for node in each["nodes"]]

    return check


@pytest.fixture(scope="session")
def overflow() -> Callable[[Page], int]:
    """Return a function that measures by how many pixels a page is wider than its window: 0 on a page that fits."""
    return lambda page: page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture(scope="session")
def small_targets() -> Callable[[Page], list[str]]:
    """Return a function that lists buttons and fields less than 44 pixels high, those hidden or inside a sentence apart."""
    script = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, summary, a.button')]
      .map(element => [element, element.getBoundingClientRect()])
      .filter(([element, box]) => box.height > 0 && box.height < 44 && !['checkbox', 'radio'].includes(element.type))
      .map(([element, box]) => `${Math.round(box.height)} px: ${element.outerHTML.slice(0, 120)}`)"""
    return lambda page: page.evaluate(script)


# Each value appears, and the narrow window gets the longest words in the largest letters.
DRESSES = [
    {"width": 360, "language": "en", "theme": "dark", "text": "large"},
    {"width": 1440, "language": "zh", "theme": "light", "text": "normal"},
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ZHIDA_DRESSES=one (the build) each page is tried in one dress, in turns; else, as ``make test-journeys`` does, in every one."""
    if os.environ.get("ZHIDA_DRESSES") != "one":
        return
    dressed = [item for item in items if "dress" in getattr(getattr(item, "callspec", None), "indices", {})]
    left_out = {item for item in dressed if sum(item.callspec.indices.values()) % len(DRESSES)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(params=DRESSES, ids=lambda dress: "-".join(str(value) for value in dress.values()))
def dress(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The width, language, theme and text size a page is looked at in: ``visit(path, **dress)``."""
    return dict(request.param)


@pytest.fixture
def expect_clean(
    axe: Callable[[Page], list[str]], overflow: Callable[[Page], int], small_targets: Callable[[Page], list[str]]
) -> Callable[[Page], None]:
    """Return a function that unfolds a page and holds it to what every page keeps: axe, the window's width, the size of targets."""

    def check(page: Page) -> None:
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert axe(page) == []
        assert overflow(page) == 0
        assert small_targets(page) == []

    return check


@pytest.fixture
def shots(tmp_path: Path) -> Callable[[Page, str], Path]:
    """Return a function that keeps a picture of a whole page, in ZHIDA_SHOTS or the test's own folder, for looking at."""
    folder = Path(os.environ.get("ZHIDA_SHOTS", tmp_path))

    def shoot(page: Page, name: str) -> Path:
        path = folder / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return shoot
