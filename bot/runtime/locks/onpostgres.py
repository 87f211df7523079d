"""Locks on PostgreSQL: an advisory lock that lives as long as a transaction, which lives no longer than its connection.

A transaction that only took an advisory lock holds no snapshot and writes nothing. While it is idle the server counts: after
the lease it ends the session (`idle_in_transaction_session_timeout`), so a process that hangs blocks nobody for longer, and a
process that dies takes its connections with it. Waiting happens in the server, which serves in order and ends a wait itself
(`lock_timeout`); here only the socket is watched, so no thread is needed and no release stands behind a waiter.
"""

import asyncio
import hashlib
import logging
from typing import Any

import psycopg2
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import POLL_OK, POLL_READ
from rasa.core.lock_store import LockError
from sqlalchemy.engine.url import make_url

from bot.runtime.faults import first_line
from bot.runtime.locks.held import ANSWER_SECONDS, LEASE_SECONDS
from bot.runtime.locks.turns import Line, until

logger = logging.getLogger(__name__)

CONNECTIONS = 16
"""At most so many locks are held or waited for by a process at once; the next waits for a connection."""
DEAD_PEER = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2, "tcp_user_timeout": 5000}
NAMESPACE = b"conversation"
ACQUIRE = """\
BEGIN;
SET LOCAL lock_timeout = {wait};
SET LOCAL idle_in_transaction_session_timeout = {lease};
SELECT pg_advisory_xact_lock({key})"""


class PostgresLocks:
    """Locks on the database server, over connections of their own."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._arguments, options = parsed.get_dialect()().create_connect_args(parsed)
        self._options = {"application_name": "xueshitong-locks", **DEAD_PEER, **options}
        self._places = Line(CONNECTIONS)
        self._idle: list[Session] = []

    async def acquire(self, name: str, deadline: float) -> "PostgresLease":
        """The lock of a name. LockError when the server fails; TimeoutError when it was not free by this time of the loop's clock."""
        await self._places.enter(deadline)
        try:
            return PostgresLease(self, await self._locked(key_of(name), deadline))
        except LockNotAvailable:
            self._places.leave()
            raise TimeoutError from None
        except psycopg2.Error as error:
            self._places.leave()
            raise LockError(f"PostgreSQL gives no locks: {first_line(error)}") from None
        except BaseException:
            self._places.leave()
            raise

    async def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def put_back(self, session: "Session") -> None:
        """End the use of a session; a closed one is forgotten."""
        if not session.closed:
            self._idle.append(session)
        self._places.leave()

    async def _locked(self, key: int, deadline: float) -> "Session":
        loop = asyncio.get_running_loop()
        while True:
            kept = bool(self._idle)
            session = self._idle.pop() if kept else await Session.open(self._arguments, self._options)
            wait = max(1, int((deadline - loop.time()) * 1000))
            try:
                await session.run(ACQUIRE.format(wait=wait, lease=int(LEASE_SECONDS * 1000), key=key), deadline + ANSWER_SECONDS)
            except LockNotAvailable:
                raise
            except psycopg2.Error:
                if not kept:
                    raise
                continue  # it was kept while the server was started anew
            return session


class PostgresLease:
    """A lock on PostgreSQL; see `held.Lease`."""

    def __init__(self, locks: PostgresLocks, session: "Session") -> None:
        self._locks = locks
        self._session = session

    async def renew(self) -> None:
        if not self._session.closed:
            await self._try("SELECT 1")

    async def release(self) -> None:
        try:
            if not self._session.closed:
                await self._try("COMMIT")
        finally:
            self._locks.put_back(self._session)

    async def _try(self, statement: str) -> None:
        try:
            await self._session.run(statement, asyncio.get_running_loop().time() + ANSWER_SECONDS)
        except (psycopg2.Error, TimeoutError) as error:
            logger.warning("A conversation's lock on PostgreSQL was lost with its connection: %s", first_line(error))


class Session:
    """One connection in psycopg2's asynchronous mode; closed by the first error, by cancelling, and when its time is over."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor: Any = None
        self.closed = False

    @classmethod
    async def open(cls, arguments: list, options: dict[str, Any]) -> "Session":
        """Connect. psycopg2.Error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_SECONDS
        # libpq looks the server's name up at once, whatever the mode
        opening = loop.run_in_executor(None, lambda: psycopg2.connect(*arguments, **options, async_=1))
        try:
            session = cls(await asyncio.wait_for(opening, ANSWER_SECONDS))
            await session._finish(deadline)
        except (asyncio.TimeoutError, TimeoutError):
            raise psycopg2.OperationalError("no connection in time") from None
        return session

    async def run(self, statement: str, deadline: float) -> None:
        """Execute it. psycopg2.Error; TimeoutError when the server has not answered by this time of the loop's clock."""
        try:
            if self._cursor is None:
                self._cursor = self._connection.cursor()  # kept: the connection refers to it but weakly
            self._cursor.execute(statement)
        except BaseException:
            self.close()
            raise
        await self._finish(deadline)

    def close(self) -> None:
        """Disconnect; the server ends the transaction, and with it the lock."""
        self.closed = True
        self._connection.close()

    async def _finish(self, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (state := self._connection.poll()) != POLL_OK:
                ready = loop.create_future()
                socket = self._connection.fileno()
                watch, unwatch = (loop.add_reader, loop.remove_reader) if state == POLL_READ else (loop.add_writer, loop.remove_writer)
                watch(socket, _mark, ready)
                try:
                    await until(ready, deadline)
                finally:
                    unwatch(socket)
        except BaseException:
            self.close()
            raise


def key_of(name: str) -> int:
    """The advisory lock of a conversation: 64 bits, away from the keys of other uses in the same database."""
    return int.from_bytes(
        hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, person=NAMESPACE).digest(), "big", signed=True
    )


def _mark(ready: asyncio.Future) -> None:
    if not ready.done():
        ready.set_result(None)
