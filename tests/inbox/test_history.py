"""What was said around a moment: a few messages of the person, and the answers among them."""

from datetime import timedelta

from bot.inbox.history import BEFORE, BEHIND, PERSON, around
from bot.inbox.models import Journal, Outbox
from tests.inbox.conftest import NOW

MINUTE = timedelta(minutes=1)


def talk(database, sender: str, count: int) -> None:
    with database.write() as session:
        for number in range(count):
            at = NOW + number * MINUTE
            session.add(Journal(sender_id=sender, channel="web", text=f"问{number}", received_at=at, state="processed"))
            session.add(Outbox(sender_id=sender, kind="faq", payload={"text": f"答{number}"}, created_at=at + MINUTE / 60, state="sent"))


def said(database, sender: str, at) -> list[str]:
    with database.read() as session:
        return [line.payload["text"] for line in around(session, sender, at)]


def test_messages_before_and_behind_the_moment_come_with_their_answers_in_order(database):
    talk(database, "web:1", 30)
    talk(database, "web:2", 30)
    numbers = range(15 - BEFORE + 1, 15 + BEHIND + 1)
    assert said(database, "web:1", NOW + 15 * MINUTE) == [text for number in numbers for text in (f"问{number}", f"答{number}")]


def test_at_the_ends_of_a_conversation_there_is_less(database):
    talk(database, "web:1", 3)
    everything = ["问0", "答0", "问1", "答1", "问2", "答2"]
    assert said(database, "web:1", NOW) == said(database, "web:1", NOW + 9 * MINUTE) == everything
    assert said(database, "web:3", NOW) == []


def test_each_line_knows_whose_it_is(database):
    talk(database, "web:1", 1)
    with database.read() as session:
        assert [(line.kind, line.outbox_id is None) for line in around(session, "web:1", NOW)] == [(PERSON, True), ("faq", False)]
