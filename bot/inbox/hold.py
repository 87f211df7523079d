"""Held by a human: a row of ours that is asked before Rasa, since Rasa forgets its own pause."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.db import serialise
from bot.inbox.models import Hold

_table = Hold.__table__
# Asked twice for every message: built once, and of the table rather than the class, which costs a third of the time.
_HOLDER = select(_table.c.by).where(_table.c.sender_id == bindparam("sender_id"))


def holder(session: Session | Connection, sender_id: str) -> str | None:
    """Who holds the conversation, or None."""
    by: str | None = session.execute(_HOLDER, {"sender_id": sender_id}).scalar_one_or_none()
    return by


def hold(session: Session, sender_id: str, by: str, now: datetime) -> bool:
    """Let ``by`` hold the conversation; False when somebody else holds it already. One of two at once fails at the primary key."""
    standing = holder(session, sender_id)
    if standing is not None:
        return standing == by
    session.add(Hold(sender_id=sender_id, by=by, since=now))
    session.flush()
    return True


def alone_with(session: Session | Connection, sender_id: str) -> None:
    """Until the transaction ends nobody else takes this conversation, gives it back, or writes down what the bot answers.

    To be called before the transaction locks anything else of the sender's.
    """
    serialise(session, "hold " + sender_id)


def move(session: Session, sender_id: str, by: str) -> None:
    """Let somebody else hold a conversation that is held."""
    session.execute(update(Hold).where(Hold.sender_id == sender_id).values(by=by))


def release(session: Session, sender_id: str) -> bool:
    """Give the conversation back to the bot; False when nobody held it."""
    return bool(session.execute(delete(Hold).where(Hold.sender_id == sender_id)).rowcount)
