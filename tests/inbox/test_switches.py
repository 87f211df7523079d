"""What is switched off: once, with a reason; a channel that is off answers with the telephone, and its conversations with humans go on."""

from typing import Any

import pytest
from sqlalchemy import event, text

from bot.db import Database
from bot.inbox import hold, switches
from bot.inbox.guard import FRESH, QUESTIONS_OFF, Guard
from bot.inbox.intake import Intake
from bot.inbox.models import DialogueTurn, Journal, Outbox, Switch
from bot.inbox.text import MAX_TEXT
from tests.inbox.asking import Echo, away, not_now, retry, rows, said, send, states, told
from tests.inbox.conftest import NOW, SENTENCES


class Seconds:
    """A clock of the guard's that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds(intake: Intake) -> Seconds:
    seconds = Seconds()
    intake.guard = Guard(intake.writer, SENTENCES.switched_off, seconds)
    return seconds


def throw(database: Database, scope: str, name: str, reason: str = "核对") -> bool:
    with database.write() as session:
        return switches.off(session, scope, name, reason, "staff:1", NOW)


def restore(database: Database, scope: str, name: str) -> bool:
    with database.write() as session:
        return switches.on(session, scope, name)


def test_what_is_off_stands_with_its_reason_until_it_is_on_again(database: Database) -> None:
    assert throw(database, "question", "hours_public", " 数字有误 ")
    assert not throw(database, "question", "hours_public", "别的原因"), "off already"
    with database.read() as session:
        (one,) = switches.standing(session)
        assert (one.scope, one.name, one.reason, one.by, one.since) == ("question", "hours_public", "数字有误", "staff:1", NOW)
        assert switches.everything_off(session) == {("question", "hours_public")}
    assert restore(database, "question", "hours_public")
    assert not restore(database, "question", "hours_public")
    with database.read() as session:
        assert switches.standing(session) == []


@pytest.mark.parametrize(("scope", "reason"), [("question", ""), ("question", " \n"), ("everything", "核对")])
def test_nothing_is_switched_off_without_a_reason_or_in_an_unknown_scope(database: Database, scope: str, reason: str) -> None:
    with pytest.raises(ValueError, match=scope):
        throw(database, scope, "x", reason)
    assert rows(database, Switch) == []


async def test_in_a_channel_that_is_off_everything_is_written_down_and_answered_with_the_telephone(
    intake: Intake, database: Database
) -> None:
    echo = Echo(database)
    throw(database, "channel", "web")
    code = "绑定 马秀兰 K7M2Q9ABCD 630104199001011234"
    for words in ("一年要多少学时", "", "长" * (MAX_TEXT + 1), code):
        handled = await send(intake, echo, words)
        assert (handled.state, said(handled)) == ("processed", [SENTENCES.switched_off])
    assert echo.asked == []
    assert [row.text for row in rows(database, Journal)][::3] == ["一年要多少学时", "绑定 马秀兰 K7******** 6301**********1234"]
    assert [(row.kind, row.state) for row in rows(database, Outbox)] == [("notice", "pending")] * 4
    assert rows(database, DialogueTurn) == []
    assert said(await send(intake, echo, "你好", channel="wx")) == ["答：你好"], "another channel is on"


async def test_a_message_brought_again_to_a_channel_that_is_off_is_answered_once(intake: Intake, database: Database) -> None:
    throw(database, "channel", "wx")
    facts: dict[str, Any] = {"channel": "wx", "sender": "a", "external_id": "m1", "text": "学时", "ask": Echo(database)}
    first, again = await intake.receive(**facts), await intake.receive(**facts)
    restore(database, "channel", "wx")
    later = await intake.receive(**facts)
    assert [one.duplicate for one in (first, again, later)] == [False, True, True]
    assert said(first) == said(again) == said(later) == [SENTENCES.switched_off]
    assert told(database) == [SENTENCES.switched_off]


async def test_in_a_channel_that_is_off_a_human_goes_on_with_their_conversation(intake: Intake, database: Database) -> None:
    throw(database, "channel", "web")
    with database.write() as session:
        hold.hold(session, "web:a", "3号", NOW)
    assert (await send(intake, Echo(database), "在吗")).state == "held"
    assert told(database) == []


async def test_a_channels_own_answers_are_silent_while_it_is_off(intake: Intake, database: Database) -> None:
    own = Echo(database)
    throw(database, "channel", "tg")
    handled = await intake.receive(channel="tg", sender="a", text="[图片]", ask=Echo(database), own=own)
    assert (said(handled), own.asked) == ([SENTENCES.switched_off], [])


@pytest.mark.parametrize(("switch", "silent"), [("tg", ["tg", "tgg"]), ("tgg", ["tgg"]), ("web", ["web"])])
async def test_the_switch_of_telegram_covers_its_groups_and_not_the_other_way_round(
    intake: Intake, database: Database, switch: str, silent: list[str]
) -> None:
    throw(database, "channel", switch)
    off = [
        channel
        for channel in switches.CHANNELS
        if SENTENCES.switched_off in said(await send(intake, Echo(database), "在", channel=channel))
    ]
    assert sorted(off) == sorted(silent)


async def test_a_switch_is_seen_within_half_a_second_by_a_process_that_has_just_looked(
    intake: Intake, database: Database, seconds: Seconds
) -> None:
    assert FRESH <= 0.5
    echo = Echo(database)
    await send(intake, echo, "一")
    throw(database, "channel", "web")
    seconds.now = FRESH - 0.01
    assert said(await send(intake, echo, "二")) == ["答：二"]
    seconds.now = FRESH
    assert said(await send(intake, echo, "三")) == [SENTENCES.switched_off]
    restore(database, "channel", "web")
    seconds.now = 2 * FRESH
    assert said(await send(intake, echo, "四")) == ["答：四"]


async def test_the_engine_is_told_which_questions_are_off_and_nothing_when_none_is(
    intake: Intake, database: Database, seconds: Seconds
) -> None:
    heard = []

    async def ask(question: Any, finish: Any) -> Any:
        heard.append(dict(question.metadata))
        return await finish([{"text": "好"}], [])

    await intake.receive(channel="web", sender="a", text="一", ask=ask, metadata={"x": 1, QUESTIONS_OFF: ["forged"]})
    throw(database, "question", "b")
    throw(database, "question", "a")
    throw(database, "personal", "*")
    seconds.now = FRESH
    await intake.receive(channel="web", sender="a", text="二", ask=ask)
    assert heard == [{"x": 1}, {QUESTIONS_OFF: ["a", "b"]}]


async def test_a_message_put_back_is_answered_with_the_telephone_when_its_channel_is_off_by_then(
    intake: Intake, database: Database, seconds: Seconds
) -> None:
    echo = Echo(database, not_now())
    assert said(await send(intake, echo, "早")) == [SENTENCES.delayed]
    throw(database, "channel", "web")
    seconds.now = FRESH
    assert await retry(intake, echo)
    assert states(database) == ["processed"]
    assert (told(database), len(echo.asked)) == ([SENTENCES.delayed, SENTENCES.switched_off], 1)


async def test_a_table_of_switches_that_cannot_be_read_is_a_failing_database(intake: Intake, database: Database) -> None:
    echo = Echo(database)
    with database.write() as session:
        session.execute(text("ALTER TABLE switch RENAME TO gone"))
    assert said(await send(intake, echo, "一")) == [SENTENCES.unavailable]
    with database.write() as session:
        session.execute(text("ALTER TABLE gone RENAME TO switch"))
    with away(database):
        assert said(await send(intake, echo, "二")) == [SENTENCES.unavailable]
    assert echo.asked == []
    assert said(await send(intake, echo, "三")) == ["答：三"]


async def test_many_messages_cost_one_look_and_a_look_costs_no_transaction(intake: Intake, database: Database, seconds: Seconds) -> None:
    looks: list[str] = []
    begun: list[int] = []
    event.listen(database.engine, "before_cursor_execute", lambda *facts: looks.append(facts[2]) if "FROM switch" in facts[2] else None)

    async def transactions(words: str) -> int:
        begun.clear()
        await send(intake, Echo(database), words)
        return len(begun)

    event.listen(database.engine, "begin", lambda _: begun.append(1))
    event.listen(database.writer, "begin", lambda _: begun.append(1))
    looking = await transactions("一")
    assert looking == await transactions("二") == await transactions("三") > 0
    assert len(looks) == 1
    seconds.now = FRESH
    await send(intake, Echo(database), "四")
    assert len(looks) == 2
