"""The queue: one ticket a chat, its place, and messages that are left."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk import tickets
from bot.helpdesk.models import Draft, Staff, Ticket, TicketEvent
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.talks import handoff
from bot.helpdesk.tickets import LONGEST_MESSAGE, Opened
from tests.helpdesk.conftest import NOW, add_staff

CHAT = "web:somebody"
OFFICE = OfficeHours(((9 * 60, 12 * 60),))
EVENING = NOW + timedelta(hours=10)
TOMORROW = NOW + timedelta(days=1)


def opened(database: Database, sender_id: str = CHAT, now=NOW, topic: str | None = None) -> Opened:
    with database.write() as session:
        return tickets.open_ticket(session, sender_id, topic, None, now, OFFICE)


def left(database: Database, text: str, sender_id: str = CHAT, now=NOW) -> Opened:
    with database.write() as session:
        return tickets.leave_message(session, sender_id, text, now, OFFICE)


def row(database: Database, number: int) -> Ticket:
    with database.read() as session:
        found = session.get(Ticket, number)
        session.expunge_all()
        return found


def kinds(database: Database, number: int) -> list[str]:
    with database.read() as session:
        found = session.query(TicketEvent).filter_by(ticket_id=number).order_by(TicketEvent.id)
        return [event.kind for event in found]


def test_who_comes_later_stands_behind(database: Database) -> None:
    first = opened(database, "web:first")
    second = opened(database, now=NOW + timedelta(seconds=1))
    assert (first.ahead, second.ahead, first.new, second.new) == (0, 1, True, True)
    assert (second.state, second.holder, second.opens_at) == ("open", None, None)
    with database.read() as session:
        assert [ticket.id for ticket in tickets.queue(session)] == [first.number, second.number]
        assert tickets.place(session, second.number) == 1


def test_asking_again_keeps_ticket_and_place_and_tells_the_new_one(database: Database) -> None:
    first, mine = opened(database, "web:first"), opened(database, now=NOW + timedelta(seconds=1))
    assert opened(database, now=NOW + timedelta(minutes=5)) == Opened(mine.number, 1, False)
    handoff.take(database, first.number, add_staff(database, "a", 3), NOW)
    assert opened(database, now=NOW + timedelta(minutes=6)) == Opened(mine.number, 0, False)
    assert kinds(database, mine.number) == ["opened"]


def test_a_held_chat_reads_who_holds_it(database: Database) -> None:
    number = opened(database).number
    handoff.take(database, number, add_staff(database, "a", 12), NOW)
    assert opened(database) == Opened(number, 0, False, "taken", 12)


def test_outside_office_hours_the_ticket_says_when_staff_are_back_and_counts_as_offered(database: Database) -> None:
    mine = opened(database, now=EVENING)
    assert mine.opens_at == TOMORROW
    ticket = row(database, mine.number)
    assert (ticket.in_hours, ticket.offered_at) == (False, EVENING)
    assert (row(database, opened(database, "web:b").number).in_hours, opened(database, "web:b").opens_at) == (True, None)


def test_a_closed_ticket_is_followed_by_a_new_one(database: Database) -> None:
    first, staff = opened(database), add_staff(database, "a", 3)
    handoff.take(database, first.number, staff, NOW)
    handoff.close(database, first.number, staff, NOW)
    again = opened(database)
    assert again.new
    assert again.number > first.number


def test_a_message_of_somebody_who_waits_takes_them_out_of_the_queue(database: Database) -> None:
    mine = opened(database)
    assert left(database, "我的学时没审", now=EVENING) == Opened(mine.number, 0, False, "left", None, TOMORROW)
    ticket = row(database, mine.number)
    assert (ticket.state, ticket.message) == ("left", "我的学时没审")
    assert kinds(database, mine.number) == ["opened", "left"]
    with database.read() as session:
        assert tickets.queue(session) == []


def test_a_message_without_a_ticket_opens_one(database: Database) -> None:
    mine = left(database, "我的学时没审")
    assert (mine.state, mine.new, row(database, mine.number).message) == ("left", True, "我的学时没审")


def test_more_is_added_behind_up_to_a_limit(database: Database) -> None:
    number = left(database, "一").number
    assert left(database, "二").number == number
    assert row(database, number).message == "一\n二"
    left(database, "长" * LONGEST_MESSAGE)
    assert len(row(database, number).message) == LONGEST_MESSAGE


def test_of_more_than_the_limit_the_newest_stays_and_staff_read_that_there_was_more(database: Database) -> None:
    for number in range(1, 7):
        ticket = left(database, f"第{number}条" + "长" * 900).number
    kept = row(database, ticket).message
    assert len(kept) <= LONGEST_MESSAGE
    assert kept.startswith("（更早的留言太长，没有列在这里，请看对话记录）\n")
    assert kept.count("更早的留言") == 1
    assert kept.endswith("第6条" + "长" * 900)
    left(database, "完")
    assert row(database, ticket).message.startswith("（更早的留言")
    assert row(database, ticket).message.endswith("\n完")


def test_who_left_a_message_and_calls_again_goes_to_the_end_of_the_queue(database: Database) -> None:
    mine = left(database, "一").number
    opened(database, "web:other", NOW + timedelta(seconds=1))
    again = opened(database, now=NOW + timedelta(seconds=2), topic="hours_public")
    assert again == Opened(mine, 1, True)
    ticket = row(database, mine)
    assert (ticket.state, ticket.message, ticket.topic, ticket.opened_at) == ("open", "一", "hours_public", NOW + timedelta(seconds=2))


def test_whoever_calls_again_after_a_message_is_answered_anew(database: Database) -> None:
    number, staff = opened(database).number, add_staff(database, "a", 3)
    handoff.take(database, number, staff, NOW)
    handoff.reply(database, number, staff, "您好", "client-1", NOW)
    handoff.transfer(database, number, staff, None, NOW)
    left(database, "一")
    assert row(database, number).first_reply_at == NOW
    opened(database, now=EVENING)
    ticket = row(database, number)
    assert (ticket.taken_by, ticket.taken_at, ticket.first_reply_at) == (None, None, None)
    assert ticket.opened_at == EVENING


def test_a_message_in_a_held_conversation_changes_nothing_but_the_message(database: Database) -> None:
    number = opened(database).number
    handoff.take(database, number, add_staff(database, "a", 3), NOW)
    assert left(database, "一").state == "taken"
    assert row(database, number).message == "一"


def test_what_a_person_has_deleted_is_gone_from_their_tickets_alone(database: Database) -> None:
    mine, other = left(database, "一").number, left(database, "二", "web:other").number
    with database.write() as session:
        staff = Staff(login="a", name="甲", number=1, role="agent", password_hash="-", created_at=NOW)
        session.add(staff)
        session.flush()
        for number in (mine, other):
            tickets.note_event(session, number, "note", NOW, staff.id, "住西宁，问过两次")
            session.add(Draft(staff_id=staff.id, ticket_id=number, kind="reply", text="您上次说", at=NOW))
        session.flush()
        tickets.forget(session, CHAT)
    with database.read() as session:
        notes = select(TicketEvent.ticket_id, TicketEvent.detail).where(TicketEvent.kind == "note").order_by(TicketEvent.ticket_id)
        assert [tuple(one) for one in session.execute(notes)] == [(mine, None), (other, "住西宁，问过两次")]
        assert session.execute(select(Draft.ticket_id)).scalars().all() == [other]
    assert (row(database, mine).message, row(database, mine).last_question, row(database, other).message) == (None, None, "二")


@pytest.mark.parametrize("together", [2, 4])
def test_one_chat_gets_one_ticket_however_often_it_calls_at_once(database: Database, together: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(together) as pool:
        found = list(pool.map(lambda _: opened(database), range(together)))
    assert len({one.number for one in found}) == 1
    assert sum(one.new for one in found) == 1
