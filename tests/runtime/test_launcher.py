"""`python -m bot run`: both servers or neither, one clear line when it cannot start, nothing left behind."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime.training import Recipe
from tests.serving import Server, bot_command, bot_environment, free_port, served, wait_until


def arguments(tiny: Recipe) -> list[str]:
    folder = tiny.config.parent
    return [
        *("--model", str(tiny.model), "--credentials", str(folder / "credentials.yml")),
        *("--endpoints", str(folder / "endpoints.yml"), "--actions", "tiny_actions"),
    ]


@pytest.fixture
def env(tiny: Recipe, tmp_path: Path) -> dict[str, str]:
    """Settings for a bot whose database is ready."""
    env = bot_environment(tiny.config.parent)
    done = bot_command("init-db", env=env)
    assert done.returncode == 0, done.stderr
    return env


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def texts(server: Server, text: str) -> list[str]:
    return [reply["text"] for reply in server.say(text, "someone")]


def test_it_serves_answers_and_actions_and_ends_both_on_sigterm(tiny, env):
    with served(tiny.config.parent, env, *arguments(tiny)) as server:
        assert texts(server, "你好") == ["你好"]
        (actions,) = children(server.process.pid)
        assert texts(server, "查询") == [str(actions)]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert not alive(actions)
        assert "学时通已启动，请用浏览器打开 http://127.0.0.1:" in server.log
        assert "今天按 2023-11-20 计算" in server.log


def test_an_action_server_that_dies_comes_back(tiny, env):
    with served(tiny.config.parent, env, *arguments(tiny)) as server:
        (first,) = children(server.process.pid)
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: texts(server, "查询") not in ([], [str(first)]), 30)
        assert texts(server, "你好") == ["你好"]
        assert "动作服务意外退出（代码 -9），正在重新启动。" in server.log


def test_a_killed_launcher_leaves_no_action_server_behind(tiny, env):
    with served(tiny.config.parent, env, *arguments(tiny)) as server:
        (actions,) = children(server.process.pid)
        server.process.kill()
        server.process.wait()
        assert wait_until(lambda: not alive(actions), 10)


@pytest.fixture(scope="module")
def open_server(trained_tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A tiny bot for the whole network, shared by tests that only look at it."""
    folder = tmp_path_factory.mktemp("open")
    env = bot_environment(folder, BOT_HOST="0.0.0.0")
    env["PYTHONPATH"] += os.pathsep + str(trained_tiny.config.parent)
    assert bot_command("init-db", env=env).returncode == 0
    with served(folder, env, *arguments(trained_tiny)) as server:
        yield server


def test_the_action_server_listens_on_loopback_only(open_server):
    (actions,) = children(open_server.process.pid)
    assert listening(actions) == {"127.0.0.1"}
    assert listening(open_server.process.pid) == {"0.0.0.0"}


def listening(pid: int) -> set[str]:
    """Addresses on which the process listens (IPv4)."""
    inodes = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {socket.inet_ntoa(bytes.fromhex(row[1][:8])[::-1]) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def test_an_action_that_fails_leaves_no_message_text_in_the_log(open_server):
    open_server.say("坏了", "someone")
    assert wait_until(lambda: "ValueError" in open_server.log, 5)
    assert "坏了" not in open_server.log


@pytest.mark.parametrize("path", ["/version", "/status", "/conversations/someone/tracker", "/model/parse"])
def test_rasas_own_http_api_is_off(open_server, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(open_server.url + path, timeout=5)
    assert refused.value.code == 404


def refusal(*words: str, env: dict[str, str]) -> str:
    """The one line with which `run` refuses."""
    done = bot_command("run", *words, env=env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_busy_port_is_said_in_one_line(tiny, env):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert f"端口 {port} 已被别的程序占用" in refusal("--port", port, *arguments(tiny), env=env)


def test_without_a_model_it_says_make_train(tiny, env):
    tiny.model.unlink()
    assert "make train" in refusal("--port", str(free_port()), *arguments(tiny), env=env)


def test_without_a_database_it_says_init_db(tiny, tmp_path):
    env = bot_environment(tmp_path)
    assert "python -m bot init-db" in refusal("--port", str(free_port()), *arguments(tiny), env=env)


def test_a_wrong_setting_is_named(tiny, env):
    assert "BOT_TODAY" in refusal("--port", str(free_port()), *arguments(tiny), env={**env, "BOT_TODAY": "gestern"})


def test_a_host_that_is_not_ours_is_said(tiny, env):
    assert "BOT_HOST" in refusal("--port", str(free_port()), *arguments(tiny), env={**env, "BOT_HOST": "192.0.2.1"})


def test_an_unknown_channel_is_named(tiny, env):
    (tiny.config.parent / "credentials.yml").write_text("bot.channels.nothing.Here:\n", encoding="utf-8")
    assert "bot.channels.nothing" in refusal("--port", str(free_port()), *arguments(tiny), env=env)


@pytest.mark.parametrize("damage", ["model", "actions"])
def test_a_part_that_cannot_start_ends_with_a_clear_last_line(tiny, env, damage):
    if damage == "model":
        tiny.model.write_bytes(b"no model")
    else:
        (tiny.code[0] / "probe.py").write_text("import nothing_of_the_kind\n", encoding="utf-8")
    done = bot_command("run", "--port", str(free_port()), *arguments(tiny), env=env)
    assert done.returncode == 1
    assert ("make train" if damage == "model" else "动作服务没有启动成功") in done.stderr.splitlines()[-1]
