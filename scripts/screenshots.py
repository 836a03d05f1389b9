"""Take the pictures of the README from a running demonstration: ``python scripts/screenshots.py http://127.0.0.1:8000``.

Writes docs/images/<face>-<width>-<language>.png for the three faces, at 360 and 1440 pixels, in both languages. Needs Debian's
chromium; CHROMIUM may name another. The picture of a reform shows the newest simulation: make one first, with ``zhida simulate``.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
# Width and height of the window: a phone and a desk. A picture shows what fits in the window, as a visitor sees it.
WINDOWS = {360: 780, 1440: 1000}


@dataclass(frozen=True)
class Picture:
    """A page, who looks at it, and the link to follow first (a CSS selector), if any."""

    name: str
    user: str
    path: str
    link: str = ""


PICTURES = (
    Picture("resident", "lin_xiaoman", "/my/"),
    Picture("why", "lin_xiaoman", "/my/", ".line--paid a, .line--coming a"),
    Picture("officer", "payment_checker", "/office/batches/", "main table a"),
    Picture("reform", "policy", "/office/reforms/", "main table a"),
    Picture("cockpit", "captain", "/cockpit/"),
)


def main() -> None:
    base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not chromium:
        sys.exit("Chromium is missing. Install it (apt-get install chromium) or set CHROMIUM to it.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for picture in PICTURES:
            for language in LOCALES:
                for width in WINDOWS:
                    print(take(browser, base_url, picture, language, width).relative_to(IMAGES.parents[1]))
        browser.close()


def take(browser: Browser, base_url: str, picture: Picture, language: str, width: int) -> Path:
    """Take one picture as a fresh visitor and return its file."""
    window = {"width": width, "height": WINDOWS[width]}
    context = browser.new_context(base_url=base_url, viewport=window, locale=LOCALES[language], color_scheme="light")
    page = context.new_page()
    go_to(page, picture)
    path = IMAGES / f"{picture.name}-{width}-{language}.png"
    page.screenshot(path=path)
    context.close()
    return path


def go_to(page: Page, picture: Picture) -> None:
    page.goto("/sign-in/")
    button = page.locator(f'button[name="username"][value="{picture.user}"]')
    button.evaluate("button => { const fold = button.closest('details'); if (fold) fold.open = true; }")
    button.click()
    page.goto(picture.path)
    if picture.link:
        page.locator(picture.link).first.click()


if __name__ == "__main__":
    main()
