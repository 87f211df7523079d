"""The one way in: every channel hands its messages to :class:`Intake`, which keeps the order that makes them safe.

Size limit; NFKC and invisible characters out; then leading slashes off (Rasa obeys `/restart` and `/intent{"slot": …}` from anyone); ID
and mobile numbers masked; claimed and journaled in one transaction, as held when a human holds the conversation; only then Rasa; then the
answers into the outbox together with the dialogue's new turn and the journal's end state. What the channel gets back is what it has to
deliver. A message that cannot be answered now stays in the journal as received: the person is told, and ``bot.inbox.retry`` tries again.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from bot.db import Database, DatabaseFault
from bot.inbox import journal, outbox, turns
from bot.inbox.models import FAILED, HELD, PENDING, PROCESSED, RECEIVED, SENT
from bot.inbox.observe import DELAYED, DUPLICATE, SILENT, Observer
from bot.inbox.outbox import Outgoing
from bot.inbox.question import Ask, Handled, NotNow, Question, Sentences
from bot.inbox.text import MAX_TEXT, mask, mask_codes, normalise
from bot.inbox.turns import StoredTurn, TurnConflict
from bot.inbox.writer import Writer

logger = logging.getLogger(__name__)

NOTICE = "notice"  # kind of our own sentences: blank, too long, unavailable, delayed
IN_RESPONSES = ("rest",)  # channels that cannot push: a late answer goes with the next one
CONFLICTS = 3  # how often one message is worked out again at once because another process was faster
_RAW_LIMIT = 20 * MAX_TEXT  # beyond this a text is not even normalised
_JOURNALED_OF_TOO_LONG = 200


class Intake:
    """The intake of one channel process: database, what may stay unmasked, own sentences, clock."""

    def __init__(
        self, database: Database, sentences: Sentences, clock: Callable[[], datetime], allowed_numbers: Collection[str] = ()
    ) -> None:
        self.database = database
        self.writer = Writer(database)
        self.sentences = sentences
        self.clock = clock
        self.allowed_numbers = frozenset(allowed_numbers)
        self.observer: Observer = SILENT
        self.waiting: dict[int, tuple[Question, Ask]] = {}
        """Messages put back by this process, whole: a bind code is in no journal."""
        self.in_work: set[int] = set()
        """Journal rows this process is answering."""
        self.owed: set[str] = set()
        """Senders of `IN_RESPONSES` for whom a late answer lies in the outbox."""
        self._running: set[asyncio.Task[Handled]] = set()

    async def receive(
        self,
        *,
        channel: str,
        sender: str,
        text: str,
        ask: Ask,
        external_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        delivers_at_once: bool = False,
    ) -> Handled:
        """Take one message in and return what is to be delivered; never raises but for cancellation.

        The sender's id becomes ``channel:sender``, here and nowhere else, so that conversations of different channels never mix.
        ``delivers_at_once``: the answer travels in the response to this very request, so it is written down as sent. The work goes on when
        the caller is cancelled (a browser that left, a platform that gave up waiting): the answer is then found in the outbox.
        """
        question = (channel, f"{channel}:{sender}", external_id, text, dict(metadata or {}))
        task = asyncio.create_task(self._observed(*question, ask=ask, state=SENT if delivers_at_once else PENDING))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait for the messages in work: for an orderly stop."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _observed(self, channel: str, *question: Any, **more: Any) -> Handled:
        with self.observer.stage("whole"):
            handled = await self._take_in(channel, *question, **more)
        ended = DELAYED if handled.state == RECEIVED else handled.state
        self.observer.message(channel, DUPLICATE if handled.duplicate else ended)
        if ended == PROCESSED and not handled.duplicate:
            self.observer.answer(message.kind for message in handled.messages)
        return handled

    async def _take_in(
        self, channel: str, sender_id: str, external_id: str | None, text: str, metadata: dict[str, Any], *, ask: Ask, state: str
    ) -> Handled:
        safe, reply = self._made_safe(text)
        write = partial(
            journal.write, channel=channel, sender_id=sender_id, external_id=external_id, text=mask_codes(safe), now=self.clock()
        )
        try:
            with self.observer.stage("journal"):
                entry = await self.writer.write(write)
            if entry.duplicate:
                return Handled(entry.state, await asyncio.to_thread(self.answers_of, entry.id), duplicate=True)
            question = Question(safe, sender_id, channel, entry.id, metadata)
            if reply is not None and entry.state != HELD:
                return await self._finish(question, state, [{"text": reply}], [], kind=NOTICE)
        except Exception as error:
            return self._unavailable("inbox cannot write a message down", channel, error)
        return Handled(HELD) if entry.state == HELD else await self.answer(question, ask, state)

    async def answer(self, question: Question, ask: Ask, state: str, *, again: bool = False) -> Handled:
        """Have a journaled message answered; ``state`` is that of its answers. Never raises but for cancellation.

        ``again``: the person has been told once that the answer is late, and is not told twice.
        """
        self.in_work.add(question.journal_id)
        if again:
            self.observer.retried()
        try:
            handled = await self._answer(question, ask, state, again)
        finally:
            self.in_work.discard(question.journal_id)
        if again and handled.state != RECEIVED:
            self.owe(question)
        return handled

    def owe(self, question: Question) -> None:
        """Remember that a late answer of this person lies in the outbox."""
        if question.channel in IN_RESPONSES:
            self.owed.add(question.sender_id)

    async def _answer(self, question: Question, ask: Ask, state: str, again: bool) -> Handled:
        if self.waiting and not await self._caught_up(question):
            return await self._put_back(question, ask, state, NotNow("an earlier message waits"), again)
        finish = partial(self._finish, question, state)
        for attempt in range(CONFLICTS):
            try:
                return await ask(question, finish)
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

    async def _caught_up(self, question: Question) -> bool:
        """Answer what the same person said before and this process put back: in the order in which it was said."""
        for journal_id in sorted(self.waiting):
            earlier, ask = self.waiting.get(journal_id, (None, None))
            if earlier is None or ask is None or earlier.sender_id != question.sender_id or journal_id >= question.journal_id:
                continue
            if journal_id in self.in_work or (await self.answer(earlier, ask, PENDING, again=True)).state == RECEIVED:
                return False
        return True

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
        handled = await self.writer.write(partial(self._write_answers, question, state, payloads, stored, ended, kind))
        self.waiting.pop(question.journal_id, None)
        return handled

    def _write_answers(
        self,
        question: Question,
        state: str,
        payloads: Sequence[Mapping[str, Any]],
        stored: Sequence[StoredTurn],
        ended: str,
        kind: str | None,
        connection: Connection,
    ) -> Handled:
        """Answers, turns and end state in one transaction. A human who took the conversation meanwhile silences an answer being made."""
        journal_id: int | None = question.journal_id
        if not journal.close(connection, question.journal_id, question.sender_id, ended):
            found = journal.state_of(connection, question.journal_id)
            if found == RECEIVED:
                journal.mark(connection, question.journal_id, HELD)
                return Handled(HELD)
            if found is not None:
                return Handled(found, outbox.of_journal(connection, question.journal_id), duplicate=True)
            journal_id = None  # the row went with everything else that this person had deleted
        for turn in stored:
            turns.add(connection, turn)
        late: list[Outgoing] = []
        if state == SENT and question.sender_id in self.owed:
            late = outbox.take_pending(connection, question.sender_id)
            self.owed.discard(question.sender_id)
        told = outbox.add(connection, question.sender_id, payloads, self.clock(), kind=kind, journal_id=journal_id, state=state)
        return Handled(ended, late + told)

    async def _put_back(self, question: Question, ask: Ask, state: str, error: Exception, again: bool) -> Handled:
        """Leave the message for the next try and tell the person, once."""
        _log("message put back", question.channel, error)
        self.waiting[question.journal_id] = (question, ask)
        if again:
            return Handled(RECEIVED)
        try:
            told = await self.writer.write(
                lambda connection: outbox.add(
                    connection, question.sender_id, [{"text": self.sentences.delayed}], self.clock(), kind=NOTICE, state=state
                )
            )
        except Exception as failure:
            _log("inbox cannot write a notice down", question.channel, failure)
            return Handled(RECEIVED, sentence=self.sentences.delayed)
        return Handled(RECEIVED, told)

    def answers_of(self, journal_id: int) -> list[Outgoing]:
        """The answers written down for a message, in order. DatabaseFault."""
        with self.database.look() as connection:
            return outbox.of_journal(connection, journal_id)

    def _made_safe(self, text: str) -> tuple[str, str | None]:
        """The text as it may be kept, and the sentence that answers it when it needs no more than one (blank, too long)."""
        if len(text) > _RAW_LIMIT or len(safe := normalise(text)) > MAX_TEXT:
            return mask(normalise(text[:_JOURNALED_OF_TOO_LONG]), self.allowed_numbers), self.sentences.too_long
        return (mask(safe, self.allowed_numbers), None) if safe else ("", self.sentences.blank)

    def _unavailable(self, what: str, channel: str, error: Exception) -> Handled:
        _log(what, channel, error)
        return Handled(FAILED, sentence=self.sentences.unavailable)


def _log(what: str, channel: str, error: Exception) -> None:
    """Name the failure without its message: database errors carry the parameters, and those are what people wrote."""
    cause = getattr(error, "orig", None) or error.__cause__
    logger.error("%s (channel %s): %s%s", what, channel, type(error).__name__, f" from {type(cause).__name__}" if cause else "")
