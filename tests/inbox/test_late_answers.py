"""A late answer reaches whoever asked, once: over REST with the next response that is really given."""

import asyncio
import threading

import pytest
from sqlalchemy import event

from bot.db import Database, DatabaseFault
from bot.inbox.intake import Intake
from bot.inbox.models import Outbox
from bot.inbox.question import Finish, Handled, Question
from tests.inbox.asking import BOUND, Echo, not_now, numbers, retry, rows, said, send, states, told
from tests.inbox.conftest import SENTENCES

DELAYED = SENTENCES.delayed


async def test_a_rest_sender_gets_the_late_answer_with_the_next_response_and_once(intake: Intake, database: Database) -> None:
    ask = Echo(database, not_now(), None, not_now())
    await send(intake, ask, "一", channel="rest")
    assert await retry(intake, ask)
    assert said(await send(intake, ask, "二", channel="rest")) == [DELAYED], "a notice is no answer"
    assert said(await send(intake, ask, "三", channel="rest", sender="b")) == ["答：三"]
    assert said(await send(intake, ask, "四", channel="rest")) == ["答：一", "答：二", "答：四"]
    assert said(await send(intake, ask, "五", channel="rest")) == ["答：五"]
    assert {row.state for row in rows(database, Outbox)} == {"sent"}


async def test_a_late_answer_is_not_lost_when_the_response_has_to_be_written_again(intake: Intake, database: Database) -> None:
    """The transaction that gathers it is undone for a neighbour's failure and run a second time."""

    async def beside_a_failure(question: Question, finish: Finish) -> Handled:
        started, over = threading.Event(), threading.Event()
        busy = asyncio.create_task(intake.writer.write(lambda _: (started.set(), over.wait(BOUND))))
        await asyncio.to_thread(started.wait, BOUND)
        answered = asyncio.create_task(ask.answer(question, finish))
        await asyncio.sleep(0)
        failing = asyncio.create_task(intake.writer.write(lambda _: 1 / 0))
        await asyncio.sleep(0)
        over.set()
        await asyncio.wait([busy, failing])
        assert isinstance(failing.exception(), ZeroDivisionError)
        return await answered

    ask = Echo(database, not_now(), None, beside_a_failure)
    await send(intake, ask, "一", channel="rest")
    await retry(intake, ask)
    assert said(await send(intake, ask, "二", channel="rest")) == ["答：一", "答：二"]
    assert said(await send(intake, ask, "三", channel="rest")) == ["答：三"]


async def test_a_late_answer_is_not_lost_when_the_response_cannot_be_written(intake: Intake, database: Database) -> None:
    failing: list[int] = []

    @event.listens_for(database.engine, "commit")
    def fail(_: object) -> None:
        if failing:
            raise DatabaseFault("away")

    async def uncommitted(question: Question, finish: Finish) -> Handled:
        failing.append(1)
        try:
            return await ask.answer(question, finish)
        finally:
            failing.clear()

    ask = Echo(database, not_now(), None, uncommitted)
    await send(intake, ask, "一", channel="rest")
    await retry(intake, ask)
    assert said(await send(intake, ask, "二", channel="rest")) == [DELAYED]
    assert intake.backlog.owed == {"rest:a"}
    assert said(await send(intake, ask, "三", channel="rest")) == ["答：一", "答：二", "答：三"]


@pytest.mark.parametrize("channel", ["web", "rest"])
async def test_an_answer_nobody_heard_of_is_given_with_a_later_message(intake: Intake, database: Database, channel: str) -> None:
    """The commit went through and its connection broke; the next message comes before the next round of retrying."""
    ask = Echo(database)
    ask.attempts = [ask.answer_unheard]
    assert said(await send(intake, ask, "一", channel=channel)) == [DELAYED]
    assert (states(database), told(database)[0]) == (["processed"], "答：一")
    handled = await send(intake, ask, "二", channel=channel)
    assert said(handled) == (["答：一", "答：二"] if channel == "rest" else ["答：二"])
    assert sorted(told(database)) == sorted(["答：一", DELAYED, "答：二"]), "nothing is stored twice"
    assert numbers(database) == [(f"{channel}:a", 1), (f"{channel}:a", 2)]
    await retry(intake, ask)
    assert said(await send(intake, ask, "三", channel=channel)) == ["答：三"]
