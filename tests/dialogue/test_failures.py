"""When a part fails, whoever asked gets one sentence with a telephone number, and the bot goes on afterwards."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.runtime.project import ROOT
from tests.dialogue.talking import POLICY_PHONE, Talk
from tests.serving import Server, bot_command, bot_environment, children, served, wait_until

pytestmark = pytest.mark.model
OWN = "我今年还差多少学时"


@pytest.fixture(scope="module")
def fragile(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A bot of our own to break."""
    folder = tmp_path_factory.mktemp("fragile")
    env = bot_environment(folder)
    sample = ROOT / "bot" / "hours" / "sample" / "people.csv"
    for arguments in (["init-db"], ["import", "people", str(sample)]):
        done = bot_command(*arguments, env=env)
        assert done.returncode == 0, done.stderr
    with served(folder, env, "--model", str(trained_model)) as server:
        yield server


def sorry(messages: list[dict]) -> None:
    (only,) = messages
    assert "这条消息没能处理" in only["text"]
    assert POLICY_PHONE in only["text"]
    assert "\n" not in only["text"]


def test_a_locked_database(fragile):
    talk = Talk(fragile)
    assert "请先绑定" in talk.say(OWN)
    with closing(sqlite3.connect(fragile.folder / "bot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sorry(fragile.say(OWN, talk.sender))
        other.execute("ROLLBACK")
    assert "请先绑定" in talk.say(OWN)


def test_a_dead_action_server_costs_a_wait_while_it_is_started_again(fragile):
    talk = Talk(fragile)
    assert "请先绑定" in talk.say(OWN)
    os.kill(children(fragile)["actionhost"][0], signal.SIGKILL)
    said = talk.say(OWN)
    assert "请先绑定" in said or "已经记下，恢复后就回答" in said
    assert wait_until(lambda: "请先绑定" in talk.say(OWN), 90)
