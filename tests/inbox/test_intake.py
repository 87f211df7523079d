"""The one way in: written down before it is processed, once, and silent while a human holds the conversation."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text

from bot.db import Database
from bot.inbox import hold, outbox
from bot.inbox.intake import Intake
from bot.inbox.models import Journal, Outbox
from bot.inbox.question import Finish, Handled, Question
from bot.inbox.text import MAX_TEXT, MOST_KEPT
from tests.inbox.conftest import NOW, SENTENCES


class Rasa:
    """Answers with an echo and remembers what it was asked."""

    def __init__(self, before: Callable[[Question], None] | None = None) -> None:
        self.asked: list[Question] = []
        self._before = before

    async def __call__(self, question: Question, finish: Finish) -> Handled:
        self.asked.append(question)
        await asyncio.sleep(0.01)
        if self._before:
            self._before(question)
        return await finish([{"text": f"答：{question.text}", "metadata": {"kind": "faq", "feedback": True}}], [])


def rows(database: Database, model: Any) -> list[Any]:
    with database.read() as session:
        return list(session.execute(select(model).order_by(model.id)).scalars())


async def test_a_message_is_journaled_then_asked_then_answered(intake: Intake, database: Database) -> None:
    states = []
    rasa = Rasa(before=lambda question: states.append([(row.id, row.state) for row in rows(database, Journal)]))
    handled = await intake.receive(channel="web", sender="a", text="／公需要多少", ask=rasa, metadata={"x": 1})
    assert states == [[(rasa.asked[0].journal_id, "received")]], "written down before Rasa is asked"
    assert (rasa.asked[0].text, rasa.asked[0].sender_id, rasa.asked[0].metadata) == ("公需要多少", "web:a", {"x": 1})
    (row,) = rows(database, Journal)
    assert (row.state, row.sender_id, row.channel, row.text, row.received_at) == ("processed", "web:a", "web", "公需要多少", NOW)
    (told,) = rows(database, Outbox)
    assert (told.state, told.kind, told.journal_id, told.payload["text"]) == ("pending", "faq", row.id, "答：公需要多少")
    assert handled.messages[0].id == told.id
    assert handled.messages[0].wants_feedback


async def test_an_answer_that_travels_in_the_response_is_written_down_as_sent(intake: Intake, database: Database) -> None:
    await intake.receive(channel="rest", sender="a", text="你好", ask=Rasa(), delivers_at_once=True)
    assert [row.state for row in rows(database, Outbox)] == ["sent"]


async def test_rasa_gets_the_code_and_the_journal_does_not(intake: Intake, database: Database) -> None:
    rasa = Rasa()
    await intake.receive(channel="web", sender="a", text="绑定 马秀兰 K7M2Q9ABCD 630104199001011234", ask=rasa)
    assert rasa.asked[0].text == "绑定 马秀兰 K7M2Q9ABCD 6301**********1234"
    assert rows(database, Journal)[0].text == "绑定 马秀兰 K7******** 6301**********1234"


async def test_of_parallel_duplicates_one_is_answered(intake: Intake, database: Database) -> None:
    rasa = Rasa()
    handled = await asyncio.gather(*(intake.receive(channel="wx", sender="a", text="学时", external_id="m1", ask=rasa) for _ in range(40)))
    assert len(rasa.asked) == 1
    assert len(rows(database, Journal)) == len(rows(database, Outbox)) == 1
    assert sum(not one.duplicate for one in handled) == 1
    again = await intake.receive(channel="wx", sender="a", text="学时", external_id="m1", ask=rasa)
    assert again.duplicate
    assert again.state == "processed"
    assert [payload["text"] for payload in again.payloads] == ["答：学时"], "a later delivery finds the answer"
    assert (await intake.receive(channel="tg", sender="a", text="学时", external_id="m1", ask=rasa)).duplicate is False


async def test_a_held_conversation_is_journaled_and_rasa_is_not_asked(intake: Intake, database: Database) -> None:
    with database.write() as session:
        assert hold.hold(session, "web:a", "3号", NOW)
    rasa = Rasa()
    for said in ("在吗", "", "长" * (MAX_TEXT + 1)):
        handled = await intake.receive(channel="web", sender="a", text=said, ask=rasa)
        assert (handled.state, handled.payloads) == ("held", [])
    assert not rasa.asked
    assert [row.state for row in rows(database, Journal)] == ["held"] * 3
    with database.write() as session:
        assert hold.release(session, "web:a")
        assert not hold.release(session, "web:a")
    assert (await intake.receive(channel="web", sender="a", text="在吗", ask=rasa)).state == "processed"


async def test_all_of_a_long_message_is_there_for_the_human_who_holds_the_conversation(intake: Intake, database: Database) -> None:
    with database.write() as session:
        hold.hold(session, "tg:a", "3号", NOW)
    longest_on_telegram = "我的情况是这样的。" * 455 + "K7M2Q9ABCD"
    for said in (longest_on_telegram, "长" * (MOST_KEPT + 1)):
        await intake.receive(channel="tg", sender="a", text=said, ask=Rasa())
    assert [row.text for row in rows(database, Journal)] == [
        longest_on_telegram[:-10] + "K7********",
        "长" * MOST_KEPT + SENTENCES.cut,
    ]
    assert rows(database, Outbox) == []


async def test_a_human_who_takes_over_silences_an_answer_already_being_made(intake: Intake, database: Database) -> None:
    def take(question: Question) -> None:
        with database.write() as session:
            hold.hold(session, question.sender_id, "3号", NOW)

    handled = await intake.receive(channel="web", sender="a", text="你好", ask=Rasa(before=take))
    assert (handled.state, handled.payloads) == ("held", [])
    assert [row.state for row in rows(database, Journal)] == ["held"]
    assert rows(database, Outbox) == []


def test_of_two_humans_one_holds(database: Database) -> None:
    with database.write() as session:
        assert hold.hold(session, "web:a", "3号", NOW)
        assert hold.hold(session, "web:a", "3号", NOW)
        assert not hold.hold(session, "web:a", "4号", NOW)
        assert hold.holder(session, "web:a") == "3号"


@pytest.mark.parametrize(
    ("said", "told", "kept"),
    [
        ("", "blank", ""),
        ("\u200b／ \n", "blank", ""),
        ("长" * (MAX_TEXT + 1), "too_long", "长" * (MAX_TEXT + 1)),
        ("x" * 10**5, "too_long", "x" * MOST_KEPT + SENTENCES.cut),
    ],
)
async def test_blank_and_too_long_get_one_helpful_sentence(intake: Intake, database: Database, said: str, told: str, kept: str) -> None:
    rasa = Rasa()
    handled = await intake.receive(channel="web", sender="a", text=said, ask=rasa)
    assert [payload["text"] for payload in handled.payloads] == [getattr(SENTENCES, told)]
    assert not rasa.asked
    assert [(row.state, row.text) for row in rows(database, Journal)] == [("processed", kept)]


async def test_the_longest_text_is_asked(intake: Intake) -> None:
    assert (await intake.receive(channel="web", sender="a", text="长" * MAX_TEXT, ask=(rasa := Rasa()))).state == "processed"
    assert len(rasa.asked[0].text) == MAX_TEXT


async def test_a_failing_rasa_costs_one_sentence_and_no_silence(
    intake: Intake, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Question, __: Finish) -> Handled:
        raise RuntimeError("秘密的话")

    async def mute(_: Question, finish: Finish) -> Handled:
        return await finish([], [])

    with caplog.at_level(logging.DEBUG):
        for rasa in (broken, mute):
            handled = await intake.receive(channel="web", sender="a", text="秘密的话", ask=rasa)
            assert [payload["text"] for payload in handled.payloads] == [SENTENCES.unavailable]
    assert [row.state for row in rows(database, Journal)] == ["failed", "failed"]
    assert [row.kind for row in rows(database, Outbox)] == ["notice", "notice"]
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 2
    assert "秘密" not in caplog.text


async def test_a_database_that_fails_costs_one_sentence(intake: Intake, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    rasa = Rasa()
    with database.write() as session:
        for table in ("feedback", "choice", "staff_message", "outbox"):
            session.execute(text(f"DROP TABLE {table}"))
    handled = await intake.receive(channel="web", sender="a", text="秘密的话", ask=rasa)
    assert [payload["text"] for payload in handled.payloads] == [SENTENCES.delayed], "an answer that cannot be written down is not given"
    with database.write() as session:
        session.execute(text("DROP TABLE journal"))
    handled = await intake.receive(channel="web", sender="a", text="秘密的话", ask=rasa)
    assert [payload["text"] for payload in handled.payloads] == [SENTENCES.unavailable]
    assert len(rasa.asked) == 1, "what cannot be written down is not asked"
    assert "秘密" not in caplog.text
    assert "DatabaseNotReady" in caplog.text


async def test_a_locked_database_costs_one_sentence(sqlite: Database) -> None:
    event.listen(sqlite.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
    intake = Intake(sqlite, SENTENCES, lambda: NOW)
    assert sqlite.file is not None
    locking = sqlite3.connect(sqlite.file, isolation_level=None)
    locking.execute("BEGIN EXCLUSIVE")
    handled = await intake.receive(channel="web", sender="a", text="学时", ask=(rasa := Rasa()))
    locking.close()
    assert [payload["text"] for payload in handled.payloads] == [SENTENCES.unavailable]
    assert not rasa.asked
    assert (await intake.receive(channel="web", sender="a", text="学时", ask=rasa)).state == "processed"


async def test_the_work_goes_on_when_the_caller_leaves(intake: Intake, database: Database) -> None:
    call = asyncio.create_task(intake.receive(channel="web", sender="a", text="学时", ask=Rasa()))
    while not rows(database, Journal):
        await asyncio.sleep(0.002)
    call.cancel()
    await intake.drain()
    assert [row.state for row in rows(database, Journal)] == ["processed"]
    assert len(rows(database, Outbox)) == 1


SAID = st.lists(
    st.one_of(
        st.text(max_size=8), st.sampled_from(["/", "／", "\u200b", " ", "630104199001011234", "６３０１０４１９９００１０１１２３Ｘ"])
    ),
    max_size=6,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(SAID.map("".join), min_size=15, max_size=15))
def test_whatever_is_sent_rasa_sees_no_command_and_no_id_number(database: Database, many: list[str]) -> None:
    rasa = Rasa()

    async def send() -> None:
        intake = Intake(database, SENTENCES, lambda: NOW)
        await asyncio.gather(*(intake.receive(channel="web", sender="a", text=said, ask=rasa) for said in many))

    asyncio.run(send())
    for question in rasa.asked:
        assert question.text.strip()
        assert not question.text.strip().startswith(("/", "／"))
        assert "630104199001011234" not in question.text
        assert "63010419900101123X" not in question.text


def test_ids_of_a_sender_become_visible_in_order(database: Database) -> None:
    """A reader who follows ids while several write never finds a lower one afterwards."""
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            last = done.is_set()
            with database.read() as session:
                seen.extend(one.id for one in outbox.after(session, {"web:a": max(seen, default=0)}))
            if last:
                return

    def say(number: int) -> None:
        with database.write() as session:
            outbox.add(session, "web:a", [{"text": f"{number}"}, {"text": "…"}], NOW)
            time.sleep(0.005)

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(follow)
        list(pool.map(say, range(30)))
        done.set()
        reader.result()
    assert len(seen) == 60


def test_messages_of_a_sender_are_read_after_a_cursor(database: Database) -> None:
    with database.write() as session:
        first = outbox.add(session, "web:a", [{"text": "一"}, {"text": "二"}], NOW)
        other = outbox.add(session, "web:b", [{"text": "三"}], NOW, kind="staff")
    with database.read() as session:
        assert [one.payload["text"] for one in outbox.after(session, {"web:a": first[0].id, "web:b": 0})] == ["二", "三"]
        assert outbox.after(session, {"web:b": other[0].id}) == outbox.after(session, {}) == []
        assert outbox.latest_id(session, "web:a") == first[1].id
        assert outbox.latest_id(session, "web:nobody") == 0
    with database.write() as session:
        outbox.mark_sent(session, [first[0].id])
        outbox.mark_sent(session, [])
    assert [(row.state, row.attempts) for row in rows(database, Outbox)] == [("sent", 1), ("pending", 0), ("pending", 0)]
