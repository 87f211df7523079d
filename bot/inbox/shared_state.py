"""What all processes of a channel share for a while: an access token, a pause that the platform demands, a right that it refused,
a signature and the body that it came with."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.db import serialise
from bot.inbox.models import ChannelState

_table = ChannelState.__table__


def recall(session: Session | Connection, name: str, now: datetime) -> str | None:
    """The value under the name; None when there is none, or none that still holds."""
    found: str | None = session.execute(select(_table.c.value).where(_table.c.name == name, _table.c.until > now)).scalar_one_or_none()
    return found


def until(session: Session | Connection, name: str, now: datetime) -> datetime | None:
    """How long the value under the name still holds; None when there is none."""
    found: datetime | None = session.execute(select(_table.c.until).where(_table.c.name == name, _table.c.until > now)).scalar_one_or_none()
    return found


def remember(session: Session | Connection, name: str, value: str, till: datetime) -> None:
    """Keep the value under the name, in place of what was there."""
    serialise(session, "state " + name)
    session.execute(delete(_table).where(_table.c.name == name))
    session.execute(_table.insert(), {"name": name, "value": value, "until": till})


def dismiss(session: Session | Connection, name: str, value: str) -> None:
    """Forget the value under the name unless another process has replaced it."""
    session.execute(delete(_table).where(_table.c.name == name, _table.c.value == value))


def bind(connection: Connection, name: str, value: str, now: datetime, till: datetime) -> bool:
    """Whether the value is the one that the name was first seen with; what is older than its time is forgotten."""
    connection.execute(delete(_table).where(_table.c.name.startswith(name.partition(" ")[0] + " ", autoescape=True), _table.c.until < now))
    try:
        with connection.begin_nested():
            connection.execute(insert(_table), {"name": name, "value": value, "until": till})
    except IntegrityError:
        first: str | None = connection.execute(select(_table.c.value).where(_table.c.name == name)).scalar_one_or_none()
        return first == value
    return True
