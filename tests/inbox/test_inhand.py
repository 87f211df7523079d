"""Beside the human: what only a program can do with a message is done, told to both, and is all that is said."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.inbox import hold, outbox
from bot.inbox.intake import Intake
from bot.inbox.models import Journal, Outbox
from bot.inbox.question import Finish, Handled, Question
from tests.inbox.conftest import NOW

BINDING = "绑定 马秀兰 K7M2Q9ABCD"


class Acts:
    """Does what begins with 绑定, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Question] = []

    def __call__(self, question: Question) -> str | None:
        self.shown.append(question)
        return "已绑定" if question.text.startswith("绑定") else None


async def rasa(question: Question, finish: Finish) -> Handled:
    return await finish([{"text": f"答：{question.text}"}], [])


@pytest.fixture
def acts(intake: Intake) -> Acts:
    intake.in_hand.act = acts = Acts()
    return acts


@pytest.fixture
def held(database: Database) -> None:
    with database.write() as session:
        hold.hold(session, "web:a", "staff:3", NOW)


def rows(database: Database, model: Any) -> list[Any]:
    with database.read() as session:
        return list(session.execute(select(model).order_by(model.id)).scalars())


@pytest.mark.usefixtures("held")
async def test_what_was_done_is_told_to_both_and_the_message_stays_the_humans(intake: Intake, acts: Acts, database: Database) -> None:
    handled = await intake.receive(channel="web", sender="a", text=BINDING, ask=rasa, delivers_at_once=True)
    assert (handled.state, [payload["text"] for payload in handled.payloads]) == ("held", ["已绑定"])
    assert [question.text for question in acts.shown] == [BINDING], "whole: the journal hides the code"
    (message,), (told,) = rows(database, Journal), rows(database, Outbox)
    assert (message.text, message.state) == ("绑定 马秀兰 K7********", "held")
    assert (told.kind, told.state, told.journal_id, told.sender_id) == ("system", "sent", message.id, "web:a")
    assert told.payload["metadata"] == {"kind": "system", "feedback": False}


@pytest.mark.usefixtures("held")
async def test_to_everything_else_nothing_is_said(intake: Intake, acts: Acts, database: Database) -> None:
    handled = await intake.receive(channel="web", sender="a", text="公需要多少学时", ask=rasa)
    assert (handled.state, handled.payloads) == ("held", [])
    assert len(acts.shown) == 1
    assert rows(database, Outbox) == []


@pytest.mark.usefixtures("held")
async def test_a_message_that_is_brought_again_is_acted_on_once_and_told_the_same(intake: Intake, acts: Acts) -> None:
    first = await intake.receive(channel="web", sender="a", text=BINDING, external_id="m1", ask=rasa)
    again = await intake.receive(channel="web", sender="a", text=BINDING, external_id="m1", ask=rasa)
    assert again.duplicate
    assert [one.id for one in again.messages] == [one.id for one in first.messages]
    assert len(acts.shown) == 1


@pytest.mark.usefixtures("held")
async def test_what_fails_costs_nothing_but_the_act(intake: Intake, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def fails(question: Question) -> str | None:
        raise ValueError(question.text)

    intake.in_hand.act = fails
    handled = await intake.receive(channel="web", sender="a", text=BINDING, ask=rasa)
    assert (handled.state, handled.payloads) == ("held", [])
    assert [row.state for row in rows(database, Journal)] == ["held"]
    assert "ValueError" in caplog.text
    assert "K7M2Q9ABCD" not in caplog.text


@pytest.mark.usefixtures("held")
async def test_a_channel_that_cannot_push_carries_what_the_human_wrote_before_it(intake: Intake, acts: Acts, database: Database) -> None:
    with database.write() as session:
        hold.hold(session, "rest:a", "staff:3", NOW)
        outbox.add(session, "rest:a", [{"text": "请先绑定"}], NOW, kind="staff")
    handled = await intake.receive(channel="rest", sender="a", text=BINDING, ask=rasa, delivers_at_once=True)
    assert [payload["text"] for payload in handled.payloads] == ["请先绑定", "已绑定"]


async def test_whoever_is_not_held_is_answered_by_the_bot_alone(intake: Intake, acts: Acts) -> None:
    handled = await intake.receive(channel="web", sender="a", text=BINDING, ask=rasa)
    assert [payload["text"] for payload in handled.payloads] == [f"答：{BINDING}"]
    assert acts.shown == []


async def test_a_message_whose_answer_was_being_made_when_the_human_came_is_acted_on(
    intake: Intake, acts: Acts, database: Database
) -> None:
    async def taken(question: Question, finish: Finish) -> Handled:
        with database.write() as session:
            hold.hold(session, question.sender_id, "staff:3", NOW)
        return await finish([{"text": "已绑定（没有人读到）"}], [])

    handled = await intake.receive(channel="web", sender="a", text=BINDING, ask=taken)
    assert (handled.state, [payload["text"] for payload in handled.payloads]) == ("held", ["已绑定"])
    assert [row.payload["text"] for row in rows(database, Outbox)] == ["已绑定"]
