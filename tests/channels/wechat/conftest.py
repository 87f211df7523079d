"""The WeChat channel in a bare server with a pretended Rasa, and the platform's side of it: werobot's peer and a fake of its API."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sanic import Sanic
from sqlalchemy import select

from bot import settings as bot_settings
from bot.channels.context import Context, build
from bot.channels.wechat.account import account_of
from bot.channels.wechat.channel import WeChatChannel
from bot.contact import Contact
from bot.db import Database
from bot.inbox.models import Journal, Outbox, Reach
from bot.schema import upgrade
from tests.bare import listening
from tests.channels.conftest import TELEPHONE, PretendedRasa, staff_write
from tests.wechat.api import FakeApi
from tests.wechat.peer import Peer, new_aes_key

TOKEN, APP_ID, SECRET, AES_KEY = "wx-token-1", "wx1", "s1", new_aes_key()
WEBHOOK = "/webhooks/wechat/webhook"
LOOKING = "正在查，请回复任意字获取。"
FETCHED = "以上是刚才那条的回答，还想问什么直接说。"
PERSON = "wx:o1"
SHORT = {"in_time": 0.5, "given_up": 2.1, "timeout": 1.1}
"""The platform's seconds, shrunk: a busy machine has half a second and more for each of their ends."""
LATE = 4.0
"""Seconds of an answer that comes after the third delivery of those has promised it, at 2.7."""
SLOW = {"in_time": 1.5, "given_up": 3.1, "timeout": 2.1}
"""Where a lock has to end between two of their moments."""


@dataclass
class Account:
    """One account: our server, the platform's peer and API, and what lies in the database."""

    url: str
    context: Context
    rasa: PretendedRasa
    peer: Peer
    api: FakeApi
    app: Any

    def rows(self, model: Any) -> list[Any]:
        with self.context.database.read() as session:
            return list(session.execute(select(model).order_by(*model.__table__.primary_key.columns)).scalars())

    @property
    def journal(self) -> list[Any]:
        return self.rows(Journal)

    @property
    def outbox(self) -> list[Any]:
        return self.rows(Outbox)

    @property
    def reach(self) -> list[Any]:
        return self.rows(Reach)


Opening = Callable[..., Account]


@pytest.fixture
def open_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    """Starts accounts; times shrink the platform's five seconds, ``database`` is one that exists, ``env`` adds settings."""
    with ExitStack() as running:

        def opening(
            mode: str = "plain", *, in_time: float = 4.4, given_up: float = 6.0, timeout: float = 5.0, database: str = "", **env: str
        ) -> Account:
            api = running.enter_context(FakeApi(app_id=APP_ID, secret=SECRET))
            given = {
                "BOT_TODAY": date(2023, 11, 20).isoformat(),
                "BOT_WECHAT_TOKEN": TOKEN,
                "BOT_WECHAT_APP_ID": APP_ID,
                "BOT_WECHAT_AES_KEY": "" if mode == "plain" else AES_KEY,
                "BOT_WECHAT_API": api.url,
                **({"BOT_DATABASE_URL": database} if database else {}),
                **env,
            }
            settings = bot_settings.load(given, tmp_path_factory.mktemp("wechat"))
            context = build(settings, lambda _: Contact(TELEPHONE, (TELEPHONE,)))
            migrated = Database(settings.database_url)
            upgrade(migrated)
            migrated.dispose()
            rasa = PretendedRasa()

            def furnish(app: Sanic) -> None:
                channel = WeChatChannel(context, account_of(settings), in_time=in_time, given_up=given_up)
                app.blueprint(channel.blueprint(rasa), url_prefix="/webhooks/wechat")

            url, app = running.enter_context(listening(furnish))
            peer = Peer(url + WEBHOOK, TOKEN, APP_ID, None if mode == "plain" else AES_KEY, mode, api=api, timeout=timeout)
            return Account(url, context, rasa, peer, api, app)

        yield opening


@pytest.fixture
def account(open_account: Opening) -> Account:
    return open_account()


def staff_says(account: Account, *texts: str, to: str = PERSON) -> None:
    """As another process writes it."""
    staff_write(account.context, to, *texts)


def staff_states(account: Account) -> list[tuple[str, str | None]]:
    """State and reason of what staff have said, in order."""
    with account.context.database.read() as session:
        found = session.execute(select(Outbox.state, Outbox.reason).where(Outbox.kind == "staff").order_by(Outbox.id))
        return [(row.state, row.reason) for row in found]


def refusals(account: Account) -> list[int]:
    """What the platform has refused to send."""
    answers = [call.answer or {} for call in account.api.called("custom/send")]
    return [answer["errcode"] for answer in answers if answer.get("errcode")]


def locked(account: Account, seconds: float) -> threading.Thread:
    """Hold the database's write lock for so long."""
    holding = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(account.context.database.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            holding.set()
            time.sleep(seconds)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(30)
    return thread
