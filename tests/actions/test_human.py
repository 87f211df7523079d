"""Asking for a human opens one ticket; a message may be left for one."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.binding import Unbind
from actions.desk import Desk
from actions.helpdesk import CallHuman, CancelMessage, LeaveMessage, ValidateMessageForm
from bot.helpdesk.models import Ticket
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.talks import handoff
from bot.hours import identity
from bot.nlu.turn import Turn, turn_to_data
from bot.settings import ZONE
from tests.actions.conftest import CHAT, DONE, Reply, run, tracker_of
from tests.helpdesk.conftest import add_staff


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


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Staff are away now and back at the moment returned, whatever the clock says."""
    back = datetime(2023, 11, 21, 9, 0, tzinfo=ZONE)
    monkeypatch.setattr("actions.helpdesk.office_hours", lambda _: OfficeHours(((9 * 60, 9 * 60 + 1),)))
    monkeypatch.setattr("bot.settings.Settings.now", lambda _: datetime(2023, 11, 20, 19, 5, tzinfo=ZONE))
    return back


def leave(text: str | None, sender_id: str = CHAT, slot: str | None = None) -> Reply:
    entities = [{"entity": "message_text", "value": text}] if text is not None else []
    return run(LeaveMessage(), tracker_of({"entities": entities}, sender_id, slots={"message_text": slot}))


def test_outside_office_hours_a_call_says_when_staff_are_back_and_offers_to_leave_a_message(desk: Desk, away: datetime) -> None:
    first, again = call(), call()
    number = tickets(desk)[0].id
    assert f"已为您登记转人工，编号{number}，前面还有0位。现在不是工作时间，工作人员明天（周二）09:00上班" in first.text
    assert f"还在排队，编号{number}，前面还有0位" in again.text
    for reply in (first, again):
        assert reply.buttons == ["留言"]
        assert "政策咨询0971-8258157" in reply.text
        assert "明天（周二）09:00" in reply.text


def test_in_a_group_nobody_is_offered_to_leave_a_message(desk: Desk, away: datetime) -> None:
    reply = call("tgg:-7")
    assert reply.buttons == []
    assert "留言" not in reply.text
    assert "明天（周二）09:00" in reply.text


def test_somebody_served_already_reads_by_whom(desk: Desk) -> None:
    call()
    staff = add_staff(desk.database, "agent", 3)
    assert handoff.take(desk.database, tickets(desk)[0].id, staff, desk.now).ok
    assert "坐席3号正在为您服务" in call().text
    assert len(tickets(desk)) == 1


def test_a_message_is_kept_with_codes_and_numbers_hidden_and_the_person_told_how_they_are_answered(desk: Desk) -> None:
    reply = leave("绑不上，码是K7M2P9QRST")
    (ticket,) = tickets(desk)
    assert (ticket.state, ticket.message) == ("left", "绑不上，码是K7********")
    assert f"留言已经记下，编号{ticket.id}" in reply.text
    assert "在这个聊天里回复您" in reply.text
    assert reply.slots == {"message_text": None}


def test_the_forms_message_is_kept_as_well(desk: Desk) -> None:
    leave(None, slot="我的学时没审")
    assert tickets(desk)[0].message == "我的学时没审"


def test_outside_office_hours_whoever_left_a_message_reads_when_staff_are_back(desk: Desk, away: datetime) -> None:
    assert "工作人员明天（周二）09:00上班" in leave("我的学时没审").text


def test_in_a_group_no_message_is_kept(desk: Desk) -> None:
    assert "单独打开我的对话" in leave("我的学时没审", "tgg:-7").text
    assert tickets(desk) == []
    form = ValidateMessageForm()
    for sender_id, asked in ((CHAT, ["message_text"]), ("tgg:-7", [])):
        tracker = tracker_of({}, sender_id)
        assert asyncio.run(form.required_slots(["message_text"], CollectingDispatcher(), tracker, {})) == asked


def test_giving_up_leaves_nothing(desk: Desk) -> None:
    reply = run(CancelMessage(), tracker_of({}))
    assert "没有留言" in reply.text
    assert reply.slots == {"message_text": None}
    assert tickets(desk) == []


def test_unbinding_empties_what_the_tickets_hold_of_ones_words(desk: Desk, code_of: Callable[[str], str]) -> None:
    assert identity.bind(desk.database, desk.settings.secret_key(), CHAT, DONE, code_of(DONE), desk.now).ok
    leave("我的学时没审")
    run(Unbind(), tracker_of({"metadata": {}}))
    assert tickets(desk)[0].message is None
