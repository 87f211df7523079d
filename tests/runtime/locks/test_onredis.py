"""Locks on a real Redis: what becomes of them when it dies, and what they leave there."""

import asyncio
import logging
import os
import signal
import socket
import time
from contextlib import closing

import pytest
import redis
from rasa.core.lock_store import LockError

from bot.runtime.locks import Locks, held
from bot.runtime.locks.onredis import RedisLease, RedisLocks
from tests.runtime.locks.conftest import has
from tests.serving import wait_until


@pytest.fixture
def server_kind() -> str:
    return "redis"


async def test_who_does_not_own_a_lock_gives_nothing_back(server_kind, shared_redis):
    locks = RedisLocks(shared_redis.url)
    lease = await locks.acquire("one", asyncio.get_running_loop().time() + 5)
    await RedisLease(locks, "one", "another channel#1").release()
    with pytest.raises(TimeoutError):
        await locks.acquire("one", asyncio.get_running_loop().time() + 0.2)
    await held.settled()
    await lease.release()
    await (await locks.acquire("one", asyncio.get_running_loop().time() + 1)).release()
    await locks.close()


async def test_a_renewal_takes_no_lock_from_another(server_kind, shared_redis, caplog):
    locks = RedisLocks(shared_redis.url)
    lease = await locks.acquire("one", asyncio.get_running_loop().time() + 5)
    late = RedisLease(locks, "one", "another channel#1")
    with caplog.at_level(logging.WARNING):
        await late.renew()
        assert "went to another" in caplog.text
        caplog.clear()
        await lease.renew()
        assert caplog.text == ""
    await lease.release()
    await locks.close()


async def test_a_lock_is_not_handed_to_a_process_that_is_gone(server_kind, shared_redis, here, there):
    async with here.lock("one"):
        waiter = asyncio.create_task(has(there, 20))
        with closing(redis.Redis.from_url(shared_redis.url)) as client:
            assert await asyncio.to_thread(wait_until, lambda: client.keys("*:queue"), 10)
            for task in (there._shared._commands._reading, there._shared._told._reading):
                task.cancel()
            there._shared._told._on_loss = None  # gone: it neither looks again nor goes out of the queue
            channel = there._shared._channel
            assert await asyncio.to_thread(wait_until, lambda: client.pubsub_numsub(channel)[0][1] == 0, 10)
    assert await has(here, 10)
    waiter.cancel()


async def test_a_killed_redis_is_told_at_once_and_service_resumes_with_it(server_kind, own_redis, here, there):
    async with here.lock("one"):
        waiter = asyncio.create_task(has(there, 20))
        await asyncio.sleep(0.1)
        own_redis.kill()
        started = time.monotonic()
        assert not await asyncio.wait_for(waiter, 3)
        assert not await has(there, 20)
        assert time.monotonic() - started < 3
    await held.settled()
    own_redis.start()
    for locks in (here, there):
        assert await has(locks, 10)
    async with here.lock("one"):
        assert not await has(there)


async def test_a_redis_started_anew_is_told_of_the_locks_in_use(server_kind, own_redis, here, there, monkeypatch):
    monkeypatch.setattr(held, "RENEW_SECONDS", 0.1)
    async with here.lock("one"):
        own_redis.kill()
        own_redis.start()
        with closing(redis.Redis.from_url(own_redis.url)) as client:
            assert await asyncio.to_thread(wait_until, client.keys, 10), "it is told of the lock"
        assert not await has(there)
    assert await has(there, 10)


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "wakes"])
async def test_a_redis_that_hangs_is_told_in_time_or_when_it_dies(server_kind, own_redis, here, dies):
    assert await has(here, 10)
    await held.settled()
    os.kill(own_redis.pid, signal.SIGSTOP)
    started = time.monotonic()
    asking = asyncio.create_task(has(here, 20))
    await asyncio.sleep(0.2)
    if dies:
        own_redis.kill()
    assert not await asyncio.wait_for(asking, 4)
    assert time.monotonic() - started < (1.5 if dies else 4)
    if dies:
        own_redis.start()
    else:
        os.kill(own_redis.pid, signal.SIGCONT)
    await held.settled()
    for _ in range(3):
        assert await has(here, 10)


@pytest.mark.parametrize("accepts", [True, False], ids=["silent", "refusing"])
async def test_a_redis_that_does_not_answer_is_told_within_seconds(environment, monkeypatch, accepts):
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        if accepts:
            silent.listen()
        monkeypatch.setenv("BOT_REDIS_URL", f"redis://:hidden@127.0.0.1:{silent.getsockname()[1]}/0")
        locks = Locks()
        started = time.monotonic()
        with pytest.raises(LockError, match="Redis gives no locks") as refusal:
            async with locks.lock("a person"):
                raise AssertionError
        assert time.monotonic() - started < 4
        assert "hidden" not in str(refusal.value)
        assert "person" not in str(refusal.value)
        await held.settled()
        await locks.close()


async def test_all_locks_share_two_connections_and_leave_no_key(server_kind, own_redis, here):
    client = redis.Redis.from_url(own_redis.url)

    async def use(number: int) -> None:
        async with here.lock(f"person {number % 50}"):
            await asyncio.sleep(0.001)

    tasks = [asyncio.create_task(use(number)) for number in range(200)]
    async with here.lock("person x"):
        keys = await asyncio.to_thread(client.keys)
        clients = await asyncio.to_thread(client.client_list)
    assert keys
    assert not any(b"person" in key for key in keys)
    await asyncio.gather(*tasks)
    await held.settled()
    assert len(clients) <= 3  # the test's own is one
    assert client.keys() == []
    client.close()
