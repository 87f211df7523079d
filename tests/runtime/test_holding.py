"""A chat that a human holds is bound by name and code in one message, in the bot's own words; nothing else is touched."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import settings as bot_settings
from bot.db import Database
from bot.hours.identity import TRIES_PER_CHAT, bound_person, issue_codes
from bot.hours.models import BindAttempt, Person
from bot.hours.sample import load_sample
from bot.inbox import journal, outbox, turns
from bot.inbox.models import Journal, Outbox
from bot.inbox.question import Question
from bot.inbox.turns import NOTHING, StoredTurn
from bot.runtime.holding import BindsInHand

CHAT, GROUP = "web:held", "tgg:-100123"
NAME, OTHER, WRONG = "才让·措毛", "马占海", "ABCDE23456"
FAILED = "姓名与绑定码不匹配，或绑定码已失效，没有绑定。请核对后重试，或向单位重新领取绑定码。"


class Hall:
    """Sample people, and what is said in chats that somebody holds."""

    def __init__(self, folder: Path) -> None:
        self.settings = bot_settings.load({"BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}", "BOT_TODAY": "2023-11-20"}, folder)
        self.database = Database(self.settings.database_url)
        self.acts = BindsInHand(self.settings, self.database)

    def code(self, name: str = NAME) -> str:
        with self.database.write() as session:
            person = session.execute(select(Person).where(Person.name == name)).scalar_one()
            return issue_codes(session, self.settings.secret_key(), [person], self.settings.now())[0].code

    def says(self, text: str, chat: str = CHAT) -> str | None:
        with self.database.write() as session:
            entry = journal.write(session, channel="web", sender_id=chat, external_id=None, text="…", now=self.settings.now())
        return self.acts(Question(text, chat, "web", entry.id, {}))

    def bound(self, chat: str = CHAT) -> str | None:
        with self.database.read() as session:
            person = bound_person(session, chat)
            return person.name if person else None


@pytest.fixture(scope="module")
def pattern(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "bot.db"
    shutil.copy(migrated_sqlite, path)
    database = Database(f"sqlite:///{path}")
    load_sample(database, bot_settings.load({"BOT_TODAY": "2023-11-20"}, path.parent).now())
    database.dispose()
    return path


@pytest.fixture
def hall(pattern: Path, tmp_path: Path) -> Iterator[Hall]:
    shutil.copy(pattern, tmp_path / "bot.db")
    made = Hall(tmp_path)
    yield made
    made.database.dispose()


@pytest.mark.parametrize("words", ["绑定 {name} {code}", "绑定：{code}，{name}", "绑定 姓名{name} 绑定码{code}"])
def test_a_whole_binding_binds_and_is_told_as_the_bot_tells_it(hall: Hall, words: str) -> None:
    told = hall.says(words.format(name=NAME, code=hall.code()))
    assert told is not None
    assert told.startswith("已绑定：才让·措毛（祁连县牧云职业学校，证件号6322**********0420）。")
    assert hall.bound() == NAME


def test_a_wrong_code_gets_the_bots_sentence_and_counts_as_a_try(hall: Hall) -> None:
    code = hall.code()
    assert [hall.says(f"绑定 {NAME} {WRONG}") for _ in range(TRIES_PER_CHAT)] == [FAILED] * TRIES_PER_CHAT
    locked = hall.says(f"绑定 {NAME} {code}")
    assert locked is not None
    assert "15分钟后再试" in locked
    assert hall.bound() is None


@pytest.mark.parametrize(
    "text", ["绑定", "绑定 K7M2Q9ABCD", "K7M2Q9ABCD", "解绑", "绑定失败 error500", "绑定 才让措毛 1234", "我要绑定，怎么做"]
)
def test_everything_else_is_the_humans(hall: Hall, text: str) -> None:
    assert hall.says(text) is None
    with hall.database.read() as session:
        assert session.execute(select(BindAttempt.id)).first() is None


def test_in_a_group_nobody_is_bound_and_nothing_personal_is_said(hall: Hall) -> None:
    code = hall.code()
    assert hall.says(f"绑定 {NAME} {code}", GROUP) == "个人学时只在私聊里查询。请单独打开我的对话再问。"
    assert hall.bound(GROUP) is None
    assert hall.says(f"绑定 {NAME} {code}") is not None
    assert hall.bound() == NAME


def test_the_chat_of_somebody_else_loses_what_they_had_said(hall: Hall) -> None:
    hall.says(f"绑定 {NAME} {hall.code()}")
    with hall.database.write() as session:
        outbox.add(session, CHAT, [{"text": "12.5"}], hall.settings.now())
    hall.says(f"绑定 {OTHER} {hall.code(OTHER)}")
    with hall.database.read() as session:
        assert len(session.execute(select(Journal.id).where(Journal.sender_id == CHAT)).all()) == 1, "the binding itself"
        assert session.execute(select(Outbox.id)).all() == []
    assert hall.bound() == OTHER


@pytest.mark.parametrize("before", [True, False])
def test_the_dialogue_knows_of_it_when_the_bot_talks_again(hall: Hall, before: bool) -> None:
    if before:
        state = '{"slots":{"bound":false,"requested_slot":"bind_name"},"sealed":{},"loop":null,"action":"action_listen","at":1.0}'
        with hall.database.write() as session:
            turns.add(session, StoredTurn(CHAT, 1, hall.settings.now(), '[{"event":"action"}]', state))
    hall.says(f"绑定 {NAME} {hall.code()}")
    with hall.database.write() as session:
        turns.interrupt(session, CHAT, hall.settings.now())
    with hall.database.read() as session:
        (last,) = turns.last(session, CHAT, 1)
    assert (last.number, last.events) == (2 if before else 1, NOTHING)
    assert '"bound":true' in last.state
