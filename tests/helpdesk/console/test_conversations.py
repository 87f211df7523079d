"""The conversations screen in a browser, over a real process and database: the queue, taking, writing, what becomes of a reply."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from bot.db import Database
from bot.helpdesk.models import Draft, StaffMessage, TicketEvent
from bot.helpdesk.talks import handoff
from bot.hours.models import AuditEntry, ChatIdentity, Person
from bot.inbox import reach
from bot.inbox.models import Journal, Outbox
from tests.helpdesk.chats import answer, ask_for_human, newest_of_staff, say, set_state
from tests.helpdesk.console.conftest import Console, intercept
from tests.helpdesk.console.talks import held, now_of, open_talk, staff_id, web_page

SignIn = Callable[[str], Page]
EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script><b>粗</b>'
SOON = 20_000  # milliseconds in which whatever is live must have come


def _item(page: Page, ticket: int, section: str = "") -> Locator:
    within = f'[data-list="{section}"] ' if section else ""
    return page.locator(f'{within}.item[data-ticket="{ticket}"]')


def _outgoing(database: Database, sender: str) -> list[str]:
    with database.read() as session:
        rows = session.execute(select(Outbox).where(Outbox.sender_id == sender, Outbox.kind == "staff").order_by(Outbox.id)).scalars()
        return [row.payload["text"] for row in rows]


def test_a_new_call_appears_by_itself_ticks_and_is_taken_with_one_click(console: Console, signed_in: SignIn) -> None:
    page = signed_in("agent")
    expect(page).to_have_url(f"{console.url}/conversations")
    expect(page.get_by_text("从左边选一个会话")).to_be_visible()
    ticket = ask_for_human(
        console.database, "web:new", now_of(console) - timedelta(minutes=4, seconds=20), said=["驻村两年能抵学时吗"], topic="hours_total"
    )
    item = _item(page, ticket, "waiting")
    expect(item).to_be_visible(timeout=SOON)
    expect(item).to_contain_text("驻村两年能抵学时吗")
    expect(item).to_contain_text("网页")
    expect(page).to_have_title("1 人等候 · 接待 · 学时通坐席台")
    before = item.locator("time").inner_text()
    assert before.startswith("04:")
    expect(item.locator("time")).to_have_class("since long")
    fresh = ask_for_human(console.database, "web:fresh", now_of(console))
    expect(_item(page, fresh, "waiting").locator("time")).to_have_class("since", timeout=SOON)
    expect(item.locator("time")).not_to_have_text(before, timeout=SOON)
    handoff.take(console.database, fresh, staff_id(console, "agent2"), now_of(console))
    item.get_by_role("button", name="接入").click()
    expect(page.locator("#reply-text")).to_be_focused()
    expect(_item(page, ticket, "mine")).to_be_visible()
    expect(page.locator("#log")).to_contain_text("对方看到：坐席 1 号为您服务")
    assert page.url.endswith(f"/conversations/{ticket}")
    handoff.close(console.database, ticket, staff_id(console, "agent"), now_of(console))
    expect(page.get_by_text("会话已结束")).to_be_visible(timeout=SOON)


def test_of_two_agents_one_gets_the_ticket_and_the_other_reads_who(console: Console, signed_in: SignIn) -> None:
    first, second = signed_in("agent"), signed_in("agent2")
    ticket = ask_for_human(console.database, "web:both", now_of(console))
    for page in (first, second):
        expect(_item(page, ticket, "waiting")).to_be_visible(timeout=SOON)
    second.evaluate("window.stop()")  # its lists hear nothing of the first one's click
    intercept(second, "**/conversations/events*", lambda route: route.abort())
    _item(first, ticket, "waiting").get_by_role("button", name="接入").click()
    expect(first.locator("#reply-text")).to_be_focused()
    _item(second, ticket, "waiting").get_by_role("button", name="接入").click()
    expect(second.locator("#toasts")).to_contain_text("1 号坐席先接入了")
    second.unroute("**/conversations/events*")
    expect(_item(second, ticket, "others")).to_contain_text("1 号 坐席甲", timeout=SOON)
    open_talk(second, ticket)
    expect(second.locator("#composer")).to_contain_text("由 1 号 坐席甲 接待中")
    expect(second.locator("#reply-text")).to_have_count(0)


def test_a_reply_reaches_the_outbox_once_and_shows_what_becomes_of_it(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "tg:reply")
    open_talk(page, ticket)
    page.locator("#reply-text").fill("第一行")
    page.locator("#reply-text").press("Shift+Enter")
    page.keyboard.type("第二行")
    page.locator("#reply-text").press("Enter")
    bubble = page.locator("#log .entry.staff")
    expect(bubble).to_have_count(1)
    expect(bubble.locator(".delivery")).to_contain_text("发送中")
    expect(page.locator("#reply-text")).to_have_value("")
    assert _outgoing(console.database, "tg:reply") == ["第一行\n第二行"]
    with console.database.read() as session:
        sent = newest_of_staff(session, "tg:reply").id
    for state, reason, shown in (
        ("waiting", "window_closed", "待送达 · 对方很久没有说话"),
        ("failed", "blocked", "失败 · 对方停用了机器人"),
        ("failed", "errcode_777", "失败 · errcode_777"),
        ("sent", None, "已送达平台"),
    ):
        set_state(console.database, sent, state, reason)
        expect(bubble.locator(".delivery")).to_contain_text(shown.split(" · ")[0], timeout=SOON)
        expect(bubble.locator(".delivery")).to_contain_text(shown.split(" · ")[-1], timeout=SOON)
    expect(bubble).to_have_count(1)


def test_on_the_web_a_reply_that_nobody_fetches_waits_for_the_page_and_is_delivered_when_it_is_opened(
    console: Console, signed_in: SignIn, browser: Browser
) -> None:
    with web_page(console) as address, closing(browser.new_context(base_url=address, locale="zh-CN")) as person:
        chat = person.new_page()
        chat.goto("/")
        chat.get_by_label("输入您的问题").fill("我要留言")
        chat.keyboard.press("Enter")
        expect(chat.locator(".message.bot")).to_have_count(1)
        with console.database.read() as session:
            sender = session.execute(select(Journal.sender_id).order_by(Journal.id.desc()).limit(1)).scalar_one()
        page, ticket = signed_in("agent"), held(console, sender)
        chat.close()
        open_talk(page, ticket)
        page.locator("#reply-text").fill("您好")
        page.locator("#reply-text").press("Enter")
        expect(page.locator("#log .entry.staff .delivery")).to_contain_text("待送达", timeout=2 * SOON)
        expect(page.locator("#log .entry.staff .delivery")).to_contain_text("对方打开网页即可看到")
        again = person.new_page()
        again.goto("/")
        expect(again.locator(".message.staff .bubble")).to_have_text("您好")
        expect(page.locator("#log .entry.staff .delivery")).to_contain_text("已送达平台", timeout=SOON)


def test_enter_while_an_input_method_composes_sends_nothing(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:ime")
    open_talk(page, ticket)
    for field, kind in (("#reply-text", "reply"), ("#note-text", "note")):
        page.evaluate(f"window.xstCompose.turnTo('{kind}')")
        page.locator(field).fill("zhucun")
        page.evaluate(
            """(field) => {
              const at = document.querySelector(field);
              const enter = { key: "Enter", bubbles: true, cancelable: true };
              const press = (more) => at.dispatchEvent(new KeyboardEvent("keydown", { ...enter, ...more }));
              at.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
              press({ isComposing: true });
              press({ keyCode: 229 });
              at.dispatchEvent(new CompositionEvent("compositionend", { data: "驻村", bubbles: true }));
            }""",
            field,
        )
        page.wait_for_timeout(150)
        expect(page.locator(field)).to_have_value("zhucun")
    session = page.context.new_cdp_session(page)
    page.evaluate("window.xstCompose.turnTo('reply')")
    page.locator("#reply-text").fill("")
    session.send("Input.imeSetComposition", {"text": "zhu cun", "selectionStart": 7, "selectionEnd": 7})
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Process", "windowsVirtualKeyCode": 229})
    session.send("Input.insertText", {"text": "驻村"})
    expect(page.locator("#reply-text")).to_have_value("驻村")
    assert _outgoing(console.database, "web:ime") == []
    page.keyboard.press("Enter")
    expect(page.locator("#log .entry.staff")).to_have_count(1)
    assert _outgoing(console.database, "web:ime") == ["驻村"]


@pytest.mark.parametrize(
    ("ago", "pushed", "label", "warned"),
    [
        (timedelta(minutes=30), 2, "还可主动发送 3 条 · 47 小时内", False),
        (timedelta(hours=47), 0, "还可主动发送 5 条 · 59 分钟内", False),
        (timedelta(hours=48), 0, "现在不能主动发送", True),
        (timedelta(minutes=30), 5, "现在不能主动发送", True),
    ],
)
def test_on_wechat_the_box_says_before_typing_what_may_be_sent(
    console: Console, signed_in: SignIn, ago: timedelta, pushed: int, label: str, warned: bool
) -> None:
    sender = f"wx:{int(ago.total_seconds())}-{pushed}"
    with console.database.write() as session:
        reach.opened(session, sender, reach.MESSAGE, now_of(console) - ago)
        for _ in range(pushed):
            reach.pushed(session, sender, reach.MESSAGE)
    page, ticket = signed_in("agent"), held(console, sender)
    open_talk(page, ticket)
    expect(page.locator("#way .badge")).to_have_text(label)
    expect(page.locator("#way .warning")).to_have_count(1 if warned else 0)
    with console.database.write() as session:
        reach.opened(session, sender, reach.MESSAGE, now_of(console))
    expect(page.locator("#way .badge")).to_have_text("还可主动发送 5 条 · 47 小时内", timeout=SOON)
    with console.database.write() as session:
        reach.lost(session, sender, reach.UNSUBSCRIBED)
    expect(page.locator("#way")).to_contain_text("对方已取消关注公众号", timeout=SOON)


def test_a_note_never_reaches_the_person_and_looks_different(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:note")
    open_talk(page, ticket)
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    expect(page.locator("#reply-text")).to_be_hidden()
    page.keyboard.type("已电话核实")
    page.keyboard.press("Enter")
    expect(page.locator("#log .entry.note .bubble")).to_have_text("已电话核实")
    expect(page.locator("#notes .note")).to_contain_text("已电话核实")
    assert page.locator("#log .entry.note .bubble").evaluate("at => getComputedStyle(at).borderStyle") == "dashed"
    assert _outgoing(console.database, "web:note") == []
    with console.database.read() as session:
        assert session.execute(select(func.count()).select_from(TicketEvent).where(TicketEvent.detail == "已电话核实")).scalar() == 1
    page.reload()
    expect(page.locator("#notes .note")).to_contain_text("已电话核实")


def test_words_of_people_are_shown_as_text(console: Console, signed_in: SignIn) -> None:
    page, ticket = signed_in("agent"), held(console, "web:evil", said=[EVIL])
    open_talk(page, ticket)
    expect(page.locator(f"#log .entry.person >> text={EVIL[:20]}")).to_be_visible()
    say(console.database, "web:evil", EVIL + "二", now_of(console))
    expect(page.locator("#log .entry.person .bubble").last).to_have_text(EVIL + "二", timeout=SOON)
    expect(_item(page, ticket).locator(".said")).to_have_text(EVIL + "二", timeout=SOON)
    page.locator("#reply-text").fill(EVIL)
    page.locator("#reply-text").press("Enter")
    expect(page.locator("#log .entry.staff .bubble")).to_have_text(EVIL)
    page.evaluate("window.xstCompose.turnTo('note')")
    page.locator("#note-text").fill(EVIL)
    page.locator("#note-text").press("Enter")
    expect(page.locator("#notes .note")).to_contain_text(EVIL)
    assert page.locator("#reception img, #reception script, #reception .bubble b").count() == 0
    assert page.title() not in ("1", "2")


def test_who_is_bound_is_shown_with_their_year_and_each_look_is_in_the_audit_trail(console: Console, signed_in: SignIn) -> None:
    page = signed_in("agent")
    with console.database.write() as session:
        person = session.execute(select(Person).order_by(Person.id)).scalars().first()
        session.add(ChatIdentity(sender_id="web:bound", person_id=person.id, bound_at=now_of(console)))
        name, unit, number, person_id = person.name, person.unit, person.id_number, person.id
    bound, stranger = held(console, "web:bound"), held(console, "web:stranger")
    looked = select(AuditEntry.actor, AuditEntry.detail).where(AuditEntry.person_id == person_id, AuditEntry.action == "console-lookup")
    with console.database.read() as session:
        before = len(session.execute(looked).all())
    open_talk(page, bound)
    facts = page.locator("#facts")
    expect(facts).to_contain_text(name)
    expect(facts).to_contain_text(unit)
    expect(facts).to_contain_text("2023 年度")
    assert number not in page.content()
    assert facts.get_by_role("link", name="看全部学时").get_attribute("href") == f"/people/{person_id}"
    with console.database.read() as session:
        found = session.execute(looked).all()
    assert [tuple(row) for row in found[before:]] == [("staff:1", f"ticket {bound}")]
    _item(page, stranger, "mine").locator("a").click()
    expect(facts).to_contain_text("没有绑定身份")
    expect(facts).not_to_contain_text(name)


def test_the_unit_role_has_no_business_here(console: Console, signed_in: SignIn) -> None:
    page = signed_in("unit")
    ticket = held(console, "web:closed-to-units")
    for path in (
        "/conversations",
        f"/conversations/{ticket}",
        f"/conversations/{ticket}/panel",
        "/conversations/events",
        "/conversations/canned",
    ):
        assert page.request.get(console.url + path).status == 403
    headers = {"X-CSRF-Token": page.evaluate("window.xst.token()"), "Origin": console.url}
    for act in ("take", "reply", "note", "close", "transfer", "reopen", "draft", "seen"):
        assert page.request.post(f"{console.url}/conversations/{ticket}/{act}", headers=headers).status == 403
    with console.database.read() as session:
        assert session.execute(select(func.count()).select_from(StaffMessage).where(StaffMessage.ticket_id == ticket)).scalar() == 0
        assert session.execute(select(func.count()).select_from(Draft).where(Draft.ticket_id == ticket)).scalar() == 0


def _looks(console: Console, ticket: int) -> list[tuple[str, int | None]]:
    with console.database.read() as session:
        looked = select(AuditEntry.actor, AuditEntry.person_id).where(AuditEntry.detail == f"ticket {ticket}").order_by(AuditEntry.id)
        return [tuple(row) for row in session.execute(looked)]


def _stream(page: Page, address: str) -> None:
    """Ask for a stream as a page does, and go when it has begun."""
    page.evaluate(
        """async (address) => {
            const leave = new AbortController();
            const response = await fetch(address, { signal: leave.signal });
            await response.body.getReader().read();
            leave.abort();
        }""",
        address,
    )


def test_reading_a_chat_is_noted_whoever_it_is_and_by_the_stream_too_but_not_each_time_a_page_comes_back(
    console: Console, signed_in: SignIn
) -> None:
    page, ticket = signed_in("agent"), ask_for_human(console.database, "web:nobody", now_of(console) - timedelta(minutes=5))
    _stream(page, f"/conversations/events?watch={ticket}&after=j0.o0.e0")
    assert _looks(console, ticket) == [("staff:1", None)]
    open_talk(page, ticket)
    assert _looks(console, ticket) == [("staff:1", None)] * 2
    cursor = page.locator(".talk").get_attribute("data-cursor")
    say(console.database, "web:nobody", "还在吗", now_of(console))
    for _ in range(3):
        _stream(page, f"/conversations/events?watch={ticket}&after={cursor}")
    page.reload()
    assert _looks(console, ticket) == [("staff:1", None)] * 3
    _stream(page, f"/conversations/events?watch={ticket}&after=j0.o0.e0")
    assert _looks(console, ticket) == [("staff:1", None)] * 4


def test_a_chat_that_was_bound_after_a_conversation_puts_nobodys_name_to_it(console: Console, signed_in: SignIn) -> None:
    page, now = signed_in("agent"), now_of(console)
    over = ask_for_human(console.database, "web:shared", now - timedelta(hours=2))
    assert handoff.take(console.database, over, staff_id(console, "agent"), now - timedelta(hours=1)).ok
    assert handoff.close(console.database, over, staff_id(console, "agent"), now - timedelta(minutes=50)).ok
    with console.database.write() as session:
        person = session.execute(select(Person).order_by(Person.id)).scalars().first()
        session.add(ChatIdentity(sender_id="web:shared", person_id=person.id, bound_at=now - timedelta(minutes=30)))
        name, person_id = person.name, person.id
    figures = f"{name}您好，今年专业科目还差 30 学时"
    answer(console.database, "web:shared", figures, now - timedelta(minutes=29))
    open_talk(page, over)
    expect(page.locator("#facts")).to_contain_text("没有绑定身份")
    assert name not in page.locator("#reception").inner_text()
    assert _looks(console, over) == [("staff:1", None)]
    assert figures not in page.request.get(f"/conversations/{over}/panel").text()
    now_open = held(console, "web:shared")
    open_talk(page, now_open)
    expect(page.locator("#talk-title")).to_have_text(name)
    expect(page.locator("#reception")).to_contain_text(figures)
    expect(page.locator("#facts")).to_contain_text("在那以前说的话不一定出自本人")
    assert _looks(console, now_open) == [("staff:1", person_id)]
