"""The platform waits five seconds and brings a message three times; here it waits less, once it waits as it does."""

import threading
from datetime import timedelta

import pytest

from bot.inbox import journal, reach
from bot.inbox.backlog import HELD_BACK
from bot.inbox.models import PENDING, SENT
from tests.channels.conftest import ANSWER
from tests.channels.wechat.conftest import FETCHED, LATE, LOOKING, SHORT, Account, Opening
from tests.serving import wait_until


@pytest.fixture
def hasty(open_account: Opening) -> Account:
    return open_account(**SHORT)


def late(account: Account, seconds: float) -> None:
    account.rasa.seconds = seconds


def test_an_answer_that_is_ready_at_the_second_delivery_is_given_there(hasty: Account) -> None:
    late(hasty, 0.9)
    said = hasty.peer.person("o1").says("公需要多少")
    assert said.reply == ANSWER
    assert [exchange.accepted for exchange in said.exchanges] == [False, True]
    assert len(hasty.rasa.asked) == len(hasty.outbox) == 1
    assert hasty.outbox[0].state == SENT


def test_the_first_two_deliveries_end_without_a_word_and_the_third_promises(hasty: Account) -> None:
    late(hasty, LATE)
    said = hasty.peer.person("o1").says("公需要多少")
    assert [exchange.text for exchange in said.exchanges] == [None, None, LOOKING]
    assert [exchange.status for exchange in said.exchanges[:2]] == [None, None], "no reply at all: an empty one would end the deliveries"
    assert len(hasty.rasa.asked) == 1


@pytest.mark.parametrize("anything", ["1", "好", "。", "获取", "OK"])
def test_anything_fetches_what_was_promised(hasty: Account, anything: str) -> None:
    late(hasty, LATE)
    person = hasty.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    late(hasty, 0.0)
    assert person.says(anything).reply == f"{ANSWER}\n\n{FETCHED}"
    assert [message.text for message in hasty.rasa.asked] == ["公需要多少"]
    assert {row.state for row in hasty.outbox} == {SENT}


def test_a_new_question_meanwhile_gets_the_held_answer_and_its_own_in_order(hasty: Account) -> None:
    late(hasty, LATE)
    person = hasty.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    late(hasty, 0.0)
    assert wait_until(lambda: len(hasty.outbox) == 1, 15)
    assert person.says("电话").reply == f"{ANSWER}\n\n请拨打 0971-8258157 或 18970996140。"
    assert [message.text for message in hasty.rasa.asked] == ["公需要多少", "电话"]


@pytest.mark.parametrize("question", ["取消", "公需", "转人工"])
def test_words_with_a_meaning_are_no_fetch(hasty: Account, question: str) -> None:
    late(hasty, LATE)
    person = hasty.peer.person("o1")
    assert person.says("公需要多少").reply == LOOKING
    late(hasty, 0.0)
    person.says(question)
    assert wait_until(lambda: hasty.rasa.asked[-1].text == question, 10)


def test_a_held_answer_survives_a_restart(open_account: Opening) -> None:
    account = open_account(**SHORT)
    late(account, LATE)
    assert account.peer.person("o1").says("公需要多少").reply == LOOKING
    assert wait_until(lambda: [row.state for row in account.outbox] == [PENDING], 15)
    again = open_account(database=account.context.settings.database_url, **SHORT)
    assert again.peer.person("o1").says("1").reply == f"{ANSWER}\n\n{FETCHED}"
    assert again.rasa.asked == []


def test_without_a_promise_a_short_word_is_a_question(hasty: Account) -> None:
    hasty.peer.person("o1").says("好")
    assert hasty.rasa.asked[-1].text == "好"


def test_where_the_account_may_push_the_late_answer_comes_by_itself(open_account: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HELD_BACK, "wx", timedelta(seconds=3))
    account = open_account(BOT_WECHAT_SECRET="s1", **SHORT)
    person = account.peer.person("o1")
    late(account, LATE)
    assert person.says("公需要多少").reply == LOOKING, "nobody knows yet whether the account may"
    assert [pushed.text for pushed in account.api.wait_pushed("o1", 1, 20)] == [ANSWER]
    assert wait_until(lambda: [row.state for row in account.outbox] == [SENT], 15)
    late(account, LATE)
    assert person.says("公需要多少呢").reply is None, "now it is known: nothing is promised"
    assert [pushed.text for pushed in account.api.wait_pushed("o1", 2, 20)] == [ANSWER, ANSWER]
    assert len(account.api.tokens_issued) == 1
    assert wait_until(lambda: [row.state for row in account.outbox] == [SENT, SENT], 15)


def test_with_the_real_times(open_account: Opening) -> None:
    account = open_account()
    late(account, 6.0)
    said = account.peer.person("o1").says("公需要多少")
    assert said.reply == ANSWER
    assert len(said.exchanges) == 2


def test_parallel_deliveries_while_the_answer_is_made_all_get_it(account: Account) -> None:
    late(account, 0.3)
    message = account.peer.message(Content="公需要多少")
    texts: list[str | None] = []
    threads = [threading.Thread(target=lambda: texts.append(account.peer.post(message).text)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(texts) == {ANSWER}
    assert len(account.rasa.asked) == 1


@pytest.mark.parametrize("act", ["image", "fetch"])
def test_a_question_that_a_dead_process_left_is_the_dialogues_to_answer_whatever_comes_next(account: Account, act: str) -> None:
    long_ago = account.context.settings.now() - timedelta(minutes=2)
    with account.context.database.begin() as connection:
        journal.write(connection, channel="wx", sender_id="wx:o1", external_id="left", text="公需要多少", now=long_ago)
        if act == "fetch":
            reach.promise(connection, "wx:o1", long_ago)
    person = account.peer.person("o1")
    said = person.sends_image() if act == "image" else person.says("1")
    assert [message.text for message in account.rasa.asked] == ["公需要多少"]
    assert (said.reply or "").startswith(ANSWER)
