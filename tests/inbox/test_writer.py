"""One thread writes for a process: transactions are shared, failures are not."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from bot.db import Database, DatabaseBusy, DatabaseFault, serialise
from bot.inbox import turns, writer
from bot.inbox.turns import TurnConflict
from bot.inbox.writer import Writer
from tests.inbox.asking import BOUND, away, numbers, turn, unheard

Job = Callable[[Connection], Any]


def storing(sender_id: str, number: int = 1) -> Job:
    def job(connection: Connection) -> int:
        turns.add(connection, turn(sender_id, number))
        return number

    return job


def wrong(_: Connection) -> None:
    raise ValueError("this job alone")


@asynccontextmanager
async def kept_busy(of: Writer) -> AsyncIterator[None]:
    """The writer works at one job until the block ends, so that what is given to it within queues up."""
    started, over = threading.Event(), threading.Event()

    def work(_: Connection) -> None:
        started.set()
        assert over.wait(BOUND)

    task = asyncio.create_task(of.write(work))
    assert await asyncio.to_thread(started.wait, BOUND)
    try:
        yield
    finally:
        over.set()
        await asyncio.wait([task])


async def queued(of: Writer, *jobs: Job) -> list[Any]:
    """What became of jobs that waited together: result or exception of each."""
    async with kept_busy(of):
        tasks = [asyncio.create_task(of.write(job)) for job in jobs]
        await asyncio.sleep(0)
    return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), BOUND)


async def test_the_result_comes_after_the_commit_and_not_before(database: Database) -> None:
    writing = Writer(database)
    heard_before_commit = []
    async with kept_busy(writing):
        task = asyncio.create_task(writing.write(storing("web:a", 7)))
        await asyncio.sleep(0)
        event.listen(database.engine, "commit", lambda _: heard_before_commit.append(task.done()))
    assert await task == 7
    assert numbers(database) == [("web:a", 7)]
    assert heard_before_commit == [False, False]


async def test_jobs_that_wait_share_a_transaction_and_keep_their_order(database: Database) -> None:
    order: list[int] = []

    def numbered(number: int) -> Job:
        return lambda connection: (order.append(number), connection)[1]

    shared = await queued(Writer(database), *map(numbered, range(10)))
    assert order == list(range(10))
    assert len({id(connection) for connection in shared}) == 1


async def test_a_transaction_is_shared_by_no_more_than_so_many(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_TOGETHER", 3)
    used = await queued(Writer(database), *[lambda connection: connection] * 7)
    assert [used.count(one) for one in used] == [3, 3, 3, 3, 3, 3, 1]


async def test_a_job_that_fails_costs_no_other_its_commit(database: Database) -> None:
    with database.begin() as connection:
        turns.add(connection, turn("web:taken", 1))
    first, conflict, second, error, third = await queued(
        Writer(database), storing("web:a"), storing("web:taken"), storing("web:b", 2), wrong, storing("web:c", 3)
    )
    assert (first, second, third) == (1, 2, 3)
    assert isinstance(conflict, TurnConflict)
    assert isinstance(error, ValueError)
    assert numbers(database) == [("web:a", 1), ("web:b", 2), ("web:c", 3), ("web:taken", 1)]


async def test_a_database_that_is_away_is_tried_once_for_all_that_wait(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, begun, begin = Writer(database), [], database.begin
    monkeypatch.setattr(database, "begin", lambda: (begun.append(1), begin())[1])
    with ExitStack() as outage:
        async with kept_busy(writing):
            tasks = [asyncio.create_task(writing.write(storing(f"web:{number}"))) for number in range(20)]
            await asyncio.sleep(0)
            outage.enter_context(away(database))
        faults = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), BOUND)
    assert len(begun) == 2, "one for the job that kept it busy, one for the twenty"
    assert isinstance(faults[0], DatabaseFault)
    assert all(fault is faults[0] for fault in faults)
    assert numbers(database) == []
    assert await writing.write(storing("web:later")) == 1, "and the writer goes on"


async def test_a_locked_database_is_waited_for_once_for_all(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    event.listen(sqlite.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
    writing, begun, begin = Writer(sqlite), [], sqlite.begin
    monkeypatch.setattr(sqlite, "begin", lambda: (begun.append(1), begin())[1])
    assert sqlite.file is not None
    locking = sqlite3.connect(sqlite.file, isolation_level=None)
    locking.execute("BEGIN IMMEDIATE")
    faults = await asyncio.gather(*(writing.write(storing(f"web:{number}")) for number in range(20)), return_exceptions=True)
    locking.close()
    assert {type(fault) for fault in faults} == {DatabaseBusy}
    assert len(begun) <= 2, "the first may be on its way before the others come"


async def test_a_commit_that_was_not_heard_of_is_a_fault_and_no_second_try(database: Database) -> None:
    writing = Writer(database)
    with unheard(database), pytest.raises(DatabaseFault):
        await writing.write(storing("web:a"))
    assert numbers(database) == [("web:a", 1)]


async def test_two_processes_that_block_each_other_both_get_their_way(migrated_postgres: Callable[[], str]) -> None:
    """PostgreSQL ends one of two transactions that wait for each other; its jobs are good, and have no need to be together."""
    database = Database(migrated_postgres())
    both = threading.Barrier(2)
    first_time = threading.local()

    def locking(what: str, sender_id: str, meet: bool = False) -> Job:
        def job(connection: Connection) -> None:
            serialise(connection, what)
            if meet and not getattr(first_time, "over", False):
                first_time.over = True
                both.wait(BOUND)
            turns.add(connection, turn(sender_id, 1))

        return job

    done = await asyncio.gather(
        queued(Writer(database), locking("x", "web:a", meet=True), locking("y", "web:b")),
        queued(Writer(database), locking("y", "web:c", meet=True), locking("x", "web:d")),
    )
    database.dispose()
    assert done == [[None, None], [None, None]]


async def test_a_caller_that_leaves_takes_nothing_back_and_disturbs_nobody(database: Database) -> None:
    writing = Writer(database)
    async with kept_busy(writing):
        tasks = [asyncio.create_task(writing.write(storing(f"web:{number}"))) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
    assert await asyncio.wait_for(asyncio.gather(tasks[0], tasks[2]), BOUND) == [1, 1]
    assert len(numbers(database)) == 3


class LoopThatLooksOpen(asyncio.SelectorEventLoop):
    """Closes right after it was asked whether it is closed."""

    def is_closed(self) -> bool:
        return threading.current_thread() is threading.main_thread() and super().is_closed()


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, LoopThatLooksOpen], ids=["closed", "closing"])
def test_a_loop_that_ended_costs_the_next_one_nothing(database: Database, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    writing = Writer(database)
    over = threading.Event()
    gone = loop()
    gone.run_until_complete(asyncio.wait([gone.create_task(writing.write(lambda _: over.wait(BOUND)))], timeout=0.05))
    for task in asyncio.all_tasks(gone):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    gone.close()
    over.set()
    assert asyncio.run(asyncio.wait_for(writing.write(storing("web:a")), BOUND)) == 1


def test_closing_ends_the_thread_after_everything_given_and_writing_begins_anew(database: Database) -> None:
    writing = Writer(database)

    async def give() -> list[Any]:
        async with kept_busy(writing):
            tasks = [asyncio.create_task(writing.write(storing(f"web:{number}"))) for number in range(3)]
            await asyncio.sleep(0)
            closing = asyncio.create_task(asyncio.to_thread(writing.close))
        await asyncio.wait_for(closing, BOUND)
        assert len(numbers(database)) == 3
        return await asyncio.gather(*tasks)

    writing.close()
    assert asyncio.run(give()) == [1, 1, 1]
    assert asyncio.run(writing.write(storing("web:later"))) == 1


async def test_many_callers_at_once_all_get_their_own_result(database: Database) -> None:
    writing = Writer(database)
    results = await asyncio.gather(*(writing.write(storing(f"web:{number}", number)) for number in range(1, 201)))
    assert results == list(range(1, 201))
    assert len(numbers(database)) == 200
