"""Keys meet the conversation that the agent means, however late an answer comes: no word goes to a stranger, nothing is ended by them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from bot.helpdesk.models import Ticket
from tests.helpdesk.chats import ask_for_human
from tests.helpdesk.console.conftest import Console, held_request, hold_up, intercept
from tests.helpdesk.console.talks import drafts, held, now_of, open_talk, sent
from tests.serving import wait_until

SignIn = Callable[[str], Page]
STOPPED = "() => { const at = performance.now(); window.pass = (ms) => { performance.now = () => at + ms; }; window.pass(0); }"
"""The page's clock stands, however long this machine takes for a test's next step; ``pass`` moves it on."""


@pytest.fixture(autouse=True)
def _clean(console: Console) -> None:
    """Earlier tests' conversations are over."""
    with console.database.write() as session:
        session.execute(update(Ticket).where(Ticket.state != "closed").values(state="closed", closed_at=now_of(console)))


def _state(console: Console, ticket: int) -> str:
    with console.database.read() as session:
        return str(session.get(Ticket, ticket).state)


def _item(page: Page, ticket: int, section: str) -> Locator:
    return page.locator(f'[data-list="{section}"] .item[data-ticket="{ticket}"]')


def _open(page: Page, ticket: int) -> None:
    """Open it and wait until it is drawn: the browser drops keys that come before the first frame."""
    open_talk(page, ticket)
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def _stands(page: Page, ticket: int) -> None:
    expect(page.locator(f'.talk[data-ticket="{ticket}"]')).to_be_visible()


def _no_dialog(page: Page) -> None:
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_who_writes_while_a_taking_is_under_way_stays_in_the_conversation_written_in(console: Console, signed_in: SignIn) -> None:
    page, ticket, waits = signed_in("agent"), held(console, "web:writes"), ask_for_human(console.database, "web:waits", now_of(console))
    _open(page, ticket)
    expect(_item(page, waits, "waiting")).to_be_visible()
    taking, panels = hold_up(page, "**/take"), hold_up(page, f"**/{waits}/panel")
    page.keyboard.press("t")
    answer = held_request(page, taking)
    page.locator("#reply-text").click()
    page.keyboard.type("您今年")
    with page.expect_response("**/take"):
        answer.continue_()
    expect(_item(page, waits, "mine")).to_be_visible()
    page.wait_for_timeout(300)
    for panel in panels:
        panel.continue_()
    page.unroute(f"**/{waits}/panel")
    page.wait_for_timeout(300)
    page.keyboard.type("还差30学时")
    page.keyboard.press("Enter")
    expect(page.locator("#log .entry.staff .bubble")).to_have_text("您今年还差30学时")
    assert (sent(console, "web:writes"), sent(console, "web:waits")) == (["您今年还差30学时"], [])
    assert panels == []
    page.locator("#reply-text").press("Escape")
    page.keyboard.press("e")
    expect(page.locator("#ending")).to_be_visible()


def test_who_begins_to_write_when_the_taken_conversation_is_about_to_open_stays_too(console: Console, signed_in: SignIn) -> None:
    page, ticket, waits = signed_in("agent"), held(console, "web:begins"), ask_for_human(console.database, "web:opens", now_of(console))
    _open(page, ticket)
    expect(_item(page, waits, "waiting")).to_be_visible()
    panels = hold_up(page, f"**/{waits}/panel")
    page.keyboard.press("t")
    panel = held_request(page, panels)
    page.locator("#reply-text").click()
    page.keyboard.type("您今年")
    with page.expect_response(f"**/{waits}/panel"):
        panel.continue_()
    page.wait_for_timeout(300)
    page.keyboard.type("还差30学时")
    expect(page.locator("#reply-text")).to_have_value("您今年还差30学时")
    _stands(page, ticket)
    assert wait_until(lambda: drafts(console, ticket) == {"reply": "您今年还差30学时"}, 20)
    assert drafts(console, waits) == {}


def test_a_late_answer_to_a_taking_throws_nobody_out_of_what_was_opened_since(console: Console, signed_in: SignIn) -> None:
    page, ticket, other = signed_in("agent"), held(console, "web:one"), held(console, "web:two")
    waits = ask_for_human(console.database, "web:three", now_of(console))
    _open(page, ticket)
    expect(_item(page, waits, "waiting")).to_be_visible()
    taking, panels = hold_up(page, "**/take"), hold_up(page, f"**/{waits}/panel")
    page.keyboard.press("t")
    answer = held_request(page, taking)
    _item(page, other, "mine").locator("a").click()
    _stands(page, other)
    answer.continue_()
    expect(_item(page, waits, "mine")).to_be_visible()
    page.wait_for_timeout(300)
    assert panels == []
    _stands(page, other)
    page.keyboard.press("r")
    page.keyboard.type("您好")
    expect(page.locator("#reply-text")).to_have_value("您好")


def test_keys_that_follow_a_taking_press_nothing_until_its_conversation_is_there(console: Console, signed_in: SignIn) -> None:
    page, ticket, waits = signed_in("agent"), held(console, "web:before"), ask_for_human(console.database, "web:taken", now_of(console))
    behind = ask_for_human(console.database, "web:behind", now_of(console))
    _open(page, ticket)
    expect(_item(page, waits, "waiting")).to_be_visible()
    taking = hold_up(page, "**/take")
    page.keyboard.press("t")
    answer = held_request(page, taking)
    page.keyboard.type("ext")
    _no_dialog(page)
    answer.continue_()
    _stands(page, waits)
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("ext")
    expect(page.locator("#reply-text")).to_have_value("ext")
    assert [_state(console, one) for one in (ticket, waits, behind)] == ["taken", "taken", "open"]


def test_a_note_begun_while_one_takes_its_conversation_stays_a_note(console: Console, signed_in: SignIn) -> None:
    page, waits = signed_in("agent"), ask_for_human(console.database, "web:noted", now_of(console))
    _open(page, waits)
    intercept(page, "**/conversations/events*", lambda route: route.abort())  # by its answer alone the page learns that it is taken
    _open(page, waits)
    taking = hold_up(page, "**/take")
    page.keyboard.press("t")
    answer = held_request(page, taking)
    page.locator("#note-text").click()
    page.keyboard.type("先问")
    answer.continue_()
    expect(page.locator("#reply-text")).to_have_count(1)
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("单位")
    expect(page.locator("#note-text")).to_have_value("先问单位")
    expect(page.locator("#reply-text")).to_have_value("")
    page.unroute("**/conversations/events*")


def test_who_searches_while_a_taking_is_under_way_goes_on_searching(console: Console, signed_in: SignIn) -> None:
    page, waits = signed_in("agent"), ask_for_human(console.database, "web:searched", now_of(console))
    expect(_item(page, waits, "waiting")).to_be_visible()
    page.locator("#over summary").click()
    taking = hold_up(page, "**/take")
    _item(page, waits, "waiting").get_by_role("button", name="接入").click()
    answer = held_request(page, taking)
    page.locator("#find").click()
    answer.continue_()
    expect(_item(page, waits, "mine")).to_be_visible()
    page.wait_for_timeout(300)
    page.keyboard.type("et")
    expect(page.locator("#find")).to_have_value("et")


def test_the_wish_to_write_waits_for_the_conversation_that_opens(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:old"), held(console, "web:new")
    _open(page, first)
    page.evaluate(STOPPED)
    waiting = hold_up(page, f"**/{second}/panel")
    page.keyboard.press("j")
    panel = held_request(page, waiting)
    page.keyboard.press("r")
    page.keyboard.type("hjtaoxen")
    _stands(page, first)
    _no_dialog(page)
    panel.continue_()
    _stands(page, second)
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("de")
    expect(page.locator("#reply-text")).to_have_value("de")
    assert wait_until(lambda: drafts(console, second) == {"reply": "de"}, 20)
    assert drafts(console, first) == {}


def test_what_is_typed_on_when_nothing_can_be_written_presses_no_shortcut_until_the_keys_pause(console: Console, signed_in: SignIn) -> None:
    page, ticket, waits = signed_in("agent"), held(console, "web:mine"), ask_for_human(console.database, "web:next", now_of(console))
    _open(page, ticket)
    page.evaluate(STOPPED)
    expect(_item(page, waits, "waiting")).to_be_visible()
    waiting = hold_up(page, f"**/{waits}/panel")
    _item(page, waits, "waiting").locator("a").click()
    panel = held_request(page, waiting)
    page.keyboard.press("r")
    page.keyboard.type("ha")
    panel.continue_()
    _stands(page, waits)
    page.evaluate("window.pass(900)")
    page.keyboard.type("o")
    page.evaluate("window.pass(1800)")
    page.keyboard.type("tn")
    expect(page.locator("#talk-title")).to_be_focused()
    page.evaluate("window.pass(2801)")
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    assert _state(console, waits) == "open"


def test_letters_rest_when_the_field_that_is_typed_in_goes_with_its_conversation(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:gone"), held(console, "web:comes")
    _open(page, first)
    page.evaluate(STOPPED)
    waiting = hold_up(page, f"**/{second}/panel")
    _item(page, second, "mine").locator("a").click()
    panel = held_request(page, waiting)
    page.locator("#reply-text").click()
    page.keyboard.type("写给第一位")
    panel.continue_()
    _stands(page, second)
    page.keyboard.type("xe")
    _no_dialog(page)
    page.keyboard.press("Enter")
    assert wait_until(lambda: drafts(console, first) == {"reply": "写给第一位"}, 20)
    page.evaluate("window.pass(1001)")
    page.keyboard.press("e")
    expect(page.locator("#ending")).to_be_visible()
    assert [_state(console, one) for one in (first, second)] == ["taken", "taken"]


def test_no_key_ends_the_conversation_that_one_is_leaving(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:leaving"), held(console, "web:arriving")
    _open(page, first)
    waiting = hold_up(page, f"**/{second}/panel")
    page.keyboard.press("j")
    panel = held_request(page, waiting)
    page.keyboard.press("e")
    _no_dialog(page)
    page.keyboard.press("x")
    _no_dialog(page)
    page.keyboard.press("Enter")
    panel.continue_()
    _stands(page, second)
    assert [_state(console, one) for one in (first, second)] == ["taken", "taken"]


def test_a_question_about_one_conversation_is_not_answered_for_the_next(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:asked"), held(console, "web:unasked")
    _open(page, first)
    waiting = hold_up(page, f"**/{second}/panel")
    _item(page, second, "mine").locator("a").click()
    panel = held_request(page, waiting)
    page.locator('[data-act="close"]').click()
    expect(page.locator("#ending")).to_be_visible()
    panel.continue_()
    _stands(page, second)
    _no_dialog(page)
    page.keyboard.press("Enter")
    assert [_state(console, one) for one in (first, second)] == ["taken", "taken"]


def test_what_is_opened_while_another_is_being_ended_stands_there_in_the_end(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:ended"), held(console, "web:opened")
    _open(page, first)
    closing, waiting = hold_up(page, "**/close"), hold_up(page, f"**/{second}/panel")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    close = held_request(page, closing)
    _item(page, second, "mine").locator("a").click()
    panel = held_request(page, waiting)
    with page.expect_response("**/close"):
        close.continue_()
    expect(_item(page, first, "mine")).to_have_count(0)
    panel.continue_()
    _stands(page, second)
    page.wait_for_timeout(300)
    _stands(page, second)
    assert [_state(console, one) for one in (first, second)] == ["closed", "taken"]


def test_when_a_conversation_does_not_open_the_one_that_stands_has_its_keys_and_its_news_again(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:stands"), held(console, "web:fails")
    _open(page, first)
    waiting, closing = hold_up(page, f"**/{second}/panel"), hold_up(page, "**/close")
    _item(page, second, "mine").locator("a").click()
    held_request(page, waiting).abort()
    expect(page.locator("#toasts")).to_contain_text("连接不上服务器")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    close = held_request(page, closing)
    waiting.clear()
    _item(page, second, "mine").locator("a").click()
    panel = held_request(page, waiting)
    close.continue_()
    expect(_item(page, first, "mine")).to_have_count(0)
    panel.abort()
    expect(page.locator("#composer")).to_contain_text("会话已结束")


def test_two_steps_at_once_go_two_conversations_on(console: Console, signed_in: SignIn) -> None:
    page, tickets = signed_in("agent"), [held(console, f"web:step{number}") for number in range(3)]
    _open(page, tickets[0])
    waiting = hold_up(page, f"**/{tickets[1]}/panel")
    page.keyboard.press("j")
    panel = held_request(page, waiting)
    page.keyboard.press("j")
    _stands(page, tickets[2])
    panel.continue_()
    page.wait_for_timeout(300)
    _stands(page, tickets[2])
