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
from tests.serving import Server, bot_command, bot_environment, served, wait_until

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


def actions_of(server: Server) -> int:
    """Process id of the action server."""
    (child,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split() or ("0",)
    return int(child)


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


def test_a_dead_action_server(fragile):
    talk = Talk(fragile)
    assert "请先绑定" in talk.say(OWN)
    os.kill(actions_of(fragile), signal.SIGKILL)
    sorry(fragile.say(OWN, talk.sender))
    assert wait_until(lambda: "请先绑定" in talk.say(OWN), 30)
