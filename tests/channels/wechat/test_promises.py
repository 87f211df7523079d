"""What is fetched, what a number means then, and what comes by itself meanwhile."""

import time
from datetime import datetime, timezone

import pytest
from sqlalchemy import update

from bot.channels.wechat.render import CLOSING, Renderer
from bot.inbox import outbox
from bot.inbox.giving import RESPONSE
from bot.inbox.models import Outbox
from bot.inbox.question import NotNow
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.wechat.conftest import FETCHED, LATE, LOOKING, SHORT, Account, Opening, staff_says
from tests.serving import wait_until

LONG = "".join(f"第{number}句话说的是公需科目和专业科目的学时。" for number in range(250))


@pytest.fixture
def hasty(open_account: Opening) -> Account:
    return open_account(**SHORT)


def test_however_often_the_rest_is_fetched_one_sentence_closes_it(account: Account) -> None:
    account.rasa.reply = LONG
    person = account.peer.person("o1")
    replies = [person.says("公需要多少").reply or ""]
    while "回复任意字看后面的内容" in replies[-1]:
        replies.append(person.says("1").reply or "")
    assert len(replies) > 4
    assert "".join(replies).count(FETCHED) == 1
    assert replies[-1].endswith(FETCHED)
    assert {row.state for row in account.outbox} == {"sent"}


def test_a_question_in_place_of_a_fetch_leaves_no_closing_sentence_before_its_answer(account: Account) -> None:
    account.rasa.reply = LONG
    person = account.peer.person("o1")
    person.says("公需要多少")
    person.says("1")
    account.rasa.reply = "短"
    replies = [person.says("转人工").reply or ""]
    while "回复任意字看后面的内容" in replies[-1]:
        replies.append(person.says("1").reply or "")
    assert "短" in "".join(replies)
    assert "".join(replies).count(FETCHED) <= 1


def test_a_closing_sentence_with_something_behind_it_is_left_out() -> None:
    closing = {"text": "完", "metadata": {CLOSING: True}}
    messages = [outgoing(1, {"text": "甲"}), outgoing(2, closing), outgoing(3, {"text": "乙"}), outgoing(4, closing)]
    reply = Renderer(False, "…").compose(messages)
    assert reply.text == "甲\n\n乙\n\n完"
    assert list(reply.done) == [1, 2, 3, 4]


def outgoing(number: int, payload: dict[str, object]) -> outbox.Outgoing:
    return outbox.Outgoing(number, "wx:a", "faq", payload, datetime.now(timezone.utc), "pending")


@pytest.mark.parametrize("anything", ["好。", "1.", "收到！", "？？？", "👌🏻", "…", "谢谢。"])
def test_with_signs_around_it_a_short_word_fetches_too(hasty: Account, anything: str) -> None:
    hasty.rasa.seconds = LATE
    person = hasty.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    assert wait_until(lambda: len(hasty.outbox) == 1, 15)
    assert person.says(anything).reply == f"{ANSWER}\n\n{FETCHED}"
    assert len(hasty.rasa.asked) == 1


def test_a_number_after_a_pushed_list_chooses_although_an_answer_was_promised(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1", **SHORT)
    account.rasa.seconds = LATE
    person = account.peer.person("o1")
    assert person.says("有哪些选项").reply == LOOKING
    assert wait_until(lambda: len(account.outbox) == 1, 15)
    with account.context.database.begin() as connection:
        connection.execute(update(Outbox.__table__).values(due_at=None))  # the sixteen seconds are over
    account.api.wait_pushed("o1", 1, 10)
    assert wait_until(lambda: account.outbox[0].state == "sent", 15)
    account.rasa.seconds = 0.0
    person.says("2")
    assert account.rasa.asked[-1].text == "转人工"


def test_a_word_about_a_delay_that_got_lost_is_said_again_at_the_next_delivery(account: Account) -> None:
    account.rasa.error = NotNow("the action server is away")
    message = account.peer.message(Content="公需要多少")
    first = account.peer.post(message)
    assert TELEPHONE in (first.text or "")
    again = [account.peer.post(message) for _ in range(3)]
    assert {one.text for one in again} == {first.text}
    assert min(one.seconds for one in again) < 1


def test_a_dialogue_that_hangs_is_told_with_the_telephone_number_when_the_promise_is_not_kept(hasty: Account) -> None:
    hasty.rasa.seconds = 9.0
    person = hasty.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    said = person.says("1")
    assert TELEPHONE in (said.reply or "")
    assert all(exchange.seconds < hasty.peer.timeout for exchange in said.exchanges[2:])


def test_what_a_reply_does_not_hold_is_pushed_after_it_and_not_before(open_account: Opening) -> None:
    account = open_account(BOT_WECHAT_SECRET="s1")
    person = account.peer.person("o1")
    person.says("公需要多少")
    staff_says(account, "一")
    account.api.wait_pushed("o1", 1, 15)
    assert wait_until(lambda: {row.state for row in account.outbox} == {"sent"}, 15)
    account.rasa.reply = LONG[:1800]
    asked_at = time.time()
    reply = person.says("公需要多少呢").reply or ""
    assert "回复任意字" not in reply
    assert wait_until(lambda: account.outbox[-1].state == "sent", 20)
    pushed = account.api.pushed("o1")[1:]
    assert pushed[0].at >= asked_at + RESPONSE.total_seconds()
    assert "".join("".join([reply, *(one.text for one in pushed)]).split()) == LONG[:1800]
