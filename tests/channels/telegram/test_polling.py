"""The polling process itself, started as the launcher starts it, between the emulated Bot API and a bare server."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bot.runtime.project import ROOT
from bot.runtime.supervised import Child, Plan
from tests.channels.conftest import ANSWER
from tests.channels.telegram.conftest import Bot, Starter
from tests.telegram_api import TOKEN, TelegramApi

SECRET = "a secret of the tests"
ROOM_MB = 90


class Process:
    """The polling process under supervision, and its log."""

    def __init__(self, api: TelegramApi, folder: Path, address: str, **env: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
        own = {"BOT_TELEGRAM_TOKEN": TOKEN, "BOT_TELEGRAM_API": api.url, "BOT_SECRET_KEY": SECRET}
        self.path = folder / "poller.log"
        self._log = self.path.open("ab")
        env = {**clean, **own, "BOT_DATABASE_URL": f"sqlite:///{folder}/xueshitong.db", **env}
        with redirected(self._log.fileno()):
            self.child = Child(Plan("Telegram", "failed", "bot.runtime.telegramhost", [address], None, env, lambda: None))
            self.child.let_serve()
            assert self.child.reports.readline() == "serving\n"

    @property
    def log(self) -> str:
        return self.path.read_text("utf-8")

    def kill(self) -> None:
        os.kill(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def end(self) -> None:
        self.child.terminate()
        self.child.wait()
        self._log.close()


@contextmanager
def redirected(handle: int) -> Iterator[None]:
    """Stderr to another file for what is started meanwhile."""
    kept = os.dup(2)
    os.dup2(handle, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


Poll = Callable[..., Process]


@pytest.fixture
def poll(api: TelegramApi, tmp_path: Path) -> Iterator[Poll]:
    with ExitStack() as running:

        def starter(address: str, **env: str) -> Process:
            process = Process(api, tmp_path, address, **env)
            running.callback(process.end)
            return process

        yield starter


@pytest.fixture
def unhooked(start: Starter) -> Bot:
    return start(hooked=False, BOT_SECRET_KEY=SECRET)


def test_what_is_written_is_fetched_answered_and_then_confirmed(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    person = api.person(11)
    person.says("公需")
    process = poll(unhooked.url)
    assert api.wait_sent(11)[0].text == ANSWER
    api.wait_taken()
    person.says("选")
    person.taps(api.wait_sent(11, 2)[1], "公需要多少学时")
    assert api.wait_sent(11, 3)[2].text == ANSWER
    api.wait_taken()
    polls = api.called("getUpdates")
    assert {tuple(call.params["allowed_updates"]) for call in polls if isinstance(call.params["allowed_updates"], list)} <= {
        ("message", "callback_query", "my_chat_member")
    }
    assert len(polls) < 12, "it polls long"
    assert [entry["command"] for entry in api.commands[("default", "")]][:2] == ["start", "help"]
    assert TOKEN not in process.log
    assert "开始用长轮询" in process.log


def test_an_update_is_confirmed_only_when_the_journal_has_it(api: TelegramApi, unhooked: Bot, poll: Poll, tmp_path: Path) -> None:
    file = unhooked.context.database.file
    file.rename(file.with_suffix(".away"))
    api.person(11).says("公需")
    poll(unhooked.url)
    api.wait_sent(11)  # the notice
    time.sleep(1.5)
    assert len(api.updates.pending) == 1
    file.with_suffix(".away").rename(file)
    assert api.wait_sent(11, 2)[1].text == ANSWER
    api.wait_taken()
    assert len(api.sent(11)) == 2


def test_a_killed_poller_loses_nothing_and_doubles_nothing(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    people = [api.person(number) for number in range(100, 120)]
    process = poll(unhooked.url)
    for person in people[:10]:
        person.says("公需")
    api.wait(lambda: unhooked.rasa.asked)
    process.kill()
    for person in people[10:]:
        person.says("公需")
    poll(unhooked.url)
    for person in people:
        assert [sent.text for sent in api.wait_sent(person.id)] == [ANSWER]
    api.wait_taken()
    assert len(unhooked.journal) == 20


def test_it_goes_on_after_the_network_was_cut_in_mid_poll(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    person = api.person(11)
    poll(unhooked.url)
    for number, how in enumerate(("cut", "502"), 1):
        api.wait(lambda n=number: len(api.called("getUpdates")) >= n)
        api.break_next("getUpdates", how=how)
        person.says(f"公需{number}")
        assert api.wait_sent(11, number)


def test_another_program_with_the_token_is_named_and_outlasted(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    process = poll(unhooked.url)
    api.wait(lambda: api.called("getUpdates"))
    other = f"import urllib.request as u; u.urlopen('{api.url}/bot{TOKEN}/getUpdates?timeout=1').read()"
    subprocess.run([sys.executable, "-c", other], env={**os.environ, "no_proxy": "*"}, check=False)
    api.wait(lambda: "409" in process.log)
    assert "请停掉那个程序" in process.log
    api.person(11).says("公需")
    assert api.wait_sent(11)


def test_one_chat_that_cannot_be_handed_over_does_not_hold_up_the_others(api: TelegramApi, start: Starter, poll: Poll) -> None:
    api.break_next("getMe", 1000, "500")  # we do not learn our name: what is said to @somebody in a group has to wait
    unhooked = start(hooked=False, BOT_SECRET_KEY=SECRET)
    group, person = api.group(-5), api.person(11)
    group.says("@xueshitong_bot 公需", person)
    poll(unhooked.url)
    time.sleep(1)
    person.says("公需")
    assert api.wait_sent(11)
    assert api.sent(-5) == []
    assert api.updates.pending
    with api.lock:
        api.faults.breakages["getme"].clear()
    assert api.wait_sent(-5)
    api.wait_taken()


def test_a_malformed_update_is_skipped(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    person = api.person(11)
    update = person.says("公需").to_dict()
    with api.lock:
        api.updates.pending.insert(0, (11, {"update_id": update["update_id"] - 1, "message": {"text": "\ud83d"}}))
    process = poll(unhooked.url)
    assert api.wait_sent(11)[0].text == ANSWER
    assert "拒收" in process.log
    api.wait_taken()


def test_messages_of_one_chat_keep_their_order(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    person = api.person(11)
    for number in range(15):
        person.says(f"第{number}问")
    poll(unhooked.url)
    api.wait_sent(11, 15)
    assert [message.text for message in unhooked.rasa.asked] == [f"第{number}问" for number in range(15)]


def test_with_a_webhook_it_registers_it_and_does_not_poll(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    api.person(11).says("公需")
    process = poll("http://127.0.0.1:9", BOT_TELEGRAM_WEBHOOK_URL=unhooked.url)
    assert api.wait_sent(11)[0].text == ANSWER
    assert api.called("getUpdates") == []
    assert api.updates.webhook
    assert api.updates.webhook.secret == unhooked.access.secret
    assert "已向 Telegram 登记 webhook" in process.log


def test_it_starts_while_telegram_is_out_of_reach(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    api.break_next("deleteWebhook", 2, "502")
    process = poll(unhooked.url)
    api.person(11).says("公需")
    assert api.wait_sent(11)[0].text == ANSWER
    assert "暂时连不上 Telegram" in process.log


def test_it_waits_for_a_server_that_is_down(api: TelegramApi, start: Starter, poll: Poll) -> None:
    process = poll("http://127.0.0.1:9")
    api.person(11).says("公需")
    (asked,) = api.updates.made.values()
    (notice,) = api.wait_sent(11)
    assert "0971-8258157" in notice.text
    assert notice.at - api.called("getUpdates")[0].at < 4.5
    assert "ConnectError" in process.log
    assert [update for _, update in api.updates.pending] == [asked]
    process.end()
    bot = start(hooked=False, BOT_SECRET_KEY=SECRET)
    poll(bot.url)
    assert api.wait_sent(11, 2)[1].text == ANSWER


def test_it_stays_small_and_imports_no_rasa(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    process = poll(unhooked.url)
    api.wait(lambda: api.called("getUpdates"))
    resident = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.child.pid}/status").read_text())[1]) // 1024
    assert resident < ROOM_MB
    code = "import sys, bot.runtime.telegramhost, bot.channels.telegram.poller, bot.channels.telegram.sending; print('rasa' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_it_ends_with_its_supervisor_and_on_sigterm(api: TelegramApi, unhooked: Bot, poll: Poll) -> None:
    process = poll(unhooked.url)
    api.wait(lambda: api.called("getUpdates"))
    began = time.monotonic()
    process.child.terminate()
    process.child.wait()
    assert time.monotonic() - began < 3
    assert "Traceback" not in process.log
