"""The one way in: every channel hands its messages to :class:`Intake`, which keeps the order that makes them safe.

Size limit; NFKC and invisible characters out; then leading slashes off (Rasa obeys `/restart` and `/intent{"slot": …}` from anyone); ID
and mobile numbers masked; claimed and journaled in one transaction, as held when a human holds the conversation; only then Rasa; then the
answers into the outbox together with the journal's end state. What the channel gets back is what it has to deliver.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.db import Database
from bot.inbox import journal, outbox
from bot.inbox.hold import holder
from bot.inbox.models import FAILED, HELD, PENDING, PROCESSED, SENT
from bot.inbox.outbox import Outgoing
from bot.inbox.text import MAX_TEXT, mask, mask_codes, normalise

__all__ = ["Accepted", "Handled", "Intake", "Question", "Sentences", "accept", "mask", "normalise"]

logger = logging.getLogger(__name__)

NOTICE = "notice"  # kind of our own sentences: blank, too long, unavailable
_RAW_LIMIT = 20 * MAX_TEXT  # beyond this a text is not even normalised
_JOURNALED_OF_TOO_LONG = 200


@dataclass(frozen=True)
class Sentences:
    """What the intake itself says, ready to send."""

    blank: str
    too_long: str
    unavailable: str


@dataclass(frozen=True)
class Accepted:
    """A message that is written down. ``reply`` is set when it needs no more than one sentence (blank, too long)."""

    text: str
    journal_id: int
    duplicate: bool
    held: bool
    reply: str | None
    state: str


@dataclass(frozen=True)
class Question:
    """What Rasa is asked: the safe text, who asks (channel in front), and the journal row for anything that must happen once."""

    text: str
    sender_id: str
    channel: str
    journal_id: int
    metadata: Mapping[str, Any]


Ask = Callable[[Question], Awaitable[Sequence[Mapping[str, Any]]]]
"""A channel's way to Rasa: returns the messages that Rasa made, in order; raises when it fails."""


@dataclass(frozen=True)
class Handled:
    """How a message ended. ``state`` is a journal state; ``sentence`` is set when the database could not even write the answer down."""

    state: str
    messages: list[Outgoing] = field(default_factory=list)
    sentence: str | None = None
    duplicate: bool = False

    @property
    def payloads(self) -> list[Mapping[str, Any]]:
        """The messages to deliver, whether they could be written down or not."""
        return [message.payload for message in self.messages] or ([{"text": self.sentence}] if self.sentence else [])


def accept(
    database: Database,
    channel: str,
    sender_id: str,
    external_id: str | None,
    text: str,
    now: datetime,
    *,
    allowed_numbers: Collection[str] = (),
    sentences: Sentences,
) -> Accepted:
    """Make the text safe and write it down (own write transaction). Database errors pass: nothing was accepted then."""
    safe, reply = "", None
    if len(text) > _RAW_LIMIT or len(safe := normalise(text)) > MAX_TEXT:
        safe, reply = mask(normalise(text[:_JOURNALED_OF_TOO_LONG]), allowed_numbers), sentences.too_long
    elif not safe:
        reply = sentences.blank
    else:
        safe = mask(safe, allowed_numbers)
    with database.write() as session:
        entry = journal.write(session, channel=channel, sender_id=sender_id, external_id=external_id, text=mask_codes(safe), now=now)
    return Accepted(safe, entry.id, entry.duplicate, entry.state == HELD, reply, entry.state)


class Intake:
    """The intake of one channel process: database, what may stay unmasked, own sentences, clock."""

    def __init__(
        self, database: Database, sentences: Sentences, clock: Callable[[], datetime], allowed_numbers: Collection[str] = ()
    ) -> None:
        self.database = database
        self.sentences = sentences
        self.clock = clock
        self.allowed_numbers = frozenset(allowed_numbers)
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
        task = asyncio.create_task(self._take_in(*question, ask=ask, state=SENT if delivers_at_once else PENDING))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait for the messages in work: for an orderly stop."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _take_in(
        self, channel: str, sender_id: str, external_id: str | None, text: str, metadata: dict[str, Any], *, ask: Ask, state: str
    ) -> Handled:
        try:
            accepted = await asyncio.to_thread(
                accept,
                self.database,
                channel,
                sender_id,
                external_id,
                text,
                self.clock(),
                allowed_numbers=self.allowed_numbers,
                sentences=self.sentences,
            )
            if accepted.duplicate:
                return Handled(accepted.state, await asyncio.to_thread(self._answers_of, accepted.journal_id), duplicate=True)
            if accepted.reply is not None and not accepted.held:
                return await self._finish(sender_id, accepted.journal_id, [{"text": accepted.reply}], state, PROCESSED, kind=NOTICE)
        except Exception as error:
            return self._unavailable("inbox cannot write a message down", channel, error)
        if accepted.held:
            return Handled(HELD)

        try:
            answers = await ask(Question(accepted.text, sender_id, channel, accepted.journal_id, metadata))
            ended, kind = PROCESSED, None
            if not answers:  # Rasa swallows the exceptions of actions and says nothing; silence is no answer
                logger.error("no answer to message %s of channel %s", accepted.journal_id, channel)
        except Exception as error:
            _log("processing failed", channel, error)
            answers = []
        if not answers:
            answers, ended, kind = [{"text": self.sentences.unavailable}], FAILED, NOTICE
        try:
            return await self._finish(sender_id, accepted.journal_id, answers, state, ended, kind=kind)
        except Exception as error:
            return self._unavailable("inbox cannot write an answer down", channel, error)

    async def _finish(
        self, sender_id: str, journal_id: int, payloads: Sequence[Mapping[str, Any]], state: str, ended: str, *, kind: str | None
    ) -> Handled:
        return await asyncio.to_thread(self._write_answers, sender_id, journal_id, payloads, state, ended, kind)

    def _write_answers(
        self, sender_id: str, journal_id: int, payloads: Sequence[Mapping[str, Any]], state: str, ended: str, kind: str | None
    ) -> Handled:
        """Answers and end state in one transaction. A human who took the conversation meanwhile silences an answer already being made."""
        with self.database.write() as session:
            if holder(session, sender_id) is not None:
                journal.mark(session, journal_id, HELD)
                return Handled(HELD)
            messages = outbox.add(session, sender_id, payloads, self.clock(), kind=kind, journal_id=journal_id, state=state)
            journal.mark(session, journal_id, ended)
            return Handled(ended, messages)

    def _answers_of(self, journal_id: int) -> list[Outgoing]:
        with self.database.read() as session:
            return outbox.of_journal(session, journal_id)

    def _unavailable(self, what: str, channel: str, error: Exception) -> Handled:
        _log(what, channel, error)
        return Handled(FAILED, sentence=self.sentences.unavailable)


def _log(what: str, channel: str, error: Exception) -> None:
    """Name the failure without its message: database errors carry the parameters, and those are what people wrote."""
    cause = getattr(error, "orig", None) or error.__cause__
    logger.error("%s (channel %s): %s%s", what, channel, type(error).__name__, f" from {type(cause).__name__}" if cause else "")
