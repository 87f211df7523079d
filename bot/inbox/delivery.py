"""Pushing outgoing messages: in order for each person, again after failures, with a state that can be read at any time.

Several processes may push for one channel: whoever turns a person's oldest message from pending into sending has it. A message that has
been sending for longer than a lease belonged to a process that died. A message of several parts goes on after the last part that arrived.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.engine import Connection

from bot.db import DatabaseFault
from bot.inbox import shared_state
from bot.inbox.models import FAILED, PENDING, SENDING, SENT, WAITING, Outbox
from bot.inbox.outbox import Outgoing, outgoing
from bot.inbox.writer import Writer

logger = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two looks at what others have written
LEASE = timedelta(seconds=60)
"""How long one part may take before whoever sends it counts as dead."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds before a failed message is tried again
OLDEST = timedelta(hours=48)
"""A message that could not be delivered for so long is given up."""
AT_ONCE = 20
_AFTER_FAILURE = 2.0

_table = Outbox.__table__


class Failure(Exception):  # noqa: N818 (what became of a message, not a mistake)
    """A message did not go out. ``reason`` is one word, kept with the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(Failure):
    """Try again after so many seconds, None for a pause that grows; with ``everybody`` no message of the channel goes out before."""

    def __init__(self, reason: str, seconds: float | None = None, *, everybody: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.everybody = everybody


class Waits(Failure):
    """May not be pushed: goes with the next response to the person."""


class Undeliverable(Failure):
    """Will never arrive."""


PartDone = Callable[[], Awaitable[None]]
Push = Callable[[Outgoing, PartDone], Awaitable[None]]
"""Sends a message from its part number ``parts`` on, awaiting the second argument after each part. Raises a Failure, or anything."""


class Delivery:
    """Pushes the messages of senders whose ids begin with one of ``prefixes``."""

    def __init__(
        self,
        writer: Writer,
        prefixes: Sequence[str],
        push: Push,
        clock: Callable[[], datetime],
        *,
        failed: Callable[[], None] = lambda: None,
        interval: float = INTERVAL,
    ) -> None:
        """``failed`` is called when a message could not be sent at all or not yet."""
        self._writer = writer
        self._prefixes = tuple(prefixes)
        self._push = push
        self._clock = clock
        self._failed = failed
        self._interval = interval
        self._pause = "pause " + self._prefixes[0]
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._busy: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look now: this process has written to the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Push for ever; cancelled at the end of the process, what is being sent then is sent again by the next."""
        while True:
            self._wake.clear()
            pause = self._interval
            try:
                for sender_id in await asyncio.to_thread(self._due):
                    if sender_id not in self._busy:
                        self._busy[sender_id] = asyncio.create_task(self._of(sender_id))
            except DatabaseFault as error:
                logger.error("cannot read the outbox: %s", type(error).__name__)
                self._failed()
                pause = _AFTER_FAILURE
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def settle(self) -> None:
        """Wait for what is being sent now: for an orderly stop."""
        await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _due(self) -> list[str]:
        """The senders whose oldest message is due; nobody while the channel has to pause."""
        now = self._clock()
        first = func.min(_table.c.id)
        mine = or_(*(_table.c.sender_id.startswith(prefix, autoescape=True) for prefix in self._prefixes))
        heads = select(first.label("id")).where(_table.c.state.in_((PENDING, SENDING)), mine).group_by(_table.c.sender_id).subquery()
        due = (
            select(_table.c.sender_id).join(heads, heads.c.id == _table.c.id).where(or_(_table.c.due_at.is_(None), _table.c.due_at <= now))
        )
        with self._writer.database.look() as connection:
            if shared_state.until(connection, self._pause, now) is not None:
                return []
            return list(connection.execute(due.order_by(_table.c.id).limit(10 * AT_ONCE)).scalars())

    async def _of(self, sender_id: str) -> None:
        try:
            async with self._slots:
                while (message := await self._writer.write(partial(self._claim, sender_id))) is not None and await self._send(message):
                    pass
        except DatabaseFault as error:
            logger.error("cannot note what was sent: %s", type(error).__name__)
            self._failed()
        finally:
            self._busy.pop(sender_id, None)

    def _claim(self, sender_id: str, connection: Connection) -> Outgoing | None:
        """The sender's oldest message, now ours to send; None when there is none, or somebody else is at it, or it is not due."""
        now = self._clock()
        head = select(_table).where(_table.c.sender_id == sender_id, _table.c.state.in_((PENDING, SENDING, WAITING)))
        row = connection.execute(head.order_by(_table.c.id).limit(1)).first()
        if row is None or shared_state.until(connection, self._pause, now) is not None:
            return None
        free = or_(
            _table.c.state == WAITING,
            and_(_table.c.state.in_((PENDING, SENDING)), or_(_table.c.due_at.is_(None), _table.c.due_at <= now)),
        )
        taken = {"state": SENDING, "due_at": now + LEASE, "attempts": _table.c.attempts + 1}
        mine = connection.execute(update(_table).where(_table.c.id == row.id, free).values(taken)).rowcount
        return outgoing(row) if mine else None

    async def _send(self, message: Outgoing) -> bool:
        """Send one claimed message; whether the person's next one may go."""
        try:
            await self._push(message, partial(self._writer.write, partial(self._part, message.id)))
        except Undeliverable as failure:
            await self._end(message, FAILED, failure.reason)
            self._failed()
            return True
        except Waits as failure:
            await self._writer.write(partial(self._let_wait, message.sender_id, failure.reason))
            return False
        except Exception as error:  # a platform that cannot be reached, say
            await self._again(message, error if isinstance(error, TryLater) else TryLater(type(error).__name__[:40]))
            return False
        await self._end(message, SENT, None)
        return True

    async def _again(self, message: Outgoing, failure: TryLater) -> None:
        self._failed()
        now = self._clock()
        if now - message.created_at > OLDEST:
            await self._end(message, FAILED, failure.reason)
            return
        pause = failure.seconds if failure.seconds is not None else min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(message.attempts, 10))
        logger.warning("message %s goes out later (%s)", message.id, failure.reason, extra={"fields": {"seconds": pause}})
        due = now + timedelta(seconds=pause)

        def write(connection: Connection) -> None:
            _set(connection, message.id, state=PENDING, due_at=due, reason=failure.reason)
            if failure.everybody:
                shared_state.remember(connection, self._pause, failure.reason, due)

        await self._writer.write(write)

    async def _end(self, message: Outgoing, state: str, reason: str | None) -> None:
        if reason:
            logger.warning("message %s was not delivered (%s)", message.id, reason)
        await self._writer.write(partial(_set, outbox_id=message.id, state=state, due_at=None, reason=reason))

    def _part(self, outbox_id: int, connection: Connection) -> None:
        parts = {"parts": _table.c.parts + 1, "due_at": self._clock() + LEASE}
        connection.execute(update(_table).where(_table.c.id == outbox_id).values(parts))

    def _let_wait(self, sender_id: str, reason: str, connection: Connection) -> None:
        """All that the person is to get waits together, so that the order stays."""
        mine = _table.c.sender_id == sender_id, _table.c.state.in_((PENDING, SENDING))
        connection.execute(update(_table).where(*mine).values(state=WAITING, due_at=None, reason=reason))


def _set(connection: Connection, outbox_id: int, **values: object) -> None:
    """Only while it is being sent: a person may have had everything deleted meanwhile."""
    connection.execute(update(_table).where(_table.c.id == outbox_id, _table.c.state == SENDING).values(values))
