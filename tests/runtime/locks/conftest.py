"""Servers for the locks, settings that ask for them, and other processes that use them."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.runtime import lean

lean.install()

from rasa.core.lock_store import LockError  # noqa: E402

from bot.runtime.locks import Locks  # noqa: E402
from bot.runtime.project import ROOT  # noqa: E402
from tests.redis import RedisServer, redis_server  # noqa: E402
from tests.serving import bot_environment  # noqa: E402

START = """
import asyncio, sys
from pathlib import Path
from bot.runtime import lean
lean.install()
from bot.runtime.locks import Locks, held, onpostgres, onredis
"""
HAMMER = (
    START
    + """
async def count(locks, path, times):
    for _ in range(times):
        async with locks.lock("one"):
            value = int(path.read_text())
            await asyncio.sleep(0.0005)
            path.write_text(str(value + 1))

async def main(path, times):
    locks = Locks()
    await asyncio.gather(*(count(locks, path, times) for _ in range(3)))
    await locks.close()

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""
)
HOLD = (
    START
    + """
seconds = float(sys.argv[1])
held.RENEW_SECONDS, onpostgres.LEASE_SECONDS, onredis.LEASE_MS = seconds / 3, seconds, int(seconds * 1000)

async def main():
    async with Locks().lock("one"):
        print("held", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""
)


async def has(locks: Locks, seconds: float = 0.2) -> bool:
    """Whether the lock can be had in this time."""
    try:
        async with locks.lock("one", seconds):
            return True
    except LockError:
        return False


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(migrated_postgres: Callable[[], str]) -> str:
    return migrated_postgres()


@pytest.fixture(params=["process", "redis", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["redis", "postgres"])
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def environment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of the kind of locks which the test (or its parameter) names, in this process and for others."""
    named = [name for name in ("kind", "server_kind") if name in request.fixturenames]
    kind = request.getfixturevalue(named[0]) if named else "process"
    more = {}
    if kind == "redis":
        server = request.getfixturevalue("own_redis" if "own_redis" in request.fixturenames else "shared_redis")
        more = {"BOT_REDIS_URL": server.url}
    if kind == "postgres":
        more = {"BOT_WORKERS": "2", "BOT_DATABASE_URL": request.getfixturevalue("postgres_url")}
    env = bot_environment(tmp_path, **more)
    for name in ("BOT_REDIS_URL", "BOT_WORKERS", "BOT_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
        if name in env:
            monkeypatch.setenv(name, env[name])
    monkeypatch.chdir(tmp_path)
    return env


@pytest.fixture
async def here(environment: dict[str, str]) -> AsyncIterator[Locks]:
    locks = Locks()
    yield locks
    await locks.close()


@pytest.fixture
async def there(environment: dict[str, str]) -> AsyncIterator[Locks]:
    """What another process would have: it shares nothing but the server."""
    locks = Locks()
    yield locks
    await locks.close()


@pytest.fixture
def another(environment: dict[str, str]) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a process with these settings; killed with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
