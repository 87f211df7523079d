"""One thread that writes for a whole process: transactions that wait for each other become one."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from bot.db import Database, DatabaseFault

Result = TypeVar("Result")
Job = Callable[[Connection], Any]

MOST_TOGETHER = 64  # jobs in one transaction
_DEADLOCK = "40P01"


class Writer:
    """Runs jobs on the database in the order they came, several in one transaction when they have queued up.

    A database has one place where transactions end (SQLite's lock, PostgreSQL's log): sharing an end costs less than taking turns at it.
    A job may run twice: when another of its transaction fails, everything is undone and each job gets a transaction of its own. It must
    therefore do nothing but write.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._jobs: SimpleQueue[tuple[Job, asyncio.Future[Any]] | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    async def write(self, job: Callable[[Connection], Result]) -> Result:
        """The job's result, once it is committed. Raises what the job raised, or DatabaseFault."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, future))
        if self._thread is None:
            self._start()
        return await future

    def close(self) -> None:
        """End the thread when all jobs given so far are done."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while (first := self._jobs.get()) is not None:
            batch = [first]
            ending = False
            while len(batch) < MOST_TOGETHER:
                try:
                    following = self._jobs.get_nowait()
                except Empty:
                    break
                if following is None:
                    ending = True
                    break
                batch.append(following)
            self._together(batch)
            if ending:
                return

    def _together(self, batch: Sequence[tuple[Job, "asyncio.Future[Any]"]]) -> None:
        try:
            with self.database.begin() as connection:
                results = [job(connection) for job, _ in batch]
        except BaseException as error:
            if len(batch) == 1 or (isinstance(error, DatabaseFault) and not _deadlock(error)):
                _tell([(future, None, error) for _, future in batch])  # each would wait for the same lock or server
                return
            for one in batch:
                self._together([one])
        else:
            _tell([(future, result, None) for (_, future), result in zip(batch, results, strict=True)])


def _deadlock(fault: DatabaseFault) -> bool:
    """Whether PostgreSQL ended the transaction because two waited for each other: one job alone locks too little for that."""
    return getattr(getattr(fault.__cause__, "orig", None), "pgcode", None) == _DEADLOCK


def _tell(outcomes: Sequence[tuple["asyncio.Future[Any]", Any, BaseException | None]]) -> None:
    """Hand the outcomes to the loops that wait for them; a loop that has ended waits for nothing."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any, BaseException | None]]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome[0].get_loop(), []).append(outcome)
    for loop, mine in by_loop.items():
        with suppress(RuntimeError):  # what a closed loop raises: asking it first would leave a moment in between
            loop.call_soon_threadsafe(_settle, mine)


def _settle(outcomes: Sequence[tuple["asyncio.Future[Any]", Any, BaseException | None]]) -> None:
    for future, result, error in outcomes:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
