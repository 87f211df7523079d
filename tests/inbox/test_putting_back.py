"""A message that cannot be answered now: nothing of the attempt remains, the person is told once, and the answer comes once, in order."""

import asyncio
import subprocess
import sys
import threading

import pytest
from sqlalchemy import event

from bot.db import Database, DatabaseFault
from bot.inbox import hold, turns
from bot.inbox.intake import Intake
from bot.inbox.models import Journal, Outbox
from bot.inbox.question import Ask, Finish, Handled, Question
from bot.inbox.retry import Retrier
from bot.inbox.turns import TurnConflict
from bot.runtime.project import ROOT
from tests.inbox.asking import BOUND, Echo, away, echo_of, end_connections, not_now, numbers, rows, said, states, told, turn
from tests.inbox.conftest import NOW, SENTENCES

DELAYED = SENTENCES.delayed
REFUSALS = [not_now(), DatabaseFault("away"), TurnConflict("turn 1")]


async def send(intake: Intake, ask: Ask, text: str, sender: str = "a", channel: str = "web") -> Handled:
    return await intake.receive(channel=channel, sender=sender, text=text, ask=ask, delivers_at_once=channel == "rest")


async def retry(intake: Intake, ask: Ask) -> bool:
    return await Retrier(intake, ask, alone=False).round()


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
