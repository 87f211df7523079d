"""The page as people use it: in a browser, with a mouse, a phone, a keyboard, an input method."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import select

from bot.inbox.models import Outbox
from tests.channels.conftest import TELEPHONE, Server, staff_write
from tests.serving import wait_until

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
expect.set_options(timeout=20_000)  # a busy machine may take longer than the five seconds that Playwright waits
PHONE = {"width": 375, "height": 667}

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=server.url, locale="zh-CN")
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """An opened page. No request may leave for another host, and nothing may be complained about on the browser's console."""
    opened = context.new_page()
    complaints: list[str] = []
    elsewhere: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: None if request.url.startswith(server.url) else elsewhere.append(request.url))
    opened.goto("/")
    yield opened
    assert elsewhere == []
    assert complaints == []


def ask(page: Page, text: str) -> None:
    page.get_by_label("输入您的问题").fill(text)
    page.keyboard.press("Enter")


def last(page: Page, side: str = "bot") -> object:
    return page.locator(f".message.{side} .bubble").last


def test_a_question_gets_its_answer_with_the_clause_and_choices_can_be_tapped(page: Page) -> None:
    expect(page.get_by_text("演示数据 · 今天按 2023-11-20 计算")).to_be_visible()
    expect(page.get_by_role("heading", name="您好，想了解哪一项？")).to_be_visible()
    page.get_by_role("button", name="一年要修多少学时").click()
    expect(last(page, "person")).to_have_text("一年要修多少学时")
    expect(last(page)).to_contain_text("公需科目每年不少于45学时。")
    expect(page.locator(".cite")).to_have_text("依据：《通知》第二部分第（二）项")
    expect(page.locator("#welcome")).to_be_hidden()
    ask(page, "选")
    choice = page.get_by_role("log").get_by_role("button", name="公需要多少学时")
    choice.click()
    expect(last(page, "person")).to_have_text("公需要多少学时")
    expect(choice).to_have_count(0)
    page.reload()
    expect(page.locator(".message")).to_have_count(6)
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")


def test_what_was_written_while_the_line_was_cut_is_shown_even_if_a_later_answer_came_first(page: Page, server: Server) -> None:
    ask(page, "公需")
    expect(last(page)).to_contain_text("公需科目")
    sender = server.rasa.asked[-1].sender_id
    page.route("**/events*", lambda route: route.fulfill(status=204))  # the page asks again after three seconds, or when somebody writes
    page.reload()
    expect(page.locator("#status")).not_to_be_empty()
    staff_write(server.context, sender, "断线时写的")
    page.unroute("**/events*")
    ask(page, "选")
    expect(last(page)).to_contain_text("您是想问")
    expect(last(page, "staff")).to_have_text("断线时写的")

    def states() -> set[str]:
        with server.context.database.read() as session:
            return set(session.execute(select(Outbox.state).where(Outbox.sender_id == sender)).scalars())

    assert wait_until(lambda: states() == {"sent"}, 5)


def test_somebody_types_while_an_answer_is_made(page: Page, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.rasa, "seconds", 3.0)  # long enough to be seen by a busy machine
    ask(page, "公需")
    expect(page.locator("#typing")).to_be_visible()
    expect(last(page)).to_contain_text("公需科目")
    expect(page.locator("#typing")).to_be_hidden()


def test_texts_are_text_and_lines_are_kept(page: Page) -> None:
    page.get_by_label("输入您的问题").fill("标签<b>\n第二行")
    page.get_by_role("button", name="发送").click()
    expect(last(page, "person")).to_have_text("标签<b>\n第二行", use_inner_text=True)
    expect(last(page)).to_have_text("<img src=x onerror=alert(1)> & <b>粗</b>")
    assert page.locator(".bubble img, .bubble b").count() == 0


def test_telephone_numbers_can_be_dialled(page: Page) -> None:
    ask(page, "电话")
    expect(page.get_by_role("link", name=TELEPHONE)).to_have_attribute("href", "tel:09718258157")
    expect(page.get_by_role("link", name="18970996140")).to_have_attribute("href", "tel:18970996140")


def test_bars_are_not_read_aloud(page: Page) -> None:
    ask(page, "进度")
    expect(last(page)).to_have_text("公需 30/45 ██████░░░ 还差15")
    expect(page.locator(".bar")).to_have_attribute("aria-hidden", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser: Browser, server: Server, scheme: str) -> None:
    context = browser.new_context(base_url=server.url, viewport=PHONE, has_touch=True, is_mobile=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/")
    expect(page.locator(".welcome li")).to_have_count(6)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        box = page.get_by_role("button", name="发送").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= PHONE["height"]

    fits()
    page.get_by_role("button", name="一年要修多少学时").tap()
    expect(last(page)).to_contain_text("公需科目")
    ask(page, "选" + "长" * 100)
    expect(page.get_by_role("log").get_by_role("button", name="转人工")).to_be_in_viewport()
    low = "b => b.checkVisibility() && b.getBoundingClientRect().height < 34"
    small = page.evaluate(f"[...document.querySelectorAll('button')].filter({low}).map(b => b.textContent)")
    assert small == []
    fits()
    context.close()


def test_a_long_answer_is_read_from_its_beginning(page: Page) -> None:
    for _ in range(4):
        ask(page, "公需")
    expect(page.locator(".message.bot")).to_have_count(4)
    ask(page, "很长的回答")
    expect(page.locator(".message.bot")).to_have_count(5)
    expect(last(page, "person")).to_be_in_viewport(ratio=1)
    ends_in_view = """ends => {
        const box = [...document.querySelectorAll(".message.bot .bubble")].at(-1).getBoundingClientRect();
        return `${box.top >= 60} ${box.bottom <= innerHeight}` === ends;
    }"""
    page.wait_for_function(ends_in_view, arg="true false")
    page.get_by_role("button", name="看最新").click()
    expect(page.get_by_role("button", name="看最新")).to_be_hidden()
    page.wait_for_function(ends_in_view, arg="false true")  # after the smooth way down


def test_the_keyboard_is_enough(page: Page) -> None:
    field = page.get_by_label("输入您的问题")
    expect(field).to_be_focused()
    page.keyboard.type("选")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("二")
    assert field.input_value() == "选\n二"
    page.keyboard.press("Enter")
    expect(field).to_have_value("")
    choice = page.get_by_role("log").get_by_role("button", name="公需要多少学时")
    expect(choice).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if choice.evaluate("element => element === document.activeElement"):
            break
    expect(choice).to_be_focused()
    page.keyboard.press("Enter")
    expect(last(page, "person")).to_have_text("公需要多少学时")
    expect(field).to_be_focused()


def test_enter_does_not_send_while_an_input_method_composes(page: Page) -> None:
    client = page.context.new_cdp_session(page)
    field = page.get_by_label("输入您的问题")
    field.focus()
    client.send("Input.imeSetComposition", {"text": "gongxu", "selectionStart": 6, "selectionEnd": 6})
    field.evaluate("e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))")
    field.evaluate("e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))")
    assert page.locator(".message").count() == 0
    client.send("Input.insertText", {"text": "公需"})
    page.keyboard.press("Enter")
    expect(last(page, "person")).to_have_text("公需")


def test_later_messages_appear_on_all_pages_of_the_session_once(page: Page, context: BrowserContext, server: Server) -> None:
    second = context.new_page()
    second.goto("/")
    ask(page, "公需")
    expect(second.locator(".message.bot")).to_have_count(1)
    sender = server.rasa.asked[-1].sender_id
    staff_write(server.context, sender, "坐席3号为您服务")
    for one in (page, second):
        expect(one.locator(".message.staff .bubble")).to_have_text("坐席3号为您服务")
        expect(one.locator(".message.bot")).to_have_count(1)


def test_a_vote_is_taken_once(page: Page) -> None:
    ask(page, "公需")
    group = page.get_by_role("group", name="这条回答有用吗")
    group.get_by_role("button", name="有用").click()
    expect(group).to_contain_text("谢谢，已记下")
    expect(group.get_by_role("button", name="没用")).to_be_disabled()
    page.reload()
    expect(page.get_by_role("group", name="这条回答有用吗").get_by_role("button", name="有用")).to_have_attribute("aria-pressed", "true")
    ask(page, "选")
    expect(page.get_by_role("log").get_by_role("button", name="转人工")).to_be_visible()
    expect(page.get_by_role("group", name="这条回答有用吗")).to_have_count(1)


def test_a_message_that_did_not_arrive_can_be_sent_again(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/")
    expect(page.locator("#welcome")).to_be_visible()
    context.set_offline(True)
    ask(page, "公需")
    again = page.get_by_role("button", name="没发出去，点此重发")
    expect(again).to_be_visible()
    context.set_offline(False)
    again.click()
    expect(last(page)).to_contain_text("公需科目")
    expect(again).to_be_hidden()
    expect(page.locator(".message.person")).to_have_count(1)
    context.close()


def test_a_new_conversation_is_empty_and_asked_for(page: Page) -> None:
    ask(page, "公需")
    expect(last(page)).to_contain_text("公需科目")
    page.get_by_role("button", name="新对话").click()
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".message")).to_have_count(2)
    page.get_by_role("button", name="新对话").click()
    page.get_by_role("button", name="开始新对话").click()
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator(".message")).to_have_count(0)
