"""Messages that travel in a response, while somebody else pushes."""

import asyncio
import threading
from datetime import timedelta

from sqlalchemy import update

from bot.db import Database
from bot.inbox import giving, journal, outbox, reach
from bot.inbox.giving import Given
from bot.inbox.models import PENDING, SENDING, SENT, WAITING, Outbox, Reach
from bot.inbox.outbox import Outgoing
from tests.inbox.asking import rows
from tests.inbox.conftest import NOW

SENDER = "wx:a"


def written(database: Database, *texts: str) -> int:
    """An inbound message, and outgoing ones; its number."""
    with database.begin() as connection:
        entry = journal.write(connection, channel="wx", sender_id=SENDER, external_id="1", text="问", now=NOW)
        outbox.add(connection, SENDER, [{"text": text} for text in texts], NOW)
    return entry.id


def everything(messages: list[Outgoing]) -> Given:
    return Given("+".join(message.payload["text"] for message in messages), [message.id for message in messages])


def give(database: Database, number: int, compose=everything) -> str | None:
    with database.begin() as connection:
        return giving.give(connection, SENDER, number, compose, NOW)


def states(database: Database) -> list[str]:
    return [row.state for row in rows(database, Outbox)]


def test_all_that_lies_is_given_once_and_the_same_again_on_a_repeat(database: Database) -> None:
    number = written(database, "一", "二")
    assert give(database, number) == "一+二"
    with database.begin() as connection:
        outbox.add(connection, SENDER, [{"text": "三"}], NOW)
    assert give(database, number) == "一+二"
    assert states(database) == [SENT, SENT, PENDING]


def test_what_waits_is_given_and_what_is_being_sent_is_not(database: Database) -> None:
    number = written(database, "一", "二", "三")
    with database.begin() as connection:
        for row, state in zip(rows(database, Outbox), (SENDING, WAITING, PENDING), strict=True):
            connection.execute(update(Outbox.__table__).where(Outbox.id == row.id).values(state=state))
    assert give(database, number) == "二+三"
    assert states(database) == [SENDING, SENT, SENT]


def test_what_does_not_fit_is_promised_and_not_pushed_before_the_response_has_arrived(database: Database) -> None:
    number = written(database, "一", "二")

    def first_half(messages: list[Outgoing]) -> Given:
        return Given("一", [messages[0].id], {messages[1].id: 2}, [("甲", "乙")], more=True)

    assert give(database, number, first_half) == "一"
    rest = rows(database, Outbox)[1]
    assert (rest.state, rest.parts) == (PENDING, 2)
    assert NOW < rest.due_at < NOW + timedelta(seconds=5)
    with database.look() as connection:
        known = reach.of(connection, SENDER)
    assert (known.promised, known.offered, known.offer_stale) == (True, (("甲", "乙"),), False)
    with database.begin() as connection:
        second = journal.write(connection, channel="wx", sender_id=SENDER, external_id="2", text="好", now=NOW).id
    assert give(database, second) == "二"
    assert [(row.promised_at, row.offer_stale) for row in rows(database, Reach)] == [(None, True)]


def test_what_waited_and_does_not_fit_is_pushed_where_the_person_is_not_told_to_write(database: Database) -> None:
    number = written(database, "一", "二", "三")
    with database.begin() as connection:
        connection.execute(update(Outbox.__table__).values(state=WAITING, reason="window_closed"))
    assert give(database, number, lambda messages: Given("一", [messages[0].id], {messages[1].id: 1})) == "一"
    first, *rest = rows(database, Outbox)
    assert first.state == SENT
    assert [(row.state, row.reason, row.due_at) for row in rest] == [(PENDING, None, NOW + giving.RESPONSE)] * 2


def test_what_waited_and_is_promised_goes_on_waiting(database: Database) -> None:
    number = written(database, "一", "二")
    with database.begin() as connection:
        connection.execute(update(Outbox.__table__).values(state=WAITING, reason="no_service_right"))
    assert give(database, number, lambda messages: Given("一", [messages[0].id], more=True)) == "一"
    assert [(row.state, row.reason) for row in rows(database, Outbox)[1:]] == [(WAITING, "no_service_right")]


def test_nothing_lies_there(database: Database) -> None:
    assert give(database, written(database)) is None


async def test_a_message_that_is_just_being_taken_for_pushing_is_not_given_as_well(database: Database) -> None:
    number = written(database, "一", "二")
    taken, given = threading.Event(), []

    def take() -> None:
        """As `Delivery` claims it, committing late."""
        with database.begin() as connection:
            first = min(row.id for row in rows(database, Outbox))
            connection.execute(update(Outbox.__table__).where(Outbox.id == first).values(state=SENDING))
            taken.set()
            threading.Event().wait(0.3)

    pushing = asyncio.to_thread(take)
    answering = asyncio.to_thread(lambda: taken.wait(5) and given.append(give(database, number)))
    await asyncio.gather(pushing, answering)
    assert given == ["二"]
    assert states(database) == [SENDING, SENT]
