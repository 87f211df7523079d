"""In place of Rasa: an echo that stores a dialogue turn, or whatever else a test wants an attempt to end in; and databases that fail."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import create_engine, select, text

from bot.db import Database, DatabaseFault
from bot.inbox import turns
from bot.inbox.intake import Intake
from bot.inbox.models import DialogueTurn, Journal, Outbox
from bot.inbox.question import Ask, Finish, Handled, NotNow, Question
from bot.inbox.retry import Retrier
from bot.inbox.turns import StoredTurn
from tests.inbox.conftest import NOW

Attempt = Callable[[Question, Finish], Awaitable[Handled]]
BOUND = 20
"""Seconds that nothing here may take."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.asked: Callable[[], None] = lambda: None

    def __call__(self) -> datetime:
        self.asked()
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Echo:
    """Answers 答：… as the dialogue's next turn, one message of a sender at a time; its first attempts end as ``attempts`` say."""

    def __init__(self, database: Database, *attempts: Exception | Attempt | None) -> None:
        self.asked: list[str] = []
        self.attempts = list(attempts)
        self._database = database
        self._locks: dict[str, asyncio.Lock] = {}

    async def __call__(self, question: Question, finish: Finish) -> Handled:
        async with self._locks.setdefault(question.sender_id, asyncio.Lock()):
            self.asked.append(question.text)
            attempt = self.attempts.pop(0) if self.attempts else None
            if isinstance(attempt, Exception):
                raise attempt
            return await (attempt or self.answer)(question, finish)

    async def answer(self, question: Question, finish: Finish) -> Handled:
        with self._database.look() as connection:
            number = max((turn.number for turn in turns.last(connection, question.sender_id, 1)), default=0) + 1
        return await finish([echo_of(question.text)], [turn(question.sender_id, number)])

    async def answer_unheard(self, question: Question, finish: Finish) -> Handled:
        with unheard(self._database):
            return await self.answer(question, finish)


async def send(intake: Intake, ask: Ask, text: str, sender: str = "a", channel: str = "web") -> Handled:
    """One message through the intake, as its channel hands it over."""
    return await intake.receive(channel=channel, sender=sender, text=text, ask=ask, delivers_at_once=channel == "rest")


async def retry(intake: Intake, ask: Ask) -> bool:
    """One round of taking up, beside other processes."""
    return await Retrier(intake, ask, alone=False).round()


def echo_of(said: str) -> dict[str, Any]:
    return {"text": f"答：{said}", "metadata": {"kind": "faq"}}


def turn(sender_id: str, number: int, at: datetime = NOW, events: str = "[]") -> StoredTurn:
    return StoredTurn(sender_id, number, at, events, "{}")


def not_now() -> NotNow:
    return NotNow("busy")


def rows(database: Database, model: Any) -> list[Any]:
    with database.read() as session:
        return list(session.execute(select(model).order_by(*model.__table__.primary_key.columns)).scalars())


def states(database: Database) -> list[str]:
    """The journal's states, in the order of the messages."""
    return [row.state for row in rows(database, Journal)]


def told(database: Database) -> list[str]:
    """The texts of all outgoing messages, in order."""
    return [row.payload["text"] for row in rows(database, Outbox)]


def numbers(database: Database) -> list[tuple[str, int]]:
    return [(row.sender_id, row.number) for row in rows(database, DialogueTurn)]


def said(handled: Handled) -> list[str]:
    return [payload["text"] for payload in handled.payloads]


@contextmanager
def unheard(database: Database) -> Iterator[None]:
    """Transactions within are committed, and nobody hears of it: the connection breaks in between."""
    begin = database.begin

    @contextmanager
    def broken() -> Iterator[Any]:
        with begin() as connection:
            yield connection
        raise DatabaseFault("the connection is lost")

    database.begin = broken  # type: ignore[method-assign]
    try:
        yield
    finally:
        del database.begin  # type: ignore[method-assign]


@contextmanager
def away(database: Database) -> Iterator[None]:
    """The database is away: PostgreSQL has ended every connection and refuses new ones; SQLite's file is missing."""
    if database.file is not None:
        aside = database.file.rename(database.file.with_suffix(".aside"))
        try:
            yield
        finally:
            aside.rename(database.file)
        return
    name = database.engine.url.database
    admin = create_engine(database.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT", future=True)
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        try:
            end_connections(database)
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    admin.dispose()


def end_connections(database: Database) -> int:
    """End every connection to this PostgreSQL database from outside; how many there were."""
    admin = create_engine(database.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT", future=True)
    with admin.connect() as connection:
        of_ours = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
        ended = len(connection.execute(text(of_ours), {"name": database.engine.url.database}).all())
    admin.dispose()
    return ended
