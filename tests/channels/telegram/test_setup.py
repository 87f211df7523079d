"""Settings of the channel, the check that asks Telegram, and logs without secrets."""

import asyncio
import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from telegram import Bot as Client
from telegram.error import NetworkError

from bot import settings as bot_settings
from bot.channels.telegram.access import access
from bot.channels.telegram.online import findings
from bot.channels.telegram.sending import bot_of
from bot.channels.telegram.setup import set_up
from bot.runtime import logs, masking
from bot.settings import SettingsError
from tests.channels.telegram.conftest import settings_for
from tests.telegram_api import TOKEN, TelegramApi

HOOK = "https://bot.example.cn/webhooks/telegram/webhook"


def load(folder: Path, **env: str) -> bot_settings.Settings:
    return bot_settings.load({f"BOT_{name}": value for name, value in env.items()}, folder)


@pytest.mark.parametrize("token", ["x", "123", "123:short", f"{TOKEN} {TOKEN}", f"bot{TOKEN}", TOKEN.replace(":", "")])
def test_a_malformed_token_is_named_without_being_shown(tmp_path: Path, token: str) -> None:
    with pytest.raises(SettingsError, match="BOT_TELEGRAM_TOKEN") as caught:
        access(load(tmp_path, TELEGRAM_TOKEN=token))
    assert TOKEN[12:] not in str(caught.value)


@pytest.mark.parametrize("name", ["TELEGRAM_WEBHOOK_URL", "TELEGRAM_API"])
@pytest.mark.parametrize("value", ["x", "ftp://a.cn", "https://", "http://[::1", "https://a.cn:x/"])
def test_a_malformed_address_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"BOT_{name}"):
        access(load(tmp_path, TELEGRAM_TOKEN=TOKEN, **{name: value}))


def test_the_secret_is_derived_and_the_same_everywhere(tmp_path: Path) -> None:
    one, same = (access(load(tmp_path, TELEGRAM_TOKEN=TOKEN)) for _ in range(2))
    other = access(load(tmp_path, TELEGRAM_TOKEN=TOKEN, SECRET_KEY="another secret"))
    assert one
    assert same
    assert other
    assert one.secret == same.secret != other.secret
    assert len(one.secret) == 64
    assert TOKEN not in repr(one)
    assert one.secret not in repr(one)
    assert access(load(tmp_path)) is None


def test_a_webhook_without_a_path_gets_ours(tmp_path: Path) -> None:
    for given in ("https://bot.example.cn", "https://bot.example.cn/", HOOK):
        account = access(load(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_WEBHOOK_URL=given))
        assert account
        assert account.webhook_url == HOOK


def client(settings: bot_settings.Settings) -> tuple[Client, object]:
    account = access(settings)
    assert account
    return bot_of(account), account


async def test_the_account_is_set_up_for_webhook_or_polling_and_keeps_what_waits(api: TelegramApi, tmp_path: Path) -> None:
    with_hook = client(settings_for(api, tmp_path, BOT_TELEGRAM_WEBHOOK_URL="https://127.0.0.1:9"))
    api.person(11).says("等着")
    await set_up(*with_hook)
    hook = api.updates.webhook
    assert hook
    assert (hook.url, hook.secret, hook.max_connections) == ("https://127.0.0.1:9/webhooks/telegram/webhook", with_hook[1].secret, 40)
    assert api.updates.allowed == ["message", "callback_query", "my_chat_member"]
    await set_up(*client(settings_for(api, tmp_path)))
    assert api.updates.webhook is None
    assert len(api.updates.pending) == 1
    assert len(api.commands[("default", "")]) == 8


def whys(found: list[tuple[str, str | None]]) -> str:
    return "\n".join(why for _, why in found if why)


async def test_the_check_finds_nothing_wrong_with_what_was_set_up(api: TelegramApi, tmp_path: Path) -> None:
    for settings in (settings_for(api, tmp_path), settings_for(api, tmp_path, BOT_TELEGRAM_WEBHOOK_URL="https://127.0.0.1:9")):
        await set_up(*client(settings))
        found = await findings(settings)
        assert whys(found) == ""
        assert len(found) >= 5
        assert any("隐私模式" in what for what, _ in found)
    assert await findings(load(tmp_path)) == []


async def test_the_check_tells_what_is_wrong(api: TelegramApi, tmp_path: Path) -> None:
    polling, hooked = settings_for(api, tmp_path), settings_for(api, tmp_path, BOT_TELEGRAM_WEBHOOK_URL="https://127.0.0.1:9")
    assert "命令菜单还没有登记" in whys(await findings(polling))
    assert "还没有登记 webhook" in whys(await findings(hooked))
    wrong = settings_for(api, tmp_path, BOT_TELEGRAM_TOKEN="7000000001:" + "x" * 35)
    assert whys(await findings(wrong)) == "令牌无效，请检查 BOT_TELEGRAM_TOKEN"
    away = settings_for(api, tmp_path, BOT_TELEGRAM_API="http://127.0.0.1:9")
    assert "连不上 http://127.0.0.1:9" in whys(await findings(away))
    await set_up(*client(hooked))
    assert "长轮询收不到消息" in whys(await findings(polling))
    other = settings_for(api, tmp_path, BOT_TELEGRAM_WEBHOOK_URL="https://other.example.cn")
    assert "不一致" in whys(await findings(other))
    api.person(11).says("送不到")
    api.wait(lambda: api.updates.last_error)
    said = whys(await findings(hooked))
    assert "失败：Connection refused" in said
    assert "20" in said


async def test_the_check_tells_of_another_program_that_polls(api: TelegramApi, tmp_path: Path) -> None:
    settings = settings_for(api, tmp_path)
    await set_up(*client(settings))
    with other_poller(settings):
        await asyncio.to_thread(api.wait, lambda: api.called("getUpdates"))
        assert "另有程序" in whys(await findings(settings))


@contextmanager
def other_poller(settings: bot_settings.Settings) -> Iterator[None]:
    """A program that polls with the same token and comes back when Telegram ends its poll."""
    ended = threading.Event()

    def poll() -> None:
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not ended.is_set():
                http.get(f"{settings.get('BOT_TELEGRAM_API')}/bot{TOKEN}/getUpdates?timeout=5")
                time.sleep(0.3)

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    yield
    ended.set()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """What the bot's own formatters write of every record, with a token and other secrets in the settings."""
    for name, value in {
        "TELEGRAM_TOKEN": TOKEN,
        "REST_TOKEN": 'ge"heim\\1',
        "WECHAT_SECRET": "wx-secret-0001",
        "SECRET_KEY": "schluessel",
    }.items():
        monkeypatch.setenv(f"BOT_{name}", value)
    monkeypatch.chdir(tmp_path)
    masking._pattern.cache_clear()
    streams = []
    for formatter in (logs.QuietFormatter(), logs.JsonFormatter(), logs.OpenFormatter(logs.LINE, logs.TIME)):
        streams.append(io.StringIO())
        handler = logging.StreamHandler(streams[-1])
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)
        monkeypatch.setattr(handler, "emit", handler.emit)
    handlers = logging.getLogger().handlers[-3:]
    yield lambda: "\n".join(stream.getvalue() for stream in streams)
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
    masking._pattern.cache_clear()


async def test_no_secret_gets_into_a_log_whatever_a_library_says(
    log, caplog: pytest.LogCaptureFixture, api: TelegramApi, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG):
        for name in ("httpx", "httpcore", "telegram"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        bot, _ = client(settings_for(api, tmp_path))
        await bot.get_me()
        api.break_next("getMe", how="cut")
        with pytest.raises(NetworkError):
            await bot.get_me()
        own = logging.getLogger("bot.channels.telegram")
        for secret in (TOKEN, 'ge"heim\\1', "wx-secret-0001", "schluessel"):
            own.warning("secret %s", secret, extra={"fields": {"why": secret}})
            own.warning(f"https://a.cn/x?access_token=abcdef&secret={secret}")
        try:
            raise OSError(f"cannot reach {api.url}/bot{TOKEN}/getMe")
        except OSError:
            own.exception("failed")
        try:
            httpx.URL(f"https://api.telegram.org:x/bot{TOKEN}/")
        except httpx.InvalidURL:
            own.exception("failed")
        logging.getLogger("httpx").info(f"HTTP Request: POST https://api.telegram.org/bot9{TOKEN}x/getMe")
    written = log()
    assert "failed" in written
    assert "HTTP Request" in written
    for secret in (TOKEN, TOKEN.partition(":")[2], 'ge"heim\\1', json.dumps('ge"heim\\1')[1:-1], "wx-secret-0001", "schluessel", "abcdef"):
        assert secret not in written
