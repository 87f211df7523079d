"""Several messages of one person at once, late or held: everything is answered, in the order in which it was asked."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.inbox import outbox
from bot.inbox.backlog import HELD_BACK
from bot.inbox.models import HELD, PENDING, PROCESSED, SENT, Hold
from tests.channels.conftest import ANSWER
from tests.channels.wechat.conftest import FETCHED, LATE, LOOKING, SHORT, Account, Opening, staff_says
from tests.serving import wait_until

PHONE = "请拨打 0971-8258157 或 18970996140。"


@pytest.fixture
def hasty(open_account: Opening) -> Account:
    return open_account(**SHORT)


def test_two_late_answers_are_fetched_together_in_the_order_of_their_questions(hasty: Account) -> None:
    hasty.rasa.seconds = LATE
    person = hasty.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    assert person.says("电话").reply in (LOOKING, f"{ANSWER}\n\n{PHONE}")
    assert wait_until(lambda: {row.state for row in hasty.journal} == {PROCESSED}, 20)
    hasty.rasa.seconds = 0.0
    seen = person.says("1").reply or ""
    given = [row.payload["text"] for row in hasty.outbox]
    assert given[:2] == [ANSWER, PHONE]
    assert {row.state for row in hasty.outbox} == {SENT}
    assert seen.endswith(FETCHED) or not hasty.reach[0].promised_at


def test_a_fetch_before_the_answer_is_ready_waits_for_it(open_account: Opening) -> None:
    account = open_account(in_time=1.0, given_up=3.0, timeout=2.0)
    account.rasa.seconds = 7.0  # promised after 5, fetched till 6 in vain, and from 7 to 8 with success
    person = account.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    said = person.says("好")
    assert said.reply == f"{ANSWER}\n\n{FETCHED}"
    assert len(said.exchanges) == 2
    assert len(account.rasa.asked) == 1


def test_what_is_written_while_an_answer_is_made_is_answered_too(hasty: Account) -> None:
    person = hasty.peer.person("o1")
    hasty.rasa.seconds = 0.25
    replies: list[str | None] = []

    def says(text: str) -> None:
        replies.append(person.says(text).reply)

    threads = [threading.Thread(target=says, args=(text,)) for text in ("公需要多少", "电话", "进度")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = "\n".join(reply or "" for reply in replies)
    assert all(seen.count(text) == 1 for text in (ANSWER, PHONE, "公需 30/45"))
    assert {row.state for row in hasty.outbox} == {SENT}


def test_an_answer_given_in_a_response_that_got_lost_is_not_given_to_another_message(account: Account) -> None:
    message = account.peer.message(FromUserName="o1", Content="公需要多少")
    assert account.peer.post(message).text == ANSWER
    person = account.peer.person("o1")
    assert person.says("电话").reply == PHONE
    assert account.peer.post(message).text == ANSWER, "the second delivery of the first"


def test_while_a_human_holds_the_conversation_the_bot_is_silent_and_what_they_write_goes_out(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1")
    with account.context.database.begin() as connection:
        connection.execute(insert(Hold.__table__).values(sender_id="wx:o1", by="甲", since=account.context.settings.now()))
    said = account.peer.person("o1").says("公需要多少")
    assert (said.reply, len(said.exchanges), said.last.status) == (None, 1, 200)
    assert [row.state for row in account.journal] == [HELD]
    assert account.rasa.asked == []
    staff_says(account, "我是工作人员")
    assert [one.text for one in account.api.wait_pushed("o1", 1, 15)] == ["我是工作人员"]


def test_an_answer_that_a_later_delivery_may_carry_is_not_pushed_meanwhile(open_account: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HELD_BACK, "wx", timedelta(seconds=7))
    account = open_account(BOT_WECHAT_SECRET="s1", **SHORT)
    account.rasa.seconds = 0.9
    message = account.peer.message(FromUserName="o1", Content="公需要多少")
    assert account.peer.deliver(message, tries=1)[0].text is None
    assert wait_until(lambda: [row.state for row in account.outbox] == [PENDING], 15)
    threading.Event().wait(1.2)
    assert account.api.pushed("o1") == []
    assert account.peer.deliver(message)[-1].text == ANSWER
    threading.Event().wait(6.5)
    assert account.api.pushed("o1") == []


def test_a_list_before_a_pushed_message_is_an_old_one(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1")
    person = account.peer.person("o1")
    person.says("有哪些选项")
    staff_says(account, "另有通知")
    assert wait_until(lambda: account.outbox[-1].state == SENT, 15)
    assert wait_until(lambda: account.reach[0].offer_stale, 15)
    assert "前面列出的“转人工”" in (person.says("2").reply or "")


def test_a_pushed_list_is_numbered_and_a_number_chooses_from_it(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1")
    person = account.peer.person("o1")
    person.says("公需要多少")
    buttons = [{"title": "甲", "payload": "公需要多少"}, {"title": "乙", "payload": "转人工"}]
    with account.context.database.begin() as connection:
        outbox.add(connection, "wx:o1", [{"text": "请选", "buttons": buttons}], account.context.settings.now(), kind="staff")
    assert [one.text for one in account.api.wait_pushed("o1", 1, 15)] == ["请选\n\n1. 甲\n2. 乙"]
    assert wait_until(lambda: bool(account.reach[0].offered), 15)
    person.says("第二个")
    assert account.rasa.asked[-1].text == "转人工"
