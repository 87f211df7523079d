"""Answers in parts of 2048 bytes, and several in one reply."""

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat.numbers import number_of
from bot.channels.wechat.render import LIMIT, Renderer, split
from bot.inbox.outbox import Outgoing
from tests.channels.wechat.conftest import Account

MORE = "（还没说完）"
PLAIN = Renderer(False, MORE)
TEXTS = st.text(st.sampled_from("公需学时。！？；\n a1,😀👨‍👩‍👧é\u0301🇨🇳"), max_size=3000)


def outgoing(number: int, text: str, parts: int = 0, *titles: str) -> Outgoing:
    payload = {"text": text, "buttons": [{"title": title, "payload": title} for title in titles]}
    return Outgoing(number, "wx:a", "faq", payload, datetime.now(timezone.utc), "pending", None, None, parts)


def bare(text: str) -> str:
    return "".join(text.split())


@given(TEXTS)
def test_parts_fit_and_lose_nothing(text: str) -> None:
    parts = list(split(text, [], 200))
    assert all(0 < len(part.encode()) <= 200 for part in parts)
    assert bare("".join(parts)) == bare(text)


@given(st.text(st.sampled_from("公需学时。\n"), max_size=500))
def test_a_part_ends_with_a_sentence_where_sentences_are_short(text: str) -> None:
    if any(len(sentence) > 60 for sentence in text.replace("\n", "。").split("。")):
        return
    parts = list(split(text, [], 200))
    assert all(part.endswith("。") or "\n" in text for part in parts[:-1])


@given(st.integers(1, 300))
def test_no_cut_falls_into_an_emoji_of_several_signs(count: int) -> None:
    family = "👍🏽"
    assert all(set(part) <= set(family) and part.startswith("👍") for part in split(family * count, [], 100))


@given(st.lists(TEXTS, min_size=1, max_size=5), st.booleans())
def test_one_reply_after_the_other_gives_everything_in_order(texts: list[str], pushes: bool) -> None:
    waiting = [outgoing(number, text) for number, text in enumerate(texts)]
    told = ""
    for _ in range(200):
        if not waiting:
            break
        reply = PLAIN.compose(waiting, pushes=pushes)
        assert len(reply.text.encode()) <= LIMIT
        assert reply.more == (MORE in reply.text)
        told += reply.text.removesuffix(MORE)
        waiting = [
            outgoing(message.id, message.payload["text"], reply.begun.get(message.id, message.parts))
            for message in waiting
            if message.id not in reply.done
        ]
    assert not waiting
    assert bare(told) == bare("".join(texts)).translate(str.maketrans("<>", "＜＞"))


def test_lists_are_numbered_through_and_a_list_that_the_text_holds_is_not_repeated() -> None:
    reply = PLAIN.compose([outgoing(1, "甲", 0, "一项", "二项"), outgoing(2, "乙", 0, "三项")])
    assert reply.text == "甲\n\n1. 一项\n2. 二项\n\n乙\n\n3. 三项"
    assert [title for title, _ in reply.options] == ["一项", "二项", "三项"]
    asked = PLAIN.compose([outgoing(1, "您是想问：\n1. 一项\n2. 二项", 0, "一项", "二项", "都不是")])
    assert asked.text == "您是想问：\n1. 一项\n2. 二项\n\n3. 都不是"


def test_numbers_as_people_write_them() -> None:
    assert [number_of(text) for text in ("1", "１", "一", "第一个", "第1条", "选2", "2.", "二号", "十二", "第十个", " 3 ", "选择3")] == [
        1, 1, 1, 1, 1, 2, 2, 2, 12, 10, 3, 3,
    ]  # fmt: skip
    assert [number_of(text) for text in ("", "45", "90学时", "一年", "选一个", "第一个问题是什么", "1和2", "0", "100")] == [None] * 9


def test_a_long_answer_goes_on_with_the_next_message(account: Account) -> None:
    long = "。".join(f"第{number}句话说的是公需科目和专业科目的学时" for number in range(120)) + "。"
    account.rasa.reply = long
    person = account.peer.person("o1")
    replies = [person.says("很长很长").reply or ""]
    assert "回复任意字看后面的内容" in replies[0]
    while "（还没说完" in replies[-1] and len(replies) < 10:
        replies.append(person.says("继续").reply or "")
    told = "".join(reply.partition("（还没说完")[0].partition("以上是刚才")[0] for reply in replies)
    assert bare(told) == long
    assert len(account.rasa.asked) == 1
