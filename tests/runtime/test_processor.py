"""One message through the processor: what fails is told and leaves nothing behind, and no conversation falls silent."""

import asyncio
from pathlib import Path

import pytest

from bot.db import DatabaseFault
from bot.inbox import turns
from bot.inbox.question import NotNow
from bot.runtime import lean, metrics

lean.install()

from rasa.shared.core.events import ActionExecuted  # noqa: E402
from rasa.shared.exceptions import RasaException  # noqa: E402
from rasa.utils.endpoints import ClientResponseError  # noqa: E402

from bot.runtime.processor import Processor  # noqa: E402
from tests.runtime.inprocess import SENDER, Bot, sample_folder  # noqa: E402

pytestmark = pytest.mark.model
FAQ, RECORD = "公需一年要多少学时", "我今年还差多少学时"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("pattern")
    return folder, sample_folder(folder)


@pytest.fixture
def bot(trained_model, pattern, tmp_path) -> Bot:
    return Bot(trained_model, pattern[0], tmp_path / "bot")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the processor counts."""
    seen: dict[str, list[str]] = {"failed": [], "woken": []}
    monkeypatch.setattr(metrics, "action_error", seen["failed"].append)
    monkeypatch.setattr(metrics, "muted_repaired", lambda: seen["woken"].append("once"))
    return seen


def processor_of(bot: Bot) -> Processor:
    assert isinstance(bot.agent.processor, Processor)
    return bot.agent.processor


def stored(bot: Bot) -> list[turns.StoredTurn]:
    with bot.database.look() as connection:
        return list(turns.every(connection, SENDER))


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (ClientResponseError(500, "Internal Server Error", "{}"), RasaException),
        (ClientResponseError(404, "Not Found", "{}"), RasaException),
        (NotNow("away"), NotNow),
        (ValueError("no event"), ValueError),
    ],
    ids=["failed", "unknown", "away", "nonsense"],
)
def test_a_failing_action_fails_the_message_and_leaves_nothing(bot, counted, failing, told):
    async def talk() -> None:
        await bot.say(FAQ)
        before = await bot.state()
        bot.actions.failing = failing
        with pytest.raises(told):
            await bot.say(RECORD)
        assert await bot.state() == before
        assert len(stored(bot)) == 1
        assert counted["failed"] == ["action_answer_record"]
        bot.actions.failing = None
        assert "请先绑定" in (await bot.say(RECORD))[0]["text"]

    asyncio.run(talk())
    assert len(stored(bot)) == 2


def test_a_failing_check_of_a_form_value_fails_the_message_and_keeps_the_form(bot, pattern, counted):
    name, code = min(pattern[1].items())

    async def talk() -> str:
        await bot.say("绑定")
        bot.actions.failing = ClientResponseError(500, "Internal Server Error", "{}")
        with pytest.raises(RasaException):
            await bot.say(code)
        bot.actions.failing = None
        assert bot.actions.called[-1] == "validate_bind_form"
        assert "姓名" in (await bot.say(code))[-1]["text"]
        return (await bot.say(name))[-1]["text"]

    assert "已绑定" in asyncio.run(talk())
    assert counted["failed"] == ["bind_form"]


def test_a_message_that_was_not_stored_can_be_said_again_though_its_action_had_run(bot, pattern, monkeypatch):
    name, code = min(pattern[1].items())

    async def lost(_tracker: object) -> None:
        raise DatabaseFault("gone")

    async def talk() -> str:
        for text in ("绑定", code):
            await bot.say(text)
        with monkeypatch.context() as patch:
            patch.setattr(bot.store, "save", lost)
            with pytest.raises(DatabaseFault):
                await bot.say(name)
        return (await bot.say(name))[-1]["text"]

    assert "已绑定" in asyncio.run(talk())


@pytest.mark.parametrize("last", ["utter_faq", "action_answer_record", "bind_form"])
def test_a_conversation_that_had_stopped_listening_is_woken_and_answered(bot, counted, last):
    async def talk() -> list[dict]:
        await bot.say(FAQ)
        tracker = await bot.store.retrieve(SENDER)
        tracker.update(ActionExecuted(last))
        await bot.store.save(tracker)
        return await bot.say("系统什么时候关")

    assert "12月31日" in asyncio.run(talk())[0]["text"]
    assert counted["woken"] == ["once"]
    assert asyncio.run(bot.state())["action"] == "action_listen"


@pytest.mark.parametrize("most", [1, 2])
def test_too_many_actions_end_the_message_but_not_the_conversation(bot, counted, most):
    async def talk() -> None:
        await bot.say("绑定")
        processor_of(bot).max_number_of_predictions = most
        assert "45" in (await bot.say(FAQ))[0]["text"]
        assert (await bot.state())["action"] == "action_listen"
        processor_of(bot).max_number_of_predictions = 10
        assert "请先绑定" in (await bot.say(RECORD))[0]["text"]

    asyncio.run(talk())
    assert counted["woken"] == ["once"]


def test_a_conversation_that_listens_is_not_woken(bot, counted):
    async def talk() -> None:
        for text in (FAQ, "绑定", RECORD, "取消", "你好"):
            assert await bot.say(text)

    asyncio.run(talk())
    assert counted == {"failed": [], "woken": []}


def test_a_message_alone_is_read_without_a_conversation(bot):
    parsed = asyncio.run(bot.agent.parse_message(FAQ))
    assert parsed["intent"]["full_retrieval_intent_name"] == "faq/hours_public"
