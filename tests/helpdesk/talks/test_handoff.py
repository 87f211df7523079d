"""A conversation in a human's hands: taken once, answered by who holds it, and given back to a bot that begins anew."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk import tickets
from bot.helpdesk.models import Staff, StaffMessage, Ticket, TicketEvent
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.staff import accounts
from bot.helpdesk.talks import handoff
from bot.helpdesk.talks.handoff import FINISHED, NEWER, NO_SUCH_STAFF, NOT_YOURS, UNKNOWN
from bot.helpdesk.talks.written import EMPTY, TOO_LONG, cleaned
from bot.inbox import choices, hold, journal, outbox, reach, turns
from bot.inbox.ending import Answers, end
from bot.inbox.models import HELD, PROCESSED, RECEIVED, Outbox
from bot.inbox.question import Handled, Question
from bot.inbox.turns import StoredTurn
from tests.helpdesk.conftest import NOW, add_staff

CHAT = "web:somebody"
ALWAYS = OfficeHours(None)


@dataclass
class Hall:
    """A database with three agents, numbers 3, 5 and 8, and one of a unit."""

    database: Database
    three: int
    five: int
    eight: int
    unit: int

    def waiting(self, sender_id: str = CHAT) -> int:
        with self.database.write() as session:
            return tickets.open_ticket(session, sender_id, "hours_public", "公需多少", NOW, ALWAYS).number

    def ticket(self, number: int) -> Ticket:
        with self.database.read() as session:
            found = session.get(Ticket, number)
            session.expunge_all()
            return found

    def told(self, sender_id: str = CHAT) -> list[str]:
        with self.database.read() as session:
            mine = select(Outbox.payload).where(Outbox.sender_id == sender_id).order_by(Outbox.id)
            return [payload["text"] for payload in session.execute(mine).scalars()]

    def events(self, number: int) -> list[tuple[str, int | None, str | None]]:
        with self.database.read() as session:
            rows = session.execute(select(TicketEvent).where(TicketEvent.ticket_id == number).order_by(TicketEvent.id)).scalars()
            return [(row.kind, row.staff_id, row.detail) for row in rows]

    def holder(self, sender_id: str = CHAT) -> str | None:
        with self.database.read() as session:
            return hold.holder(session, sender_id)

    def says(self, text: str, sender_id: str = CHAT) -> Question:
        with self.database.write() as session:
            entry = journal.write(session, channel="web", sender_id=sender_id, external_id=None, text=text, now=NOW)
        return Question(text, sender_id, "web", entry.id, {})

    def answers(self, question: Question, text: str = "答", stored: tuple[StoredTurn, ...] = ()) -> Handled:
        with self.database.begin() as connection:
            return end(question, Answers([{"text": text}], stored, "pending", PROCESSED), NOW, connection)

    def state_of(self, question: Question) -> str | None:
        with self.database.read() as session:
            return journal.state_of(session, question.journal_id)


@pytest.fixture
def hall(database: Database) -> Hall:
    staff = [add_staff(database, f"agent{number}", number) for number in (3, 5, 8)]
    return Hall(database, *staff, add_staff(database, "unit", 9, "unit", "甲单位"))


def test_a_taken_person_reads_who_serves_them_and_the_bot_is_silent(hall: Hall) -> None:
    number = hall.waiting()
    assert handoff.take(hall.database, number, hall.three, NOW) == handoff.Taken(True, 3)
    assert hall.told() == ["坐席 3 号为您服务"]
    assert hall.holder() == "staff:3"
    ticket = hall.ticket(number)
    assert (ticket.state, ticket.taken_by, ticket.taken_at) == ("taken", hall.three, NOW)
    assert hall.events(number) == [("opened", None, None), ("taken", hall.three, None)]
    question = hall.says("在吗")
    assert hall.state_of(question) == HELD
    assert hall.answers(question).state == HELD
    assert hall.told() == ["坐席 3 号为您服务"]


def test_of_two_agents_one_gets_the_ticket_and_the_other_reads_who_has_it(hall: Hall) -> None:
    for _ in range(5):
        number = hall.waiting()
        with ThreadPoolExecutor(2) as pool:
            tries = [pool.submit(handoff.take, hall.database, number, staff, NOW) for staff in (hall.three, hall.five)]
            first, second = (one.result() for one in tries)
        winner = first if first.ok else second
        loser = second if first.ok else first
        assert winner.ok
        assert loser == handoff.Taken(False, winner.by, NOT_YOURS)
        assert [text for text in hall.told() if "为您服务" in text][-1] == f"坐席 {winner.by} 号为您服务"
        assert hall.holder() == f"staff:{winner.by}"
        assert handoff.close(hall.database, number, hall.three if winner.by == 3 else hall.five, NOW).ok
    assert len([text for text in hall.told() if "为您服务" in text]) == 5


def test_taking_again_what_one_holds_changes_nothing(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    assert handoff.take(hall.database, number, hall.three, NOW).ok
    assert len(hall.told()) == 1


def test_an_answer_being_made_is_never_said_and_its_message_is_the_humans(hall: Hall) -> None:
    number, question = hall.waiting(), hall.says("公需多少学时")
    handoff.take(hall.database, number, hall.three, NOW)
    assert hall.state_of(question) == HELD
    assert hall.answers(question) == Handled(HELD)
    assert hall.told() == ["坐席 3 号为您服务"]


def test_an_answer_that_outlives_the_whole_handoff_is_not_said_either(hall: Hall) -> None:
    number, question = hall.waiting(), hall.says("公需多少学时")
    handoff.take(hall.database, number, hall.three, NOW)
    handoff.close(hall.database, number, hall.three, NOW)
    assert hall.answers(question) == Handled(HELD)
    assert len(hall.told()) == 2


def test_what_was_said_before_the_taking_is_answered_before_it(hall: Hall) -> None:
    number, question = hall.waiting(), hall.says("公需多少学时")
    assert hall.answers(question).state == PROCESSED
    handoff.take(hall.database, number, hall.three, NOW)
    assert hall.told() == ["答", "坐席 3 号为您服务"]


def test_an_answer_and_a_taking_at_the_same_moment_never_leave_the_bot_talking_behind_the_agent(hall: Hall) -> None:
    for round_number in range(8):
        chat = f"web:race{round_number}"
        number, question = hall.waiting(chat), hall.says("公需多少学时", chat)
        with ThreadPoolExecutor(2) as pool:
            taking = pool.submit(handoff.take, hall.database, number, hall.three, NOW)
            answering = pool.submit(hall.answers, question)
            assert taking.result().ok
            answered = answering.result().state
        expected = ["答", "坐席 3 号为您服务"] if answered == PROCESSED else ["坐席 3 号为您服务"]
        assert hall.told(chat) == expected


def test_a_reply_goes_out_once_however_often_the_page_sends_it(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    first = handoff.reply(hall.database, number, hall.three, " 您好\u200b，在的\u0007 ", "c1", NOW)
    again = handoff.reply(hall.database, number, hall.three, "您好，在的", "c1", NOW)
    assert first.outgoing is not None
    assert (first.outgoing.kind, first.outgoing.payload["text"], first.outgoing.state) == ("staff", "您好，在的", "pending")
    assert again.repeated
    assert again.outgoing is not None
    assert again.outgoing.id == first.outgoing.id
    assert hall.told() == ["坐席 3 号为您服务", "您好，在的"]
    assert hall.ticket(number).first_reply_at == NOW
    with hall.database.read() as session:
        (who,) = session.execute(select(StaffMessage)).scalars().all()
        assert (who.outbox_id, who.ticket_id, who.staff_id, who.client_id) == (first.outgoing.id, number, hall.three, "c1")


def test_the_same_sending_many_times_at_once_is_one_message(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: handoff.reply(hall.database, number, hall.three, "一次", "same", NOW), range(4)))
    assert len({one.outgoing.id for one in sent if one.outgoing}) == 1
    assert sum(not one.repeated for one in sent) == 1
    assert hall.told().count("一次") == 1


def test_only_the_first_reply_counts_as_the_first(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    for later in (10, 60):
        handoff.reply(hall.database, number, hall.three, "好", f"c{later}", NOW + timedelta(seconds=later))
    assert hall.ticket(number).first_reply_at == NOW + timedelta(seconds=10)


def test_a_reply_is_refused_to_everybody_but_who_holds_the_conversation(hall: Hall) -> None:
    number = hall.waiting()
    assert handoff.reply(hall.database, number, hall.three, "好", "a", NOW).refused == FINISHED
    handoff.take(hall.database, number, hall.three, NOW)
    other = handoff.reply(hall.database, number, hall.five, "好", "b", NOW)
    assert (other.outgoing, other.refused, other.by) == (None, NOT_YOURS, 3)
    handoff.close(hall.database, number, hall.three, NOW)
    assert handoff.reply(hall.database, number, hall.three, "好", "c", NOW).refused == FINISHED
    assert handoff.reply(hall.database, 999, hall.three, "好", "d", NOW).refused == UNKNOWN
    assert hall.told() == ["坐席 3 号为您服务", hall.told()[1]]


@pytest.mark.parametrize(("text", "reason"), [("", EMPTY), (" \n\u200b", EMPTY), ("长" * 2001, TOO_LONG)])
def test_a_reply_without_words_or_with_too_many_is_refused(hall: Hall, text: str, reason: str) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    assert handoff.reply(hall.database, number, hall.three, text, "c", NOW).refused == reason
    assert handoff.note(hall.database, number, hall.three, text, NOW).reason == reason


def test_at_the_end_the_bot_talks_again_and_the_person_is_told(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    question = hall.says("谢谢")
    assert handoff.close(hall.database, number, hall.five, NOW) == handoff.Done(False, NOT_YOURS, 3)
    assert handoff.close(hall.database, number, hall.three, NOW).ok
    assert hall.told()[-1].startswith("已转回智能助手")
    assert hall.holder() is None
    assert (hall.ticket(number).state, hall.ticket(number).closed_at) == ("closed", NOW)
    assert hall.state_of(question) == HELD, "what was said to the human is never answered by the bot"
    after = hall.says("谢谢")
    assert hall.state_of(after) == RECEIVED
    assert hall.answers(after, "不客气").state == PROCESSED
    assert handoff.close(hall.database, number, hall.three, NOW) == handoff.Done(False, FINISHED)
    with hall.database.read() as session:
        assert tickets.queue(session) == []


def test_what_the_dialogue_had_asked_or_offered_is_void_afterwards(hall: Hall) -> None:
    number = hall.waiting()
    state = json.dumps({"slots": {"bound": True}, "loop": {"name": "bind_form"}})
    with hall.database.write() as session:
        turns.add(session, StoredTurn(CHAT, 1, NOW, '[{"event":"x"}]', state))
        reach.offer(session, CHAT, [("甲", "甲"), ("乙", "乙")])
        (sent,) = outbox.add(session, CHAT, [{"text": "选"}], NOW)
        (key,) = choices.offer(session, CHAT, sent.id, ["甲"])
        (other,) = choices.offer(session, "tg:other", sent.id, ["乙"])
    handoff.take(hall.database, number, hall.three, NOW)
    handoff.close(hall.database, number, hall.three, NOW)
    with hall.database.read() as session:
        assert [(turn.number, turn.events, turn.state) for turn in turns.last(session, CHAT, 5)][1:] == [(2, turns.NOTHING, state)]
        assert reach.of(session, CHAT).offer_stale
        assert choices.chosen(session, CHAT, key) is None
        assert choices.chosen(session, "tg:other", other) == "乙"


def test_an_answer_made_from_the_old_dialogue_conflicts_with_the_interruption(hall: Hall) -> None:
    with hall.database.write() as session:
        turns.add(session, StoredTurn(CHAT, 1, NOW, '[{"event":"x"}]', "{}"))
        turns.interrupt(session, CHAT, NOW)
        turns.interrupt(session, CHAT, NOW)
        assert [turn.number for turn in turns.last(session, CHAT, 5)] == [1, 2]
    with pytest.raises(turns.TurnConflict):
        hall.answers(hall.says("你好"), stored=(StoredTurn(CHAT, 2, NOW, '[{"event":"y"}]', "{}"),))


def test_a_colleague_takes_over_and_the_person_reads_who(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    assert handoff.transfer(hall.database, number, hall.five, hall.eight, NOW) == handoff.Done(False, NOT_YOURS, 3)
    assert handoff.transfer(hall.database, number, hall.three, hall.five, NOW) == handoff.Done(True, by=5)
    assert hall.holder() == "staff:5"
    assert hall.told()[-1].startswith("已转给坐席 5 号")
    assert hall.events(number)[-1] == ("transferred", hall.three, "5")
    assert handoff.reply(hall.database, number, hall.three, "还在", "x", NOW).refused == NOT_YOURS
    assert handoff.reply(hall.database, number, hall.five, "我来", "x", NOW).outgoing is not None
    assert handoff.close(hall.database, number, hall.five, NOW).ok


def test_nobody_hands_over_to_themselves_to_a_unit_or_to_somebody_who_left(hall: Hall) -> None:
    number = hall.waiting()
    handoff.take(hall.database, number, hall.three, NOW)
    for nobody in (hall.three, hall.unit, 999):
        assert handoff.transfer(hall.database, number, hall.three, nobody, NOW).reason == NO_SUCH_STAFF
    assert hall.holder() == "staff:3"


def test_back_in_the_queue_the_person_has_their_old_place_and_talks_with_the_bot(hall: Hall) -> None:
    first, second = hall.waiting("web:first"), hall.waiting("web:second")
    handoff.take(hall.database, first, hall.three, NOW)
    assert handoff.transfer(hall.database, first, hall.three, None, NOW).ok
    assert hall.holder("web:first") is None
    with hall.database.read() as session:
        assert [ticket.id for ticket in tickets.queue(session)] == [first, second]
    assert "前面还有0位" in hall.told("web:first")[-1]
    assert hall.answers(hall.says("公需多少", "web:first")).state == PROCESSED
    assert hall.ticket(first).offered_at == NOW, "the same sentence offers to leave a message"
    assert handoff.take(hall.database, first, hall.five, NOW).ok


def test_a_group_back_in_the_queue_is_not_offered_to_write_what_others_read(hall: Hall) -> None:
    number = hall.waiting("tgg:-5/7")
    handoff.take(hall.database, number, hall.three, NOW)
    assert handoff.transfer(hall.database, number, hall.three, None, NOW).ok
    with hall.database.read() as session:
        payload = session.execute(select(Outbox.payload).order_by(Outbox.id.desc()).limit(1)).scalar_one()
    assert "要留言请单独打开我的对话" in payload["text"]
    assert "buttons" not in payload


def test_closing_waits_for_a_message_that_is_being_left(hall: Hall) -> None:
    with hall.database.write() as session:
        number = tickets.leave_message(session, CHAT, "我的学时没有审", NOW, ALWAYS).number
    with ThreadPoolExecutor(1) as pool:
        with hall.database.write() as session:
            tickets.alone_with_tickets(session, CHAT)
            closing = pool.submit(handoff.close, hall.database, number, hall.three, NOW)
            time.sleep(0.3)
            assert not closing.done()
        assert closing.result().ok


def test_a_left_message_can_be_taken_or_closed_by_anybody(hall: Hall) -> None:
    with hall.database.write() as session:
        first = tickets.leave_message(session, "web:a", "我的学时没有审", NOW, ALWAYS).number
        second = tickets.leave_message(session, "web:b", "谢谢", NOW, ALWAYS).number
    assert handoff.take(hall.database, first, hall.three, NOW).ok
    assert handoff.close(hall.database, second, hall.five, NOW).ok
    assert (hall.told("web:a"), hall.told("web:b")) == (["坐席 3 号为您服务"], [])


def test_a_closed_ticket_is_reopened_into_ones_own_hands(hall: Hall) -> None:
    number = hall.waiting()
    assert handoff.reopen(hall.database, number, hall.three, NOW).reason == FINISHED
    handoff.take(hall.database, number, hall.three, NOW)
    assert handoff.reopen(hall.database, number, hall.five, NOW) == handoff.Taken(False, 3, NOT_YOURS)
    handoff.close(hall.database, number, hall.three, NOW)
    assert handoff.reopen(hall.database, number, hall.five, NOW) == handoff.Taken(True, 5)
    assert (hall.holder(), hall.ticket(number).closed_at) == ("staff:5", None)
    assert hall.events(number)[-1] == ("reopened", hall.five, None)


def test_no_ticket_is_reopened_beside_a_newer_one_and_nothing_of_the_try_remains(hall: Hall) -> None:
    old = hall.waiting()
    handoff.take(hall.database, old, hall.three, NOW)
    handoff.close(hall.database, old, hall.three, NOW)
    newer = hall.waiting()
    assert handoff.reopen(hall.database, old, hall.five, NOW) == handoff.Taken(False, None, NEWER)
    handoff.take(hall.database, newer, hall.three, NOW)
    assert handoff.reopen(hall.database, old, hall.five, NOW) == handoff.Taken(False, 3, NEWER)
    assert (hall.ticket(old).state, hall.holder()) == ("closed", "staff:3")


def test_a_reopening_waits_for_a_call_for_a_human_that_is_being_written_down(hall: Hall) -> None:
    old = hall.waiting()
    handoff.take(hall.database, old, hall.three, NOW)
    handoff.close(hall.database, old, hall.three, NOW)
    with ThreadPoolExecutor(1) as pool:
        with hall.database.write() as session:
            tickets.open_ticket(session, CHAT, None, None, NOW, ALWAYS)
            reopening = pool.submit(handoff.reopen, hall.database, old, hall.five, NOW)
            time.sleep(0.3)
        assert reopening.result() == handoff.Taken(False, None, NEWER)
    assert hall.ticket(old).state == "closed"


def test_a_call_for_a_human_waits_for_a_reopening_and_finds_it(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    old = hall.waiting()
    handoff.take(hall.database, old, hall.three, NOW)
    handoff.close(hall.database, old, hall.three, NOW)
    looked = threading.Event()

    def slowly(*_: object) -> None:
        looked.set()
        time.sleep(0.3)

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as slow:
        slow.setattr(handoff.journal, "leave_to_human", slowly)
        reopening = pool.submit(handoff.reopen, hall.database, old, hall.five, NOW)
        assert looked.wait(5)
        assert hall.waiting() == old
        assert reopening.result() == handoff.Taken(True, 5)


def test_a_conversation_that_something_else_holds_is_not_taken(hall: Hall) -> None:
    number = hall.waiting()
    with hall.database.write() as session:
        hold.hold(session, CHAT, "operator", NOW)
    assert handoff.take(hall.database, number, hall.three, NOW) == handoff.Taken(False, None, NOT_YOURS)
    assert hall.ticket(number).state == "open"


def test_an_unknown_ticket_is_named_as_such(hall: Hall) -> None:
    assert handoff.take(hall.database, 999, hall.three, NOW).reason == UNKNOWN
    assert handoff.close(hall.database, 999, hall.three, NOW).reason == UNKNOWN
    assert handoff.transfer(hall.database, 999, hall.three, None, NOW).reason == UNKNOWN
    assert handoff.note(hall.database, 999, hall.three, "x", NOW).reason == UNKNOWN


def test_notes_are_kept_and_reach_nobody(hall: Hall) -> None:
    number = hall.waiting()
    assert handoff.note(hall.database, number, hall.five, " 上次也问过 ", NOW).ok
    assert hall.events(number)[-1] == ("note", hall.five, "上次也问过")
    assert hall.told() == []


def test_a_note_is_kept_once_however_often_the_page_sends_it(hall: Hall) -> None:
    number, other = hall.waiting(), hall.waiting("web:other")
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda _: handoff.note(hall.database, number, hall.five, "没接电话", NOW, "n1"), range(4)))
    assert [one.ok for one in kept] == [True] * 4
    assert [event for event in hall.events(number) if event[0] == "note"] == [("note", hall.five, "没接电话")]
    assert handoff.note(hall.database, number, hall.five, "没接电话", NOW, "n2").ok, "the same words once more, and meant"
    assert handoff.note(hall.database, number, hall.three, "没接电话", NOW, "n1").ok, "somebody else's page"
    assert handoff.note(hall.database, other, hall.five, "没接电话", NOW, "n1").ok
    assert [len([event for event in hall.events(one) if event[0] == "note"]) for one in (number, other)] == [3, 1]


@given(st.text())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_cleaning_keeps_every_visible_sign_and_is_done_once(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert [sign for sign in text if sign.isprintable() and not sign.isspace()] == [
        sign for sign in once if sign.isprintable() and not sign.isspace()
    ]


def test_emoji_of_several_signs_stay_whole() -> None:
    assert cleaned("👨\u200d👩\u200d👧 好\r\n的") == "👨\u200d👩\u200d👧 好\n的"


def test_a_conversation_that_a_colleague_has_left_standing_is_taken_over_and_no_other(hall: Hall) -> None:
    ticket = hall.waiting()
    assert handoff.take_over(hall.database, ticket, hall.five, NOW).reason == FINISHED
    handoff.take(hall.database, ticket, hall.three, NOW)
    assert handoff.take_over(hall.database, ticket, hall.unit, NOW).reason == NO_SUCH_STAFF
    assert handoff.take_over(hall.database, ticket, hall.five, NOW).by == 5
    assert hall.holder() == "staff:5"
    assert "5 号" in hall.told()[-1]
    assert hall.events(ticket)[-1] == ("taken_over", hall.five, None)
    assert handoff.reply(hall.database, ticket, hall.three, "您好", "late-client", NOW).refused == NOT_YOURS
    assert not handoff.take_over(hall.database, ticket, hall.five, NOW).ok
    handoff.close(hall.database, ticket, hall.five, NOW)
    assert handoff.take_over(hall.database, ticket, hall.three, NOW).reason == FINISHED


def test_whom_a_disabled_account_was_talking_with_wait_in_the_queue_again(hall: Hall) -> None:
    theirs, others = hall.waiting("web:one"), hall.waiting("web:two")
    handoff.take(hall.database, theirs, hall.three, NOW)
    handoff.take(hall.database, others, hall.five, NOW)
    assert handoff.let_go(hall.database, hall.three, NOW) == 1
    assert (hall.ticket(theirs).state, hall.holder("web:one")) == ("open", None)
    assert (hall.ticket(others).state, hall.holder("web:two")) == ("taken", "staff:5")


def test_back_in_the_queue_outside_office_hours_the_person_reads_when_staff_are_back(hall: Hall) -> None:
    office, evening = OfficeHours(((9 * 60, 12 * 60),)), NOW + timedelta(hours=10)
    first, second = hall.waiting("web:one"), hall.waiting("web:two")
    for number in (first, second):
        handoff.take(hall.database, number, hall.three, NOW)
    handoff.transfer(hall.database, first, hall.three, None, NOW, office)
    assert "工作人员" not in hall.told("web:one")[-1]
    assert handoff.let_go(hall.database, hall.three, evening, office) == 1
    assert "前面还有1位。现在不是工作时间，工作人员明天（周二）09:00上班" in hall.told("web:two")[-1]


@pytest.mark.parametrize("act", [handoff.take, handoff.reopen])
def test_an_account_that_is_disabled_takes_nothing_more_even_where_it_had_asked_before(
    hall: Hall, act: Callable[..., handoff.Taken]
) -> None:
    number = hall.waiting()
    if act is handoff.reopen:
        handoff.take(hall.database, number, hall.five, NOW)
        handoff.close(hall.database, number, hall.five, NOW)
    before = hall.ticket(number).state
    with hall.database.write() as session:
        session.get(Staff, hall.three).disabled_at = NOW
    assert handoff.let_go(hall.database, hall.three, NOW) == 0
    assert act(hall.database, number, hall.three, NOW) == handoff.Taken(False, None, NO_SUCH_STAFF)
    assert hall.ticket(number).state == before
    assert hall.holder() is None


def test_an_account_is_disabled_before_it_takes_a_conversation_or_after_and_then_lets_it_go(hall: Hall) -> None:
    """The taking has looked at the account and is not over when the account is disabled: on PostgreSQL both go on at once."""
    number, looked = hall.waiting(), threading.Event()
    true_say = handoff.say

    def say_late(*what: Any) -> None:
        looked.set()
        time.sleep(0.5)
        true_say(*what)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(handoff, "say", say_late)
        taking = pool.submit(handoff.take, hall.database, number, hall.three, NOW)
        assert looked.wait(5)
        patch.setattr(handoff, "say", true_say)
        disabling = pool.submit(accounts.disable, hall.database, "agent3", NOW)
        assert taking.result().ok
        disabling.result()
    assert hall.holder() is None
    assert hall.ticket(number).state == "open"
