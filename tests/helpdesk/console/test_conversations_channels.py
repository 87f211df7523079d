"""People on WeChat and Telegram and an agent at the screen, the whole bot between them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dialogue.chats import Chat, TelegramChat, WeChatChat, wait_read
from tests.dialogue.conftest import Platforms
from tests.dialogue.conftest import platforms as platforms  # the bot with every channel on, and the other side of each
from tests.helpdesk.console.conftest import SIZE, add_accounts, console_on, enter

pytestmark = pytest.mark.model
SOON = 20_000  # milliseconds


@pytest.fixture(scope="module")
def agent(platforms: Platforms, browser: Browser) -> Iterator[Page]:
    complaints: list[str] = []
    add_accounts(platforms.env)
    with console_on(platforms.server.folder, platforms.env) as console:
        context = browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE)
        yield enter(context.new_page(), "agent", complaints)
        context.close()
    assert complaints == []


@pytest.mark.parametrize(("channel", "name"), [("wechat", "微信"), ("telegram", "Telegram")])
def test_from_asking_for_a_human_to_the_assistant_again(platforms: Platforms, agent: Page, channel: str, name: str) -> None:
    chat: Chat = WeChatChat(platforms.wechat, "o_at_screen") if channel == "wechat" else TelegramChat(platforms.telegram, 7301)
    chat.says("一年要多少学时")
    chat.says("转人工")
    before = len(wait_read(chat, 2))
    item = agent.locator('[data-list="waiting"] .item', has_text=name)
    item.get_by_role("button", name="接入").click(timeout=SOON)
    expect(agent.locator("#reply-text")).to_be_focused(timeout=SOON)
    assert wait_read(chat, before + 1)[-1].text == "坐席 1 号为您服务"
    chat.says("我驻村两年了怎么算")
    expect(agent.locator("#log .entry.person .bubble").last).to_have_text("我驻村两年了怎么算", timeout=SOON)
    if channel == "wechat":
        expect(agent.locator("#way")).to_contain_text("还可主动发送", timeout=SOON)
    agent.locator("#reply-text").fill("您好，我来看一下")
    agent.locator("#reply-text").press("Enter")
    assert wait_read(chat, before + 2)[-1].text == "您好，我来看一下"
    expect(agent.locator("#log .entry.staff .delivery").last).to_contain_text("已送达平台", timeout=SOON)
    agent.locator("#reply-text").press("Escape")
    agent.keyboard.press("e")
    agent.get_by_role("button", name="结束会话").click()
    assert wait_read(chat, before + 3)[-1].text.startswith("已转回智能助手")
    chat.says("谢谢")
    assert "不客气" in wait_read(chat, before + 4)[-1].text
    expect(agent.locator('[data-list="waiting"] .item, [data-list="mine"] .item')).to_have_count(0, timeout=SOON)
