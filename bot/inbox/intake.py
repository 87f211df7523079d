"""The one way in: every channel hands its messages to :class:`Intake`, which keeps the order that makes them safe.

Size limit; NFKC and invisible characters out; then leading slashes off (Rasa obeys `/restart` and `/intent{"slot": …}` from anyone); ID
and mobile numbers masked; claimed and journaled in one transaction, as held when a human holds the conversation; only then Rasa, unless the
channel is switched off; then the answers into the outbox together with the dialogue's new turn and the journal's end state. What the
channel gets back is what it has to deliver. A message that cannot be answered now stays in the journal as received: the person is told,
and ``bot.inbox.retry`` tries again.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from bot.db import Database, DatabaseFault
from bot.inbox import journal, outbox
from bot.inbox.backlog import IN_RESPONSES, Backlog, not_before
from bot.inbox.carrying import carried
from bot.inbox.ending import Answers, end
from bot.inbox.guard import Guard
from bot.inbox.hold import holder
from bot.inbox.inhand import InHand
from bot.inbox.journal import Entry
from bot.inbox.models import FAILED, HELD, PENDING, PROCESSED, RECEIVED, SENT
from bot.inbox.observe import DELAYED, DUPLICATE, SILENT, Observer
from bot.inbox.outbox import Outgoing
from bot.inbox.question import Ask, Handled, NotNow, Question, Sentences, Way
from bot.inbox.text import made_safe, mask_codes
from bot.inbox.turns import StoredTurn, TurnConflict
from bot.inbox.writer import Writer

logger = logging.getLogger(__name__)

NOTICE = "notice"  # kind of our own sentences: blank, too long, unavailable, delayed
CONFLICTS = 3  # how often one message is worked out again at once because another process was faster


class Intake:
    """The intake of one channel process: database, what may stay unmasked, own sentences, clock."""

    def __init__(
        self, database: Database, sentences: Sentences, clock: Callable[[], datetime], allowed_numbers: Collection[str] = ()
    ) -> None:
        self.database = database
        self.writer = Writer(database)
        self.sentences = sentences
        self.guard = Guard(self.writer, sentences.switched_off)
        self.clock = clock
        self.allowed_numbers = frozenset(allowed_numbers)
        self.observer: Observer = SILENT
        self.backlog, self.in_hand = Backlog(), InHand(self.writer, clock)
        self._running: set[asyncio.Task[Handled]] = set()

    async def receive(
        self,
        *,
        channel: str,
        sender: str,
        text: str,
        ask: Ask,
        own: Ask | None = None,
        external_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        delivers_at_once: bool = False,
        noted: Callable[[Entry], None] = lambda _: None,
    ) -> Handled:
        """Take one message in and return what is to be delivered; never raises but for cancellation.

        The sender's id becomes ``channel:sender``, here and nowhere else, so that conversations of different channels never mix.
        ``delivers_at_once``: the answer travels in the response to this very request, so it is written down as sent. The work goes on when
        the caller is cancelled (a browser that left, a platform that gave up waiting): the answer is then found in the outbox. While a
        human holds the conversation, the response of a channel that cannot push carries what they wrote. ``noted`` is called as soon as
        the message is claimed and written down, before any work on it; it must not fail. ``own`` answers this message in place of
        ``ask``, and no other.
        """
        sender_id, way = f"{channel}:{sender}", Way(ask, own, SENT if delivers_at_once else PENDING, noted)
        task = asyncio.create_task(self._observed(channel, sender_id, external_id, text, dict(metadata or {}), way=way))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        handled = await asyncio.shield(task)
        if handled.state != HELD or channel not in IN_RESPONSES:
            return handled
        self.backlog.owed.add(sender_id)  # what the human still writes comes at the latest with the bot's next answer
        return replace(handled, messages=[*await carried(self.writer, sender_id), *handled.messages])

    async def drain(self) -> None:
        """Wait for the messages in work: for an orderly stop."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _observed(self, channel: str, *question: Any, **more: Any) -> Handled:
        with self.observer.stage("whole"):
            handled = await self._take_in(channel, *question, **more)
        ended = DELAYED if handled.state == RECEIVED else handled.state
        self.observer.message(channel, DUPLICATE if handled.duplicate else ended)
        if ended == PROCESSED and not handled.duplicate:
            own = handled.messages[-1].journal_id if handled.messages else None
            self.observer.answer(message.kind for message in handled.messages if message.journal_id == own)
        return handled

    async def _take_in(
        self, channel: str, sender_id: str, external_id: str | None, text: str, metadata: dict[str, Any], *, way: Way
    ) -> Handled:
        safe, problem = made_safe(text, self.allowed_numbers, self.sentences.cut)
        reply = getattr(self.sentences, problem) if problem else None
        row: dict[str, Any] = {"channel": channel, "sender_id": sender_id, "external_id": external_id, "text": mask_codes(safe)}
        write = partial(journal.write, now=self.clock(), look_back=self.backlog.look_back, **row)
        try:
            with self.observer.stage("journal"):
                entry = await self.writer.write(self.guard.beside(write))
            way.noted(entry)
            if entry.duplicate:
                return Handled(entry.state, await asyncio.to_thread(self.answers_of, entry.id), duplicate=True)
            question = Question(safe, sender_id, channel, entry.id, metadata, not_before(channel, self.clock()))
            if entry.state != HELD and (reply := await self.guard.sentence(channel) or reply):
                return await self._finish(question, way.state, [{"text": reply}], [], kind=NOTICE)
        except Exception as error:
            return self._unavailable("inbox cannot write a message down", channel, error)
        answer = partial(self.answer, question, way.ask, way.state, own=way.own, behind=entry.behind)
        return await self.in_hand.beside(question, way.state, Handled(HELD) if entry.state == HELD else await answer())

    async def answer(
        self, question: Question, ask: Ask, state: str, *, own: Ask | None = None, again: bool = False, behind: Sequence[Any] = ()
    ) -> Handled:
        """Have a journaled message answered; ``state`` is that of its answers. Never raises but for cancellation.

        ``again``: the person has been told that the answer is late, and is not told twice. ``behind``: their journal rows that come first,
        which ``own`` does not answer.
        """
        put_back_here = question.journal_id in self.backlog.waiting
        self.backlog.in_work.add(question.journal_id)
        if again:
            self.observer.retried()
        try:
            if not await self._caught_up(question, ask, behind):
                return await self._put_back(question, own or ask, state, NotNow("an earlier message waits"), again)
            handled = await self._answer(question, own or ask, state, again)
        finally:
            self.backlog.in_work.discard(question.journal_id)
        if again and handled.state != RECEIVED:
            if handled.duplicate and put_back_here:
                await self.give_back(question, own or ask)
            self.backlog.owe(question)
        return handled

    async def give_back(self, question: Question, ask: Ask) -> None:
        """The answers were stored, and the connection was lost before this process heard of it: nobody has been given them."""
        self.backlog.waiting[question.journal_id] = (question, ask)  # when this fails the next round sees to it
        with suppress(DatabaseFault):
            await self.writer.write(partial(outbox.give_back, journal_id=question.journal_id))
            self.backlog.waiting.pop(question.journal_id, None)

    async def _caught_up(self, question: Question, ask: Ask, behind: Sequence[Any]) -> bool:
        """Answer what the same person said before and nobody has answered, in the order in which it was said; False when that fails."""
        if not behind and not self.backlog.waiting:
            return True
        behind = await self.backlog.left_by_others(behind, self.clock, self._state_of)
        for earlier, its_ask in self.backlog.before(question, ask, behind):
            if earlier.journal_id in self.backlog.in_work or (await self.answer(earlier, its_ask, PENDING, again=True)).state == RECEIVED:
                return False
        return True

    async def _answer(self, question: Question, ask: Ask, state: str, again: bool) -> Handled:
        finish = partial(self._finish, question, state)
        for attempt in range(CONFLICTS):
            try:
                return await self.guard.ask(ask, question, finish)
            except TurnConflict as conflict:
                if attempt + 1 == CONFLICTS:
                    return await self._put_back(question, ask, state, conflict, again)
            except (NotNow, DatabaseFault) as error:
                return await self._put_back(question, ask, state, error, again)
            except Exception as error:
                _log("processing failed", question.channel, error)
                break
        try:
            return await self._finish(question, state, [{"text": self.sentences.unavailable}], [], ended=FAILED, kind=NOTICE)
        except Exception as error:
            return self._unavailable("inbox cannot write an answer down", question.channel, error)

    async def _finish(
        self,
        question: Question,
        state: str,
        payloads: Sequence[Mapping[str, Any]],
        stored: Sequence[StoredTurn],
        *,
        ended: str = PROCESSED,
        kind: str | None = None,
    ) -> Handled:
        if not payloads:  # Rasa says nothing when its rules know no way on; silence is no answer
            raise LookupError(f"no answer to message {question.journal_id}")
        late = state == SENT and question.sender_id in self.backlog.owed
        handled = await self.writer.write(partial(end, question, Answers(payloads, stored, state, ended, kind, late), self.clock()))
        self.backlog.waiting.pop(question.journal_id, None)
        if late and handled.state == ended and not handled.duplicate:
            self.backlog.owed.discard(question.sender_id)
            with suppress(DatabaseFault):  # only now: an answer that nobody hears of takes nothing along
                await self.writer.write(partial(outbox.mark_sent, ids=[one.id for one in handled.messages if one.state == PENDING]))
        return handled

    async def _put_back(self, question: Question, ask: Ask, state: str, error: Exception, again: bool) -> Handled:
        """Leave the message for the next try and tell the person, once."""
        _log("message put back", question.channel, error)
        self.backlog.waiting[question.journal_id] = (question, ask)
        if again or question.journal_id in self.backlog.told:
            return Handled(RECEIVED)
        try:
            told = await self.writer.write(partial(self._tell_delay, question, state))
        except Exception as failure:
            _log("inbox cannot write a notice down", question.channel, failure)
            return Handled(RECEIVED, sentence=self.sentences.delayed)
        if told is None:
            self.backlog.waiting.pop(question.journal_id, None)
            return Handled(HELD)
        return Handled(RECEIVED, told)

    def _tell_delay(self, question: Question, state: str, connection: Connection) -> list[Outgoing] | None:
        """The notice; None when a human holds the conversation and will answer."""
        if holder(connection, question.sender_id) is not None:
            journal.mark(connection, question.journal_id, HELD)
            return None
        journal.try_again(connection, question.journal_id)
        how: dict[str, Any] = {"kind": NOTICE, "state": state, "due_at": question.not_before}
        return outbox.add(connection, question.sender_id, [{"text": self.sentences.delayed}], self.clock(), **how)

    def _state_of(self, journal_id: int) -> str | None:
        with self.database.look() as connection:
            return journal.state_of(connection, journal_id)

    def answers_of(self, journal_id: int) -> list[Outgoing]:
        """The answers written down for a message, in order. DatabaseFault."""
        with self.database.look() as connection:
            return outbox.of_journal(connection, journal_id)

    def _unavailable(self, what: str, channel: str, error: Exception) -> Handled:
        _log(what, channel, error)
        self.observer.channel_error(channel)
        return Handled(FAILED, sentence=self.sentences.unavailable)


def _log(what: str, channel: str, error: Exception) -> None:
    """Name the failure without its message: database errors carry the parameters, and those are what people wrote."""
    cause = getattr(error, "orig", None) or error.__cause__
    logger.error("%s (channel %s): %s%s", what, channel, type(error).__name__, f" from {type(cause).__name__}" if cause else "")
