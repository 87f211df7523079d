"""Messages that ask several things, one of which no template answers: a human, or the binding."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from actions.desk import Desk
from bot.helpdesk.models import Ticket
from bot.hours.models import ChatIdentity
from bot.nlu.turn import Turn
from tests.actions.conftest import GAPS, Reply

POLICY = Turn("faq", "hours_public")


def tickets(desk: Desk) -> int:
    with desk.database.read() as session:
        return int(session.execute(select(func.count()).select_from(Ticket)).scalar_one())


def test_a_call_for_a_human_beside_a_question_opens_a_ticket_and_answers_the_question(desk: Desk, ask: Callable[..., Reply]) -> None:
    policy, human = (message["text"] for message in ask(POLICY, Turn("human")).messages)
    assert policy.startswith("公需科目每年不少于45学时")
    assert human.startswith("已为您登记转人工，编号1，前面还有0位。")
    assert tickets(desk) == 1


def test_a_bound_person_who_also_calls_a_human_gets_both(desk: Desk, ask_as: Callable[..., Reply]) -> None:
    reply = ask_as(GAPS, Turn("my_year"), Turn("human"))
    assert "还差12.5学时" in reply.messages[0]["text"]
    assert "转人工，编号1" in reply.messages[1]["text"]
    assert reply.slots == {"bound": True}


@pytest.mark.parametrize("intent", ["my_binding", "bind"])
def test_the_binding_beside_a_question_is_told(ask: Callable[..., Reply], ask_as: Callable[..., Reply], intent: str) -> None:
    unbound = ask(POLICY, Turn(intent))
    assert unbound.messages[1]["text"] == "这个聊天还没有绑定。发“绑定”可以开始绑定。"
    assert unbound.slots == {"bound": False}
    bound = ask_as(GAPS, POLICY, Turn(intent))
    assert bound.messages[1]["text"].startswith("这个聊天绑定的是：才让·措毛（祁连县牧云职业学校，证件号")
    assert bound.slots == {"bound": True}


def test_asked_in_a_group_chat_several_things_tell_nothing_personal(
    desk: Desk, ask_as: Callable[..., Reply], ask: Callable[..., Reply]
) -> None:
    ask_as(GAPS, Turn("my_year"))
    with desk.database.write() as session:
        session.query(ChatIdentity).update({"sender_id": "tgg:-7"})
    reply = ask(POLICY, Turn("my_year"), Turn("my_binding"), Turn("judge_numbers"), sender_id="tgg:-7")
    assert "45" in reply.messages[0]["text"]
    assert reply.messages[1]["text"] == "个人学时只在私聊里查询。请单独打开我的对话再问。"
    assert GAPS not in reply.text
    assert "12.5" not in reply.text
    assert reply.slots == {"bound": False}
