"""Writing an inbound message down before anything is done with it, and how that ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.inbox.hold import holder
from bot.inbox.models import HELD, RECEIVED, Hold, Journal

_table = Journal.__table__
_INSERT = insert(_table)
_MARK = update(_table).where(_table.c.id == bindparam("journal_id")).values(state=bindparam("ended"))
_CLOSE = (
    update(_table)
    .where(
        _table.c.id == bindparam("journal_id"),
        _table.c.state == RECEIVED,
        ~exists().where(Hold.sender_id == bindparam("held_sender")),
    )
    .values(state=bindparam("ended"))
)
_BEFORE = (
    select(_table)
    .where(_table.c.sender_id == bindparam("of_sender"), _table.c.id < bindparam("before"))
    .order_by(_table.c.id.desc())
    .limit(1)
)
_MOST_BEHIND = 20
MOST_DELIVERIES = 1000  # counted no further
_STATE = select(_table.c.state).where(_table.c.id == bindparam("journal_id"))


@dataclass(frozen=True)
class Entry:
    """The journal row of a message: its id, its state, and whether it was there before (the platform sent it twice)."""

    id: int
    state: str
    duplicate: bool
    behind: tuple[Row, ...] = ()
    deliveries: int = 1
    """How often the platform has brought it, this time included."""


def write(
    session: Session | Connection,
    *,
    channel: str,
    sender_id: str,
    external_id: str | None,
    text: str,
    now: datetime,
    look_back: bool = False,
) -> Entry:
    """Claim the message (channel, external_id) and write it down, as held when a human holds the conversation.

    The claim is the unique key: of two deliveries at the same moment one inserts, the other finds the row. ``look_back``: also say what the
    same sender wrote just before and nobody has answered.
    """
    state = RECEIVED if holder(session, sender_id) is None else HELD
    row = {"sender_id": sender_id, "channel": channel, "external_id": external_id, "text": text, "received_at": now, "state": state}
    try:
        if external_id is None:
            number = _insert(session, row)
        else:
            with session.begin_nested():
                number = _insert(session, row)
        return Entry(number, state, duplicate=False, behind=tuple(_behind(session, sender_id, number)) if look_back else ())
    except IntegrityError:
        found = session.execute(
            select(Journal.id, Journal.state, Journal.deliveries).where(Journal.channel == channel, Journal.external_id == external_id)
        ).one()
        count = min(found.deliveries + 1, MOST_DELIVERIES)
        session.execute(update(_table).where(_table.c.id == found.id).values(deliveries=count))
        return Entry(found.id, found.state, duplicate=True, deliveries=count)


def _behind(session: Session | Connection, sender_id: str, journal_id: int) -> list[Row]:
    """The sender's unanswered messages just before this one, oldest first."""
    found: list[Row] = []
    while len(found) < _MOST_BEHIND:
        row = session.execute(_BEFORE, {"of_sender": sender_id, "before": journal_id}).first()
        if row is None or row.state != RECEIVED:
            break
        journal_id = row.id
        found.append(row)
    return found[::-1]


def close(session: Session | Connection, journal_id: int, sender_id: str, state: str) -> bool:
    """Set how the message ended. False, and nothing is changed, when it had ended before or a human holds the sender's conversation."""
    return bool(session.execute(_CLOSE, {"journal_id": journal_id, "held_sender": sender_id, "ended": state}).rowcount)


def state_of(session: Session | Connection, journal_id: int) -> str | None:
    """The state of a message; None when its row is gone."""
    state: str | None = session.execute(_STATE, {"journal_id": journal_id}).scalar_one_or_none()
    return state


def known(session: Session | Connection, channel: str, external_id: str) -> bool:
    """Whether the platform has brought this message before."""
    before = exists().where(_table.c.channel == channel, _table.c.external_id == external_id)
    return bool(session.execute(select(before)).scalar())


def reply_of(session: Session | Connection, journal_id: int) -> str | None:
    """What a response to the platform carried in answer to a message; None when none has carried anything."""
    reply: str | None = session.execute(select(_table.c.reply).where(_table.c.id == journal_id)).scalar_one_or_none()
    return reply


def try_again(session: Session | Connection, journal_id: int) -> int:
    """Count one more try of a message; how many there have been."""
    session.execute(update(_table).where(_table.c.id == journal_id).values(attempts=_table.c.attempts + 1))
    return int(session.execute(select(_table.c.attempts).where(_table.c.id == journal_id)).scalar_one())


def mark(session: Session | Connection, journal_id: int, state: str) -> None:
    """Set how the message ended: processed, failed or held."""
    session.execute(_MARK, {"journal_id": journal_id, "ended": state})


def leave_to_human(session: Session | Connection, sender_id: str) -> None:
    """What the sender wrote and nobody has answered is for the human who now holds the conversation: the bot never answers it."""
    session.execute(update(_table).where(_table.c.sender_id == sender_id, _table.c.state == RECEIVED).values(state=HELD))


def _insert(session: Session | Connection, row: dict[str, Any]) -> int:
    return int(session.execute(_INSERT, row).inserted_primary_key[0])
