"""Who may work at the console: adding people, their passwords, letting them in and locking them out."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import case, delete, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.db import Database, Moment, serialise
from bot.helpdesk.models import ROLES, UNIT, Staff, StaffSession
from bot.helpdesk.office import ALWAYS_THERE, OfficeHours
from bot.helpdesk.staff import strangers
from bot.helpdesk.staff.strangers import REST, TRIES
from bot.helpdesk.talks import handoff
from bot.helpdesk.words import word
from bot.hours import audit
from bot.hours.models import Person

LEAST_PASSWORD, LONGEST_PASSWORD = 10, 200
LONGEST_LOGIN, LONGEST_NAME = 40, 64

_hasher = PasswordHasher()
_at_work = BoundedSemaphore(2)  # each look at a password takes 64 MB for a twentieth of a second


class AccountError(Exception):
    """What was asked of an account cannot be done; the text is one Chinese sentence."""


@dataclass(frozen=True)
class Checked:
    """Whether somebody may come in. ``until`` is set while the account rests after wrong passwords."""

    staff_id: int | None
    reason: Literal["wrong", "resting", ""] = ""
    until: datetime | None = None


def add(
    database: Database,
    login: str,
    name: str,
    password: str,
    now: datetime,
    *,
    role: str,
    unit: str | None = None,
    number: int | None = None,
) -> Staff:
    """A new account; without ``number`` it gets the next free one. AccountError for what is wrong with it."""
    login, name = login.strip().lower(), name.strip()
    _check_names(login, name)
    check_password(password, login)
    if role not in ROLES:
        raise AccountError(word("accounts.bad_role", roles=" ".join(ROLES)))
    if (role == UNIT) != bool(unit):
        raise AccountError(word("accounts.unit_needed" if role == UNIT else "accounts.no_unit"))
    hashed = _hasher.hash(password)
    try:
        with database.write() as session:
            serialise(session, "staff")
            if unit and session.execute(select(Person.id).where(Person.unit == unit).limit(1)).first() is None:
                raise AccountError(word("accounts.unknown_unit", unit=unit))
            highest = session.execute(select(func.max(Staff.number))).scalar() or 0
            chosen = number if number is not None else highest + 1
            staff = Staff(login=login, name=name, number=chosen, role=role, unit=unit, password_hash=hashed, created_at=now)
            session.add(staff)
            session.flush()
            audit.note(session, now, "cli", "staff-add", detail=f"{login} {role} {chosen}")
    except IntegrityError:
        raise AccountError(word("accounts.taken", login=login, number=number or "")) from None
    return staff


def set_password(database: Database, login: str, password: str, now: datetime, actor: str = "cli") -> None:
    """Another password; every open session ends, and an account that rests may come in again. AccountError."""
    check_password(password, login)
    changed = {"password_hash": _hasher.hash(password), "failures": 0, "locked_until": None}
    _change(database, login, changed, now, "staff-password", actor)


def disable(database: Database, login: str, now: datetime, disabled: bool = True, office: OfficeHours = ALWAYS_THERE) -> None:
    """Take an account out of use at once, or back into it; whom it was talking with wait in the queue again. AccountError."""
    staff_id = _change(database, login, {"disabled_at": now if disabled else None}, now, "staff-disable" if disabled else "staff-enable")
    if disabled:
        handoff.let_go(database, staff_id, now, office)


def _change(database: Database, login: str, values: dict[str, Any], now: datetime, what: str, actor: str = "cli") -> int:
    name = login.strip().lower()
    with database.write() as session:
        staff_id = session.execute(select(Staff.id).where(Staff.login == name)).scalar_one_or_none()
        if staff_id is None:
            raise AccountError(word("accounts.unknown", login=login))
        session.execute(update(Staff).where(Staff.id == staff_id).values(**values).execution_options(synchronize_session=False))
        session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id).execution_options(synchronize_session=False))
        audit.note(session, now, actor, what, detail=name)
        return int(staff_id)


def everyone(database: Database) -> list[Staff]:
    """All accounts by number."""
    with database.read() as session:
        found = list(session.execute(select(Staff).order_by(Staff.number)).scalars())
        session.expunge_all()
        return found


def check(database: Database, login: str, password: str, now: datetime) -> Checked:
    """Whether this password opens this account. Unknown, disabled and wrong read the same and take the same time.

    Each try is counted before the password is looked at, in one step, so that tries at the same moment are not free.
    """
    name = login.strip().lower()[: LONGEST_LOGIN + 1]
    with database.write() as session:
        row = session.execute(select(Staff).where(Staff.login == name, Staff.disabled_at.is_(None))).scalars().first()
        resting = _count(session, row.id, now) if row is not None else strangers.count(name, now)
    if resting is not None:
        return Checked(None, "resting", resting)
    if not _fits(row.password_hash if row is not None else _nobody(), password) or row is None:
        return Checked(None, "wrong")
    hashed = _hasher.hash(password) if _hasher.check_needs_rehash(row.password_hash) else row.password_hash
    came_in = update(Staff).where(Staff.id == row.id, Staff.disabled_at.is_(None), Staff.password_hash == row.password_hash)
    with database.write() as session:
        values = {"failures": 0, "locked_until": None, "password_hash": hashed}
        went = session.execute(came_in.values(values).execution_options(synchronize_session=False)).rowcount
    return Checked(row.id) if went else Checked(None, "wrong")


def _count(session: Session, staff_id: int, now: datetime) -> datetime | None:
    """Count one try; None when it is allowed, else until when the account rests. The last one allowed is the one that begins the rest."""
    free = update(Staff).where(Staff.id == staff_id, or_(Staff.locked_until.is_(None), Staff.locked_until <= now))
    last = Staff.failures + 1 >= TRIES
    tried = {"failures": case((last, 0), else_=Staff.failures + 1), "locked_until": case((last, literal(now + REST, Moment())), else_=None)}
    if session.execute(free.values(tried).execution_options(synchronize_session=False)).rowcount:
        return None
    until: datetime | None = session.execute(select(Staff.locked_until).where(Staff.id == staff_id)).scalar_one()
    return until


def check_password(password: str, login: str) -> None:
    """AccountError for a password that is too short, too long or the login itself."""
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(word("accounts.password_length", least=LEAST_PASSWORD, most=LONGEST_PASSWORD))
    if login and login.strip().lower() in password.lower() and len(password) < len(login) + LEAST_PASSWORD:
        raise AccountError(word("accounts.password_is_login"))


def _check_names(login: str, name: str) -> None:
    if not login or len(login) > LONGEST_LOGIN or not all(mark.isascii() and (mark.isalnum() or mark in "._-") for mark in login):
        raise AccountError(word("accounts.bad_login", most=LONGEST_LOGIN))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise AccountError(word("accounts.bad_name", most=LONGEST_NAME))


def _fits(hashed: str, password: str) -> bool:
    try:
        with _at_work:
            return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    """What an unknown login's password is held against."""
    return _hasher.hash("nobody has this password")
