"""The channels in a bare Sanic server with a pretended Rasa: what the channels do, without a model."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Sanic
from sanic.response import text as text_response

from bot import settings as bot_settings
from bot.channels.context import Context, build
from bot.channels.rest import RestChannel
from bot.channels.web import WebChannel
from bot.contact import Contact
from bot.db import Database
from bot.inbox import outbox
from bot.schema import upgrade
from tests.bare import listening

TELEPHONE = "0971-8258157"
ANSWER = "公需科目每年不少于45学时。\n\n依据：《通知》第二部分第（二）项"


def staff_write(context: Context, sender_id: str, *texts: str, **more: Any) -> list[int]:
    """Messages of a human, as another process writes them; their ids."""
    with context.database.begin() as connection:
        payloads = [{"text": text} for text in texts]
        return [one.id for one in outbox.add(connection, sender_id, payloads, context.settings.now(), **{"kind": "staff", **more})]


@dataclass
class PretendedRasa:
    """Answers by keyword and remembers what it was asked. ``慢`` takes a while, ``坏`` fails."""

    asked: list[Any] = field(default_factory=list)
    seconds: float = 0.0
    reply: str | None = None
    """Says this to everything."""
    error: Exception | None = None
    """Raises this at everything."""

    async def __call__(self, message: Any) -> None:
        self.asked.append(message)
        await asyncio.sleep(0.6 if "慢" in message.text else self.seconds)
        if self.error is not None:
            raise self.error
        if "坏" in message.text:
            raise RuntimeError(message.text)
        reply: dict[str, Any] = {"text": ANSWER, "metadata": {"kind": "faq", "question": "hours_public", "feedback": True}}
        if "选" in message.text:
            buttons = [{"title": "公需要多少学时", "payload": "公需要多少学时"}, {"title": "转人工", "payload": "转人工"}]
            reply = {"text": "您是想问：", "buttons": buttons, "metadata": {"kind": "fallback", "feedback": False}}
        if "标签" in message.text:
            reply = {"text": "<img src=x onerror=alert(1)> & <b>粗</b>"}
        if "电话" in message.text:
            reply = {"text": f"请拨打 {TELEPHONE} 或 18970996140。"}
        if "进度" in message.text:
            reply = {"text": "公需 30/45 ██████░░░ 还差15"}
        if "很长" in message.text:
            reply = {"text": "\n".join(f"第{n}行" for n in range(1, 61))}
        if self.reply is not None:
            reply = {"text": self.reply}
        await message.output_channel.send_response(message.sender_id, reply)


@dataclass
class Server:
    """A running server: its address, context, pretended Rasa and Sanic application."""

    url: str
    context: Context
    rasa: PretendedRasa
    app: Any

    def client(self, **kwargs: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Origin": self.url}, trust_env=False, verify=False, timeout=30, **kwargs)


Starter = Callable[..., Server]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts servers, each on its own database; all are stopped at the end of the run."""
    running = ExitStack()

    def starter(**env: str) -> Server:
        folder: Path = tmp_path_factory.mktemp("server")
        settings = bot_settings.load({"BOT_TODAY": date(2023, 11, 20).isoformat(), **env}, folder)
        context = build(settings, lambda _: Contact(TELEPHONE, (TELEPHONE, "18970996140")))
        database = Database(settings.database_url)
        upgrade(database)
        database.dispose()
        rasa = PretendedRasa()

        def furnish(app: Sanic) -> None:
            app.get("/")(lambda _: text_response("Hello from Rasa"))
            for channel in (RestChannel(context), WebChannel(context)):
                app.blueprint(channel.blueprint(rasa), url_prefix=f"/webhooks/{channel.name()}")

        url, app = running.enter_context(listening(furnish))
        return Server(url, context, rasa, app)

    with running:
        yield starter


@pytest.fixture(scope="session")
def server(start: Starter) -> Server:
    """One server for the tests that do not mind each other's conversations."""
    return start()
