"""The log of a whole run as objects: every line one, and nobody in them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.runtime.project import ROOT
from tests.dialogue.talking import Talk, issue
from tests.serving import Server, bot_command, bot_environment, served, wait_until

pytestmark = pytest.mark.model

ID_NUMBER = "630104198503170314"
SAID = "这句话不该出现在日志里"
SENDER = "somebody-of-13912345678"


@pytest.fixture(scope="module")
def logging_objects(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("objects")
    env = bot_environment(folder, BOT_LOG_FORMAT="json")
    for arguments in (["init-db"], ["import", "people", str(ROOT / "bot" / "hours" / "sample" / "people.csv")]):
        done = bot_command(*arguments, env=env)
        assert done.returncode == 0, done.stderr
    with served(folder, env, "--model", str(trained_model)) as server:
        yield server


def lines(server: Server) -> list[dict[str, object]]:
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


def test_a_whole_run_leaves_objects_without_a_word_of_a_person(logging_objects: Server) -> None:
    server, talk = logging_objects, Talk(logging_objects, SENDER)
    name, code = issue(server, ID_NUMBER)
    replies = [talk.say(text) for text in (SAID, f"我的证件号码是{ID_NUMBER}", f"绑定 {name} {code}", "我今年还差多少学时", "解绑")]
    assert name in replies[2]
    _break_the_database(server)
    talk.say(SAID)
    assert wait_until(lambda: any(line["level"] in ("ERROR", "WARNING") for line in lines(server)), 10)
    told = [line for line in server.log.splitlines() if not line.startswith("{")]
    assert all("学时通已启动" in line or "今天按" in line for line in told), told
    assert all({"time", "level", "logger", "event"} <= set(line) for line in lines(server))
    for private in (SAID, ID_NUMBER, ID_NUMBER[:6], name, code, SENDER, "13912345678"):
        assert private not in server.log


def _break_the_database(server: Server) -> None:
    with closing(sqlite3.connect(server.folder / "bot.db")) as connection:
        connection.execute("ALTER TABLE outbox RENAME TO elsewhere")
