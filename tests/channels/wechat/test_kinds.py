"""Every kind of message and event, and what it comes to."""

import pytest

from bot.channels.wechat import menu
from bot.inbox.models import Journal
from tests.channels.conftest import ANSWER
from tests.channels.wechat.conftest import Account

CODE = "K7M2P9QRST"


def asked(account: Account) -> list[str]:
    return [message.text for message in account.rasa.asked]


def test_what_a_voice_says_is_a_question(account: Account) -> None:
    assert account.peer.person("o1").speaks("公需要多少。").reply == ANSWER
    assert asked(account) == ["公需要多少。"]


@pytest.mark.parametrize("recognised", [None, ""])
def test_a_voice_without_words_is_asked_for_in_writing(account: Account, recognised: str | None) -> None:
    assert "这条语音没能转成文字" in account.peer.person("o1").speaks(recognised).reply
    assert asked(account) == []


def test_what_is_no_text_gets_a_helpful_answer_of_its_own(account: Account) -> None:
    person = account.peer.person("o1")
    said = {
        "image": person.sends_image(),
        "location": person.sends_location(36.6, 101.7, "西宁"),
        "link": person.sends_link("标题", "说明", "https://example.org/"),
        "video": person.sends_video(),
        "shortvideo": person.sends_shortvideo(),
        "file": person.sends_kind("file"),
        "unheard-of": person.sends_kind("hologram"),
    }
    replies = {kind: one.reply or "" for kind, one in said.items()}
    assert all("打成一句话" in reply for reply in replies.values()), replies
    assert len(set(replies.values())) == 5, "video and short video say the same, and so do the unknown kinds"
    assert asked(account) == []


def test_a_subscriber_is_greeted_and_told_what_the_chat_is_bound_to(account: Account) -> None:
    reply = account.peer.person("o1").subscribes().reply or ""
    assert reply.startswith("欢迎关注！")
    assert reply.endswith(ANSWER)
    assert asked(account) == ["我绑定的是谁"]


@pytest.mark.parametrize("way", ["subscribes", "scans"])
def test_a_scene_that_is_a_bind_code_begins_the_binding(account: Account, way: str) -> None:
    getattr(account.peer.person("o1"), way)(CODE)
    assert asked(account) == [f"绑定 {CODE}"]
    assert CODE not in account.journal[0].text


def test_another_scene_is_a_greeting(account: Account) -> None:
    assert "您好" in (account.peer.person("o1").scans("poster-7").reply or "")
    assert asked(account) == ["我绑定的是谁"]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [(leaf["key"], leaf["say"]) for entry in menu.entries() for leaf in entry.get("entries", [entry])],
)
def test_a_tap_of_the_menu_says_its_sentence(account: Account, key: str, sentence: str) -> None:
    account.peer.person("o1").clicks(key)
    assert asked(account) == [sentence]


def test_a_tap_of_a_menu_that_is_no_more_is_answered(account: Account) -> None:
    assert "菜单已经更新" in (account.peer.person("o1").clicks("of-last-year").reply or "")


def test_events_that_nobody_expects_an_answer_to_are_written_down_and_stay_silent(account: Account) -> None:
    person = account.peer.person("o1")
    for said in (person.views("https://example.org/"), person.reports_location(), person.template_finished(), person.unsubscribes()):
        assert (said.reply, len(said.exchanges)) == (None, 1)
    assert [row.state for row in account.rows(Journal)] == ["processed"] * 4
    assert asked(account) == []


def test_an_event_is_known_by_person_time_name_and_key(account: Account) -> None:
    person = account.peer.person("o1")
    first, same, other = (
        person.message(MsgType="event", Event="CLICK", EventKey=key, CreateTime="1700000000") for key in ("hours", "hours", "title")
    )
    for message in (first, same, other):
        account.peer.post(message)
    assert asked(account) == [menu.said_by("hours"), menu.said_by("title")]


def test_a_message_is_known_by_person_number_and_time(account: Account) -> None:
    fields = {"MsgId": "7", "CreateTime": "1700000000", "Content": "公需要多少"}
    for other in ({}, {}, {"FromUserName": "o_2"}, {"MsgId": "8"}, {"CreateTime": "1700000001"}):
        account.peer.post(account.peer.message(**{**fields, **other}))
    assert len(asked(account)) == 4


def test_lines_of_a_list_are_links_where_the_setting_is_on(open_account) -> None:
    account = open_account(BOT_WECHAT_LINKS="1")
    person = account.peer.person("o1")
    said = person.says("有哪些选项")
    assert '<a href="weixin://bizmsgmenu?msgmenucontent=转人工&msgmenuid=2">2. 转人工</a>' in (said.reply or "")
    person.taps(said.reply, "2. 转人工")
    assert asked(account)[-1] == "转人工"
