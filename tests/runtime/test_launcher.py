"""`python -m bot run`: both servers or neither, one clear line when it cannot start, nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime import models
from bot.runtime.project import ROOT
from bot.runtime.training import Recipe
from tests.serving import (
    Server,
    alive,
    bot_command,
    bot_environment,
    children,
    children_of,
    free_port,
    served,
    texts,
    tiny_arguments,
    wait_until,
)

MOST_SUPERVISOR_KB = 32_000


def test_it_serves_answers_and_actions_and_ends_all_on_sigterm(tiny, tiny_env):
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny)) as server:
        assert texts(server, "你好") == ["你好"]
        parts = children(server)
        assert {name: len(pids) for name, pids in parts.items()} == {"actionhost": 1, "worker": 1}
        assert texts(server, "查询") == [str(parts["actionhost"][0])]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        assert not [pid for pids in parts.values() for pid in pids if alive(pid)]
        assert "学时通已启动，请用浏览器打开 http://127.0.0.1:" in server.log
        assert "今天按 2023-11-20 计算" in server.log
        assert "Traceback" not in server.log


def test_ctrl_c_ends_it_as_well(tiny, tiny_env):
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny)) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0


@pytest.mark.parametrize("pause", [0.3, 1.5])
def test_sigterm_while_it_loads_ends_all(tiny, tiny_env, pause):
    command = [sys.executable, "-m", "bot", "run", "--port", str(free_port()), *tiny_arguments(tiny)]
    process = subprocess.Popen(command, env=tiny_env, cwd=tiny.config.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert wait_until(lambda: len(children_of(process.pid)) == 2, 60)
    started = children_of(process.pid)
    time.sleep(pause)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30)[1] == b""
    assert process.returncode == 0
    assert not [pid for pid in started if alive(pid)]


def test_the_supervisor_stays_small_and_imports_no_rasa(tiny, tiny_env):
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny)) as server:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) < MOST_SUPERVISOR_KB
    heavy = ("rasa", "sanic", "sqlalchemy", "structlog", "numpy")
    code = f"import sys, bot.cli, bot.runtime.launcher; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


LOOP = """
import asyncio
from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, response


class Loop(InputChannel):
    @classmethod
    def name(cls):
        return "loop"

    def blueprint(self, on_new_message):
        blueprint = Blueprint("loop")

        @blueprint.get("/")
        async def kind(_request):
            return response.text(type(asyncio.get_running_loop()).__module__)

        return blueprint
"""


def test_a_worker_runs_on_uvloop(tiny, tiny_env):
    folder = tiny.config.parent
    (tiny.code[0] / "loop.py").write_text(LOOP, encoding="utf-8")
    with (folder / "credentials.yml").open("a", encoding="utf-8") as credentials:
        credentials.write("tiny_actions.loop.Loop:\n")
    with served(folder, tiny_env, *tiny_arguments(tiny)) as server:
        assert urllib.request.urlopen(server.url + "/webhooks/loop/", timeout=30).read() == b"uvloop"


@pytest.fixture(scope="module")
def open_server(trained_tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A tiny bot for the whole network, shared by tests that only look at it."""
    folder = tmp_path_factory.mktemp("open")
    env = bot_environment(folder, BOT_HOST="0.0.0.0")
    env["PYTHONPATH"] += os.pathsep + str(trained_tiny.config.parent)
    assert bot_command("init-db", env=env).returncode == 0
    with served(folder, env, *tiny_arguments(trained_tiny)) as server:
        yield server


def test_the_action_server_listens_on_loopback_only(open_server):
    parts = children(open_server)
    assert listening(parts["actionhost"][0]) == {"127.0.0.1"}
    assert listening(parts["worker"][0]) == {"0.0.0.0"}


def listening(pid: int) -> set[str]:
    """Addresses on which the process listens (IPv4)."""
    inodes = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {socket.inet_ntoa(bytes.fromhex(row[1][:8])[::-1]) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def test_an_action_that_fails_leaves_no_message_text_in_the_log(open_server):
    open_server.say("坏了", "someone")
    assert wait_until(lambda: "ValueError" in open_server.log, 30)
    assert "坏了" not in open_server.log


@pytest.mark.parametrize("path", ["/version", "/status", "/conversations/someone/tracker", "/model/parse"])
def test_rasas_own_http_api_is_off(open_server, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(open_server.url + path, timeout=30)
    assert refused.value.code == 404


def refusal(*words: str, env: dict[str, str]) -> str:
    """The one line with which `run` refuses."""
    done = bot_command("run", *words, env=env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_busy_port_is_said_in_one_line(tiny, tiny_env):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert f"端口 {port} 已被别的程序占用" in refusal("--port", port, *tiny_arguments(tiny), env=tiny_env)


def test_without_a_model_it_says_make_train(tiny, tiny_env):
    (tiny.models / "current").unlink()
    assert "make train" in refusal("--port", str(free_port()), *tiny_arguments(tiny), env=tiny_env)


def test_without_a_database_it_says_init_db(tiny, tiny_env, tmp_path):
    env = {**tiny_env, "BOT_DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}
    assert "python -m bot init-db" in refusal("--port", str(free_port()), *tiny_arguments(tiny), env=env)


@pytest.mark.parametrize("setting", [("--workers", "2"), ("BOT_WORKERS", "2")])
def test_more_workers_on_sqlite_are_refused(tiny, tiny_env, setting):
    name, value = setting
    words = [name, value] if name.startswith("--") else []
    env = tiny_env if words else {**tiny_env, name: value}
    assert "SQLite 数据库只支持一个对话服务进程" in refusal("--port", str(free_port()), *words, *tiny_arguments(tiny), env=env)


def test_a_wrong_setting_is_named(tiny, tiny_env):
    assert "BOT_TODAY" in refusal("--port", str(free_port()), *tiny_arguments(tiny), env={**tiny_env, "BOT_TODAY": "gestern"})


def test_a_host_that_is_not_ours_is_said(tiny, tiny_env):
    assert "BOT_HOST" in refusal("--port", str(free_port()), *tiny_arguments(tiny), env={**tiny_env, "BOT_HOST": "192.0.2.1"})


def test_an_unknown_channel_is_named(tiny, tiny_env):
    (tiny.config.parent / "credentials.yml").write_text("bot.channels.nothing.Here:\n", encoding="utf-8")
    assert "bot.channels.nothing" in refusal("--port", str(free_port()), *tiny_arguments(tiny), env=tiny_env)


@pytest.mark.parametrize("damage", ["model", "actions"])
def test_a_part_that_cannot_start_ends_with_a_clear_last_line(tiny, tiny_env, damage):
    if damage == "model":
        models.require_current(tiny.models).write_bytes(b"no model")
    else:
        (tiny.code[0] / "probe.py").write_text("import nothing_of_the_kind\n", encoding="utf-8")
    done = bot_command("run", "--port", str(free_port()), *tiny_arguments(tiny), env=tiny_env)
    assert done.returncode == 1
    assert ("make train" if damage == "model" else "动作服务没有启动成功") in done.stderr.splitlines()[-1]
