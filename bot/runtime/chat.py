"""`python -m bot chat`: talk to the bot in the terminal, over the REST channel of a running one or of one started for it."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.messages import message
from bot.runtime.launcher import reserve
from bot.runtime.project import StartError

READY_SECONDS = 60
ANSWER_SECONDS = 60
WEBHOOK = "/webhooks/rest/webhook"


def talk(url: str, token: str | None = None) -> None:
    """Read lines until end of input; each is one message of one conversation."""
    sender = uuid.uuid4().hex
    print(message("runtime.chat_start"))
    while True:
        try:
            text = input(message("runtime.chat_prompt"))
        except EOFError:
            print()
            return
        if text.strip():
            print(render(ask(url, sender, text, token)))


def ask(url: str, sender: str, text: str, token: str | None = None) -> list[dict[str, Any]]:
    """Send one message and return the bot's. StartError when the bot does not answer."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    body = json.dumps({"sender": sender, "message": text}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url + WEBHOOK, body, headers), timeout=ANSWER_SECONDS) as answer:
            replies: list[dict[str, Any]] = json.load(answer)
    except (OSError, ValueError) as error:
        raise StartError(message("runtime.chat_failed", url=url, why=error)) from None
    return replies


def render(replies: list[dict[str, Any]]) -> str:
    """Texts and, below each, its buttons."""
    lines: list[str] = []
    for reply in replies:
        lines.append(reply.get("text", ""))
        lines += [f"  [{button['title']}]" for button in reply.get("buttons", [])]
    return "\n".join(lines)


def is_running(url: str) -> bool:
    """Whether a bot with a REST channel answers at this address."""
    try:
        with urllib.request.urlopen(url + "/webhooks/rest/", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def own_server() -> Iterator[str]:
    """A bot of its own on a free loopback port. What keeps it from starting becomes the StartError; later log lines are dropped."""
    with reserve("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bot", "run", "--port", str(port)]
    environment = {**os.environ, "BOT_HOST": "127.0.0.1"}
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environment, start_new_session=True)
        try:
            until = time.monotonic() + READY_SECONDS
            while not is_running(url):
                if process.poll() is not None or time.monotonic() > until:
                    said.seek(0)
                    raise StartError(said.read().decode(errors="replace").strip())
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait()
