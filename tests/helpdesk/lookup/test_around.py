"""What was said around a moment is shown as far as the chat spoke for the same person, or for nobody, and no further."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk.lookup.around import note_look, said_around
from bot.hours.models import AuditEntry, ChatIdentity, Person
from bot.hours.sample import load_sample
from tests.helpdesk.chats import answer, say
from tests.helpdesk.conftest import NOW

MINUTE = timedelta(minutes=1)
FIGURES = "马占海您好，今年专业科目还差 30 学时"


@pytest.fixture
def chat(database: Database) -> Database:
    """A visitor asks twice; two minutes later the chat is bound, and its person asks."""
    load_sample(database, NOW)
    for minute in (0, 1):
        say(database, "web:a", f"问{minute}", NOW + minute * MINUTE)
        answer(database, "web:a", f"答{minute}", NOW + minute * MINUTE + timedelta(seconds=1))
    with database.write() as session:
        person = session.execute(select(Person).where(Person.name == "马占海")).scalar_one()
        session.add(ChatIdentity(sender_id="web:a", person_id=person.id, bound_at=NOW + 2 * MINUTE))
    say(database, "web:a", "我还差多少", NOW + 3 * MINUTE)
    answer(database, "web:a", FIGURES, NOW + 3 * MINUTE + timedelta(seconds=1))
    return database


def seen(database: Database, at: datetime) -> tuple[list[str], str | None]:
    with database.read() as session:
        found = said_around(session, "web:a", at)
        return [line.payload["text"] for line in found.lines], found.person.name if found.person else None


def test_what_a_visitor_said_comes_without_what_the_person_bound_later_was_told(chat: Database) -> None:
    assert seen(chat, NOW + MINUTE) == (["问0", "答0", "问1", "答1"], None)


def test_what_a_person_said_comes_without_what_was_said_before_the_chat_was_theirs(chat: Database) -> None:
    assert seen(chat, NOW + 3 * MINUTE) == (["我还差多少", FIGURES], "马占海")


def test_a_chat_that_is_nobodys_is_shown_as_it_is(chat: Database) -> None:
    with chat.write() as session:
        session.query(ChatIdentity).delete()
    assert seen(chat, NOW + MINUTE) == (["问0", "答0", "问1", "答1", "我还差多少", FIGURES], None)


def test_the_trail_names_what_was_read_and_of_whom(chat: Database) -> None:
    with chat.write() as session:
        note_look(session, "staff:1", said_around(session, "web:a", NOW), "dashboard", 12, NOW)
        note_look(session, "staff:1", said_around(session, "web:a", NOW + 3 * MINUTE), "learning", 7, NOW)
    with chat.read() as session:
        noted = select(AuditEntry.person_id, AuditEntry.detail).where(AuditEntry.action == "console-lookup").order_by(AuditEntry.id)
        person = session.execute(select(Person.id).where(Person.name == "马占海")).scalar_one()
        assert [tuple(row) for row in session.execute(noted)] == [(None, "dashboard 12"), (person, "learning 7")]
