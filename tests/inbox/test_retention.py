"""What is old goes, each kind at its own age; what a person takes back goes at once; nothing of anybody else goes."""

from datetime import timedelta

import pytest

from bot import db
from bot.db import Database
from bot.inbox import feedback, journal, outbox, retention, turns
from bot.inbox.models import DialogueTurn, Feedback, Journal, Outbox
from bot.inbox.transcript import BOT, PERSON, Said, transcript
from tests.inbox.asking import rows, turn
from tests.inbox.conftest import NOW

ANSWER = {"text": "答", "metadata": {"feedback": True}}


def said(database: Database, sender: str, days_ago: int, number: int = 1, state: str = "processed") -> int:
    """One message with its answer, a vote and a dialogue turn; its journal id."""
    at = NOW - timedelta(days=days_ago)
    with database.write() as session:
        entry = journal.write(session, channel="web", sender_id=sender, external_id=None, text="问", now=at)
        journal.mark(session, entry.id, state)
        (told,) = outbox.add(session, sender, [ANSWER], at, journal_id=entry.id)
        feedback.vote(session, told.id, sender, "useful", at)
        turns.add(session, turn(sender, number, at))
    return entry.id


@pytest.mark.parametrize(("what", "model"), [("journal", Journal), ("outbox", Outbox), ("conversations", DialogueTurn)])
def test_each_kind_is_deleted_at_its_own_age(database: Database, monkeypatch: pytest.MonkeyPatch, what: str, model: type) -> None:
    monkeypatch.setattr(db, "BATCH", 2)
    for number, days in enumerate([40, 35, 31, 30, 29, 1], 1):
        said(database, f"web:{number % 2}", days, number)
    before = NOW - timedelta(days=30)
    with database.look() as connection:
        assert retention.old(what, connection, before) == 3
    assert retention.purge(what, database, before) == 3
    assert retention.purge(what, database, before) == 0
    assert {kind.__name__: len(rows(database, kind)) for kind in (Journal, Outbox, DialogueTurn)} == {
        kind.__name__: 3 if kind is model else 6 for kind in (Journal, Outbox, DialogueTurn)
    }
    assert len(rows(database, Feedback)) == len(rows(database, Outbox)), "votes go with their answers"


def test_a_message_that_waits_for_its_answer_is_not_purged(database: Database) -> None:
    said(database, "web:a", 400, state="received")
    assert retention.purge("journal", database, NOW) == 0


def test_what_was_said_with_one_sender_goes_and_nothing_else(database: Database) -> None:
    said(database, "web:a", 2, 1)
    current = said(database, "web:a", 1, 2, state="received")
    said(database, "web:ab", 1)
    with database.write() as session:
        retention.forget(session, "web:a", but=current)
    assert [(row.id, row.sender_id) for row in rows(database, Journal)] == [(current, "web:a"), (current + 1, "web:ab")]
    assert [row.sender_id for row in rows(database, Outbox)] == ["web:ab"]
    assert [row.sender_id for row in rows(database, DialogueTurn)] == ["web:ab"]
    assert len(rows(database, Feedback)) == 1


EVENTS = """[{"event":"action","name":"action_listen"},{"event":"user","text":"学时"},
{"event":"slot","name":"bound","value":false},{"event":"bot","text":"答一","data":{"buttons":[{"title":"看原文","payload":"x"}]}},
{"event":"bot","text":null,"data":{"buttons":null}}]"""


def test_a_dialogue_reads_as_it_was_said(database: Database) -> None:
    with database.begin() as connection:
        turns.add(connection, turn("web:a", 2, NOW, """[{"event":"user","text":"谢谢"}]"""))
        turns.add(connection, turn("web:a", 1, NOW, EVENTS))
        turns.add(connection, turn("web:b", 1, NOW, EVENTS))
    with database.look() as connection:
        lines = list(transcript(connection, "web:a"))
        assert list(transcript(connection, "web:nobody")) == []
    assert lines == [Said(NOW, PERSON, "学时"), Said(NOW, BOT, "答一", ("看原文",)), Said(NOW, BOT, ""), Said(NOW, PERSON, "谢谢")]
