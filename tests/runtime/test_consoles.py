"""Where the console listens, and which understanding it reads with."""

from pathlib import Path

import pytest

from bot.runtime import models
from bot.runtime.consolehost import Reader
from bot.runtime.consoles import address, host_of
from bot.runtime.project import StartError
from bot.settings import SettingsError, load
from tests.serving import bot_command, bot_environment, free_port


def test_it_listens_on_this_machine_alone_unless_told_otherwise(tmp_path):
    settings = load({}, tmp_path)
    assert host_of(settings) == "127.0.0.1"
    assert address(settings, 5006) == "http://127.0.0.1:5006/"


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "console.example"])
def test_off_this_machine_it_demands_a_set_secret(tmp_path, host):
    with pytest.raises(SettingsError, match="BOT_SECRET_KEY"):
        host_of(load({"BOT_CONSOLE_HOST": host}, tmp_path))
    assert host_of(load({"BOT_CONSOLE_HOST": host, "BOT_SECRET_KEY": "long enough"}, tmp_path)) == host


def test_the_command_says_so_in_one_line_and_opens_no_port(tmp_path):
    env = bot_environment(tmp_path, BOT_CONSOLE_HOST="0.0.0.0")
    assert bot_command("init-db", env=env).returncode == 0
    done = bot_command("console", env=env)
    assert done.returncode == 1
    assert "BOT_SECRET_KEY" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_of_another_version_is_said_in_one_line(tmp_path):
    done = bot_command("console", "--port", str(free_port()), env=bot_environment(tmp_path))
    assert done.returncode == 1
    assert "init-db" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_a_model_reading_says_that_none_is_trained(tmp_path):
    with pytest.raises(StartError):
        Reader(tmp_path)()


@pytest.mark.model
def test_the_reader_follows_the_current_model_and_keeps_the_one_before_when_it_cannot_be_read(trained_model, tmp_path):
    first = tmp_path / f"{models.PREFIX}1{models.SUFFIX}"
    first.symlink_to(trained_model)
    models.point_to(first)
    reader = Reader(tmp_path)
    before = reader()
    assert reader() is before
    broken = Path(tmp_path / f"{models.PREFIX}2{models.SUFFIX}")
    broken.write_bytes(b"no archive")
    models.point_to(broken)
    assert reader() is before
    models.point_to(first)
    assert reader() is not before
