"""What changes, for open pages of the console: one look at the database for all of them, every few tenths of a second.

Each page gets the lists, its colleagues, and of the conversation that it shows what is said, what becomes of replies, and the way to the
person. Entries come once to a page and bear ids; a page that was cut off names the last cursor it was given and gets what came after it.
A cursor moves over entries only when no lower id can turn up any more, so that a page may be told again what it has, but never too little.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.talks import conversation, lists, presence
from bot.helpdesk.talks.conversation import UNSETTLED, Cursor, Entry
from bot.helpdesk.talks.lists import Item
from bot.helpdesk.talks.presence import Colleague
from bot.helpdesk.talks.reaching import Delivery, Way, way

logger = logging.getLogger(__name__)

INTERVAL = 0.4  # seconds between two looks
HEARTBEAT = 15.0  # seconds of silence after which a page hears that the line stands
_AFTER_FAILURE = 2.0  # seconds
_MOST_UNREAD = 1000
"""Changes that a page may lag behind; one that does not read is let go, and asks anew."""


@dataclass(frozen=True)
class Watched:
    """The conversation that a page shows."""

    ticket_id: int
    sender_id: str


@dataclass(frozen=True)
class Change:
    """Something new for one page: entries, or deliveries by entry id, or the whole lists, or all colleagues, or the way to the person.

    Of the five one is set; none of them after a silent heartbeat. ``cursor`` is what the page names when it comes back.
    """

    cursor: Cursor
    entries: tuple[Entry, ...] = ()
    deliveries: tuple[tuple[str, Delivery], ...] = ()
    items: tuple[Item, ...] | None = None
    colleagues: tuple[Colleague, ...] | None = None
    way: Way | None = None


@dataclass(frozen=True)
class Look:
    """What one look found, for all pages."""

    items: tuple[Item, ...]
    colleagues: tuple[Colleague, ...]
    entries: dict[Watched, list[Entry]]
    deliveries: dict[Watched, dict[str, Delivery]]
    ways: dict[Watched, Way]


@dataclass(eq=False)
class Page:
    """One open page: what it shows and what it has been told. ``settling``: seconds until no lower id can turn up any more."""

    staff_id: int
    watched: Watched | None
    cursor: Cursor
    settling: float
    waiting: "asyncio.Queue[Change | None]" = field(default_factory=asyncio.Queue)
    told: dict[str, tuple[float, Entry]] = field(default_factory=dict)
    """Entries past the cursor that the page has been given, and when."""
    items: tuple[Item, ...] | None = None
    colleagues: tuple[Colleague, ...] | None = None
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    way: Way | None = None

    def tell(self, seen: Look, moment: float) -> None:
        """Hand on what is new to the page; ``moment`` in seconds of a clock that only goes forward."""
        if self.watched in seen.entries:
            self._tell_of_watched(seen, self.watched, moment)
        if self.items != seen.items:
            self.items = seen.items
            self._give(items=seen.items)
        if self.colleagues != seen.colleagues:
            self.colleagues = seen.colleagues
            self._give(colleagues=seen.colleagues)

    def _tell_of_watched(self, seen: Look, watched: Watched, moment: float) -> None:
        new = [entry for entry in seen.entries[watched] if entry.id not in self.told and _after(entry, self.cursor)]
        self.told |= {entry.id: (moment, entry) for entry in new}
        self._settle(moment)
        if new:
            self._give(entries=tuple(new))
        changed = tuple(pair for pair in seen.deliveries[watched].items() if self.deliveries.get(pair[0]) != pair[1])
        if changed:
            self.deliveries |= dict(changed)
            self._give(deliveries=changed)
        if self.way != seen.ways[watched]:
            self.way = seen.ways[watched]
            self._give(way=self.way)

    def _settle(self, moment: float) -> None:
        old = [entry for at, entry in self.told.values() if moment - at >= self.settling]
        self.cursor = self.cursor.past(old)
        for entry in old:
            del self.told[entry.id]

    def _give(self, **new: Any) -> None:
        self.waiting.put_nowait(Change(self.cursor, **new))


class Stream:
    """Follows the database for the open pages of this process. Runs while there are any."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], *, interval: float = INTERVAL, heartbeat: float = HEARTBEAT
    ) -> None:
        self._database, self._clock = database, clock
        self._interval, self._heartbeat = interval, heartbeat
        # One writer at a time on SQLite: ids become visible in their order.
        self._settling = 0.0 if database.file else UNSETTLED.total_seconds()
        self._pages: set[Page] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False

    async def follow(self, staff_id: int, watched: Watched | None, after: Cursor) -> AsyncGenerator[Change, None]:
        """What is new for a page, as it comes, beginning with all lists as they stand. Ends with :meth:`stop`."""
        page = Page(staff_id, watched, after, self._settling)
        self._pages.add(page)
        self._start()
        self.wake()
        try:
            while not self._stopped and page.waiting.qsize() < _MOST_UNREAD:
                try:
                    change = await asyncio.wait_for(page.waiting.get(), self._heartbeat)
                except asyncio.TimeoutError:
                    change = Change(page.cursor)
                if change is None:
                    return
                yield change
        finally:
            self._pages.discard(page)

    @property
    def followers(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def wake(self) -> None:
        """Look now: this process has written something. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """End all followers: an orderly stop would wait for pages that stay open. From any thread, and from a signal's handler."""
        self._stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._dismiss)

    def _dismiss(self) -> None:
        for page in self._pages:
            page.waiting.put_nowait(None)
        self._wake.set()

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not self._tasks or any(task.done() for task in self._tasks):
            self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._beat())]

    async def _poll(self) -> None:
        while self._pages and not self._stopped:
            self._wake.clear()
            pause = self._interval
            try:
                await self._look()
            except Exception as error:  # whatever it is, the pages stay open and the next look may succeed
                logger.error("cannot look for what is new: %s", type(error).__name__)
                pause = _AFTER_FAILURE
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except asyncio.TimeoutError:
                continue

    async def _beat(self) -> None:
        """Note who is here, apart from the looks: a database that somebody else writes to must not hold up what people read."""
        while self._pages and not self._stopped:
            try:
                await asyncio.to_thread(self._note_present, {page.staff_id for page in self._pages})
            except Exception as error:
                logger.error("cannot note who is here: %s", type(error).__name__)
            await asyncio.sleep(self._heartbeat)

    async def _look(self) -> None:
        pages = list(self._pages)  # one that comes while the database is read may have missed more than is read: the next look is its own
        cursors: dict[Watched, list[Cursor]] = defaultdict(list)
        for page in pages:
            if page.watched is not None:
                cursors[page.watched].append(page.cursor)
        seen = await asyncio.to_thread(self._read, {watched: _least(all_of) for watched, all_of in cursors.items()})
        moment = time.monotonic()
        for page in pages:
            page.tell(seen, moment)

    def _read(self, cursors: dict[Watched, Cursor]) -> Look:
        now = self._clock()
        with self._database.read() as session:
            return look(session, cursors, now)

    def _note_present(self, staff_ids: set[int]) -> None:
        with self._database.write() as session:
            presence.beat(session, staff_ids, self._clock())


def look(session: Session, cursors: dict[Watched, Cursor], now: datetime) -> Look:
    """Everything that pages showing these conversations need to know, with what was said after each one's cursor."""
    entries = {
        watched: conversation.after(session, watched.sender_id, cursor, now, ticket_id=watched.ticket_id)
        for watched, cursor in cursors.items()
    }
    return Look(
        lists.active(session),
        presence.colleagues(session, now),
        entries,
        {watched: conversation.deliveries(session, watched.ticket_id, now) for watched in cursors},
        {watched: way(session, watched.sender_id, now) for watched in cursors},
    )


def _after(entry: Entry, cursor: Cursor) -> bool:
    return cursor.past([entry]) != cursor


def _least(cursors: Iterable[Cursor]) -> Cursor:
    listed = list(cursors)
    return Cursor(min(one.journal for one in listed), min(one.outbox for one in listed), min(one.event for one in listed))
