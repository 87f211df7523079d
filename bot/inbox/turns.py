"""The dialogue's own record: one row a message, with the events it brought and the state it left behind.

The state beside each turn makes any window of turns complete: what happened before it is known without reading it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.inbox.models import DialogueTurn

NOTHING = "[]"
"""The events of a turn that interrupts the dialogue."""

_table = DialogueTurn.__table__
_INSERT = insert(_table)
_LAST = (
    select(_table.c.number, _table.c.events, _table.c.state)
    .where(_table.c.sender_id == bindparam("sender_id"))
    .order_by(_table.c.number.desc())
    .limit(bindparam("count"))
)


class TurnConflict(Exception):  # noqa: N818 (no mistake: somebody was faster)
    """Another process has stored this turn of the dialogue; the message has to be worked out again from there."""


@dataclass(frozen=True)
class StoredTurn:
    """One turn of a sender's dialogue. ``events`` is a JSON list, ``state`` a JSON object; what is in them is the dialogue engine's."""

    sender_id: str
    number: int
    at: datetime
    events: str
    state: str


_staged: ContextVar[list[StoredTurn] | None] = ContextVar("staged_turns", default=None)


@contextmanager
def staging() -> Iterator[list[StoredTurn]]:
    """Within, turns that are to be stored are gathered in the list, so that they can be written together with the answer they made."""
    turns: list[StoredTurn] = []
    token = _staged.set(turns)
    try:
        yield turns
    finally:
        _staged.reset(token)


def stage(turn: StoredTurn) -> bool:
    """Hand the turn to whoever gathers turns here; False when nobody does, and it has to be written now."""
    turns = _staged.get()
    if turns is None:
        return False
    turns.append(turn)
    return True


def last(session: Session | Connection, sender_id: str, count: int) -> list[StoredTurn]:
    """The last turns of the dialogue, oldest first, without their time."""
    rows = session.execute(_LAST, {"sender_id": sender_id, "count": count}).all()
    return [StoredTurn(sender_id, number, datetime.min, events, state) for number, events, state in reversed(rows)]


def add(session: Session | Connection, turn: StoredTurn) -> None:
    """Store the turn. TurnConflict when the dialogue has one of this number."""
    row = {"sender_id": turn.sender_id, "number": turn.number, "at": turn.at, "events": turn.events, "state": turn.state}
    try:
        session.execute(_INSERT, row)
    except IntegrityError:
        raise TurnConflict(f"turn {turn.number}") from None


def interrupt(session: Session | Connection, sender_id: str, now: datetime) -> None:
    """Note that somebody else has spoken in between: what the dialogue had asked or offered before is void.

    That is a turn without events, beside it the state that stood there: the dialogue engine knows what of it remains.
    """
    for turn in last(session, sender_id, 1):
        if turn.events != NOTHING:
            add(session, StoredTurn(sender_id, turn.number + 1, now, NOTHING, turn.state))


def every(session: Session | Connection, sender_id: str) -> Iterator[StoredTurn]:
    """All turns of the dialogue, oldest first: for a transcript."""
    for row in session.execute(select(_table).where(_table.c.sender_id == sender_id).order_by(_table.c.number)):
        yield StoredTurn(row.sender_id, row.number, row.at, row.events, row.state)


def forget(session: Session | Connection, sender_id: str) -> int:
    """Delete the dialogue of a sender; the number of turns."""
    return int(session.execute(delete(_table).where(_table.c.sender_id == sender_id)).rowcount)
