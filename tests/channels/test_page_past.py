"""What was said before stays above what is asked now, however late the page comes to know of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.channels.conftest import Server
from tests.channels.test_page import ARGS, CHROMIUM, ask
from tests.helpdesk.console.conftest import held_request, hold_up

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")

PAST = "**/history"
BEFORE = ["电话", "请拨打", "选", "您是想问"]


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    """A page with two exchanges, the last of which offers choices."""
    complaints: list[str] = []
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS) as browser:
        opened = browser.new_page(base_url=server.url, locale="zh-CN")
        opened.set_default_timeout(20_000)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto("/")
        for count, asked in enumerate(BEFORE[::2], 1):
            ask(opened, asked)
            expect(opened.locator(".message.bot")).to_have_count(count)
        yield opened
    assert complaints == []


def told(page: Page, *begin: str) -> None:
    """These messages and no others are on the page, each beginning like this."""
    bubbles = page.locator(".message .bubble")
    expect(bubbles).to_have_count(len(begin))
    assert [text[: len(words)] for text, words in zip(bubbles.all_inner_texts(), begin, strict=True)] == list(begin)


def test_what_is_asked_before_the_past_has_come_is_answered_below_it_in_the_order_asked(page: Page, server: Server) -> None:
    waiting = hold_up(page, PAST)
    page.reload()
    page.get_by_role("banner").get_by_role("button", name="转人工").click()
    ask(page, "进度")
    expect(page.locator(".message.person")).to_have_count(2)
    assert server.rasa.asked[-1].text == "选", "nothing is asked before the past is there"
    held_request(page, waiting).continue_()
    page.unroute(PAST)
    told(page, *BEFORE, "转人工", "进度", "公需科目", "公需 30")
    assert [one.text for one in server.rasa.asked[-3:]] == ["选", "转人工", "进度"]
    expect(page.get_by_role("log").get_by_role("button", name="转人工")).to_have_count(0)  # as after every question


def test_a_past_that_did_not_come_is_asked_for_again_though_somebody_has_asked_meanwhile(page: Page) -> None:
    waiting = hold_up(page, PAST)
    page.route(PAST, lambda route: route.fulfill(status=204), times=1)
    page.reload()
    expect(page.locator("#status")).to_have_text("连接中断，正在重连…")
    ask(page, "公需")
    held = held_request(page, waiting)
    expect(page.locator(".message .bubble")).to_have_text(["公需"])
    expect(page.locator("#status")).to_have_text("连接中断，正在重连…")
    held.continue_()
    page.unroute(PAST)
    told(page, *BEFORE, "公需", "公需科目")
    expect(page.locator("#status")).to_be_empty()
    ask(page, "进度")
    told(page, *BEFORE, "公需", "公需科目", "进度", "公需 30")
