"""One message of a conversation at a time: in the place of Rasa's lock stores.

Why: Rasa gives a ticket to each message and lets those behind the first look again after a second
(rasa/core/lock_store.py:120), so two quick messages of one person take a second. Its Redis store reads the list of tickets
and writes it back in two steps (rasa/core/lock_store.py:247), so two servers can draw the same ticket.

Here a turn is handed from one to the next. Within the process that is all; across processes a lock on a server stands
behind it: Redis where BOT_REDIS_URL is set, else PostgreSQL where BOT_WORKERS is more than 1. See docs/decisions/0015.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock_store import LockError, LockStore

from bot import settings
from bot.runtime.locks.held import Held, Shared, settled
from bot.runtime.locks.turns import Turns

WAIT_SECONDS = 20.0


class Locks(LockStore):
    """Rasa's lock store for `endpoints.yml`. It belongs to the event loop of its first use; nothing is opened before."""

    def __init__(self, endpoint_config: Any = None) -> None:
        self._turns = Turns()
        self._shared: Shared | None = None
        self._chosen = False

    @asynccontextmanager
    async def lock(self, conversation_id: str, lock_lifetime: float = WAIT_SECONDS, wait_time_in_seconds: float = 0) -> AsyncIterator[None]:
        """Have the conversation to oneself. LockError when that was not so within `lock_lifetime` seconds, or a server fails.

        `wait_time_in_seconds` is Rasa's time between two looks; nobody looks here.
        """
        held = await self._take(conversation_id, asyncio.get_running_loop().time() + lock_lifetime)
        try:
            yield
        finally:
            held.end()

    async def close(self) -> None:
        """Close the connections to the server, if there are any, when what was given back has arrived there."""
        if self._shared is not None:
            await settled()
            await self._shared.close()

    async def _take(self, name: str, deadline: float) -> Held:
        if not self._chosen:
            self._shared = _shared_locks()
            self._chosen = True
        try:
            await self._turns.enter(name, deadline)
            try:
                lease = None if self._shared is None else await self._shared.acquire(name, deadline)
            except BaseException:
                self._turns.leave(name)
                raise
        except TimeoutError:
            raise LockError("A conversation stayed locked for too long: its next message was not handled.") from None
        return Held(lambda: self._turns.leave(name), lease)


def _shared_locks() -> Shared | None:
    """The locks on a server that the settings ask for; None where the process's own suffice."""
    try:
        told = settings.load()
        redis_url = told.get("BOT_REDIS_URL")
        if redis_url:
            from bot.runtime.locks.onredis import RedisLocks

            return RedisLocks(redis_url)
        if told.workers > 1 and told.database_file is None:
            from bot.runtime.locks.onpostgres import PostgresLocks

            return PostgresLocks(told.database_url)
    except (settings.SettingsError, ValueError) as error:  # their texts may show an address with its password
        raise LockError(f"The settings allow no locks: {type(error).__name__}.") from None
    return None
