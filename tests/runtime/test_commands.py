"""`chat`, `check` and `rasa`: what they say, and what they hand to Rasa."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.runtime import chat, checks
from bot.runtime.project import CREDENTIALS, ENDPOINTS, ROOT, StartError
from tests.serving import bot_command, bot_environment


@pytest.fixture
def pretended_bot():
    """A REST channel that answers everything with one text and a button; its address and what it heard."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append((body, self.headers["Content-Type"], self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps([{"text": "不少于45学时。", "buttons": [{"title": "看原文", "payload": "看原文"}]}]).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()


def test_chat_sends_each_line_in_one_conversation_and_shows_texts_and_buttons(pretended_bot, monkeypatch, capsys):
    url, heard = pretended_bot
    lines = iter(["公需多少", "  ", "看原文"])

    def line(_prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", line)
    chat.talk(url, token="geheim")
    assert [body["message"] for body, _, _ in heard] == ["公需多少", "看原文"]
    assert len({body["sender"] for body, _, _ in heard}) == 1
    assert heard[0][1:] == ("application/json", "Bearer geheim")
    assert "不少于45学时。\n  [看原文]" in capsys.readouterr().out


def test_chat_says_when_the_bot_does_not_answer():
    with pytest.raises(StartError, match="没有回答"):
        chat.ask("http://127.0.0.1:9", "someone", "你好")
    assert not chat.is_running("http://127.0.0.1:9")


def test_chat_tells_why_its_own_bot_does_not_start(tmp_path):
    done = bot_command("chat", "--port", "9", env=bot_environment(tmp_path, BOT_TODAY="x"), input="")
    assert done.returncode == 1
    assert "BOT_TODAY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def with_ours():
    """The words handed to Rasa for a command line of ours, asked of Rasa's own parser in one fresh process."""
    commands = [
        "shell", "shell models/x.tar.gz", "run actions", "train --force", "data validate", "test nlu", "test core", "interactive",
        "run --endpoints other.yml", "run --endpoints=other.yml", "--version",
    ]  # fmt: skip
    code = f"""
import json
from bot.runtime import lean
lean.install("shell")
from rasa.__main__ import create_argument_parser
from bot.runtime.passthrough import with_ours
print(json.dumps({{c: with_ours(create_argument_parser(), c.split()) for c in {commands!r}}}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


E, C = ["--endpoints", str(ENDPOINTS)], ["--credentials", str(CREDENTIALS)]


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        ("shell", ["shell", *E, *C]),
        ("shell models/x.tar.gz", ["shell", *E, *C, "models/x.tar.gz"]),
        ("run --endpoints other.yml", ["run", *C, "--endpoints", "other.yml"]),
        ("run --endpoints=other.yml", ["run", *C, "--endpoints=other.yml"]),
        ("interactive", ["interactive", *E]),
        ("data validate", ["data", "validate"]),
        ("--version", ["--version"]),
    ],
)
def test_rasas_commands_get_our_endpoints_and_credentials_where_they_take_them(with_ours, words, handed):
    assert with_ours[words] == handed


def test_rasas_own_command_line_runs_inside_the_hook(tiny, tmp_path):
    folder = tiny.config.parent
    words = ["rasa", "data", "validate", "--domain", str(tiny.domain), "--data", str(tiny.data), "--config", str(tiny.config)]
    done = bot_command(*words, env=bot_environment(tmp_path), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "No story structure conflicts found" in done.stdout + done.stderr


def test_rasas_train_refuses_tensorflow_by_name(tiny, tmp_path):
    folder = tiny.config.parent
    tiny.config.write_text(tiny.config.read_text(encoding="utf-8").replace("RulePolicy", "TEDPolicy"), encoding="utf-8")
    words = ["rasa", "train", "--domain", str(tiny.domain), "--data", str(tiny.data), "--config", str(tiny.config), "--out", "elsewhere"]
    done = bot_command(*words, env=bot_environment(tmp_path), cwd=folder)
    assert done.returncode == 1
    assert "配置里的组件 TEDPolicy 需要 tensorflow" in done.stdout + done.stderr
    assert not (folder / "elsewhere").exists()


def test_check_names_each_thing_and_fails_when_one_is_wrong(tmp_path):
    done = bot_command("check", env=bot_environment(tmp_path))
    assert done.returncode == 1
    assert "[有误] 数据库：数据库还没有建好" in done.stderr
    assert "[通过] 设置" in done.stdout
    assert "[通过] 通道 bot.channels.rest.RestChannel" in done.stdout
    assert "Traceback" not in done.stderr


def test_check_finds_a_class_that_does_not_exist():
    for path in ("bot.runtime.nothing.Here", "bot.runtime.lean.Nothing", "Nothing"):
        finding = checks._look("channel", lambda path=path: checks._class(path), name=path)
        assert finding.why is not None
        assert str(finding).startswith("[有误]")


def test_commands_without_a_model_import_no_rasa():
    code = "import sys; import bot.cli; print([n for n in sys.modules if n.split('.')[0] in ('rasa', 'rasa_sdk', 'sanic', 'sklearn')])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "[]"
