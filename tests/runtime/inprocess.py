"""The real bot in one process: its model, its actions and a store of one's choice, without a socket between them."""

import asyncio
import copy
import itertools
import json
import logging
import os
import shutil
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import structlog

import actions.answering
import actions.binding
import actions.helpdesk
from actions.desk import Desk
from bot import settings
from bot.answers import Answers
from bot.db import Database, open_database
from bot.hours import identity
from bot.hours.models import Person
from bot.hours.sample import load_sample
from bot.runtime import lean
from bot.schema import upgrade
from policies.notice import Notices, load_notices

lean.install()

from rasa.core.channels.channel import UserMessage  # noqa: E402
from rasa.core.processor import MessageProcessor  # noqa: E402
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402
from rasa_sdk.executor import ActionExecutor  # noqa: E402

from bot.channels.collector import Collector  # noqa: E402
from bot.runtime import repairs  # noqa: E402
from bot.runtime.agent import BotAgent  # noqa: E402
from bot.runtime.locks import Locks  # noqa: E402
from bot.runtime.processor import Processor  # noqa: E402
from bot.runtime.trackerstore import Conversations, MemoryConversations, TurnStore  # noqa: E402

TODAY = "2023-11-20"
SENDER = "rest:somebody"
ACTION_MODULES = (actions.answering, actions.binding, actions.helpdesk)


class Actions(EndpointConfig):
    """An action server without a server: what goes over the wire is JSON here, too. ``failing`` is raised instead of an answer."""

    def __init__(self, desk: Desk | None = None) -> None:
        super().__init__("http://in.process")
        self.executor = ActionExecutor()
        self.executor.register_package("actions")
        self.desk = desk
        self.failing: Exception | None = None
        self.called: list[str] = []

    async def request(self, method: str = "post", subpath: Any = None, content_type: Any = None, compress: Any = False, **more: Any) -> Any:
        call = _over_the_wire(more["json"])
        self.called.append(call["next_action"])
        if self.failing is not None:
            raise self.failing
        with ExitStack() as patched:
            for module in ACTION_MODULES:
                patched.enter_context(mock.patch.object(module, "open_desk", return_value=self.desk))
            return _over_the_wire(await self.executor.run(call))


def _over_the_wire(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False))


@lru_cache(maxsize=1)
def _loaded(model: Path) -> Processor:
    """Loaded once for all tests of a run; its NLU reads the day from the environment."""
    repairs.apply()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # else Rasa prints whole trackers
    agent = _agent()
    with mock.patch.dict(os.environ, {"BOT_TODAY": TODAY}):
        agent.load_model(model)
        asyncio.run(agent.parse_message("你好"))
    assert agent.processor is not None
    return agent.processor


def _agent(store: TrackerStore | None = None, endpoint: EndpointConfig | None = None) -> BotAgent:
    with mock.patch.dict(os.environ, {"BOT_TODAY": TODAY}):
        return BotAgent(
            generator=EndpointConfig(type="bot.runtime.nlg.Answers"),
            tracker_store=store or MemoryConversations(None),
            lock_store=Locks(),
            action_endpoint=endpoint,
        )


def agent_with(model: Path, store: TrackerStore, endpoint: EndpointConfig) -> BotAgent:
    """An agent over this store and these actions."""
    agent = _agent(store, endpoint)
    processor = copy.copy(_loaded(model))
    processor.tracker_store, processor.nlg, processor.action_endpoint = agent.tracker_store, agent.nlg, endpoint
    agent.adopt(processor)
    return agent


def sample_folder(folder: Path) -> dict[str, str]:
    """A database with the sample people in the folder, and a bind code for each of them by name."""
    own = settings_of(folder)
    database = open_database(own)
    upgrade(database)
    load_sample(database, own.now())
    with database.write() as session:
        people = session.query(Person).all()
        codes = {one.name: one.code for one in identity.issue_codes(session, own.secret_key(), people, own.now())}
    database.dispose()
    return codes


def settings_of(folder: Path) -> settings.Settings:
    """Settings for a database in the folder."""
    return settings.load({"BOT_DATABASE_URL": f"sqlite:///{folder}/bot.db", "BOT_TODAY": TODAY}, folder)


@lru_cache(maxsize=1)
def _texts() -> tuple[Notices, Answers]:
    notices = load_notices()
    return notices, Answers.from_files(notices)


class Bot:
    """One bot on a copy of a sample folder. ``store``: a class of ours; without one, Rasa's own processor and store with all history."""

    def __init__(self, model: Path, pattern: Path, folder: Path, store: type[TurnStore] | None = Conversations) -> None:
        shutil.copytree(pattern, folder)
        self.settings = settings_of(folder)
        self.database: Database = open_database(self.settings)
        self.actions = Actions(Desk(self.settings, self.database, *_texts()))
        kept: Any = store(None) if store else SQLTrackerStore(None, db=str(folder / "rasa.db"))
        if store:
            kept._read_settings, kept._database = self.settings, self.database
        self.store = kept
        self.agent = agent_with(model, kept, self.actions)
        if not store:
            self.agent.processor.__class__ = MessageProcessor  # type: ignore[union-attr]
        self.numbers = itertools.count(1)

    async def say(self, text: str, sender: str = SENDER) -> list[dict[str, Any]]:
        """The bot's messages; the dialogue is stored with each."""
        collector, number = Collector(), next(self.numbers)
        collector.finish = None  # type: ignore[assignment]
        message = UserMessage(text, collector, sender, input_channel="rest", message_id=str(number), metadata={"journal_id": number})
        await self.agent.handle_message(message)
        return collector.messages

    async def state(self, sender: str = SENDER) -> dict[str, Any] | None:
        """What the next message would find."""
        tracker = await self.store.retrieve(sender)
        return state_of(tracker) if tracker else None


def state_of(tracker: Any) -> dict[str, Any]:
    """What the next message depends on."""
    loop = tracker.active_loop
    slots = {name: value for name, value in tracker.current_slot_values().items() if name != "session_started_metadata"}
    return {
        "slots": slots,
        "loop": (loop.name, loop.is_interrupted, loop.rejected) if loop and loop.name else None,
        "action": tracker.latest_action_name,
        "said": tracker.latest_message.intent if tracker.latest_message else None,
        "meaning": (tracker.latest_message.parse_data or {}).get("meaning") if tracker.latest_message else None,
    }
