"""The agent: no failing part is covered up, a message is finished before its conversation goes on, a new model is taken whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.db import DatabaseFault
from bot.inbox import turns
from bot.inbox.question import NotNow
from bot.inbox.turns import StoredTurn
from bot.runtime import lean, metrics
from bot.runtime.project import ROOT

lean.install()

from rasa.core.agent import AgentNotReady  # noqa: E402
from rasa.core.channels.channel import UserMessage  # noqa: E402
from rasa.core.lock_store import LockError  # noqa: E402
from rasa.core.utils import AvailableEndpoints  # noqa: E402
from rasa.exceptions import ModelNotFound  # noqa: E402

from bot.channels.collector import Collector  # noqa: E402
from bot.runtime import agent as agents  # noqa: E402
from bot.runtime.actionclient import ActionEndpoint  # noqa: E402
from bot.runtime.agent import BotAgent  # noqa: E402
from bot.runtime.trackerstore import Conversations  # noqa: E402
from tests.runtime.inprocess import SENDER, Bot, sample_folder  # noqa: E402

pytestmark = pytest.mark.model
FAQ, RECORD = "公需一年要多少学时", "我今年还差多少学时"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pattern")
    sample_folder(folder)
    return folder


@pytest.fixture
def bot(trained_model, pattern, tmp_path) -> Bot:
    return Bot(trained_model, pattern, tmp_path / "bot")


def stored(bot: Bot) -> int:
    with bot.database.look() as connection:
        return len(list(turns.every(connection, SENDER)))


class Channel(Collector):
    """Ends each message when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_end = asyncio.Event()
        self.given: list[StoredTurn] | None = None
        self.writes: Any = None

    async def finish(self, turns: Sequence[StoredTurn]) -> None:
        self.given = list(turns)
        await self.may_end.wait()
        if self.writes:
            self.writes(turns)


def message(channel: Channel, text: str = FAQ, sender: str = SENDER) -> UserMessage:
    return UserMessage(text, channel, sender, input_channel="rest", message_id="1", metadata={"journal_id": 1})


def test_nothing_stands_between_agent_and_store(bot):
    assert bot.agent.tracker_store is bot.store


def test_an_agent_without_a_store_is_refused():
    with pytest.raises(ValueError, match=r"endpoints\.yml"):
        BotAgent()


def test_without_a_model_a_message_has_to_wait(bot):
    empty = BotAgent(tracker_store=bot.store, lock_store=bot.agent.lock_store)
    with pytest.raises(NotNow):
        asyncio.run(empty.handle_message(message(Channel())))
    with pytest.raises(AgentNotReady):
        asyncio.run(empty.parse_message(FAQ))


def test_a_failing_database_fails_the_message_and_nothing_is_said(bot):
    async def talk() -> None:
        await bot.say(FAQ)
        place = bot.database.file
        place.rename(place.with_suffix(".away"))
        channel = Channel()
        with pytest.raises(DatabaseFault):
            await bot.agent.handle_message(message(channel))
        assert channel.given is None
        assert not channel.messages
        place.with_suffix(".away").rename(place)
        assert stored(bot) == 1
        assert await bot.say("那中级呢")

    asyncio.run(talk())


def test_a_conversation_that_cannot_be_locked_has_to_wait(bot):
    class Closed:
        @asynccontextmanager
        async def lock(self, *_: Any, **__: Any) -> AsyncIterator[None]:
            raise LockError("no")
            yield

    bot.agent.lock_store = Closed()
    with pytest.raises(NotNow):
        asyncio.run(bot.agent.handle_message(message(Channel())))
    assert stored(bot) == 0


def test_the_next_message_begins_when_the_one_before_is_finished(bot, monkeypatch):
    begun: list[str] = []
    retrieve = bot.store.retrieve

    async def noted(sender: str) -> Any:
        begun.append(sender)
        return await retrieve(sender)

    monkeypatch.setattr(bot.store, "retrieve", noted)

    def write(given: Sequence[StoredTurn]) -> None:
        with bot.database.begin() as connection:
            for one in given:
                turns.add(connection, one)

    async def until(holds: Any) -> None:
        while not holds():
            await asyncio.sleep(0.005)

    async def talk() -> None:
        first, second, other = Channel(), Channel(), Channel()
        first.writes = second.writes = write
        handling = [asyncio.create_task(bot.agent.handle_message(message(first)))]
        await asyncio.wait_for(until(lambda: first.given is not None), 30)
        handling.append(asyncio.create_task(bot.agent.handle_message(message(second, "那专业呢"))))
        handling.append(asyncio.create_task(bot.agent.handle_message(message(other, sender="rest:else"))))
        await asyncio.wait_for(until(lambda: other.given is not None), 30)  # whoever is somebody else is not kept waiting
        assert begun == [SENDER, "rest:else"]
        assert stored(bot) == 0
        for channel in (first, second, other):
            channel.may_end.set()
        await asyncio.wait_for(asyncio.gather(*handling), 30)
        assert begun == [SENDER, "rest:else", SENDER]
        assert [[one.number for one in channel.given or ()] for channel in (first, second)] == [[1], [2]]
        assert "90" in second.messages[0]["text"]

    asyncio.run(talk())
    assert stored(bot) == 2


def test_what_fails_while_finishing_fails_the_message_and_frees_the_conversation(bot):
    async def talk() -> None:
        channel = Channel()
        channel.may_end.set()

        def conflict(_given: Sequence[StoredTurn]) -> None:
            raise turns.TurnConflict("turn 1")

        channel.writes = conflict
        with pytest.raises(turns.TurnConflict):
            await bot.agent.handle_message(message(channel))
        assert stored(bot) == 0
        assert await asyncio.wait_for(bot.say(FAQ), 30)

    asyncio.run(talk())


@pytest.mark.parametrize("broken", ["missing", "empty", "torn"])
def test_a_broken_model_changes_nothing(bot, trained_model, tmp_path, broken):
    place = tmp_path / "broken.tar.gz"
    if broken != "missing":
        place.write_bytes(b"" if broken == "empty" else trained_model.read_bytes()[:20_000])
    before = dict(vars(bot.agent))
    with pytest.raises((ModelNotFound, OSError, EOFError, ValueError, KeyError)):
        bot.agent.load_model(place)
    assert vars(bot.agent) == before
    assert "45" in asyncio.run(bot.say(FAQ))[0]["text"]


def test_a_model_is_prepared_aside_and_taken_at_once(bot, trained_model, monkeypatch):
    known: list[Any] = []
    monkeypatch.setattr(metrics, "know_actions", known.append)
    agent, before = bot.agent, dict(vars(bot.agent))
    domain, responses = bot.store.domain, bot.agent.nlg.responses
    processor = agent.prepare(trained_model)
    assert vars(agent) == before
    assert (bot.store.domain, agent.nlg.responses) == (domain, responses)
    assert not known
    agent.adopt(processor, "seen")
    assert (agent.processor, agent.domain, bot.store.domain, agent.fingerprint) == (processor, processor.domain, processor.domain, "seen")
    assert agent.nlg.responses is processor.domain.responses
    assert "action_answer_record" in known[0]
    monkeypatch.setenv("BOT_TODAY", "2023-11-20")
    assert "45" in asyncio.run(bot.say(FAQ))[0]["text"]


def test_the_projects_endpoints_make_this_agent(trained_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACTION_ENDPOINT", "http://127.0.0.1:9/webhook")
    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "bot" / "endpoints.yml"))

    async def load() -> BotAgent:
        made = await agents.load(trained_model, endpoints)
        await made.close()
        return made

    made = asyncio.run(load())
    assert type(made.tracker_store) is Conversations
    assert made.tracker_store.domain is made.processor.domain
    assert type(made.action_endpoint) is ActionEndpoint
    assert made.action_endpoint.url == "http://127.0.0.1:9/webhook"
    assert made.processor.action_endpoint is made.action_endpoint
