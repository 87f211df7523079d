"""The account that `make run` makes for trying out the console is closed when real people come."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk.models import Staff
from bot.helpdesk.staff import accounts
from bot.hours.models import AuditEntry, Person
from bot.hours.sample import load_sample
from bot.runtime import trialaccount
from bot.settings import Settings, load
from tests.helpdesk.conftest import NOW, add_staff
from tests.helpdesk.console.conftest import console_on
from tests.serving import bot_command, bot_environment, free_port, wait_until

NUMBER = "630104197001010018"
REAL = {"name": "安多", "name_key": "安多", "unit": "甲单位", "region": "西宁市", "sector": "教育", "level": "中级"}
SAID = "坐席台试用账号 shiyong 已停用"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"BOT_TODAY": "2023-11-20"}, tmp_path)


@pytest.fixture
def sample(database: Database) -> Database:
    load_sample(database, NOW)
    return database


def somebody_comes(database: Database) -> None:
    with database.write() as session:
        session.add(Person(id_number=NUMBER, **REAL))


def may_come_in(database: Database, password: str) -> bool:
    return accounts.check(database, trialaccount.LOGIN, password, NOW).staff_id is not None


def test_it_stays_among_sample_people_and_is_closed_beside_anybody_else(sample: Database, settings: Settings) -> None:
    password = trialaccount.opened(sample, settings)
    assert trialaccount.closed(sample, settings) is None
    assert may_come_in(sample, password)
    somebody_comes(sample)
    assert SAID in (trialaccount.closed(sample, settings) or "")
    assert not may_come_in(sample, password)
    assert trialaccount.closed(sample, settings) is None
    with sample.read() as session:
        noted = select(AuditEntry.detail).where(AuditEntry.action == "staff-disable")
        assert session.execute(noted).scalars().all() == [trialaccount.LOGIN]


def test_it_opens_again_when_the_others_have_gone(sample: Database, settings: Settings) -> None:
    trialaccount.opened(sample, settings)
    somebody_comes(sample)
    trialaccount.closed(sample, settings)
    assert not trialaccount.only_sample(sample)
    with sample.write() as session:
        session.delete(session.execute(select(Person).where(Person.id_number == NUMBER)).scalar_one())
    assert trialaccount.only_sample(sample)
    assert may_come_in(sample, trialaccount.opened(sample, settings))


def test_an_account_of_staff_under_the_same_login_is_left_alone(sample: Database, settings: Settings) -> None:
    add_staff(sample, trialaccount.LOGIN, 7)
    somebody_comes(sample)
    assert trialaccount.closed(sample, settings) is None
    with sample.read() as session:
        assert session.execute(select(Staff.disabled_at)).scalar_one() is None


@pytest.fixture
def tried_out(tmp_path: Path) -> tuple[dict[str, str], str]:
    """An environment whose database has the sample people and the account; its password."""
    env = bot_environment(tmp_path)
    assert bot_command("init-db", env=env).returncode == 0
    database, settings = Database(env["BOT_DATABASE_URL"]), load(env)
    load_sample(database, settings.now())
    password = trialaccount.opened(database, settings)
    database.dispose()
    return env, password


def comes_in(url: str, password: str) -> bool:
    answer = httpx.post(url + "/login", data={"login": trialaccount.LOGIN, "password": password}, headers={"Origin": url}, timeout=30)
    return answer.status_code == 303


def test_a_console_closes_it_at_its_start_and_while_it_serves(tried_out: tuple[dict[str, str], str], tmp_path: Path) -> None:
    env, password = tried_out
    with console_on(tmp_path, env) as console:
        assert comes_in(console.url, password)
        somebody_comes(console.database)
        assert wait_until(lambda: SAID in console.log, 60)
        assert not comes_in(console.url, password)
    accounts.disable(console.database, trialaccount.LOGIN, NOW, disabled=False)
    with console_on(tmp_path, env) as again:
        assert again.log.count(SAID) == 2
        assert not comes_in(again.url, password)


@pytest.mark.model
@pytest.mark.parametrize("command", ["run", "first-look"])
def test_the_bot_closes_it_at_its_start(tried_out: tuple[dict[str, str], str], tmp_path: Path, trained_model: Path, command: str) -> None:
    env, password = tried_out
    database = Database(env["BOT_DATABASE_URL"])
    somebody_comes(database)
    log = tmp_path / "log"
    with log.open("wb") as target:
        words = [sys.executable, "-m", "bot", command, "--port", str(free_port())]
        process = subprocess.Popen(words, env=env, cwd=tmp_path, stdout=target, stderr=target, start_new_session=True)
    try:
        wait_until(lambda: SAID in log.read_text("utf-8") or process.poll() is not None, 120)
        assert SAID in log.read_text("utf-8")
        assert not may_come_in(database, password)
    finally:
        process.terminate()
        process.wait(120)
        database.dispose()
