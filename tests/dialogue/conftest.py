"""A served bot with every channel on, and the other side of each: independent of the network."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.runtime.project import ROOT
from tests.serving import Server, bot_command, bot_environment, served
from tests.telegram_api import TelegramApi
from tests.wechat.api import FakeApi
from tests.wechat.peer import Peer, new_aes_key

WEBHOOK = "/webhooks/wechat/webhook"
TOKEN, APP_ID, SECRET, AES_KEY = "wx-token-1", "wx1", "s1", new_aes_key()


@dataclass
class Platforms:
    """A served bot with every channel on, and the other side of each."""

    server: Server
    wechat: Peer
    wechat_api: FakeApi
    telegram: TelegramApi
    env: dict[str, str] = field(repr=False)


@pytest.fixture(scope="module")
def platforms(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platforms]:
    folder = tmp_path_factory.mktemp("platforms")
    with ExitStack() as running:
        wechat_api = running.enter_context(FakeApi(app_id=APP_ID, secret=SECRET))
        telegram = running.enter_context(TelegramApi())
        env = bot_environment(
            folder,
            BOT_WECHAT_TOKEN=TOKEN,
            BOT_WECHAT_APP_ID=APP_ID,
            BOT_WECHAT_SECRET=SECRET,
            BOT_WECHAT_AES_KEY=AES_KEY,
            BOT_WECHAT_API=wechat_api.url,
            BOT_TELEGRAM_TOKEN=telegram.token,
            BOT_TELEGRAM_API=telegram.url,
        )
        sample = ROOT / "bot" / "hours" / "sample"
        for arguments in (["init-db"], *(["import", kind, str(sample / f"{kind}.csv")] for kind in ("people", "hours", "credits"))):
            done = bot_command(*arguments, env=env)
            assert done.returncode == 0, done.stderr
        server = running.enter_context(served(folder, env, "--model", str(trained_model)))
        wechat = Peer(server.url + WEBHOOK, TOKEN, APP_ID, AES_KEY, "safe", api=wechat_api)
        yield Platforms(server, wechat, wechat_api, telegram, env)
