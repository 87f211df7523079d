"""Taking up beside everything else that goes on: what happens between looking and asking, and what may not stand in whose way."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.engine import Connection

from bot.db import Database, DatabaseFault
from bot.inbox import hold, journal, retry
from bot.inbox.backlog import HELD_BACK, remembered
from bot.inbox.intake import Intake
from bot.inbox.models import Journal, Outbox
from bot.inbox.question import Ask, Finish, Handled, Question
from bot.inbox.retry import Retrier
from bot.inbox.text import mask, mask_codes
from tests.inbox.asking import Clock, Echo, not_now, rows, said, send, states, told
from tests.inbox.conftest import NOW, SENTENCES

DELAYED = SENTENCES.delayed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def intake(database: Database, clock: Clock) -> Intake:
    return Intake(database, SENTENCES, clock)


def left(database: Database, text: str, sender: str = "web:a") -> int:
    with database.begin() as connection:
        return journal.write(connection, channel=sender.partition(":")[0], sender_id=sender, external_id=None, text=text, now=NOW).id


def held(database: Database, sender: str = "web:a") -> None:
    with database.write() as session:
        hold.hold(session, sender, "3号", NOW)


@pytest.mark.parametrize("typed", ["绑定 马秀兰 K7M2Q9ABCD", "10ABCDEF23", "K-7M2Q9ABCD", "k7m2q-9abcd", "绑定码是K7M2Q9ABCD，姓名马秀兰"])
def test_a_text_with_a_masked_code_is_not_remembered(database: Database, typed: str) -> None:
    left(database, kept := mask_codes(typed))
    assert kept != typed
    assert remembered(rows(database, Journal)[0]) is None


@pytest.mark.parametrize(
    "typed", ["632221199006240420的学时", "632221900624042", "我是13897001234", "卡号6222021234567890123", "学时***还差多少"]
)
async def test_a_text_with_another_masked_number_is_remembered_and_asked(database: Database, intake: Intake, typed: str) -> None:
    left(database, mask_codes(mask(typed)))
    ask = Echo(database)
    await taking_up(intake, ask).round()
    assert (len(ask.asked), states(database)) == (1, ["processed"])


async def test_what_is_taken_up_is_not_pushed_while_the_platform_may_bring_it_again(database: Database, intake: Intake) -> None:
    """A response is to carry it: the account's pushes are counted."""
    left(database, "一", "web:a")
    left(database, "一", "wx:o1")
    await taking_up(intake, Echo(database)).round()
    assert {row.sender_id: row.due_at for row in rows(database, Outbox)} == {"web:a": None, "wx:o1": NOW + HELD_BACK["wx"]}


def taking_up(intake: Intake, ask: Ask, *, alone: bool = True) -> Retrier:
    retrier = Retrier(intake, ask, alone=alone)
    retrier._begin()
    return retrier


async def test_a_message_given_up_while_a_human_holds_the_conversation_is_the_humans(
    database: Database, intake: Intake, clock: Clock
) -> None:
    left(database, "学时")
    held(database)
    clock.now = NOW + timedelta(hours=25)
    await taking_up(intake, Echo(database)).round()
    assert (states(database), told(database)) == (["held"], [])


async def test_a_message_put_back_while_the_journal_is_looked_at_is_not_forgotten(database: Database, intake: Intake, clock: Clock) -> None:
    """It was put back after the look, so the look does not show it as unanswered; that does not mean that it is answered."""
    ask = Echo(database)
    retrier = taking_up(intake, ask)
    code = "绑定 马秀兰 K7M2Q9ABCD"
    question = Question(code, "web:a", "web", left(database, mask_codes(code)), {})

    def put_back() -> None:
        intake.backlog.waiting[question.journal_id] = (question, ask)

    clock.asked = put_back  # asked for the time when it has looked
    await retrier.round()
    clock.asked = lambda: None
    await retrier.round()
    assert (ask.asked, states(database), told(database)) == ([code], ["processed"], [f"答：{code}"])


async def test_a_message_answered_since_the_look_is_not_asked_again(database: Database, intake: Intake) -> None:
    first, second = left(database, "一", "web:a"), left(database, "二", "web:b")

    async def and_the_other(question: Question, finish: Finish) -> Handled:
        with database.begin() as connection:
            assert journal.close(connection, second, "web:b", "processed")
        return await ask.answer(question, finish)

    ask = Echo(database, and_the_other)
    await taking_up(intake, ask).round()
    assert (first, ask.asked, states(database), told(database)) == (1, ["一"], ["processed"] * 2, ["答：一"])


async def test_one_who_wrote_much_stands_in_nobodys_way(database: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "AT_ONCE", 3)
    for number in range(8):
        left(database, f"{number}", "web:flood")
    left(database, "学时", "web:b")
    await taking_up(intake, ask := Echo(database)).round()
    assert ask.asked == ["0", "学时"]


async def test_messages_of_a_sender_wait_for_the_oldest_even_if_another_has_it(database: Database, intake: Intake) -> None:
    older, _ = left(database, "一"), left(database, "二")
    intake.backlog.in_work.add(older)
    await taking_up(intake, ask := Echo(database)).round()
    assert ask.asked == []
    intake.backlog.in_work.discard(older)
    await taking_up(intake, ask).round()
    assert ask.asked == ["一"]


async def test_a_message_without_text_left_by_a_dead_process_is_not_asked(database: Database, intake: Intake) -> None:
    left(database, "")
    await taking_up(intake, ask := Echo(database)).round()
    assert (ask.asked, states(database), told(database)) == ([], ["failed"], [SENTENCES.send_again])


@pytest.mark.parametrize("since", ["", "长" * 5000], ids=["blank", "too long"])
async def test_a_blank_or_too_long_message_does_not_make_an_earlier_one_obsolete(database: Database, intake: Intake, since: str) -> None:
    ask = Echo(database, not_now(), not_now())
    await send(intake, ask, "学时")
    await send(intake, ask, since)
    await taking_up(intake, ask, alone=False).round()
    await taking_up(intake, ask, alone=False).round()
    assert "答：学时" in told(database)
    assert SENTENCES.send_again not in told(database)


async def test_a_late_answer_comes_although_a_human_has_taken_the_conversation_meanwhile(database: Database, intake: Intake) -> None:
    async def taken(question: Question, finish: Finish) -> Handled:
        held(database, question.sender_id)
        return await ask.answer(question, finish)

    ask = Echo(database, not_now(), None, taken)
    await send(intake, ask, "一", channel="rest")
    await taking_up(intake, ask, alone=False).round()
    assert said(await send(intake, ask, "二", channel="rest")) == ["答：一"]
    with database.write() as session:
        hold.release(session, "rest:a")
    assert said(await send(intake, ask, "三", channel="rest")) == ["答：三"]


async def test_what_comes_to_be_owed_while_an_answer_is_written_stays_owed(
    database: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = intake.writer.write

    async def slow(job: Callable[[Connection], Handled]) -> Handled:
        handled = await write(job)
        intake.backlog.owed.add("rest:a")
        return handled

    async def and_owed(question: Question, finish: Finish) -> Handled:
        monkeypatch.setattr(intake.writer, "write", slow)
        return await ask.answer(question, finish)

    ask = Echo(database, and_owed)
    await send(intake, ask, "一", channel="rest")
    assert intake.backlog.owed == {"rest:a"}


@pytest.mark.parametrize("by", ["round", "message"])
async def test_an_unheard_answer_is_given_back_even_if_that_fails_at_first(
    database: Database, intake: Intake, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Echo(database)
    ask.attempts = [ask.answer_unheard]
    await send(intake, ask, "一", channel="rest")
    retrier = taking_up(intake, ask, alone=False)
    failures = [DatabaseFault("away")]
    give_back = retry.outbox.give_back

    def failing(*arguments: object, **more: object) -> None:
        if failures:
            raise failures.pop()
        give_back(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(retry.outbox, "give_back", failing)
    if by == "round":
        await retrier.round()
    else:
        await send(intake, ask, "二", channel="rest")
    assert not failures
    await retrier.round()
    assert "答：一" in said(await send(intake, ask, "三", channel="rest"))
    assert [row.state for row in rows(database, Outbox)] == ["sent"] * len(rows(database, Outbox))


async def test_rounds_and_messages_that_settle_the_same_row_do_not_stumble(
    database: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Echo(database)
    ask.attempts = [ask.answer_unheard, ask.answer_unheard]
    for sender in ("a", "b"):
        await send(intake, ask, "一", sender=sender, channel="rest")
    retrier = taking_up(intake, ask, alone=False)
    give_back, settled = intake.give_back, []

    async def other_settles(question: Question, by: Ask) -> None:
        intake.backlog.waiting.clear()
        settled.append(question.sender_id)
        await give_back(question, by)

    monkeypatch.setattr(intake, "give_back", other_settles)
    assert await retrier.round()
    assert len(settled) == 1
