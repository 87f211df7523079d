"""What a follower of the account lives through."""

import pytest

from bot.inbox.models import SENT
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.wechat.conftest import Account, Opening


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_question_is_answered_in_the_response(open_account: Opening, mode: str) -> None:
    account = open_account(mode)
    said = account.peer.person("o1").says("公需要多少")
    assert said.reply == ANSWER
    assert len(said.exchanges) == 1
    assert [message.sender_id for message in account.rasa.asked] == ["wx:o1"]
    assert [(row.state, row.attempts) for row in account.outbox] == [(SENT, 1)]
    assert account.peer.verify("echo-1") == (200, "echo-1")


def test_the_same_message_again_gets_the_same_answer_and_is_asked_once(account: Account) -> None:
    message = account.peer.message(Content="公需要多少")
    first, second = account.peer.post(message), account.peer.post(message)
    assert first.text == second.text == ANSWER
    assert len(account.rasa.asked) == 1
    assert len(account.outbox) == 1


def test_two_hundred_at_once_yield_one_answer(account: Account) -> None:
    message = account.peer.message(Content="公需要多少")
    exchanges = account.peer.in_parallel(message, 200)
    assert {exchange.text for exchange in exchanges if exchange.text} == {ANSWER}
    assert len(account.rasa.asked) == len(account.outbox) == len(account.journal) == 1


def test_a_list_is_numbered_and_a_number_chooses(account: Account) -> None:
    person = account.peer.person("o1")
    assert person.says("有哪些选项").reply == "您是想问：\n\n1. 公需要多少学时\n2. 转人工"
    for number, sentence in (("２", "转人工"), ("第一个", "公需要多少学时")):
        person.says("有哪些选项")
        person.says(number)
        assert account.rasa.asked[-1].text == sentence
    person.says("有哪些选项")
    assert "没有第5项" in person.says("5").reply


def test_an_old_number_is_asked_back(account: Account) -> None:
    person = account.peer.person("o1")
    person.says("有哪些选项")
    person.says("公需要多少")
    said = person.says("2").reply
    assert "前面列出的“转人工”" in said
    assert account.rasa.asked[-1].text == "公需要多少"
    person.says("1")
    assert account.rasa.asked[-1].text == "转人工"


def test_blank_huge_and_strange_messages_get_one_helpful_answer(account: Account) -> None:
    person = account.peer.person("o1")
    assert "没有收到文字" in person.says("   ").reply
    assert "没有收到文字" in person.says("\u202e\u200f").reply
    assert "太长" in person.says("长" * 34_000).reply
    assert "太长" in person.says("😀" * 1001).reply
    assert account.rasa.asked == []


def test_an_answer_that_fails_is_one_sentence_with_the_telephone_number(account: Account) -> None:
    said = account.peer.person("o1").says("坏")
    assert TELEPHONE in said.reply
    assert said.exchanges[0].seconds < 4.5
