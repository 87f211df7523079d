"""The migration makes what the models say, ids are never given twice, and a message's votes go with it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable

from bot.db import Base, Database
from bot.inbox import feedback, outbox
from bot.inbox.history import history
from bot.inbox.journal import write
from bot.inbox.models import ChannelState, Choice, DialogueTurn, Feedback, Hold, Journal, Missed, Outbox, Reach, Switch
from bot.schema import _config
from tests.inbox.conftest import NOW

OURS = {"journal", "outbox", "hold", "feedback", "dialogue_turn", "missed", "reach", "choice", "channel_state", "switch"}
OUTBOX = "sender_id, journal_id, kind, payload, created_at, state, attempts"
ANSWER = {"text": "答", "metadata": {"feedback": True}}


def test_the_migration_makes_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [one for one in compare_metadata(context, Base.metadata) if any(f"'{name}'" in repr(one) for name in OURS)]
    assert differences == []


@pytest.mark.parametrize("dialect", [mysql.dialect(), postgresql.dialect()], ids=lambda dialect: dialect.name)
def test_the_tables_compile_elsewhere(dialect: object) -> None:
    for model in (Journal, Outbox, Hold, Feedback, DialogueTurn, Missed, Reach, Choice, ChannelState, Switch):
        assert str(CreateTable(model.__table__).compile(dialect=dialect))


def test_the_dialogue_record_comes_and_goes_without_harm_to_what_was_there(database: Database) -> None:
    def answered(asked: str) -> None:
        """By statements of that time: the models know more columns."""
        with database.write() as session:
            columns = "sender_id, channel, text, received_at, state"
            number = session.execute(
                text(f"INSERT INTO journal ({columns}) VALUES ('web:a', 'web', :asked, :now, 'processed') RETURNING id"),
                {"asked": asked, "now": datetime(2023, 11, 20)},
            ).scalar_one()
            session.execute(
                text(f"INSERT INTO outbox ({OUTBOX}) VALUES ('web:a', :number, 'faq', '{{}}', :now, 'sent', 0)"),
                {"number": number, "now": datetime(2023, 11, 20)},
            )

    def links() -> list[tuple[int, int | None]]:
        with database.read() as session:
            return [tuple(row) for row in session.execute(text("SELECT id, journal_id FROM outbox ORDER BY id"))]

    def migrate(step: Callable[[Any, str], None], revision: str) -> None:
        with database.writer.connect() as connection, connection.begin():
            step(_config(connection), revision)

    answered("一")
    migrate(command.downgrade, "0003")
    assert links() == [(1, 1)]
    with database.write() as session:
        session.execute(text("DELETE FROM outbox"))
        session.execute(text("DELETE FROM journal"))
    answered("二")
    assert links() == [(2, 2)], "no id is given twice"
    migrate(command.upgrade, "head")
    assert links() == [(2, 2)]
    with database.read() as session:
        assert session.execute(select(Journal.text, Journal.attempts)).all() == [("二", 0)]


def test_ids_of_messages_are_not_given_again_after_a_purge(database: Database) -> None:
    with database.write() as session:
        first = outbox.add(session, "web:a", [ANSWER], NOW)[0].id
        session.execute(delete(Outbox))
    with database.write() as session:
        assert outbox.add(session, "web:a", [ANSWER], NOW)[0].id > first


def test_votes_are_stored_once_by_the_person_who_was_told(database: Database) -> None:
    with database.write() as session:
        asked, told = (message.id for message in outbox.add(session, "web:a", [ANSWER, {"text": "无"}], NOW))
        assert feedback.vote(session, asked, "web:b", "useful", NOW) is feedback.Outcome.REFUSED
        assert feedback.vote(session, told, "web:a", "useful", NOW) is feedback.Outcome.REFUSED
        assert feedback.vote(session, 999, "web:a", "useful", NOW) is feedback.Outcome.REFUSED
        assert feedback.vote(session, asked, "web:a", "useless", NOW) is feedback.Outcome.STORED
        assert feedback.vote(session, asked, "web:a", "useful", NOW) is feedback.Outcome.ALREADY
        with pytest.raises(ValueError, match="good"):
            feedback.vote(session, asked, "web:a", "good", NOW)
        assert session.execute(select(Feedback.vote)).scalars().all() == ["useless"]
        session.execute(delete(Outbox))
        assert session.execute(select(func.count()).select_from(Feedback)).scalar() == 0


def test_history_sets_answers_behind_their_questions(database: Database) -> None:
    with database.write() as session:
        for minute, asked in enumerate(["一", "二", "三"]):
            now = NOW + timedelta(minutes=minute)
            entry = write(session, channel="web", sender_id="web:a", external_id=None, text=asked, now=now)
            outbox.add(session, "web:a", [{"text": "答" + asked}], now, journal_id=entry.id)
        write(session, channel="web", sender_id="web:b", external_id=None, text="别人的", now=NOW)
        outbox.add(session, "web:b", [{"text": "给别人的"}], NOW)
    with database.read() as session:
        assert [line.payload["text"] for line in history(session, "web:a")] == ["一", "答一", "二", "答二", "三", "答三"]
        assert [line.payload["text"] for line in history(session, "web:a", limit=1)] == ["三", "答三"]
