"""A conversation as staff see it: everything once, in the order of time; what became of replies; whether one may be written now."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.db import Database
from bot.helpdesk.console.rendering import fragment
from bot.helpdesk.models import Ticket
from bot.helpdesk.talks import conversation, handoff, lists
from bot.helpdesk.talks.conversation import Cursor, Entry
from bot.helpdesk.talks.reaching import Way, channel_of, delivery, way
from bot.helpdesk.talks.stream import Watched, look
from bot.inbox import reach, shared_state
from bot.inbox.outbox import mark_sent
from bot.inbox.text import MOST_KEPT
from tests.helpdesk.chats import answer, ask_for_human, say, set_state
from tests.helpdesk.conftest import NOW, add_staff

LATER = NOW + timedelta(minutes=1)


def _shown(database: Database, sender_id: str, now: datetime = LATER, **more: Any) -> list[Entry]:
    with database.read() as session:
        return conversation.history(session, sender_id, now, **more)


def test_of_a_conversation_staff_see_all_sides_in_the_order_of_time(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "web:a", NOW, said=["一年要多少学时"])
    say(database, "web:b", "别人的话", NOW)
    handoff.take(database, ticket, staff, NOW + timedelta(seconds=10))
    handoff.note(database, ticket, staff, "等单位回执", NOW + timedelta(seconds=20), "client-0000")
    sent = handoff.reply(database, ticket, staff, "您好", "client-0001", NOW + timedelta(seconds=30)).outgoing
    say(database, "web:a", "好的", NOW + timedelta(seconds=40))
    shown = _shown(database, "web:a")
    kinds = ["person", "bot", "person", "event", "system", "event", "note", "staff", "person"]
    assert [entry.kind for entry in shown] == kinds
    assert [entry.text for entry in shown if entry.kind == "person"] == ["一年要多少学时", "转人工", "好的"]
    reply = shown[-2]
    assert sent is not None
    assert (reply.id, reply.client_id, reply.by and reply.by.number) == (f"o{sent.id}", "client-0001", 3)
    assert [entry.what for entry in shown if entry.kind == "event"] == ["opened", "taken"]
    assert (shown[6].client_id, shown[6].by) == ("client-0000", conversation.Writer(staff, 3, "坐席3"))
    assert sorted(shown, key=lambda entry: entry.order) == shown


def test_a_page_gets_the_newest_and_what_comes_after_its_cursor_is_all_the_rest(database: Database) -> None:
    for minute in range(5):
        say(database, "web:a", f"第{minute}句", NOW + timedelta(minutes=minute))
        answer(
            database, "web:a", f"答{minute}", NOW + timedelta(minutes=minute, seconds=1), buttons=[{"title": "看原文", "payload": "看原文"}]
        )
    newest = _shown(database, "web:a", NOW + timedelta(minutes=9), limit=2)
    assert [entry.text for entry in newest] == ["第3句", "答3", "第4句", "答4"]
    assert newest[1].buttons == ("看原文",)
    cursor = conversation.settled(newest, NOW + timedelta(minutes=9))
    with database.read() as session:
        assert conversation.after(session, "web:a", cursor, NOW) == []
        first = Cursor().past(newest[:2])
        assert [entry.text for entry in conversation.after(session, "web:a", first, NOW)] == ["第4句", "答4"]
        everything = conversation.after(session, "web:a", Cursor(), NOW)
    assert [entry.text for entry in everything[:2]] == ["第0句", "答0"]
    assert conversation.settled(newest, NOW + timedelta(minutes=3, seconds=5)) == Cursor(), "a lower id may still turn up"


def test_of_a_ticket_that_is_over_nothing_is_shown_that_was_said_later_but_its_own_notes(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    ticket = ask_for_human(database, "web:a", NOW, said=["一年要多少学时"])
    handoff.take(database, ticket, staff, NOW + timedelta(seconds=10))
    say(database, "web:a", "好的", NOW + timedelta(seconds=40))
    assert handoff.close(database, ticket, staff, LATER).ok
    before = _shown(database, "web:a", ticket_id=ticket)
    later = LATER + timedelta(minutes=2)
    say(database, "web:a", "我还差多少", later)
    answer(database, "web:a", "马占海您好，今年专业科目还差 30 学时", later)
    handoff.note(database, ticket, staff, "已问过单位", later)
    again = ask_for_human(database, "web:a", later + timedelta(hours=1))
    shown = _shown(database, "web:a", ticket_id=ticket)
    assert [entry.text for entry in shown if entry.kind == "person"] == ["一年要多少学时", "转人工", "好的"]
    assert [entry.text for entry in shown[len(before) :]] == ["已问过单位"]
    assert shown[: len(before)] == before
    assert shown[-2].kind == "event"
    with database.read() as session:
        assert conversation.after(session, "web:a", Cursor(), later, ticket_id=ticket) == shown
        [streamed] = look(session, {Watched(ticket, "web:a"): Cursor()}, later).entries.values()
    assert streamed == shown
    assert "我还差多少" in [entry.text for entry in _shown(database, "web:a", ticket_id=again)]


@given(st.lists(st.tuples(st.sampled_from("joe"), st.integers(1, 10**17)), max_size=20))
def test_a_cursor_is_read_back_as_it_was_written_and_never_goes_back(rows: list[tuple[str, int]]) -> None:
    entries = [Entry(f"{letter}{number}", "bot", NOW, "") for letter, number in rows]
    cursor = Cursor(3, 4, 5).past(entries)
    assert Cursor.parse(str(cursor)) == cursor
    assert cursor.past(entries) == cursor
    assert (cursor.journal >= 3, cursor.outbox >= 4, cursor.event >= 5) == (True, True, True)


@pytest.mark.parametrize("text", [None, "", "7", "j1.o2", "j1.o2.e3.", "j-1.o2.e3", "j1.o2.e" + "9" * 30])
def test_what_is_no_cursor_is_none(text: str | None) -> None:
    assert Cursor.parse(text) is None


@pytest.mark.parametrize(
    ("sender", "state", "reason", "age", "expected"),
    [
        ("web:a", "sent", None, 9, ("sent", "")),
        ("web:a", "pending", None, 1, ("sending", "")),
        ("web:a", "pending", None, 9, ("waiting", "对方打开网页即可看到")),
        ("wx:a", "pending", None, 9, ("sending", "")),
        ("wx:a", "pending", "network", 9, ("sending", "连不上平台，正在重试")),
        ("wx:a", "sending", None, 9, ("sending", "")),
        ("wx:a", "waiting", "quota_used_up", 9, ("waiting", "主动发送的条数已用完，将随对方下一条消息送到")),
        ("wx:a", "waiting", None, 9, ("waiting", "将随对方下一条消息送到")),
        ("tg:a", "failed", "blocked", 9, ("failed", "对方停用了机器人，或机器人已不在群里")),
        ("tg:a", "failed", "errcode_777", 9, ("failed", "errcode_777")),
        ("tg:a", "failed", None, 9, ("failed", "原因不明")),
    ],
)
def test_a_reply_shows_what_became_of_it_and_why(sender: str, state: str, reason: str | None, age: int, expected: tuple[str, str]) -> None:
    shown = delivery(channel_of(sender), state, reason, NOW, NOW + timedelta(seconds=age))
    assert (shown.state, shown.why) == expected
    assert shown.label in ("发送中", "已送达平台", "待送达", "失败")


def test_deliveries_of_a_ticket_are_its_own(database: Database) -> None:
    staff = add_staff(database, "one", 3)
    first, second = ask_for_human(database, "tg:a", NOW), ask_for_human(database, "tg:b", NOW)
    for ticket in (first, second):
        handoff.take(database, ticket, staff, NOW)
    mine = handoff.reply(database, first, staff, "一", "client-0001", NOW).outgoing
    other = handoff.reply(database, second, staff, "二", "client-0002", NOW).outgoing
    assert mine is not None
    assert other is not None
    set_state(database, mine.id, "failed", "blocked")
    with database.write() as session:
        mark_sent(session, [other.id])
    with database.read() as session:
        states = conversation.deliveries(session, first, LATER)
    assert {key: one.state for key, one in states.items()} == {f"o{mine.id}": "failed"}


@pytest.mark.parametrize(
    ("ago", "pushed", "state", "label"),
    [
        (timedelta(minutes=30), 0, "counted", "还可主动发送 5 条 · 47 小时内"),
        (timedelta(minutes=30), 2, "counted", "还可主动发送 3 条 · 47 小时内"),
        (timedelta(hours=47), 0, "counted", "还可主动发送 5 条 · 1 小时内"),
        (timedelta(hours=47, minutes=48), 4, "counted", "还可主动发送 1 条 · 12 分钟内"),
        (timedelta(hours=48), 0, "waits", "现在不能主动发送"),
        (timedelta(minutes=30), 5, "waits", "现在不能主动发送"),
    ],
)
def test_on_wechat_the_box_knows_how_many_replies_may_go_out(
    database: Database, ago: timedelta, pushed: int, state: str, label: str
) -> None:
    with database.write() as session:
        reach.opened(session, "wx:a", reach.MESSAGE, NOW - ago)
        for _ in range(pushed):
            reach.pushed(session, "wx:a", reach.MESSAGE)
    with database.read() as session:
        found = way(session, "wx:a", NOW)
    assert (found.state, found.label) == (state, label)
    assert bool(found.warning) == (state == "waits")


@pytest.mark.parametrize(
    ("spent", "label"), [(0, "还可主动发送 5 条 · 48 小时内"), (4, "还可主动发送 1 条 · 48 小时内"), (5, "还可主动发送 3 条 · 1 分钟内")]
)
def test_what_a_tap_allows_for_a_minute_is_not_promised_for_two_days(database: Database, spent: int, label: str) -> None:
    with database.write() as session:
        for window in (reach.MESSAGE, reach.TAP):
            reach.opened(session, "wx:a", window, NOW)
        for _ in range(spent):
            reach.pushed(session, "wx:a", reach.MESSAGE)
    with database.read() as session:
        assert way(session, "wx:a", NOW).label == label


def test_the_box_says_that_a_long_reply_takes_several_of_what_is_left() -> None:
    pieces = {state: fragment("conversations/way.html", way=Way("wechat", state, "x")) for state in ("counted", "waits")}
    assert "较长的回复会分成多条" in pieces["counted"]
    assert "分成多条" not in pieces["waits"]


def test_who_left_cannot_be_reached_and_whoever_never_wrote_may_not_be_written_to(database: Database) -> None:
    with database.write() as session:
        reach.opened(session, "wx:gone", reach.MESSAGE, NOW)
        reach.lost(session, "wx:gone", reach.UNSUBSCRIBED)
        reach.lost(session, "tg:gone", reach.BLOCKED)
        reach.opened(session, "wx:here", reach.MESSAGE, NOW)
    with database.read() as session:
        assert way(session, "wx:gone", NOW).state == "cut"
        assert "取消关注" in way(session, "wx:gone", NOW).warning
        assert "停用" in way(session, "tg:gone", NOW).warning
        assert way(session, "wx:new", NOW).state == "waits"
        assert way(session, "tg:here", NOW).state == way(session, "web:here", NOW).state == "free"
        assert way(session, "wx:here", NOW).state == "counted"


def test_a_topic_of_a_group_that_removed_the_bot_cannot_be_reached(database: Database) -> None:
    with database.write() as session:
        reach.lost(session, "tgg:-100", reach.BLOCKED)
    with database.read() as session:
        assert [way(session, sender, NOW).state for sender in ("tgg:-100", "tgg:-100/7", "tgg:-1001/7")] == ["cut", "cut", "free"]


@pytest.mark.parametrize("value", [reach.NO_RIGHT, reach.NO_SECRET])
def test_where_nothing_can_be_pushed_the_box_says_so_while_a_window_is_open(database: Database, value: str) -> None:
    with database.write() as session:
        reach.opened(session, "wx:here", reach.MESSAGE, NOW)
        shared_state.remember(session, reach.RIGHT, value, NOW + timedelta(days=1))
    with database.read() as session:
        found = way(session, "wx:here", NOW)
    assert (found.state, found.label) == ("waits", "现在不能主动发送")
    assert "没有主动发送的权限" in found.warning


def test_lists_say_where_each_ticket_stands_and_how_much_its_holder_has_not_read(database: Database) -> None:
    one, two = add_staff(database, "one", 3), add_staff(database, "two", 4)
    tickets = [ask_for_human(database, f"web:{n}", NOW + timedelta(minutes=n), said=[f"问{n}"]) for n in range(4)]
    handoff.take(database, tickets[1], one, NOW + timedelta(minutes=5))
    handoff.take(database, tickets[2], two, NOW + timedelta(minutes=5))
    handoff.take(database, tickets[3], two, NOW + timedelta(minutes=5))
    handoff.close(database, tickets[3], two, NOW + timedelta(minutes=6))
    latest = [say(database, "web:1", text, NOW + timedelta(minutes=7)) for text in ("在吗", "急")]
    with database.read() as session:
        items = {item.ticket_id: item for item in lists.active(session)}
        assert [items[ticket].section(one) for ticket in tickets[:3]] == ["waiting", "mine", "others"]
        assert tickets[3] not in items
        assert (items[tickets[1]].unread, items[tickets[1]].said) == (3, "急")
        assert items[tickets[0]].unread == 0, "nobody holds it"
        over = lists.one(session, tickets[3])
        assert over is not None
        assert (over.section(two), over.holder) == ("over", None)
        assert lists.one(session, 999) is None
    with database.write() as session:
        lists.has_seen(session, one, tickets[1], latest[0])
        lists.has_seen(session, two, tickets[1], latest[1])
    with database.read() as session:
        assert [item.unread for item in lists.active(session) if item.ticket_id == tickets[1]] == [1]
    with database.write() as session:
        lists.has_seen(session, one, tickets[1], latest[1])
        lists.has_seen(session, one, tickets[1], latest[0])
    with database.read() as session:
        assert [item.unread for item in lists.active(session) if item.ticket_id == tickets[1]] == [0], "a mark never goes back"


def test_of_a_long_message_the_list_shows_the_beginning_and_the_conversation_all(database: Database) -> None:
    ticket = ask_for_human(database, "tg:a", NOW)
    say(database, "tg:a", "长" * MOST_KEPT, LATER)
    with database.read() as session:
        item = lists.one(session, ticket)
    assert item is not None
    assert item.said == "长" * lists.SHOWN
    assert _shown(database, "tg:a")[-1].text == "长" * MOST_KEPT


@pytest.mark.parametrize(("words", "found"), [("", 3), ("驻村", 1), ("100%", 1), ("没有这句", 0), ("#2", 1), ("２", 0)])
def test_what_is_over_is_found_by_words_of_its_question_or_by_its_number(database: Database, words: str, found: int) -> None:
    staff = add_staff(database, "one", 3)
    for number, said in enumerate(("驻村能抵学时吗", "完成100%了", "学时结转")):
        ticket = ask_for_human(database, f"web:{number}", NOW, said=[said])
        handoff.take(database, ticket, staff, NOW)
        handoff.close(database, ticket, staff, NOW)
    with database.read() as session:
        assert len(lists.over(session, words)) == found


def test_messages_that_lie_never_crowd_out_people_who_wait(database: Database) -> None:
    left = ask_for_human(database, "web:left", NOW)
    with database.write() as session:
        session.get(Ticket, left).state = "left"
    waiting = ask_for_human(database, "web:waiting", NOW + timedelta(hours=1))
    with database.read() as session:
        assert [item.ticket_id for item in lists.active(session)] == [waiting, left]
