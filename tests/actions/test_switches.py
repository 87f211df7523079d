"""What the action server says while something is switched off: the telephone in place of a figure, and everything else as ever."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from actions.desk import Desk
from bot.account import ANSWERS
from bot.inbox import switches
from bot.nlu.entities import Amount
from bot.nlu.turn import Turn
from tests.actions.conftest import GAPS, HIGH, Reply

PHONE = "0971-8258157"
OWN = "还差12.5学时"
NUMBERS = Turn("judge_numbers", amounts=(Amount("public", Decimal(40)),))


def throw(desk: Desk, scope: str, name: str) -> None:
    with desk.database.write() as session:
        switches.off(session, scope, name, "核对", "staff:1", desk.now)


def restore(desk: Desk, scope: str, name: str) -> None:
    with desk.database.write() as session:
        assert switches.on(session, scope, name)


@pytest.mark.parametrize("intent", ANSWERS)
def test_while_personal_figures_are_off_every_question_on_a_record_is_answered_with_the_telephone(
    desk: Desk, ask_as: Callable[..., Reply], intent: str
) -> None:
    throw(desk, "personal", switches.EVERYTHING)
    reply = ask_as(HIGH, Turn(intent))
    assert "个人学时的查询暂时停用" in reply.text
    assert PHONE in reply.text
    assert reply.messages[0]["metadata"] == {"kind": "fallback", "feedback": False}
    assert reply.slots == {"bound": True}


def test_figures_come_back_with_the_next_message(desk: Desk, ask_as: Callable[..., Reply]) -> None:
    assert OWN in ask_as(GAPS, Turn("my_year")).text
    throw(desk, "personal", switches.EVERYTHING)
    assert OWN not in ask_as(GAPS, Turn("my_year")).text
    restore(desk, "personal", switches.EVERYTHING)
    assert OWN in ask_as(GAPS, Turn("my_year")).text


def test_while_personal_figures_are_off_numbers_are_judged_without_the_persons_own_and_the_binding_is_told(
    desk: Desk, ask_as: Callable[..., Reply]
) -> None:
    assert OWN in ask_as(GAPS, NUMBERS).text
    throw(desk, "personal", switches.EVERYTHING)
    reply = ask_as(GAPS, NUMBERS, Turn("my_binding"), Turn("faq", "hours_public"))
    judged, binding, rule = (message["text"] for message in reply.messages)
    assert "5学时" in judged
    assert "12.5" not in reply.text
    assert GAPS in binding
    assert "45学时" in rule


def test_while_personal_figures_are_off_somebody_unbound_is_told_so_and_a_group_chat_reads_what_it_always_reads(
    desk: Desk, ask: Callable[..., Reply]
) -> None:
    throw(desk, "personal", switches.EVERYTHING)
    assert "个人学时的查询暂时停用" in ask(Turn("my_title")).text
    assert ask(Turn("my_title"), sender_id="tgg:-7").text == "个人学时只在私聊里查询。请单独打开我的对话再问。"


def test_a_question_that_is_off_is_replaced_among_the_parts_of_a_message(desk: Desk, ask_as: Callable[..., Reply]) -> None:
    throw(desk, "question", "hours_public")
    off, own = ask_as(GAPS, Turn("faq", "hours_public"), Turn("my_year")).messages
    assert off["text"] == f"“公需科目每年要多少学时”的自动答复暂时停用，正在核对。请拨打政策咨询电话{PHONE}。"
    assert off["metadata"] == {"kind": "fallback", "feedback": False}
    assert off["buttons"] == []
    assert OWN in own["text"]


@pytest.mark.parametrize(("key", "turn"), [("title_junior", Turn("my_title", level="junior")), ("hours_both", Turn("judge_numbers"))])
def test_a_question_that_is_off_is_replaced_where_another_answer_leads_to_it(
    desk: Desk, ask_as: Callable[..., Reply], ask: Callable[..., Reply], key: str, turn: Turn
) -> None:
    throw(desk, "question", key)
    reply = ask(turn) if turn.intent == "judge_numbers" else ask_as(GAPS, turn)
    assert "自动答复暂时停用" in reply.text
    assert PHONE in reply.text
