"""Groups, supergroups and topics against the emulated Bot API."""

import time

import pytest

from bot.inbox.models import Choice
from tests.channels.conftest import ANSWER
from tests.channels.telegram.conftest import Bot
from tests.telegram_api import Group, Person

PRIVATE = [("打开私聊", "https://t.me/xueshitong_bot")]


@pytest.fixture
def person(bot: Bot) -> Person:
    return bot.api.person(21)


@pytest.fixture
def group(bot: Bot) -> Group:
    return bot.api.supergroup(-1001)


def quiet(bot: Bot, group: Group, person: Person) -> bool:
    """Whether nothing was said but to a mention that comes last."""
    group.says("最后", person, mention=True)
    bot.api.wait_sent(group.id)
    bot.api.wait_taken()
    return [message.text for message in bot.rasa.asked] == ["最后"] and len(bot.journal) == 1


def test_what_is_said_among_people_is_not_ours(bot: Bot, group: Group, person: Person) -> None:
    group.says("公需要多少学时", person)
    group.says("@another_bot 公需", person)
    group.says("/help", person)
    group.says("/help@another_bot", person)
    group.says("@xueshitong_bots 公需", person)
    group.sends(person, photo=True)
    group.forwards("公需要多少学时", person)
    theirs = group.says("问问它", person)
    group.says("好", bot.api.person(22), reply_to=theirs)
    assert quiet(bot, group, person)


@pytest.mark.parametrize("said", ["@xueshitong_bot 公需要多少学时", "公需要多少学时 @XueShiTong_Bot", "😀@xueshitong_bot 公需要多少学时"])
def test_a_mention_is_answered_without_our_name_in_the_question(bot: Bot, group: Group, person: Person, said: str) -> None:
    group.says(said, person)
    assert bot.api.wait_sent(group.id)[0].text == ANSWER
    assert bot.rasa.asked[0].text.lstrip("😀 ") == "公需要多少学时"
    assert [(row.sender_id, row.channel) for row in bot.journal] == [("tgg:-1001", "tgg")]


def test_a_mention_by_name_of_one_without_username_is_answered(bot: Bot, group: Group, person: Person) -> None:
    entity = {"type": "text_mention", "offset": 0, "length": 3, "user": bot.api.bot_user}
    group.says("学时通 公需", person, entities=[entity])
    bot.api.wait_sent(group.id)
    assert bot.rasa.asked[0].text == "公需"


def test_a_bare_mention_brings_the_menu(bot: Bot, group: Group, person: Person) -> None:
    group.says("@xueshitong_bot", person)
    bot.api.wait_sent(group.id)
    assert bot.rasa.asked[0].text == "帮助"


def test_a_reply_to_our_own_message_is_answered(bot: Bot, group: Group, person: Person) -> None:
    group.says("公需", person, mention=True)
    (sent,) = bot.api.wait_sent(group.id)
    group.says("专业呢", person, reply_to=sent)
    bot.api.wait_sent(group.id, 2)
    assert bot.rasa.asked[1].text == "专业呢"


def test_a_command_with_our_name_is_answered(bot: Bot, group: Group, person: Person) -> None:
    group.says("/help@xueshitong_bot", person)
    group.says("/human@XUESHITONG_BOT", person)
    bot.api.wait_sent(group.id, 2)
    assert [message.text for message in bot.rasa.asked] == ["帮助", "转人工"]


@pytest.mark.parametrize("said", ["/hours", "/title", "/bind", "/unbind", "/start"])
def test_what_is_personal_is_answered_with_a_way_to_the_private_chat(bot: Bot, group: Group, person: Person, said: str) -> None:
    rest = " K7M2Q9ABCD" if said in ("/bind", "/start") else ""
    group.says(f"{said}@xueshitong_bot{rest}", person)
    (sent,) = bot.api.wait_sent(group.id)
    assert "私聊" in sent.text
    assert sent.buttons == [PRIVATE]
    assert bot.rasa.asked == []
    assert "K7M2Q9ABCD" not in str(bot.journal)


def test_an_answer_about_a_person_gets_the_button_and_a_policy_answer_does_not(bot: Bot, group: Group, person: Person) -> None:
    bot.rasa.kinds = {"我还差多少": "account", "公需": "faq"}
    group.says("我还差多少", person, mention=True)
    group.says("公需", person, mention=True)
    personal, policy = bot.api.wait_sent(group.id, 2)
    assert personal.buttons == [PRIVATE]
    assert policy.buttons == []


def test_tapped_buttons_of_a_group_act_there(bot: Bot, group: Group, person: Person) -> None:
    group.says("选", person, mention=True)
    (sent,) = bot.api.wait_sent(group.id)
    bot.api.person(22).taps(sent, "公需要多少学时")
    assert bot.api.wait_sent(group.id, 2)[1].text == ANSWER


def test_bots_channels_and_what_comes_through_bots_are_not_answered(bot: Bot, group: Group, person: Person) -> None:
    robot = {"id": 900, "is_bot": True, "first_name": "别的机器人", "username": "another_bot"}
    channel = {"id": -100900, "type": "channel", "title": "频道"}
    plain = group.says("@xueshitong_bot 公需", person, via_bot=robot).to_dict()
    group.says("@xueshitong_bot 公需", person, sender_chat=channel)
    group.says("@xueshitong_bot 公需", person, sender_chat=channel, is_automatic_forward=True)
    bot.api.wait_taken()
    message = {name: value for name, value in plain["message"].items() if name != "via_bot"}
    assert bot.post({"update_id": 7, "message": {**message, "from": robot}}).status_code == 200
    posted = {**message, "chat": channel}
    assert bot.post({"update_id": 8, "channel_post": posted}).status_code == 200
    assert bot.post({"update_id": 9, "message": posted}).status_code == 200
    assert quiet(bot, group, person)


def test_an_anonymous_administrator_is_answered_like_anybody(bot: Bot, group: Group) -> None:
    group.says("公需", mention=True)
    assert bot.api.wait_sent(group.id)[0].text == ANSWER


def test_service_messages_are_passed_over(bot: Bot, person: Person) -> None:
    group = bot.api.group(-31, member=False)
    group.adds_bot(person)
    assert quiet(bot, group, person)


def test_a_topic_is_answered_in_its_topic_and_is_a_conversation_of_its_own(bot: Bot, person: Person) -> None:
    forum = bot.api.supergroup(-1002, forum=True)
    first, second = forum.opens_topic("公需", person), forum.opens_topic("专业", person)
    forum.says("选", person, mention=True, thread=second)
    forum.says("公需", person, mention=True, thread=first)
    forum.says("公需", person, mention=True)
    forum.says("不是问它的", person, thread=first)
    bot.api.wait_sent(forum.id, 3)
    bot.api.wait_taken()
    sent = {message.thread: message for message in bot.api.sent(forum.id)}
    assert set(sent) == {first, second, None}
    assert {row.sender_id for row in bot.journal} == {f"tgg:-1002/{first}", f"tgg:-1002/{second}", "tgg:-1002"}
    assert {action.thread for action in bot.api.actions(forum.id)} == {first, second, None}
    person.taps(sent[second], "公需要多少学时", inaccessible=True)
    bot.api.wait_sent(forum.id, 4)
    assert bot.api.sent(forum.id)[-1].thread == second


def test_a_chain_of_replies_in_a_supergroup_is_no_topic(bot: Bot, group: Group, person: Person) -> None:
    group.says("公需", person, mention=True)
    (sent,) = bot.api.wait_sent(group.id)
    group.says("专业", person, reply_to=sent)
    assert bot.api.wait_sent(group.id, 2)[1].thread is None
    assert {row.sender_id for row in bot.journal} == {"tgg:-1001"}


def test_a_group_that_becomes_a_supergroup_keeps_its_conversation(bot: Bot, person: Person) -> None:
    group = bot.api.group(-41)
    group.says("选", person, mention=True)
    (sent,) = bot.api.wait_sent(-41)
    new = group.upgrade(-1041, person)
    bot.api.wait_taken()
    assert {row.sender_id for row in (*bot.journal, *bot.outbox)} == {"tgg:-1041"}
    new.says("还在吗", person, mention=True)
    assert len(bot.api.wait_sent(-1041)) == 1
    # the old message's buttons still stand in the chat under its new number
    bot.post({"update_id": 99, "callback_query": {
        "id": "1", "from": person.user, "chat_instance": "1", "data": sent.buttons[0][0][1],
        "message": {"chat": new.fields, "message_id": 1, "date": 0},
    }})  # fmt: skip
    bot.api.wait_sent(-1041, 2)
    assert bot.rasa.asked[-1].text == "公需要多少学时"


def test_a_send_that_learns_of_the_move_goes_to_the_new_chat(bot: Bot, person: Person) -> None:
    group = bot.api.group(-51)
    group.says("慢慢选", person, mention=True)
    bot.api.wait(lambda: bot.rasa.asked)
    with bot.api.lock:  # the service messages are on their way still
        new = group.upgrade(-1051, person)
        bot.api.updates.pending.clear()
    (sent,) = bot.api.wait_sent(-1051)
    assert {row.sender_id for row in (*bot.journal, *bot.outbox, *bot.rows(Choice))} == {"tgg:-1051"}
    person.taps(sent, "转人工")
    bot.api.wait_sent(new.id, 2)
    assert bot.rasa.asked[-1].text == "转人工"


def test_a_mention_waits_until_we_know_our_name(start, api) -> None:
    api.break_next("getMe", 3, "500")
    bot = start()
    person, group = api.person(21), api.group(-61)
    group.says("公需", person, mention=True)
    assert api.wait_sent(-61)[0].text == ANSWER
    time.sleep(0.2)
    assert len(bot.journal) == 1
