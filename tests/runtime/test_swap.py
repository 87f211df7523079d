"""A running worker takes the model that the pointer names, loses no message over it, and keeps what it has when the new one is broken."""

import shutil
import threading
import time
from datetime import datetime

import pytest

from bot.runtime import models
from bot.runtime.chat import ask
from bot.runtime.serving import LOOK_SECONDS
from bot.runtime.training import train
from bot.settings import ZONE
from tests.serving import bot_command, bot_environment, children, served, texts, tiny_arguments, wait_until

HELLO, NEW_HELLO = "你好", "您好，有什么可以帮您"


@pytest.fixture
def retrained(tiny):
    """The tiny bot with a second model that greets in other words; the first, the second, the first being current."""
    old = models.require_current(tiny.models)
    tiny.domain.write_text(tiny.domain.read_text(encoding="utf-8").replace(f"text: {HELLO}", f"text: {NEW_HELLO}"), encoding="utf-8")
    new = train(tiny)
    models.point_to(old)
    return tiny, old, new


@pytest.fixture
def server(retrained, tiny_env):
    tiny, _, _ = retrained
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny)) as running:
        yield running


def resident_megabytes(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def test_a_swap_loses_no_message_and_can_be_taken_back(server, retrained):
    _, old, new = retrained
    over = threading.Event()
    heard: list[str] = []
    failed: list[Exception] = []

    def talk(sender: str) -> None:
        while not over.is_set():
            try:
                heard.extend(reply["text"] for reply in ask(server.url, sender, "你好"))
            except Exception as error:
                failed.append(error)

    talkers = [threading.Thread(target=talk, args=(f"sender-{number}",)) for number in range(4)]
    for talker in talkers:
        talker.start()
    for path, greeting in ((new, NEW_HELLO), (old, HELLO), (new, NEW_HELLO)):
        models.use(path.name, path.parent)
        assert wait_until(lambda greeting=greeting: texts(server, "你好", "judge") == [greeting], 60)
    over.set()
    for talker in talkers:
        talker.join()
    assert failed == []
    assert set(heard) == {HELLO, NEW_HELLO}
    assert server.log.count("已换用模型") == 3


@pytest.mark.model
def test_memory_stays_flat_over_swaps_of_the_real_model(trained_model, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    copies = [models.new_file(folder, datetime(2026, 1, day, tzinfo=ZONE)) for day in (1, 2)]
    for path in copies:
        shutil.copy(trained_model, path)
    models.point_to(copies[0])
    env = bot_environment(tmp_path)
    assert bot_command("init-db", env=env).returncode == 0
    with served(tmp_path, env, "--model", str(folder)) as server:
        (worker,) = children(server)["worker"]
        sizes = []
        for number in range(1, 11):
            models.point_to(copies[number % 2])
            assert wait_until(lambda number=number: server.log.count("已换用模型") == number, 90)
            assert texts(server, "一年要多少学时", f"judge-{number}")
            time.sleep(2 * LOOK_SECONDS)
            sizes.append(resident_megabytes(worker))
    early, late = sizes[4:7], sizes[7:]  # what the allocator keeps grows over the first swaps and then levels off
    assert min(late) < min(early) * 1.05, sizes


def test_a_broken_model_is_refused_in_one_line_and_the_old_one_goes_on(server, retrained):
    tiny, old, new = retrained
    broken = models.new_file(tiny.models, datetime.now(ZONE))
    broken.write_bytes(old.read_bytes()[:1000])
    models.point_to(broken)
    assert wait_until(lambda: f"模型 {broken.name} 无法加载" in server.log, 60)
    assert texts(server, "你好") == [HELLO]
    models.point_to(new)
    assert wait_until(lambda: texts(server, "你好") == [NEW_HELLO], 60)
    assert server.log.count("无法加载") == 1
    assert "Traceback" not in server.log


def test_a_server_that_starts_beside_a_broken_current_model_takes_the_newest_other(retrained, tiny_env):
    tiny, old, _ = retrained
    old.write_bytes(b"broken")
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny)) as server:
        assert texts(server, "你好") == [NEW_HELLO]
        assert f"模型 {old.name} 无法加载，改用较早的模型" in server.log


def test_a_model_file_that_was_asked_for_is_not_exchanged(retrained, tiny_env):
    tiny, old, new = retrained
    with served(tiny.config.parent, tiny_env, *tiny_arguments(tiny, old)) as server:
        models.point_to(new)
        assert not wait_until(lambda: texts(server, "你好") != [HELLO], 4)
