"""What a human writes reaches somebody whose program can only ask: with the next response, also while the bot is silent, and once."""

import asyncio

import pytest

from bot.db import Database, DatabaseFault
from bot.inbox import hold, outbox
from bot.inbox.intake import Intake
from bot.inbox.models import Outbox
from bot.inbox.question import Finish, Handled, Question
from bot.inbox.retry import Retrier
from tests.inbox.asking import Echo, away, echo_of, rows, said, send
from tests.inbox.conftest import NOW


def staff_write(database: Database, *texts: str, sender: str = "rest:a") -> None:
    """As the console does, in another process."""
    with database.begin() as connection:
        outbox.add(connection, sender, [{"text": text} for text in texts], NOW, kind="staff")


def take(database: Database, sender: str = "rest:a") -> None:
    with database.write() as session:
        hold.hold(session, sender, "3号", NOW)


def give_back(database: Database, sender: str = "rest:a") -> None:
    with database.write() as session:
        hold.release(session, sender)


async def test_while_a_human_holds_the_conversation_a_response_brings_what_they_wrote_once(intake: Intake, database: Database) -> None:
    take(database)
    staff_write(database, "您好", "请稍等")
    staff_write(database, "别人的", sender="rest:b")
    handled = await send(intake, Echo(database), "在吗", channel="rest")
    assert (handled.state, said(handled)) == ("held", ["您好", "请稍等"])
    assert said(await send(intake, Echo(database), "好的", channel="rest")) == []
    assert [row.state for row in rows(database, Outbox)] == ["sent", "sent", "pending"]


async def test_of_requests_at_once_one_brings_it(intake: Intake, database: Database) -> None:
    take(database)
    staff_write(database, "您好")
    answered = await asyncio.gather(*(send(intake, Echo(database), f"{number}", channel="rest") for number in range(5)))
    assert [text for handled in answered for text in said(handled)] == ["您好"]


async def test_a_page_that_fetches_by_itself_gets_nothing_in_the_response(intake: Intake, database: Database) -> None:
    take(database, "web:a")
    staff_write(database, "您好", sender="web:a")
    assert said(await send(intake, Echo(database), "在吗", channel="web")) == []
    assert [row.state for row in rows(database, Outbox)] == ["pending"]


async def test_whoever_takes_the_conversation_while_an_answer_is_made_is_heard_in_its_place(intake: Intake, database: Database) -> None:
    async def taken(question: Question, finish: Finish) -> Handled:
        take(database)
        staff_write(database, "坐席 3 号为您服务")
        return await finish([echo_of(question.text)], [])

    assert said(await send(intake, taken, "在吗", channel="rest")) == ["坐席 3 号为您服务"]


async def test_what_was_written_last_comes_with_the_first_answer_after_the_end(intake: Intake, database: Database) -> None:
    take(database)
    await send(intake, Echo(database), "在吗", channel="rest")
    staff_write(database, "再见", "已转回智能助手")
    give_back(database)
    assert said(await send(intake, Echo(database), "学时", channel="rest")) == ["再见", "已转回智能助手", "答：学时"]
    assert said(await send(intake, Echo(database), "谢谢", channel="rest")) == ["答：谢谢"]


@pytest.mark.parametrize("alone", [True, False])
async def test_what_another_process_wrote_comes_with_the_next_answer(intake: Intake, database: Database, alone: bool) -> None:
    retrier = Retrier(intake, Echo(database), alone=alone)
    retrier._begin()
    staff_write(database, "您的材料已收到")
    await retrier.round()
    assert said(await send(intake, Echo(database), "学时", channel="rest")) == ["您的材料已收到", "答：学时"]


async def test_a_reply_that_lies_for_long_is_known_to_a_process_that_starts(intake: Intake, database: Database) -> None:
    staff_write(database, "您的材料已收到")
    later = Intake(database, intake.sentences, lambda: NOW.replace(month=12))
    Retrier(later, Echo(database), alone=True)._begin()
    assert said(await send(later, Echo(database), "学时", channel="rest")) == ["您的材料已收到", "答：学时"]


async def test_what_cannot_be_marked_is_brought_all_the_same_and_again(
    intake: Intake, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DatabaseFault("away")

    take(database)
    staff_write(database, "您好")
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "mark_sent", fail)
        assert said(await send(intake, Echo(database), "在吗", channel="rest")) == ["您好"]
    assert said(await send(intake, Echo(database), "在吗", channel="rest")) == ["您好"]


async def test_a_database_that_fails_behind_the_message_costs_no_error(sqlite: Database, intake: Intake) -> None:
    take(sqlite)
    intake = Intake(sqlite, intake.sentences, lambda: NOW)
    receive, leaving = intake._take_in, []

    async def then_away(*question: object, **more: object) -> Handled:
        handled = await receive(*question, **more)  # type: ignore[arg-type]
        leaving.append(away(sqlite))
        leaving[0].__enter__()
        return handled

    intake._take_in = then_away  # type: ignore[method-assign]
    assert said(await send(intake, Echo(sqlite), "在吗", channel="rest")) == []
    leaving[0].__exit__(None, None, None)
