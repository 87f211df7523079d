"""The real console in a process of its own, beside the bot where a test asks for it, and a browser."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from bot.db import Database
from bot.runtime.project import ROOT
from tests.serving import Server, bot_command, bot_environment, free_port, served, wait_until

PASSWORD = "a password for tests"
ACCOUNTS = {"agent": "坐席甲", "agent2": "坐席乙", "admin": "管理员", "unit": "单位管理员"}
"""Numbers 1, 2, 3, 4 in this order."""
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SIZE = {"width": 1366, "height": 768}
START_SECONDS = 300
expect.set_options(timeout=20_000)  # a busy machine may take longer than the five seconds that Playwright waits


@dataclass
class Console:
    """A running console: where it answers, its process, its environment, its database."""

    url: str
    process: "subprocess.Popen[bytes]"
    env: dict[str, str]
    folder: Path
    database: Database

    @property
    def log(self) -> str:
        return (self.folder / "console.log").read_text(encoding="utf-8")

    def restart(self) -> None:
        """Kill the process as a crash does and start another on the same port."""
        self.process.kill()
        self.process.wait()
        port = int(self.url.rpartition(":")[2])
        self.process = _start(self.env, self.folder, port)


@contextmanager
def console_on(folder: Path, env: dict[str, str], *arguments: str) -> Iterator[Console]:
    """`python -m bot console` on a free port over the database of the environment, ended afterwards."""
    port = free_port()
    database = Database(env["BOT_DATABASE_URL"])
    running = Console(f"http://127.0.0.1:{port}", _start(env, folder, port, *arguments), env, folder, database)
    try:
        yield running
    finally:
        database.dispose()
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(10)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()


def _start(env: dict[str, str], folder: Path, port: int, *arguments: str) -> "subprocess.Popen[bytes]":
    with (folder / "console.log").open("ab") as log:
        command = [sys.executable, "-m", "bot", "console", "--port", str(port), *arguments]
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    assert wait_until(lambda: _answers(port) or process.poll() is not None, START_SECONDS)
    assert process.poll() is None, (folder / "console.log").read_text(encoding="utf-8")
    return process


def _answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/login", timeout=2).status_code == 200
    return False


def prepared(folder: Path, **more: str) -> dict[str, str]:
    """An environment whose database has the sample people and the accounts."""
    env = bot_environment(folder, **more)
    sample = ROOT / "bot" / "hours" / "sample"
    commands = [["init-db"], *(["import", kind, str(sample / f"{kind}.csv")] for kind in ("people", "hours", "credits"))]
    for command in commands:
        done = bot_command(*command, env=env)
        assert done.returncode == 0, done.stderr
    add_accounts(env)
    return env


def unit_of_the_unit_account(database: Database) -> str:
    """The unit of whoever comes first: the account unit sees it alone."""
    from sqlalchemy import select

    from bot.hours.models import Person

    with database.read() as session:
        return str(session.execute(select(Person.unit).order_by(Person.id)).scalars().first())


def add_accounts(env: dict[str, str]) -> None:
    """The four accounts, on the database of the environment."""
    from bot.helpdesk.staff import accounts
    from bot.settings import load

    settings = load(env)
    database = Database(env["BOT_DATABASE_URL"])
    for login, name in ACCOUNTS.items():
        role = login.rstrip("2")
        unit = unit_of_the_unit_account(database) if role == "unit" else None
        accounts.add(database, login, name, PASSWORD, settings.now(), role=role, unit=unit)
    database.dispose()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The console alone, with sample people and accounts; shared by a file's tests. Needs no model unless a page asks for it."""
    folder = tmp_path_factory.mktemp("console")
    with console_on(folder, prepared(folder)) as running:
        yield running


@dataclass
class Both:
    """The served bot and the console over one database."""

    bot: Server
    console: Console


@pytest.fixture(scope="module")
def bot_and_console(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    env = prepared(folder)
    with served(folder, env, "--model", str(trained_model)) as bot, console_on(folder, env) as running:
        yield Both(bot, running)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()


@pytest.fixture
def signed_in(browser: Browser, console: Console) -> Iterator[Callable[[str], Page]]:
    """A function that gives a page of somebody signed in; each call is a browser of its own. Nothing may be complained about."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def sign_in(login: str) -> Page:
        context = browser.new_context(base_url=console.url, locale="zh-CN", viewport=SIZE)
        contexts.append(context)
        return enter(context.new_page(), login, complaints)

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []


def enter(page: Page, login: str, complaints: list[str], password: str = PASSWORD) -> Page:
    """Sign in on a fresh page; what the browser complains about goes into the list (failed loads are the tests' own business)."""
    page.set_default_timeout(20_000)
    page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said.type, said.text) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def _is_complaint(kind: str, text: str) -> bool:
    return kind in ("error", "warning") and not text.startswith("Failed to load resource")


def intercept(page: Page, what: str, handler: Callable[[Route], object]) -> None:
    """Route requests of a page that stands there already, from now on: Chromium tells a page so later than it tells us."""
    page.route(what, handler)
    page.route("**/intercepted", lambda route: route.fulfill(status=204))
    ask = "() => fetch('/intercepted', { cache: 'no-store' }).then((answer) => answer.status)"
    for _ in range(400):
        if page.evaluate(ask) == 204:
            page.unroute("**/intercepted")
            return
        page.wait_for_timeout(50)
    raise AssertionError("the page goes round the interception")


def lose_the_answer(route: Route) -> None:
    """What was asked for is done, and the page never learns of it."""
    route.fetch()
    route.abort()


def hold_up(page: Page, what: str) -> list[Route]:
    """Requests that wait until the test lets them go on, in the order in which they come."""
    waiting: list[Route] = []
    intercept(page, what, lambda route: waiting.append(route))
    return waiting


def held_request(page: Page, waiting: list[Route]) -> Route:
    """The first request that waits; raises AssertionError when none comes in twenty seconds."""
    for _ in range(400):
        if waiting:
            return waiting[0]
        page.wait_for_timeout(50)
    raise AssertionError("nothing was asked for")
