"""Run the bot as people do: commands, and a served bot on a database of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.runtime.project import ROOT
from bot.runtime.training import Recipe

TODAY = "2023-11-20"
START_SECONDS = 300


@dataclass(frozen=True)
class Server:
    """A running bot: where it answers, its process, its environment and what it has logged."""

    url: str
    process: "subprocess.Popen[bytes]"
    env: dict[str, str]
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def say(self, text: str, sender: str) -> list[dict[str, Any]]:
        """One message over REST; the bot's messages."""
        from bot.runtime.chat import ask

        return ask(self.url, sender, text)


def bot_command(*arguments: str, env: dict[str, str], **more: Any) -> "subprocess.CompletedProcess[str]":
    """Run `python -m bot …` to its end."""
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, env=env, cwd=more.pop("cwd", ROOT), capture_output=True, text=True, timeout=1800, check=False, **more)


def bot_environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment without the developer's settings, with a database in `folder`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "RASA_", "LOG_LEVEL", "ACTION_"))}
    path = os.pathsep.join([str(ROOT), str(folder)])
    return {**clean, "BOT_DATABASE_URL": f"sqlite:///{folder}/bot.db", "BOT_TODAY": TODAY, "PYTHONPATH": path, **more}


def tiny_arguments(tiny: Recipe, model: Path | None = None) -> list[str]:
    """Words for `run` that serve the tiny bot of tests/runtime: the model that its pointer names, or a given one."""
    folder = tiny.config.parent
    return [
        *("--model", str(model or tiny.models), "--credentials", str(folder / "credentials.yml")),
        *("--endpoints", str(folder / "endpoints.yml"), "--actions", "tiny_actions"),
    ]


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def children(server: Server) -> dict[str, list[int]]:
    """Process ids of the bot's parts under the last names of their modules: actionhost, worker."""
    parts: dict[str, list[int]] = {}
    for pid in children_of(server.process.pid):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"-m" in words and alive(pid):
                parts.setdefault(words[words.index(b"-m") + 1].decode().rpartition(".")[2], []).append(pid)
    return parts


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def texts(server: Server, text: str, sender: str = "someone") -> list[str]:
    """One message over REST; the texts of the answers."""
    return [reply["text"] for reply in server.say(text, sender)]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, env: dict[str, str], *arguments: str) -> Iterator[Server]:
    """`python -m bot run` on a free port, ready; ended afterwards however the test went."""
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "bot", "run", "--port", str(port), *arguments]
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    server = Server(f"http://127.0.0.1:{port}", process, env, folder)
    try:
        assert wait_until(lambda: answers(server.url) or process.poll() is not None, START_SECONDS), server.log
        assert process.poll() is None, server.log
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                for pid in [process.pid, *children_of(process.pid)]:  # each part leads a session of its own
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/webhooks/rest/", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(holds: Any, seconds: float) -> bool:
    """Whether the condition came to hold in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return bool(holds())  # a machine that was busy all the time has not looked since
