"""Messages that come later, for open pages: follows the outbox by id, so that nothing is missed and nothing comes twice.

The outbox is also written by other processes (a human answers from the console), so it is polled: one query for all open pages of this
process, twice a second, and at once when this process itself has written something. Without open pages nothing runs.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from itertools import islice

from bot.db import Database
from bot.inbox import outbox
from bot.inbox.outbox import Outgoing

logger = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two looks
HEARTBEAT = 15.0  # seconds of silence after which a page hears that the line stands
_AFTER_FAILURE = 2.0  # seconds
_PAGES_A_QUERY = 200


@dataclass(eq=False)
class _Page:
    sender_id: str
    cursor: int
    waiting: "asyncio.Queue[Outgoing | None]" = field(default_factory=asyncio.Queue)


class Feed:
    """Follows the outbox for the open pages of this process."""

    def __init__(
        self,
        database: Database,
        *,
        interval: float = INTERVAL,
        heartbeat: float = HEARTBEAT,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """``failed`` is called when the outbox could not be read."""
        self._database = database
        self._failed = failed
        self._interval = interval
        self._heartbeat = heartbeat
        self._pages: set[_Page] = set()
        self._wake = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._stopped = False

    async def follow(self, sender_id: str, after: int) -> AsyncGenerator[Outgoing | None, None]:
        """The sender's messages with an id above ``after``, as they come; None after a silent heartbeat. Ends with :meth:`stop`."""
        page = _Page(sender_id, after)
        self._pages.add(page)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        self.wake()
        try:
            while not self._stopped:
                try:
                    outgoing = await asyncio.wait_for(page.waiting.get(), self._heartbeat)
                except asyncio.TimeoutError:
                    yield None
                    continue
                if outgoing is None:
                    return
                yield outgoing
        finally:
            self._pages.discard(page)

    @property
    def followers(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def wake(self) -> None:
        """Look now: this process has written to the outbox."""
        self._wake.set()

    def stop(self) -> None:
        """End all followers: an orderly stop would otherwise wait for pages that stay open."""
        self._stopped = True
        for page in self._pages:
            page.waiting.put_nowait(None)
        self.wake()

    async def _poll(self) -> None:
        while self._pages and not self._stopped:
            self._wake.clear()
            try:
                await self._look()
                pause = self._interval
            except Exception as error:  # whatever it is, the pages stay open and the next look may succeed
                logger.error("cannot read the outbox: %s", type(error).__name__)
                self._failed()
                pause = _AFTER_FAILURE
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except asyncio.TimeoutError:
                continue

    async def _look(self) -> None:
        pages = list(self._pages)  # one that comes while the database is read may have missed more than is read: the next look is its own
        cursors: dict[str, int] = {}
        for page in pages:
            cursors[page.sender_id] = min(page.cursor, cursors.get(page.sender_id, page.cursor))
        senders = iter(cursors.items())
        while some := dict(islice(senders, _PAGES_A_QUERY)):
            for outgoing in await asyncio.to_thread(self._read, some):
                for page in pages:
                    if page.sender_id == outgoing.sender_id and page.cursor < outgoing.id:
                        page.cursor = outgoing.id
                        page.waiting.put_nowait(outgoing)

    def _read(self, cursors: dict[str, int]) -> list[Outgoing]:
        with self._database.read() as session:
            return outbox.after(session, cursors)
