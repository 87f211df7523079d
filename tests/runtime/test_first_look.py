"""`make run`: from nothing to a bot that knows the sample people."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import bot_environment, free_port, wait_until

pytestmark = pytest.mark.model
CODE = re.compile(r"^ +绑定 (\S+) (\S{10})$", re.MULTILINE)


@pytest.fixture
def look(tmp_path: Path, trained_model: Path):
    """Start it in an empty folder, with more environment; its log once it is ready, and an end by Ctrl-C."""
    running = []

    def start(**more: str) -> str:
        env = {name: value for name, value in bot_environment(tmp_path, **more).items() if name != "BOT_TODAY" or name in more}
        log = tmp_path / f"log-{len(running)}"
        with log.open("wb") as target:
            command = [sys.executable, "-m", "bot", "first-look", "--port", str(free_port())]
            process = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=target, stderr=target, start_new_session=True)
        running.append(process)
        assert wait_until(lambda: "已启动" in log.read_text("utf-8") or process.poll() is not None, 120)
        assert process.poll() is None, log.read_text("utf-8")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)
        return log.read_text("utf-8")

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()


def test_an_empty_folder_gets_sample_people_codes_to_try_and_their_day(look):
    first = look()
    assert "已载入样例数据" in first
    assert "今天按 2023-11-20 计算" in first
    assert len(CODE.findall(first)) == 2
    second = look(BOT_TODAY="2023-12-01")
    assert "已载入样例数据" not in second
    assert "今天按 2023-12-01 计算" in second
    assert len(CODE.findall(second)) == 2
    assert "Traceback" not in first + second
