"""The real bot's page in a browser: ask, see the clause, bind, ask for one's own hours."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.dialogue.talking import issue, status

JUNIOR = "632122199311080188"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
expect.set_options(timeout=20_000)  # a busy machine may take longer than the five seconds that Playwright waits

pytestmark = [pytest.mark.model, pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")]


@pytest.fixture
def page(bot_server) -> Iterator[Page]:
    """An opened page; nothing may be complained about on the browser's console."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        opened = browser.new_context(base_url=bot_server.url, locale="zh-CN").new_page()
        opened.set_default_timeout(20_000)
        opened.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto("/")
        yield opened
        browser.close()
    assert complaints == []


def say(page: Page, text: str, answer: str) -> None:
    """Send a text; the newest bubble of the bot comes to hold the answer."""
    page.get_by_label("输入您的问题").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".message.bot .bubble").last).to_contain_text(answer)


def test_from_a_first_question_to_ones_own_hours(page, bot_server):
    say(page, "公需课每年多少学时", "公需科目每年不少于45学时")
    expect(page.locator(".cite").last).to_be_visible()
    expect(page.locator(".cite").last).to_contain_text("第二部分第（二）项")
    say(page, "我今年还差多少学时", "请先绑定")
    say(page, "绑定 {} {}".format(*issue(bot_server, JUNIOR)), "已绑定：李文静")
    missing = status(bot_server, JUNIOR)["year"]["missing"]["professional"]
    say(page, "我今年还差多少学时", f"专业科目还差{missing:g}学时")
    assert JUNIOR not in page.content()
