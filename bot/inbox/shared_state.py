"""What all processes of a channel share for a while: an access token, a pause that the platform demands, a right that it refused."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection
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
