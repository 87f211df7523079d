"""问答 in the browser: the bot's own words at once, clause, near questions on one key, a caller's figures, what is switched off."""

import re
from collections.abc import Iterator
from itertools import groupby

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from bot.hours.models import AuditEntry
from bot.inbox import switches
from bot.inbox.models import Switch
from policies.notice import load_notices
from tests.helpdesk.console.conftest import SIZE, Both, enter

pytestmark = pytest.mark.model

AT_ONCE = 100  # ms within the process
CLAUSE = load_notices().in_force(2023).clauses["hours"]


@pytest.fixture
def desk(bot_and_console: Both, browser) -> Iterator[Page]:
    """The page of an agent; nothing may be complained about."""
    complaints: list[str] = []
    context = browser.new_context(base_url=bot_and_console.console.url, locale="zh-CN", viewport=SIZE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = enter(context.new_page(), "agent", complaints)
    page.goto("/ask")
    yield page
    context.close()
    assert complaints == []


def ask(page: Page, words: str) -> str:
    """Ask as somebody who types and presses Enter; what is to be read out."""
    before = page.locator(".answer").count()
    page.locator("#q").fill(words)
    page.locator("#q").press("Enter")
    expect(page.locator(".answer")).to_have_count(before + 1)
    return str(page.locator(".answer .said-text").first.text_content())


def choose_person(page: Page, letters: str) -> None:
    page.locator("#person-q").press_sequentially(letters)
    expect(page.locator("#found .pick")).to_have_count(1)
    page.locator("#found .pick").click()
    expect(page.locator(".chosen")).to_be_visible()


def test_an_answer_comes_with_its_clause_and_confidence_and_is_copied(desk: Page) -> None:
    expect(desk.locator("#q")).to_be_focused()
    told = ask(desk, "公需科目每年要多少学时")
    newest = desk.locator(".answer").first
    assert "45" in told
    expect(newest.locator("blockquote")).to_contain_text(CLAUSE.text[:20])
    expect(newest.locator(".badge").first).to_have_text(re.compile(r"很有把握 \d+%"))
    newest.get_by_role("button", name="复制").click()
    expect(desk.locator(".toast")).to_have_text("已复制")
    assert desk.evaluate("navigator.clipboard.readText()").split() == told.split()


@pytest.mark.parametrize("words", ["公需科目每年要多少学时", "学时可以跨年用吗", "学时", "火星上怎么种土豆", "公需40专业80够吗", "转人工"])
def test_staff_read_what_the_chat_says(bot_and_console: Both, desk: Page, words: str) -> None:
    said = "\n\n".join(message["text"] for message in bot_and_console.bot.say(words, f"nobody {words}"))
    told = ask(desk, words)
    if words == "转人工":
        assert told.startswith("这件事要在聊天里办，这里只回答问题。")  # the console opens no ticket for itself
    else:
        assert told == said


def test_answers_are_there_at_once(desk: Page) -> None:
    for words in ("一年要多少学时", "学时可以跨年用吗", "什么时候截止", "继续教育基地有哪些", "公需40专业80够不够", "评职称要几年学时"):
        ask(desk, words)
    choose_person(desk, "crc")
    for words in ("我今年还差多少", "我报高级够不够", "我哪几年达标"):
        ask(desk, words)
    took = sorted(float(str(one.get_attribute("data-took"))) for one in desk.locator(".answer").all())
    assert len(took) == 9
    assert took[len(took) // 2] < AT_ONCE
    assert took[0] < AT_ONCE / 4


def test_a_near_question_is_one_key_away_and_earlier_ones_stay(desk: Page) -> None:
    ask(desk, "公需科目每年要多少学时")
    near = desk.locator('.answer [data-near="2"]').first.inner_text().replace("2", "", 1).strip()
    desk.keyboard.press("Alt+2")
    expect(desk.locator(".answer")).to_have_count(2)
    expect(desk.locator(".answer .read-as b").first).to_have_text(near)
    expect(desk.locator(".answer h2").nth(1)).to_have_text("公需科目每年要多少学时")
    ask(desk, "学时可以跨年用吗")
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")
    expect(desk.locator(".answer")).to_have_count(4)
    desk.keyboard.press("/")
    expect(desk.locator("#q")).to_be_focused()
    desk.keyboard.type("2023年什么时候截止")
    expect(desk.locator("#q")).to_have_value("2023年什么时候截止")
    expect(desk.locator(".answer")).to_have_count(4)


def test_a_question_that_is_not_clear_shows_what_the_bot_asks_back(desk: Page) -> None:
    told = ask(desk, "未完成学习资料提交的责任")
    newest = desk.locator(".answer").first
    assert told.startswith("您是想问")
    assert newest.get_attribute("data-kind") == "ask_back"
    first = newest.locator("[data-near]").first
    assert first.inner_text().replace("1", "", 1).strip() in told
    first.click()
    expect(desk.locator('.answer[data-kind="answer"]')).to_have_count(1)


def test_with_a_person_chosen_their_figures_are_told_and_each_look_is_noted(bot_and_console: Both, desk: Page) -> None:
    assert "请先绑定" in ask(desk, "我今年还差多少")
    choose_person(desk, "crc")
    expect(desk).to_have_url(re.compile(r"/ask\?person=2$"))
    expect(desk.locator(".answer")).to_have_count(1)
    assert ask(desk, "我今年还差多少").startswith("2023年度还没有完成：公需科目还差12.5学时，专业科目还差32学时。")
    desk.locator(".answer").first.get_by_role("button", name="记为来电").click()
    expect(desk.locator(".picked")).to_contain_text("才让·措毛")
    expect(desk.locator("#question")).to_have_value("我今年还差多少")
    assert desk.url.endswith("/calls/new"), "callers' words stand in no address"
    desk.go_back()
    expect(desk.locator(".chosen")).to_contain_text("才让·措毛")
    desk.get_by_role("button", name="换人或不选").click()
    expect(desk).to_have_url(re.compile("/ask$"))
    assert "请先绑定" in ask(desk, "我今年还差多少")
    with bot_and_console.console.database.read() as session:
        query = select(AuditEntry.actor, AuditEntry.person_id, AuditEntry.detail).where(AuditEntry.action == "console-lookup")
        looks = [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))][-5:]
        assert [look for look, _ in groupby(looks)] == [("staff:1", 2, where) for where in ("ask", "call", "ask")]


def test_who_was_signed_out_meanwhile_is_led_to_sign_in_and_not_told_inside_the_page(desk: Page) -> None:
    desk.locator("#person-q").press_sequentially("crcm")
    expect(desk.locator("#found .pick")).to_have_count(1)
    desk.context.clear_cookies()
    desk.locator("#found .pick").click()
    expect(desk.get_by_role("heading", name="登录")).to_be_visible()
    expect(desk).to_have_url(re.compile("/login"))
    expect(desk.locator("#whom")).to_have_count(0)


def test_the_same_words_about_a_person_are_told_as_the_bound_chat_tells_them(bot_and_console: Both, desk: Page) -> None:
    from bot.helpdesk.lookup import codes
    from bot.settings import load

    console, settings = bot_and_console.console, load(bot_and_console.console.env)
    with console.database.write() as session:
        issued = codes.issue(session, settings.secret_key(), 3, None, "cli", settings.now())
    assert issued is not None
    assert bot_and_console.bot.say(f"绑定 {issued.name} {issued.code}", "bound")[0]["text"].startswith("已绑定")
    choose_person(desk, "lwj")
    for words in ("我今年还差多少", "我报中级够不够", "我的学时能结转到明年吗"):
        said = "\n\n".join(message["text"] for message in bot_and_console.bot.say(words, "bound"))
        assert ask(desk, words) == said


def test_a_switched_off_answer_is_shown_as_such(bot_and_console: Both, desk: Page) -> None:
    database = bot_and_console.console.database
    with bot_and_console.console.database.read() as session:
        at = session.execute(select(AuditEntry.at)).scalars().first()
    with database.write() as session:
        switches.off(session, switches.QUESTION, "hours_public", "与新文件不符", "staff:3", at)
    try:
        told = ask(desk, "公需科目每年要多少学时")
        newest = desk.locator(".answer").first
        expect(newest.locator(".badge.bad")).to_have_text("已停用")
        expect(newest.locator(".said")).to_contain_text("与新文件不符")
        assert "45" not in told.replace("0971-8258157", "")
        expect(newest.locator("blockquote")).to_have_count(0)
    finally:
        with database.write() as session:
            session.execute(delete(Switch))


def test_words_are_text_whatever_they_hold_and_numbers_of_people_are_masked(desk: Page) -> None:
    ask(desk, "<img src=x onerror=alert(1)> 632221199006240420")
    expect(desk.locator(".answer h2").first).to_have_text("<img src=x onerror=alert(1)> 6322**********0420")
    assert desk.locator(".answer img").count() == 0


def test_nothing_and_too_much_are_said_so_and_answer_nothing(desk: Page) -> None:
    desk.locator("#q").press("Enter")
    expect(desk.locator(".answer")).to_have_count(0)
    desk.locator("#q").evaluate("box => { box.removeAttribute('maxlength'); box.value = '学'.repeat(1001); }")
    desk.locator("#q").press("Enter")
    expect(desk.locator("#fault")).to_contain_text("太长")
    expect(desk.locator(".answer")).to_have_count(0)
