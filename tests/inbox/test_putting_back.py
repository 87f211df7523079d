"""A message that cannot be answered now: nothing of the attempt remains, the person is told once, and the answer comes once, in order."""

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import event

from bot.db import Database, DatabaseFault
from bot.inbox import hold, turns
from bot.inbox.intake import Intake
from bot.inbox.models import Journal, Outbox
from bot.inbox.question import Finish, Handled, Question
from bot.inbox.turns import TurnConflict
from bot.runtime.project import ROOT
from tests.inbox.asking import BOUND, Echo, away, echo_of, end_connections, not_now, numbers, retry, rows, said, send, states, told, turn
from tests.inbox.conftest import NOW, SENTENCES

DELAYED = SENTENCES.delayed
REFUSALS = [not_now(), DatabaseFault("away"), TurnConflict("turn 1")]


async def test_answers_turn_and_end_are_one_transaction(intake: Intake, database: Database) -> None:
    with database.begin() as connection:
        turns.add(connection, turn("web:a", 1))

    async def stale(question: Question, finish: Finish) -> Handled:
        return await finish([echo_of(question.text)], [turn("web:a", 2), turn("web:a", 1)])

    ask = Echo(database, stale, stale, stale)
    handled = await send(intake, ask, "学时")
    assert ask.asked == ["学时"] * 3, "worked out again while somebody else is faster, but not for ever"
    assert (handled.state, said(handled)) == ("received", [DELAYED])
    assert (states(database), told(database), numbers(database)) == (["received"], [DELAYED], [("web:a", 1)])
    assert await retry(intake, ask)
    assert (states(database), told(database), numbers(database)) == (["processed"], [DELAYED, "答：学时"], [("web:a", 1), ("web:a", 2)])


async def test_a_conflict_is_worked_out_again_unnoticed(intake: Intake, database: Database) -> None:
    ask = Echo(database, TurnConflict("turn 1"), TurnConflict("turn 1"))
    assert said(await send(intake, ask, "学时")) == ["答：学时"]
    assert told(database) == ["答：学时"]


async def test_two_processes_at_one_conversation_store_both_turns(database: Database) -> None:
    """Without a shared lock both work out turn 1; the slower one works out turn 2."""
    arrived: list[int] = []
    both = asyncio.Event()

    def process() -> tuple[Intake, Echo]:
        async def late(question: Question, finish: Finish) -> Handled:
            arrived.append(question.journal_id)
            if len(arrived) == 2:
                both.set()
            await asyncio.wait_for(both.wait(), BOUND)
            return await finish([echo_of(question.text)], [turn(question.sender_id, 1)])

        intake = Intake(database, SENTENCES, lambda: NOW)
        intake.backlog.look_back = False
        return intake, Echo(database, late)

    handled = await asyncio.gather(*(send(*process(), text) for text in ("一", "二")))
    assert [said(one) for one in handled] == [["答：一"], ["答：二"]]
    assert states(database) == ["processed", "processed"]
    assert numbers(database) == [("web:a", 1), ("web:a", 2)]
    assert sorted(told(database)) == ["答：一", "答：二"]


KILLED = """
import asyncio, os, sys
from sqlalchemy import event
from bot.db import Database
from bot.inbox.intake import Intake
from tests.inbox.asking import Echo
from tests.inbox.conftest import NOW, SENTENCES
database = Database(sys.argv[1])
intake = Intake(database, SENTENCES, lambda: NOW)
async def killed(question, finish):
    if sys.argv[2] == "before":
        event.listen(database.engine, "commit", lambda _: os._exit(9))
        return await ask.answer(question, finish)
    await ask.answer(question, finish)
    os._exit(9)
ask = Echo(database, killed)
asyncio.run(intake.receive(channel="web", sender="a", text="学时", ask=ask))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_its_commit_leaves_all_of_the_answer_or_nothing(sqlite: Database, moment: str) -> None:
    command = [sys.executable, "-c", KILLED, f"sqlite:///{sqlite.file}", moment]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode == 9
    left = ["processed"], ["答：学时"], [("web:a", 1)]
    assert (states(sqlite), told(sqlite), numbers(sqlite)) == (left if moment == "after" else (["received"], [], []))


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
async def test_the_person_is_told_once_and_answered_once(intake: Intake, database: Database, refusal: Exception) -> None:
    ask = Echo(database, *[refusal] * (9 if isinstance(refusal, TurnConflict) else 3))
    handled = await send(intake, ask, "学时", channel="rest")
    assert (handled.state, said(handled), handled.duplicate) == ("received", [DELAYED], False)
    assert not await retry(intake, ask)
    assert not await retry(intake, ask)
    assert (states(database), told(database)) == (["received"], [DELAYED])
    assert await retry(intake, ask)
    assert await retry(intake, ask)
    notice, answer = rows(database, Outbox)
    assert states(database) == ["processed"]
    assert (notice.state, notice.kind, notice.journal_id) == ("sent", "notice", None)
    assert (answer.state, answer.payload, answer.journal_id) == ("pending", echo_of("学时"), rows(database, Journal)[0].id)
    assert not intake.backlog.waiting


async def test_a_bind_code_is_remembered_for_the_next_try_and_kept_out_of_the_journal(intake: Intake, database: Database) -> None:
    ask = Echo(database, not_now())
    await send(intake, ask, "绑定 马秀兰 K7M2Q9ABCD")
    assert await retry(intake, ask)
    assert ask.asked == ["绑定 马秀兰 K7M2Q9ABCD"] * 2
    assert rows(database, Journal)[0].text == "绑定 马秀兰 K7********"


async def test_an_ordinary_failure_is_not_tried_again(intake: Intake, database: Database) -> None:
    ask = Echo(database, RuntimeError())
    assert (await send(intake, ask, "学时")).state == "failed"
    assert await retry(intake, ask)
    assert (ask.asked, states(database), told(database)) == (["学时"], ["failed"], [SENTENCES.unavailable])


async def test_a_later_message_first_catches_up_in_order(intake: Intake, database: Database) -> None:
    ask = Echo(database, not_now(), not_now(), not_now())
    for text in ("一", "二", "三"):
        assert said(await send(intake, ask, text)) == [DELAYED]
    assert ask.asked == ["一"] * 3, "what comes after what waits is not asked before it"
    assert said(await send(intake, ask, "四")) == ["答：四"]
    assert told(database) == [DELAYED] * 3 + ["答：一", "答：二", "答：三", "答：四"]
    assert [row.state for row in rows(database, Outbox)] == ["pending"] * 7
    assert states(database) == ["processed"] * 4
    assert not intake.backlog.waiting


async def test_another_sender_waits_for_nobody(intake: Intake, database: Database) -> None:
    ask = Echo(database, not_now())
    await send(intake, ask, "一", sender="a")
    assert said(await send(intake, ask, "二", sender="b")) == ["答：二"]
    assert said(await send(intake, ask, "三", sender="a", channel="rest")) == ["答：三"]
    assert states(database) == ["received", "processed", "processed"]


async def test_a_message_behind_one_that_is_being_answered_again_waits_for_it(intake: Intake, database: Database) -> None:
    going, over = asyncio.Event(), asyncio.Event()

    async def slow(question: Question, finish: Finish) -> Handled:
        going.set()
        await asyncio.wait_for(over.wait(), BOUND)
        return await ask.answer(question, finish)

    ask = Echo(database, not_now(), slow)
    await send(intake, ask, "一")
    again = asyncio.create_task(retry(intake, ask))
    await asyncio.wait_for(going.wait(), BOUND)
    assert said(await send(intake, ask, "二")) == [DELAYED]
    over.set()
    assert await again
    assert await retry(intake, ask)
    assert told(database) == [DELAYED, DELAYED, "答：一", "答：二"]


async def test_of_two_that_answer_one_message_the_second_finds_it_answered(intake: Intake, database: Database) -> None:
    both, arrived = asyncio.Event(), []

    async def meet(question: Question, finish: Finish) -> Handled:
        arrived.append(question)
        if len(arrived) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), BOUND)
        return await finish([echo_of(f"{question.text}{len(arrived)}")], [])

    await send(intake, Echo(database, not_now()), "学时")
    ((question, _),) = intake.backlog.waiting.values()
    handled = await asyncio.gather(*(intake.answer(question, meet, "pending", again=True) for _ in range(2)))
    assert sorted(one.duplicate for one in handled) == [False, True]
    assert [message.id for message in handled[0].messages] == [message.id for message in handled[1].messages]
    assert [one.state for one in handled] == ["processed", "processed"]
    assert told(database) == [DELAYED, "答：学时2"]


async def test_a_held_conversation_is_not_told_that_its_answer_is_late(intake: Intake, database: Database) -> None:
    async def taken(question: Question, _: Finish) -> Handled:
        with database.write() as session:
            hold.hold(session, question.sender_id, "3号", NOW)
        raise not_now()

    ask = Echo(database, taken)
    assert said(await send(intake, ask, "学时")) == []
    assert await retry(intake, ask)
    assert (states(database), told(database)) == (["held"], [])
    assert not intake.backlog.waiting


async def test_a_human_who_took_over_meanwhile_silences_the_late_answer(intake: Intake, database: Database) -> None:
    ask = Echo(database, not_now())
    await send(intake, ask, "学时")
    with database.write() as session:
        hold.hold(session, "web:a", "3号", NOW)
    assert await retry(intake, ask)
    assert (states(database), told(database)) == (["held"], [DELAYED])
    assert not intake.backlog.waiting


async def test_a_database_that_goes_away_between_accepting_and_finishing(intake: Intake, database: Database) -> None:
    async def during_outage(question: Question, finish: Finish) -> Handled:
        with away(database):
            return await finish([echo_of(question.text)], [turn(question.sender_id, 1)])

    async def outage_that_lasts(question: Question, finish: Finish) -> Handled:
        outage.__enter__()
        return await finish([echo_of(question.text)], [turn(question.sender_id, 1)])

    ask, outage = Echo(database, during_outage, outage_that_lasts), away(database)
    assert said(await send(intake, ask, "一")) == [DELAYED]
    handled = await send(intake, ask, "二", sender="b")
    assert (handled.state, said(handled), handled.messages) == ("received", [DELAYED], []), "told though it cannot be written down"
    assert said(await send(intake, ask, "三", sender="c")) == [SENTENCES.unavailable]
    with pytest.raises(DatabaseFault):
        await retry(intake, ask)
    outage.__exit__(None, None, None)
    assert states(database) == ["received", "received"]
    assert await retry(intake, ask)
    assert (states(database), told(database)) == (["processed"] * 2, [DELAYED, "答：一", "答：二"])


async def test_a_connection_ended_in_mid_transaction_costs_a_second_try(migrated_postgres: object, database: Database) -> None:
    if database.file is not None:
        pytest.skip("SQLite has no connections to end")
    intake, ended = Intake(database, SENTENCES, lambda: NOW), []

    async def cut_off(question: Question, finish: Finish) -> Handled:
        @event.listens_for(database.engine, "commit", once=True)
        def end(_: object) -> None:
            ended.append(end_connections(database))

        return await ask.answer(question, finish)

    ask = Echo(database, cut_off)
    assert said(await send(intake, ask, "学时")) == [DELAYED]
    assert ended[0] >= 1
    assert (states(database), numbers(database)) == (["received"], [])
    assert await retry(intake, ask)
    assert (states(database), told(database), numbers(database)) == (["processed"], [DELAYED, "答：学时"], [("web:a", 1)])
