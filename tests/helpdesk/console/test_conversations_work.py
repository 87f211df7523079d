"""A day's work on the conversations screen: drafts, cuts and restarts, keys, canned sentences, handing on, reading."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from bot.helpdesk.models import Seen, Staff, Ticket
from bot.helpdesk.talks import handoff
from tests.helpdesk.chats import ask_for_human, say
from tests.helpdesk.console.conftest import Console, intercept, lose_the_answer
from tests.helpdesk.console.talks import drafts, held, now_of, open_talk, sent, staff_id
from tests.serving import wait_until

SignIn = Callable[[str], Page]
SOON = 20_000  # milliseconds in which whatever is live must have come
BACK = 300_000  # milliseconds in which a console that was started again is there
ROUNDS, TURNS = 3, 20


@pytest.fixture(autouse=True)
def _clean(console: Console) -> None:
    """Earlier tests' conversations are over."""
    with console.database.write() as session:
        session.execute(update(Ticket).where(Ticket.state != "closed").values(state="closed", closed_at=now_of(console)))


def _bubbles(page: Page) -> list[str]:
    return page.locator("#log .entry .bubble").all_inner_texts()


def test_what_was_begun_is_there_again_after_a_reload_and_in_its_own_conversation(console: Console, signed_in: SignIn) -> None:
    page, first, second = signed_in("agent"), held(console, "web:d1"), held(console, "web:d2")
    open_talk(page, first)
    page.locator("#reply-text").press_sequentially("您好，关于学时")
    expect(page.locator("#draft-state")).to_have_text("草稿已保存", timeout=SOON)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.locator("#note-text").press_sequentially("问过单位")
    page.reload()  # at once: what the pause has not saved yet is saved on leaving
    expect(page.locator("#reply-text")).to_have_value("您好，关于学时")
    assert wait_until(lambda: drafts(console, first) == {"reply": "您好，关于学时", "note": "问过单位"}, 20)
    page.locator(f'.item[data-ticket="{second}"] a').click()
    expect(page).to_have_url(f"{console.url}/conversations/{second}")
    expect(page.locator("#reply-text")).to_have_value("")
    page.locator(f'.item[data-ticket="{first}"] a').click()
    expect(page.locator("#reply-text")).to_have_value("您好，关于学时")
    expect(page.locator("#note-text")).to_have_value("问过单位")
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff")).to_have_count(1)
    assert wait_until(lambda: drafts(console, first) == {"note": "问过单位"}, 20)  # it is deleted after the reply is written down


def test_a_restart_in_mid_conversation_loses_and_doubles_nothing(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:restart")
    open_talk(page, ticket)
    page.locator("#reply-text").press_sequentially("写到一半")
    expect(page.locator("#draft-state")).to_have_text("草稿已保存", timeout=SOON)
    say(console.database, "web:restart", "重启之前", now_of(console))
    expect(page.locator("#log")).to_contain_text("重启之前", timeout=SOON)
    console.process.kill()
    console.process.wait()
    expect(page.locator("#cut")).to_have_text("连接中断，正在重连", timeout=SOON)
    page.keyboard.type("的话")
    page.keyboard.press("Enter")
    expect(page.locator("#write-reply .failed")).to_contain_text("没有发出，文字还在", timeout=SOON)
    expect(page.locator("#reply-text")).to_have_value("写到一半的话")
    for number in range(3):
        say(console.database, "web:restart", f"断线时第{number}句", now_of(console))
    late = ask_for_human(console.database, "web:late", now_of(console))
    console.restart()
    expect(page.locator("#cut")).to_be_hidden(timeout=BACK)
    expect(page.locator("#log")).to_contain_text("断线时第2句", timeout=SOON)
    expect(page.locator(f'[data-list="waiting"] .item[data-ticket="{late}"]')).to_be_visible(timeout=SOON)
    said = [text for text in _bubbles(page) if text.startswith(("重启", "断线"))]
    assert said == ["重启之前", "断线时第0句", "断线时第1句", "断线时第2句"]
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff")).to_have_count(1)
    assert sent(console, "web:restart") == ["写到一半的话"]
    shown = _bubbles(page)
    page.reload()
    expect(page.locator("#log .entry.staff")).to_have_count(1)
    assert _bubbles(page) == shown


def test_a_reply_whose_answer_was_lost_is_not_written_twice(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:lost")
    open_talk(page, ticket)
    intercept(page, "**/conversations/events*", lambda route: route.abort())
    page.reload()
    intercept(page, "**/reply", lose_the_answer)
    page.locator("#reply-text").fill("只要一次")
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#write-reply .failed")).to_contain_text("文字还在", timeout=SOON)
    assert sent(console, "web:lost") == ["只要一次"]
    page.unroute("**/reply")
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff")).to_have_count(1)
    expect(page.locator("#reply-text")).to_have_value("")
    assert sent(console, "web:lost") == ["只要一次"]
    page.unroute("**/conversations/events*")


def test_keys_work_outside_fields_only_and_a_question_mark_lists_them(console: Console, signed_in: SignIn) -> None:
    page = signed_in("agent")
    first, second = ask_for_human(console.database, "web:k1", now_of(console)), held(console, "web:k2")
    expect(page.locator(f'.item[data-ticket="{second}"]')).to_be_visible(timeout=SOON)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("下一个、上一个会话")
    page.keyboard.press("t")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.keyboard.press("j")
    expect(page).to_have_url(f"{console.url}/conversations/{first}")
    page.keyboard.press("j")
    expect(page).to_have_url(f"{console.url}/conversations/{second}")
    page.keyboard.press("r")
    page.keyboard.type("jktnxe?")
    expect(page.locator("#reply-text")).to_have_value("jktnxe?")
    assert page.url.endswith(f"/{second}")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+x")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("x")
    expect(page.locator("#transfer")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("#ending")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    expect(page).to_have_url(f"{console.url}/conversations/{first}")
    page.keyboard.press("t")
    expect(page.locator("#reply-text")).to_be_focused()
    with console.database.read() as session:
        assert session.get(Ticket, first).state == "taken"


def test_sentences_are_found_by_word_or_initials_and_inserted_never_sent(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:canned")
    open_talk(page, ticket)
    field = page.locator("#reply-text")
    field.fill("前文 ")
    field.press("/")
    expect(field).to_have_value("前文 /")
    field.fill("")
    field.press("/")
    expect(page.locator("#canned-find")).to_be_focused()
    expect(page.locator("#canned-list [role=option]").first).to_contain_text("问候", timeout=SOON)
    page.keyboard.type("mnydsxs")
    expect(page.locator("#canned-list [aria-selected=true]")).to_contain_text("每年公需科目45学时、专业科目90学时")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    expect(field).to_have_value("每年公需科目45学时、专业科目90学时，两项分别达到才算完成。")
    page.keyboard.press("Escape")
    page.locator("#open-canned").click()
    page.keyboard.type("驻村")
    expect(page.locator("#canned-list [role=option]").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = page.locator("#canned-list [aria-selected=true]").get_attribute("data-text")
    page.keyboard.press("Enter")
    assert chosen
    expect(field).to_have_value("每年公需科目45学时、专业科目90学时，两项分别达到才算完成。" + chosen)
    assert sent(console, "web:canned") == []
    expect(page.locator("#log .entry.staff")).to_have_count(0)


def test_a_conversation_is_handed_to_a_colleague_back_to_the_queue_ended_and_opened_again(console: Console, signed_in: SignIn) -> None:
    first, second, ticket = signed_in("agent"), signed_in("agent2"), held(console, "web:hand")
    open_talk(first, ticket)
    second.get_by_label("忙碌").check()
    first.keyboard.press("x")
    colleague = first.locator("#colleagues button", has_text="2 号 坐席乙")
    expect(colleague).to_contain_text("忙碌", timeout=SOON)
    colleague.click()
    expect(first.locator("#composer")).to_contain_text("由 2 号 坐席乙 接待中", timeout=SOON)
    expect(first.locator("#log")).to_contain_text("1 号 坐席甲 转给 2 号")
    item = second.locator(f'[data-list="mine"] .item[data-ticket="{ticket}"]')
    expect(item).to_be_visible(timeout=SOON)
    expect(second).to_have_title("(1) 接待 · 学时通坐席台")
    item.locator("a").click()
    expect(second.locator("#reply-text")).to_be_visible()
    second.keyboard.press("x")
    second.get_by_role("button", name="放回队列").click()
    expect(first.locator(f'[data-list="waiting"] .item[data-ticket="{ticket}"]')).to_be_visible(timeout=SOON)
    expect(first.locator("#composer")).to_contain_text("对方正在等候人工", timeout=SOON)
    first.locator("#composer").get_by_role("button", name="接入").click()
    expect(first.locator("#reply-text")).to_be_focused()
    first.keyboard.press("Escape")
    first.keyboard.press("e")
    first.get_by_role("button", name="结束会话").click()
    expect(first.locator("#composer")).to_contain_text("会话已结束", timeout=SOON)
    expect(first.locator("#log")).to_contain_text("对方看到：已转回智能助手")
    expect(first.locator("#log")).to_contain_text("1 号 坐席甲 结束")
    first.locator("#over summary").click()
    first.locator("#find").fill(str(ticket))
    first.locator(f'#found .item[data-ticket="{ticket}"] a').click()
    first.get_by_role("button", name="重新打开").click()
    expect(first.locator("#reply-text")).to_be_focused()
    with console.database.read() as session:
        assert session.get(Ticket, ticket).state == "taken"


def test_an_admin_takes_over_what_a_colleague_has_left_standing(console: Console, signed_in: SignIn) -> None:
    agent, admin, ticket = signed_in("agent2"), signed_in("admin"), held(console, "web:left-standing")
    open_talk(agent, ticket)
    expect(agent.get_by_role("button", name="接管")).to_have_count(0)
    open_talk(admin, ticket)
    admin.get_by_role("button", name="接管").click()
    expect(admin.locator("#reply-text")).to_be_visible(timeout=SOON)
    expect(admin.locator("#log")).to_contain_text("3 号 管理员 接管")
    expect(agent.locator("#composer")).to_contain_text("由 3 号 管理员 接待中", timeout=SOON)


def test_what_is_not_read_is_counted_until_it_is_read(console: Console, signed_in: SignIn) -> None:
    page, read, unread = signed_in("agent"), held(console, "web:u1"), held(console, "web:u2")
    open_talk(page, read)
    item = page.locator(f'.item[data-ticket="{unread}"]')
    expect(page).to_have_title("(1) 接待 · 学时通坐席台", timeout=SOON)
    say(console.database, "web:u2", "在吗", now_of(console))
    expect(item.locator(".unread")).to_have_text("2", timeout=SOON)
    expect(page).to_have_title("(2) 接待 · 学时通坐席台")
    say(console.database, "web:u1", "这条看得见", now_of(console))
    expect(page.locator("#log")).to_contain_text("这条看得见", timeout=SOON)
    page.wait_for_timeout(900)
    expect(page).to_have_title("(2) 接待 · 学时通坐席台")
    page.reload()
    expect(page).to_have_title("(2) 接待 · 学时通坐席台")
    item.locator("a").click()
    expect(item.locator(".unread")).to_have_count(0, timeout=SOON)
    expect(page).to_have_title("接待 · 学时通坐席台")
    with console.database.read() as session:
        assert {row.ticket_id for row in session.execute(select(Seen)).scalars()} >= {read, unread}


def test_a_message_that_was_left_is_answered_or_closed(console: Console, signed_in: SignIn) -> None:
    page = signed_in("agent")
    tickets = [ask_for_human(console.database, f"web:left{n}", now_of(console)) for n in range(2)]
    with console.database.write() as session:
        for ticket in tickets:
            row = session.get(Ticket, ticket)
            row.state, row.message = "left", "下午打电话没人接，想问备案"
    item = page.locator(f'[data-list="messages"] .item[data-ticket="{tickets[0]}"]')
    expect(item).to_contain_text("下午打电话没人接", timeout=SOON)
    item.locator("a").click()
    expect(page.locator("#composer")).to_contain_text("对方留了言")
    page.get_by_role("button", name="接入并回复").click()
    expect(page.locator("#reply-text")).to_be_focused()
    page.locator(f'.item[data-ticket="{tickets[1]}"] a').click()
    page.get_by_role("button", name="不回复，直接结束").click()
    expect(page.locator("#composer")).to_contain_text("会话已结束", timeout=SOON)


def test_an_account_that_is_disabled_hears_no_more(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent2"), held(console, "web:secret", "agent2")
    open_talk(page, ticket)
    with console.database.write() as session:
        session.execute(update(Staff).where(Staff.login == "agent2").values(disabled_at=now_of(console)))
    try:
        deadline = time.monotonic() + 40
        while not page.locator("#cut").is_visible() and time.monotonic() < deadline:
            say(console.database, "web:secret", "还在吗", now_of(console))
            page.wait_for_timeout(1000)
        expect(page.locator("#cut")).to_contain_text("登录已过期", timeout=15000)
    finally:
        with console.database.write() as session:
            session.execute(update(Staff).where(Staff.login == "agent2").values(disabled_at=None))


@pytest.mark.parametrize("size", [(1366, 768), (1024, 768), (768, 1024)])
def test_nothing_hinders_whoever_cannot_see_or_point(console: Console, signed_in: SignIn, size: tuple[int, int]) -> None:
    page = signed_in("agent")
    ask_for_human(console.database, f"wx:a{size[0]}", now_of(console) - timedelta(minutes=5))
    ticket = held(console, f"wx:b{size[0]}")
    handoff.note(console.database, ticket, staff_id(console, "agent"), "备注", now_of(console))
    handoff.reply(console.database, ticket, staff_id(console, "agent"), "您好", f"client-{size[0]}-{size[1]}", now_of(console))
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for path in ("/conversations", f"/conversations/{ticket}"):
        page.goto(path)
        expect(page.locator(".item").first).to_be_visible()
        faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
        assert [(fault["id"], [node["html"][:160] for node in fault["nodes"]]) for fault in faults] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_with_fifty_open_conversations_pages_and_posts_stay_fast(console: Console, signed_in: SignIn) -> None:
    for number in range(50):
        held(console, f"web:many{number}", "agent" if number % 2 else "agent2", said=tuple(f"第{n}问" for n in range(20)))
    pages = [signed_in("agent"), signed_in("agent2"), signed_in("admin")]
    page = pages[0]
    ticket = held(console, "web:busy")
    headers = {"X-CSRF-Token": page.evaluate("window.xst.token()"), "Origin": console.url}
    best: dict[str, float] = {}
    for first in range(0, ROUNDS * TURNS, TURNS):  # what another program takes from a request in one round it does not take in all
        for what, seconds in _p95(console, page, ticket, headers, range(first, first + TURNS)).items():
            best[what] = min(seconds, best.get(what, seconds))
        if all(seconds < 0.3 for seconds in best.values()):
            return
    pytest.fail(str(best))


def _p95(console: Console, page: Page, ticket: int, headers: dict[str, str], numbers: range) -> dict[str, float]:
    """Seconds that each kind of request takes, in a round of its own client ids."""
    took: dict[str, list[float]] = {"page": [], "panel": [], "reply": [], "draft": []}
    for number in numbers:
        for what, call in (
            ("page", lambda: page.request.get(f"{console.url}/conversations/{ticket}")),
            ("panel", lambda: page.request.get(f"{console.url}/conversations/{ticket}/panel")),
            (
                "reply",
                lambda: page.request.post(
                    f"{console.url}/conversations/{ticket}/reply",
                    headers=headers,
                    form={"text": "您好", "client_id": f"client-fast-{number}"},  # noqa: B023 (called at once)
                ),
            ),
            (
                "draft",
                lambda: page.request.post(
                    f"{console.url}/conversations/{ticket}/draft",
                    headers=headers,
                    form={"kind": "note", "text": f"第{number}字"},  # noqa: B023
                ),
            ),
        ):
            began = time.perf_counter()
            assert call().ok
            took[what].append(time.perf_counter() - began)
    return {what: sorted(seconds)[TURNS * 95 // 100 - 1] for what, seconds in took.items()}
