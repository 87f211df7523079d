"""The whole bot as `run` starts it, on Telegram by long polling: the real model, the emulated Bot API."""

import csv
import io
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.inbox.models import SENDING, Outbox
from bot.runtime.project import ROOT
from tests.dialogue.talking import database_of
from tests.serving import Server, bot_command, bot_environment, children, served, wait_until
from tests.telegram_api import TOKEN, TelegramApi

pytestmark = [pytest.mark.model, pytest.mark.slow]

SECRET = "a secret of the tests"
CODE = r"[2-9A-HJ-NP-Z]{5}-?[2-9A-HJ-NP-Z]{5}"
SECONDS = 30


@pytest.fixture(scope="module")
def api() -> Iterator[TelegramApi]:
    with TelegramApi() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("telegram")


@pytest.fixture(scope="module")
def env(api: TelegramApi, folder: Path) -> dict[str, str]:
    made = bot_environment(folder, BOT_TELEGRAM_TOKEN=TOKEN, BOT_TELEGRAM_API=api.url, BOT_SECRET_KEY=SECRET)
    sample = ROOT / "bot" / "hours" / "sample"
    for arguments in (["init-db"], *(["import", kind, str(sample / f"{kind}.csv")] for kind in ("people", "hours", "credits"))):
        done = bot_command(*arguments, env=made)
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def server(trained_model: Path, folder: Path, env: dict[str, str]) -> Iterator[Server]:
    with served(folder, env, "--model", str(trained_model)) as running:
        yield running


def code_and_name(env: dict[str, str]) -> tuple[str, str]:
    """A bind code and the name of the person it is for."""
    listed = bot_command("codes", "--all", env=env)
    assert listed.returncode == 0, listed.stderr
    head, first, *_ = csv.reader(io.StringIO(listed.stdout.lstrip("\ufeff")))
    row = dict(zip(head, first, strict=True))
    return next(cell for cell in row.values() if re.fullmatch(CODE, cell)).replace("-", ""), row["姓名"]


def test_polling_runs_beside_the_other_parts(server: Server) -> None:
    assert set(children(server)) == {"actionhost", "worker", "telegramhost"}


def test_a_policy_question_is_answered_with_its_source(server: Server, api: TelegramApi) -> None:
    api.person(11).says("公需科目一年要多少学时")
    (sent,) = api.wait_sent(11, seconds=SECONDS)
    assert "45" in sent.text
    assert "<i>依据：" in sent.raw


def test_every_command_is_understood(server: Server, api: TelegramApi) -> None:
    person = api.person(12)
    wanted = {
        "/start": "学时", "/help": "学时", "/hours": "绑定", "/title": "绑定", "/unbind": "绑定", "/bind": "绑定码",
        "/cancel": "取消", "/nonsense": "学时",
    }  # fmt: skip
    for number, (command, part) in enumerate(wanted.items(), 1):
        person.says(command)
        assert part in api.wait_sent(12, number, seconds=SECONDS)[-1].text, command


def test_personal_things_are_refused_in_a_group_with_a_way_to_the_private_chat(server: Server, api: TelegramApi) -> None:
    person, group = api.person(13), api.supergroup(-1001)
    group.says("公需科目一年要多少学时", person, mention=True)
    assert "45" in api.wait_sent(-1001, seconds=SECONDS)[0].text
    for number, said in enumerate(("我今年还差多少学时", "绑定", "我报高级够不够", "绑定 张三 K7M2Q9ABCD"), 2):
        group.says(said, person, mention=True)
        sent = api.wait_sent(-1001, number, seconds=SECONDS)[-1]
        assert "私聊" in sent.text, said
        assert sent.buttons == [[("打开私聊", "https://t.me/xueshitong_bot")]], said


def test_a_deep_link_binds_and_the_hours_follow(server: Server, api: TelegramApi, env: dict[str, str]) -> None:
    code, name = code_and_name(env)
    person = api.person(14)
    person.says(f"/start {code}")
    assert "姓名" in api.wait_sent(14, seconds=SECONDS)[-1].text
    person.says(name)
    assert "已绑定" in api.wait_sent(14, 2, seconds=SECONDS)[-1].text
    person.says("/hours")
    assert "公需" in api.wait_sent(14, 3, seconds=SECONDS)[-1].text
    person.says("/unbind")
    assert api.wait_sent(14, 4, seconds=SECONDS)


def test_killing_everything_between_delivery_and_answer_loses_nothing(
    server: Server, api: TelegramApi, trained_model: Path, folder: Path, env: dict[str, str]
) -> None:
    people = [api.person(number) for number in range(100, 130)]
    for person in people[:20]:
        person.says("公需科目一年要多少学时")
    api.wait(lambda: len(api.updates.pending) < 15, SECONDS)
    parts = [pid for pids in children(server).values() for pid in pids]
    for pid in (server.process.pid, *parts):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()
    with database_of(server).read() as session:
        on_the_way = set(session.execute(select(Outbox.sender_id).where(Outbox.state == SENDING)).scalars())
    for person in people[20:]:
        person.says("公需科目一年要多少学时")
    (folder / "server.log").rename(folder / "first.log")
    with served(folder, env, "--model", str(trained_model)) as again:
        for person in people:
            assert any("45" in sent.text for sent in api.wait_sent(person.id, seconds=90)), person.id
        api.wait_taken(60)
        for person in people:
            answers = [sent for sent in api.sent(person.id) if "45" in sent.text]
            assert len(answers) <= 2
            assert len(answers) == 1 or f"tg:{person.id}" in on_the_way, "only what was being sent at the very moment may come twice"
        assert wait_until(lambda: "长轮询" in again.log, 10)
    for name in ("first.log", "server.log"):
        log = (folder / name).read_text("utf-8")
        assert log
        for secret in (TOKEN, TOKEN.partition(":")[2], SECRET):
            assert secret not in log
        assert "Traceback" not in log
