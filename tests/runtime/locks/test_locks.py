"""What holds for every kind of locks, and for those across processes."""

import asyncio
import signal
import statistics
import time

import pytest
from rasa.core.lock_store import LockError

from bot.runtime.locks import Locks, held, onpostgres, onredis
from tests.runtime.locks.conftest import HAMMER, HOLD, has

WAKE_MS = 25  # a few on a quiet machine; the tests share theirs
ROUNDS = 5


def short_lease(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(held, "RENEW_SECONDS", seconds / 3)
    monkeypatch.setattr(onpostgres, "LEASE_SECONDS", seconds)
    monkeypatch.setattr(onredis, "LEASE_MS", int(seconds * 1000))


async def test_messages_of_one_sender_are_served_one_by_one_in_order(kind, here):
    served, inside = [], 0

    async def serve(number: int) -> None:
        nonlocal inside
        async with here.lock("one"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            served.append(number)
            inside -= 1

    await asyncio.gather(*(serve(number) for number in range(20)))
    assert served == list(range(20))


async def test_senders_do_not_wait_for_each_other(kind, here):
    async with here.lock("one"), here.lock("two", 10), here.lock("\ud800", 10):
        pass


async def test_a_lock_is_given_back_when_the_message_fails(kind, here):
    with pytest.raises(KeyError):
        async with here.lock("one"):
            raise KeyError
    assert await has(here, 10)


async def test_who_waits_too_long_is_told_by_a_lock_error(kind, here):
    async with here.lock("one"):
        started = time.monotonic()
        with pytest.raises(LockError, match="locked"):
            async with here.lock("one", 0.2):
                raise AssertionError
        assert 0.1 < time.monotonic() - started < 1.5
    assert await has(here, 10)


async def test_a_cancelled_holder_gives_its_lock_back(kind, here):
    entered = asyncio.Event()

    async def hang() -> None:
        async with here.lock("one"):
            entered.set()
            await asyncio.sleep(3600)

    task = asyncio.create_task(hang())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await has(here, 10)


async def test_a_lock_held_too_long_goes_to_the_next_and_its_end_takes_nothing_from_him(kind, here, monkeypatch):
    monkeypatch.setattr(held, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(held, "HOLD_SECONDS", 0.2)
    slow = here.lock("one")
    await slow.__aenter__()
    async with here.lock("one", 5):
        monkeypatch.setattr(held, "HOLD_SECONDS", 60)
        await slow.__aexit__(None, None, None)
        assert not await has(here)
    assert await has(here, 10)


async def test_two_processes_count_without_losing_one(server_kind, environment, another, tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")
    both = [another(HAMMER, str(counter), "50") for _ in range(2)]
    for process in both:
        assert await asyncio.to_thread(process.wait, 300) == 0
    assert counter.read_text() == "300"


async def test_who_waits_in_another_process_is_woken_at_once(server_kind, here, there):
    medians: list[float] = []
    while len(medians) < ROUNDS and min(medians, default=WAKE_MS) >= WAKE_MS:
        took = []
        for _ in range(20):
            first = here.lock("one")
            await first.__aenter__()

            async def follow() -> float:
                async with there.lock("one"):
                    return time.perf_counter()

            waiter = asyncio.create_task(follow())
            await asyncio.sleep(0.02)
            left = time.perf_counter()
            await first.__aexit__(None, None, None)
            took.append((await waiter - left) * 1000)
        medians.append(statistics.median(took))
    assert min(medians) < WAKE_MS, medians


async def test_processes_are_served_in_the_order_of_asking(server_kind, here, there, environment):
    third, served, tasks = Locks(), [], []

    async def serve(name: str, locks: Locks) -> None:
        async with locks.lock("one"):
            served.append(name)

    for locks in (there, third):  # who has yet to connect asks later than it seems
        assert await has(locks, 10)
    async with here.lock("one"):
        for name, locks in (("there", there), ("third", third), ("here", here)):
            tasks.append(asyncio.create_task(serve(name, locks)))
            await asyncio.sleep(0.5)
    await asyncio.gather(*tasks)
    await third.close()
    assert served == ["there", "third", "here"]


async def test_a_cancelled_waiter_blocks_no_other_process(server_kind, here, there):
    waiter = None
    async with here.lock("one"):
        waiter = asyncio.create_task(has(there, 20))
        await asyncio.sleep(0.1)
        waiter.cancel()
        await asyncio.wait([waiter])
    assert await has(here, 10)
    assert await has(there, 10)


async def test_a_waiter_cancelled_at_any_moment_leaves_the_lock_free(server_kind, here, there):
    for step in range(40):
        first = here.lock("one")
        await first.__aenter__()
        waiter = asyncio.create_task(has(there, 20))
        await asyncio.sleep(0.01)
        await first.__aexit__(None, None, None)
        for _ in range(step):
            await asyncio.sleep(0.00005)
        waiter.cancel()
        await asyncio.wait([waiter])
        assert await has(here, 10)


async def test_waiting_for_another_process_ends_in_time(server_kind, here, there):
    async with here.lock("one"):
        started = time.monotonic()
        assert not await has(there, 0.3)
        assert time.monotonic() - started < 1.5
    assert await has(there, 10)


async def test_a_lock_in_use_is_renewed(server_kind, here, there, monkeypatch):
    short_lease(monkeypatch, 3)
    async with here.lock("one"):
        assert not await has(there, 7)
    assert await has(there, 10)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_a_holder_that_is_gone_costs_the_others_no_more_than_the_lease(server_kind, here, another, end):
    process = another(HOLD, "1.5")
    assert await asyncio.to_thread(process.stdout.readline) == "held\n"
    assert not await has(here, 2)
    process.send_signal(end)
    started = time.monotonic()
    assert await has(here, 10)
    assert time.monotonic() - started < 3
