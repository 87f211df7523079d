"""What may be used once: a signature that covers no body is bound to the first body that came with it."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.inbox.models import ChannelState

_table = ChannelState.__table__


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
