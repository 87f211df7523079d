"""What people say in Telegram, taken to the intake: claimed first, answered in order, and never left without a word for long."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy.engine import Connection

from bot.channels.context import Context
from bot.channels.pace import Pace, PaceKeeper
from bot.channels.saying import saying, saying_all
from bot.channels.telegram.commands import is_private, menu, sentence
from bot.channels.telegram.sending import PERSONAL, Sending
from bot.channels.telegram.updates import TEXT, Heard, Place, Tapped
from bot.db import DatabaseFault
from bot.inbox import choices, journal, outbox, reach
from bot.inbox.delivery import Delivery
from bot.inbox.intake import NOTICE
from bot.inbox.journal import Entry
from bot.inbox.models import FAILED, HELD, RECEIVED
from bot.inbox.question import Ask, Finish, Handled, Question
from bot.messages import message

LATE = 4.0  # seconds after which a person is told that the answer takes longer
_REMEMBERED = 10_000

logger = logging.getLogger(__name__)


class _Work:
    """One thing said, on its way."""

    def __init__(self, heard: Heard | Tapped, place: Place) -> None:
        self.heard, self.place = heard, place
        self.entry: Entry | None = None
        self.claimed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.said_directly = False

    def settle(self, claimed: bool) -> None:
        if not self.claimed.done():
            self.claimed.set_result(claimed)


class Conversations:
    """The conversations of one worker process."""

    def __init__(self, context: Context, ask: Ask, sending: Sending, delivery: Delivery, too_fast: str, late: float = LATE) -> None:
        self._context, self._rasa, self._sending, self._delivery = context, ask, sending, delivery
        self._too_fast, self._late = too_fast, late
        self._pace = PaceKeeper()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._waiting: dict[str, str] = {}  # conversation -> what it was told about, as long as that is not answered
        self._albums: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def take(self, heard: Heard | Tapped) -> bool:
        """Have something answered; True as soon as it is written down, False when it has to be brought again."""
        place = heard.place if isinstance(heard, Heard) else await asyncio.to_thread(self._place_of, heard)
        if (pace := self._pace.judge(f"{place.chat_id}:{heard.person}", heard.key)) is not Pace.GO:
            if isinstance(heard, Tapped):
                self.keep(self._sending.answer_tap(heard.query))
            if pace is Pace.NOTICE:
                self.keep(self._sending.say(place, self._too_fast))
            return True
        if isinstance(heard, Heard) and self._is_told_by_its_album(heard):
            return True
        work = _Work(heard, place)
        self.keep(self._answer(work))
        with suppress(asyncio.TimeoutError):
            return await asyncio.wait_for(asyncio.shield(work.claimed), self._late + 0.15)
        return False

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let it go on by itself, and wait for it at the end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for all that goes on."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _place_of(self, tapped: Tapped) -> Place:
        """Where a button was tapped. Only its key tells the topic of a message that Telegram no longer shows."""
        place = tapped.place or Place(tapped.person)
        if place.group:
            with suppress(DatabaseFault), self._context.database.look() as connection:
                found = choices.of_chat(connection, place.chat_id, tapped.data)
                return Place.of(found[0]) if found else place
        return place

    def _is_told_by_its_album(self, heard: Heard) -> bool:
        """Whether the words of an album that several pictures make up have been taken: its other pictures say nothing."""
        if heard.album is None:
            return False
        if heard.kind == TEXT:
            _remember(self._albums, heard.album)
        return heard.kind != TEXT and heard.album in self._albums

    async def _answer(self, work: _Work) -> None:
        heard, place = work.heard, work.place
        alarm = asyncio.create_task(self._watch(work))
        if isinstance(heard, Tapped):
            self.keep(self._sending.answer_tap(heard.query))
        try:
            with suppress(DatabaseFault):  # whoever acts can be written to; the answer tells if not
                await asyncio.to_thread(self._welcome, place)
            text, own = await self._meaning(heard, place)
            handled = await self._context.intake.receive(
                channel=place.channel,
                sender=place.sender,
                text=text,
                external_id=_key(heard),
                ask=self._in_turn(place, self._rasa),
                own=self._in_turn(place, own) if own is not None else None,
                noted=partial(self._noted, work),
            )
        except Exception as error:
            logger.error("a message could not be taken: %s", type(error).__name__)
            handled = Handled(FAILED, sentence=self._context.intake.sentences.unavailable)
        finally:
            alarm.cancel()
        work.settle(work.entry is not None)
        if work.entry is not None:
            self._context.intake.backlog.told.discard(work.entry.id)
        if self._waiting.get(place.sender_id) == heard.key:
            del self._waiting[place.sender_id]
        if handled.sentence:
            # what is not written down is brought again by Telegram, and then answered
            sentences = self._context.intake.sentences
            await self._tell(work, handled.sentence if work.entry is not None else sentences.delayed)
        self._delivery.wake()

    def _noted(self, work: _Work, entry: Entry) -> None:
        work.entry = entry
        work.settle(True)
        if not entry.duplicate and entry.state != HELD:
            self.keep(self._sending.typing(work.place))

    def _welcome(self, place: Place) -> None:
        database = self._context.database
        with database.look() as connection:
            if reach.of(connection, place.chat_id).unreachable is None:
                return
        with database.begin() as connection:
            reach.back(connection, place.chat_id)

    async def _meaning(self, heard: Heard | Tapped, place: Place) -> tuple[str, Ask | None]:
        """The sentence that was meant, and who answers it if not Rasa."""
        if isinstance(heard, Tapped):
            return await asyncio.to_thread(self._chosen, place, heard.data) or menu(), None
        if heard.command is not None:
            private = place.group and is_private(heard.command)
            return sentence(heard.command), _private_only() if private else None
        if heard.kind == TEXT:
            return heard.text, None
        what = message(f"channels.telegram.kinds.{heard.kind}")
        own = "channels.telegram.contact" if heard.kind == "contact" else "channels.telegram.typed_only"
        return message("channels.telegram.sent", what=what), saying(message(own, what=what))

    def _chosen(self, place: Place, key: str) -> str | None:
        with self._context.database.look() as connection:
            return choices.chosen(connection, place.sender_id, key)

    def _in_turn(self, place: Place, answering: Ask) -> Ask:
        """Answer after what the same conversation said before."""
        turn = self._turns.setdefault(place.sender_id, asyncio.Lock())

        async def ask(question: Question, finish: Finish) -> Handled:
            async with turn:
                return await answering(question, finish)

        return ask

    async def _watch(self, work: _Work) -> None:
        """Tell the person when the answer takes too long: through the outbox, or directly when the database is what takes long."""
        await asyncio.sleep(self._late)
        place, entry = work.place, work.entry
        sentence = self._context.intake.sentences.delayed
        if entry is None:
            await self._tell(work, sentence)
        elif not entry.duplicate and self._waiting.setdefault(place.sender_id, work.heard.key) == work.heard.key:
            backlog = self._context.intake.backlog
            backlog.told.add(entry.id)
            writing: Awaitable[bool] = self._context.intake.writer.write(partial(self._note_delay, work))
            try:
                await asyncio.wait_for(asyncio.shield(writing), 0.2)
            except (asyncio.TimeoutError, DatabaseFault):
                await self._tell(work, sentence)
            self._delivery.wake()

    def _note_delay(self, work: _Work, connection: Connection) -> bool:
        if work.said_directly or work.entry is None or journal.state_of(connection, work.entry.id) != RECEIVED:
            return False
        intake = self._context.intake
        outbox.add(connection, work.place.sender_id, [{"text": intake.sentences.delayed}], intake.clock(), kind=NOTICE)
        return True

    async def _tell(self, work: _Work, text: str) -> None:
        """Say it directly, once about each message, however often that is brought."""
        if work.heard.key in self._told:
            return
        _remember(self._told, work.heard.key)
        work.said_directly = True
        await self._sending.say(work.place, text)


def _key(heard: Heard | Tapped) -> str:
    """The key by which a message is claimed. The pictures of an album without words are one message."""
    if isinstance(heard, Heard) and heard.kind != TEXT and heard.album is not None:
        return f"album {heard.album}"
    return heard.key


def _private_only() -> Ask:
    return saying_all([{"text": message("channels.telegram.private_only"), "metadata": {"kind": PERSONAL[0], "feedback": False}}])


def _remember(kept: OrderedDict[str, None], key: str) -> None:
    kept[key] = None
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
