"""What lies unanswered in the journal is taken up once, by whoever may, and given up honestly."""

import asyncio
from datetime import timedelta

import pytest

from bot.db import Database, DatabaseFault
from bot.inbox import journal, retry
from bot.inbox.intake import Intake
from bot.inbox.question import Finish, Handled, Question
from bot.inbox.retry import Retrier
from bot.inbox.text import MAX_TEXT
from tests.inbox.asking import Clock, Echo, not_now, states, told
from tests.inbox.conftest import NOW, SENTENCES


def left_behind(database: Database, *texts: str, sender: str = "web:a") -> None:
    """Journal rows of a process that has died."""
    with database.begin() as connection:
        for text in texts:
            journal.write(connection, channel=sender.partition(":")[0], sender_id=sender, external_id=None, text=text, now=NOW)


def reborn(database: Database, clock: Clock, ask: Echo, *, alone: bool = True) -> Retrier:
    """The retrier of a process that has just started."""
    retrier = Retrier(Intake(database, SENTENCES, clock), ask, alone=alone)
    retrier._begin()
    return retrier


async def test_what_a_dead_process_left_is_answered_in_order_when_nobody_else_can_be_at_it(database: Database) -> None:
    left_behind(database, "一", "二")
    ask = Echo(database)
    retrier = reborn(database, Clock(), ask)
    assert await retrier.round()
    assert ask.asked == ["一"], "one message of a person at a time"
    assert await retrier.round()
    assert (states(database), told(database)) == (["processed"] * 2, ["答：一", "答：二"])


async def test_beside_other_processes_only_what_is_old_is_taken_up(database: Database) -> None:
    left_behind(database, "一")
    clock, ask = Clock(), Echo(database)
    retrier = reborn(database, clock, ask, alone=False)
    assert await retrier.round()
    assert states(database) == ["received"]
    clock.pass_by(retry.FOREIGN_SECONDS)
    assert await retrier.round()
    assert told(database) == ["答：一"]


async def test_nobody_looks_back_once_nothing_of_a_dead_process_is_left(database: Database) -> None:
    left_behind(database, "一")
    retrier = reborn(database, Clock(), Echo(database))
    await retrier.round()
    assert retrier._intake.backlog.look_back
    await retrier.round()
    assert not retrier._intake.backlog.look_back


async def test_a_new_message_waits_for_what_the_person_had_said_to_a_dead_process(database: Database) -> None:
    left_behind(database, "一")
    clock, ask = Clock(), Echo(database)
    clock.pass_by(5)
    handled = await Intake(database, SENTENCES, clock).receive(channel="web", sender="a", text="二", ask=ask)
    assert [payload["text"] for payload in handled.payloads] == ["答：二"]
    assert ask.asked == ["一", "二"]
    assert told(database) == ["答：一", "答：二"]


@pytest.mark.parametrize("text", ["绑定 马秀兰 K7********", "长" * (MAX_TEXT + 1)], ids=["bind code", "too long"])
async def test_what_the_journal_holds_but_nobody_may_be_asked_has_to_be_sent_again(database: Database, text: str) -> None:
    left_behind(database, text)
    ask = Echo(database)
    await reborn(database, Clock(), ask).round()
    assert (ask.asked, states(database), told(database)) == ([], ["failed"], [SENTENCES.send_again])


async def test_a_message_is_given_up_when_the_conversation_has_gone_on(database: Database) -> None:
    left_behind(database, "那中级呢", "学时")
    with database.begin() as connection:
        journal.mark(connection, 2, "processed")
    ask = Echo(database)
    await reborn(database, Clock(), ask).round()
    assert (ask.asked, states(database), told(database)) == ([], ["failed", "processed"], [SENTENCES.send_again])


async def test_a_message_is_given_up_when_it_is_a_day_old(database: Database) -> None:
    left_behind(database, "学时")
    clock = Clock()
    clock.now = NOW + timedelta(hours=25)
    await reborn(database, clock, Echo(database)).round()
    assert (states(database), told(database)) == (["failed"], [SENTENCES.send_again])


async def test_a_message_that_no_process_survives_is_given_up(database: Database) -> None:
    left_behind(database, "学时")

    async def dying(_: Question, __: Finish) -> Handled:
        raise asyncio.CancelledError

    clock, ask = Clock(), Echo(database, *[dying] * 9)
    for _ in range(retry.MOST_ATTEMPTS):
        with pytest.raises(asyncio.CancelledError):
            await reborn(database, clock, ask).round()
    await reborn(database, clock, ask).round()
    assert (len(ask.asked), states(database)) == (retry.MOST_ATTEMPTS, ["failed"])


async def test_a_late_answer_over_rest_comes_with_the_next_response_of_any_process(database: Database) -> None:
    left_behind(database, "一", sender="rest:a")
    ask = Echo(database)
    await reborn(database, Clock(), ask).round()
    other = reborn(database, Clock(), ask, alone=False)
    handled = await other._intake.receive(channel="rest", sender="a", text="二", ask=ask, delivers_at_once=True)
    again = await other._intake.receive(channel="rest", sender="a", text="三", ask=ask, delivers_at_once=True)
    assert [[p["text"] for p in one.payloads] for one in (handled, again)] == [["答：一", "答：二"], ["答：三"]]


async def test_the_watch_outlives_a_database_that_fails(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.02)
    left_behind(database, "一")
    retrier = Retrier(Intake(database, SENTENCES, Clock()), Echo(database, not_now()), alone=True)
    look, broken = database.look, [DatabaseFault("away"), DatabaseFault("away"), RuntimeError("ours")]

    def failing() -> object:
        if broken:
            raise broken.pop(0)
        return look()

    monkeypatch.setattr(database, "look", failing)
    watch = asyncio.create_task(retrier.run())
    for _ in range(500):
        await asyncio.sleep(0.01)
        if told(database) == ["答：一"]:
            break
    watch.cancel()
    assert (states(database), broken) == (["processed"], [])
