"""A person on the chat page and an agent at the console, the whole bot between them."""

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.helpdesk.console.conftest import SIZE, Both, enter

pytestmark = pytest.mark.model
SOON = 20_000  # milliseconds
ROUNDS = 3


def _say(page: Page, text: str) -> None:
    page.get_by_label("输入您的问题").fill(text)
    page.keyboard.press("Enter")


def test_from_asking_for_a_human_to_the_assistant_again(bot_and_console: Both, browser: Browser) -> None:
    complaints: list[str] = []
    person = browser.new_context(base_url=bot_and_console.bot.url, locale="zh-CN").new_page()
    person.goto("/")
    _say(person, "一年要多少学时")
    expect(person.locator(".message.bot .bubble").last).to_contain_text("学时", timeout=SOON)
    agent = enter(browser.new_context(base_url=bot_and_console.console.url, locale="zh-CN", viewport=SIZE).new_page(), "agent", complaints)
    _say(person, "转人工")
    item = agent.locator('[data-list="waiting"] .item')
    expect(item).to_contain_text("一年要多少学时", timeout=SOON)
    item.get_by_role("button", name="接入").click()
    expect(agent.locator("#reply-text")).to_be_focused()
    expect(agent.locator("#log")).to_contain_text("一年要多少学时")
    expect(person.locator(".message.system").last).to_contain_text("坐席 1 号为您服务", timeout=SOON)

    answers = person.locator(".message.bot").count()
    _say(person, "我驻村两年了怎么算")
    expect(agent.locator("#log .entry.person .bubble").last).to_have_text("我驻村两年了怎么算", timeout=SOON)
    middles: list[float] = []
    while len(middles) < ROUNDS and min(middles, default=1.0) >= 1:  # other programs may be at work on this machine
        seconds = []
        for text in ("您好，我来看一下", "请稍等", "查到了"):
            text = f"{text}，第{len(middles) + 1}遍"
            agent.locator("#reply-text").fill(text)
            began = time.monotonic()
            agent.locator("#reply-text").press("Enter")
            expect(person.locator(".message.staff .bubble").last).to_have_text(text, timeout=SOON)
            seconds.append(time.monotonic() - began)
        print(f"a reply is before the person's eyes after {', '.join(f'{one:.2f}' for one in seconds)} s")
        middles.append(sorted(seconds)[1])
    assert min(middles) < 1, middles
    expect(agent.locator("#log .entry.staff .delivery").last).to_contain_text("已送达平台", timeout=SOON)
    assert person.locator(".message.bot").count() == answers, "the bot is silent"

    agent.locator("#reply-text").press("Escape")
    agent.keyboard.press("e")
    agent.get_by_role("button", name="结束会话").click()
    expect(person.locator(".message.system").last).to_contain_text("已转回智能助手", timeout=SOON)
    _say(person, "谢谢")
    expect(person.locator(".message.bot")).to_have_count(answers + 1, timeout=SOON)
    agent.wait_for_timeout(1000)
    expect(agent.locator('[data-list="waiting"] .item, [data-list="mine"] .item')).to_have_count(0)
    for page in (person, agent):
        page.context.close()
    assert complaints == []
