"""What an admin has switched off: a channel, one question's answer, all personal figures. A row of the table is one thing that is off.

Whoever answers reads the table: the action server and the console with each answer, every intake through `bot.inbox.guard`. A table that
cannot be read is a failing database like any other: nothing is answered as though everything were on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.inbox.models import Switch

CHANNEL, QUESTION, PERSONAL = "channel", "question", "personal"
SCOPES = (CHANNEL, QUESTION, PERSONAL)
EVERYTHING = "*"
"""The name under which all personal figures are switched."""
CHANNELS = ("web", "wx", "tg", "tgg", "rest")

Off = frozenset[tuple[str, str]]
"""What is off, as pairs of scope and name."""

_table = Switch.__table__
_ALL = select(_table.c.scope, _table.c.name)
_WIDER: Mapping[str, tuple[str, ...]] = {"tgg": ("tgg", "tg")}  # to whoever throws it the switch of Telegram is one, groups included


@dataclass(frozen=True)
class Standing:
    """One thing that is off: since when, through whom and why."""

    scope: str
    name: str
    reason: str
    by: str
    since: datetime


def off(session: Session, scope: str, name: str, reason: str, by: str, now: datetime) -> bool:
    """Switch off; False when it is off already, and the standing reason stays. ValueError for an unknown scope or no reason. No commit."""
    if scope not in SCOPES or not reason.strip():
        raise ValueError(scope)
    row = {"scope": scope, "name": name, "reason": reason.strip(), "by": by, "since": now}
    try:
        with session.begin_nested():
            session.execute(insert(_table).values(**row))
    except IntegrityError:
        return False
    return True


def on(session: Session, scope: str, name: str) -> bool:
    """Switch on again; False when it was on. The caller commits."""
    return bool(session.execute(delete(_table).where(_table.c.scope == scope, _table.c.name == name)).rowcount)


def standing(session: Session | Connection) -> list[Standing]:
    """Everything that is off, what has been off for longest first."""
    rows = session.execute(select(_table).order_by(_table.c.since, _table.c.scope, _table.c.name))
    return [Standing(row.scope, row.name, row.reason, row.by, row.since) for row in rows]


def everything_off(connection: Session | Connection) -> Off:
    """All pairs that are off."""
    return frozenset((row.scope, row.name) for row in connection.execute(_ALL))


def questions(switched: Off) -> frozenset[str]:
    """The keys of the questions among them."""
    return frozenset(name for scope, name in switched if scope == QUESTION)


def personal(switched: Off) -> bool:
    """Whether all personal figures are among them."""
    return (PERSONAL, EVERYTHING) in switched


def channel(switched: Off, name: str) -> bool:
    """Whether the channel is among them, by itself or with what it belongs to."""
    return any((CHANNEL, wider) in switched for wider in _WIDER.get(name, (name,)))
