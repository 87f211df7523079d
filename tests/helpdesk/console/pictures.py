"""Takes the pictures of every page for docs/console: `python -m tests.helpdesk.console.pictures`. Needs a trained model.

Debian's packages fonts-noto-cjk and chromium-l10n give Chinese signs, and the browser's own words (dates, the choice of a file) in Chinese.
"""

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bot.db import Database
from bot.runtime.project import ROOT
from bot.settings import load
from tests.helpdesk.console.conftest import ARGS, CHROMIUM, SIZE, console_on, enter, prepared
from tests.helpdesk.console.scene import fill

PICTURES = ROOT / "docs" / "console"
PAGES = {
    "person": "/people/2",
    "calls": "/calls",
    "call": "/calls/new?person=2",
    "learning": "/learning",
    "sample": "/sample",
    "dashboard": "/dashboard",
    "report": "/report?unit=祁连县牧云职业学校",
    "data": "/data",
    "switches": "/switches",
    "audit": "/audit",
}


def main() -> None:
    """Bring up a console on a scene and photograph it."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        env = prepared(Path(folder), BOT_OFFICE_HOURS="always")
        database = Database(env["BOT_DATABASE_URL"])
        fill(database, load(env))
        database.dispose()
        with console_on(Path(folder), env) as console:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS, env={**os.environ, "LANGUAGE": "zh_CN"})
            page = browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE).new_page()
            page.goto("/login")
            _take(page, "login")
            _talk(enter(browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE).new_page(), "agent", []))
            admin = enter(browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE).new_page(), "admin", [])
            for name, path in PAGES.items():
                admin.goto(path, wait_until="load")
                _take(admin, name)
            _people(admin)
            _ask(admin)
            browser.close()


def _talk(page: Page) -> None:
    """The conversation in hand."""
    page.goto("/conversations/1")
    _take(page, "conversations")


def _people(page: Page) -> None:
    page.goto("/people")
    page.locator("#q").press_sequentially("z", delay=60)
    _take(page, "people")


def _ask(page: Page) -> None:
    page.goto("/ask?person=2")
    page.get_by_role("textbox").first.fill("我今年还差多少学时")
    page.keyboard.press("Enter")
    _take(page, "ask")


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(700)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
