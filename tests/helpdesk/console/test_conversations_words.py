"""What an agent types belongs to its conversation and stays until it stands somewhere, whatever is opened or expires meanwhile."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, select

from bot.helpdesk.models import StaffSession
from bot.helpdesk.talks import handoff
from bot.hours.identity import issue_codes
from bot.hours.models import Person
from bot.inbox.models import Journal, Outbox
from bot.runtime.holding import BindsInHand
from bot.settings import load
from tests.helpdesk.chats import ask_for_human, say
from tests.helpdesk.console.conftest import PASSWORD, Console, held_request, hold_up, intercept, lose_the_answer
from tests.helpdesk.console.talks import drafts, held, now_of, open_talk, sent, staff_id, web_page
from tests.serving import wait_until

SignIn = Callable[[str], Page]
SOON = 20_000  # milliseconds in which whatever is live must have come
BACK = 60_000  # milliseconds in which a page has noticed that somebody is signed in again


def _turn_to(page: Page, ticket: int) -> None:
    page.locator(f'.item[data-ticket="{ticket}"] a').click()
    expect(page.locator(f'.talk[data-ticket="{ticket}"]')).to_be_visible()


def test_a_reply_whose_answer_comes_after_another_conversation_was_opened_stands_in_its_own(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:own1"), held(console, "web:own2")
    open_talk(page, first)
    waiting = hold_up(page, "**/reply")
    page.locator("#reply-text").fill("给第一位的")
    page.locator("#reply-text").press("Enter")
    reply = held_request(page, waiting)
    _turn_to(page, second)
    page.locator("#reply-text").fill("给第二位的")
    with page.expect_response("**/reply"):
        reply.continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#log")).not_to_contain_text("给第一位的")
    expect(page.locator("#reply-text")).to_have_value("给第二位的")
    _turn_to(page, first)
    expect(page.locator("#log .entry.staff .bubble")).to_have_text("给第一位的")
    expect(page.locator("#reply-text")).to_have_value("")
    assert sent(console, "web:own1") == ["给第一位的"]
    assert (drafts(console, first), drafts(console, second)) == ({}, {"reply": "给第二位的"})


def test_a_reply_that_fails_after_another_conversation_was_opened_is_told_and_kept(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:lost1"), held(console, "web:lost2")
    open_talk(page, first)
    waiting = hold_up(page, "**/reply")
    page.locator("#reply-text").fill("不能丢的话")
    page.locator("#reply-text").press("Enter")
    reply = held_request(page, waiting)
    _turn_to(page, second)
    reply.abort()
    expect(page.locator("#toasts")).to_contain_text(f"第 {first} 号会话：连接不上服务器，没有发出，文字还在", timeout=SOON)
    assert wait_until(lambda: drafts(console, first) == {"reply": "不能丢的话"}, 5)
    assert drafts(console, second) == {}
    page.unroute("**/reply")
    _turn_to(page, first)
    expect(page.locator("#reply-text")).to_have_value("不能丢的话")
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff .bubble")).to_have_text("不能丢的话")
    assert sent(console, "web:lost1") == ["不能丢的话"]


def test_a_reply_that_is_under_way_when_its_conversation_is_opened_again_is_not_sent_twice(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:twice1"), held(console, "web:twice2")
    open_talk(page, first)
    waiting = hold_up(page, "**/reply")
    page.locator("#reply-text").fill("一次就够")
    page.locator("#reply-text").press("Enter")
    reply = held_request(page, waiting)
    _turn_to(page, second)
    _turn_to(page, first)
    expect(page.locator("#reply-text")).to_have_value("一次就够")
    page.locator("#reply-text").press("Enter")
    reply.continue_()
    expect(page.locator("#log .entry.staff .bubble")).to_have_text("一次就够")
    expect(page.locator("#reply-text")).to_have_value("")
    assert sent(console, "web:twice1") == ["一次就够"]


def test_a_note_whose_answer_was_lost_is_not_written_twice(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:noted")

    open_talk(page, ticket)
    intercept(page, "**/conversations/events*", lambda route: route.abort())
    page.reload()
    intercept(page, "**/note", lose_the_answer)
    page.evaluate("window.xstCompose.turnTo('note')")
    page.locator("#note-text").fill("没接电话")
    page.locator("#note-text").press("Enter")
    expect(page.locator("#write-note .failed")).to_contain_text("文字还在", timeout=SOON)
    page.unroute("**/note")
    with page.expect_response("**/note"):
        page.locator("#note-text").press("Enter")
    expect(page.locator("#note-text")).to_have_value("")
    page.unroute("**/conversations/events*")
    page.reload()
    expect(page.locator("#log .entry.note .bubble")).to_have_text(["没接电话"])


def test_a_note_that_was_written_although_its_answer_was_lost_leaves_its_field(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:noted2")

    open_talk(page, ticket)
    intercept(page, "**/note", lose_the_answer)
    page.evaluate("window.xstCompose.turnTo('note')")
    page.locator("#note-text").fill("打了三次")
    page.locator("#note-text").press("Enter")
    expect(page.locator("#log .entry.note .bubble")).to_have_text(["打了三次"], timeout=SOON)
    expect(page.locator("#note-text")).to_have_value("")
    assert wait_until(lambda: drafts(console, ticket) == {}, 20)
    page.unroute("**/note")


def test_what_is_typed_while_another_conversation_opens_is_a_draft_of_its_own(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:slow1"), held(console, "web:slow2")
    open_talk(page, first)
    waiting = hold_up(page, f"**/{second}/panel")
    page.locator(f'.item[data-ticket="{second}"] a').click()
    panel = held_request(page, waiting)
    page.locator("#reply-text").fill("还是给第一位的")
    panel.continue_()
    expect(page.locator(f'.talk[data-ticket="{second}"]')).to_be_visible()
    assert wait_until(lambda: drafts(console, first) == {"reply": "还是给第一位的"}, 5)
    assert drafts(console, second) == {}
    expect(page.locator("#reply-text")).to_have_value("")


@pytest.fixture
def signed_out(console: Console) -> Callable[[], None]:
    """Ends the agent's sessions, as twelve hours do."""

    def end() -> None:
        with console.database.write() as session:
            session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id(console, "agent")))

    return end


def _sign_in_beside(page: Page, login: str) -> Page:
    beside = page.context.new_page()
    beside.goto("/login")
    beside.get_by_label("登录名").fill(login)
    beside.get_by_label("密码").fill(PASSWORD)
    beside.get_by_role("button", name="登录").click()
    beside.wait_for_url(lambda url: "/login" not in url)
    return beside


def test_words_typed_after_the_login_has_expired_are_kept_once_one_is_signed_in_again(
    console: Console, signed_in: SignIn, signed_out: Callable[[], None]
) -> None:
    page, ticket, other = signed_in("agent"), held(console, "web:expired"), held(console, "web:expired2")
    open_talk(page, ticket)
    page.wait_for_timeout(1100)  # after a second the stream asks again whether the session stands
    signed_out()
    page.locator("#reply-text").press_sequentially("过期以后写的")
    expect(page.locator("#draft-state")).to_have_text("草稿没有存上，连上后再存", timeout=SOON)
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#write-reply .failed")).to_contain_text("登录已过期", timeout=SOON)
    expect(page.locator("#write-reply .failed")).not_to_contain_text("存为草稿")
    say(console.database, "web:expired", "还在吗", now_of(console))
    expect(page.locator("#cut")).to_contain_text("登录已过期", timeout=BACK)
    page.locator(f'.item[data-ticket="{other}"] a').click()
    expect(page.locator("#toasts")).to_contain_text("没有发出的文字还在", timeout=SOON)
    expect(page.locator("#reply-text")).to_have_value("过期以后写的")
    assert drafts(console, ticket) == {}
    _sign_in_beside(page, "agent").close()
    expect(page.locator("#draft-state")).to_have_text("草稿已保存", timeout=BACK)
    assert drafts(console, ticket) == {"reply": "过期以后写的"}
    expect(page.locator("#cut")).to_be_hidden()
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff .bubble")).to_have_text("过期以后写的")


def test_a_reply_goes_out_when_one_has_signed_in_again_before_the_page_noticed(
    console: Console, signed_in: SignIn, signed_out: Callable[[], None]
) -> None:
    page, ticket = signed_in("agent"), held(console, "web:anew")
    open_talk(page, ticket)
    intercept(page, "**/conversations/events*", lambda route: route.abort())
    page.reload()
    signed_out()
    _sign_in_beside(page, "agent").close()
    page.locator("#reply-text").fill("换了登录再发")
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff .bubble")).to_have_text("换了登录再发", timeout=SOON)
    page.unroute("**/conversations/events*")


def test_words_of_one_agent_are_not_written_by_the_next_who_signs_in(
    console: Console, signed_in: SignIn, signed_out: Callable[[], None]
) -> None:
    page, ticket = signed_in("agent"), held(console, "web:next")
    open_talk(page, ticket)
    intercept(page, "**/conversations/events*", lambda route: route.abort())
    page.reload()
    signed_out()
    _sign_in_beside(page, "agent2").close()
    page.locator("#reply-text").fill("甲写的话")
    with page.expect_navigation():
        page.locator("#reply-text").press("Enter")
    expect(page.locator("#composer")).to_contain_text("由 1 号 坐席甲 接待中")
    assert sent(console, "web:next") == []
    assert drafts(console, ticket) == {}
    page.unroute("**/conversations/events*")


def test_what_a_colleague_does_takes_the_keys_away_from_no_search(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent2"), held(console, "web:search")
    open_talk(page, ticket)
    page.keyboard.press("s")
    page.locator("#find").press_sequentially("驻")
    done = handoff.transfer(console.database, ticket, staff_id(console, "agent"), staff_id(console, "admin"), now_of(console))
    assert done.ok
    expect(page.locator("#composer")).to_contain_text("由 3 号 管理员 接待中", timeout=SOON)
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("n x")
    expect(page.locator("#find")).to_have_value("驻n x")
    page.locator("#note-text").fill("写到一半")
    done = handoff.transfer(console.database, ticket, staff_id(console, "admin"), staff_id(console, "agent"), now_of(console))
    assert done.ok
    expect(page.locator("#composer")).to_contain_text("由 1 号 坐席甲 接待中", timeout=SOON)
    expect(page.locator("#note-text")).to_be_focused()
    expect(page.locator("#note-text")).to_have_value("写到一半")


def test_what_is_typed_on_when_the_conversation_has_left_ones_hands_is_no_shortcut(console: Console, signed_in: SignIn) -> None:
    page, ticket, waits = signed_in("agent"), held(console, "web:hands"), ask_for_human(console.database, "web:in-line", now_of(console))
    open_talk(page, ticket)
    page.locator("#reply-text").press_sequentially("您好")
    done = handoff.transfer(console.database, ticket, staff_id(console, "agent"), staff_id(console, "admin"), now_of(console))
    assert done.ok
    expect(page.locator("#composer")).to_contain_text("由 3 号 管理员 接待中", timeout=SOON)
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("te")
    expect(page.locator("#note-text")).to_have_value("te")
    expect(page.locator(f'[data-list="waiting"] .item[data-ticket="{waits}"]')).to_be_visible()
    assert sent(console, "web:hands") == []


@pytest.fixture
def person_page(console: Console, browser: Browser) -> Iterator[Page]:
    """The people's page over the console's database; while a human holds the conversation it binds, as in the worker."""
    binds = BindsInHand(load(console.env, console.folder), console.database)
    with web_page(console, lambda context: setattr(context.intake.in_hand, "act", binds)) as address:
        context = browser.new_context(base_url=address, locale="zh-CN")
        opened = context.new_page()
        opened.goto("/")
        yield opened
        context.close()


def _say(page: Page, text: str) -> None:
    page.get_by_label("输入您的问题").fill(text)
    page.keyboard.press("Enter")


def test_a_person_binds_while_an_agent_talks_with_them_and_the_agent_sees_who_it_is(
    console: Console, signed_in: SignIn, person_page: Page
) -> None:
    settings = load(console.env, console.folder)
    with console.database.write() as session:
        somebody = session.execute(select(Person).order_by(Person.id).limit(1)).scalar_one()
        code = issue_codes(session, settings.secret_key(), [somebody], settings.now())[0].code
        name, unit = somebody.name, somebody.unit
    _say(person_page, "我今年还差多少")
    expect(person_page.locator(".message.bot")).to_have_count(1)
    with console.database.read() as session:
        sender = session.execute(select(Journal.sender_id).order_by(Journal.id.desc()).limit(1)).scalar_one()
    page, ticket = signed_in("agent"), held(console, sender, said=())
    told = person_page.locator(".message.system")
    expect(told.filter(has_text="坐席 1 号为您服务")).to_be_visible()  # by the stream: what is answered directly may come before it
    open_talk(page, ticket)
    expect(page.locator("#whose")).to_contain_text("请让对方在这里发“绑定 姓名 绑定码”")
    page.locator("#reply-text").press_sequentially("请发绑定")
    _say(person_page, f"绑定 {name} ABCDE23456")
    expect(told.filter(has_text="姓名与绑定码不匹配")).to_be_visible()
    _say(person_page, f"绑定 {name} {code}")
    expect(told.filter(has_text=f"已绑定：{name}（{unit}")).to_be_visible()
    expect(page.locator("#log .entry.told").filter(has_text=f"对方看到：已绑定：{name}")).to_be_visible(timeout=SOON)
    expect(page.locator("#talk-title")).to_have_text(name, timeout=SOON)
    expect(page.locator("#whose")).to_contain_text("2023 年度")
    expect(page.locator("#reply-text")).to_be_focused()
    expect(page.locator("#reply-text")).to_have_value("请发绑定")
    _say(person_page, "公需要多少")
    expect(page.locator("#log .entry.person .bubble").last).to_have_text("公需要多少", timeout=SOON)
    expect(person_page.locator(".message.bot")).to_have_count(1)
    assert code not in page.content()
    with console.database.read() as session:
        kept = session.execute(select(Journal.text).where(Journal.sender_id == sender)).scalars().all()
        outgoing = session.execute(select(Outbox.payload).where(Outbox.sender_id == sender)).scalars().all()
    assert f"绑定 {name} {code[:2]}********" in kept
    assert code not in f"{kept}{outgoing}"
