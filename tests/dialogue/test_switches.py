"""Switches thrown in the database while the bot serves: within a second the chat reads the telephone number, and answers again after."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from bot import settings
from bot.inbox import switches
from bot.inbox.models import DialogueTurn, Journal, Missed, Outbox, Switch
from tests.dialogue.talking import POLICY_PHONE, Talk, database_of, figure, status
from tests.serving import Server

pytestmark = pytest.mark.model

GAP = "632221199006240420"
WITHIN = 1.0
"""Seconds after which every process knows."""

Throw = Callable[[str, str], None]


@pytest.fixture
def off(bot_server: Server) -> Iterator[Throw]:
    """Switches something off, a second ago for all that is said next; afterwards everything is on again."""
    now = settings.load(bot_server.env, bot_server.folder).now()

    def throw(scope: str, name: str) -> None:
        with database_of(bot_server).write() as session:
            assert switches.off(session, scope, name, "核对", "staff:1", now)
        time.sleep(WITHIN)

    yield throw
    on(bot_server)


def on(server: Server) -> None:
    """Everything is on, and has been for a second."""
    with database_of(server).write() as session:
        session.query(Switch).delete()
    time.sleep(WITHIN)


def test_a_question_that_is_off_gives_the_telephone_however_one_comes_to_it(bot_server: Server, off: Throw):
    talk = Talk(bot_server)
    assert "45" in talk.say("公需一年要多少学时")
    off("question", "hours_public")
    replaced = talk.say("公需一年要多少学时")
    assert "自动答复暂时停用" in replaced
    assert POLICY_PHONE in replaced
    assert "45" not in replaced
    assert "自动答复暂时停用" in talk.say("看原文")
    assert "90" in talk.say("专业科目一年要多少学时")
    assert "自动答复暂时停用" in talk.say("那公需呢")
    both = talk.say("公需一年要多少学时？系统什么时候关？")
    assert "“公需科目每年要多少学时”的自动答复暂时停用" in both
    assert "12月31日24时" in both
    on(bot_server)
    assert "45" in talk.say("公需一年要多少学时")
    with database_of(bot_server).read() as session:
        assert session.execute(select(Missed.id).where(Missed.sender_id == f"rest:{talk.sender}")).all() == []


def test_in_a_channel_that_is_off_everything_gives_the_telephone_and_is_written_down(bot_server: Server, off: Throw):
    talk = Talk(bot_server)
    talk.say("你好")
    off("channel", "rest")
    for words in ("一年要多少学时", "转人工", ""):
        reply = talk.say(words)
        assert "自动答复暂时停用" in reply
        assert POLICY_PHONE in reply
    on(bot_server)
    assert "90" in talk.say("一年要多少学时")
    with database_of(bot_server).read() as session:
        mine = f"rest:{talk.sender}"
        assert list(session.execute(select(Journal.state).where(Journal.sender_id == mine)).scalars()) == ["processed"] * 5
        assert list(session.execute(select(Outbox.kind).where(Outbox.sender_id == mine)).scalars())[1:4] == ["notice"] * 3
        assert len(session.execute(select(DialogueTurn.number).where(DialogueTurn.sender_id == mine)).all()) == 2, "Rasa was not asked"


def test_while_personal_figures_are_off_a_bound_person_reads_the_telephone_and_no_figure(bot_server: Server, off: Throw):
    talk = Talk(bot_server)
    assert "已绑定" in talk.bind(GAP)
    missing = figure(status(bot_server, GAP)["year"]["missing"]["public"])
    own = talk.say("我今年还差多少")
    off("personal", switches.EVERYTHING)
    replaced = talk.say("我今年还差多少")
    assert "个人学时的查询暂时停用" in replaced
    assert POLICY_PHONE in replaced
    assert not re.search(missing, replaced)
    assert "才让·措毛" in talk.say("我绑定的是谁")
    assert "45" in talk.say("公需一年要多少学时")
    on(bot_server)
    assert talk.say("我今年还差多少") == own
