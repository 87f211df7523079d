"""A lock in use: renewed while it is held, given up when it is held too long."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

logger = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
"""After so long without a renewal a server gives the lock to the next: what a process that hangs costs the others."""
RENEW_SECONDS = LEASE_SECONDS / 3
HOLD_SECONDS = 60.0
"""After so long a lock is given up though its process lives (Rasa's own figure, rasa/core/constants.py)."""
ANSWER_SECONDS = 2.0
"""How long a server may take to answer what it can answer at once."""


class Lease(Protocol):
    """One lock on a server, had by this process. Neither method raises: a lock that cannot be reached is lost."""

    async def renew(self) -> None:
        """Tell the server that this process lives."""

    async def release(self) -> None:
        """Give the lock back; nothing happens when it is another's by now."""


class Shared(Protocol):
    """Locks on a server, for several processes."""

    async def acquire(self, name: str, deadline: float) -> Lease:
        """The lock of a name. LockError; TimeoutError when it was not free by this time of the loop's clock."""

    async def close(self) -> None:
        """Close the connections."""


class Held:
    """A turn in this process, with the lease behind it where there are several processes."""

    def __init__(self, leave: Callable[[], None], lease: Lease | None) -> None:
        self._leave = leave
        self._lease = lease
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._renewal: asyncio.Task | None = None
        self._ended = False
        self._timer = self._loop.call_later(RENEW_SECONDS, self._tick)

    def end(self) -> None:
        """Give everything back; a second call does nothing. It waits for no server, so it can neither fail nor be cancelled."""
        if self._ended:
            return
        self._ended = True
        self._timer.cancel()
        if self._lease is None:
            self._leave()
        else:
            background(self._give_back(self._lease))

    def _tick(self) -> None:
        if self._loop.time() - self._since >= HOLD_SECONDS:
            logger.warning("A conversation was locked for %d seconds: its lock is given up while it is still in use.", HOLD_SECONDS)
            self.end()
            return
        if self._lease is not None:
            self._renewal = background(self._lease.renew())
        self._timer = self._loop.call_later(RENEW_SECONDS, self._tick)

    async def _give_back(self, lease: Lease) -> None:
        try:
            if self._renewal is not None:
                await self._renewal
            await lease.release()
        finally:
            self._leave()


_running: set[asyncio.Task] = set()


def background(work: Coroutine[Any, Any, None]) -> asyncio.Task:
    """Run it beside the caller, whose cancelling does not reach it. The loop itself would keep only a weak reference."""
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def settled() -> None:
    """Wait until nothing of the kind is under way in this event loop."""
    loop = asyncio.get_running_loop()
    while mine := [task for task in _running if task.get_loop() is loop]:
        await asyncio.wait(mine)
