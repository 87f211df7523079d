"""Locks on a real PostgreSQL: what becomes of them when connections die, and what they leave there."""

import asyncio
from collections.abc import Iterator

import pytest
from rasa.core.lock_store import LockError
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.engine.url import make_url

from bot.db import Database
from bot.runtime.locks import held, onpostgres
from bot.runtime.locks.onpostgres import Session, key_of
from tests.runtime.locks.conftest import has

OURS = "application_name = 'xueshitong-locks' AND datname = :name"


@pytest.fixture
def server_kind() -> str:
    return "postgres"


@pytest.fixture
def admin(postgres_url: str) -> Iterator[Connection]:
    """A connection to another database of the server: ours is closed in some tests."""
    database = Database(make_url(postgres_url).set(database="postgres").render_as_string(hide_password=False))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    database.dispose()


@pytest.fixture
def name(postgres_url: str) -> str:
    return str(make_url(postgres_url).database)


def end_all(admin: Connection, name: str, which: str = "true") -> int:
    ended = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS} AND {which}")
    return len(admin.execute(ended, {"name": name}).all())


def count(admin: Connection, name: str) -> int:
    return int(admin.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS}"), {"name": name}).scalar_one())


async def test_a_lock_whose_connection_is_killed_is_lost_and_the_next_has_it(server_kind, here, there, admin, name):
    async with here.lock("one"):
        assert not await has(there)
        assert end_all(admin, name) >= 1
        assert await has(there, 10)
    await held.settled()
    async with here.lock("one", 10):
        assert not await has(there)


async def test_a_waiter_whose_connection_is_killed_is_told(server_kind, here, there, admin, name):
    async with here.lock("one"):
        waiter = asyncio.create_task(has(there, 20))
        for _ in range(200):  # until it has connected and waits
            await asyncio.sleep(0.05)
            if end_all(admin, name, "wait_event_type = 'Lock'") == 1:
                break
        else:
            pytest.fail("nobody waits")
        assert not await asyncio.wait_for(waiter, 10)


async def test_a_server_that_refuses_is_told_at_once_and_service_resumes_with_it(server_kind, here, admin, name):
    async with here.lock("one"), here.lock("two"), here.lock("three"):
        pass
    await held.settled()
    admin.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
    try:
        assert end_all(admin, name) == 3
        with pytest.raises(LockError, match="PostgreSQL gives no locks"):
            async with here.lock("one"):
                raise AssertionError
    finally:
        admin.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    assert await has(here, 10)


async def test_connections_that_died_while_kept_are_replaced_without_a_word(server_kind, here, admin, name):
    async with here.lock("one"), here.lock("two"), here.lock("three"):
        pass
    await held.settled()
    assert end_all(admin, name) == 3
    assert await has(here, 10)


async def test_many_locks_at_once_share_few_connections_and_leave_no_lock(server_kind, here, admin, name):
    most = 0

    async def use(number: int) -> None:
        nonlocal most
        async with here.lock(f"sender {number}"):
            await asyncio.sleep(0.005)
            most = max(most, count(admin, name)) if number % 20 == 0 else most

    await asyncio.gather(*(use(number) for number in range(100)))
    await held.settled()
    assert 1 < most <= onpostgres.CONNECTIONS
    locked = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    assert admin.execute(locked).scalar_one() == 0


async def test_a_notice_before_the_answer_does_not_stop_the_loop(server_kind, environment, postgres_url):
    """psycopg2 must not wait for the rest of an answer whose first part has come."""
    locks = onpostgres.PostgresLocks(postgres_url)
    session = await Session.open(locks._arguments, locks._options)
    loop = asyncio.get_running_loop()
    longest, before, running = 0.0, loop.time(), True

    async def tick() -> None:
        nonlocal longest, before
        while running:
            await asyncio.sleep(0.01)
            longest, before = max(longest, loop.time() - before), loop.time()

    ticking = asyncio.create_task(tick())
    await session.run("DO $$ BEGIN RAISE NOTICE 'soon'; END $$; SELECT pg_sleep(3)", loop.time() + 20)
    running = False
    await ticking
    session.close()
    assert longest < 2  # a busy machine stops it for a moment, too


def test_keys_are_signed_numbers_of_64_bits_and_stay_the_same():
    assert key_of("one") == key_of("one") != key_of("two")
    assert min(key_of(str(number)) for number in range(100)) < 0
    assert all(-(2**63) <= key_of(str(number)) < 2**63 for number in range(100))
