"""Long talks with the served bot: nothing is forgotten, nothing grows, and no code is left lying about."""

import itertools
import re

import pytest
from sqlalchemy import create_engine, text

from tests.dialogue.talking import Talk, issue
from tests.serving import Server

pytestmark = pytest.mark.model

COMPLETE, GAP = "630104198503170314", "632221199006240420"
ASIDES = ("公需一年要多少学时", "系统什么时候关", "我今年还差多少学时", "你好", "今天天气怎么样")


def dump(server: Server) -> str:
    """Every value of every table, as one text."""
    engine = create_engine(server.env["BOT_DATABASE_URL"])
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        found = [str(value) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"')) for value in row]
    engine.dispose()
    return "\n".join(found)


def readable(server: Server, code: str) -> bool:
    """Whether the database holds the code but for its first two signs, however it is written."""
    return code[2:] in re.sub("[ -]", "", dump(server)).upper()


def turns_of(talk: Talk) -> list[tuple[int, int]]:
    """Number and size of each stored turn of a talk."""
    engine = create_engine(talk.server.env["BOT_DATABASE_URL"])
    with engine.connect() as connection:
        query = text("SELECT number, length(events) + length(state) FROM dialogue_turn WHERE sender_id = :sender ORDER BY number")
        found = [tuple(row) for row in connection.execute(query, {"sender": f"rest:{talk.sender}"})]
    engine.dispose()
    return found


def test_thirty_questions_between_code_and_name_lose_neither(bot_server: Server):
    talk = Talk(bot_server)
    name, code = issue(bot_server, GAP)
    talk.say("绑定")
    assert "姓名" in talk.say(code)
    for aside in itertools.islice(itertools.cycle(ASIDES), 30):
        assert "姓名" in talk.say(aside)
    assert "已绑定" in talk.say(name)
    assert name in talk.say("我绑定的是谁")


def test_the_name_right_after_the_code_binds(bot_server: Server):
    talk = Talk(bot_server)
    name, code = issue(bot_server, COMPLETE)
    for said in ("绑定", code):
        talk.say(said)
    assert "已绑定" in talk.say(name)


@pytest.mark.parametrize("groups", [(10,), (5, 5), (4, 4, 2)], ids=["whole", "two", "three"])
def test_a_code_is_readable_nowhere_in_the_database_while_the_form_waits_or_afterwards(bot_server: Server, groups: tuple[int, ...]):
    talk = Talk(bot_server)
    name, code = issue(bot_server, COMPLETE)
    ends = list(itertools.accumulate(groups))
    written = "-".join(code[end - size : end] for size, end in zip(groups, ends, strict=True)).lower()
    talk.say("绑定")
    assert "姓名" in talk.say(written)
    talk.say("公需一年要多少学时")
    assert not readable(bot_server, code)
    assert "已绑定" in talk.say(name)
    assert not readable(bot_server, code)
    assert name in talk.say("我绑定的是谁")


def test_a_conversation_of_many_turns_writes_one_small_row_for_each(bot_server: Server):
    talk = Talk(bot_server)
    for said in itertools.islice(itertools.cycle(ASIDES), 60):
        assert talk.say(said)
    found = turns_of(talk)
    assert [number for number, _ in found] == list(range(1, 61))
    early, late = (sorted(size for _, size in part) for part in (found[5:15], found[45:55]))  # the same questions
    assert max(late) <= 1.2 * max(early)


def test_a_follow_up_still_leans_on_what_was_asked_after_many_turns(bot_server: Server):
    talk = Talk(bot_server)
    for _ in range(20):
        talk.say("公需一年要多少学时")
        assert "90" in talk.say("那专业呢")
