"""Settings: defaults, the environment over .env, and a clear word on what cannot be used."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.settings import ZONE, Settings, SettingsError, load

ROOT = Path(__file__).parent.parent


def test_defaults_suit_a_newcomer(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/xueshitong.db"
    assert settings.database_file == tmp_path / "xueshitong.db"
    assert (settings.today, settings.host, settings.workers, settings.rest_token) == (None, "127.0.0.1", 1, None)
    assert settings.current_date() == datetime.now(ZONE).date()
    assert settings.now() - datetime.now(ZONE) < timedelta(seconds=5)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('# ours\n\nexport BOT_TODAY="2023-11-20"\nBOT_HOST=0.0.0.0\nOTHER=1\nBOT_WECHAT_TOKEN = a=b\n', "utf-8")
    settings = load({"BOT_HOST": "127.0.0.2", "HOME": "/"}, tmp_path)
    assert (settings.host, settings.today, settings.current_date()) == ("127.0.0.2", date(2023, 11, 20), date(2023, 11, 20))
    assert (settings.get("BOT_WECHAT_TOKEN"), settings.get("BOT_NONE"), settings.get("OTHER")) == ("a=b", None, None)


def test_bot_today_moves_the_clock_to_that_day() -> None:
    now = load({"BOT_TODAY": "2023-11-20"}).now()
    assert (now.date(), now.utcoffset()) == (date(2023, 11, 20), timedelta(hours=8))


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"BOT_TODAY": "20.11.2023"}, ["BOT_TODAY", "20.11.2023"]),
        ({"BOT_DATABASE_URL": "xueshitong.db"}, ["BOT_DATABASE_URL"]),
        ({"BOT_DATABASE_URL": "mysql://u:secret@h/d"}, ["BOT_DATABASE_URL", "mysql"]),
        ({"BOT_DATABASE_URL": "postgresql+psycopg://h/d"}, ["BOT_DATABASE_URL", "psycopg"]),
        ({"BOT_DATABASE_URL": "sqlite://"}, ["BOT_DATABASE_URL", "内存"]),
        ({"BOT_DATABASE_URL": "sqlite:///:memory:"}, ["BOT_DATABASE_URL", "内存"]),
        ({"BOT_HOST": "a b"}, ["BOT_HOST"]),
        ({"BOT_WORKERS": "0"}, ["BOT_WORKERS", "0"]),
        ({"BOT_WORKERS": "two"}, ["BOT_WORKERS", "two"]),
        ({"BOT_WORKERS": "65"}, ["BOT_WORKERS", "64"]),
        ({"BOT_LOG_FORMAT": "xml"}, ["BOT_LOG_FORMAT", "xml", "json"]),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, env: dict[str, str], words: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        load(env, tmp_path)
    assert all(word in str(error.value) for word in words)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_broken_env_file_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOT_HOST=127.0.0.1\nnonsense\n")
    with pytest.raises(SettingsError, match="第 2 行"):
        load({}, tmp_path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgresql_is_reached_by_one_driver(scheme: str) -> None:
    assert load({"BOT_DATABASE_URL": f"{scheme}://u:p@h/d"}).database_url == "postgresql+psycopg2://u:p@h/d"


def test_secrets_stay_out_of_what_is_printed(tmp_path: Path) -> None:
    env = {"BOT_REST_TOKEN": "hush1", "BOT_SECRET_KEY": "hush2hush2", "BOT_DATABASE_URL": "postgresql://u:hush3@h/d"}
    assert "hush" not in repr(load(env, tmp_path))


def test_the_secret_key_comes_from_the_environment_or_a_private_file(tmp_path: Path) -> None:
    assert load({"BOT_SECRET_KEY": "long enough"}, tmp_path).secret_key() == b"long enough"
    key = load({}, tmp_path).secret_key()
    assert load({}, tmp_path).secret_key() == key == (tmp_path / ".secret").read_bytes()
    assert stat.S_IMODE((tmp_path / ".secret").stat().st_mode) == 0o600
    assert len(key) == 64


def test_the_secret_file_stands_beside_the_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    load({"BOT_DATABASE_URL": "sqlite:///data/x.db"}, tmp_path).secret_key()
    assert os.listdir(tmp_path / "data") == [".secret"]


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    def key(_: int) -> bytes:
        return load({}, tmp_path).secret_key()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(key, range(8)))) == 1


@pytest.mark.parametrize(("env", "word"), [({"BOT_SECRET_KEY": "short"}, "太短"), ({"BOT_DATABASE_URL": "postgresql://h/d"}, "必须设置")])
def test_a_missing_or_weak_secret_is_refused(tmp_path: Path, env: dict[str, str], word: str) -> None:
    with pytest.raises(SettingsError, match=f"BOT_SECRET_KEY.*{word}|{word}.*BOT_SECRET_KEY"):
        load(env, tmp_path).secret_key()


def test_a_damaged_secret_file_is_refused_rather_than_used(tmp_path: Path) -> None:
    (tmp_path / ".secret").touch()
    with pytest.raises(SettingsError, match="密钥文件"):
        load({}, tmp_path).secret_key()


def test_settings_import_nothing_heavy() -> None:
    code = "import sys, bot.settings; print([m for m in ('sqlalchemy', 'rasa', 'typer', 'alembic') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_settings_are_values(tmp_path: Path) -> None:
    assert isinstance(load({}, tmp_path), Settings)
    assert load({}, tmp_path) == load({}, tmp_path)
