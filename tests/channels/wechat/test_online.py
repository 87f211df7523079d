"""`check --online` and `wechat-menu` against the platform's API."""

from pathlib import Path

import pytest

from bot import settings as bot_settings
from bot.channels.wechat import menu
from bot.channels.wechat.account import account_of
from bot.channels.wechat.online import findings
from bot.db import Database
from bot.schema import upgrade
from bot.settings import SettingsError
from tests.channels.wechat.conftest import AES_KEY, APP_ID, SECRET, TOKEN, Account, Opening
from tests.serving import bot_command, bot_environment
from tests.wechat.api import FakeApi
from tests.wechat.peer import new_aes_key


@pytest.fixture
def api():
    with FakeApi(app_id=APP_ID, secret=SECRET) as running:
        yield running


def environment(folder: Path, api: FakeApi, **more: str) -> dict[str, str]:
    account = {"BOT_WECHAT_TOKEN": TOKEN, "BOT_WECHAT_APP_ID": APP_ID, "BOT_WECHAT_SECRET": SECRET, "BOT_WECHAT_API": api.url}
    return bot_environment(folder, **{**account, **more})


def found(folder: Path, api: FakeApi, **more: str) -> dict[str, str | None]:
    """What is looked at, and what is wrong with it."""
    settings = bot_settings.load(environment(folder, api, **more), folder)
    database = Database(settings.database_url)
    upgrade(database)
    return {what.partition(" ")[2]: why for what, why in findings(account_of(settings), settings, database)}


def test_a_sound_account_has_nothing_wrong(tmp_path: Path, api: FakeApi) -> None:
    api.menu = menu.published()["button"]
    assert set(found(tmp_path, api).values()) == {None}
    assert api.pushed() == []


def test_an_address_that_is_not_listed(tmp_path: Path, api: FakeApi) -> None:
    api.whitelisted = False
    why = found(tmp_path, api)["access_token"]
    assert why is not None
    assert "IP 白名单" in why
    assert "1.2.3.4" in why


def test_a_wrong_secret(tmp_path: Path, api: FakeApi) -> None:
    why = found(tmp_path, api, BOT_WECHAT_SECRET="another")["access_token"]
    assert why is not None
    assert "BOT_WECHAT_SECRET" in why
    assert "another" not in why


def test_no_right_to_send(tmp_path: Path, api: FakeApi) -> None:
    api.service_right = False
    why = found(tmp_path, api)["客服消息"]
    assert "接口权限" in (why or "")


def test_no_menu_and_another_menu(tmp_path: Path, api: FakeApi) -> None:
    assert "wechat-menu" in (found(tmp_path, api)["自定义菜单"] or "")
    api.menu = [{"type": "click", "name": "旧菜单", "key": "old"}]
    assert "旧菜单" in (found(tmp_path, api)["自定义菜单"] or "")


def test_voice_recognition_that_is_off_is_told_after_the_first_voice(open_account: Opening) -> None:
    account = open_account()
    person = account.peer.person("o1")

    def told() -> str | None:
        seen = findings(account_of(account.context.settings), account.context.settings, account.context.database)
        return {what: why for what, why in seen}["微信公众号 语音识别"]

    assert told() is None
    person.speaks(None)
    assert "接收语音识别结果" in (told() or "")
    person.speaks("公需要多少")
    assert told() is None


def test_a_wrong_key_is_told_after_the_first_message(open_account: Opening) -> None:
    account = open_account("safe")
    wrong = open_account("safe", BOT_WECHAT_AES_KEY=new_aes_key())

    def told(of: Account) -> str | None:
        return dict(findings(account_of(of.context.settings), of.context.settings, of.context.database))["微信公众号 消息加解密密钥"]

    for one in (account, wrong):
        one.peer.person("o1").says("公需要多少")
    assert told(account) is None
    assert "BOT_WECHAT_AES_KEY" in (told(wrong) or "")
    assert wrong.journal == []


def test_a_key_that_cannot_be_one_is_a_setting_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BOT_WECHAT_AES_KEY"):
        account_of(bot_settings.load({"BOT_WECHAT_TOKEN": TOKEN, "BOT_WECHAT_AES_KEY": AES_KEY[:-1]}, tmp_path))


def test_the_command_publishes_the_menu_and_says_what_is_refused(tmp_path: Path, api: FakeApi) -> None:
    env = environment(tmp_path, api)
    assert bot_command("init-db", env=env).returncode == 0
    done = bot_command("wechat-menu", env=env)
    assert done.returncode == 0, done.stderr
    assert "已发布" in done.stdout
    assert api.menu == menu.published()["button"]
    api.whitelisted = False
    api.tokens.revoke()
    refused = bot_command("wechat-menu", env=env)
    assert refused.returncode == 1
    assert "IP 白名单" in refused.stderr
    assert SECRET not in refused.stdout + refused.stderr


def test_every_tap_of_the_menu_says_a_sentence() -> None:
    keys = [entry["key"] for button in menu.published()["button"] for entry in button.get("sub_button", [button])]
    assert len(keys) == len(set(keys))
    assert all(menu.said_by(key) for key in keys)
    assert all(len(button["name"]) <= 5 and len(button.get("sub_button", [])) <= 5 for button in menu.published()["button"])
