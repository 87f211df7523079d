"""What was not answered well, kept with its sentence to learn from: what nobody understood, 都不是, 没用, and callers' questions.

An answer says so itself: ``missed`` in its metadata names the reason. Of a call, staff or the reading of the question say so.
Where ``chosen`` stands there, the message was a choice out of an offer (1, 第二个): the sentence is then the one before it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.inbox.models import Journal, Missed, Outbox
from bot.inbox.text import MAX_TEXT

NOT_UNDERSTOOD, OUT_OF_SCOPE = "not_understood", "out_of_scope"
NONE_OF_THESE, USELESS = "none_of_these", "useless"
CALL = "call"
REASONS = (NOT_UNDERSTOOD, OUT_OF_SCOPE, NONE_OF_THESE, USELESS, CALL)
ANSWER_REASONS = (NOT_UNDERSTOOD, OUT_OF_SCOPE, NONE_OF_THESE, USELESS)
"""What an answer may say of itself."""
OF_BEFORE = (NONE_OF_THESE, USELESS)
"""Reasons that speak of the question before: 都不是 and 没用 are no sentence to learn from."""

_table, _journal = Missed.__table__, Journal.__table__
_INSERT = insert(_table)
_TEXTS = (
    select(_journal.c.text)
    .where(_journal.c.sender_id == bindparam("of_sender"), _journal.c.id <= bindparam("up_to"))
    .order_by(_journal.c.id.desc())
    .limit(2)
)
_TOLD = select(Outbox.sender_id, Outbox.journal_id, Outbox.payload).where(Outbox.id == bindparam("outbox_id"))


@dataclass(frozen=True)
class MissedSentence:
    """A sentence, normalised and masked as in the journal, its first MAX_TEXT characters; ``reason`` is one of ``REASONS``."""

    sender_id: str
    text: str
    reason: str
    at: datetime


def note(connection: Session | Connection, sender_id: str, journal_id: int, payloads: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Keep the sentence whose answers admit that they are none. The caller commits."""
    for reason in dict.fromkeys(filter(None, map(_reason, payloads))):
        said = list(connection.execute(_TEXTS, {"of_sender": sender_id, "up_to": journal_id}).scalars())
        at = 1 if reason in OF_BEFORE else 0
        if len(said) > at:
            connection.execute(_INSERT, {"sender_id": sender_id, "text": said[at][:MAX_TEXT], "reason": reason, "at": now})


def voted_useless(session: Session, outbox_id: int, sender_id: str, now: datetime) -> None:
    """Keep the sentence whose answer was voted useless, if it is still known. The caller commits."""
    text = sentence_behind(session, outbox_id)
    if text is not None:
        session.execute(_INSERT, {"sender_id": sender_id, "text": text[:MAX_TEXT], "reason": USELESS, "at": now})


def sentence_behind(session: Session, outbox_id: int) -> str | None:
    """The sentence that an answer was given to, of a choice the one that led to the offer; None when it is no longer known."""
    told = session.execute(_TOLD, {"outbox_id": outbox_id}).one_or_none()
    if told is None or told.journal_id is None:
        return None
    said = list(session.execute(_TEXTS, {"of_sender": told.sender_id, "up_to": told.journal_id}).scalars())
    at = 1 if (told.payload.get("metadata") or {}).get("chosen") else 0
    return said[at] if len(said) > at else None


def asked_on_telephone(session: Session, call_id: int, text: str, now: datetime) -> None:
    """Keep a caller's question (masked) that had no good answer, under the sender ``call:<id>``. The caller commits."""
    session.execute(_INSERT, {"sender_id": f"{CALL}:{call_id}", "text": text, "reason": CALL, "at": now})


def since(connection: Session | Connection, moment: datetime, limit: int) -> list[MissedSentence]:
    """What was missed since then, oldest first, at most ``limit`` of the newest."""
    rows = connection.execute(select(_table).where(_table.c.at >= moment).order_by(_table.c.id.desc()).limit(limit)).all()
    return [MissedSentence(row.sender_id, row.text, row.reason, row.at) for row in reversed(rows)]


def _reason(payload: Mapping[str, Any]) -> str | None:
    metadata = payload.get("metadata")
    reason = metadata.get("missed") if isinstance(metadata, Mapping) else None
    return reason if reason in ANSWER_REASONS else None
