"""Asking for a human opens one ticket."""

from sqlalchemy import select

from actions.desk import Desk
from actions.helpdesk import CallHuman
from bot.helpdesk.models import Ticket
from bot.nlu.turn import Turn, turn_to_data
from tests.actions.conftest import CHAT, Reply, run, tracker_of


def call(sender_id: str = CHAT, said: tuple[str, ...] = ("转人工",), about: Turn | None = None) -> Reply:
    return run(CallHuman(), tracker_of({"meaning": {"about": turn_to_data(about)}}, sender_id, said))


def tickets(desk: Desk) -> list[Ticket]:
    with desk.database.read() as session:
        found = list(session.execute(select(Ticket).order_by(Ticket.id)).scalars())
        session.expunge_all()
        return found


def test_a_request_opens_a_ticket_with_the_topic_and_the_question_before_it(desk: Desk) -> None:
    reply = call(said=("公需要多少学时", "转人工"), about=Turn("faq", "hours_public"))
    (ticket,) = tickets(desk)
    assert (ticket.sender_id, ticket.topic, ticket.last_question) == (CHAT, "hours_public", "公需要多少学时")
    assert f"编号{ticket.id}，前面还有0位" in reply.text


def test_the_reply_gives_both_kinds_of_telephone_numbers(desk: Desk) -> None:
    text = call().text
    assert "政策咨询0971-8258157" in text
    assert "系统操作咨询18970996140、15979952660、15500597407" in text


def test_asking_again_keeps_the_one_ticket_and_its_place(desk: Desk) -> None:
    call("web:before")
    first = call()
    again = call()
    assert [ticket.sender_id for ticket in tickets(desk)] == ["web:before", CHAT]
    number = tickets(desk)[1].id
    assert f"已为您登记转人工，编号{number}，前面还有1位" in first.text
    assert f"还在排队，编号{number}，前面还有1位，不用重复登记" in again.text


def test_an_account_question_is_the_topic_by_its_intent(desk: Desk) -> None:
    call(said=("我还差多少", "人工"), about=Turn("my_year"))
    assert tickets(desk)[0].topic == "my_year"


def test_a_first_message_that_asks_for_a_human_has_no_question_before_it(desk: Desk) -> None:
    call()
    (ticket,) = tickets(desk)
    assert ticket.last_question is None
    assert ticket.topic is None
