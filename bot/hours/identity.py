"""Who a chat speaks for: bind codes, redeeming them, and the chats that are bound."""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from bot.db import Database, serialise
from bot.hours import audit, documents
from bot.hours.models import BindAttempt, BindCode, ChatIdentity, Person

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0 O 1 I, which look alike
LENGTH = 10
LIFE = timedelta(days=30)
WAIT = timedelta(minutes=15)
TRIES_PER_CHAT = 5  # wrong ones within WAIT, then none for WAIT
TRIES_PER_NAME = 10  # likewise
TRIES_OVER_ALL = 60  # within WAIT_ALL, then none for WAIT_ALL: a flood must not keep everybody out for long
WAIT_ALL = timedelta(minutes=1)
CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_person, _chat = Person.__table__.c, ChatIdentity.__table__.c
# Built once, and of columns: asked with every question that could be about one's own record.
_BOUND = (
    select(_person.id, _person.name, _person.unit, _person.id_number, _person.level, _person.sector, _chat.bound_at)
    .join_from(Person.__table__, ChatIdentity.__table__, _chat.person_id == _person.id)
    .where(_chat.sender_id == bindparam("chat"))
)
SEPARATORS = re.compile(r"[\s·•・․‧⋅∙･\u200b-\u200f\ufeff]+")


@dataclass(frozen=True)
class BoundPerson:
    """The person a chat is bound to; ``id_number`` is masked, ``level`` and ``sector`` are the file's words."""

    id: int
    name: str
    unit: str
    id_number: str
    level: str
    sector: str
    bound_at: datetime


@dataclass(frozen=True)
class BindResult:
    """``wrong`` covers unknown name, wrong, used, revoked and expired code alike; ``retry_at`` is set while further tries are refused."""

    ok: bool
    person: BoundPerson | None = None
    reason: Literal["wrong", "locked"] | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True)
class IssuedCode:
    """A new code with the unmasked identity number, for whoever hands it out."""

    id_number: str
    name: str
    code: str
    expires: datetime


def fold_name(name: str) -> str:
    """A name as it is compared: NFKC, without the dots of Tibetan and Mongolian names and without blanks, lower case."""
    return SEPARATORS.sub("", unicodedata.normalize("NFKC", name)).casefold()[:64]


def fold_code(text: str) -> str:
    """A code as it is compared: NFKC, upper case, without blanks and hyphens."""
    return re.sub(r"[\s\-\u2010-\u2015]+", "", unicodedata.normalize("NFKC", text)).upper()


def looks_like_code(text: str) -> bool:
    """Whether ``text`` has the form of a bind code."""
    return CODE.fullmatch(fold_code(text)) is not None


def code_hash(secret: bytes, code: str) -> str:
    """What is kept of a code."""
    return hmac.new(secret, b"bind-code:" + fold_code(code).encode(), hashlib.sha256).hexdigest()


def new_code() -> str:
    """A random code that holds at least one digit and one letter."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if not code.isdigit() and not code.isalpha():
            return code


def issue_codes(
    session: Session, secret: bytes, people: Iterable[Person], now: datetime, actor: str = "cli", action: str = "codes"
) -> list[IssuedCode]:
    """A fresh code for each of ``people``, valid for ``LIFE``; their unused ones are revoked. The audit trail names ``actor``."""
    chosen = list(people)
    ids = [person.id for person in chosen]
    for start in range(0, len(ids), 2000):
        unused = BindCode.person_id.in_(ids[start : start + 2000]), BindCode.used_at.is_(None), BindCode.revoked_at.is_(None)
        session.execute(update(BindCode).where(*unused).values(revoked_at=now).execution_options(synchronize_session=False))
    issued = [IssuedCode(person.id_number, person.name, new_code(), now + LIFE) for person in chosen]
    rows = [
        {"person_id": person.id, "code_hash": code_hash(secret, one.code), "issued_at": now, "expires_at": one.expires}
        for person, one in zip(chosen, issued, strict=True)
    ]
    if rows:
        session.execute(BindCode.__table__.insert(), rows)
    audit.note(session, now, actor, action, ids[0] if len(ids) == 1 else None, f"{len(ids)}")
    return issued


def bind(database: Database, secret: bytes, sender_id: str, name: str, code: str, now: datetime) -> BindResult:
    """Redeem ``code`` for the person called ``name`` and bind the chat to them, replacing an earlier binding. One write transaction."""
    key = fold_name(name)
    with database.write() as session:
        serialise(session, "bind")  # tries are counted and written without another try between
        until = _locked_until(session, sender_id, key, now)
        if until is not None:
            return BindResult(False, reason="locked", retry_at=until)
        digest = code_hash(secret, code)
        person_id = _redeem(session, digest, key, now) if key else None
        if person_id is None and key and _redeemed_here(session, digest, key, sender_id):
            return BindResult(True, bound_person(session, sender_id))
        if person_id is None:
            session.execute(delete(BindAttempt).where(BindAttempt.at < now - 4 * WAIT))
            session.add(BindAttempt(sender_id=sender_id, name_key=key, at=now))
            audit.note(session, now, sender_id, "bind-wrong")
            session.flush()
            return BindResult(False, reason="wrong", retry_at=_locked_until(session, sender_id, key, now))
        session.execute(delete(ChatIdentity).where(ChatIdentity.sender_id == sender_id))
        session.add(ChatIdentity(sender_id=sender_id, person_id=person_id, bound_at=now))
        audit.note(session, now, sender_id, "bind", person_id)
        session.flush()
        return BindResult(True, bound_person(session, sender_id))


def bound_person(session: Session, sender_id: str, said_at: datetime | None = None) -> BoundPerson | None:
    """The person this chat is bound to; None for what was said before it was, which may be somebody else's."""
    found = session.execute(_BOUND, {"chat": sender_id}).first()
    if found is None or (said_at is not None and found.bound_at > said_at):
        return None
    return BoundPerson(found.id, found.name, found.unit, documents.mask(found.id_number), found.level, found.sector, found.bound_at)


def unbind(session: Session, sender_id: str, now: datetime | None = None) -> bool:
    """Forget the chat's binding; False when it had none. The caller's write transaction commits it."""
    person = bound_person(session, sender_id)
    if person is None:
        return False
    session.execute(delete(ChatIdentity).where(ChatIdentity.sender_id == sender_id))
    audit.note(session, now or datetime.now(person.bound_at.tzinfo), sender_id, "unbind", person.id)
    return True


def _redeem(session: Session, digest: str, key: str, now: datetime) -> int | None:
    """Use the code up in one UPDATE, so that of two chats one wins; the id of its person, None when nothing fits."""
    fits = (
        BindCode.code_hash == digest,
        BindCode.person_id.in_(select(Person.id).where(Person.name_key == key)),
        BindCode.revoked_at.is_(None),
        BindCode.expires_at > now,
    )
    used = session.execute(
        update(BindCode).where(*fits, BindCode.used_at.is_(None)).values(used_at=now).execution_options(synchronize_session=False)
    )
    return session.execute(select(BindCode.person_id).where(*fits)).scalars().first() if used.rowcount == 1 else None


def _redeemed_here(session: Session, digest: str, key: str, sender_id: str) -> bool:
    """Whether this chat is bound by just this code: the same message once more, after an answer that got lost."""
    bound = (
        select(ChatIdentity.id)
        .join(BindCode, (BindCode.person_id == ChatIdentity.person_id) & (BindCode.used_at == ChatIdentity.bound_at))
        .join(Person, Person.id == ChatIdentity.person_id)
        .where(ChatIdentity.sender_id == sender_id, BindCode.code_hash == digest, Person.name_key == key)
    )
    return session.execute(bound).first() is not None


def _locked_until(session: Session, sender_id: str, key: str, now: datetime) -> datetime | None:
    """When the next try is allowed, None when it is now. With BOT_TODAY the clock jumps back at midnight: later tries do not count."""
    query = select(BindAttempt.at).where(BindAttempt.at > now - 2 * WAIT, BindAttempt.at <= now).order_by(BindAttempt.at.desc())
    limits = (
        (query.where(BindAttempt.sender_id == sender_id), TRIES_PER_CHAT, WAIT),
        (query.where(BindAttempt.name_key == key), TRIES_PER_NAME, WAIT),
        (query, TRIES_OVER_ALL, WAIT_ALL),
    )
    until = []
    for tries, most, wait in limits:
        last = session.execute(tries.limit(most)).scalars().all()
        if len(last) == most and last[0] - last[-1] < wait and now < last[0] + wait:
            until.append(last[0] + wait)
    return max(until, default=None)
