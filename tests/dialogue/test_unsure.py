"""Where the bot is unsure or wrong: it quotes, asks back, offers a human, and what was missed is kept to learn from."""

import pytest
from sqlalchemy import text

from tests.dialogue.talking import POLICY_PHONE, Talk, database_of
from tests.serving import Server

pytestmark = pytest.mark.model

SURPLUS = "630104198503170314"


def missed(server: Server, talk: Talk) -> list[tuple[str, str]]:
    with database_of(server).look() as connection:
        rows = connection.execute(
            text("SELECT text, reason FROM missed WHERE sender_id = :sender ORDER BY id"), {"sender": "rest:" + talk.sender}
        ).all()
    return [(row.text, row.reason) for row in rows]


def test_two_misses_in_a_row_offer_a_human_and_a_yes_calls_one(bot_server: Server):
    talk = Talk(bot_server)
    assert "没有收录" in talk.say("今天西宁天气怎么样")
    offer = talk.say("给我讲个笑话听听")
    assert "要转人工吗" in offer
    assert POLICY_PHONE in offer
    assert "转人工" in talk.buttons
    assert "编号" in talk.say("好的")
    assert missed(bot_server, talk) == [("今天西宁天气怎么样", "out_of_scope"), ("给我讲个笑话听听", "not_understood")]


def test_a_question_after_the_offer_is_simply_answered(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("今天西宁天气怎么样")
    talk.say("给我讲个笑话听听")
    assert "45" in talk.say("公需科目一年得学多少")
    assert "编号" not in talk.say("好的")


def test_the_question_before_a_word_of_displeasure_is_kept(bot_server: Server):
    talk = Talk(bot_server)
    talk.say("公需科目一年得学多少")
    talk.say("没用")
    assert missed(bot_server, talk) == [("公需科目一年得学多少", "useless")]


def test_a_bound_person_who_asks_of_themselves_reads_the_rule_and_their_own_surplus(bot_server: Server):
    talk = Talk(bot_server)
    talk.bind(SURPLUS)
    own = talk.say("我今年多学的能结转到明年吗")
    assert "不得结转" in own
    assert "您本人2023年度：已审验公需" in own
    assert "您本人" not in Talk(bot_server).say("我今年多学的能结转到明年吗"), "nothing personal before binding"
    assert "您本人" not in talk.say("学时能结转吗"), "the rule alone was asked for"
