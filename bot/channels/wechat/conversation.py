"""One delivery of one message, from its claim to the reply that its response carries.

An answer within the time is the reply. Else the first two deliveries end without a word, since the platform brings the message again and
takes even an empty reply for the end of it; the third tells the person to write anything, and what they write next fetches the answer.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from bot.channels.context import Context
from bot.channels.http import RefusedError
from bot.channels.pace import Pace, PaceKeeper
from bot.channels.wechat import noticed, windows
from bot.channels.wechat.account import Account
from bot.channels.wechat.acts import act_of
from bot.channels.wechat.client import Api
from bot.channels.wechat.envelope import FRESH, Opened
from bot.channels.wechat.incoming import Incoming, read
from bot.channels.wechat.render import Renderer
from bot.channels.wechat.sending import YES, Sender
from bot.channels.wechat.waiting import Waiting
from bot.db import DatabaseFault
from bot.inbox import giving, journal, reach, shared_state
from bot.inbox.journal import Entry
from bot.inbox.models import PROCESSED
from bot.inbox.question import Ask
from bot.messages import message

CHANNEL = "wx"
PREFIX = f"{CHANNEL}:"
IN_TIME = 4.4
"""Seconds after its arrival at which a delivery is answered, or not at all."""
LAST_MOMENT = 0.3
"""Seconds that a database may take for the promise, before the person gets the sentence with the telephone number."""
GIVEN_UP = 6.0
"""Seconds after which the platform has certainly closed the connection."""
LAST_DELIVERY = 3
_REMEMBERED = 10_000
SIGNED = timedelta(seconds=2 * FRESH)

logger = logging.getLogger(__name__)


class Unanswered(Exception):  # noqa: N818 (the platform is to try again)
    """The delivery ends without a reply and is not to be the last one."""


@dataclass
class _Delivery:
    """What is known of a delivery while it is being answered."""

    incoming: Incoming
    until: float
    number: int
    """Which delivery of the message it is, as this process has seen them."""
    entry: "asyncio.Future[Entry]"
    fetches: bool = False
    abandoned: bool = False
    """Whether nobody will hear the answer any more: it stays in the database then."""

    @property
    def sender_id(self) -> str:
        return PREFIX + self.incoming.openid

    @property
    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())


class Conversation:
    """Answers the deliveries of one account in this process."""

    def __init__(self, context: Context, account: Account, ask: Ask, *, in_time: float = IN_TIME, given_up: float = GIVEN_UP) -> None:
        self._context, self._ask = context, ask
        self._in_time, self._given_up = in_time, given_up
        clock = context.settings.now
        self._renderer = Renderer(account.links, message("channels.wechat.more"))
        api = Api(account, context.database, clock) if account.secret else None
        self.sender = Sender(api, self._renderer, context.intake.writer, clock)
        self._waiting = Waiting(context.database)
        self._pace = PaceKeeper()
        self._brought: OrderedDict[str, int] = OrderedDict()
        self._working: set[asyncio.Task[Any]] = set()

    async def answer(self, opened: Opened) -> str | None:
        """The reply to a verified message, None for none. RefusedError for what is no message; Unanswered where it is to come again."""
        incoming = read(opened.elements)
        until, entry = time.monotonic() + self._in_time, asyncio.get_running_loop().create_future()
        delivery = _Delivery(incoming, until, self._counted(incoming.key), entry)
        work = asyncio.create_task(self._work(opened, delivery))
        self._working.add(work)
        work.add_done_callback(self._done)
        try:
            await asyncio.wait({work}, timeout=delivery.left)
            return work.result() if work.done() else await self._late(delivery)
        except asyncio.CancelledError:  # the platform has closed the connection
            delivery.abandoned = True
            raise
        except (Unanswered, RefusedError):
            raise
        except Exception as error:  # whatever it is: one friendly sentence
            delivery.abandoned = True
            logger.error("a message could not be answered: %s", type(error).__name__)
            self._context.failed("wechat")
            return self._context.intake.sentences.unavailable

    def _done(self, work: "asyncio.Task[Any]") -> None:
        self._working.discard(work)
        if not work.cancelled():
            work.exception()  # seen: whoever waited has been told, or nobody waits

    async def _work(self, opened: Opened, delivery: _Delivery) -> str | None:
        incoming, intake = delivery.incoming, self._context.intake
        pace = self._pace.judge(incoming.openid, incoming.key) if windows.opened_by(incoming) else Pace.GO
        if pace is not Pace.GO:
            return self._too_fast() if pace is Pace.NOTICE else None
        try:
            reached = await intake.writer.write(partial(self._arrived, opened, delivery))
        except DatabaseFault:
            return self._not_claimed(delivery)
        act = act_of(incoming, reached, self._ask, self._waiting.fetch)
        if act is None:
            try:
                await self._note_silently(delivery)
            except DatabaseFault:
                raise Unanswered from None
            return None
        delivery.fetches = act.ask == self._waiting.fetch
        handled = await intake.receive(
            channel=CHANNEL,
            sender=incoming.openid,
            text=act.text,
            ask=self._ask,
            own=act.ask,
            external_id=incoming.key,
            noted=partial(_noted, delivery.entry),
        )
        if not delivery.entry.done():
            return self._not_claimed(delivery)
        if handled.sentence is not None:
            return handled.sentence
        if handled.duplicate:
            await self._waiting.ended(delivery.entry.result().id)
        return await intake.writer.write(partial(self._given, delivery))

    def _arrived(self, opened: Opened, delivery: _Delivery, connection: Connection) -> reach.Reached:
        """Bind the signature to the body, note that the person acted; what is known of them. RefusedError."""
        now = self._context.settings.now()
        if opened.signature and not shared_state.bind(connection, f"wx-signature {opened.signature}", opened.digest, now, now + SIGNED):
            raise RefusedError(403, "signature_used")
        incoming, sender_id = delivery.incoming, delivery.sender_id
        if opened.encrypted:
            shared_state.dismiss(connection, noticed.AES_KEY, noticed.WRONG)
        if incoming.kind == "voice":
            heard = noticed.ON if incoming.elements.get("Recognition", "").strip() else noticed.OFF
            noticed.note(connection, noticed.VOICE, heard, now)
        before = reach.of(connection, sender_id)
        if not journal.known(connection, CHANNEL, incoming.key):
            windows.note(connection, incoming, sender_id, now)
        return before

    async def _note_silently(self, delivery: _Delivery) -> None:
        """An event without an answer is written down all the same."""
        event = delivery.incoming

        def note(connection: Connection) -> None:
            facts: dict[str, Any] = {"channel": CHANNEL, "sender_id": delivery.sender_id, "external_id": event.key}
            text = message("channels.wechat.marks.event", event=event.event[:40])
            entry = journal.write(connection, text=text, now=self._context.settings.now(), **facts)
            if not entry.duplicate:
                journal.mark(connection, entry.id, PROCESSED)

        await self._context.intake.writer.write(note)

    def _given(self, delivery: _Delivery, connection: Connection) -> str | None:
        """Everything that lies undelivered for the person."""
        if delivery.abandoned:
            raise Unanswered
        pushes = self.sender.right(connection) == YES
        compose = partial(self._renderer.compose, pushes=pushes)
        return giving.give(connection, delivery.sender_id, delivery.entry.result().id, compose, self._context.settings.now())

    async def _late(self, delivery: _Delivery) -> str | None:
        """There is no answer in time."""
        if not delivery.entry.done():
            delivery.abandoned = True
            return self._not_claimed(delivery)
        if delivery.entry.result().deliveries >= LAST_DELIVERY:
            promised = self._context.intake.writer.write(partial(self._promised, delivery))
            return await asyncio.wait_for(promised, LAST_MOMENT)
        delivery.abandoned = True
        await asyncio.sleep(self._given_up - self._in_time)
        raise Unanswered

    def _promised(self, delivery: _Delivery, connection: Connection) -> str | None:
        """What the last delivery says; the answer itself if it was given in this very moment (one thread writes both)."""
        given = journal.reply_of(connection, delivery.entry.result().id)
        if given is not None:
            return given
        delivery.abandoned = True
        if self.sender.right(connection) == YES:
            return None  # it will be pushed
        reach.promise(connection, delivery.sender_id, self._context.settings.now())
        return self._context.intake.sentences.delayed if delivery.fetches else message("channels.wechat.looking")

    def _not_claimed(self, delivery: _Delivery) -> str:
        """The database cannot write the message down: the platform is to bring it again, and the last time the person is told."""
        if delivery.number < LAST_DELIVERY:
            raise Unanswered
        return self._context.intake.sentences.unavailable

    def _counted(self, key: str) -> int:
        """How often this message has been brought to this process: where the database cannot say."""
        count = self._brought[key] = self._brought.pop(key, 0) + 1
        while len(self._brought) > _REMEMBERED:
            self._brought.popitem(last=False)
        return count

    def _too_fast(self) -> str:
        return message("channels.too_fast", phone=self._context.phone)


def _noted(noted: "asyncio.Future[Entry]", entry: Entry) -> None:
    if not noted.done():
        noted.set_result(entry)
