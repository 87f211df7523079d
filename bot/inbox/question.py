"""What intake, channels and the dialogue engine hand to each other about one message."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.inbox.journal import Entry
from bot.inbox.outbox import Outgoing
from bot.inbox.turns import StoredTurn


class NotNow(Exception):  # noqa: N818 (nothing is wrong with the message)
    """The message cannot be answered at this moment, but may be tried again: nothing of the attempt remains."""


@dataclass(frozen=True)
class Sentences:
    """What the intake itself says, ready to send."""

    blank: str
    too_long: str
    unavailable: str  # the message is lost to the bot: ask again, or telephone
    delayed: str  # the message is written down and will be answered
    send_again: str  # it was to be answered later, and that is no longer possible
    switched_off: str  # nothing is answered in this channel for now: telephone
    cut: str  # stands in the journal behind a text of which the end could not be kept


@dataclass(frozen=True)
class Question:
    """What Rasa is asked: the safe text, who asks (channel in front), and the journal row for anything that must happen once."""

    text: str
    sender_id: str
    channel: str
    journal_id: int
    metadata: Mapping[str, Any]
    not_before: datetime | None = None
    """When its answers may be pushed; until then a response is to carry them."""


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


Finish = Callable[[Sequence[Mapping[str, Any]], Sequence[StoredTurn]], Awaitable[Handled]]
"""Writes answers, dialogue turns and the message's end down in one transaction: to be called while the conversation is still locked."""

Ask = Callable[[Question, Finish], Awaitable[Handled]]
"""A channel's way to Rasa: has the answers made, in order, and finished. Raises NotNow, DatabaseFault or TurnConflict when the
message may be tried again, anything else when it may not."""


@dataclass(frozen=True)
class Way:
    """How a channel wants one message dealt with (``Intake.receive``)."""

    ask: Ask
    own: Ask | None
    """Answers this message in place of ``ask``, which goes on answering what the same person said before."""
    state: str
    """State of its answers: sent where the response carries them, else pending."""
    noted: Callable[[Entry], None]
