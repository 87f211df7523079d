"""How a message ends: answers, dialogue turns and the journal's state in one transaction, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from bot.inbox import journal, missed, outbox, turns
from bot.inbox.hold import alone_with
from bot.inbox.models import HELD, RECEIVED
from bot.inbox.question import Handled, Question
from bot.inbox.turns import StoredTurn


@dataclass(frozen=True)
class Answers:
    """What was made of a message. ``state`` is that of the answers, ``ended`` that of the message."""

    payloads: Sequence[Mapping[str, Any]]
    turns: Sequence[StoredTurn]
    state: str
    ended: str
    kind: str | None = None
    with_late: bool = False
    """Whether what lies undelivered for the person goes with them; to be marked as sent once the response can be given."""


def end(question: Question, answers: Answers, now: datetime, connection: Connection) -> Handled:
    """Write them down and end the message. A message that has ended before keeps its first answers, and those are returned.

    A human who took the conversation meanwhile silences an answer being made. TurnConflict when the dialogue has gone on without it.
    """
    journal_id: int | None = question.journal_id
    alone_with(connection, question.sender_id)  # a human takes the conversation before this, or after it
    if not journal.close(connection, question.journal_id, question.sender_id, answers.ended):
        found = journal.state_of(connection, question.journal_id)
        if found in (RECEIVED, HELD):
            journal.mark(connection, question.journal_id, HELD)
            return Handled(HELD)
        if found is not None:
            return Handled(found, outbox.of_journal(connection, question.journal_id), duplicate=True)
        journal_id = None  # the row went with everything else that this person had deleted
    for turn in answers.turns:
        turns.add(connection, turn)
    late = outbox.pending(connection, question.sender_id) if answers.with_late else []
    if journal_id is not None:
        missed.note(connection, question.sender_id, journal_id, answers.payloads, now)
    how: dict[str, Any] = {"kind": answers.kind, "journal_id": journal_id, "state": answers.state, "due_at": question.not_before}
    told = outbox.add(connection, question.sender_id, answers.payloads, now, **how)
    return Handled(answers.ended, late + told)
