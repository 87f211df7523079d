"""Actions at a desk of their own: a migrated SQLite file with the sample people, today being 2023-11-20."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import AnswerRecord
from actions.desk import Desk, open_desk
from bot.db import Database
from bot.hours import identity, models
from bot.hours.sample import load_sample
from bot.nlu.turn import Turn, turn_to_data
from bot.schema import upgrade
from bot.settings import ZONE

CHAT = "web:tests"
DONE, GAPS, LEFT_OUT, VILLAGE = "马占海", "才让·措毛", "李文静", "扎西多杰"
EPIDEMIC, EXEMPT, WAITING, HIGH = "赵晓岚", "王铁军", "韩雪莲", "祁海龙"
EVERYBODY = (DONE, GAPS, LEFT_OUT, VILLAGE, EPIDEMIC, EXEMPT, WAITING, HIGH)


@dataclass
class Reply:
    """What an action sent and what it told the dialogue."""

    messages: list[dict[str, Any]]
    slots: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n\n".join(message["text"] for message in self.messages)

    @property
    def buttons(self) -> list[str]:
        return [button["title"] for message in self.messages for button in message["buttons"]]


def tracker_of(latest: dict[str, Any], sender_id: str = CHAT, said: tuple[str, ...] = (), slots: dict[str, Any] | None = None) -> Tracker:
    """A conversation whose latest message was read as ``latest``."""
    events: list[dict[str, Any]] = [{"event": "user", "text": text} for text in said]
    return Tracker(sender_id, slots or {}, latest, events, False, None, {}, None)


def run(action: Action, tracker: Tracker) -> Reply:
    """Run an action as the action server does."""
    dispatcher = CollectingDispatcher()
    done: Any = action.run(dispatcher, tracker, {})
    events = asyncio.run(done) if asyncio.iscoroutine(done) else done
    return Reply(dispatcher.messages, {event["name"]: event["value"] for event in events})


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "hours.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    load_sample(database, datetime(2023, 11, 20, 9, tzinfo=ZONE))
    database.dispose()
    return path


@pytest.fixture
def desk(sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk that the actions of one test open."""
    shutil.copy(sample_file, tmp_path / "hours.db")
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    monkeypatch.delenv("BOT_SECRET_KEY", raising=False)
    monkeypatch.setenv("BOT_DATABASE_URL", f"sqlite:///{tmp_path / 'hours.db'}")
    monkeypatch.setenv("BOT_TODAY", "2023-11-20")
    monkeypatch.setenv("BOT_OFFICE_HOURS", "always")
    open_desk.cache_clear()
    yield open_desk()
    open_desk().database.dispose()
    open_desk.cache_clear()


@pytest.fixture
def code_of(desk: Desk) -> Callable[[str], str]:
    """A fresh bind code of a sample person."""

    def issue(name: str) -> str:
        with desk.database.write() as session:
            person = session.query(models.Person).filter_by(name=name).one()
            return identity.issue_codes(session, desk.settings.secret_key(), [person], desk.now)[0].code

    return issue


@pytest.fixture
def ask(desk: Desk) -> Callable[..., Reply]:
    """The answer to one turn or several, to somebody unbound."""

    def run_turns(*turns: Turn, sender_id: str = CHAT) -> Reply:
        several = len(turns) > 1
        meaning = {
            "turn": turn_to_data(Turn("several") if several else turns[0]),
            "parts": [turn_to_data(t) for t in turns] if several else [],
        }
        return run(AnswerRecord(), tracker_of({"meaning": meaning}, sender_id))

    return run_turns


@pytest.fixture
def ask_as(desk: Desk, code_of: Callable[[str], str], ask: Callable[..., Reply]) -> Callable[..., Reply]:
    """The answer to one turn or several, to the sample person of this name."""

    def run_as(name: str, *turns: Turn) -> Reply:
        with desk.database.read() as session:
            bound = identity.bound_person(session, CHAT)
        if bound is None or bound.name != name:
            assert identity.bind(desk.database, desk.settings.secret_key(), CHAT, name, code_of(name), desk.now).ok
        return ask(*turns)

    return run_as
