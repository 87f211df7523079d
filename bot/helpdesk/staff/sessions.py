"""Logins of the console: a random token in the browser, its digest in the database, so that each can be ended at once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from bot.db import Database
from bot.helpdesk.actors import actor_of
from bot.helpdesk.models import UNIT, Staff, StaffSession

LIFE = timedelta(hours=12)
IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly we know when somebody was last here: less writing."""

_session, _staff = StaffSession.__table__.c, Staff.__table__.c
_FIND = (
    select(_session.csrf, _session.seen_at, _staff.id, _staff.login, _staff.name, _staff.number, _staff.role, _staff.unit)
    .join_from(StaffSession.__table__, Staff.__table__, _session.staff_id == _staff.id)
    .where(_staff.disabled_at.is_(None))
)


@dataclass(frozen=True)
class Member:
    """Somebody signed in. ``csrf`` must come back with every change; ``unit`` is set for those who see one unit alone."""

    id: int
    login: str
    name: str
    number: int
    role: str
    unit: str | None
    csrf: str

    @property
    def actor(self) -> str:
        """How the audit trail calls them."""
        return actor_of(self.number)

    @property
    def sees_all(self) -> bool:
        """Whether people of every unit may be seen."""
        return self.role != UNIT


def begin(database: Database, staff_id: int, now: datetime, instead_of: str | None = None) -> str:
    """A new session's token; the one that the browser came with ends, and so do those that are over."""
    token = secrets.token_urlsafe(32)
    with database.begin() as connection:
        connection.execute(delete(StaffSession.__table__).where(_session.expires_at < now))
        if instead_of:
            connection.execute(delete(StaffSession.__table__).where(_session.token_hash == _digest(instead_of)))
        row = {"token_hash": _digest(token), "staff_id": staff_id, "csrf": secrets.token_urlsafe(32)}
        connection.execute(StaffSession.__table__.insert(), {**row, "created_at": now, "seen_at": now, "expires_at": now + LIFE})
    return token


def find(database: Database, token: str, now: datetime, touch: bool = True) -> Member | None:
    """Who has this session; None when it is none, over, idle for too long, or the account is disabled.

    ``touch`` False: a page that looks by itself, which is not somebody at work.
    """
    digest = _digest(token)
    with database.look() as connection:
        row = connection.execute(
            _FIND.where(_session.token_hash == digest, _session.expires_at > now, _session.seen_at > now - IDLE)
        ).first()
    if row is None:
        return None
    if touch and now - row.seen_at > SEEN_EVERY:
        with database.begin() as connection:
            connection.execute(update(StaffSession.__table__).where(_session.token_hash == digest).values(seen_at=now))
    return Member(row.id, row.login, row.name, row.number, row.role, row.unit, row.csrf)


def end(database: Database, token: str) -> None:
    """End the session."""
    with database.begin() as connection:
        connection.execute(delete(StaffSession.__table__).where(_session.token_hash == _digest(token)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
