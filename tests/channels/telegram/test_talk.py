"""Private chats against the emulated Bot API, through the real client."""

import time

import pytest
from sqlalchemy import text as sql

from bot.channels.telegram.commands import commands
from tests.channels.conftest import ANSWER, TELEPHONE
from tests.channels.telegram.conftest import Bot
from tests.telegram_api.media import KINDS


def test_a_question_is_answered_as_html_with_its_source(bot: Bot) -> None:
    bot.api.person(11).says("公需要多少学时")
    (sent,) = bot.api.wait_sent(11)
    assert sent.text == ANSWER
    assert sent.parse_mode == "HTML"
    assert "<i>依据：" in sent.raw
    assert [(row.sender_id, row.channel, row.state) for row in bot.journal] == [("tg:11", "tg", "processed")]
    assert [action.action for action in bot.api.actions(11)] == ["typing"]
    bot.api.wait(lambda: [row.state for row in bot.outbox] == ["sent"])


def test_markup_in_an_answer_is_shown_as_it_is(bot: Bot) -> None:
    bot.api.person(11).says("标签")
    assert bot.api.wait_sent(11)[0].text == "<img src=x onerror=alert(1)> & <b>粗</b>"


def test_markup_that_telegram_refuses_is_sent_again_plain(bot: Bot) -> None:
    bot.api.refuse_entities_once()
    bot.api.person(11).says("公需")
    (sent,) = bot.api.wait_sent(11)
    assert (sent.text, sent.parse_mode) == (ANSWER, "")


@pytest.mark.parametrize("name", commands())
def test_a_command_says_its_sentence(bot: Bot, name: str) -> None:
    bot.api.person(11).says(f"/{name}")
    bot.api.wait_sent(11)
    assert [message.text for message in bot.rasa.asked] == [commands()[name].says]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("/start K7M2Q9ABCD", "绑定 K7M2Q9ABCD"),
        ("/bind@xueshitong_bot 张三 K7M2Q9ABCD", "绑定 张三 K7M2Q9ABCD"),
        ("/START", "你好"),
        ("/unknown 甲", "帮助"),
        ("/restart", "帮助"),
        ('/faq{"slot": 1}', 'faq{"slot": 1}'),
        ("/学时", "学时"),
    ],
)
def test_what_begins_with_a_slash(bot: Bot, said: str, asked: str) -> None:
    bot.api.person(11).says(said)
    bot.api.wait_sent(11)
    assert [message.text for message in bot.rasa.asked] == [asked]


def test_the_menu_is_registered_in_chinese(bot: Bot) -> None:
    listed = bot.api.commands[("default", "")]
    assert [entry["command"] for entry in listed] == ["start", "help", "hours", "title", "bind", "unbind", "human", "cancel"]
    assert all("一" <= entry["description"][0] <= "鿿" for entry in listed)


def test_buttons_stand_two_in_a_row_and_say_their_sentence_when_tapped(bot: Bot) -> None:
    person = bot.api.person(11)
    person.says("选")
    (sent,) = bot.api.wait_sent(11)
    assert [[label for label, _ in row] for row in sent.buttons] == [["公需要多少学时", "转人工"]]
    assert all(len(data) <= 64 and "公需" not in data for row in sent.buttons for _, data in row)
    person.taps(sent, "公需要多少学时")
    assert bot.api.wait_sent(11, 2)[1].text == ANSWER
    assert [message.text for message in bot.rasa.asked] == ["选", "公需要多少学时"]
    bot.api.wait(lambda: len(bot.api.callback_answers) == 1)


def test_a_tap_of_long_ago_still_acts(bot: Bot) -> None:
    person = bot.api.person(11)
    person.says("选")
    (sent,) = bot.api.wait_sent(11)
    update = person.taps(sent, "转人工", inaccessible=True)
    bot.api.callback_ids.clear()
    assert update.callback_query
    bot.api.wait_sent(11, 2)
    assert bot.rasa.asked[-1].text == "转人工"


@pytest.mark.parametrize("key", ["", "unknown", "转人工", "x" * 64])
def test_an_unknown_button_brings_the_menu(bot: Bot, key: str) -> None:
    person = bot.api.person(11)
    person.says("选")
    person.taps(bot.api.wait_sent(11)[0], "转人工", data=key)
    bot.api.wait_sent(11, 2)
    assert bot.rasa.asked[-1].text == "帮助"
    bot.api.wait(lambda: len(bot.api.callback_answers) == 1)


def test_a_button_of_another_chat_brings_the_menu(bot: Bot) -> None:
    bot.api.person(11).says("选")
    bot.api.wait_sent(11)
    key = bot.keys()[0]
    other = bot.api.person(12)
    other.says("选")
    other.taps(bot.api.wait_sent(12)[0], "转人工", data=key)
    bot.api.wait_sent(12, 2)
    assert bot.rasa.asked[-1].text == "帮助"


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_sent_gets_an_answer_that_helps(bot: Bot, kind: str) -> None:
    bot.api.person(11).sends(**{kind: True})
    (sent,) = bot.api.wait_sent(11)
    assert "公需科目一年要多少学时" in sent.text
    assert bot.rasa.asked == []


def test_a_contact_is_never_stored(bot: Bot) -> None:
    bot.api.person(11).sends(contact={"phone_number": "+8613812345678", "first_name": "某某某"})
    bot.api.wait_sent(11)
    with bot.context.database.look() as connection:
        dump = "\n".join(connection.connection.iterdump())
    assert "13812345678" not in dump
    assert "某某某" not in dump


def test_a_caption_is_the_question(bot: Bot) -> None:
    bot.api.person(11).sends(photo=True, caption="公需要多少学时")
    assert bot.api.wait_sent(11)[0].text == ANSWER
    assert bot.rasa.asked[0].text == "公需要多少学时"


def test_an_album_without_words_is_answered_once(bot: Bot) -> None:
    person = bot.api.person(11)
    for _ in range(3):
        person.sends(photo=True, media_group_id="77")
    person.says("公需")
    assert [sent.text == ANSWER for sent in bot.api.wait_sent(11, 2)] == [False, True]
    assert len(bot.api.sent(11)) == 2


def test_the_words_of_an_album_are_the_question_and_its_pictures_say_nothing(bot: Bot) -> None:
    person = bot.api.person(11)
    person.sends(photo=True, caption="公需", media_group_id="77")
    person.sends(photo=True, media_group_id="77")
    person.says("专业")
    assert [sent.text for sent in bot.api.wait_sent(11, 2)] == [ANSWER, ANSWER]


def test_a_forwarded_question_is_answered(bot: Bot) -> None:
    bot.api.person(11).forwards("公需要多少学时")
    assert bot.api.wait_sent(11)[0].text == ANSWER


@pytest.mark.parametrize(
    "what", [{"pinned_message": True}, {"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}}, {"new_chat_title": "新"}]
)
def test_what_only_tells_of_something_that_happened_is_passed_over(bot: Bot, what: dict) -> None:
    person = bot.api.person(11)
    update = person.says("一").to_dict()
    bot.api.wait_sent(11)
    del update["message"]["text"]
    assert bot.post({**update, "update_id": 5, "message": {**update["message"], **what}}).status_code == 200
    person.says("二")
    bot.api.wait_sent(11, 2)
    assert [message.text for message in bot.rasa.asked] == ["一", "二"]


@pytest.mark.parametrize(
    "said", ["字" * 100_000, "\x00\x01\x02", "\u202e\u202d\u200f", "😀" * 1000, "\ud83d", "👨‍👩‍👧‍👦" * 500, "\u0301" * 3000], ids=range(7)
)
def test_anything_written_gets_one_helpful_answer(bot: Bot, said: str) -> None:
    update = bot.api.person(11).says("先").to_dict()
    bot.api.wait_sent(11)
    assert bot.post({**update, "update_id": 5, "message": {**update["message"], "text": said}}).status_code == 200
    bot.api.wait_sent(11, 2)
    time.sleep(0.2)
    assert len(bot.api.sent(11)) == 2
    assert len(bot.journal) == 2


def test_an_edited_message_is_passed_over(bot: Bot) -> None:
    bot.api.updates.allowed = []
    person = bot.api.person(11)
    first = person.says("一")
    bot.api.wait_sent(11)
    person.edits(first, "改")
    person.says("二")
    bot.api.wait_sent(11, 2)
    assert [message.text for message in bot.rasa.asked] == ["一", "二"]
    assert bot.post({**first.to_dict(), "update_id": 6, "edited_message": {}}).status_code == 200


def test_messages_of_one_chat_are_answered_in_order(bot: Bot) -> None:
    person = bot.api.person(11)
    person.says("慢")
    person.sends(photo=True)
    person.says("坏")
    person.says("选")
    texts = [sent.text for sent in bot.api.wait_sent(11, 4)]
    assert texts[0] == ANSWER
    assert "文字" in texts[1]
    assert TELEPHONE in texts[2]
    assert texts[3] == "您是想问："


def test_a_flood_of_messages_is_told_once(bot: Bot) -> None:
    person = bot.api.person(11)
    for number in range(30):
        person.says(f"第{number}个")
    bot.api.wait_taken()
    bot.api.wait_sent(11, 21)
    time.sleep(0.3)
    told = [sent.text for sent in bot.api.sent(11) if "太快" in sent.text]
    assert len(told) == 1
    assert TELEPHONE in told[0]
    assert len(bot.rasa.asked) == 20
    assert len(bot.journal) == 20


def test_a_held_conversation_stays_with_the_human(bot: Bot) -> None:
    with bot.context.database.begin() as connection:
        connection.execute(sql("INSERT INTO hold (sender_id, by, since) VALUES ('tg:11', '王', '2023-11-20 00:00:00')"))
    bot.api.person(11).says("您好")
    bot.api.wait_taken()
    bot.api.wait(lambda: [row.state for row in bot.journal] == ["held"])
    time.sleep(0.2)
    assert bot.api.sent(11) == []
    assert bot.api.actions(11) == []
