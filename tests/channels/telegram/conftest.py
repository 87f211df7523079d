"""The Telegram channel in a bare Sanic server with a pretended Rasa, its webhook known to the emulated Bot API."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Sanic
from sqlalchemy import select

from bot import settings as bot_settings
from bot.channels.context import Context, build
from bot.channels.telegram.access import PATH, SECRET_HEADER, Access, access
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.sending import bot_of
from bot.channels.telegram.setup import set_up
from bot.contact import Contact
from bot.db import Database
from bot.inbox.models import Choice, Journal, Outbox
from bot.inbox.question import NotNow
from bot.schema import upgrade
from tests.bare import listening
from tests.channels.conftest import TELEPHONE, PretendedRasa
from tests.telegram_api import TOKEN, TelegramApi


@dataclass
class Rasa(PretendedRasa):
    """Also answers texts with answers of a given kind, and puts `总是不行` back."""

    kinds: dict[str, str] = field(default_factory=dict)

    async def __call__(self, message: Any) -> None:
        if message.text == "总是不行":
            await asyncio.sleep(self.seconds)
            raise NotNow("the action server does not answer")
        if message.text not in self.kinds:
            await super().__call__(message)
            return
        self.asked.append(message)
        answer = {"text": message.text, "metadata": {"kind": self.kinds[message.text]}}
        await message.output_channel.send_response(message.sender_id, answer)


@dataclass
class Bot:
    """A running server with the Telegram channel, and the Bot API it talks to."""

    api: TelegramApi
    url: str
    context: Context
    rasa: Rasa
    access: Access | None

    @property
    def webhook(self) -> str:
        return self.url + PATH

    def post(self, update: Any, secret: str | None = None) -> httpx.Response:
        """An update posted as Telegram posts it; `secret` another than the right one."""
        headers = {SECRET_HEADER: self.access.secret if secret is None else secret, "Content-Type": "application/json"}
        return httpx.post(self.webhook, content=json.dumps(update), headers=headers, trust_env=False, timeout=20)

    def rows(self, table: Any) -> list[Any]:
        with self.context.database.look() as connection:
            return list(connection.execute(select(table.__table__).order_by(*table.__table__.primary_key)))

    @property
    def journal(self) -> list[Any]:
        return self.rows(Journal)

    def keys(self) -> list[str]:
        """The keys of all buttons."""
        with self.context.database.look() as connection:
            return list(connection.execute(select(Choice.key)).scalars())

    @property
    def outbox(self) -> list[Any]:
        return self.rows(Outbox)


Starter = Callable[..., Bot]


def settings_for(api: TelegramApi, folder: Path, **env: str) -> bot_settings.Settings:
    return bot_settings.load({"BOT_TODAY": "2023-11-20", "BOT_TELEGRAM_TOKEN": TOKEN, "BOT_TELEGRAM_API": api.url, **env}, folder)


@pytest.fixture
def api() -> Iterator[TelegramApi]:
    with TelegramApi(retry_seconds=0.1) as emulator:
        yield emulator


@pytest.fixture
def start(api: TelegramApi, tmp_path: Path) -> Iterator[Starter]:
    """Starts a server on the test's database; with `hooked` Telegram knows its webhook. A second one is the first one restarted."""
    running = ExitStack()

    def starter(*, hooked: bool = True, late: float = 4.0, **env: str) -> Bot:
        settings = settings_for(api, tmp_path, **env)
        database = Database(settings.database_url)
        upgrade(database)
        database.dispose()
        context = build(settings, lambda _: Contact(TELEPHONE, (TELEPHONE, "18970996140")))
        rasa = Rasa()
        channel = TelegramChannel(context, late=late)

        def furnish(app: Sanic) -> None:
            app.blueprint(channel.blueprint(rasa), url_prefix="/webhooks/telegram")

        url, _ = running.enter_context(listening(furnish))
        account = access(settings_for(api, tmp_path, BOT_TELEGRAM_WEBHOOK_URL=url, **env))
        if hooked:
            assert account is not None
            asyncio.run(set_up(bot_of(account), account))
        return Bot(api, url, context, rasa, account)

    with running:
        yield starter


@pytest.fixture
def bot(start: Starter) -> Bot:
    return start()
