"""Customer-service messages: what the platform lets us push, counted as it counts."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.engine import Connection

from bot.channels.wechat.client import Api, ApiFault
from bot.channels.wechat.render import Renderer, options_of
from bot.db import DatabaseFault
from bot.inbox import reach, shared_state
from bot.inbox.delivery import Failure, PartDone, TryLater, Undeliverable, Waits
from bot.inbox.outbox import Outgoing
from bot.inbox.writer import Writer

RIGHT = reach.RIGHT
YES, NO = "yes", reach.NO_RIGHT
_KNOWN_FOR = timedelta(days=1)
_TILL_A_START = timedelta(days=3650)
_AFTER_FAILURE = 2.0  # seconds
_NO_RIGHT, _NOT_FOLLOWING = 48001, 43004
_WINDOW_CLOSED, _USED_UP = 45015, 45047
_DAILY_LIMIT, _NOT_LISTED = 45009, 40164
_UNKNOWN_PERSON = 40003

REASONS = {
    _WINDOW_CLOSED: "window_closed",
    _USED_UP: "quota_used_up",
    _NO_RIGHT: "no_service_right",
    _NOT_FOLLOWING: "not_following",
    _UNKNOWN_PERSON: "unknown_person",
    _DAILY_LIMIT: "daily_limit",
    _NOT_LISTED: "ip_not_listed",
}
"""The platform's refusals, each as the word that is kept with the message."""

logger = logging.getLogger(__name__)


class Sender:
    """Pushes messages to the followers of one account."""

    def __init__(self, api: Api | None, renderer: Renderer, writer: Writer, clock: Callable[[], datetime]) -> None:
        """``api`` is None for an account without a secret, which cannot push."""
        self._api, self._renderer, self._writer, self._clock = api, renderer, writer, clock

    def right(self, connection: Connection) -> str | None:
        """Whether the account may push: yes, no, or None while nobody has tried."""
        return NO if self._api is None else shared_state.recall(connection, RIGHT, self._clock())

    async def begin(self) -> None:
        """Tell the other processes, the console among them, whether there is a secret to push with; tries until the database takes it."""
        while True:
            try:
                return await self._writer.write(self._note_secret)
            except DatabaseFault as error:
                logger.error("cannot note whether there is a secret: %s", type(error).__name__)
                await asyncio.sleep(_AFTER_FAILURE)

    def _note_secret(self, connection: Connection) -> None:
        if self._api is None:
            shared_state.remember(connection, RIGHT, reach.NO_SECRET, self._clock() + _TILL_A_START)
        else:
            shared_state.dismiss(connection, RIGHT, reach.NO_SECRET)

    async def push(self, message: Outgoing, part_done: PartDone) -> None:
        """Send a message from its first part that has not gone out. Raises a Failure."""
        parts = self._renderer.parts(message.payload)
        for text in parts[message.parts :]:
            window = await asyncio.to_thread(self._window, message.sender_id)
            await self._send(message.sender_id, text)
            await self._writer.write(partial(self._note, message.sender_id, window))
            await part_done()
        await self._writer.write(partial(self._arrived, message))

    def _window(self, sender_id: str) -> str:
        with self._writer.database.look() as connection:
            if reach.of(connection, sender_id).unreachable:
                raise Undeliverable(REASONS[_NOT_FOLLOWING])
            if self.right(connection) == NO:
                raise Waits(REASONS[_NO_RIGHT])
            windows = reach.windows(connection, sender_id, self._clock())
        usable = next((window.name for window in windows if window.left), None)
        if usable is None:
            raise Waits(REASONS[_USED_UP if windows else _WINDOW_CLOSED])
        return usable

    async def _send(self, sender_id: str, text: str) -> None:
        assert self._api is not None  # without it nobody has the right to push
        try:
            await asyncio.to_thread(self._api.send_text, sender_id.partition(":")[2], text)
        except ApiFault as fault:
            raise await self._writer.write(partial(self._failure, sender_id, fault)) from None

    def _failure(self, sender_id: str, fault: ApiFault, connection: Connection) -> Failure:
        reason = REASONS.get(fault.code or 0, f"errcode_{fault.code}" if fault.code else fault.said[:40] or "unreachable")
        if fault.code == _NO_RIGHT:
            shared_state.remember(connection, RIGHT, NO, self._clock() + _KNOWN_FOR)
        if fault.code == _USED_UP:
            reach.used_up(connection, sender_id)
        if fault.code == _WINDOW_CLOSED:
            reach.closed(connection, sender_id)
        if fault.code == _NOT_FOLLOWING:
            reach.lost(connection, sender_id, reach.UNSUBSCRIBED)
        if fault.code in (_NO_RIGHT, _USED_UP, _WINDOW_CLOSED):
            return Waits(reason)
        if fault.code in (_NOT_FOLLOWING, _UNKNOWN_PERSON):
            return Undeliverable(reason)
        if fault.code == _DAILY_LIMIT:
            return TryLater(reason, 3600, everybody=True)
        return TryLater(reason, 60, everybody=True) if fault.code == _NOT_LISTED else TryLater(reason)

    def _arrived(self, message: Outgoing, connection: Connection) -> None:
        """A number now means this message's list; what was promised has come by itself."""
        reach.offer(connection, message.sender_id, options_of(message.payload))
        reach.promise(connection, message.sender_id, None)

    def _note(self, sender_id: str, window: str, connection: Connection) -> None:
        reach.pushed(connection, sender_id, window)
        if self.right(connection) != YES:
            shared_state.remember(connection, RIGHT, YES, self._clock() + _KNOWN_FOR)
